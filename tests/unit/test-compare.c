/* test-compare.c - a candidate against a baseline: what is judged, what is named, what is found. */
#include "compared.h"

static void test_same(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, FIVE);
	compare_all(&s, false);
	conclude(&s);
	assert_int_equal(s.c.count[CELL_SAME], 9);
	assert_int_equal(comparison_verdict(&s.c), VERDICT_PASS);
	assert_int_equal(s.out.verdict.status, VERDICT_PASS);
	assert_int_equal(count(&s, "fail") + count(&s, "unknown") + count(&s, "warn"), 0);
	assert_string_equal(found(&s, "history.cells")->observed,
			    "9 cells of 5 runs were compared with 10 runs of the baseline; 9 could "
			    "have failed");
	tear_down(&s);
}

static void test_slower(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, FIVE);
	slow_down(&s, 3, 0.9); /* GPU 1, h2d */
	compare_all(&s, false);
	assert_int_equal(s.c.count[CELL_SUSPECTED], 1);
	assert_int_equal(comparison_verdict(&s.c), VERDICT_UNKNOWN);
	conclude(&s);
	assert_int_equal(comparison_verdict(&s.c), VERDICT_FAIL);
	assert_int_equal(s.out.verdict.status, VERDICT_FAIL);
	assert_int_equal(count(&s, "fail"), 1);
	assert_string_equal(found(&s, "history.gpu-bandwidth.h2d.pinned")->subject,
			    "node 0, GPU 1");
	assert_string_equal(found(&s, "history.gpu-bandwidth.h2d.pinned")->observed,
			    "pinned h2d, node 0, GPU 1 lacks 10.0 %: 45.9 GB/s, 51 GB/s in the "
			    "baseline (3.0 % is allowed); not retested");
	tear_down(&s);
}

/* A retest takes a suspicion back, or bears it out. */
static void test_retest(void **state)
{
	for (int holds = 0; holds < 2; holds++) {
		struct result again;
		struct runs runs;
		struct scene s;
		size_t cells[9];

		(void)state;
		set_up(&s, FIVE);
		slow_down(&s, 2, 1.3); /* GPU 0, latency */
		compare_all(&s, false);
		assert_int_equal(comparison_suspects(&s.c, cells), 1);
		assert_int_equal(cells[0], 2);
		plant_run(&again, 30, GPUS, holds ? 1 / 1.2 : 1);
		runs_init(&runs);
		assert_int_equal(runs_add(&runs, &again), 0);
		assert_int_equal(comparison_retests(&s.c, &runs), 0);
		conclude(&s);
		assert_int_equal(s.c.cells[2].outcome, holds ? CELL_SLOWER : CELL_CLEARED);
		assert_int_equal(s.out.verdict.status, holds ? VERDICT_FAIL : VERDICT_PASS);
		says(&s, "history.gpu-latency.h2d.pinned",
		     holds ? "takes 30.0 % longer: 11.7 us, 9 us in the baseline "
			     "(5.0 % is allowed); a retest shows it, too: 10.8"
			   : "a retest did not show it: 9");
		runs_release(&runs);
		result_release(&again);
		tear_down(&s);
	}
}

/* The retest that a run made itself stands in its records. */
static void test_own_retest(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, 1);
	slow_down(&s, 0, 0.9);
	s.new[0].records[0].more = json_pack("{s:{s:f}}", "retest", "median", 45.2e9);
	compare_all(&s, false);
	assert_int_equal(s.c.cells[0].outcome, CELL_SLOWER);
	tear_down(&s);
}

/* One run without a retest only suspects; more of them than it can tell are said to be needed. */
static void test_one_run(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, 1);
	slow_down(&s, 0, 0.9);
	for (int i = 0; i < TEN; i++) /* and the baseline of GPU 2, d2h, spreads by 4 % */
		s.old[i].records[7].median *= 1 + 0.012 * (i - 4.5);
	slow_down(&s, 7, 0.8);
	compare_all(&s, false);
	conclude(&s);
	assert_int_equal(s.c.cells[0].outcome, CELL_SUSPECTED);
	assert_int_equal(s.c.cells[7].outcome, CELL_UNSURE);
	assert_int_equal(s.c.claimable, 8);
	assert_int_equal(s.out.verdict.status, VERDICT_UNKNOWN);
	assert_int_equal(count(&s, "unknown"), 2);
	says(&s, "history.gpu-bandwidth.d2h.pinned",
	     "one run cannot tell where those of the baseline spread by 3.7 %: 5 are needed");
	tear_down(&s);
}

