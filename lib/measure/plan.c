/* plan.c - which cells there are to be, and whether their buffers fit. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/session_parts.h"
#include "util/units.h"

bool session_pair(const struct session *s, size_t i, struct placing *p)
{
	struct idset cpu = machine_cpu_nodes(s->machine), mem = machine_memory_nodes(s->machine);

	cpu = idset_and(&cpu, &s->nodes);
	mem = idset_and(&mem, &s->nodes);
	if (idset_empty(&cpu)) /* only CPU-less nodes were asked for: others drive them */
		return session_near(s, i, p);
	for (int c = -1; (c = idset_next(&cpu, c)) >= 0;)
		for (int n = -1; (n = idset_next(&mem, n)) >= 0;)
			if (i-- == 0) {
				*p = (struct placing){ .cpu_node = c, .mem_node = n };
				return true;
			}
	return false;
}

/* What goes together with one of the nodes to be measured. */
static bool near_of(const struct session *s, int node, struct placing *p)
{
	struct idset cpu = machine_cpu_nodes(s->machine), mem = machine_memory_nodes(s->machine);
	const struct node *driver = machine_driver(s->machine, node);
	const struct node *memory = machine_memory_for(s->machine, node);

	if (idset_has(&mem, node) && driver)
		*p = (struct placing){ .cpu_node = driver->id, .mem_node = node };
	else if (idset_has(&cpu, node) && memory)
		*p = (struct placing){ .cpu_node = node, .mem_node = memory->id };
	else
		return false;
	return true;
}

bool session_near(const struct session *s, size_t i, struct placing *p)
{
	for (int n = -1; (n = idset_next(&s->nodes, n)) >= 0;)
		if (near_of(s, n, p) && i-- == 0)
			return true;
	return false;
}

bool session_is_near(const struct session *s, const struct placing *p)
{
	struct placing q;

	for (size_t i = 0; session_near(s, i, &q); i++)
		if (q.cpu_node == p->cpu_node && q.mem_node == p->mem_node)
			return true;
	return false;
}

static void skip_gpu(struct session *s, const char *metric, int gpu, const char *why)
{
	struct record r;

	record_init(&r);
	if (metric) {
		snprintf(r.metric, sizeof r.metric, "%s", metric);
		record_set(&r, "metric", NULL);
	}
	if (gpu >= 0) {
		r.gpu = gpu;
		record_set(&r, "gpu", NULL);
	}
	session_skip(s, &r, "%s", why);
	record_release(&r);
}

/* Whether a GPU can be measured; why not. */
static bool can_measure(const struct session *s, const struct gpu *g, char *why, size_t size)
{
	if (g->state != GPU_USABLE)
		snprintf(why, size, "%s: %s", gpu_state_name(g->state), g->state_why);
	else if (g->busy && !s->options->busy)
		snprintf(why, size, "busy: %s (--busy measures it all the same)", g->busy_why);
	else
		return true;
	return false;
}

/* Which of them were asked for. */
static int asked_gpus(const struct session *s, struct idset *asked, struct err *e)
{
	return machine_parse_gpus(s->machine, s->options->gpus ? s->options->gpus : "", asked, e);
}

/* Keeps the GPUs that can be measured. */
static int choose_gpus(struct session *s, struct err *e)
{
	const struct machine *m = s->machine;
	struct idset asked;
	int rc = asked_gpus(s, &asked, e);
	char why[340];

	for (size_t i = 0; rc == 0 && i < m->ngpus; i++)
		if (idset_has(&asked, m->gpus[i].index) &&
		    can_measure(s, &m->gpus[i], why, sizeof why))
			idset_add(&s->gpus, m->gpus[i].index);
	return rc;
}

int session_skip_gpus(struct session *s, const char *metric)
{
	const struct machine *m = s->machine;
	struct idset asked;
	int rc = asked_gpus(s, &asked, NULL);
	char why[340];

	if (rc < 0)
		return rc;
	if (m->ngpus == 0)
		skip_gpu(s, metric, -1, m->cuda_why[0] ? m->cuda_why : "no NVIDIA GPU here");
	for (size_t i = 0; i < m->ngpus; i++)
		if (idset_has(&asked, m->gpus[i].index) &&
		    !can_measure(s, &m->gpus[i], why, sizeof why))
			skip_gpu(s, metric, m->gpus[i].index, why);
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

/* A GPU that takes one process at a time: workers open it in turn. */
static void find_exclusive(struct session *s)
{
	s->exclusive = -1;
	if (!s->bench->needs_gpu)
		return;
	for (int i = -1; s->exclusive < 0 && (i = idset_next(&s->gpus, i)) >= 0;) {
		const struct gpu *g = machine_gpu(s->machine, i);

		if (g && g->exclusive.is && g->exclusive.value)
			s->exclusive = i;
	}
	s->one_at_a_time = s->exclusive >= 0 && s->nworkers > 1;
}

int plan_make(struct session *s, struct err *e)
{
	const char *nodes = s->options->nodes;
	int rc;

	if (s->options->quick && s->options->thorough)
		return err_set(e, -EINVAL, "--quick and --thorough exclude each other");
	rc = machine_parse_nodes(s->machine, nodes ? nodes : "", &s->nodes, e);
	if (rc < 0)
		return -EINVAL; /* a node that is not there cannot be; a GPU could */
	if (s->bench->needs_gpu || s->bench->takes_gpus)
		rc = choose_gpus(s, e);
	if (rc == 0 && s->bench->needs_gpu)
		rc = session_skip_gpus(s, NULL);
	if (rc == 0)
		rc = s->bench->plan(s, e);
	if (rc == 0)
		rc = plan_choose(s, e);
	if (rc == 0)
		rc = hire(s);
	if (rc == -ENOMEM)
		err_set(e, rc, "out of memory");
	find_exclusive(s);
	for (size_t i = 0; rc == 0 && i < s->ncells; i++)
		if (s->sink->planned)
			s->sink->planned(&s->cells[i].cell.rec, s->sink->to);
	return rc;
}

/* ---- what fits ---- */

/* Ends the cells of a site before they began. */
static void refuse_site(struct session *s, size_t site, const char *why)
{
	s->sites[site].lost = true;
	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].cell.site == site)
			session_end_cell(s, i, STATUS_SKIPPED, why);
}

