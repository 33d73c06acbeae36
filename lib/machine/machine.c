#include "machine/machine.h"

#include <stdlib.h>
#include <string.h>

static const char *const node_kinds[] = {
	[NODE_ORDINARY] = "ordinary",
	[NODE_CPULESS] = "cpuless",
	[NODE_MEMORYLESS] = "memoryless",
};
static const char *const gpu_states[] = {
	[GPU_USABLE] = "usable",       [GPU_HIDDEN] = "hidden", [GPU_LOST] = "lost",
	[GPU_NO_DRIVER] = "no-driver", [GPU_VFIO] = "vfio",     [GPU_UNPROBED] = "unprobed",
	[GPU_NO_CUDA] = "no-cuda",
};
static const char *const device_kinds[] = {
	[DEVICE_NIC] = "nic",
	[DEVICE_NVME] = "nvme",
};

const char *node_kind_name(enum node_kind k)
{
	return node_kinds[k];
}

const char *gpu_state_name(enum gpu_state s)
{
	return gpu_states[s];
}

const char *device_kind_name(enum device_kind k)
{
	return device_kinds[k];
}

const struct node *machine_node(const struct machine *m, int id)
{
	for (size_t i = 0; i < m->nnodes; i++)
		if (m->nodes[i].id == id)
			return &m->nodes[i];
	return NULL;
}

const struct gpu *machine_gpu(const struct machine *m, int index)
{
	for (size_t i = 0; i < m->ngpus; i++)
		if (m->gpus[i].index == index)
			return &m->gpus[i];
	return NULL;
}

struct known machine_distance(const struct machine *m, int a, int b)
{
	const struct node *from = machine_node(m, a), *to = machine_node(m, b);

	if (!from || !to)
		return UNKNOWN("no such node");
	if (!m->distances)
		return UNKNOWN("the kernel gives no distances");
	return KNOWN(m->distances[(size_t)(from - m->nodes) * m->nnodes + (size_t)(to - m->nodes)]);
}

static bool drives(const struct node *n)
{
	return !idset_empty(&n->allowed_cpus);
}

static bool serves(const struct node *n)
{
	return n->allowed && n->kind != NODE_MEMORYLESS;
}

/* The nearest node that `fits`; itself first, the lower number among equals.
 * `outwards`: the distance from `id` to the other, else the other way round. An
 * unknown distance counts as the greatest. */
static const struct node *nearest(const struct machine *m, int id,
				  bool (*fits)(const struct node *), bool outwards)
{
	const struct node *self = machine_node(m, id), *best = NULL;
	long long least = 0;

	if (self && fits(self))
		return self;
	for (size_t i = 0; i < m->nnodes; i++) {
		const struct node *n = &m->nodes[i];
		struct known d =
			outwards ? machine_distance(m, id, n->id) : machine_distance(m, n->id, id);
		long long far = d.is ? d.value : INT32_MAX;

		if (!fits(n) || (best && far >= least))
			continue;
		best = n;
		least = far;
	}
	return best;
}

const struct node *machine_driver(const struct machine *m, int id)
{
	return nearest(m, id, drives, false);
}

const struct node *machine_memory_for(const struct machine *m, int id)
{
	return nearest(m, id, serves, true);
}

static struct idset nodes_that(const struct machine *m, bool (*fits)(const struct node *))
{
	struct idset s = { 0 };

	for (size_t i = 0; i < m->nnodes; i++)
		if (fits(&m->nodes[i]))
			idset_add(&s, m->nodes[i].id);
	return s;
}

struct idset machine_cpu_nodes(const struct machine *m)
{
	return nodes_that(m, drives);
}

struct idset machine_memory_nodes(const struct machine *m)
{
	return nodes_that(m, serves);
}

const struct node *machine_node_of_cpu(const struct machine *m, int cpu)
{
	for (size_t i = 0; i < m->nnodes; i++)
		if (idset_has(&m->nodes[i].cpus, cpu))
			return &m->nodes[i];
	return NULL;
}

