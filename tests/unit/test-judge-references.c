/* test-judge-references.c - records against physics, and equals against each other. */
#include "referenced.h"

static void test_pcie_share(void **state)
{
	/* Of Gen5 x16 with payloads of 256 bytes h2d could be 58.4 GB/s; 75 % are 43.8. */
	static const struct {
		double figure;
		int mps;
		const char *status;
	} rows[] = {
		{ 57e9, 256, "pass" },
		{ 44.0e9, 256, "pass" },
		{ 43.5e9, 256, "fail" },
		{ 28e9, 256, "fail" },
		{ 14e9, 256, "fail" },
		/* Raw: 63.0, of which 65 % are 41.0. */
		{ 41.2e9, 0, "pass" },
		{ 40.6e9, 0, "fail" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct finding *f;
		struct result res;

		plant_result(&res, 1, 2, 1);
		plant_links(&res, 5, 16, rows[i].mps);
		plant_copy(&res, 0, 0, DIR_H2D, rows[i].figure, 0.001);
		assert_int_equal(judge(&res), 0);
		f = found(&res, "physics.pcie-share", "GPU 0");
		assert_non_null(f);
		assert_string_equal(f->status, rows[i].status);
		assert_int_equal(res.verdict.status,
				 strcmp(f->status, "fail") ? VERDICT_PASS : VERDICT_FAIL);
		assert_true(fabs(finding_number(f, "value") / rows[i].figure - 1) < 0.01);
		assert_string_equal(finding_text(f, "unit"), "B/s");
		/* Twice is not two. */
		assert_int_equal(judge(&res), 0);
		assert_int_equal(res.nfindings, 1);
		result_release(&res);
	}
}

/* The link ran slower than it can: judged by what it can, and told. */
static void test_downtrained(void **state)
{
	const struct finding *f;
	struct record *r;
	struct result res;

	(void)state;
	plant_result(&res, 1, 2, 1);
	plant_links(&res, 5, 16, 256);
	r = plant_copy(&res, 0, 0, DIR_D2H, 28e9, 0.001);
	json_object_set_new(json_object_get(r->more, "link_during"), "width", json_integer(8));
	assert_int_equal(judge(&res), 0);
	f = found(&res, "physics.pcie-share", "GPU 0");
	assert_string_equal(f->status, "fail");
	assert_non_null(strstr(f->observed, "GPU 0 copies pinned d2h at 28.0 GB/s"));
	assert_non_null(strstr(f->observed, "but it ran as Gen5 x8"));
	assert_string_equal(res.verdict.reasons[0], f->observed);
	result_release(&res);
}

/* What is not judged: small copies, remote ones alone, figures that are none. */
static void test_not_judged(void **state)
{
	struct record *r;
	struct result res;

	(void)state;
	plant_result(&res, 2, 2, 1);
	plant_links(&res, 5, 16, 256);
	r = plant_copy(&res, 0, 0, DIR_H2D, 5e9, 0.001);
	r->bytes = 4 << 20;
	plant_copy(&res, 0, 1, DIR_D2H, 5e9, 0.001); /* GPU 0 hangs on node 0 */
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.nfindings, 0);
	/* From its own node as well: then the best counts. */
	plant_copy(&res, 0, 0, DIR_D2H, 55e9, 0.001);
	assert_int_equal(judge(&res), 0);
	assert_string_equal(found(&res, "physics.pcie-share", NULL)->status, "pass");
	result_release(&res);
}

static void test_noise_does_not_fail(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 1, 2, 1);
	plant_links(&res, 5, 16, 256);
	plant_copy(&res, 0, 0, DIR_H2D, 43.5e9, 0.05);
	assert_int_equal(judge(&res), 0);
	assert_string_equal(found(&res, "physics.pcie-share", NULL)->status, "warn");
	result_release(&res);
}

/* ---- peers ---- */

static void plant_gpus(struct result *res, size_t n, const double *figures, double noise)
{
	plant_result(res, 1, 2, n);
	plant_links(res, 5, 16, 256);
	for (size_t i = 0; i < n; i++)
		plant_copy(res, (int)i, 0, DIR_H2D, figures[i], noise);
	assert_int_equal(judge(res), 0);
}