static void test_better(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, FIVE);
	slow_down(&s, 4, 1.2);
	compare_all(&s, false);
	conclude(&s);
	assert_int_equal(s.c.count[CELL_BETTER], 1);
	assert_int_equal(s.out.verdict.status, VERDICT_PASS);
	says(&s, "history.gpu-bandwidth.d2h.pinned", "gained 20.0 %");
	assert_non_null(
		strstr(found(&s, "history.gpu-bandwidth.d2h.pinned")->fix, "make a new baseline"));
	tear_down(&s);
}

static void test_identity(void **state)
{
	struct scene s;
	json_t *identity;

	(void)state;
	set_up(&s, 1);
	identity = json_object_get(s.new[0].host, "identity");
	json_object_set_new(identity, "cpu", json_string("Xeon"));
	json_object_set_new(identity, "cpu_why", json_string("no matter"));
	slow_down(&s, 0, 0.5);
	compare_all(&s, false);
	conclude(&s);
	assert_int_equal(s.c.ncells, 0);
	assert_int_equal(s.out.verdict.status, VERDICT_UNKNOWN);
	assert_string_equal(found(&s, "history.identity")->observed,
			    "not comparable: cpu is \"Xeon\", in the baseline \"EPYC\"");
	assert_int_equal(count(&s, "fail"), 0);
	tear_down(&s);
	/* A simulated run is no run of the machine. */
	set_up(&s, 1);
	s.new[0].run.simulated = true;
	compare_all(&s, false);
	assert_int_equal(s.c.nidentity, 1);
	assert_string_equal(s.c.identity[0].field, "simulated");
	tear_down(&s);
	/* A GPU fewer. */
	set_up(&s, 1);
	json_array_clear(json_object_get(json_object_get(s.new[0].host, "identity"), "gpus"));
	compare_all(&s, false);
	conclude(&s);
	assert_string_equal(found(&s, "history.identity")->observed,
			    "not comparable: number of gpus is \"0\", in the baseline \"1\"");
	tear_down(&s);
}

/* The same machine, other sizes: no cell in common, and that is why. */
static void test_parameters(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, 1);
	for (size_t i = 0; i < s.new[0].nrecords; i++)
		s.new[0].records[i].bytes *= 2;
	compare_all(&s, false);
	conclude(&s);
	assert_int_equal(s.c.judged, 0);
	assert_int_equal(s.out.verdict.status, VERDICT_UNKNOWN);
	says(&s, "history.identity",
	     "not comparable: bytes is \"134217728\", in the baseline \"67108864\"");
	tear_down(&s);
}

static void test_conditions(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, FIVE);
	for (int i = 0; i < FIVE; i++) {
		json_t *conditions = json_object_get(s.new[i].host, "conditions");

		json_object_set_new(conditions, "kernel", json_string("6.12"));
		json_object_set_new(conditions, "thp", json_string("always"));
	}
	compare_all(&s, false);
	conclude(&s);
	assert_int_equal(s.out.verdict.status, VERDICT_PASS);
	assert_int_equal(s.c.nconditions, 2);
	assert_string_equal(
		found(&s, "history.conditions")->observed,
		"changed: kernel is \"6.12\", in the baseline \"6.1\"; compared all the "
		"same");
	tear_down(&s);
}

/* Planned and not measured is judged; what was not planned, or is new, is named. */
static void test_missing(void **state)
{
	struct scene s;
	struct record *r;

	(void)state;
	set_up(&s, FIVE);
	for (int i = 0; i < FIVE; i++) {
		r = s.new[i].records;
		record_unset(&r[0], "median", NULL);
		record_status(&r[0], STATUS_TIMEOUT, "no answer within 20 s");
		record_status(&r[1], STATUS_SKIPPED, LEFT_OUT "the budget is too short");
		r[2].bytes *= 2; /* another cell than that of the baseline */
	}
	compare_all(&s, false);
	conclude(&s);
	assert_int_equal(s.c.count[CELL_MISSING], 1);
	assert_int_equal(s.c.count[CELL_LEFT_OUT], 2);
	assert_int_equal(s.c.count[CELL_NEW], 1);
	assert_int_equal(s.out.verdict.status, VERDICT_UNKNOWN);
	assert_int_equal(count(&s, "unknown"), 1);
	assert_string_equal(
		found(&s, "history.gpu-bandwidth.h2d.pinned")->observed,
		"pinned h2d, node 0, GPU 0: planned and not measured: timeout: no answer "
		"within 20 s");
	assert_string_equal(found(&s, "history.left-out")->observed,
			    "2 cells are not in the candidate's plan, and not judged");
	assert_string_equal(found(&s, "history.new")->observed,
			    "1 cell is not in the baseline, and not judged");
	tear_down(&s);
}

