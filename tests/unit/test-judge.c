/* test-judge.c - from records and findings to a verdict and an exit code. */
#include <math.h>

#include "planted.h"
#include "result/judge.h"

static void plant(struct result *res, int gpu, enum status s, const char *why)
{
	struct record *r = plant_record(res, (struct planted){ .test = "gpu-bandwidth",
							       .gpu = gpu,
							       .rounds = 6,
							       .openings = 3,
							       .figure = 1e9 });

	if (s != STATUS_OK)
		record_status(r, s, "%s", why);
}

/* A test that had nothing to do on a GPU: a record without a cell. */
static void plant_idle(struct result *res, int gpu, const char *why)
{
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof r.test, "gpu-bandwidth");
	r.gpu = gpu;
	record_set(&r, "test", "gpu", NULL);
	record_status(&r, STATUS_SKIPPED, "%s", why);
	assert_int_equal(result_add(res, &r), 0);
}

static const struct finding *finding(const struct result *res, const char *id, size_t nth)
{
	for (size_t i = 0; i < res->nfindings; i++)
		if (strcmp(res->findings[i].id, id) == 0 && nth-- == 0)
			return &res->findings[i];
	return NULL;
}

static void require_gpus(struct result *res, int n)
{
	json_object_set_new(res->run.options, "require_gpus", json_integer(n));
}

static void test_statuses(void **state)
{
	static const struct {
		enum status status;
		enum verdict_status verdict;
	} rows[] = {
		{ STATUS_OK, VERDICT_PASS },           { STATUS_SKIPPED, VERDICT_PASS },
		{ STATUS_MISPLACED, VERDICT_UNKNOWN }, { STATUS_UNPROVEN, VERDICT_UNKNOWN },
		{ STATUS_UNSTABLE, VERDICT_UNKNOWN },  { STATUS_FAILED, VERDICT_UNKNOWN },
		{ STATUS_TIMEOUT, VERDICT_UNKNOWN },   { STATUS_CRASHED, VERDICT_UNKNOWN },
		{ STATUS_CORRUPT, VERDICT_FAIL },
	};

	(void)state;
	assert_int_equal(sizeof rows / sizeof *rows, STATUS_CORRUPT + 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct verdict *v;
		struct result res;

		plant_result(&res, 2, 2, 1);
		plant(&res, 0, STATUS_OK, "");
		plant(&res, 0, rows[i].status, "of a reason");
		assert_int_equal(judge(&res), 0);
		v = &res.verdict;
		assert_int_equal(v->status, rows[i].verdict);
		assert_int_equal(v->nreasons, rows[i].verdict != VERDICT_PASS);
		if (v->nreasons) {
			char wanted[128];

			snprintf(wanted, sizeof wanted,
				 "gpu-bandwidth, pinned h2d, node 0, GPU 0: %s: of a reason",
				 status_name(rows[i].status));
			assert_string_equal(v->reasons[0], wanted);
		}
		result_release(&res);
	}
}

static void test_nothing(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 1, 1, 0);
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_PASS);
	assert_int_equal(res.nfindings, 0);
	/* All that was asked for was skipped: that is no PASS. */
	plant_idle(&res, 0, "no GPU");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_UNKNOWN);
	assert_string_equal(res.verdict.reasons[0], "nothing was measured: gpu-bandwidth: no GPU");
	assert_int_equal(verdict_exit_code(&res.verdict, false), 3);
	/* With a figure of whatever it is. */
	plant(&res, 0, STATUS_OK, "");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_PASS);
	res.run.complete = false;
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_UNKNOWN);
	assert_non_null(strstr(res.verdict.reasons[0], "the run ended before its plan did"));
	result_release(&res);
}

/* The report's first line and --require-gpus count alike: whatever has a figure. */
static void test_count_takes_unstable(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 1, 2, 3);
	require_gpus(&res, 2);
	plant(&res, 0, STATUS_OK, "");
	plant(&res, 1, STATUS_UNSTABLE, "a quota");
	plant(&res, 2, STATUS_CRASHED, "ended by signal 11");
	assert_true(result_gpu_measured(&res, 0));
	assert_true(result_gpu_measured(&res, 1));
	assert_false(result_gpu_measured(&res, 2));
	assert_int_equal(result_gpus_measured(&res), 2);
	assert_int_equal(judge(&res), 0);
	assert_string_equal(finding(&res, "gpu.count", 0)->status, "pass");
	/* A figure that is no number is none. */
	res.records[0].median = NAN;
	assert_false(result_gpu_measured(&res, 0));
	assert_int_equal(judge(&res), 0);
	assert_string_equal(finding(&res, "gpu.count", 0)->status, "fail");
	result_release(&res);
}

