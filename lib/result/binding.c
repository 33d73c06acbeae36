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
const char *const rank_variables[] = { "LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK",
				       "MPI_LOCALRANKID", "SLURM_LOCALID", NULL };

char *binding_origin(const struct binding *b, char *buf, size_t size)
{
	snprintf(buf, size, "node %d%s", b->node,
		 b->from->measured                      ? " (measured)"
		 : b->from->matters == MATTERS_ONE_NODE ? ""
							: " (declared, not measured: --from RESULT "
							  "would tell)");
	return buf;
}

bool binding_needless(const struct binding *b)
{
	return b->from->matters == MATTERS_NO || b->from->matters == MATTERS_ONE_NODE;
}

char *binding_cost(const struct binding *b, char *buf, size_t size)
{
	buf[0] = '\0';
	if (isfinite(b->rate))
		snprintf(buf, size, "copies to the GPU run at %.0f %% of the rate", 100 * b->rate);
	return buf;
}

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

/* The cores that drive this node are shared among so many GPUs, and so many come before. */
static void users_of(const struct machine *m, const struct recommendation *rec, size_t nrec,
		     const struct idset *among, const struct binding *b, size_t *before,
		     size_t *users)
{
	const struct node *driver = driver_of(m, b);

	*before = *users = 0;
	for (size_t i = 0; i < nrec; i++) {
		bool shares = rec[i].gpu == b->gpu->index || idset_has(among, rec[i].gpu);

		if (!shares || !rec[i].has_node || !machine_node(m, rec[i].node) ||
		    machine_driver(m, rec[i].node) != driver)
			continue;
		*users += 1;
		*before += rec[i].gpu < b->gpu->index;
	}
}

/* Those who are driven by the same cores share them out. */
static int share_cores(const struct machine *m, const struct recommendation *rec, size_t nrec,
		       struct binding *all, size_t n, const struct binding_want *want,
		       struct err *e)
{
	const struct idset *among = idset_empty(&want->among) ? &want->gpus : &want->among;

	for (size_t i = 0; i < n; i++) {
		const struct node *driver = driver_of(m, &all[i]);
		size_t before, users;

		users_of(m, rec, nrec, among, &all[i], &before, &users);
		if (driver)
			all[i].cpus =
				machine_share_cores(driver, before, users, &all[i].cpus_shared);
		/* What a result was allowed to use may be more than this process may. */
		all[i].cpus = idset_and(&all[i].cpus, &m->allowed_cpus);
		if (want->smt == SMT_ONE)
			all[i].cpus = binding_first_siblings(m, &all[i].cpus);
		if (idset_empty(&all[i].cpus))
			return err_set(e, -EINVAL,
				       "GPU %d: none of the CPUs of node %d may be used here",
				       all[i].gpu->index, all[i].node);
	}
	return 0;
}

/* ---- memory ---- */

/* What is given away of the nodes, in the order of the machine's. */
struct pool {
	const struct machine *m;
	struct known *left;
};

/* What buffers may take on a node; on a recorded machine what there is of it. */
static struct known room_on(const struct node *n)
{
	if (!n->allowed || n->kind == NODE_MEMORYLESS)
		return UNKNOWN("it has no memory that may be used here");
	return n->giveable_bytes.is ? n->giveable_bytes
	       : n->free_bytes.is   ? n->free_bytes
				    : n->memory_bytes;
}

static struct known *left_on(const struct pool *p, int node)
{
	return &p->left[machine_node(p->m, node) - p->m->nodes];
}

/* Of interleaved memory every node gives an equal part: the smallest says how much that is. */
static struct known room_over(const struct pool *p, const struct idset *nodes)
{
	struct known room = UNKNOWN("no node");

	for (int id = -1; (id = idset_next(nodes, id)) >= 0;) {
		struct known here = *left_on(p, id);

		if (!here.is)
			return here;
		if (!room.is || here.value < room.value)
			room = here;
	}
	room.value *= (long long)idset_count(nodes);
	if (room.is && p->m->memory_left.is && p->m->memory_left.value < room.value)
		room.value = p->m->memory_left.value;
	return room;
}

static void give_away(const struct pool *p, const struct idset *nodes, uint64_t bytes)
{
	uint64_t part = bytes / (idset_count(nodes) ? idset_count(nodes) : 1);

	for (int id = -1; (id = idset_next(nodes, id)) >= 0;)
		left_on(p, id)->value -= (long long)part;
}

/* The k nearest nodes of which each has room for that much; fewer where there are not so many. */
static struct idset nearest_with(const struct pool *p, int from, size_t k, uint64_t part)
{
	struct idset taken = { { 0 } };

