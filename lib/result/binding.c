#include "result/binding.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/units.h"

const char *const binding_memory_words[] = { [BINDING_BIND] = "bind",
					     [BINDING_PREFERRED] = "preferred",
					     [BINDING_INTERLEAVE] = "interleave",
					     [BINDING_NONE] = "none",
					     NULL };
const char *const binding_smt_words[] = { [SMT_ALL] = "all", [SMT_ONE] = "one", NULL };

struct idset binding_first_siblings(const struct machine *m, const struct idset *cpus)
{
	struct idset first = { 0 };

	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t k = 0; k < m->nodes[i].ncores; k++) {
			struct idset core = idset_and(&m->nodes[i].cores[k].cpus, cpus);

			idset_add(&first, idset_next(&core, -1));
		}
	return first;
}

/* ---- cores ---- */

static const struct node *driver_of(const struct machine *m, const struct binding *b)
{
	return machine_driver(m, b->node);
}

/* Those who are driven by the same cores share them out. */
static int share_cores(const struct machine *m, struct binding *all, size_t n, enum binding_smt smt,
		       struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct node *driver = driver_of(m, &all[i]);
		size_t before = 0, users = 0;

		for (size_t j = 0; j < n; j++)
			if (driver_of(m, &all[j]) == driver) {
				users++;
				before += j < i;
			}
		if (driver)
			all[i].cpus =
				machine_share_cores(driver, before, users, &all[i].cpus_shared);
		/* What a result was allowed to use may be more than this process may. */
		all[i].cpus = idset_and(&all[i].cpus, &m->allowed_cpus);
		if (smt == SMT_ONE)
			all[i].cpus = binding_first_siblings(m, &all[i].cpus);
		if (idset_empty(&all[i].cpus))
			return err_set(e, -EINVAL,
				       "GPU %d: none of the CPUs of node %d may be used here",
				       all[i].gpu->index, all[i].node);
	}
	return 0;
}

/* ---- memory ---- */

/* What buffers may take on a node; on a recorded machine what there is of it. */
static struct known room_on(const struct node *n)
{
	if (!n || !n->allowed)
		return UNKNOWN("its memory may not be used here");
	return n->giveable_bytes.is ? n->giveable_bytes
	       : n->free_bytes.is   ? n->free_bytes
				    : n->memory_bytes;
}

/* The next nearest node with memory that is not among `taken`; NULL: there is none. */
static const struct node *next_nearest(const struct machine *m, int from, const struct idset *taken)
{
	const struct node *best = NULL;
	long long nearest = 0;

	for (size_t i = 0; i < m->nnodes; i++) {
		const struct node *n = &m->nodes[i];
		struct known d = machine_distance(m, from, n->id);
		long long far = d.is ? d.value : 0;

		if (!n->allowed || n->kind == NODE_MEMORYLESS || idset_has(taken, n->id))
			continue;
		if (!best || far < nearest) {
			best = n;
			nearest = far;
		}
	}
	return best;
}

/* Of interleaved memory every node gives an equal part: the smallest says how much that is. */
static struct known room_over(const struct machine *m, const struct idset *nodes)
{
	struct known room = UNKNOWN("no node");

	for (int id = -1; (id = idset_next(nodes, id)) >= 0;) {
		struct known here = room_on(machine_node(m, id));

		if (!here.is)
			return here;
		if (!room.is || here.value < room.value)
			room = here;
	}
	if (room.is)
		room.value *= (long long)idset_count(nodes);
	return room;
}

/* Bytes that all processes with memory of b's node want together. */
static uint64_t wanted_there(const struct binding *all, size_t n, const struct binding *b,
			     uint64_t need)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].node == b->node)
			sum += need;
	return sum;
}

/* Adds nearest nodes until what is wanted fits. Sums over processes of other nodes are not
 * looked at: who asks for more than a node has is told so, and looks himself. */
static int spread_memory(const struct machine *m, struct binding *b, uint64_t want, struct err *e)
{
	char has[32], asked[32], list[64];

	format_size(asked, sizeof asked, want);
	while (b->room.is && (uint64_t)b->room.value < want) {
		const struct node *next = next_nearest(m, b->node, &b->memory_nodes);

		if (!next)
			return err_set(e, -ENOSPC,
				       "GPU %d: %s are needed, and all nodes together give %s",
				       b->gpu->index, asked,
				       format_size(has, sizeof has, (uint64_t)b->room.value));
		idset_add(&b->memory_nodes, next->id);
		b->room = room_over(m, &b->memory_nodes);
	}
	if (idset_count(&b->memory_nodes) > 1) {
		b->memory = BINDING_INTERLEAVE;
		idset_format(&b->memory_nodes, list, sizeof list);
		snprintf(b->note, sizeof b->note,
			 "%s do not fit on node %d: interleaved over nodes %s", asked, b->node,
			 list);
	}
	return 0;
}