static void test_count(void **state)
{
	static const struct {
		int required;
		size_t measured;
		bool right;
	} rows[] = {
		{ 0, 0, true }, { 0, 1, false }, { 2, 2, true }, { 2, 1, false }, { 1, 2, false }
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct finding *f;
		struct result res;

		plant_result(&res, 1, 2, 2);
		require_gpus(&res, rows[i].required);
		for (size_t g = 0; g < rows[i].measured; g++) {
			plant(&res, (int)g, STATUS_OK, ""); /* two cells are one GPU */
			plant(&res, (int)g, STATUS_OK, "");
		}
		plant_idle(&res, 1, "not asked for"); /* is not measured */
		assert_int_equal(judge(&res), 0);
		f = finding(&res, "gpu.count", 0);
		assert_non_null(f);
		assert_string_equal(f->status, rows[i].right ? "pass" : "fail");
		assert_int_equal(res.verdict.status, !rows[i].right     ? VERDICT_FAIL
						     : rows[i].measured ? VERDICT_PASS
									: VERDICT_UNKNOWN);
		result_release(&res);
	}
}

static void test_count_without_cuda(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 1, 2, 0);
	require_gpus(&res, 8);
	snprintf(res.machine.cuda_why, sizeof res.machine.cuda_why, "built without CUDA");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_FAIL);
	assert_string_equal(res.verdict.reasons[0],
			    "GPUs: 0 of 0 measured: built without CUDA; expected: 8 measured, as "
			    "--require-gpus asks");
	/* Nobody asked: no finding. */
	json_object_clear(res.run.options);
	assert_int_equal(judge(&res), 0);
	assert_null(finding(&res, "gpu.count", 0));
	assert_int_equal(res.verdict.status, VERDICT_PASS);
	result_release(&res);
}

static void test_busy(void **state)
{
	struct result res;

	(void)state;
	plant_result(&res, 1, 2, 2);
	plant(&res, 1, STATUS_OK, "");
	plant_idle(&res, 0, "busy: process 4711");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_PASS);
	res.machine.gpus[0].busy = true;
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_UNKNOWN);
	assert_non_null(strstr(res.verdict.reasons[0], "process 4711"));
	json_object_set_new(res.run.options, "busy", json_true());
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_PASS);
	result_release(&res);
}

static void test_left_out(void **state)
{
	struct result res;

	(void)state;
	/* Planned, and nothing came of it. */
	plant_result(&res, 1, 2, 2);
	plant(&res, 0, STATUS_OK, "");
	plant(&res, 1, STATUS_SKIPPED, LEFT_OUT "no time");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_UNKNOWN);
	assert_non_null(strstr(res.verdict.reasons[0], "no time"));
	/* Some of it came: a warning. */
	plant(&res, 1, STATUS_OK, "");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_PASS);
	assert_int_equal(res.verdict.nwarnings, 1);
	assert_non_null(strstr(finding(&res, "run.cells", 0)->observed, "1 of 3 cells"));
	assert_int_equal(verdict_exit_code(&res.verdict, true), 1);
	/* Judging twice finds once. */
	assert_int_equal(judge(&res), 0);
	assert_null(finding(&res, "run.cells", 1));
	result_release(&res);
}

