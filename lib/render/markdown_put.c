/* markdown_put.c - see markdown.h. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "render/markdown.h"
#include "util/utf8.h"

enum { BLANKS_LEAST = 1, FENCE_LEAST = 3, COMMIT_LEAST = 7 };

struct word {
	const char *p;
	size_t n;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* ---- words that become something by themselves ---- */

static bool has_part(const struct word *w, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= w->n; i++)
		if (strncasecmp(w->p + i, part, n) == 0)
			return true;
	return false;
}

/* ":smile:", as in 0000:ab:00.0; of numbers alone ":100:" and ":1234:" are. */
static bool has_smiley(const struct word *w)
{
	for (size_t i = 0; i < w->n; i++) {
		bool lettered = false;
		size_t k = i + 1;

		if (w->p[i] != ':')
			continue;
		for (; k < w->n && (isalnum((unsigned char)w->p[k]) || strchr("_+-", w->p[k])); k++)
			lettered = lettered || !isdigit((unsigned char)w->p[k]);
		if (k < w->n && w->p[k] == ':' && k > i + 1 &&
		    (lettered || strncmp(w->p + i, ":100", 4) == 0 ||
		     strncmp(w->p + i, ":1234", 5) == 0))
			return true;
	}
	return false;
}

/* So many hexadecimal digits that they may name a commit; numbers are those of figures. */
static bool has_commit(const struct word *w)
{
	size_t digits = 0, letters = 0;

	for (size_t i = 0; i <= w->n; i++) {
		char c = i < w->n ? w->p[i] : ' ';

		if (isxdigit((unsigned char)c)) {
			digits += isdigit((unsigned char)c) != 0;
			letters += isdigit((unsigned char)c) == 0;
			continue;
		}
		if (digits + letters >= COMMIT_LEAST && letters)
			return true;
		digits = letters = 0;
	}
	return false;
}

static bool is_active(const struct word *w)
{
	static const char *const signs[] = { "@", "#", "$", "://", "www.", "gh-", "mailto:" };

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (has_part(w, signs[i]))
			return true;
	return has_smiley(w) || has_commit(w);
}

/* ---- letters ---- */

/* One letter, or what stands for it; returns how many bytes it took. */
static size_t put_letter(FILE *out, const char *p)
{
	uint32_t code;
	size_t n = utf8_character(p, &code);

	if (n == 0 || utf8_is_bad(code))
		fputs(UTF8_REPLACEMENT, out);
	else
		fwrite(p, 1, n, out);
	return n ? n : 1;
}

static size_t longest_run(const char *p, size_t n, char c)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < n; i++) {
		run = p[i] == c ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void put_times(FILE *out, char c, size_t n)
{
	while (n--)
		fputc(c, out);
}

static void put_span(FILE *out, const char *p, size_t n)
{
	size_t ticks = longest_run(p, n, '`') + 1;
	const char *pad = ticks > 1 ? " " : "";

	put_times(out, '`', ticks);
	fputs(pad, out);
	for (const char *end = p + n; p < end;)
		p += put_letter(out, p);
	fputs(pad, out);
	put_times(out, '`', ticks);
}

/* As code. A bar ends a table's cell even there: it stands between pieces of it. */
static void put_code(FILE *out, const struct word *w)
{
	for (size_t i = 0; i < w->n;) {
		size_t n = 0;

		while (i + n < w->n && w->p[i + n] != '|')
			n++;
		if (n)
			put_span(out, w->p + i, n);
		i += n;
		if (i < w->n) {
			fputs("\\|", out);
			i++;
		}
	}
}

/* Where it means something to Markdown: at place i of a word. */
static bool is_mark(const struct word *w, size_t i, bool begins)
{
	const char c = w->p[i];
	size_t digits = strspn(w->p, "0123456789");

	if (strchr("\\`*[]<&~|", c))
		return true;
	if (c == '_') /* within a word it is one of its letters */
		return i == 0 || i + 1 == w->n || !isalnum((unsigned char)w->p[i - 1]) ||
		       !isalnum((unsigned char)w->p[i + 1]);
	if (!begins)
		return false;
	return (i == 0 && strchr("-+=>", c)) ||
	       (i && i == digits && i + 1 == w->n && strchr(".)", c));
}

static void put_word(FILE *out, const struct word *w, bool begins)
{
	for (size_t i = 0; i < w->n;) {
		if (is_mark(w, i, begins))
			fputc('\\', out);
		i += put_letter(out, w->p + i);
	}
}

void markdown_put(FILE *out, const char *text)
{
	bool begins = true;

	for (;;) {
		struct word w;

		while (is_blank(*text))
			text++;
		if (!*text)
			return;
		w = (struct word){ .p = text };
		while (text[w.n] && !is_blank(text[w.n]))
			w.n++;
		if (!begins)
			put_times(out, ' ', BLANKS_LEAST);
		if (is_active(&w))
			put_code(out, &w);
		else
			put_word(out, &w, begins);
		begins = false;
		text += w.n;
	}
}

void markdown_put_code(FILE *out, const char *lines, int indent)
{
	size_t fence = longest_run(lines, strlen(lines), '`') + 1;
	bool begins = true;

	fence = fence < FENCE_LEAST ? FENCE_LEAST : fence;
	fprintf(out, "%*s", indent, "");
	put_times(out, '`', fence);
	fputs("sh\n", out);
	while (*lines) {
		if (begins)
			fprintf(out, "%*s", indent, "");
		begins = *lines == '\n';
		lines += put_letter(out, lines);
	}
	fprintf(out, "%*s", indent, "");
	put_times(out, '`', fence);
	fputc('\n', out);
}
