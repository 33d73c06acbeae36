/* text_cores.c - the time to pass a cache line from one core to another. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "render/table.h"
#include "render/text.h"
#include "result/core_pairs.h"
#include "result/statistics.h"

/* More cores than these are told of by what they have in common. */
enum { MATRIX_MOST = 16 };

static bool is_pair(const struct record *r)
{
	return record_has(r, "cpu_pair") && r->cpu_pair.n == 2 && !record_has(r, "gpu");
}

static int cpu_of(const struct record *r, int end)
{
	return (int)r->cpu_pair.v[end];
}

/* A core, and where it belongs: caches are told apart by their first CPU, -1: none is known. */
struct place {
	int node, cache, cpu;
};

static struct place place_of(const struct machine *m, int cpu)
{
	const struct node *n = machine_node_of_cpu(m, cpu);
	const struct cache *c = n ? machine_last_cache(n, cpu) : NULL;

	return (struct place){ n ? n->id : -1, c ? idset_next(&c->cpus, -1) : -1, cpu };
}

static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->node != y->node)
		return (x->node > y->node) - (x->node < y->node);
	if (x->cache != y->cache)
		return (x->cache > y->cache) - (x->cache < y->cache);
	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

/* All cores of the pairs, those that share something side by side. *places is the caller's. */
static int collect(const struct text *t, struct place **places, size_t *n)
{
	struct idset cpus = { 0 };

	for (size_t i = 0; i < t->res->nrecords; i++)
		for (int end = 0; end < 2 && is_pair(&t->res->records[i]); end++)
			idset_add(&cpus, cpu_of(&t->res->records[i], end));
	*n = 0;
	*places = calloc(idset_count(&cpus) + 1, sizeof **places);
	if (!*places)
		return -ENOMEM;
	for (int c = -1; (c = idset_next(&cpus, c)) >= 0;)
		(*places)[(*n)++] = place_of(&t->res->machine, c);
	qsort(*places, *n, sizeof **places, compare);
	return 0;
}

/* ---- a matrix ---- */

static size_t index_of(const struct place *places, size_t n, int cpu)
{
	size_t i = 0;

	while (i < n && places[i].cpu != cpu)
		i++;
	return i;
}

/* Above the columns their nodes, below them their last-level caches by letter: each where there are
 * several, and known. */
static int put_notes(struct sheet *s, const struct place *p, size_t n)
{
	size_t caches = 0;
	bool known = true;
	int rc = p[0].node != p[n - 1].node ? sheet_add_note(s, &s->above, "node") : 0;

	if (rc == 0)
		rc = sheet_add_note(s, &s->below[0], "cache");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		caches += i == 0 || p[i].cache != p[i - 1].cache;
		known = known && p[i].cache >= 0;
		if (s->above.texts)
			snprintf(s->above.texts[i], SHEET_NOTE, "%d ", p[i].node);
		snprintf(s->below[0].texts[i], SHEET_NOTE, "%c ", (char)('a' + (caches - 1) % 26));
	}
	if (!known || caches == 1) {
		free(s->below[0].texts);
		s->below[0].texts = NULL;
	}
	return rc;
}

static int print_matrix(struct text *t, const struct place *p, size_t n)
{
	struct sheet_style style;
	struct sheet s;
	int rc = sheet_make(&s, n, n);

	s.corner = "CPU";
	for (size_t i = 0; rc == 0 && i < n; i++) {
		snprintf(s.labels[i], SHEET_TEXT, "%d", p[i].cpu);
		snprintf(s.heads[i], SHEET_TEXT, "%d ", p[i].cpu);
	}
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];
		size_t a, b;

		if (!is_pair(r))
			continue;
		a = index_of(p, n, cpu_of(r, 0));
		b = index_of(p, n, cpu_of(r, 1));
		s.cells[a * n + b] = s.cells[b * n + a] = r;
	}
	if (rc == 0)
		rc = put_notes(&s, p, n);
	if (rc == 0 && sheet_style(&s, &style)) {
		style.decimals = 0;
		text_heading(t, "from one core to another: time to pass a cache line, %s",
			     style.unit.name);
		rc = sheet_print(t, &s, &style);
	}
	sheet_release(&s);
	return rc;
}

/* ---- classes ---- */

static int put_bond(struct table *table, const struct text *t, enum core_bond bond)
{
	const struct machine *m = &t->res->machine;
	double *v = calloc(t->res->nrecords + 1, sizeof *v);
	size_t n = 0;
	int rc = v ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (is_pair(r) && record_has_figure(r) &&
		    core_bond(m, cpu_of(r, 0), cpu_of(r, 1)) == bond)
			v[n++] = r->median * 1e9;
	}
	if (n) {
		sort_doubles(v, n);
		rc = table_cell(table, "%s", core_bond_name(bond));
		if (rc == 0)
			rc = table_cell(table, "%zu", n);
		if (rc == 0)
			rc = table_cell(table, "%.0f", quantile_sorted(v, n, 0.5));
		if (rc == 0)
			rc = table_cell(table, "%.0f-%.0f", v[0], v[n - 1]);
	}
	free(v);
	return rc;
}

static int print_bonds(struct text *t, bool again)
{
	static const char *const heads[] = { "cores of", "pairs", "median", "range" };
	struct table *table = table_new();
	int rc = table ? 0 : -ENOMEM;

	for (size_t c = 0; rc == 0 && c < sizeof heads / sizeof *heads; c++)
		rc = table_column(table, heads[c], c ? 'r' : 'l');
	for (enum core_bond b = 0; rc == 0 && b < BONDS; b++)
		rc = put_bond(table, t, b);
	if (rc == 0 && again)
		text_gap(t);
	else if (rc == 0)
		text_heading(t, "from one core to another: time to pass a cache line, ns");
	if (rc == 0)
		rc = text_table(t, table);
	table_free(table);
	return rc;
}

int text_cores(struct text *t)
{
	struct place *places;
	size_t n, figures = 0;
	bool matrix;
	int rc = collect(t, &places, &n);

	for (size_t i = 0; i < t->res->nrecords; i++)
		figures += is_pair(&t->res->records[i]) && record_has_figure(&t->res->records[i]);
	matrix = n > 2 && n <= MATRIX_MOST && figures;
	if (rc == 0 && matrix)
		rc = print_matrix(t, places, n);
	if (rc == 0 && figures)
		rc = print_bonds(t, matrix);
	free(places);
	return rc;
}
