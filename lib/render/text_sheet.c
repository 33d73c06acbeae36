/* text_sheet.c - figures in rows and columns. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/recommend.h"

enum { INDENT = 2, GAP = 2 }; /* the table's own */

int sheet_make(struct sheet *s, size_t nrows, size_t ncolumns)
{
	*s = (struct sheet){
		.corner = "",
		.nrows = nrows,
		.ncolumns = ncolumns,
		.labels = calloc(nrows + 1, sizeof *s->labels),
		.heads = calloc(ncolumns + 1, sizeof *s->heads),
		.cells = calloc(nrows * ncolumns + 1, sizeof *s->cells),
	};
	return s->labels && s->heads && s->cells ? 0 : -ENOMEM;
}

int sheet_add_note(struct sheet *s, struct sheet_note *note, const char *label)
{
	snprintf(note->label, sizeof note->label, "%s", label);
	note->texts = calloc(s->ncolumns + 1, sizeof *note->texts);
	return note->texts ? 0 : -ENOMEM;
}

void sheet_release(struct sheet *s)
{
	free(s->labels);
	free(s->heads);
	free(s->cells);
	free(s->above.texts);
	free(s->below[0].texts);
	free(s->below[1].texts);
}

/* The best and the worst figure of a column; false unless they are so far apart that it matters. */
static bool column_ends(const struct sheet *s, size_t column, const struct record **best,
			const struct record **worst)
{
	*best = *worst = NULL;
	for (size_t i = 0; i < s->nrows; i++) {
		const struct record *r = s->cells[i * s->ncolumns + column];
		double sign;

		if (!r || r->status != STATUS_OK || !record_has_figure(r))
			continue;
		sign = r->better == BETTER_HIGHER ? 1 : -1;
		if (!*best || sign * r->median > sign * (*best)->median)
			*best = r;
		if (!*worst || sign * r->median < sign * (*worst)->median)
			*worst = r;
	}
	if (!*best)
		return false;
	return fmax((*best)->median, (*worst)->median) >
	       RECOMMEND_BAR * fmin((*best)->median, (*worst)->median);
}

static bool is_undersized(const struct record *r)
{
	return record_has(r, "undersized") && r->undersized;
}

bool sheet_style(const struct sheet *s, struct sheet_style *style)
{
	double most = -INFINITY, least = INFINITY;
	const char *unit = "";

	*style = (struct sheet_style){ .decimals = 0 };
	for (size_t i = 0; i < s->nrows * s->ncolumns; i++) {
		const struct record *r = s->cells[i];

		if (!r || !record_has_figure(r))
			continue;
		unit = r->unit;
		most = fmax(most, r->median);
		least = fmin(least, r->median);
		style->undersized = style->undersized || is_undersized(r);
	}
	style->unit = text_unit_for(unit, least);
	style->decimals = text_decimals(most / style->unit.factor);
	return isfinite(most);
}

/* A figure and its signs, or the word for what became of the cell. Returns the sign that says
 * how good it is. */
static char cell_text(const struct sheet *s, size_t row, size_t column,
		      const struct sheet_style *style, char buf[SHEET_TEXT])
{
	const struct record *r = s->cells[row * s->ncolumns + column], *best, *worst;
	char sign = ' ';

	if (!r || !record_has_figure(r)) {
		snprintf(buf, SHEET_TEXT, "%s ", r ? text_status_word(r->status) : "");
		return ' ';
	}
	if (r->status == STATUS_UNSTABLE)
		sign = '?';
	else if (s->ends && column_ends(s, column, &best, &worst) && (r == best || r == worst))
		sign = r == best ? '+' : '-';
	snprintf(buf, SHEET_TEXT, "%.*f%s%c", style->decimals, r->median / style->unit.factor,
		 !style->undersized ? ""
		 : is_undersized(r) ? "u"
				    : " ",
		 sign);
	return sign;
}

