/* test-derive.c - ceilings, shares and fits that follow from the records of a run. */
#include <math.h>

#include "planted.h"
#include "result/derive.h"
#include "result/fit.h"
#include "result/physics.h"

/* ---- fits ---- */

static void test_fit_of_too_little(void **state)
{
	const double bytes[] = { 1000, 2000, 2000, 1000 }, seconds[] = { 1, 2, 2, 1 };
	struct size_fit fit = { .rate = 42 };

	(void)state;
	for (size_t n = 0; n <= 4; n++) /* two distinct sizes at most */
		assert_false(fit_sizes(bytes, seconds, n, &fit));
	assert_true(fit.rate == 42); /* as it was */
}

static void test_fit_is_exact(void **state)
{
	static const struct {
		double start, rate;
	} rows[] = { { 2.2e-6, 55e9 }, { 0, 12e9 }, { 9e-6, 300e9 }, { 1, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t n = 3; n <= 12; n++) {
			double bytes[12], seconds[12];
			struct size_fit fit;

			for (size_t j = 0; j < n; j++) {
				bytes[j] = 256 * pow(4, (double)j);
				seconds[j] = rows[i].start + bytes[j] / rows[i].rate;
			}
			assert_true(fit_sizes(bytes, seconds, n, &fit));
			if (fabs(fit.rate / rows[i].rate - 1) > 1e-6 ||
			    fabs(fit.start - rows[i].start) > 1e-6 * seconds[0] ||
			    fabs(fit.half - fit.start * fit.rate) > 1e-9 * bytes[n - 1])
				fail_msg("row %zu of %zu sizes: %g %g %g", i, n, fit.start,
					 fit.rate, fit.half);
		}
}

/* Every size counts alike: 1 % of error in the smallest moves the start, not the rate. */
static void test_fit_with_noise(void **state)
{
	double bytes[12], seconds[12];
	struct size_fit fit;

	(void)state;
	for (int j = 0; j < 12; j++) {
		bytes[j] = 256 * pow(4, j);
		seconds[j] = (2e-6 + bytes[j] / 50e9) * (j % 2 ? 1.01 : 0.99);
	}
	assert_true(fit_sizes(bytes, seconds, 12, &fit));
	assert_true(fabs(fit.start / 2e-6 - 1) < 0.02 && fabs(fit.rate / 50e9 - 1) < 0.02);
}

static void test_fit_of_nonsense(void **state)
{
	const double bytes[] = { 1, 2, 3 };
	struct size_fit fit;

	(void)state;
	assert_false(fit_sizes(bytes, (const double[]){ 1, 0, 1 }, 3, &fit));
	assert_false(fit_sizes(bytes, (const double[]){ 1, NAN, 1 }, 3, &fit));
	assert_false(fit_sizes((const double[]){ 0, 1, 2 }, (const double[]){ 1, 2, 3 }, 3, &fit));
	assert_false(fit_sizes(bytes, (const double[]){ 3, 2, 1 }, 3, &fit));
	/* Faster the larger it is: no time to begin with, and it still grows. */
	assert_true(fit_sizes(bytes, (const double[]){ 1, 3, 5 }, 3, &fit));
	assert_true(fit.start == 0 && fit.half == 0 && fit.rate > 0);
}

/* ---- records ---- */

static void bare_metal(struct result *res, const char *virtualisation)
{
	json_decref(res->host);
	res->host = json_pack("{s:{}, s:{s:s*}, s:{}}", "identity", "conditions", "virtualisation",
			      virtualisation, "rest");
	for (size_t i = 0; i < res->machine.ngpus; i++) {
		res->machine.gpus[i].max_gen = KNOWN(5);
		res->machine.gpus[i].max_width = KNOWN(16);
		res->machine.gpus[i].mps = KNOWN(256);
	}
}

static struct record *plant(struct result *res, enum direction d, int gpu, double figure)
{
	return plant_record(res, (struct planted){ .test = "gpu-bandwidth",
						   .direction = d,
						   .gpu = gpu,
						   .node = gpu % 2,
						   .rounds = 6,
						   .openings = 3,
						   .figure = figure });
}

static void load(struct record *r, int gen, int width)
{
	json_decref(r->more);
	r->more = json_pack("{s:{s:i, s:i}}", "link_during", "gen", gen, "width", width);
}

static void join(struct record *r, enum together t)
{
	r->together = t;
	record_set(r, "together", NULL);
}

static void sum_over(struct record *r, size_t n)
{
	r->gpus = (struct series){ .v = calloc(n, sizeof(double)), .n = n };
	for (size_t i = 0; i < n; i++)
		r->gpus.v[i] = (double)i;
	record_unset(r, "gpu", "cpu_node", "mem_node", NULL);
	record_set(r, "gpus", NULL);
}

static void test_ceilings(void **state)
{
	struct record *r;
	struct result res;

	(void)state;
	plant_result(&res, 2, 4, 2);
	bare_metal(&res, "none");
	for (int d = DIR_H2D; d <= DIR_D2H; d++)
		load(plant(&res, (enum direction)d, 0, 26e9), 5, 8);
	assert_int_equal(derive(&res), 0);
	for (size_t i = 0; i < 2; i++) {
		r = &res.records[i];
		assert_true(r->ceiling_negotiated == pcie_ceiling(5, 8, 256, r->direction));
		assert_true(r->ceiling_capable == pcie_ceiling(5, 16, 256, r->direction));
		assert_false(record_has(r, "ceiling_why"));
	}
	/* Not read under load: what it could do stays; and the payload size is not readable. */
	r = &res.records[0];
	res.machine.gpus[0].mps = UNKNOWN("root only");
	json_object_clear(r->more);
	assert_int_equal(derive(&res), 0);
	assert_false(record_has(r, "ceiling_negotiated"));
	assert_true(r->ceiling_capable == pcie_ceiling(5, 16, 0, DIR_H2D));
	assert_string_equal(r->ceiling_why, "the link was not read under load; payload size not "
					    "readable: raw link rate");
	/* Another framing: no formula. */
	load(r, 6, 16);
	res.machine.gpus[0].max_gen = KNOWN(6);
	assert_int_equal(derive(&res), 0);
	assert_false(record_has(r, "ceiling_negotiated") || record_has(r, "ceiling_capable"));
	assert_string_equal(r->ceiling_why, "no formula for PCIe Gen6 x16");
	/* Pageable copies pass through the CPU; a cell without samples has nothing to compare. */
	r = plant(&res, DIR_H2D, 0, 26e9);
	r->memory = MEM_PAGEABLE;
	load(r, 5, 16);
	load(plant(&res, DIR_H2D, 0, 26e9), 5, 16);
	res.records[3].samples.n = 0;
	assert_int_equal(derive(&res), 0);
	for (size_t i = 2; i < 4; i++)
		assert_false(record_has(&res.records[i], "ceiling_negotiated") ||
			     record_has(&res.records[i], "ceiling_why"));
	result_release(&res);
}

static void test_no_reference(void **state)
{
	static const struct {
		const char *virtualisation;
		bool own_memory;
		const char *why;
	} rows[] = {
		{ "none", false, "" },
		{ "KVM", false, "virtual link: no physics reference" },
		{ NULL, false,
		  "not known whether the link is a virtual one: no physics reference" },
		{ "none", true, "NVLink-C2C: no PCIe ceiling" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct record *r;
		struct result res;

		plant_result(&res, 2, 4, 1);
		bare_metal(&res, rows[i].virtualisation);
		if (rows[i].own_memory)
			res.machine.gpus[0].own_memory_node = KNOWN(8);
		/* No link carries that: an error only where there is a reference. */
		load(plant(&res, DIR_H2D, 0, 375e9), 5, 16);
		assert_int_equal(derive(&res), 0);
		r = &res.records[0];
		assert_string_equal(r->ceiling_why, rows[i].why);
		assert_int_equal(record_has(r, "ceiling_why"), rows[i].why[0] != '\0');
		assert_int_equal(record_has(r, "ceiling_negotiated"), rows[i].why[0] == '\0');
		assert_int_equal(r->status, rows[i].why[0] ? STATUS_OK : STATUS_FAILED);
		result_release(&res);
	}
}

/* A figure above physics speaks for nothing: not for its node, and not in a sum. */
static void test_measuring_error(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 2, 4, 2);
	bare_metal(&res, "none");
	load(plant(&res, DIR_H2D, 0, 63.0e9), 5, 16); /* above any payload's, below the raw rate */
	load(plant(&res, DIR_H2D, 1, 70.1e9), 5, 16);
	load(plant(&res, DIR_H2D, 0, 40e9), 5, 16);
	load(plant(&res, DIR_H2D, 1, 70.1e9), 5, 16);
	plant(&res, DIR_H2D, 0, 110.1e9);
	for (size_t i = 2; i < 5; i++)
		join(&res.records[i], TOGETHER_OWN_NODES);
	sum_over(&res.records[4], 2);
	assert_int_equal(recommend(&res), 0); /* derives, too */
	assert_int_equal(res.records[0].status, STATUS_OK);
	assert_int_equal(res.records[1].status, STATUS_FAILED);
	assert_string_equal(res.records[1].reason,
			    "measuring error: 70.1 GB/s is more than the 63.0 GB/s that PCIe Gen5 "
			    "x16 carries");
	assert_false(record_has_figure(&res.records[1]));
	assert_int_equal(res.records[2].status, STATUS_OK);
	assert_int_equal(res.records[4].status, STATUS_FAILED);
	assert_string_equal(res.records[4].reason,
			    "measuring error in a part of it: GPU 1 of all at once from their own "
			    "nodes, pinned h2d, node 1");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_UNKNOWN);
	assert_int_equal(verdict_exit_code(&res.verdict, false), 3);
	assert_non_null(strstr(res.verdict.reasons[0], "measuring error: 70.1 GB/s"));
	assert_int_equal(res.recommendations[1].nevidence, 0);
	result_release(&res);
}

