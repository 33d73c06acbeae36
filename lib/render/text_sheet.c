/* text_sheet.c - figures in rows and columns. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/walk.h"
#include "result/recommend.h"

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

/* The best and the worst figure of a column; false unless they are so far apart that it matters,
 * for certain: by the rule of a recommendation (recommend.h). */
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
	return *best && *best != *worst && cells_compare(*best, *worst).matters == MATTERS_YES;
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

void sheet_cell(struct text *t, const struct sheet *s, size_t row, size_t column,
		const struct sheet_style *style, struct sheet_cell *cell)
{
	const struct record *r = s->cells[row * s->ncolumns + column], *best, *worst;

	*cell = (struct sheet_cell){ .sign = ' ', .has_figure = r && record_has_figure(r) };
	if (!cell->has_figure) {
		snprintf(cell->figure, sizeof cell->figure, "%s",
			 r ? text_status_word(r->status) : "");
		return;
	}
	cell->undersized = style->undersized && is_undersized(r);
	if (r->status == STATUS_UNSTABLE)
		cell->sign = '?';
	else if (s->ends && column_ends(s, column, &best, &worst) && (r == best || r == worst))
		cell->sign = r == best ? '+' : '-';
	snprintf(cell->figure, sizeof cell->figure, "%.*f", style->decimals,
		 r->median / style->unit.factor);
	t->marked_best = t->marked_best || cell->sign == '+' || cell->sign == '-';
	t->marked_unstable = t->marked_unstable || cell->sign == '?';
	t->marked_undersized = t->marked_undersized || style->undersized;
}

void text_legend(struct text *t)
{
	if (t->marked_best || t->marked_unstable || t->marked_undersized || t->marked_folded)
		text_gap(t);
	if (t->marked_best)
		text_say(t, 2,
			 "+ best and - worst of a column, where they differ by more than %.0f %% "
			 "for certain",
			 (RECOMMEND_BAR - 1) * 100);
	if (t->marked_folded)
		text_say(
			t, 2,
			"columns of several are of the first of them; the others differ from it by "
			"less than %.0f %% in every row",
			(RECOMMEND_BAR - 1) * 100);
	if (t->marked_unstable)
		text_say(t, 2, "? unstable: something disturbed it, see below");
	if (t->marked_undersized)
		text_say(t, 2,
			 "u undersized: the working set is under four times the caches, so "
			 "caches are part of the figure");
}
