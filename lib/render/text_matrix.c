/* text_matrix.c - node x GPU or node x node matrices. See text.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"

struct row {
	int mem_node, cpu_node;
};

/* The records of a matrix, and where each belongs. */
struct grid {
	struct row *rows; /* in order of node */
	size_t nrows;
	int *columns; /* in order */
	size_t ncolumns;
	struct sheet sheet;
};

bool matrix_takes(const struct matrix *m, const struct record *r)
{
	const struct record *l = m->like;

	if (m->columns_are_gpus)
		return text_same_kind(l, r) && (!m->machine || text_is_near(m->machine, r));
	/* Between nodes the arrays may be as large as each node allows. */
	return !record_has(r, "gpu") && record_has(r, "mem_node") && record_has(r, "cpu_node") &&
	       record_same_but(l, r,
			       record_fields("cpu_node", "mem_node", "bytes", "threads", NULL));
}

/* Of some sizes between nodes the largest is that of memory, of some numbers of threads the most
 * are the node. */
void matrix_keep(const struct record **cell, const struct record *r)
{
	if (!*cell || text_is_more(r, *cell) ||
	    (!text_is_more(*cell, r) && !record_has_figure(*cell)))
		*cell = r;
}

static struct row row_of(const struct matrix *m, const struct record *r)
{
	bool cpu = record_has(r, "cpu_node"), mem = record_has(r, "mem_node");

	/* Between nodes the CPU node is the column; a GPU's cell may lack one of the two. */
	return (struct row){ mem ? r->mem_node : r->cpu_node,
			     m->columns_are_gpus && cpu ? r->cpu_node : r->mem_node };
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
	sheet_release(&g->sheet);
}

static const struct record **grid_cell(const struct grid *g, const struct matrix *m,
				       const struct record *r)
{
	struct row row = row_of(m, r);
	int column = column_of(m, r);
	const struct row *at = bsearch(&row, g->rows, g->nrows, sizeof row, compare_rows);
	const int *in = bsearch(&column, g->columns, g->ncolumns, sizeof column, compare_ints);

	return &g->sheet.cells[(size_t)(at - g->rows) * g->ncolumns + (size_t)(in - g->columns)];
}

static void label(struct grid *g, const struct matrix *m)
{
	g->sheet.corner = m->columns_are_gpus ? "" : "memory of";
	g->sheet.ends = true;
	for (size_t i = 0; i < g->nrows; i++) {
		const struct row *row = &g->rows[i];

		if (row->cpu_node == row->mem_node)
			snprintf(g->sheet.labels[i], SHEET_TEXT, "node %d", row->mem_node);
		else
			snprintf(g->sheet.labels[i], SHEET_TEXT, "node %d, CPUs of %d",
				 row->mem_node, row->cpu_node);
	}
	for (size_t c = 0; c < g->ncolumns; c++)
		snprintf(g->sheet.heads[c], SHEET_TEXT, "%s %d",
			 m->columns_are_gpus ? "GPU" : "node", g->columns[c]);
}

static int grid_fill(struct grid *g, const struct result *res, const struct matrix *m)
{
	size_t n = 0;
	int rc;

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
	rc = sheet_make(&g->sheet, g->nrows, g->ncolumns);
	if (rc < 0)
		return rc;
	label(g, m);
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (matrix_takes(m, r))
			matrix_keep(grid_cell(g, m, r), r);
	}
	return 0;
}

static int put_declared(const struct text *t, struct grid *g)
{
	int rc = sheet_add_note(&g->sheet, &g->sheet.above, "declared");

	for (size_t c = 0; rc == 0 && c < g->ncolumns; c++) {
		const struct gpu *gpu = machine_gpu(&t->res->machine, g->columns[c]);
		struct known node =
			gpu ? gpu_declared_node(&t->res->machine, gpu) : UNKNOWN("no such GPU");

		if (node.is)
			snprintf(g->sheet.above.texts[c], SHEET_NOTE, "%lld ", node.value);
		else
			snprintf(g->sheet.above.texts[c], SHEET_NOTE, "none ");
	}
	return rc;
}

static void heading(struct text *t, const struct matrix *m, const char *unit)
{
	char what[160];

	record_what(m->like, what, sizeof what);
	if (m->columns_are_gpus)
		text_heading(t, "%s%s, %s", what,
			     m->machine ? "" : ", by node of the memory and of the threads", unit);
	else
		text_heading(t, "memory %s%s, %s; columns: the node whose CPUs work",
			     strcmp(m->like->unit, "B/s") == 0 ? "bandwidth, " : "", what, unit);
}

int matrix_print(struct text *t, const struct matrix *m)
{
	struct sheet_style style;
	struct grid g;
	int rc = grid_fill(&g, t->res, m);

	if (rc == 0 && sheet_style(&g.sheet, &style)) {
		if (m->declared)
			rc = put_declared(t, &g);
		if (rc == 0 && m->columns_are_gpus && m->machine)
			rc = link_notes(t, &g.sheet, m->like, g.columns);
		if (rc == 0) {
			heading(t, m, style.unit.name);
			rc = sheet_print(t, &g.sheet, &style);
		}
		if (rc == 0 && m->machine)
			link_sentence(t, m->like);
	}
	grid_release(&g);
	return rc;
}

int matrices_print(struct text *t, bool (*wanted)(const struct record *r))
{
	const struct record **likes;
	size_t n;
	int rc = text_kinds(t, wanted, &likes, &n);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct matrix m = { .like = likes[i],
				    .machine = &t->res->machine,
				    .columns_are_gpus = true,
				    .declared = i == 0 && t->res->machine.nnodes > 1 };

		if (likes[i]->bytes == text_usual_bytes(t->res, likes[i]))
			rc = matrix_print(t, &m);
	}
	free(likes);
	return rc;
}
