/* text_memory.c - what the report says of memory bandwidth: node x node, and each node on its own.
 * text_memory_more.c goes on; latencies are in text_memory_latency.c. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"

/* STREAM's triad stands for bandwidth; it is the one that others quote. */
static const char main_metric[] = "triad";

/* A bus that carries less than this beyond what counts is not told apart. */
#define ALIKE 1.005

bool text_is_memory_rate(const struct record *r)
{
	return strcmp(r->unit, "B/s") == 0 && record_has(r, "mem_node") &&
	       record_has(r, "cpu_node") && !record_has(r, "gpu") && !record_has(r, "gpus") &&
	       !record_has(r, "together") && !record_has(r, "policy") &&
	       !record_has(r, "pages_asked");
}

bool text_is_own_memory(const struct text *t, const struct record *r)
{
	const struct node *driver = machine_driver(&t->res->machine, r->mem_node);

	return r->cpu_node == (driver ? driver->id : r->mem_node);
}

bool text_is_whole(const struct text *t, const struct record *r)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *o = &t->res->records[i];

		if (text_is_more(o, r) &&
		    record_same_but(o, r, record_fields("bytes", "threads", NULL)))
			return false;
	}
	return true;
}

static bool is_shown(const struct text *t, const struct record *r)
{
	return text_is_memory_rate(r) && record_has_figure(r) && text_is_whole(t, r);
}

/* One matrix: of the main operation, or of the first where that was not measured. */
int text_memory_matrix(struct text *t)
{
	struct matrix m = { .like = NULL };

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (is_shown(t, r) && (!m.like || (strcmp(m.like->metric, main_metric) != 0 &&
						   strcmp(r->metric, main_metric) == 0)))
			m.like = r;
	}
	return m.like ? matrix_print(t, &m) : 0;
}

/* ---- each node's own memory ---- */

/* The record of a metric in a node's own memory, one with a figure where there is one. */
static const struct record *local_record(const struct text *t, int node, const struct record *like)
{
	const struct record *found = NULL;

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (text_is_memory_rate(r) && r->mem_node == node && text_is_own_memory(t, r) &&
		    strcmp(r->test, like->test) == 0 && strcmp(r->metric, like->metric) == 0 &&
		    text_is_whole(t, r) && (!found || !record_has_figure(found)))
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

		if (!is_shown(t, r) || !text_is_own_memory(t, r))
			continue;
		*most = fmax(*most, r->median);
		for (size_t j = 0; j < n; j++)
			seen = seen || strcmp(like[j]->metric, r->metric) == 0;
		if (!seen)
			like[n++] = r;
	}
	return n;
}

static double on_bus(const struct record *r)
{
	return record_has(r, "bus_factor") ? r->median * r->bus_factor : r->median;
}

static bool differs_on_bus(const struct record *r)
{
	return record_has(r, "bus_factor") && r->bus_factor > ALIKE;
}

/* "57.2", "43.1 (57.4)" with what is on the bus, and its signs. */
static int put_figure(struct text *t, struct table *table, const struct record *r, int decimals,
		      const char *unit)
{
	bool undersized = r && record_has(r, "undersized") && r->undersized;
	char bus[32] = "";

	if (!r || !record_has_figure(r))
		return table_cell(table, "%s ", r ? text_status_word(r->status) : "");
	t->marked_undersized = t->marked_undersized || undersized;
	t->marked_unstable = t->marked_unstable || r->status == STATUS_UNSTABLE;
	if (differs_on_bus(r))
		snprintf(bus, sizeof bus, " (%.*f)", decimals, on_bus(r) / 1e9);
	return table_cell(table, "%.*f%s%s%s%s", decimals, r->median / 1e9, bus, unit,
			  undersized ? " u" : "", r->status == STATUS_UNSTABLE ? "?" : " ");
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
			rc = put_figure(t, table, local_record(t, node, like[j]), decimals, "");
	}
	if (rc == 0) {
		text_heading(t, "each node's own memory, GB/s");
		rc = text_table(t, table);
	}
	table_free(table);
	return rc;
}