	while (idset_count(&taken) < k) {
		const struct node *best = NULL;
		long long nearest = 0;

		for (size_t i = 0; i < p->m->nnodes; i++) {
			const struct node *n = &p->m->nodes[i];
			struct known d = machine_distance(p->m, from, n->id);
			long long far = n->id == from ? 0 : d.is ? d.value : 10;

			if (idset_has(&taken, n->id) || !p->left[i].is ||
			    p->left[i].value < (long long)part || (best && far >= nearest))
				continue;
			best = n;
			nearest = far;
		}
		if (!best)
			break;
		idset_add(&taken, best->id);
	}
	return taken;
}

/* What `users` processes of one node want, "4 times 16 GiB". */
static char *say_wanted(char *buf, size_t size, size_t users, uint64_t need)
{
	char bytes[32];

	format_size(bytes, sizeof bytes, need);
	if (users == 1)
		snprintf(buf, size, "%s", bytes);
	else
		snprintf(buf, size, "%zu times %s", users, bytes);
	return buf;
}

/* The processes of one node that do not fit there. */
static int spread_memory(const struct pool *p, struct binding *all, size_t n, int node,
			 size_t users, uint64_t need, struct err *e)
{
	struct idset nodes = { { 0 } };
	char asked[64], list[128];
	size_t k = 2;

	say_wanted(asked, sizeof asked, users, need);
	for (; k <= p->m->nnodes; k++) {
		nodes = nearest_with(p, node, k, (users * need + k - 1) / k);
		if (idset_count(&nodes) == k)
			break;
	}
	if (k > p->m->nnodes)
		return err_set(e, -ENOSPC,
			       "GPUs of node %d: %s needed, and no nodes of this machine have so "
			       "much free between them",
			       node, asked);
	idset_format(&nodes, list, sizeof list);
	for (size_t i = 0; i < n; i++) {
		if (all[i].node != node)
			continue;
		all[i].memory = BINDING_INTERLEAVE;
		all[i].memory_nodes = nodes;
		all[i].room = room_over(p, &nodes);
		snprintf(all[i].note, sizeof all[i].note,
			 "%s do not fit on node %d: interleaved over nodes %s", asked, node, list);
	}
	give_away(p, &nodes, users * need);
	return 0;
}

static size_t users_of_memory(const struct binding *all, size_t n, int node)
{
	size_t users = 0;

	for (size_t i = 0; i < n; i++)
		users += all[i].node == node && all[i].memory != BINDING_NONE;
	return users;
}

static bool first_of_node(const struct binding *all, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (all[j].node == all[i].node)
			return false;
	return true;
}

/* First those that fit on their own node, then the others over what is left. */
static int fit_memory(const struct pool *p, struct binding *all, size_t n, uint64_t need,
		      struct err *e)
{
	enum { AT_HOME, SPREAD, PASSES };
	int rc = 0;

	for (int pass = AT_HOME; pass < PASSES; pass++)
		for (size_t i = 0; i < n && rc == 0; i++) {
			struct binding *b = &all[i];
			size_t users = users_of_memory(all, n, b->node);

			/* How much there is may be unknown, of a recorded machine. */
			if (!users || !first_of_node(all, i) || !b->room.is)
				continue;
			if ((uint64_t)b->room.value >= users * need) {
				if (pass == AT_HOME)
					give_away(p, &b->memory_nodes, users * need);
			} else if (pass == SPREAD) {
				rc = spread_memory(p, all, n, b->node, users, need, e);
			}
		}
	return rc;
}

/* With memory that may spill, or lies everywhere anyway. */
static int look_at_room(struct binding *all, size_t n, uint64_t need, struct err *e)
{
	char asked[64], has[32];

	for (size_t i = 0; i < n; i++) {
		struct binding *b = &all[i];
		bool everywhere = b->memory == BINDING_INTERLEAVE;
		size_t users = everywhere ? n : users_of_memory(all, n, b->node);

		if (b->memory == BINDING_NONE || !b->room.is ||
		    users * need <= (uint64_t)b->room.value)
			continue;
		say_wanted(asked, sizeof asked, users, need);
		format_size(has, sizeof has, (uint64_t)b->room.value);
		if (everywhere)
			return err_set(e, -ENOSPC, "%s needed, and all nodes in turn give %s",
				       asked, has);
		snprintf(b->note, sizeof b->note,
			 "%s do not fit on node %d, which gives %s: the rest goes to other nodes",
			 asked, b->node, has);
	}
	return 0;
}

