/* plan.c - which cells there are to be, and whether their buffers fit. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/session_parts.h"
#include "util/units.h"

/* Room for one more element of a growing array; NULL when there is none. */
static void *grown(void *array, size_t n, size_t element)
{
	if (n & (n - 1)) /* grows at powers of two only */
		return array;
	return realloc(array, (n ? 2 * n : 1) * element);
}

int session_site(struct session *s, const struct site *site)
{
	struct site_state *more = grown(s->sites, s->nsites, sizeof *more);

	if (!more)
		return -ENOMEM;
	s->sites = more;
	s->sites[s->nsites] = (struct site_state){ .site = *site };
	return (int)s->nsites++;
}

/* The first cell that a cell is to be compared with, itself perhaps. */
static size_t comparison_of(const struct session *s, size_t cell)
{
	const struct record *r = &s->cells[cell].cell.rec, *o;
	size_t i = 0;

	for (; i < cell; i++) {
		o = &s->cells[i].cell.rec;
		if (strcmp(o->metric, r->metric) == 0 && o->direction == r->direction &&
		    o->memory == r->memory && o->gpu == r->gpu && o->bytes == r->bytes)
			break;
	}
	return i;
}

int session_cell(struct session *s, size_t site, const struct cell *c)
{
	struct cell_state *more = grown(s->cells, s->ncells, sizeof *more);
	const struct site *at = &s->sites[site].site;
	struct record *r;

	if (!more)
		return -ENOMEM;
	s->cells = more;
	s->cells[s->ncells] = (struct cell_state){ .cell = *c };
	s->cells[s->ncells].cell.site = site;
	r = &s->cells[s->ncells].cell.rec;
	snprintf(r->test, sizeof r->test, "%s", s->bench->name);
	r->cpu_node = at->cpu_node;
	r->mem_node = at->mem_node;
	record_set(r, "test", "cpu_node", "mem_node", NULL);
	if (at->gpu >= 0) {
		r->gpu = at->gpu;
		record_set(r, "gpu", NULL);
	}
	s->cells[s->ncells].comparison = comparison_of(s, s->ncells);
	return (int)s->ncells++;
}

int session_each_pair(struct session *s,
		      int (*fn)(struct session *s, int cpu_node, int mem_node, struct err *e),
		      struct err *e)
{
	struct idset cpu = machine_cpu_nodes(s->machine), mem = machine_memory_nodes(s->machine);
	int rc = 0;

	cpu = idset_and(&cpu, &s->nodes);
	mem = idset_and(&mem, &s->nodes);
	if (idset_empty(&cpu)) /* only CPU-less nodes were asked for: others drive them */
		return session_each_near(s, fn, e);
	for (int c = -1; rc == 0 && (c = idset_next(&cpu, c)) >= 0;)
		for (int n = -1; rc == 0 && (n = idset_next(&mem, n)) >= 0;)
			rc = fn(s, c, n, e);
	return rc;
}

int session_each_near(struct session *s,
		      int (*fn)(struct session *s, int cpu_node, int mem_node, struct err *e),
		      struct err *e)
{
	struct idset cpu = machine_cpu_nodes(s->machine), mem = machine_memory_nodes(s->machine);
	int rc = 0;

	for (int n = -1; rc == 0 && (n = idset_next(&s->nodes, n)) >= 0;) {
		const struct node *driver = machine_driver(s->machine, n);
		const struct node *memory = machine_memory_for(s->machine, n);

		if (idset_has(&mem, n) && driver)
			rc = fn(s, driver->id, n, e);
		else if (idset_has(&cpu, n) && memory)
			rc = fn(s, n, memory->id, e);
	}
	return rc;
}

static int skip_gpu(struct session *s, int gpu, const char *why)
{
	struct record r;

	if (!s->sink->record)
		return 0;
	record_init(&r);
	snprintf(r.test, sizeof r.test, "%s", s->bench->name);
	record_set(&r, "test", NULL);
	if (gpu >= 0) {
		r.gpu = gpu;
		record_set(&r, "gpu", NULL);
	}
	record_status(&r, STATUS_SKIPPED, "%s", why);
	s->sink->record(&r, s->sink->to);
	record_release(&r);
	return 0;
}

