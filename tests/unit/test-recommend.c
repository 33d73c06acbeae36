/* test-recommend.c - which node is recommended, and on what grounds. */
#include <math.h>

#include "planted.h"
#include "result/recommend.h"

static void plant(struct result *res, const char *test, enum direction d, int node, double figure)
{
	plant_record(res, (struct planted){ .test = test,
					    .direction = d,
					    .node = node,
					    .rounds = 12,
					    .openings = 3,
					    .figure = figure,
					    .noise = 0.004 });
}

static const struct recommendation *first(struct result *res)
{
	assert_int_equal(recommend(res), 0);
	assert_int_equal(res->nrecommendations, res->machine.ngpus);
	return &res->recommendations[0];
}

#define SAYS(r, text)                                                                              \
	do {                                                                                       \
		if (!strstr((r)->why, text))                                                       \
			fail_msg("\"%s\" does not say \"%s\"", (r)->why, text);                    \
	} while (0)

static void test_better_node(void **state)
{
	const struct recommendation *r;
	struct result res;

	(void)state;
	plant_result(&res, 2, 4, 1);
	plant(&res, "gpu-bandwidth", DIR_H2D, 0, 20e9);
	plant(&res, "gpu-bandwidth", DIR_H2D, 1, 27.6e9);
	plant(&res, "gpu-bandwidth", DIR_D2H, 0, 20e9);
	plant(&res, "gpu-bandwidth", DIR_D2H, 1, 20.02e9);
	plant(&res, "gpu-latency", DIR_H2D, 0, 3e-6); /* lower is better, by 1.5 */
	plant(&res, "gpu-latency", DIR_H2D, 1, 2e-6);
	r = first(&res);
	assert_true(r->has_node && r->measured && !r->cpus_shared && !r->cpus_only);
	assert_int_equal(r->node, 1);
	assert_int_equal(r->matters, MATTERS_YES);
	assert_int_equal(r->agreement, DISAGREES); /* declared is node 0 */
	assert_int_equal(r->nevidence, 3);
	assert_string_equal(r->evidence[0].test, "gpu-latency");
	assert_true(fabs(r->evidence[0].advantage - 1.5) < 0.01);
	assert_true(fabs(r->evidence[1].advantage - 1.38) < 0.01);
	assert_true(r->evidence[1].low > 1.36 && r->evidence[1].high < 1.4);
	assert_int_equal(r->evidence[1].best, 1);
	assert_int_equal(r->evidence[1].other, 0);
	assert_int_equal(r->evidence[1].matters, MATTERS_YES);
	assert_int_equal(r->evidence[2].matters, MATTERS_NO);
	assert_true(r->evidence[0].bytes == 4096);
	assert_true(r->advantage == r->evidence[0].advantage && r->low == r->evidence[0].low);
	SAYS(r, "node 1: pinned h2d latency of 4 KiB 1.5");
	SAYS(r, "declared: node 0, disagrees");
	assert_int_equal(recommend(&res), 0); /* once more: nothing doubles */
	assert_int_equal(res.nrecommendations, 1);
	result_release(&res);
}