static int put_cell(struct text *t, struct table *table, const struct sheet *s, size_t row,
		    size_t column, const struct sheet_style *style)
{
	char text[SHEET_TEXT], sign = cell_text(s, row, column, style, text);
	bool end = sign == '+' || sign == '-';
	int rc = table_cell(table, "%s", text);

	t->marked_best = t->marked_best || end;
	t->marked_unstable = t->marked_unstable || sign == '?';
	t->marked_undersized = t->marked_undersized || style->undersized;
	if (t->o->colour && end)
		table_paint(table, sign == '+' ? "32" : "33");
	return rc;
}

static int put_note(struct table *table, const struct sheet_note *n, size_t first, size_t last)
{
	int rc = n->texts ? table_cell(table, "%s", n->label) : 0;

	for (size_t c = first; n->texts && rc == 0 && c < last; c++)
		rc = table_cell(table, "%s", n->texts[c]);
	return rc;
}

/* Columns first to last-1 as a table of its own. */
static int print_block(struct text *t, const struct sheet *s, size_t first, size_t last,
		       const struct sheet_style *style)
{
	struct table *table = table_new();
	int rc = table ? table_column(table, s->corner, 'l') : -ENOMEM;

	for (size_t c = first; rc == 0 && c < last; c++)
		rc = table_column(table, s->heads[c], 'r');
	if (rc == 0)
		rc = put_note(table, &s->above, first, last);
	for (size_t i = 0; rc == 0 && i < s->nrows; i++) {
		rc = table_cell(table, "%s", s->labels[i]);
		for (size_t c = first; rc == 0 && c < last; c++)
			rc = put_cell(t, table, s, i, c, style);
	}
	for (size_t i = 0; rc == 0 && i < sizeof s->below / sizeof *s->below; i++)
		rc = put_note(table, &s->below[i], first, last);
	if (rc == 0)
		rc = table_print(table, t->out, t->width, INDENT);
	table_free(table);
	return rc;
}

static int longer(int n, const char *text)
{
	return (int)strlen(text) > n ? (int)strlen(text) : n;
}

/* How many columns stand side by side: as many as the widest cell and label leave room for, and
 * equally many in every block but the last. */
static size_t block_columns(const struct text *t, const struct sheet *s,
			    const struct sheet_style *style)
{
	const struct sheet_note *const notes[] = { &s->above, &s->below[0], &s->below[1] };
	int label = longer(0, s->corner), widest = 0, n;
	char text[SHEET_TEXT];

	for (size_t i = 0; i < s->nrows; i++) {
		label = longer(label, s->labels[i]);
		for (size_t c = 0; c < s->ncolumns; c++) {
			cell_text(s, i, c, style, text);
			widest = longer(widest, text);
		}
	}
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		label = notes[i]->texts ? longer(label, notes[i]->label) : label;
		for (size_t c = 0; notes[i]->texts && c < s->ncolumns; c++)
			widest = longer(widest, notes[i]->texts[c]);
	}
	for (size_t c = 0; c < s->ncolumns; c++)
		widest = longer(widest, s->heads[c]);
	n = (t->width - INDENT - label) / (widest + GAP);
	if (n < 1)
		return 1;
	/* 16 columns where 9 would fit are twice 8. */
	return (s->ncolumns + (s->ncolumns + (size_t)n - 1) / (size_t)n - 1) /
	       ((s->ncolumns + (size_t)n - 1) / (size_t)n);
}

int sheet_print(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	size_t step = block_columns(t, s, style);
	int rc = 0;

	for (size_t c = 0; rc == 0 && c < s->ncolumns; c += step) {
		size_t last = c + step < s->ncolumns ? c + step : s->ncolumns;

		if (c)
			fputc('\n', t->out);
		rc = print_block(t, s, c, last, style);
	}
	return rc;
}

void text_legend(struct text *t)
{
	if (t->marked_best || t->marked_unstable || t->marked_undersized)
		fputc('\n', t->out);
	if (t->marked_best)
		text_say(t, 2,
			 "+ best and - worst of a column; no sign where they differ by less than "
			 "%.0f %%",
			 (RECOMMEND_BAR - 1) * 100);
	if (t->marked_unstable)
		text_say(t, 2, "? unstable: something disturbed it, see below");
	if (t->marked_undersized)
		text_say(t, 2,
			 "u undersized: the working set is under four times the caches, so "
			 "caches are part of the figure");
}