/* What others used of the CPUs, and from when on it is a warning. */
static void test_load(void **state)
{
	static const struct {
		double others, stolen;
		const char *harm; /* NULL: no finding */
		const char *observed;
	} rows[] = {
		{ 0, 0, NULL, NULL },
		{ 0.099, 0, NULL, NULL },
		{ 0.12, 0, "percent",
		  "other work used 12 % of the CPUs' time while it was measured" },
		{ 0.05, 0.06, "percent",
		  "other work used 5 % of the CPUs' time while it was measured, and the "
		  "hypervisor took 6 %" },
		{ 0.47, 0, "factor",
		  "other work used 47 % of the CPUs' time while it was measured" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct finding *f;
		struct result res;

		plant_result(&res, 1, 2, 1);
		plant(&res, 0, STATUS_OK, "");
		res.run.simulated = false;
		assert_int_equal(judge(&res), 0);
		assert_null(finding(&res, "run.load", 0)); /* not known */
		json_decref(res.run.more);
		res.run.more = json_pack("{s:{s:f, s:f}}", "load", "others", rows[i].others,
					 "stolen", rows[i].stolen);
		for (int again = 0; again < 2; again++)
			assert_int_equal(judge(&res), 0);
		f = finding(&res, "run.load", 0);
		assert_int_equal(f != NULL, rows[i].harm != NULL);
		assert_null(finding(&res, "run.load", 1));
		assert_int_equal(res.verdict.status, VERDICT_PASS);
		assert_int_equal(res.verdict.nwarnings, rows[i].harm != NULL);
		if (f) {
			static const char *const keys[] = { "title", "cost", "remedy", "verify" };

			assert_string_equal(finding_text(f, "harm"), rows[i].harm);
			assert_string_equal(f->observed, rows[i].observed);
			for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
				assert_non_null(json_object_get(f->more, keys[k]));
		}
		/* The simulator's figures do not depend on it. */
		res.run.simulated = true;
		assert_int_equal(judge(&res), 0);
		assert_null(finding(&res, "run.load", 0));
		result_release(&res);
	}
}

static void test_reasons_stay_few(void **state)
{
	struct result res;
	char why[32];

	(void)state;
	plant_result(&res, 1, 2, 1);
	for (int i = 0; i < 14; i++)
		plant(&res, i, STATUS_UNSTABLE, "a quota");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.nreasons, 1);
	assert_string_equal(
		res.verdict.reasons[0],
		"gpu-bandwidth, pinned h2d, node 0, GPU 0; pinned h2d, node 0, GPU 1; and "
		"12 more: unstable: a quota");
	for (int i = 0; i < 20; i++) {
		snprintf(why, sizeof why, "reason %d", i);
		plant(&res, i, STATUS_FAILED, why);
	}
	plant(&res, 3, STATUS_CORRUPT, "bit 5 at offset 64");
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.verdict.status, VERDICT_FAIL);
	assert_int_equal(res.verdict.nreasons, 13);
	assert_non_null(strstr(res.verdict.reasons[0], "GPU 3: corrupt: bit 5 at offset 64"));
	assert_string_equal(res.verdict.reasons[12], "and 10 more");
	result_release(&res);
}

/* A record of no cell is named once. */
static void test_record_of_a_test(void **state)
{
	struct result res;
	struct record r;

	(void)state;
	plant_result(&res, 1, 2, 0);
	record_init(&r);
	snprintf(r.test, sizeof r.test, "mem-latency");
	record_set(&r, "test", NULL);
	record_status(&r, STATUS_CRASHED, "ended by signal 9 (Killed)");
	assert_int_equal(result_add(&res, &r), 0);
	assert_int_equal(judge(&res), 0);
	assert_string_equal(res.verdict.reasons[0],
			    "mem-latency: crashed: ended by signal 9 (Killed)");
	result_release(&res);
}

static void test_findings(void **state)
{
	struct finding f = { .id = "pcie.link-width",
			     .family = "pcie",
			     .status = "fail",
			     .subject = "GPU 4",
			     .observed = "x8",
			     .expected = "x16" };
	struct result res;

	(void)state;
	plant_result(&res, 1, 2, 0);
	assert_int_equal(result_find(&res, &f), 0);
	assert_int_equal(judge(&res), 0);
	assert_int_equal(res.nfindings, 1); /* not ours: stays */
	assert_int_equal(res.verdict.status, VERDICT_FAIL);
	assert_string_equal(res.verdict.reasons[0], "GPU 4: x8; expected: x16");
	result_release(&res);
}

static void test_exit_codes(void **state)
{
	static const struct {
		enum verdict_status status;
		size_t nwarnings;
		bool strict;
		int code;
	} rows[] = {
		{ VERDICT_PASS, 0, false, 0 },   { VERDICT_PASS, 0, true, 0 },
		{ VERDICT_PASS, 2, false, 0 },   { VERDICT_PASS, 2, true, 1 },
		{ VERDICT_UNKNOWN, 0, true, 3 }, { VERDICT_UNKNOWN, 2, false, 3 },
		{ VERDICT_UNKNOWN, 2, true, 1 }, { VERDICT_FAIL, 0, false, 1 },
		{ VERDICT_FAIL, 3, true, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct verdict v = { .status = rows[i].status, .nwarnings = rows[i].nwarnings };

		assert_int_equal(verdict_exit_code(&v, rows[i].strict), rows[i].code);
	}
	assert_string_equal(verdict_name(VERDICT_UNKNOWN), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_count_without_cuda),
		cmocka_unit_test(test_count_takes_unstable),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_reasons_stay_few),
		cmocka_unit_test(test_record_of_a_test),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