/* One figure with its interval: on a machine with one node there is room for it. */
static int put_row(struct text *t, struct table *table, const struct record *r)
{
	int decimals = text_decimals(r->median / 1e9);
	int rc = table_cell(table, "%s", r->metric);

	rc = rc < 0 ? rc : put_figure(t, table, r, decimals, " GB/s");
	if (rc == 0)
		rc = record_has(r, "low") && record_has(r, "high") && isfinite(r->low) &&
				     isfinite(r->high)
			     ? table_cell(table, "%.*f-%.*f", decimals, r->low / 1e9, decimals,
					  r->high / 1e9)
			     : table_cell(table, "none");
	if (rc == 0)
		rc = record_has(r, "best") && isfinite(r->best)
			     ? table_cell(table, "%.*f", decimals, r->best / 1e9)
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
		if (!is_shown(t, &t->res->records[i]))
			continue;
		any = true;
		rc = put_row(t, table, &t->res->records[i]);
	}
	if (rc == 0 && any) {
		text_heading(t, "memory of node %d, by its own cores",
			     t->res->machine.nnodes ? t->res->machine.nodes[0].id : 0);
		rc = text_table(t, table);
	}
	table_free(table);
	return rc;
}

/* ---- what the memory could carry ---- */

/* The operation that fills a node's bus best; NULL where none is large enough to tell. */
static const struct record *fullest(const struct text *t, int node)
{
	const struct record *best = NULL;

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (is_shown(t, r) && text_is_own_memory(t, r) && r->mem_node == node &&
		    !(record_has(r, "undersized") && r->undersized) &&
		    (!best || on_bus(r) > on_bus(best)))
			best = r;
	}
	return best;
}

static void say_ceilings(struct text *t)
{
	const char *told = NULL;

	for (size_t i = 0; i < t->res->machine.nnodes; i++) {
		const struct record *r = fullest(t, t->res->machine.nodes[i].id);

		if (r && record_has(r, "ceiling_capable"))
			text_say(t, 2,
				 "node %d: %s takes %.1f GB/s of the bus, %.0f %% of what its "
				 "memory channels could carry (%.1f GB/s)",
				 r->mem_node, r->metric, on_bus(r) / 1e9,
				 100 * on_bus(r) / r->ceiling_capable, r->ceiling_capable / 1e9);
		else if (r && record_has(r, "ceiling_why") &&
			 !(told && strcmp(told, r->ceiling_why) == 0))
			text_say(t, 2, "DRAM ceiling not known: %s", told = r->ceiling_why);
	}
}

/* Signs and references of the figures above. */
static void say_bus(struct text *t)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (!is_shown(t, r) || !text_is_own_memory(t, r) || !differs_on_bus(r))
			continue;
		text_say(t, 2,
			 "in brackets: on the memory bus by estimate, for lines are read before "
			 "they are written; the rest is as counted");
		break;
	}
	say_ceilings(t);
}

int text_memory(struct text *t)
{
	static int (*const more[])(struct text *) = { text_curves,       text_contention,
						      text_policies,     text_page_kinds,
						      text_working_sets, text_memory_latency };
	const struct record **like = calloc(t->res->nrecords + 1, sizeof *like);
	double most;
	size_t n;
	int rc = 0;

	if (!like)
		return -ENOMEM;
	n = local_metrics(t, like, &most);
	if (t->res->machine.nnodes <= 1) {
		rc = print_one_node(t);
	} else {
		rc = text_memory_matrix(t);
		if (rc == 0 && n)
			rc = print_local(t, like, n, text_decimals(most / 1e9));
	}
	free(like);
	if (n) {
		text_forms(t, "fastest forms", t->res->records, t->res->nrecords);
		say_bus(t);
	}
	for (size_t i = 0; rc == 0 && i < sizeof more / sizeof *more; i++)
		rc = more[i](t);
	return rc;
}