struct known gpu_declared_node(const struct machine *m, const struct gpu *g)
{
	const struct {
		const struct known *node;
		const char *who;
	} sources[] = {
		{ &g->node_sysfs, "sysfs" },
		{ &g->node_nvml, "NVML" },
		{ &g->node_cuda, "CUDA" },
	};
	bool elsewhere = false;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const struct known *k = sources[i].node;

		if (!k->is)
			continue;
		if (k->value >= 0 && k->value < IDSET_MAX && machine_node(m, (int)k->value))
			return (struct known){ true, k->value, sources[i].who };
		elsewhere = true;
	}
	if (m->nnodes == 1)
		return (struct known){ true, m->nodes[0].id, "the machine has one node" };
	return elsewhere ? UNKNOWN("the declared node does not exist on this machine")
			 : g->node_sysfs;
}

const struct cache *machine_last_cache(const struct node *n, int cpu)
{
	const struct cache *last = NULL;

	for (size_t i = 0; i < n->ncaches; i++)
		if (idset_has(&n->caches[i].cpus, cpu) &&
		    (!last || n->caches[i].level > last->level))
			last = &n->caches[i];
	return last;
}

bool gpu_out_of_reach(const struct machine *m, const struct gpu *g)
{
	struct known k = gpu_declared_node(m, g);
	const struct node *n = k.is ? machine_node(m, (int)k.value) : NULL;

	return n && ((n->kind != NODE_CPULESS && idset_empty(&n->allowed_cpus)) ||
		     (n->kind != NODE_MEMORYLESS && !n->allowed));
}

uint64_t machine_llc_bytes(const struct machine *m, const struct idset *cpus)
{
	struct idset left = *cpus;
	uint64_t bytes = 0;

	for (int cpu = -1; (cpu = idset_next(&left, cpu)) >= 0;) {
		const struct node *n = machine_node_of_cpu(m, cpu);
		const struct cache *last = n ? machine_last_cache(n, cpu) : NULL;

		if (!last)
			continue;
		bytes += last->bytes;
		/* Whoever shares it is counted with it, on other nodes too. */
		left = idset_minus(&left, &last->cpus);
	}
	return bytes;
}

void machine_spread_cores(const struct node *n, size_t *order)
{
	const struct cache *cache[n->ncores + 1];
	size_t place[n->ncores + 1], k = 0;

	for (size_t c = 0; c < n->ncores; c++) {
		cache[c] = machine_last_cache(n, idset_next(&n->cores[c].cpus, -1));
		place[c] = 0;
		for (size_t d = 0; d < c; d++)
			place[c] += cache[d] == cache[c];
	}
	for (size_t turn = 0; k < n->ncores; turn++)
		for (size_t c = 0; c < n->ncores; c++)
			if (place[c] == turn)
				order[k++] = c;
}

struct idset machine_share_cores(const struct node *n, size_t share, size_t shares, bool *shared)
{
	struct idset cpus = { 0 };
	size_t from, to;

	if (shares == 0)
		shares = 1;
	share %= shares;
	*shared = n->ncores > 0 && shares > n->ncores;
	from = share * n->ncores / shares;
	to = (share + 1) * n->ncores / shares;
	if (*shared)
		to = from + 1;
	for (size_t i = from; i < to; i++)
		cpus = idset_or(&cpus, &n->cores[i].cpus);
	return cpus;
}

void machine_release(struct machine *m)
{
	for (size_t i = 0; i < m->nnodes; i++) {
		free(m->nodes[i].cores);
		free(m->nodes[i].caches);
	}
	free(m->nodes);
	free(m->distances);
	free(m->gpus);
	free(m->gpu_paths);
	free(m->devices);
	json_decref(m->host);
	json_decref(m->reasons);
	*m = (struct machine){ 0 };
}

const char *machine_gpu_path(const struct machine *m, int a, int b)
{
	const struct gpu *from = machine_gpu(m, a), *to = machine_gpu(m, b);

	return m->gpu_paths && from && to
		       ? m->gpu_paths[(size_t)(from - m->gpus) * m->ngpus + (size_t)(to - m->gpus)]
		       : "";
}