static void test_one_of_eight(void **state)
{
	static const struct {
		double slow;
		const char *status;
	} rows[] = { { 0.99, NULL },   { 0.98, NULL },   { 0.96, NULL },
		     { 0.93, "fail" }, { 0.90, "fail" }, { 1.08, NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double figures[8] = { 55e9, 55.2e9, 54.8e9, 55.1e9, 54.9e9, 0, 55.3e9, 55e9 };
		const struct finding *f;
		struct result res;

		figures[5] = 55e9 * rows[i].slow;
		plant_gpus(&res, 8, figures, 0.003);
		f = found(&res, "peers.gpu", "GPU 5");
		if (!rows[i].status) {
			assert_null(f);
			assert_string_equal(found(&res, "peers.gpu", "GPUs")->status, "pass");
			assert_int_equal(res.verdict.status, VERDICT_PASS);
		} else {
			assert_string_equal(f->status, rows[i].status);
			assert_non_null(strstr(f->observed, "GPU 5, pinned h2d: "));
			assert_non_null(strstr(f->observed, "worse than the median of its equals"));
			assert_int_equal(count_findings(&res, "fail"), 1);
			assert_int_equal(res.verdict.status, VERDICT_FAIL);
			assert_int_equal(res.verdict.nreasons, 1);
		}
		result_release(&res);
	}
}

/* Half of them differ: that is how the machine is made, and no bad card. */
static void test_a_pattern_warns(void **state)
{
	static const double figures[] = { 55e9, 55e9, 55e9, 55e9, 51e9, 51e9, 51e9, 55e9 };
	struct result res;

	(void)state;
	plant_gpus(&res, 8, figures, 0.003);
	assert_int_equal(count_findings(&res, "fail"), 0);
	assert_int_equal(count_findings(&res, "warn"), 3);
	assert_int_equal(res.verdict.status, VERDICT_PASS);
	result_release(&res);
}

static void test_two(void **state)
{
	static const double near[] = { 55e9, 51e9 }, far[] = { 55e9, 47e9 };
	const struct finding *f;
	struct result res;

	(void)state;
	plant_gpus(&res, 2, near, 0.003); /* 7 %: of two, nobody knows what is usual */
	assert_int_equal(count_findings(&res, "fail"), 0);
	result_release(&res);
	plant_gpus(&res, 2, far, 0.003);
	f = found(&res, "peers.gpu", "GPU 1");
	assert_string_equal(f->status, "fail");
	assert_non_null(strstr(f->observed, "of two, only the slower one can be named"));
	assert_int_equal(count_findings(&res, "fail"), 1);
	result_release(&res);
}

static void test_not_equal(void **state)
{
	static const double figures[] = { 55e9, 55e9, 47e9 };
	struct result res;

	(void)state;
	plant_gpus(&res, 3, figures, 0.003);
	assert_int_equal(count_findings(&res, "fail"), 1);
	snprintf(res.machine.gpus[2].name, sizeof res.machine.gpus[2].name, "NVIDIA A10");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(count_findings(&res, "fail"), 0);
	result_release(&res);
}

/* What physics fails is told once, and is no measure for the others. */
static void test_told_once(void **state)
{
	static const double figures[] = { 55e9, 55e9, 27e9, 55e9 };
	struct result res;

	(void)state;
	plant_gpus(&res, 4, figures, 0.003);
	assert_int_equal(count_findings(&res, "fail"), 1);
	assert_string_equal(found(&res, "physics.pcie-share", "GPU 2")->status, "fail");
	result_release(&res);
}

static void plant_memory(struct result *res, int cpus, int memory, double figure, bool undersized)
{
	struct record *r = plant_record(res, (struct planted){ .test = "mem-bandwidth",
							       .node = memory,
							       .rounds = 6,
							       .openings = 3,
							       .figure = figure,
							       .noise = 0.01 });

	record_unset(r, "gpu", "direction", "memory", NULL);
	snprintf(r->metric, sizeof r->metric, "triad");
	r->cpu_node = cpus;
	r->threads = 4;
	r->undersized = undersized;
	record_set(r, "threads", "undersized", NULL);
}

static void test_nodes(void **state)
{
	static const struct {
		size_t n;
		double slow;
		bool undersized, fails;
	} rows[] = {
		{ 2, 0.80, false, true },  { 2, 0.90, false, false }, { 4, 0.80, false, true },
		{ 4, 0.93, false, false }, { 4, 0.80, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct result res;

		plant_result(&res, rows[i].n, 4, 0);
		for (int a = 0; a < (int)rows[i].n; a++)
			for (int b = 0; b < (int)rows[i].n; b++)
				plant_memory(&res, a, b,
					     (a == b ? 200e9 : 90e9) * (b == 1 ? rows[i].slow : 1),
					     rows[i].undersized);
		assert_int_equal(judge(&res), 0);
		assert_int_equal(count_findings(&res, "fail"), rows[i].fails);
		if (rows[i].fails) {
			const struct finding *f = found(&res, "peers.node", "node 1");

			assert_string_equal(f->status, "fail");
			assert_non_null(strstr(f->observed, "node 1, triad"));
			assert_string_equal(finding_text(f, "cell"), "triad, 4 threads, node 1");
		}
		result_release(&res);
	}
}

/* Healthy machines that are made so: what differs there is told, and fails nobody. */
static void test_made_so(void **state)
{
	static const double far[] = { 55e9, 47e9 };
	struct result res;
	struct gpu *g;

	(void)state;
	/* A guest that is not told where its GPUs hang; one that is. */
	for (int told = 0; told < 2; told++) {
		plant_result(&res, told ? 2 : 1, 4, 2);
		plant_links(&res, 5, 16, 256);
		json_object_set_new(json_object_get(res.host, "conditions"), "virtualisation",
				    json_string("kvm"));
		for (int i = 0; i < 2; i++) {
			g = &res.machine.gpus[i];
			g->node_sysfs = told ? KNOWN(0) : UNKNOWN("not told");
			g->node_nvml = g->node_cuda = UNKNOWN("not told");
			plant_copy(&res, i, 0, DIR_H2D, far[i], 0.003);
		}
		assert_int_equal(judge(&res), 0);
		assert_string_equal(found(&res, "peers.gpu", "GPU 1")->status,
				    told ? "fail" : "warn");
		assert_int_equal(strstr(found(&res, "peers.gpu", "GPU 1")->observed,
					"it does not fail, for this virtual machine is not told") !=
					 NULL,
				 !told);
		result_release(&res);
	}
	/* A GPU that is cut into instances has no equals, and falls short of its link. */
	plant_gpus(&res, 2, far, 0.003);
	snprintf(res.machine.gpus[1].instances, sizeof res.machine.gpus[1].instances, "MIG-1");
	res.records[1].median = res.records[1].low = res.records[1].high = 20e9;
	assert_int_equal(judge(&res), 0);
	assert_int_equal(count_findings(&res, "fail"), 0);
	assert_null(found(&res, "peers.gpu", NULL));
	assert_string_equal(found(&res, "physics.pcie-share", "GPU 1")->status, "warn");
	result_release(&res);
	/* A switch that hangs on half of what its GPUs do. */
	plant_result(&res, 1, 4, 1);
	plant_links(&res, 5, 16, 256);
	res.machine.gpus[0].way_gen = KNOWN(5);
	res.machine.gpus[0].way_width = KNOWN(8);
	plant_copy(&res, 0, 0, DIR_H2D, 27e9, 0.003);
	assert_int_equal(judge(&res), 0);
	assert_int_equal(count_findings(&res, "fail"), 0);
	assert_non_null(strstr(found(&res, "physics.pcie-share", "GPU 0")->observed,
			       "of the 29.2 GB/s that the slowest link above it, PCIe Gen5 x8"));
	result_release(&res);
	/* The nodes of a guest. */
	plant_result(&res, 2, 4, 0);
	json_object_set_new(json_object_get(res.host, "conditions"), "virtualisation",
			    json_string("kvm"));
	plant_memory(&res, 0, 0, 200e9, false);
	plant_memory(&res, 1, 1, 150e9, false);
	assert_int_equal(judge(&res), 0);
	assert_string_equal(found(&res, "peers.node", "node 1")->status, "warn");
	result_release(&res);
	/* A cpuset leaves some of the cores: they are not to reach what all could. */
	plant_result(&res, 1, 4, 0);
	plant_memory(&res, 0, 0, 100e9, false);
	res.records[0].ceiling_capable = 204.8e9;
	record_set(&res.records[0], "ceiling_capable", NULL);
	idset_add(&res.machine.nodes[0].cpus, 77);
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.nfindings, 0);
	result_release(&res);
}

/* --rules reaches what is judged, where a rule names it; the last that matches counts. */
static void test_rules(void **state)
{
	static const double figures[] = { 55e9, 55e9, 27e9, 55e9, 50e9 };
	static const struct {
		const char *rules;
		size_t fails, warns;
	} rows[] = {
		{ "[]", 2, 0 },
		{ "[{\"id\":\"*\",\"severity\":\"silent\"}]", 2, 0 },
		{ "[{\"id\":\"p*\",\"severity\":\"silent\"}]", 2, 0 },
		{ "[{\"id\":\"physics.*\",\"severity\":\"silent\"}]", 1, 0 },
		{ "[{\"id\":\"physics.*\",\"subject\":\"GPU 3\",\"severity\":\"silent\"}]", 2, 0 },
		{ "[{\"id\":\"peers.gpu\",\"subject\":\"GPU 4\",\"severity\":\"warn\"}]", 1, 1 },
		{ "[{\"id\":\"peers.*\",\"severity\":\"pass\"},{\"id\":\"physics.pcie-share\","
		  "\"severity\":\"warn\"}]",
		  0, 1 },
		{ "[{\"id\":\"peers.*\",\"severity\":\"pass\"},{\"id\":\"peers.gpu\","
		  "\"severity\":\"fail\"}]",
		  2, 0 },
		/* No rules, out of a file that anybody may have written. */
		{ "[1,{},{\"id\":\"physics.*\"},{\"id\":3,\"severity\":\"silent\"}]", 2, 0 },
		{ "{}", 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct result res;

		plant_gpus(&res, 5, figures, 0.003);
		if (!res.run.options)
			res.run.options = json_object();
		json_object_set_new(res.run.options, "rules", json_loads(rows[i].rules, 0, NULL));
		for (int twice = 0; twice < 2; twice++) {
			assert_int_equal(judge(&res), 0);
			assert_int_equal(count_findings(&res, "fail"), rows[i].fails);
			assert_int_equal(count_findings(&res, "warn"), rows[i].warns);
			assert_int_equal(res.verdict.status,
					 rows[i].fails ? VERDICT_FAIL : VERDICT_PASS);
		}
		result_release(&res);
	}
}

/* Nodes of another size are no equals. */
static void test_unequal_nodes(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 2, 4, 0);
	res.machine.nodes[1].memory_bytes = KNOWN(1LL << 35);
	plant_memory(&res, 0, 0, 200e9, false);
	plant_memory(&res, 1, 1, 100e9, false);
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.nfindings, 0);
	result_release(&res);
}

