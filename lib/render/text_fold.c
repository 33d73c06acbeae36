/* text_fold.c - columns of a sheet that are alike share one. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/recommend.h"

/* "GPU 12": how long the word is, and the number; 0 where it is not of that form. */
static size_t word_of(const char *head, int *number)
{
	size_t n = strcspn(head, " ");
	char *end;

	if (!n || head[n] != ' ')
		return 0;
	*number = (int)strtol(head + n + 1, &end, 10);
	return end > head + n + 1 && !*end && *number >= 0 && *number < IDSET_MAX ? n : 0;
}

static bool close_to(double a, double b)
{
	return a > 0 && b > 0 && fmax(a, b) <= RECOMMEND_BAR * fmin(a, b);
}

static bool cells_alike(const struct record *a, const struct record *b)
{
	if (!a || !b)
		return !a && !b;
	if (a->status != b->status || record_has_figure(a) != record_has_figure(b))
		return false;
	return !record_has_figure(a) || (close_to(a->median, b->median) &&
					 (record_has(a, "undersized") && a->undersized) ==
						 (record_has(b, "undersized") && b->undersized));
}

static bool columns_alike(const struct sheet *s, size_t a, size_t b)
{
	for (size_t i = 0; i < s->nrows; i++)
		if (!cells_alike(s->cells[i * s->ncolumns + a], s->cells[i * s->ncolumns + b]))
			return false;
	return !s->above.texts || strcmp(s->above.texts[a], s->above.texts[b]) == 0;
}

/* Which columns of s the folded ones are: the first of those alike, and all of their numbers. */
struct fold {
	size_t *first, n;
	struct idset *numbers;
};

static int find_alike(const struct sheet *s, struct fold *f)
{
	f->first = calloc(s->ncolumns + 1, sizeof *f->first);
	f->numbers = calloc(s->ncolumns + 1, sizeof *f->numbers);
	if (!f->first || !f->numbers)
		return -ENOMEM;
	for (size_t c = 0; c < s->ncolumns; c++) {
		size_t at = 0, word;
		int number;

		word = word_of(s->heads[c], &number);
		if (!word || strncmp(s->heads[c], s->heads[0], word + 1) != 0)
			return 0;
		while (at < f->n && !columns_alike(s, f->first[at], c))
			at++;
		if (at == f->n)
			f->first[f->n++] = c;
		idset_add(&f->numbers[at], number);
	}
	return f->n < s->ncolumns;
}

static int fold_note(struct sheet *to, struct sheet_note *note, const struct sheet_note *from,
		     const struct fold *f)
{
	int rc = from->texts ? sheet_add_note(to, note, from->label) : 0;

	for (size_t c = 0; rc == 0 && from->texts && c < f->n; c++)
		memcpy(note->texts[c], from->texts[f->first[c]], SHEET_NOTE);
	return rc;
}

/* The word before the numbers, where it can stand in the corner instead; NULL: it cannot. */
static const char *corner_word(const struct sheet *s)
{
	static const char *const words[] = { "GPU", "node" };
	int number;
	size_t n = word_of(s->heads[0], &number);

	for (size_t i = 0; !s->corner[0] && i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == n && strncmp(s->heads[0], words[i], n) == 0)
			return words[i];
	return NULL;
}

static int fold_into(struct sheet *to, const struct sheet *s, const struct fold *f, bool narrow)
{
	const char *corner = narrow ? corner_word(s) : NULL;
	int rc = sheet_make(to, s->nrows, f->n), number;

	if (rc < 0)
		return rc;
	to->corner = corner ? corner : s->corner;
	to->ends = s->ends;
	memcpy(to->labels, s->labels, s->nrows * sizeof *s->labels);
	for (size_t c = 0; c < f->n; c++) {
		int word = corner ? 0 : (int)word_of(s->heads[0], &number) + 1;
		char list[SHEET_TEXT / 2];

		if (idset_format(&f->numbers[c], list, sizeof list) >= sizeof list)
			return 0; /* no room for so many */
		snprintf(to->heads[c], SHEET_TEXT, "%.*s%s%s", word, s->heads[0], list,
			 corner ? " " : ""); /* above the figure, not its sign */
		for (size_t i = 0; i < s->nrows; i++)
			to->cells[i * f->n + c] = s->cells[i * s->ncolumns + f->first[c]];
	}
	rc = fold_note(to, &to->above, &s->above, f);
	for (size_t i = 0; rc == 0 && i < sizeof s->below / sizeof *s->below; i++)
		rc = fold_note(to, &to->below[i], &s->below[i], f);
	return rc < 0 ? rc : 1;
}

int sheet_fold(const struct sheet *s, bool narrow, struct sheet *folded)
{
	struct fold f = { .n = 0 };
	int rc;

	*folded = (struct sheet){ .corner = "" };
	rc = find_alike(s, &f);
	if (rc > 0)
		rc = fold_into(folded, s, &f, narrow);
	free(f.first);
	free(f.numbers);
	return rc;
}