static double share(const struct result *res, size_t i)
{
	return record_has(&res->records[i], "of_alone") ? res->records[i].of_alone : -1;
}

static void near(double got, double wanted)
{
	if (!(fabs(got - wanted) < 1e-9))
		fail_msg("%g, wanted %g", got, wanted);
}

static void test_both_ways(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 2, 4, 1);
	plant(&res, DIR_H2D, 0, 50e9);
	plant(&res, DIR_D2H, 0, 40e9);
	plant(&res, DIR_BIDIRECTIONAL, 0, 81e9);
	plant(&res, DIR_H2D, 0, 45e9);
	plant(&res, DIR_D2H, 0, 36e9);
	for (size_t i = 2; i < 5; i++)
		join(&res.records[i], TOGETHER_BOTH_WAYS);
	assert_int_equal(derive(&res), 0);
	near(share(&res, 2), 0.9);
	near(share(&res, 3), 0.9);
	near(share(&res, 4), 0.9);
	assert_true(share(&res, 0) < 0);
	/* What one direction comes to alone is not known: no share of the sum. */
	record_status(&res.records[1], STATUS_FAILED, "no");
	assert_int_equal(derive(&res), 0);
	assert_true(share(&res, 2) < 0 && share(&res, 4) < 0);
	near(share(&res, 3), 0.9);
	result_release(&res);
}