/* Figures of both nodes, and what is to be said of them. */
static void test_two_nodes(void **state)
{
	static const struct {
		const char *name;
		double h2d[2], d2h[2], noise;
		int rounds, openings;
		enum matters matters;
		int node;
		const char *says;
	} rows[] = {
		{ "equal",
		  { 26e9, 26e9 },
		  { 26e9, 26e9 },
		  0.004,
		  12,
		  3,
		  MATTERS_NO,
		  0,
		  "no measurable difference here; node 0 is followed, as declared (sysfs)" },
		{ "a little",
		  { 26e9, 26.26e9 },
		  { 26e9, 26e9 },
		  0.004,
		  12,
		  3,
		  MATTERS_NO,
		  0,
		  "no measurable difference" },
		{ "within noise",
		  { 26e9, 27e9 },
		  { 26e9, 26e9 },
		  0.1,
		  12,
		  3,
		  MATTERS_UNDECIDED,
		  0,
		  "undecided: too few samples, or intervals too wide" },
		{ "five rounds",
		  { 10e9, 27e9 },
		  { 10e9, 26e9 },
		  0.004,
		  5,
		  3,
		  MATTERS_UNDECIDED,
		  0,
		  "undecided" },
		{ "two openings",
		  { 10e9, 27e9 },
		  { 10e9, 26e9 },
		  0.004,
		  12,
		  2,
		  MATTERS_UNDECIDED,
		  0,
		  "undecided" },
		{ "six rounds",
		  { 10e9, 27e9 },
		  { 10e9, 26e9 },
		  0.004,
		  6,
		  3,
		  MATTERS_YES,
		  1,
		  "node 1: pinned h2d 2.70x node 0" },
		{ "declared is best",
		  { 27e9, 10e9 },
		  { 26e9, 10e9 },
		  0.004,
		  6,
		  3,
		  MATTERS_YES,
		  0,
		  "declared: node 0, agrees" },
		{ "contradiction",
		  { 27e9, 10e9 },
		  { 10e9, 27e9 },
		  0.004,
		  6,
		  3,
		  MATTERS_UNDECIDED,
		  0,
		  "pinned h2d is better on node 0, pinned d2h on node 1; node 0 is followed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct recommendation *r;
		struct result res;

		plant_result(&res, 2, 4, 1);
		for (int d = 0; d < 2; d++)
			for (int n = 0; n < 2; n++)
				plant_record(&res,
					     (struct planted){
						     .test = "gpu-bandwidth",
						     .direction = d ? DIR_D2H : DIR_H2D,
						     .node = n,
						     .rounds = rows[i].rounds,
						     .openings = rows[i].openings,
						     .figure = (d ? rows[i].d2h : rows[i].h2d)[n],
						     .noise = rows[i].noise });
		r = first(&res);
		if (r->matters != rows[i].matters || !r->has_node || r->node != rows[i].node ||
		    !r->measured || !strstr(r->why, rows[i].says))
			fail_msg("%s: %s, node %d: %s", rows[i].name, matters_name(r->matters),
				 r->node, r->why);
		assert_int_equal(r->nevidence, 2);
		assert_int_equal(isnan(r->low) != 0, rows[i].rounds < 6);
		result_release(&res);
	}
}

/* Samples are paired by round: a drift that hits both nodes alike takes nothing away. */
static void test_pairs(void **state)
{
	struct result res;
	const struct recommendation *r;

	(void)state;
	plant_result(&res, 2, 4, 1);
	for (int n = 0; n < 2; n++) {
		struct record *rec = plant_record(&res, (struct planted){ .test = "gpu-bandwidth",
									  .node = n,
									  .gpu = 0,
									  .rounds = 8,
									  .openings = 4,
									  .figure = 1 });

		for (int i = 0; i < 8; i++) {
			/* The second node's list stands backwards, and it missed round 0. */
			int at = n ? 7 - i : i, round = n ? 8 - i : i;

			rec->samples.v[i] = (n ? 1.1e10 : 1e10) * (1 + 0.5 * round);
			rec->round.v[i] = round;
			rec->fresh.v[i] = at / 2;
		}
	}
	r = first(&res);
	assert_int_equal(r->matters, MATTERS_YES);
	assert_true(fabs(r->advantage - 1.1) < 1e-12);
	assert_true(fabs(r->low - 1.1) < 1e-12 && fabs(r->high - 1.1) < 1e-12);
	/* Without one round in common there is nothing to say. */
	for (int i = 0; i < 8; i++)
		res.records[1].round.v[i] += 100;
	r = first(&res);
	assert_int_equal(r->matters, MATTERS_UNDECIDED);
	assert_true(isnan(r->advantage));
	result_release(&res);
}

static void test_four_nodes(void **state)
{
	const double figures[] = { 20e9, 20.01e9, 10e9, 12e9 };
	struct result res;
	const struct recommendation *r;

	(void)state;
	/* Two are as good: of them, the declared one. */
	plant_result(&res, 4, 4, 2);
	for (int n = 0; n < 4; n++)
		plant(&res, "gpu-bandwidth", DIR_H2D, n, figures[n]);
	r = first(&res);
	assert_int_equal(r->node, 0);
	assert_int_equal(r->matters, MATTERS_YES);
	assert_int_equal(r->agreement, AGREES);
	assert_int_equal(r->nevidence, 3);
	assert_int_equal(r->evidence[0].best, 0);
	assert_int_equal(r->evidence[0].other, 2);
	assert_int_equal(r->evidence[1].other, 3);
	assert_int_equal(r->evidence[2].matters, MATTERS_NO);
	SAYS(r, "node 0: pinned h2d 2.00x node 2");
	/* GPU 1 has no records at all. */
	assert_int_equal(res.recommendations[1].matters, MATTERS_UNMEASURED);
	/* Declared is one of the bad: the strongest evidence chooses. */
	res.machine.gpus[0].node_sysfs = KNOWN(2);
	r = first(&res);
	assert_true(r->node == 0 || r->node == 1);
	assert_int_equal(r->agreement, DISAGREES);
	/* A node that was not measured is named. */
	record_status(&res.records[3], STATUS_MISPLACED, "elsewhere");
	r = first(&res);
	SAYS(r, "; not measured: node 3");
	result_release(&res);
}

static void test_unmeasured(void **state)
{
	struct result res;
	const struct recommendation *r;

	(void)state;
	plant_result(&res, 2, 4, 2);
	r = first(&res);
	assert_true(r->has_node && !r->measured && r->nevidence == 0);
	assert_int_equal(r->node, 0);
	assert_int_equal(r->matters, MATTERS_UNMEASURED);
	assert_int_equal(r->agreement, AGREES);
	assert_true(isnan(r->advantage) && isnan(r->low) && isnan(r->high));
	assert_string_equal(r->why, "not measured; node 0 is followed, as declared (sysfs)");
	assert_int_equal(res.recommendations[1].node, 1);
	/* One node alone, or figures that may not be used, are no comparison. */
	plant(&res, "gpu-bandwidth", DIR_H2D, 0, 20e9);
	plant(&res, "gpu-bandwidth", DIR_H2D, 1, 40e9);
	record_status(&res.records[1], STATUS_UNSTABLE, "a neighbour");
	r = first(&res);
	assert_int_equal(r->matters, MATTERS_UNMEASURED);
	SAYS(r, "only node 0 was measured");
	/* CPU node 0 with the memory of node 1 says nothing of binding to node 1. */
	record_status(&res.records[1], STATUS_OK, "%s", "");
	res.records[1].mem_node = 0;
	assert_int_equal(first(&res)->matters, MATTERS_UNMEASURED);
	res.machine.gpus[0].state = GPU_LOST;
	snprintf(res.machine.gpus[0].state_why, sizeof res.machine.gpus[0].state_why, "Xid 79");
	res.nrecords = 0;
	SAYS(first(&res), "not measured, lost: Xid 79; node 0");
	res.nrecords = 2;
	result_release(&res);
}

static void test_undeclared(void **state)
{
	struct result res;
	const struct recommendation *r;
	char line[64];

	(void)state;
	plant_result(&res, 2, 4, 1);
	res.machine.gpus[0].node_sysfs = UNKNOWN("numa_node is -1");
	r = first(&res);
	assert_false(r->has_node);
	assert_true(idset_empty(&r->cpus));
	assert_int_equal(r->agreement, UNDECLARED);
	assert_string_equal(r->why, "not measured; no node is declared: numa_node is -1");
	plant(&res, "gpu-bandwidth", DIR_H2D, 0, 20e9);
	plant(&res, "gpu-bandwidth", DIR_H2D, 1, 40e9);
	r = first(&res);
	assert_true(r->has_node);
	assert_int_equal(r->node, 1);
	assert_int_equal(r->agreement, UNDECLARED);
	SAYS(r, "declared: nothing (numa_node is -1)");
	assert_string_equal(recommendation_numactl(r, line, sizeof line),
			    "numactl --physcpubind=8-15 --membind=1");
	result_release(&res);
}

static void test_one_node(void **state)
{
	struct result res;
	const struct recommendation *r;

	(void)state;
	plant_result(&res, 1, 4, 2);
	r = first(&res);
	assert_int_equal(r->matters, MATTERS_ONE_NODE);
	assert_true(r->has_node && r->node == 0);
	assert_int_equal(r->agreement, AGREES);
	assert_string_equal(r->why, "this machine has one NUMA node: there is nothing to choose");
	result_release(&res);

	/* A cpuset that leaves one of two. */
	plant_result(&res, 2, 4, 1);
	res.machine.nodes[0].allowed_cpus = (struct idset){ 0 };
	r = first(&res);
	assert_int_equal(r->matters, MATTERS_ONE_NODE);
	assert_int_equal(r->node, 1);
	assert_int_equal(r->agreement, DISAGREES);
	SAYS(r, "only node 1 has CPUs that may be used");
	SAYS(r, "node 0 is declared (sysfs)");
	result_release(&res);
}

static void test_declared_out_of_reach(void **state)
{
	struct result res;
	const struct recommendation *r;
	char line[80];

	(void)state;
	plant_result(&res, 3, 4, 1);
	res.machine.nodes[0].kind = NODE_CPULESS;
	res.machine.nodes[0].allowed_cpus = (struct idset){ 0 };
	res.machine.nodes[1].kind = NODE_MEMORYLESS;
	res.machine.nodes[1].allowed = false;
	r = first(&res);
	assert_true(r->has_node && r->cpus_only);
	assert_int_equal(r->node, 1);
	SAYS(r,
	     "node 0 is declared (sysfs) but has no CPUs that may be used: node 1 is the nearest");
	assert_string_equal(recommendation_numactl(r, line, sizeof line),
			    "numactl --physcpubind=8-15");
	for (size_t i = 0; i < 3; i++)
		res.machine.nodes[i].allowed_cpus = (struct idset){ 0 };
	r = first(&res);
	assert_false(r->has_node);
	SAYS(r, "no node's CPUs may be used");
	result_release(&res);
}

static void test_shares(void **state)
{
	struct recommendation *all;
	struct idset seen = { 0 }, withheld = { 0 };
	struct machine m;
	size_t n;

	(void)state;
	/* Four GPUs on two nodes of five cores: 2 and 3 cores, none shared. */
	plant_machine(&m, 2, 5, 4);
	idset_add(&withheld, 1); /* a sibling that may not be used */
	m.nodes[0].allowed_cpus = idset_minus(&m.nodes[0].allowed_cpus, &withheld);
	assert_int_equal(recommend_declared(&m, &all, &n), 0);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		struct idset both = idset_and(&seen, &all[i].cpus);

		assert_true(idset_empty(&both));
		assert_false(all[i].cpus_shared);
		assert_int_equal(all[i].node, i % 2);
		assert_false(idset_has(&all[i].cpus, 1));
		seen = idset_or(&seen, &all[i].cpus);
	}
	assert_int_equal(idset_count(&seen), 19);
	recommendations_free(all, n);
	machine_release(&m);

	plant_machine(&m, 1, 2, 3);
	assert_int_equal(recommend_declared(&m, &all, &n), 0);
	for (size_t i = 0; i < n; i++) {
		assert_true(all[i].cpus_shared);
		assert_int_equal(idset_count(&all[i].cpus), 2);
	}
	recommendations_free(all, n);
	machine_release(&m);

	plant_machine(&m, 2, 2, 0);
	assert_int_equal(recommend_declared(&m, &all, &n), 0);
	assert_int_equal(n, 0);
	recommendations_free(all, n);
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_better_node), cmocka_unit_test(test_two_nodes),
		cmocka_unit_test(test_pairs),       cmocka_unit_test(test_four_nodes),
		cmocka_unit_test(test_unmeasured),  cmocka_unit_test(test_undeclared),
		cmocka_unit_test(test_one_node),    cmocka_unit_test(test_declared_out_of_reach),
		cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