/* A node's memory against its channels. */
static void test_dram(void **state)
{
	static const struct {
		double figure;
		const char *id, *status;
	} rows[] = { { 170e9, "physics.dram-share", "pass" },
		     { 100e9, "physics.dram-share", "warn" },
		     { 230e9, "physics.dram-bound", "warn" } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct result res;

		plant_result(&res, 1, 4, 0);
		plant_memory(&res, 0, 0, rows[i].figure, false);
		res.records[0].ceiling_capable = 204.8e9;
		record_set(&res.records[0], "ceiling_capable", NULL);
		assert_int_equal(judge(&res), 0);
		assert_int_equal(res.nfindings, 1);
		assert_string_equal(res.findings[0].id, rows[i].id);
		assert_string_equal(res.findings[0].status, rows[i].status);
		assert_int_equal(res.verdict.status, VERDICT_PASS);
		result_release(&res);
	}
}

/* ---- findings of the run ---- */

static void test_corrupt(void **state)
{
	static const double figures[] = { 55e9, 55e9, 55e9 };
	const struct finding *f;
	struct result res;

	(void)state;
	plant_gpus(&res, 3, figures, 0.003);
	record_status(&res.records[1], STATUS_CORRUPT, "pinned h2d, node 0, GPU 1: offset 12345");
	assert_int_equal(judge(&res), 0);
	f = found(&res, "run.corrupt", "GPU 1");
	assert_string_equal(f->status, "fail");
	assert_non_null(strstr(f->observed, "offset 12345"));
	assert_int_equal(count_findings(&res, "fail"), 1);
	assert_int_equal(res.verdict.status, VERDICT_FAIL);
	assert_int_equal(res.verdict.nreasons, 1); /* the record's */
	result_release(&res);
}

