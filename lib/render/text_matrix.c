/* text_matrix.c - one node x GPU or node x node matrix. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/recommend.h"

enum { INDENT = 2, GAP = 2 }; /* the table's own */

struct row {
	int mem_node, cpu_node;
};

struct grid {
	struct row *rows; /* in order of node */
	size_t nrows;
	int *columns; /* in order */
	size_t ncolumns;
	const struct record **cells; /* nrows x ncolumns, NULL where nothing was tried */
};

static bool same_field(const struct record *a, const struct record *b, const char *field)
{
	return record_has(a, field) == record_has(b, field);
}

bool matrix_takes(const struct matrix *m, const struct record *r)
{
	const struct record *l = m->like;

	return record_has(r, "mem_node") && record_has(r, "gpu") == m->columns_are_gpus &&
	       (m->columns_are_gpus || record_has(r, "cpu_node")) &&
	       strcmp(r->test, l->test) == 0 && strcmp(r->metric, l->metric) == 0 &&
	       same_field(r, l, "direction") &&
	       (!record_has(l, "direction") || r->direction == l->direction) &&
	       same_field(r, l, "memory") && (!record_has(l, "memory") || r->memory == l->memory) &&
	       (!m->by_bytes || r->bytes == l->bytes);
}

/* The memory node itself where nothing says which CPUs drove it. */
static int cpu_node_of(const struct record *r)
{
	return record_has(r, "cpu_node") ? r->cpu_node : r->mem_node;
}

static struct row row_of(const struct matrix *m, const struct record *r)
{
	/* Between nodes the CPU node is the column. */
	return (struct row){ r->mem_node, m->columns_are_gpus ? cpu_node_of(r) : r->mem_node };
}

static int column_of(const struct matrix *m, const struct record *r)
{
	return m->columns_are_gpus ? r->gpu : r->cpu_node;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->mem_node != y->mem_node
		       ? (x->mem_node > y->mem_node) - (x->mem_node < y->mem_node)
		       : (x->cpu_node > y->cpu_node) - (x->cpu_node < y->cpu_node);
}

static int compare_ints(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorts n elements of `size` bytes and leaves one of each; returns how many. */
static size_t sort_unique(void *v, size_t n, size_t size,
			  int (*compare)(const void *, const void *))
{
	char *p = v;
	size_t kept = n ? 1 : 0;

	if (n)
		qsort(v, n, size, compare);
	for (size_t i = 1; i < n; i++)
		if (compare(p + i * size, p + (kept - 1) * size) != 0)
			memmove(p + kept++ * size, p + i * size, size);
	return kept;
}

static void grid_release(struct grid *g)
{
	free(g->rows);
	free(g->columns);
	free(g->cells);
}

static const struct record **grid_cell(const struct grid *g, const struct matrix *m,
				       const struct record *r)
{
	struct row row = row_of(m, r);
	int column = column_of(m, r);
	const struct row *at = bsearch(&row, g->rows, g->nrows, sizeof row, compare_rows);
	const int *in = bsearch(&column, g->columns, g->ncolumns, sizeof column, compare_ints);

	return &g->cells[(size_t)(at - g->rows) * g->ncolumns + (size_t)(in - g->columns)];
}

static int grid_fill(struct grid *g, const struct result *res, const struct matrix *m)
{
	size_t n = 0;

	*g = (struct grid){
		.rows = calloc(res->nrecords + 1, sizeof *g->rows),
		.columns = calloc(res->nrecords + 1, sizeof *g->columns),
	};
	if (!g->rows || !g->columns)
		return -ENOMEM;
	for (size_t i = 0; i < res->nrecords; i++) {
		if (!matrix_takes(m, &res->records[i]))
			continue;
		g->rows[n] = row_of(m, &res->records[i]);
		g->columns[n++] = column_of(m, &res->records[i]);
	}
	g->nrows = sort_unique(g->rows, n, sizeof *g->rows, compare_rows);
	g->ncolumns = sort_unique(g->columns, n, sizeof *g->columns, compare_ints);
	g->cells = calloc(g->nrows * g->ncolumns + 1, sizeof *g->cells);
	if (!g->cells)
		return -ENOMEM;
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (matrix_takes(m, r)) {
			const struct record **cell = grid_cell(g, m, r);

			if (!*cell || !record_has_figure(*cell))
				*cell = r;
		}
	}
	return 0;
}