static void memoryless(const struct machine *m, struct binding *b, const struct node *home)
{
	const struct node *near = machine_memory_for(m, b->node);
	char nearest[64] = "";

	b->memory = BINDING_NONE;
	b->room = UNKNOWN("its node has no memory that may be used here");
	if (near)
		snprintf(nearest, sizeof nearest, " (the nearest memory is node %d's)", near->id);
	snprintf(b->note, sizeof b->note, "node %d has no memory %s: its CPUs alone are bound%s",
		 b->node,
		 home->kind == NODE_MEMORYLESS ? "to bind to" : "that may be used here (cpuset)",
		 nearest);
}

static void choose_memory(const struct pool *p, struct binding *b, const struct binding_want *want)
{
	const struct node *home = machine_node(p->m, b->node);

	b->memory = want->memory;
	b->need = want->need;
	b->room = room_on(home);
	if (home->kind == NODE_MEMORYLESS || !home->allowed)
		memoryless(p->m, b, home);
	if (b->memory == BINDING_NONE)
		return;
	if (b->memory == BINDING_INTERLEAVE)
		b->memory_nodes = machine_memory_nodes(p->m);
	else
		idset_add(&b->memory_nodes, b->node);
	b->room = room_over(p, &b->memory_nodes);
}

static int within_limit(const struct machine *m, const struct binding *all, size_t n, uint64_t need,
			struct err *e)
{
	size_t users = 0;
	char asked[64], has[32];

	for (size_t i = 0; i < n; i++)
		users += all[i].memory != BINDING_NONE;
	if (!m->memory_left.is || users * need <= (uint64_t)m->memory_left.value)
		return 0;
	say_wanted(asked, sizeof asked, users, need);
	return err_set(e, -ENOSPC, "%s needed, and the cgroup's memory limit leaves %s", asked,
		       format_size(has, sizeof has, (uint64_t)m->memory_left.value));
}

static int give_memory(const struct machine *m, struct binding *all, size_t n,
		       const struct binding_want *want, struct err *e)
{
	struct pool p = { .m = m, .left = calloc(m->nnodes + 1, sizeof *p.left) };
	int rc;

	if (!p.left)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < m->nnodes; i++)
		p.left[i] = room_on(&m->nodes[i]);
	for (size_t i = 0; i < n; i++)
		choose_memory(&p, &all[i], want);
	rc = want->need ? within_limit(m, all, n, want->need, e) : 0;
	if (rc == 0 && want->need)
		rc = want->memory == BINDING_BIND ? fit_memory(&p, all, n, want->need, e)
						  : look_at_room(all, n, want->need, e);
	free(p.left);
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

static void say_cost(struct binding *b)
{
	size_t used = strlen(b->note);
	char cost[64];

	if (binding_cost(b, cost, sizeof cost)[0])
		snprintf(b->note + used, sizeof b->note - used, "%s%s", used ? "; " : "", cost);
}

/* ---- all of them ---- */

static int take_gpus(struct binding *all, size_t *n, const struct machine *m,
		     const struct recommendation *rec, size_t nrec, const struct result *res,
		     const struct idset *gpus, struct err *e)
{
	for (size_t i = 0; i < nrec; i++) {
		const struct gpu *g = machine_gpu(m, rec[i].gpu);

		if (!g || !idset_has(gpus, rec[i].gpu))
			continue;
		if (!rec[i].has_node || !machine_node(m, rec[i].node))
			return err_set(e, -ENODEV,
				       "GPU %d: no node is declared for it (%s), and %s; measure "
				       "with `numabench --all`, then give --from RESULT",
				       rec[i].gpu, gpu_declared_node(m, g).why,
				       res ? "the result recommends none" : "no result was given");
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
	const uint64_t most = UINT64_C(1) << 50; /* so that sums over all GPUs have room */
	struct binding *v;
	size_t count = 0;
	int rc;

	if (want->need > most)
		return err_set(e, -ENOSPC, "no machine has more than %" PRIu64 " PiB of memory",
			       most >> 50);
	v = calloc(nrecommended + 1, sizeof *v);
	if (!v)
		return err_set(e, -ENOMEM, "out of memory");
	rc = take_gpus(v, &count, m, recommended, nrecommended, res, &want->gpus, e);
	if (rc == 0)
		rc = share_cores(m, recommended, nrecommended, v, count, want, e);
	if (rc == 0)
		rc = give_memory(m, v, count, want, e);
	for (size_t i = 0; i < count && rc == 0; i++)
		if (v[i].memory == BINDING_INTERLEAVE) {
			v[i].rate = interleaved_rate(m, res, &v[i]);
			say_cost(&v[i]);
		}
	if (rc < 0) {
		free(v);
		return rc;
	}
	*all = v;
	*n = count;
	return 0;
}