/* Keeps the GPUs that can be measured and says of the others why not. */
static int choose_gpus(struct session *s, struct err *e)
{
	const struct machine *m = s->machine;
	struct idset asked;
	int rc = machine_parse_gpus(m, s->options->gpus ? s->options->gpus : "", &asked, e);

	if (rc < 0)
		return rc;
	if (m->ngpus == 0)
		return skip_gpu(s, -1, m->cuda_why[0] ? m->cuda_why : "no NVIDIA GPU here");
	for (size_t i = 0; i < m->ngpus; i++) {
		const struct gpu *g = &m->gpus[i];
		char why[340];

		if (!idset_has(&asked, g->index))
			continue;
		if (g->state != GPU_USABLE)
			snprintf(why, sizeof why, "%s: %s", gpu_state_name(g->state), g->state_why);
		else if (g->busy && !s->options->busy)
			snprintf(why, sizeof why, "busy: %s (--busy measures it all the same)",
				 g->busy_why);
		else {
			idset_add(&s->gpus, g->index);
			continue;
		}
		skip_gpu(s, g->index, why);
	}
	return 0;
}

static int hire(struct session *s)
{
	struct idset nodes = { 0 };

	for (size_t i = 0; i < s->nsites; i++)
		idset_add(&nodes, s->sites[i].site.cpu_node);
	s->workers = calloc(idset_count(&nodes) + 1, sizeof *s->workers);
	if (!s->workers)
		return -ENOMEM;
	for (int n = -1; (n = idset_next(&nodes, n)) >= 0;)
		s->workers[s->nworkers++].cpu_node = n;
	return 0;
}

int plan_make(struct session *s, struct err *e)
{
	const char *nodes = s->options->nodes;
	int rc = machine_parse_nodes(s->machine, nodes ? nodes : "", &s->nodes, e);

	if (rc < 0)
		return -EINVAL; /* a node that is not there cannot be; a GPU could */
	if (s->bench->needs_gpu)
		rc = choose_gpus(s, e);
	if (rc == 0)
		rc = s->bench->plan(s, e);
	if (rc == 0)
		rc = hire(s);
	if (rc == -ENOMEM)
		err_set(e, rc, "out of memory");
	for (size_t i = 0; rc == 0 && i < s->ncells; i++)
		if (s->sink->planned)
			s->sink->planned(&s->cells[i].cell.rec, s->sink->to);
	return rc;
}

/* Ends the cells of a site before they began. */
static void refuse_site(struct session *s, size_t site, const char *why)
{
	s->sites[site].lost = true;
	for (size_t i = 0; i < s->ncells; i++) {
		if (s->cells[i].cell.site != site)
			continue;
		s->cells[i].done = true;
		record_status(&s->cells[i].cell.rec, STATUS_SKIPPED, "%s", why);
	}
}

/* All buffers together take at most half of what a node can give (design.md
 * 5.3); where they do not, sites are opened one at a time. */
void plan_fit_memory(struct session *s)
{
	uint64_t all = 0;

	s->keep_open = true;
	for (size_t n = 0; n < s->machine->nnodes; n++) {
		const struct node *node = &s->machine->nodes[n];
		uint64_t half = (uint64_t)node->giveable_bytes.value / 2, together = 0;

		if (!node->giveable_bytes.is)
			continue;
		for (size_t i = 0; i < s->nsites; i++) {
			const struct site *t = &s->sites[i].site;
			char why[200], wants[32], gives[32];

			if (t->mem_node != node->id)
				continue;
			if (t->bytes > half) {
				format_size(wants, sizeof wants, t->bytes);
				format_size(gives, sizeof gives, 2 * half);
				snprintf(why, sizeof why,
					 "buffers of %s do not fit into half of the %s that node "
					 "%d can give",
					 wants, gives, node->id);
				refuse_site(s, i, why);
				continue;
			}
			together += t->bytes;
		}
		if (together > half)
			s->keep_open = false;
		all += together;
	}
	if (s->machine->memory_left.is && all > (uint64_t)s->machine->memory_left.value / 2)
		s->keep_open = false;
}

void plan_say(struct session *s)
{
	size_t active = 0;

	for (size_t i = 0; i < s->ncells; i++)
		active += !s->cells[i].done;
	if (s->ncells)
		session_note(s, "%s: %zu %s, %d rounds or more, %.0f s, seed %llu", s->bench->name,
			     active, active == 1 ? "cell" : "cells", ROUNDS_MIN,
			     s->options->budget_s, (unsigned long long)s->seed);
}