/* One of several runs without the figure leaves the others; a test that never began is missing. */
static void test_partly_missing(void **state)
{
	struct record whole;
	struct scene s;

	(void)state;
	set_up(&s, FIVE);
	record_status(&s.new[1].records[0], STATUS_UNSTABLE, "a neighbour");
	for (int i = 0; i < FIVE; i++) {
		struct result *r = &s.new[i];

		for (size_t k = 0; k < r->nrecords; k++)
			if (strcmp(r->records[k].test, "gpu-latency") == 0)
				snprintf(r->records[k].test, sizeof r->records[k].test, "other");
		record_init(&whole);
		snprintf(whole.test, sizeof whole.test, "gpu-latency");
		record_set(&whole, "test", NULL);
		record_status(&whole, STATUS_CRASHED, "ended by signal 11");
		assert_int_equal(result_add(r, &whole), 0);
	}
	compare_all(&s, false);
	assert_int_equal(s.c.cells[0].trial.m, FIVE - 1);
	assert_int_equal(s.c.cells[0].outcome, CELL_SAME);
	assert_int_equal(s.c.count[CELL_MISSING], GPUS);
	assert_string_equal(s.c.cells[2].why, "crashed: ended by signal 11");
	tear_down(&s);
}

static void test_corrupt(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, FIVE);
	record_status(&s.new[2].records[0], STATUS_CORRUPT, "bit 3 of byte 17");
	compare_all(&s, false);
	conclude(&s);
	assert_int_equal(s.out.verdict.status, VERDICT_FAIL);
	assert_int_equal(count(&s, "fail"), 1);
	says(&s, "history.gpu-bandwidth.h2d.pinned", "bit 3 of byte 17");
	tear_down(&s);
}

/* Of a cell that the baseline lacks, and whatever came of it later: it fails all the same. */
static void test_corrupt_and_new(void **state)
{
	static const bool ratios[] = { false, true };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct scene s;

		set_up(&s, FIVE);
		for (int k = 0; k < FIVE; k++) {
			struct record *r = &s.new[k].records[0];

			r->bytes *= 2;
			r->undersized = true;
			record_set(r, "undersized", NULL);
			record_unset(r, "median", NULL);
			record_status(r, k == 1 ? STATUS_CORRUPT : STATUS_CRASHED, "bit 3");
		}
		compare_all(&s, ratios[i]);
		conclude(&s);
		assert_int_equal(comparison_verdict(&s.c), VERDICT_FAIL);
		assert_int_equal(count(&s, "fail"), 1);
		says(&s, "history.gpu-bandwidth.h2d.pinned", "data arrived corrupt: bit 3");
		tear_down(&s);
	}
}

/* Runs that are no evidence: cut short, the baseline's own; and those of another host are named. */
static void test_runs(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, FIVE);
	compare_all(&s, false);
	conclude(&s);
	assert_null(found(&s, "history.interrupted"));
	assert_null(found(&s, "history.own-runs"));
	assert_null(found(&s, "history.host"));
	tear_down(&s);
	set_up(&s, FIVE);
	s.new[3].run.complete = false;
	s.new[3].nrecords = 1;
	memcpy(s.new[1].run.id, s.old[4].run.id, sizeof s.old[4].run.id);
	memcpy(s.new[1].run.started, s.old[4].run.started, sizeof s.old[4].run.started);
	for (int i = 0; i < FIVE; i++)
		json_object_set_new(json_object_get(s.new[i].host, "rest"), "hostname",
				    json_string("other"));
	compare_all(&s, false);
	conclude(&s);
	s.new[3].nrecords = s.new[0].nrecords;
	assert_int_equal(comparison_verdict(&s.c), VERDICT_UNKNOWN);
	assert_int_equal(s.out.verdict.status, VERDICT_UNKNOWN);
	says(&s, "history.interrupted", "1 of 5 runs were interrupted");
	says(&s, "history.own-runs", "1 of 5 runs are of the baseline itself");
	assert_int_equal(s.out.verdict.nwarnings, 1);
	says(&s, "history.host", "another host: \"other\", in the baseline");
	tear_down(&s);
}