/* Each GPU on its own node: 0 and 1. Records 0-3 alone, 4-9 both ways alone, 10-12 one way of
 * all, 13-15 both ways of all. */
static void test_all_at_once(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 2, 4, 2);
	for (int g = 0; g < 2; g++)
		for (int d = 0; d < 2; d++)
			plant(&res, (enum direction)d, g, (g ? 20e9 : 50e9));
	for (int g = 0; g < 2; g++)
		for (int d = 0; d < 3; d++)
			join(plant(&res, (enum direction)d, g,
				   (g ? 18e9 : 45e9) * (d == DIR_BIDIRECTIONAL ? 2 : 1)),
			     TOGETHER_BOTH_WAYS);
	for (int d = DIR_H2D; d <= DIR_BIDIRECTIONAL; d += DIR_BIDIRECTIONAL) {
		double twice = d ? 2 : 1;

		sum_over(plant(&res, (enum direction)d, 0, 42e9 * twice), 2);
		plant(&res, (enum direction)d, 0, 30e9 * twice);
		plant(&res, (enum direction)d, 1, 12e9 * twice);
	}
	for (size_t i = 10; i < 16; i++)
		join(&res.records[i], TOGETHER_OWN_NODES);
	assert_int_equal(derive(&res), 0);
	near(share(&res, 10), 0.6);
	near(share(&res, 11), 0.6);
	near(share(&res, 12), 0.6);
	near(share(&res, 13), 84 / 126.0);
	near(share(&res, 14), 60 / 90.0);
	near(share(&res, 15), 24 / 36.0);
	assert_true(joint_is_sum(&res.records[10]) && !joint_is_sum(&res.records[11]));
	assert_true(joint_has_part(&res.records[10], &res.records[12]));
	assert_false(joint_has_part(&res.records[10], &res.records[15]));
	assert_false(joint_has_part(&res.records[10], &res.records[0]));
	assert_false(joint_has_part(&res.records[13], &res.records[12]));
	/* A part that is missing. */
	record_status(&res.records[2], STATUS_FAILED, "no");
	assert_int_equal(derive(&res), 0);
	assert_true(share(&res, 10) < 0);
	near(share(&res, 13), 84 / 126.0);
	result_release(&res);
}