/* The best and the worst figure of a column; false unless they are so far apart that it matters. */
static bool column_ends(const struct grid *g, size_t column, const struct record **best,
			const struct record **worst)
{
	*best = *worst = NULL;
	for (size_t i = 0; i < g->nrows; i++) {
		const struct record *r = g->cells[i * g->ncolumns + column];
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

/* How all figures of a matrix are written. */
struct style {
	struct text_unit unit;
	int decimals;
	bool undersized; /* at least one is: the others leave its column blank */
};

enum { CELL_TEXT = 40 };

static bool is_undersized(const struct record *r)
{
	return record_has(r, "undersized") && r->undersized;
}

/* A figure and its signs, or the word for what became of the cell. Returns the sign that says
 * how good it is. */
static char cell_text(const struct grid *g, size_t row, size_t column, const struct style *style,
		      char buf[CELL_TEXT])
{
	const struct record *r = g->cells[row * g->ncolumns + column], *best, *worst;
	char sign = ' ';

	if (!r || !record_has_figure(r)) {
		snprintf(buf, CELL_TEXT, "%s ", r ? text_status_word(r->status) : "");
		return ' ';
	}
	if (r->status == STATUS_UNSTABLE)
		sign = '?';
	else if (column_ends(g, column, &best, &worst) && (r == best || r == worst))
		sign = r == best ? '+' : '-';
	snprintf(buf, CELL_TEXT, "%.*f%s%c", style->decimals, r->median / style->unit.factor,
		 is_undersized(r)    ? "u"
		 : style->undersized ? " "
				     : "",
		 sign);
	return sign;
}

static int put_cell(struct text *t, struct table *table, const struct grid *g, size_t row,
		    size_t column, const struct style *style)
{
	char text[CELL_TEXT], sign = cell_text(g, row, column, style, text);
	bool end = sign == '+' || sign == '-';
	int rc = table_cell(table, "%s", text);

	t->marked_best = t->marked_best || end;
	t->marked_unstable = t->marked_unstable || sign == '?';
	t->marked_undersized = t->marked_undersized || style->undersized;
	if (t->o->colour && end)
		table_paint(table, sign == '+' ? "32" : "33");
	return rc;
}

static int put_declared(struct text *t, struct table *table, const struct grid *g, size_t first,
			size_t last)
{
	int rc = table_cell(table, "declared");

	for (size_t c = first; rc == 0 && c < last; c++) {
		const struct gpu *gpu = machine_gpu(&t->res->machine, g->columns[c]);
		struct known node =
			gpu ? gpu_declared_node(&t->res->machine, gpu) : UNKNOWN("no such GPU");

		rc = node.is ? table_cell(table, "%lld ", node.value) : table_cell(table, "none ");
	}
	return rc;
}

static int row_label(const struct row *row, char *buf, size_t size)
{
	return row->cpu_node == row->mem_node
		       ? snprintf(buf, size, "node %d", row->mem_node)
		       : snprintf(buf, size, "node %d, CPUs of %d", row->mem_node, row->cpu_node);
}

static int column_head(const struct matrix *m, int id, char *buf, size_t size)
{
	return snprintf(buf, size, "%s %d", m->columns_are_gpus ? "GPU" : "node", id);
}

/* Columns first to last-1 as a table of its own. */
static int print_block(struct text *t, const struct matrix *m, const struct grid *g, size_t first,
		       size_t last, const struct style *style)
{
	struct table *table = table_new();
	int rc = table ? table_column(table, m->columns_are_gpus ? "" : "memory of", 'l') : -ENOMEM;
	char text[CELL_TEXT];

	for (size_t c = first; rc == 0 && c < last; c++) {
		column_head(m, g->columns[c], text, sizeof text);
		rc = table_column(table, text, 'r');
	}
	if (rc == 0 && m->declared)
		rc = put_declared(t, table, g, first, last);
	for (size_t i = 0; rc == 0 && i < g->nrows; i++) {
		row_label(&g->rows[i], text, sizeof text);
		rc = table_cell(table, "%s", text);
		for (size_t c = first; rc == 0 && c < last; c++)
			rc = put_cell(t, table, g, i, c, style);
	}
	if (rc == 0)
		rc = table_print(table, t->out, t->width, INDENT);
	table_free(table);
	return rc;
}

/* How many columns stand side by side: as many as the widest cell and label leave room for, and
 * equally many in every block but the last. */
static size_t block_columns(const struct text *t, const struct matrix *m, const struct grid *g,
			    const struct style *style)
{
	int label = (int)strlen("memory of"), widest = 0, n;
	char text[CELL_TEXT];

	for (size_t i = 0; i < g->nrows; i++) {
		n = row_label(&g->rows[i], text, sizeof text);
		label = n > label ? n : label;
		for (size_t c = 0; c < g->ncolumns; c++) {
			cell_text(g, i, c, style, text);
			n = (int)strlen(text);
			widest = n > widest ? n : widest;
		}
	}
	for (size_t c = 0; c < g->ncolumns; c++) {
		n = column_head(m, g->columns[c], text, sizeof text);
		widest = n > widest ? n : widest;
	}
	n = (t->width - INDENT - label) / (widest + GAP);
	if (n < 1)
		return 1;
	/* 16 columns where 9 would fit are twice 8. */
	return (g->ncolumns + (g->ncolumns + (size_t)n - 1) / (size_t)n - 1) /
	       ((g->ncolumns + (size_t)n - 1) / (size_t)n);
}

static void heading(struct text *t, const struct matrix *m, const char *unit)
{
	char what[96];

	text_what(m->like, m->by_bytes, what, sizeof what);
	if (m->columns_are_gpus)
		text_heading(t, "%s, %s", what, unit);
	else
		text_heading(t, "memory %s%s, %s; columns: the node whose CPUs work",
			     strcmp(m->like->unit, "B/s") == 0 ? "bandwidth, " : "", what, unit);
}

/* False when no cell has a figure. */
static bool choose_style(const struct grid *g, const struct matrix *m, struct style *style)
{
	double most = -INFINITY, least = INFINITY;

	*style = (struct style){ .decimals = 0 };
	for (size_t i = 0; i < g->nrows * g->ncolumns; i++) {
		const struct record *r = g->cells[i];

		if (!r || !record_has_figure(r))
			continue;
		most = fmax(most, r->median);
		least = fmin(least, r->median);
		style->undersized = style->undersized || is_undersized(r);
	}
	style->unit = text_unit_for(m->like->unit, least);
	style->decimals = text_decimals(most / style->unit.factor);
	return isfinite(most);
}

int matrix_print(struct text *t, const struct matrix *m)
{
	struct style style;
	struct grid g;
	int rc = grid_fill(&g, t->res, m);

	if (rc == 0 && choose_style(&g, m, &style)) {
		size_t step = block_columns(t, m, &g, &style);

		heading(t, m, style.unit.name);
		for (size_t c = 0; rc == 0 && c < g.ncolumns; c += step) {
			size_t last = c + step < g.ncolumns ? c + step : g.ncolumns;

			if (c)
				fputc('\n', t->out);
			rc = print_block(t, m, &g, c, last, &style);
		}
	}
	grid_release(&g);
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