static int give_memory(const struct machine *m, struct binding *all, size_t n,
		       const struct binding_want *want, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct binding *b = &all[i];
		const struct node *home = machine_node(m, b->node);

		b->memory = want->memory;
		b->room = room_on(home);
		if (home->kind == NODE_MEMORYLESS || !home->allowed) {
			snprintf(b->note, sizeof b->note, "node %d has no memory to bind to: %s",
				 b->node, "its CPUs alone are bound");
			b->memory = BINDING_NONE;
		}
		if (b->memory == BINDING_NONE)
			continue;
		if (b->memory == BINDING_INTERLEAVE && !want->need) {
			b->memory_nodes = machine_memory_nodes(m);
			b->room = room_over(m, &b->memory_nodes);
			continue;
		}
		idset_add(&b->memory_nodes, b->node);
		if (want->need && b->memory != BINDING_PREFERRED)
			rc = spread_memory(m, b, wanted_there(all, n, b, want->need), e);
	}
	return rc;
}

/* ---- what interleaving costs ---- */

/* Pinned copies to the GPU out of one node by the cores that b binds to; NaN: not measured. */
static double copy_rate(const struct result *res, const struct binding *b, int cpu_node,
			int mem_node)
{
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (strcmp(r->test, "gpu-bandwidth") == 0 && record_has(r, "gpu") &&
		    r->gpu == b->gpu->index && record_has(r, "mem_node") &&
		    r->mem_node == mem_node && r->cpu_node == cpu_node && record_has(r, "memory") &&
		    r->memory == MEM_PINNED && r->direction == DIR_H2D &&
		    !record_has(r, "together") && r->bytes == RECORD_USUAL_COPY &&
		    record_has_figure(r))
			return r->median;
	}
	return NAN;
}

/* Of the node that b binds to with its own cores; of others with those of b, else with theirs: a
 * pinned copy is the same. */
static double rate_from(const struct result *res, const struct binding *b, int cpu_node, int node)
{
	double rate = copy_rate(res, b, cpu_node, node);

	return isnan(rate) ? copy_rate(res, b, node, node) : rate;
}

static double interleaved_rate(const struct machine *m, const struct result *res,
			       const struct binding *b)
{
	const struct node *driver = driver_of(m, b);
	double seconds = 0, n = (double)idset_count(&b->memory_nodes);

	if (!res || !driver || n < 2)
		return NAN;
	for (int id = -1; (id = idset_next(&b->memory_nodes, id)) >= 0;)
		seconds += 1 / rate_from(res, b, driver->id, id);
	return n / seconds / rate_from(res, b, driver->id, b->node);
}

/* ---- all of them ---- */

static int take_gpus(struct binding *all, size_t *n, const struct machine *m,
		     const struct recommendation *rec, size_t nrec, const struct idset *gpus,
		     struct err *e)
{
	for (size_t i = 0; i < nrec; i++) {
		const struct gpu *g = machine_gpu(m, rec[i].gpu);

		if (!g || !idset_has(gpus, rec[i].gpu))
			continue;
		if (!rec[i].has_node || !machine_node(m, rec[i].node))
			return err_set(e, -ENODEV,
				       "GPU %d: no node is declared for it (%s), and none was "
				       "measured as the best; measure with `numabench --all`, then "
				       "give --from RESULT",
				       rec[i].gpu, gpu_declared_node(m, g).why);
		all[(*n)++] = (struct binding){
			.gpu = g, .from = &rec[i], .node = rec[i].node, .rate = NAN
		};
	}
	return 0;
}

int bindings_make(struct binding **all, size_t *n, const struct machine *m,
		  const struct recommendation *recommended, size_t nrecommended,
		  const struct result *res, const struct binding_want *want, struct err *e)
{
	struct binding *v = calloc(nrecommended + 1, sizeof *v);
	size_t count = 0;
	int rc;

	if (!v)
		return err_set(e, -ENOMEM, "out of memory");
	rc = take_gpus(v, &count, m, recommended, nrecommended, &want->gpus, e);
	if (rc == 0)
		rc = share_cores(m, v, count, want->smt, e);
	if (rc == 0)
		rc = give_memory(m, v, count, want, e);
	for (size_t i = 0; i < count && rc == 0; i++)
		if (v[i].memory == BINDING_INTERLEAVE)
			v[i].rate = interleaved_rate(m, res, &v[i]);
	if (rc < 0) {
		free(v);
		return rc;
	}
	*all = v;
	*n = count;
	return 0;
}