/* All from one node: parts of another node's sum are not this one's. */
static void test_one_node(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 2, 4, 2);
	for (int n = 0; n < 2; n++)
		for (int i = 0; i < 2; i++) { /* GPU i alone and with the other, from node n */
			for (int joint = 0; joint < 2; joint++) {
				struct record *r = plant(&res, DIR_H2D, i, joint ? 10e9 : 20e9);

				r->cpu_node = r->mem_node = n;
				if (joint)
					join(r, TOGETHER_ONE_NODE);
			}
		}
	for (int n = 0; n < 2; n++) {
		struct record *r = plant(&res, DIR_H2D, 0, n ? 30e9 : 20e9);

		join(r, TOGETHER_ONE_NODE);
		sum_over(r, 2);
		r->cpu_node = r->mem_node = n;
		record_set(r, "cpu_node", "mem_node", NULL);
	}
	assert_int_equal(derive(&res), 0);
	near(share(&res, 8), 0.5);
	near(share(&res, 9), 0.75);
	result_release(&res);
}

/* A pair was measured alone from its other end: what one pushes the other could pull. */
static void test_peers(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 2, 4, 2);
	for (int i = 0; i < 5; i++) {
		static const enum direction ways[] = { DIR_D2H, DIR_D2H, DIR_BIDIRECTIONAL, DIR_D2H,
						       DIR_H2D };
		static const double figures[] = { 20e9, 25e9, 36e9, 18e9, 18e9 };
		struct record *r = plant(&res, ways[i], i == 1, figures[i]);

		r->peer = 1 - r->gpu;
		r->peer_access = true;
		record_set(r, "peer", "peer_access", NULL);
		record_unset(r, "memory", "mem_node", NULL);
		if (i > 1)
			join(r, TOGETHER_BOTH_WAYS);
	}
	assert_int_equal(derive(&res), 0);
	near(share(&res, 3), 18 / 20.0);
	near(share(&res, 4), 18 / 25.0); /* GPU 1 to GPU 0 */
	near(share(&res, 2), 36 / 45.0);
	assert_false(record_has(&res.records[0], "ceiling_why"));
	result_release(&res);
}

static void test_series(void **state)
{
	struct result res;
	char *first, *again;
	json_t *doc;

	(void)state;
	plant_result(&res, 2, 4, 2);
	bare_metal(&res, "none");
	for (int g = 0; g < 2; g++)
		for (int i = 0; i < (g ? 2 : 4); i++) {
			uint64_t bytes = 4096ULL << (6 * (3 - i)); /* the largest first */
			double t = 2.5e-6 + (double)bytes / 50e9;

			plant(&res, DIR_H2D, g, (double)bytes / t)->bytes = bytes;
		}
	plant(&res, DIR_D2H, 0, 1e9)->bytes = 1 << 20; /* another series */
	assert_int_equal(derive(&res), 0);
	near(res.records[0].fit_start / 2.5e-6, 1);
	near(res.records[0].fit_rate / 50e9, 1);
	near(res.records[0].fit_half / 125000, 1);
	for (size_t i = 0; i < res.nrecords; i++) /* at the largest; two sizes say nothing */
		assert_int_equal(record_has(&res.records[i], "fit_rate"), i == 0);
	doc = result_to_json(&res);
	first = json_dumps(doc, JSON_SORT_KEYS);
	json_decref(doc);
	assert_int_equal(derive(&res), 0);
	doc = result_to_json(&res);
	again = json_dumps(doc, JSON_SORT_KEYS);
	json_decref(doc);
	assert_string_equal(first, again);
	free(first);
	free(again);
	/* One size fails: the others are a series still; with two left the fit is gone. */
	record_status(&res.records[0], STATUS_FAILED, "no");
	assert_int_equal(derive(&res), 0);
	assert_true(record_has(&res.records[1], "fit_rate"));
	assert_false(record_has(&res.records[0], "fit_rate"));
	record_status(&res.records[1], STATUS_FAILED, "no");
	assert_int_equal(derive(&res), 0);
	for (size_t i = 0; i < res.nrecords; i++)
		assert_false(record_has(&res.records[i], "fit_rate"));
	result_release(&res);
}

static void test_nothing(void **state)
{
	struct result res;

	(void)state;
	result_init(&res);
	assert_int_equal(derive(&res), 0);
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit_of_too_little),
		cmocka_unit_test(test_fit_is_exact),
		cmocka_unit_test(test_fit_with_noise),
		cmocka_unit_test(test_fit_of_nonsense),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_no_reference),
		cmocka_unit_test(test_measuring_error),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_one_node),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
