/* What cores have in common, and the order in which the first few tell most. */
#include "planted.h"

#include "result/core_pairs.h"

enum { CORES = 4 };

/* Two nodes of four cores; node 0 has a cache for each two of them, node 1 one for all, which also
 * serves the last core of node 0 where `across`. */
static void plant(struct machine *m, bool across)
{
	struct node *n;

	plant_machine(m, 2, CORES, 0);
	n = &m->nodes[0];
	n->caches = calloc(3, sizeof(*n->caches));
	n->ncaches = 3;
	for (int i = 0; i < 2; i++) {
		n->caches[i] = (struct cache){ .level = 3, .bytes = 32 << 20 };
		for (int c = 0; c < 4; c++)
			idset_add(&n->caches[i].cpus, 4 * i + c);
	}
	n->caches[2] = (struct cache){ .level = 2, .bytes = 1 << 20 }; /* not the last level */
	idset_add(&n->caches[2].cpus, 0);
	n = &m->nodes[1];
	n->caches = calloc(1, sizeof(*n->caches));
	n->ncaches = 1;
	n->caches[0] = (struct cache){ .level = 3, .bytes = 64 << 20, .cpus = n->cpus };
	if (across) {
		idset_add(&n->caches[0].cpus, 7);
		idset_add(&m->nodes[0].caches[1].cpus, 8);
	}
}

static void test_bonds(void **state)
{
	struct machine m;

	(void)state;
	plant(&m, false);
	assert_int_equal(core_bond(&m, 0, 2), BOND_CACHE);
	assert_int_equal(core_bond(&m, 2, 0), BOND_CACHE);
	assert_int_equal(core_bond(&m, 0, 4), BOND_NODE);
	assert_int_equal(core_bond(&m, 0, 8), BOND_NONE);
	assert_int_equal(core_bond(&m, 8, 14), BOND_CACHE);
	assert_int_equal(core_bond(&m, 0, 99), BOND_NONE);
	m.nodes[1].package = m.nodes[0].package;
	assert_int_equal(core_bond(&m, 0, 8), BOND_PACKAGE);
	m.nodes[0].package = m.nodes[1].package = UNKNOWN("not told");
	assert_int_equal(core_bond(&m, 0, 8), BOND_NONE);
	m.nodes[1].ncaches = 0; /* none is known */
	assert_int_equal(core_bond(&m, 8, 14), BOND_NODE);
	m.nodes[1].ncaches = 1;
	machine_release(&m);
	plant(&m, true);
	assert_int_equal(core_bond(&m, 7, 8), BOND_CACHE_ACROSS);
	machine_release(&m);
	for (int b = 0; b < BONDS; b++)
		assert_true(core_bond_name((enum core_bond)b)[0]);
}

static void test_spread(void **state)
{
	/* The first core of each node, the first behind node 0's other cache, .. */
	static const int expected[] = { 0, 8, 4, 10, 2, 12, 6, 14 };
	struct idset nodes = { 0 };
	int cpus[2 * CORES];
	struct machine m;

	(void)state;
	plant(&m, false);
	assert_int_equal(cores_spread(&m, &nodes, cpus, 2 * CORES), 0);
	idset_add(&nodes, 0);
	idset_add(&nodes, 1);
	assert_int_equal(cores_spread(&m, &nodes, NULL, 0), 2 * CORES);
	assert_int_equal(cores_spread(&m, &nodes, cpus, 2 * CORES), 2 * CORES);
	assert_memory_equal(cpus, expected, sizeof(expected));
	cpus[2] = -1; /* past the room nothing is written */
	assert_int_equal(cores_spread(&m, &nodes, cpus, 2), 2 * CORES);
	assert_int_equal(cpus[2], -1);
	nodes = (struct idset){ 0 };
	idset_add(&nodes, 1);
	assert_int_equal(cores_spread(&m, &nodes, cpus, 2 * CORES), CORES);
	assert_int_equal(cpus[0], 8);
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bonds),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