/* A finding that could not be judged: nor can the run. */
static void test_unknown(void **state)
{
	const struct judged j = { .reference = REFERENCE_HISTORY,
				  .status = JUDGED_UNKNOWN,
				  .id = "history.spread",
				  .subject = "baseline",
				  .text = "the baseline's runs differ by 4 %" };
	struct verdict *v;
	struct result res;

	(void)state;
	plant_result(&res, 1, 2, 0);
	assert_int_equal(judged_add(&res, &j), 0);
	assert_int_equal(judge(&res), 0);
	v = &res.verdict;
	assert_int_equal(v->status, VERDICT_UNKNOWN);
	assert_string_equal(v->reasons[0], j.text);
	assert_int_equal(verdict_exit_code(v, false), 3);
	assert_int_equal(verdict_nagios_code(v), 3);
	judged_forget(&res, REFERENCE_HISTORY);
	assert_int_equal(judge(&res), 0);
	assert_int_equal(v->status, VERDICT_PASS);
	assert_int_equal(verdict_nagios_code(v), 0);
	v->nwarnings = 1;
	assert_int_equal(verdict_nagios_code(v), 1);
	v->status = VERDICT_FAIL;
	assert_int_equal(verdict_nagios_code(v), 2);
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcie_share),    cmocka_unit_test(test_downtrained),
		cmocka_unit_test(test_not_judged),    cmocka_unit_test(test_noise_does_not_fail),
		cmocka_unit_test(test_one_of_eight),  cmocka_unit_test(test_a_pattern_warns),
		cmocka_unit_test(test_two),           cmocka_unit_test(test_not_equal),
		cmocka_unit_test(test_told_once),     cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_unequal_nodes), cmocka_unit_test(test_dram),
		cmocka_unit_test(test_corrupt),       cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_made_so),       cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
