/* test-evidence.c - which cells speak for a node, and which are each other's like. */
#include "planted.h"
#include "result/evidence.h"
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
	return &res->recommendations[0];
}

#define SAYS(r, text)                                                                              \
	do {                                                                                       \
		if (!strstr((r)->why, text))                                                       \
			fail_msg("\"%s\" does not say \"%s\"", (r)->why, text);                    \
	} while (0)

static void join(struct record *r, enum together t)
{
	r->together = t;
	record_set(r, "together", NULL);
}

/* Only a GPU by itself, fed from near, speaks for a node. */
static void test_who_may_speak(void **state)
{
	static const struct {
		const char *name;
		bool speaks;
		enum together together; /* -1: alone */
		bool crossed, peer, no_memory;
	} rows[] = {
		{ "alone", true, (enum together) - 1, false, false, false },
		{ "both ways", true, TOGETHER_BOTH_WAYS, false, false, false },
		{ "all GPUs at once", false, TOGETHER_OWN_NODES, false, false, false },
		{ "all from one node", false, TOGETHER_ONE_NODE, false, false, false },
		{ "crossed", false, TOGETHER_CROSSED, false, false, false },
		{ "threads elsewhere", false, (enum together) - 1, true, false, false },
		{ "to a peer", false, (enum together) - 1, false, true, false },
		{ "a launch", true, (enum together) - 1, false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct recommendation *r;
		struct result res;

		plant_result(&res, 2, 4, 1);
		for (int n = 0; n < 2; n++) {
			plant(&res, "gpu-latency", DIR_H2D, n, n ? 5e-6 : 8e-6);

			struct record *rec = &res.records[n];

			if (rows[i].together != (enum together) - 1)
				join(rec, rows[i].together);
			if (rows[i].crossed)
				rec->mem_node = 1 - n;
			if (rows[i].peer)
				record_set(rec, "peer", NULL);
			if (rows[i].no_memory)
				record_unset(rec, "memory", "direction", "mem_node", "bytes",
					     "placement", NULL);
		}
		r = first(&res);
		if (r->matters != (rows[i].speaks ? MATTERS_YES : MATTERS_UNMEASURED))
			fail_msg("%s: %s: %s", rows[i].name, matters_name(r->matters), r->why);
		if (rows[i].speaks)
			assert_int_equal(r->evidence[0].has_together,
					 rows[i].together == TOGETHER_BOTH_WAYS);
		if (rows[i].no_memory) {
			assert_false(r->evidence[0].has_memory || r->evidence[0].has_direction);
			SAYS(r, "node 1: latency 1.6");
		}
		result_release(&res);
	}
}

/* Kinds are compared with their like: pages, sizes and company tell them apart. */
static void test_kinds_apart(void **state)
{
	struct result res;
	const struct recommendation *r;

	(void)state;
	plant_result(&res, 2, 4, 1);
	for (int i = 0; i < 6; i++) {
		struct record *rec;

		plant(&res, "gpu-bandwidth", DIR_H2D, i % 2, i % 2 ? 40e9 : 20e9);
		rec = &res.records[i];
		if (i / 2 == 1)
			join(rec, TOGETHER_BOTH_WAYS);
		if (i / 2 == 2) {
			rec->pages_asked = PAGES_HUGETLB;
			record_set(rec, "pages_asked", NULL);
		}
	}
	r = first(&res);
	assert_int_equal(r->nevidence, 3);
	assert_true(r->evidence[1].has_together && !r->evidence[0].has_together);
	assert_true(r->evidence[2].has_pages_asked);
	assert_int_equal(r->evidence[2].pages_asked, PAGES_HUGETLB);
	result_release(&res);
}

/* Of a series of sizes one speaks: the largest for a rate, the smallest for a time. */
static void test_sizes(void **state)
{
	struct result res;
	const struct recommendation *r;

	(void)state;
	plant_result(&res, 2, 4, 1);
	for (int i = 0; i < 10; i++) {
		bool rate = i < 5;

		plant(&res, rate ? "gpu-bandwidth" : "gpu-latency", DIR_H2D, i % 2,
		      rate ? 20e9 : 5e-6);
		res.records[i].bytes = 256ULL << 8 * (i % 5 / 2);
	}
	/* The largest copy was made on node 0 alone: it has nobody to be set against. */
	assert_int_equal(res.records[4].bytes, 256 << 16);
	r = first(&res);
	assert_int_equal(r->matters, MATTERS_NO);
	assert_int_equal(r->nevidence, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(r->evidence[i].bytes,
				 strcmp(r->evidence[i].test, "gpu-latency") == 0 ? 256 : 256 << 8);
	result_release(&res);
}

/* What most programs do decides; what is rarer decides where that shows no difference, and is
 * named where it says otherwise. */
static void test_main_kinds_decide(void **state)
{
	static const struct {
		const char *name;
		double pinned[2], mapped[2]; /* by node */
		double noise;                /* of the mapped ones */
		int node;
		enum matters matters;
		const char *says;
	} rows[] = {
		{ "against",
		  { 50e9, 40e9 },
		  { 20e9, 30e9 },
		  0.004,
		  0,
		  MATTERS_YES,
		  "agrees; against it: mapped h2d 1.49x on node 1" },
		{ "rare alone",
		  { 50e9, 50e9 },
		  { 20e9, 30e9 },
		  0.004,
		  1,
		  MATTERS_YES,
		  "node 1: mapped h2d 1." },
		{ "with it",
		  { 50e9, 40e9 },
		  { 30e9, 20e9 },
		  0.004,
		  0,
		  MATTERS_YES,
		  "node 0: mapped h2d 1." },
		{ "doubts",
		  { 50e9, 50e9 },
		  { 30e9, 29e9 },
		  0.2,
		  0,
		  MATTERS_NO,
		  "no measurable difference" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct recommendation *r;
		struct result res;

		plant_result(&res, 2, 4, 1);
		for (int n = 0; n < 2; n++) {
			plant(&res, "gpu-bandwidth", DIR_H2D, n, rows[i].pinned[n]);
			plant_record(&res, (struct planted){ .test = "gpu-bandwidth",
							     .node = n,
							     .rounds = 12,
							     .openings = 3,
							     .figure = rows[i].mapped[n],
							     .noise = rows[i].noise })
				->memory = MEM_MAPPED;
		}
		r = first(&res);
		if (r->node != rows[i].node || r->matters != rows[i].matters ||
		    !strstr(r->why, rows[i].says))
			fail_msg("%s: node %d, %s: %s", rows[i].name, r->node,
				 matters_name(r->matters), r->why);
		result_release(&res);
	}
}

/* What is quoted is not what noise put on top, but the first of those that are as strong. */
static void test_order(void **state)
{
	static const struct {
		double given[4], wanted[4];
		double noisy; /* this one's interval is wide */
	} rows[] = {
		{ { 1.349, 1.352, 1.20, 1.35 }, { 1.349, 1.352, 1.35, 1.20 }, 0 },
		{ { 1.20, 1.35, 1.34, 1.36 }, { 1.35, 1.36, 1.34, 1.20 }, 0 },
		{ { 1.10, 1.20, 1.30, 1.40 }, { 1.40, 1.30, 1.20, 1.10 }, 0 },
		{ { 1.36, 1.35, 1.54, 1.30 }, { 1.36, 1.35, 1.30, 1.54 }, 1.54 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct evidence v[5] = { { .best = 1, .matters = MATTERS_YES, .advantage = 9 } };

		v[0].low = 8.9;
		for (size_t k = 0; k < 4; k++)
			v[k + 1] = (struct evidence){
				.matters = MATTERS_YES,
				.advantage = rows[i].given[k],
				.low = rows[i].given[k] *
				       (rows[i].given[k] == rows[i].noisy ? 0.8 : 0.99),
			};
		evidence_sort(v, 5, 0); /* what speaks for another node is behind them all */
		for (size_t k = 0; k < 4; k++)
			assert_float_equal(v[k].advantage, rows[i].wanted[k], 1e-9);
		assert_int_equal(v[4].best, 1);
	}
	evidence_sort(NULL, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_may_speak), cmocka_unit_test(test_kinds_apart),
		cmocka_unit_test(test_sizes),         cmocka_unit_test(test_main_kinds_decide),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
