#include "result/core_pairs.h"

enum core_bond core_bond(const struct machine *m, int a, int b)
{
	const struct node *x = machine_node_of_cpu(m, a), *y = machine_node_of_cpu(m, b);
	const struct cache *cache = x ? machine_last_cache(x, a) : NULL;
	bool one_node = x == y, one_package;

	if (!x || !y)
		return BOND_NONE;
	if (cache && idset_has(&cache->cpus, b))
		return one_node ? BOND_CACHE : BOND_CACHE_ACROSS;
	one_package = x->package.is && y->package.is && x->package.value == y->package.value;
	return one_node ? BOND_NODE : one_package ? BOND_PACKAGE : BOND_NONE;
}

const char *core_bond_name(enum core_bond b)
{
	static const char *const names[] = {
		[BOND_CACHE] = "same last-level cache",
		[BOND_CACHE_ACROSS] = "same last-level cache, other node",
		[BOND_NODE] = "same node",
		[BOND_PACKAGE] = "other node of the package",
		[BOND_NONE] = "other node",
	};

	return names[b];
}

size_t cores_spread(const struct machine *m, const struct idset *nodes, int *cpus, size_t room)
{
	size_t count = 0, most = 0;

	for (size_t i = 0; i < m->nnodes; i++)
		most = m->nodes[i].ncores > most ? m->nodes[i].ncores : most;
	for (size_t turn = 0; turn < most; turn++)
		for (size_t i = 0; i < m->nnodes; i++) {
			const struct node *n = &m->nodes[i];
			size_t order[n->ncores + 1];

			if (!idset_has(nodes, n->id) || turn >= n->ncores)
				continue;
			machine_spread_cores(n, order);
			if (count < room)
				cpus[count] = idset_next(&n->cores[order[turn]].cpus, -1);
			count++;
		}
	return count;
}
