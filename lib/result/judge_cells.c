/* judge_cells.c - which cells are set against a reference. See judge_cells.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "result/judge_cells.h"
#include "util/units.h"

bool cell_is_sound(const struct record *r)
{
	return r->status == STATUS_OK && record_has_figure(r) && r->median > 0 &&
	       !(record_has(r, "undersized") && r->undersized);
}

bool cell_is_large(const struct record *r)
{
	return record_has(r, "bytes") && r->bytes >= CELL_LARGE;
}

bool cell_is_near(const struct machine *m, const struct record *r)
{
	const struct node *driver, *memory;

	if (!record_has(r, "cpu_node") || !record_has(r, "mem_node") || r->cpu_node == r->mem_node)
		return true;
	driver = machine_driver(m, r->mem_node);
	memory = machine_memory_for(m, r->cpu_node);
	return (driver && driver->id == r->cpu_node) || (memory && memory->id == r->mem_node);
}

bool cell_same_kind(const struct record *a, const struct record *b)
{
	/* The cheap questions first: there may be thousands of records. */
	return a->direction == b->direction && a->memory == b->memory && a->bytes == b->bytes &&
	       strcmp(a->metric, b->metric) == 0 &&
	       record_same_but(a, b, record_fields("gpu", "cpu_node", "mem_node", NULL));
}

static bool on_node(const struct record *r, int node)
{
	return (record_has(r, "mem_node") && r->mem_node == node) ||
	       (record_has(r, "cpu_node") && r->cpu_node == node);
}

static bool is_better(const struct record *a, const struct record *b)
{
	return a->better == BETTER_LOWER ? a->median < b->median : a->median > b->median;
}

const struct record *cell_at_home(const struct result *res, const struct record *like, int gpu)
{
	const struct gpu *g = machine_gpu(&res->machine, gpu);
	const struct known home = g ? gpu_declared_node(&res->machine, g) : UNKNOWN("no such GPU");
	const struct record *best = NULL;
	bool there = !home.is;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (!record_has(r, "gpu") || r->gpu != gpu || !cell_is_sound(r) ||
		    !cell_same_kind(like, r) || !cell_is_near(&res->machine, r))
			continue;
		there = there || on_node(r, (int)home.value) || !record_has(r, "mem_node");
		best = !best || is_better(r, best) ? r : best;
	}
	return there ? best : NULL;
}

/* Of those which differ in threads alone: the one by most. */
static bool by_all_threads(const struct result *res, const struct record *r)
{
	if (!record_has(r, "threads"))
		return true;
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *o = &res->records[i];

		if (record_has(o, "threads") && o->threads > r->threads &&
		    strcmp(o->metric, r->metric) == 0 &&
		    record_same_but(o, r, record_fields("threads", "bytes", NULL)))
			return false;
	}
	return true;
}

bool cell_is_memory(const struct result *res, const struct record *r)
{
	static const char *const others[] = { "gpu",      "gpus",   "peer",      "together",
					      "cpu_pair", "policy", "load_step", "pages_asked" };

	if (!record_has(r, "cpu_node") || !record_has(r, "mem_node") || !cell_is_sound(r))
		return false;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (record_has(r, others[i]))
			return false;
	return by_all_threads(res, r);
}

char *figure_text(char *buf, size_t size, const char *unit, double v)
{
	if (strcmp(unit, "B/s") == 0)
		snprintf(buf, size, "%.*f GB/s", v < 9.995e9 ? 2 : 1, v / 1e9);
	else if (strcmp(unit, "s") == 0)
		format_seconds(buf, size, v);
	else
		snprintf(buf, size, "%g%s%s", v, unit[0] && strcmp(unit, "1") ? " " : "",
			 strcmp(unit, "1") ? unit : "");
	return buf;
}
