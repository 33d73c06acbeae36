/* text_memory.c - what the report says of memory: node x node, and each node on its own. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"

/* STREAM's triad stands for bandwidth; it is the one that others quote. */
static const char main_metric[] = "triad";

static bool is_memory(const struct record *r)
{
	return record_has(r, "mem_node") && record_has(r, "cpu_node") && !record_has(r, "gpu") &&
	       !record_has(r, "gpus");
}

static bool is_bandwidth(const struct record *r)
{
	return strcmp(r->unit, "B/s") == 0;
}

/* One matrix for each thing that is measured; of the bandwidths the main one only. */
static int print_matrices(struct text *t)
{
	const struct result *res = t->res;
	struct matrix *done = calloc(res->nrecords + 1, sizeof *done);
	size_t ndone = 0;
	bool has_main = false;
	int rc = done ? 0 : -ENOMEM;

	for (size_t i = 0; i < res->nrecords; i++)
		has_main = has_main ||
			   (is_memory(&res->records[i]) && record_has_figure(&res->records[i]) &&
			    strcmp(res->records[i].metric, main_metric) == 0);
	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		struct matrix m = { .like = &res->records[i] };
		bool seen = !is_memory(m.like) || !record_has_figure(m.like);

		seen = seen || (has_main && is_bandwidth(m.like) &&
				strcmp(m.like->metric, main_metric) != 0);
		for (size_t j = 0; !seen && j < ndone; j++)
			seen = matrix_takes(&done[j], m.like);
		if (seen)
			continue;
		done[ndone++] = m;
		rc = matrix_print(t, &m);
	}
	free(done);
	return rc;
}

/* The node's own memory by its own cores, or by those of the node that drives it. */
static bool is_local(const struct text *t, const struct record *r)
{
	const struct node *driver = machine_driver(&t->res->machine, r->mem_node);

	return is_memory(r) && r->cpu_node == (driver ? driver->id : r->mem_node);
}

/* The record of a metric in a node's own memory, one with a figure where there is one. */
static const struct record *local_record(const struct text *t, int node, const struct record *like)
{
	const struct record *found = NULL;

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (is_local(t, r) && r->mem_node == node && strcmp(r->test, like->test) == 0 &&
		    strcmp(r->metric, like->metric) == 0 && (!found || !record_has_figure(found)))
			found = r;
	}
	return found;
}

/* The first record of each local bandwidth, in the order measured; returns how many. */
static size_t local_metrics(const struct text *t, const struct record **like, double *most)
{
	size_t n = 0;

	*most = 0;
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];
		bool seen = false;

		if (!is_local(t, r) || !is_bandwidth(r) || !record_has_figure(r))
			continue;
		*most = fmax(*most, r->median);
		for (size_t j = 0; j < n; j++)
			seen = seen || strcmp(like[j]->metric, r->metric) == 0;
		if (!seen)
			like[n++] = r;
	}
	return n;
}

static int put_figure(struct text *t, struct table *table, const struct record *r, int decimals)
{
	bool undersized = r && record_has(r, "undersized") && r->undersized;

	if (!r || !record_has_figure(r))
		return table_cell(table, "%s ", r ? text_status_word(r->status) : "");
	t->marked_undersized = t->marked_undersized || undersized;
	t->marked_unstable = t->marked_unstable || r->status == STATUS_UNSTABLE;
	return table_cell(table, "%.*f%s%s", decimals, r->median / 1e9, undersized ? " u" : "",
			  r->status == STATUS_UNSTABLE ? "?" : " ");
}

/* Several nodes: a row each, the operations as columns. */
static int print_local(struct text *t, const struct record *const *like, size_t n, int decimals)
{
	struct table *table = table_new();
	int rc = table ? table_column(table, "", 'l') : -ENOMEM;

	for (size_t j = 0; rc == 0 && j < n; j++) {
		char head[40];

		snprintf(head, sizeof head, "%s ", like[j]->metric);
		rc = table_column(table, head, 'r');
	}
	for (size_t i = 0; rc == 0 && i < t->res->machine.nnodes; i++) {
		int node = t->res->machine.nodes[i].id;
		bool any = false;

		for (size_t j = 0; j < n; j++)
			any = any || local_record(t, node, like[j]);
		if (!any)
			continue;
		rc = table_cell(table, "node %d", node);
		for (size_t j = 0; rc == 0 && j < n; j++)
			rc = put_figure(t, table, local_record(t, node, like[j]), decimals);
	}
	if (rc == 0) {
		text_heading(t, "each node's own memory, GB/s");
		rc = table_print(table, t->out, t->width, 2);
	}
	table_free(table);
	return rc;
}

/* One figure with its interval: on a machine with one node there is room for it. */
static int put_row(struct text *t, struct table *table, const struct record *r)
{
	struct text_unit unit = text_unit_for(r->unit, r->median);
	int decimals = text_decimals(r->median / unit.factor);
	bool undersized = record_has(r, "undersized") && r->undersized;
	int rc = table_cell(table, "%s", r->metric);

	t->marked_undersized = t->marked_undersized || undersized;
	t->marked_unstable = t->marked_unstable || r->status == STATUS_UNSTABLE;
	rc = rc < 0 ? rc
		    : table_cell(table, "%.*f %s%s%s", decimals, r->median / unit.factor, unit.name,
				 undersized ? " u" : "", r->status == STATUS_UNSTABLE ? "?" : " ");
	if (rc == 0)
		rc = record_has(r, "low") && record_has(r, "high") && isfinite(r->low) &&
				     isfinite(r->high)
			     ? table_cell(table, "%.*f-%.*f", decimals, r->low / unit.factor,
					  decimals, r->high / unit.factor)
			     : table_cell(table, "none");
	if (rc == 0)
		rc = record_has(r, "best") && isfinite(r->best)
			     ? table_cell(table, "%.*f", decimals, r->best / unit.factor)
			     : table_cell(table, "none");
	return rc < 0 ? rc : table_cell(table, "%zu", r->samples.n);
}

static int print_one_node(struct text *t)
{
	static const struct {
		const char *head;
		char align;
	} columns[] = {
		{ "", 'l' },     { "median ", 'r' }, { "95 % interval", 'r' },
		{ "best", 'r' }, { "samples", 'r' },
	};
	struct table *table = table_new();
	bool any = false;
	int rc = table ? 0 : -ENOMEM;

	for (size_t c = 0; rc == 0 && c < sizeof columns / sizeof *columns; c++)
		rc = table_column(table, columns[c].head, columns[c].align);
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (!is_memory(r) || !record_has_figure(r))
			continue;
		any = true;
		rc = put_row(t, table, r);
	}
	if (rc == 0 && any) {
		text_heading(t, "memory of node %d, by its own cores",
			     t->res->machine.nnodes ? t->res->machine.nodes[0].id : 0);
		rc = table_print(table, t->out, t->width, 2);
	}
	table_free(table);
	return rc;
}

int text_memory(struct text *t)
{
	const struct record **like;
	double most;
	size_t n;
	int rc;

	if (t->res->machine.nnodes <= 1)
		return print_one_node(t);
	like = calloc(t->res->nrecords + 1, sizeof *like);
	if (!like)
		return -ENOMEM;
	rc = print_matrices(t);
	n = local_metrics(t, like, &most);
	if (rc == 0 && n)
		rc = print_local(t, like, n, text_decimals(most / 1e9));
	free(like);
	return rc;
}