static void say_too_large(char *why, size_t size, uint64_t wants, uint64_t gives, int node)
{
	char wanted[32], given[32];

	snprintf(why, size,
		 LEFT_OUT "buffers of %s do not fit into half of the %s that node %d can give",
		 format_size(wanted, sizeof wanted, wants), format_size(given, sizeof given, gives),
		 node);
}

/* The bytes that a unit's sites take on a node; its sites may be those of other cells, too,
 * and of one another. */
static uint64_t bytes_of(const struct session *s, size_t unit, int node)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->nsites; i++)
		if (session_uses(s, unit, i))
			bytes += site_bytes_on(&s->sites[i].site, node);
	return bytes;
}

/* The buffers of joint cells are there at one and the same time. */
static void refuse_joint(struct session *s, const struct node *node, uint64_t half)
{
	for (size_t i = 0; i < s->ncells; i++) {
		uint64_t bytes = s->cells[i].nmembers ? bytes_of(s, i, node->id) : 0;
		char why[200];

		if (bytes <= half)
			continue;
		say_too_large(why, sizeof why, bytes, 2 * half, node->id);
		session_end_cell(s, i, STATUS_SKIPPED, why);
	}
}

/* Others, and contexts of other workers, are there too: a quarter. */
static bool crowds_gpu(const struct session *s, const struct gpu *g)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->nsites; i++)
		if (s->sites[i].site.gpu == g->index)
			bytes += s->sites[i].site.gpu_bytes;
	return g->memory_bytes.is && bytes > (uint64_t)g->memory_bytes.value / 4;
}

/* All buffers together take at most half of what a node can give: a buffer
 * bound to a full node brings the OOM killer though others are empty. Where they do not fit, those
 * of a unit are opened at a time. */
static void fit_memory(struct session *s)
{
	uint64_t all = 0;

	s->keep_open = true;
	for (size_t n = 0; n < s->machine->nnodes; n++) {
		const struct node *node = &s->machine->nodes[n];
		uint64_t half = (uint64_t)node->giveable_bytes.value / 2, together = 0;

		if (!node->giveable_bytes.is)
			continue;
		for (size_t i = 0; i < s->nsites; i++) {
			uint64_t bytes = site_bytes_on(&s->sites[i].site, node->id);
			char why[200];

			if (bytes > half) {
				say_too_large(why, sizeof why, bytes, 2 * half, node->id);
				refuse_site(s, i, why);
				continue;
			}
			together += bytes;
		}
		refuse_joint(s, node, half);
		if (together > half)
			s->keep_open = false;
		all += together;
	}
	for (int g = -1; (g = idset_next(&s->gpus, g)) >= 0;)
		if (crowds_gpu(s, machine_gpu(s->machine, g)))
			s->keep_open = false;
	if (s->machine->memory_left.is && all > (uint64_t)s->machine->memory_left.value / 2)
		s->keep_open = false;
}

static bool of_one_worker(const struct session *s, size_t unit)
{
	int node = s->sites[session_site_of(s, unit)].site.cpu_node;

	for (size_t i = 1; i <= s->cells[unit].nmembers; i++)
		if (s->sites[s->cells[unit + i].cell.site].site.cpu_node != node)
			return false;
	return true;
}

/* Worker by worker: none keeps its buffers while another lives, and no two meet. */
static void fit_exclusive(struct session *s)
{
	char why[200];

	if (s->exclusive < 0)
		return;
	session_note(s,
		     "%s: GPU %d takes one process at a time (compute mode): those of the CPU "
		     "nodes run one after another",
		     s->bench->name, s->exclusive);
	if (!s->one_at_a_time)
		return;
	s->keep_open = false;
	snprintf(why, sizeof why,
		 "processes on several CPU nodes would have to run at once, and GPU %d takes one "
		 "at a time (compute mode)",
		 s->exclusive);
	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].nmembers && !of_one_worker(s, i))
			session_end_cell(s, i, STATUS_SKIPPED, why);
}

void plan_fit(struct session *s)
{
	fit_memory(s);
	fit_exclusive(s);
}

void plan_say(struct session *s)
{
	size_t active = 0;

	for (size_t i = 0; i < s->ncells; i++)
		active += !s->cells[i].done;
	if (s->ncells)
		session_note(s, "%s: %zu %s, %d rounds or more, %.0f s, seed %llu", s->bench->name,
			     active, active == 1 ? "cell" : "cells", ROUNDS_MIN, s->budget_s,
			     (unsigned long long)s->seed);
}