static void test_weak(void **state)
{
	struct runs before, after;
	struct comparison c;
	struct result old, new, out;

	(void)state;
	plant_run(&old, 0, 1, 1);
	plant_run(&new, 1, 1, 0.5);
	plant_result(&out, 1, 1, 1);
	runs_init(&before);
	runs_init(&after);
	assert_int_equal(runs_add(&before, &old) + runs_add(&after, &new), 0);
	assert_int_equal(compare(&c, &before, &after, false), 0);
	assert_int_equal(c.claimable, 0);
	assert_int_equal(c.count[CELL_UNSURE], 3);
	assert_int_equal(comparison_verdict(&c), VERDICT_UNKNOWN);
	assert_int_equal(comparison_find(&c, &out, "b"), 0);
	assert_int_equal(judge(&out), 0);
	assert_int_equal(out.verdict.status, VERDICT_UNKNOWN);
	assert_int_equal(out.verdict.nwarnings, 1);
	comparison_release(&c);
	runs_release(&before);
	runs_release(&after);
	result_release(&old);
	result_release(&new);
	result_release(&out);
}

/* All slower alike changes no ratio; one GPU slower than its peers does. */
static void test_ratios(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, FIVE);
	for (size_t i = 0; i < 9; i++)
		slow_down(&s, i, i % 3 == 2 ? 1.3 : 0.7);
	compare_all(&s, true);
	conclude(&s);
	assert_int_equal(s.c.count[CELL_SAME], 9);
	assert_int_equal(s.out.verdict.status, VERDICT_PASS);
	tear_down(&s);

	set_up(&s, FIVE);
	for (size_t i = 0; i < 9; i++)
		slow_down(&s, i, i % 3 == 2 ? 1.3 : 0.7);
	slow_down(&s, 6, 0.9);
	compare_all(&s, true);
	conclude(&s);
	assert_int_equal(count(&s, "fail"), 1);
	says(&s, "history.gpu-bandwidth.h2d.pinned",
	     "pinned h2d, node 0, GPU 2 to the median of other GPUs lacks 10.0 %: "
	     "0.927");
	tear_down(&s);

	/* Nothing to set it against: that is said. */
	set_up(&s, FIVE);
	for (int i = 0; i < TEN; i++)
		s.old[i].nrecords = 3;
	compare_all(&s, true);
	conclude(&s);
	assert_int_equal(s.c.judged, 0);
	assert_int_equal(s.out.verdict.status, VERDICT_UNKNOWN);
	for (int i = 0; i < TEN; i++)
		s.old[i].nrecords = 9;
	tear_down(&s);
}

/* The worst of each family comes first. */
static void test_suspects(void **state)
{
	struct scene s;
	size_t cells[9];

	(void)state;
	set_up(&s, FIVE);
	slow_down(&s, 0, 0.9);
	slow_down(&s, 3, 0.8);
	slow_down(&s, 6, 0.85);
	slow_down(&s, 1, 0.93);
	compare_all(&s, false);
	assert_int_equal(comparison_suspects(&s.c, cells), 4);
	assert_int_equal(cells[0], 3);
	assert_int_equal(cells[1], 1);
	assert_int_equal(cells[2], 6);
	assert_int_equal(cells[3], 0);
	tear_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),           cmocka_unit_test(test_slower),
		cmocka_unit_test(test_retest),         cmocka_unit_test(test_own_retest),
		cmocka_unit_test(test_one_run),        cmocka_unit_test(test_better),
		cmocka_unit_test(test_identity),       cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_conditions),     cmocka_unit_test(test_missing),
		cmocka_unit_test(test_partly_missing), cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_weak),           cmocka_unit_test(test_ratios),
		cmocka_unit_test(test_suspects),       cmocka_unit_test(test_corrupt_and_new),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
