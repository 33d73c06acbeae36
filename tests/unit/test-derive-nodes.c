/* test-derive-nodes.c - the share that CPU nodes keep of what they reach alone. */
#include <math.h>

#include "planted.h"
#include "result/derive.h"

enum { NODES = 3 };

static struct record *add(struct result *res, double gbs, int cpu_node, int mem_node)
{
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof r.test, "mem-bandwidth");
	snprintf(r.metric, sizeof r.metric, "triad");
	snprintf(r.unit, sizeof r.unit, "B/s");
	r.cpu_node = cpu_node;
	r.mem_node = mem_node;
	r.threads = 4 + cpu_node; /* nodes need not be alike */
	r.bytes = 1000 + (unsigned)mem_node;
	record_set(&r, "test", "metric", "unit", "threads", NULL);
	if (cpu_node >= 0)
		record_set(&r, "cpu_node", "bytes", NULL);
	if (mem_node >= 0)
		record_set(&r, "mem_node", NULL);
	for (int i = 0; i < 6; i++)
		record_sample(&r, gbs * 1e9, i, i, i / 2);
	record_summarise(&r);
	assert_int_equal(result_add(res, &r), 0);
	return &res->records[res->nrecords - 1];
}

static size_t add_joint(struct result *res, enum together how, double gbs, int cpu_node,
			int mem_node)
{
	struct record *r = add(res, gbs, cpu_node, mem_node);

	r->together = how;
	if (cpu_node < 0)
		r->threads = 15;
	record_set(r, "together", NULL);
	return res->nrecords - 1;
}

static void expect(const struct result *res, size_t i, double share)
{
	const struct record *r = &res->records[i];

	if (record_has(r, "of_alone") != (share > 0) ||
	    (share > 0 && fabs(r->of_alone - share) > 1e-9))
		fail_msg("record %zu: %g, not %g", i, record_has(r, "of_alone") ? r->of_alone : 0,
			 share);
}

static void test_nodes(void **state)
{
	struct result res;
	size_t own, one, first = NODES * NODES;

	(void)state;
	result_init(&res);
	for (int cpu = 0; cpu < NODES; cpu++)
		for (int mem = 0; mem < NODES; mem++)
			add(&res, cpu == mem ? 100 : 50, cpu, mem);
	/* the same cells by one thread are others */
	add(&res, 1, 0, 0)->threads = 1;
	first++;
	own = add_joint(&res, TOGETHER_OWN_NODES, 270, -1, -1);
	for (int n = 0; n < NODES; n++)
		add_joint(&res, TOGETHER_OWN_NODES, 90, n, n);
	one = add_joint(&res, TOGETHER_ONE_NODE, 80, -1, 1);
	for (int n = 0; n < NODES; n++)
		add_joint(&res, TOGETHER_ONE_NODE, n == 1 ? 40 : 20, n, 1);
	assert_int_equal(derive(&res), 0);
	for (size_t i = 0; i < first; i++)
		expect(&res, i, 0);
	assert_true(joint_is_sum(&res.records[own]) && joint_is_sum(&res.records[one]));
	for (size_t i = 0; i < res.nrecords; i++) {
		bool of_own = i > own && i <= own + NODES, of_one = i > one && i <= one + NODES;

		assert_int_equal(joint_has_part(&res.records[own], &res.records[i]), of_own);
		assert_int_equal(joint_has_part(&res.records[one], &res.records[i]), of_one);
		assert_int_equal(joint_is_sum(&res.records[i]), i == own || i == one);
	}
	expect(&res, own, 0.9);
	expect(&res, own + 1, 0.9);
	expect(&res, one, 0.4); /* of 50 + 100 + 50 */
	expect(&res, one + 1, 0.4);
	expect(&res, one + 2, 0.4);
	/* One of the parts has no figure alone: nor has the sum. */
	record_status(&res.records[1], STATUS_MISPLACED, "elsewhere");
	assert_int_equal(derive(&res), 0);
	expect(&res, one, 0);
	expect(&res, one + 1, 0);
	expect(&res, one + 2, 0.4);
	expect(&res, own, 0.9);
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nodes) };

	return cmocka_run_group_tests_name("derive-nodes", tests, NULL, NULL);
}
