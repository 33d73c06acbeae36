/* text_peers.c - GPU to GPU. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/derive.h"
#include "result/recommend.h"

/* Which GPU's memory is read, and which one's is written: h2d is from the peer. */
static int from(const struct record *r)
{
	return record_has(r, "direction") && r->direction == DIR_H2D ? r->peer : r->gpu;
}

static int to(const struct record *r)
{
	return from(r) == r->gpu ? r->peer : r->gpu;
}

/* Of both ways at once the sum is shown. */
static bool is_pair(const struct record *r)
{
	return record_has(r, "gpu") && record_has(r, "peer") &&
	       (!record_has(r, "together") || joint_is_sum(r));
}

static bool same_pairs(const struct record *a, const struct record *b)
{
	return is_pair(b) &&
	       record_same_but(a, b, record_fields("gpu", "peer", "cpu_node", "mem_node", NULL));
}

static size_t column_of(const struct machine *m, int gpu)
{
	size_t i = 0;

	while (i < m->ngpus && m->gpus[i].index != gpu)
		i++;
	return i;
}

/* Every pair was measured well, and none is better or worse than others by what matters. */
static bool are_alike(const struct sheet *s, double *least, double *most)
{
	*least = INFINITY;
	*most = -INFINITY;
	for (size_t i = 0; i < s->nrows * s->ncolumns; i++) {
		const struct record *r = s->cells[i];

		if (i / s->ncolumns == i % s->ncolumns)
			continue;
		if (!r || r->status != STATUS_OK || !record_has_figure(r))
			return false;
		*least = fmin(*least, r->median);
		*most = fmax(*most, r->median);
	}
	return s->nrows > 2 && *most < RECOMMEND_BAR * *least;
}

static void say_alike(struct text *t, const struct sheet_style *style, double least, double most)
{
	char low[32], high[32];

	snprintf(low, sizeof low, "%.*f", style->decimals, least / style->unit.factor);
	snprintf(high, sizeof high, "%.*f", style->decimals, most / style->unit.factor);
	text_say(t, 2, "%s%s%s for every pair", low, strcmp(low, high) ? " to " : "",
		 strcmp(low, high) ? high : "");
}

static int print_kind(struct text *t, const struct record *like)
{
	const struct machine *m = &t->res->machine;
	bool both = record_has(like, "direction") && like->direction == DIR_BIDIRECTIONAL;
	struct sheet_style style;
	struct sheet s;
	double least, most;
	char what[160];
	int rc = sheet_make(&s, m->ngpus, m->ngpus);

	for (size_t i = 0; rc == 0 && i < m->ngpus; i++) {
		snprintf(s.labels[i], SHEET_TEXT, "GPU %d", m->gpus[i].index);
		snprintf(s.heads[i], SHEET_TEXT, "GPU %d", m->gpus[i].index);
	}
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];
		size_t row, column;

		if (!is_pair(r) || !same_pairs(like, r))
			continue;
		row = column_of(m, from(r));
		column = column_of(m, to(r));
		if (row == m->ngpus || column == m->ngpus)
			continue;
		s.cells[row * m->ngpus + column] = r;
		if (both && !s.cells[column * m->ngpus + row])
			s.cells[column * m->ngpus + row] = r;
	}
	if (rc == 0 && sheet_style(&s, &style)) {
		s.corner = both ? "" : "from";
		record_what(like, what, sizeof what);
		text_heading(t, "GPU to GPU, %s, %s", what, style.unit.name);
		if (are_alike(&s, &least, &most))
			say_alike(t, &style, least, most);
		else
			rc = sheet_print(t, &s, &style);
	}
	sheet_release(&s);
	return rc;
}

static const char *path_of(const struct result *res, size_t i, size_t j)
{
	const struct machine *m = &res->machine;

	for (size_t k = 0; k < res->nrecords; k++) {
		const struct record *r = &res->records[k];

		if (is_pair(r) && record_has(r, "path") &&
		    ((r->gpu == m->gpus[i].index && r->peer == m->gpus[j].index) ||
		     (r->peer == m->gpus[i].index && r->gpu == m->gpus[j].index)))
			return r->path;
	}
	return m->gpu_paths ? m->gpu_paths[i * m->ngpus + j] : "";
}

/* The declared paths: a table, or one word where all pairs have the same. */
static int print_paths(struct text *t)
{
	const struct machine *m = &t->res->machine;
	const char *first = m->ngpus > 1 ? path_of(t->res, 0, 1) : "";
	struct table *table = table_new();
	bool alike = true;
	int rc = table ? table_column(table, "", 'l') : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < m->ngpus; i++) {
		char head[16];

		snprintf(head, sizeof head, "GPU %d", m->gpus[i].index);
		rc = table_column(table, head, 'r');
	}
	for (size_t i = 0; rc == 0 && i < m->ngpus; i++) {
		rc = table_cell(table, "GPU %d", m->gpus[i].index);
		for (size_t j = 0; rc == 0 && j < m->ngpus; j++) {
			const char *path = i == j ? "" : path_of(t->res, i, j);

			alike = alike && (i == j || strcmp(path, first) == 0);
			rc = table_cell(table, "%s", path);
		}
	}
	if (rc == 0 && first[0] && alike) {
		text_heading(t, "GPU to GPU: every pair is declared to be connected by %s", first);
	} else if (rc == 0 && !alike) {
		text_heading(t, "GPU to GPU, the declared paths");
		rc = text_table(t, table);
	}
	table_free(table);
	return rc;
}

int text_peers(struct text *t)
{
	const struct record **done = calloc(t->res->nrecords + 1, sizeof *done);
	size_t ndone = 0;
	int rc = done ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];
		bool seen = !is_pair(r) || !record_has_figure(r);

		for (size_t j = 0; !seen && j < ndone; j++)
			seen = same_pairs(done[j], r);
		if (seen)
			continue;
		if (ndone == 0)
			rc = print_paths(t);
		done[ndone++] = r;
		if (rc == 0)
			rc = print_kind(t, r);
	}
	free(done);
	return rc;
}
