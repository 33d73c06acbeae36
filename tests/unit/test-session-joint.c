/* test-session-joint.c - joint cells of one worker and of several, who gets the blame, GPUs
 * that take one process at a time, sites without memory, and what cannot be had. */
#include "joint_bench.h"

/* Cells from..to-1 are well, with all their samples. */
static void assert_well(const struct told *t, int from, int to)
{
	for (int i = from; i < to; i++) {
		assert_string_equal(t->records[i].reason, "");
		assert_int_equal(t->records[i].status, STATUS_OK);
		assert_int_equal(t->records[i].samples.n, ROUNDS);
		assert_int_equal(t->samples[i], ROUNDS);
	}
}

static void assert_ended(const struct told *t, int from, int to, enum status status,
			 const char *reason)
{
	for (int i = from; i < to; i++) {
		assert_int_equal(t->records[i].status, status);
		if (!strstr(t->records[i].reason, reason))
			fail_msg("cell %d: \"%s\" lacks \"%s\"", i, t->records[i].reason, reason);
	}
}

static void assert_sums(const struct told *t, int sum, int members)
{
	const struct record *r = &t->records[sum];

	for (size_t k = 0; k < r->samples.n; k++) {
		double total = 0;

		for (int i = 1; i <= members; i++) {
			total += t->records[sum + i].samples.v[k];
			assert_true(t->records[sum + i].round.v[k] == r->round.v[k]);
			assert_true(t->records[sum + i].fresh.v[k] == r->fresh.v[k]);
		}
		assert_true(fabs(r->samples.v[k] - total) < 1e-9);
	}
}

static void test_together(void **state)
{
	struct script k = plain();
	struct told t;

	(void)state;
	run(&k, &t);
	assert_well(&t, 0, CELLS);
	assert_sums(&t, PAIR, 2);
	assert_sums(&t, ALL, GPUS);
	for (int i = 0; i < CELLS; i++) {
		const struct record *r = &t.records[i];
		bool sum = i == PAIR || i == ALL;

		assert_true(r->verified);
		assert_int_equal(record_has(r, "gpu"), !sum);
		assert_int_equal(record_has(r, "placement"), !sum);
		if (sum)
			continue;
		assert_int_equal(r->placement.ran_on[0], node_of[r->gpu]);
		assert_int_equal(r->placement.resident[0].node, node_of[r->gpu]);
		/* the last opening's, and each its own */
		assert_int_equal(json_integer_value(json_object_get(r->more, "opening")), 2);
		assert_int_equal(json_integer_value(json_object_get(
					 json_object_get(r->more, "link_after"), "gen")),
				 r->gpu);
	}
	assert_true(t.records[PAIR].samples.v[0] == 10 + 20 + 2 * OF_PAIR);
	assert_null(json_object_get(t.records[0].more, "one_after_another"));
	assert_int_equal(t.seen.closed, 3 * GPUS); /* three openings, shared by all */
	assert_true(t.seen.side_by_side > 0);
	forget(&t);
}

/* What goes wrong ends the joint cells with the right GPU's name; alone it goes on. */
static void test_blame(void **state)
{
	static const struct {
		enum trick trick;
		int gpu, where;
		enum status status;
		const char *reason;
	} rows[] = {
		{ TRICK_CRASH, 2, OF_ALL, STATUS_CRASHED, "GPU 2: the worker process ended by" },
		{ TRICK_CRASH, 1, OF_ALL, STATUS_CRASHED, "GPU 1: the worker process ended by" },
		{ TRICK_CRASH, 0, OF_PAIR, STATUS_CRASHED, "GPU 0: the worker process ended by" },
		{ TRICK_FAIL, 2, OF_ALL, STATUS_FAILED, "GPU 2: the device said no" },
		{ TRICK_FAIL, 1, OF_PAIR, STATUS_FAILED, "GPU 1: the device said no" },
		/* node 1 has one GPU, which is told without a word; node 0 has two */
		{ TRICK_FAIL_MUTE, 2, OF_ALL, STATUS_FAILED, "GPU 2: the device said no" },
		{ TRICK_FAIL_MUTE, 1, OF_ALL, STATUS_FAILED, "the device said no" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct script k = plain();
		bool all = rows[i].where == OF_ALL;
		struct told t;

		k.trick = rows[i].trick;
		k.gpu = rows[i].gpu;
		k.where = rows[i].where;
		k.fresh = 1;
		run(&k, &t);
		assert_well(&t, ALONE, all ? ALL : PAIR);
		assert_ended(&t, all ? ALL : PAIR, all ? CELLS : ALL, rows[i].status,
			     rows[i].reason);
		assert_int_equal(strncmp(t.records[all ? ALL : PAIR].reason, rows[i].reason,
					 strlen(rows[i].reason)),
				 0);
		assert_int_equal(t.samples[all ? ALL : PAIR], 2); /* those of the first opening */
		if (!all)
			assert_well(&t, ALL, CELLS);
		forget(&t);
	}
}

/* Two failures, and the GPU is used no more: nor alone, nor with others. */
static void test_strikes(void **state)
{
	struct script k = plain();
	struct told t;

	(void)state;
	k.trick = TRICK_FAIL;
	k.gpu = 1;
	k.where = OF_PAIR;
	k.elsewhere = OF_ALL;
	run(&k, &t);
	assert_well(&t, ALONE, 1);
	assert_well(&t, 2, 3);
	assert_ended(&t, 1, 2, STATUS_FAILED, "GPU 1 is used no more: the device said no");
	assert_ended(&t, PAIR, CELLS, STATUS_FAILED, "GPU 1: the device said no");
	forget(&t);
	/* Once where nobody knows whose fault it was, twice: still nobody's. */
	k.trick = TRICK_FAIL_MUTE;
	run(&k, &t);
	assert_well(&t, ALONE, PAIR);
	assert_ended(&t, PAIR, CELLS, STATUS_FAILED, "the device said no");
	forget(&t);
}

/* The others come back at once, and go on without it. */
static void test_hang(void **state)
{
	struct session_options o = six_rounds();
	struct script k = plain();
	struct told t;

	(void)state;
	k.trick = TRICK_HANG;
	k.gpu = 1;
	k.where = OF_ALL;
	o.budget_s = 1; /* the step's deadline is then its least, 10 s */
	assert_int_equal(run_with(&k, o, &t), 0);
	drop_skipped(&t);
	assert_well(&t, 0, 1);
	assert_well(&t, 2, 3);
	assert_ended(&t, 1, 2, STATUS_TIMEOUT, "GPU 1 is used no more: no answer within 10 s");
	assert_ended(&t, ALL, CELLS, STATUS_TIMEOUT, "GPU 1: no answer within 10 s");
	assert_ended(&t, PAIR, ALL, STATUS_TIMEOUT, "GPU 1 is used no more");
	forget(&t);
}

static void test_void(void **state)
{
	struct session_options o = six_rounds();
	struct script k = plain();
	struct told t;

	(void)state;
	k.trick = TRICK_VOID;
	k.gpu = 2;
	k.where = OF_ALL;
	run(&k, &t);
	assert_well(&t, 0, CELLS); /* made again in the same round */
	forget(&t);
	k.trick = TRICK_VOID_EVER;
	k.fresh = 1; /* from the third round on */
	run(&k, &t);
	assert_well(&t, 0, ALL);
	assert_ended(&t, ALL, CELLS, STATUS_UNSTABLE,
		     "every sample of 3 rounds in a row was void: the gate was late");
	for (int i = ALL; i < CELLS; i++)
		assert_int_equal(t.records[i].samples.n, 2); /* what they had */
	forget(&t);
	k.fresh = 0; /* never a good one: not left out for want of time */
	run(&k, &t);
	assert_ended(&t, ALL, CELLS, STATUS_UNSTABLE, "every sample of 3 rounds in a row was void");
	forget(&t);
	o.rounds = 1; /* ends before three of them */
	assert_int_equal(run_with(&k, o, &t), 0);
	drop_skipped(&t);
	assert_ended(&t, ALL, CELLS, STATUS_UNSTABLE, "every sample was void: the gate was late");
	forget(&t);
}

/* A sum without figures says what its members say. */
static void test_no_figures(void **state)
{
	struct script k = plain();
	struct told t;

	(void)state;
	k.trick = TRICK_SKIP;
	k.where = OF_ALL;
	run(&k, &t);
	assert_well(&t, 0, ALL);
	assert_ended(&t, ALL, CELLS, STATUS_SKIPPED, "the kernel has none");
	forget(&t);
}

/* The same for a cell by itself: neither it nor its GPU failed. */
static void test_void_alone(void **state)
{
	struct script k = plain();
	struct told t;

	(void)state;
	k.trick = TRICK_VOID;
	k.gpu = 2;
	k.where = OF_ONE;
	run(&k, &t);
	assert_well(&t, 0, CELLS);
	forget(&t);
	k.trick = TRICK_VOID_EVER;
	k.fresh = 1;
	run(&k, &t);
	assert_ended(&t, 2, 3, STATUS_UNSTABLE,
		     "every sample of 3 rounds in a row was void: the gate was late");
	assert_int_equal(t.records[2].samples.n, 2);
	assert_well(&t, 0, 2);
	assert_well(&t, PAIR, CELLS);
	forget(&t);
}

/* A sum is what the worst of its members is; the other members are well. */
static void test_bad_members(void **state)
{
	static const struct {
		enum trick trick;
		enum status status;
		const char *reason;
		bool alone_too, keeps_on;
	} rows[] = {
		{ TRICK_CORRUPT, STATUS_CORRUPT, "bit 3 at offset 4096", false, false },
		{ TRICK_WANDER, STATUS_MISPLACED, "seen on node 0, it belongs on node 1", true,
		  true },
		{ TRICK_MISPLACE, STATUS_MISPLACED, "asked for node 1, found 7 pages on node 2",
		  true, true },
		{ TRICK_LAST, STATUS_UNSTABLE, "the clock was lowered", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct script k = plain();
		struct told t;

		k.trick = rows[i].trick;
		k.gpu = 2;
		k.where = OF_ALL;
		k.fresh = 1;
		run(&k, &t);
		assert_well(&t, ALONE, 2);
		assert_well(&t, PAIR, ALL);
		assert_ended(&t, ALL, ALL + 1, rows[i].status, rows[i].reason);
		assert_ended(&t, ALL + GPUS, CELLS, rows[i].status, rows[i].reason);
		assert_int_equal(t.records[ALL + 1].status, STATUS_OK);
		assert_int_equal(t.records[ALL + 2].status, STATUS_OK);
		assert_int_equal(t.samples[ALL], rows[i].keeps_on ? ROUNDS : 3);
		if (rows[i].alone_too)
			assert_ended(&t, 2, 3, rows[i].status, rows[i].reason);
		else
			assert_well(&t, 2, 3);
		forget(&t);
	}
}

static void test_not_supported(void **state)
{
	struct script k = plain();
	struct told t;

	(void)state;
	k.trick = TRICK_NO_OPEN;
	k.gpu = 2;
	k.where = OF_ONE;
	run(&k, &t);
	assert_well(&t, ALONE, 2);
	assert_well(&t, PAIR, ALL);
	assert_ended(&t, 2, 3, STATUS_SKIPPED, "it has no such memory");
	assert_ended(&t, ALL, CELLS, STATUS_SKIPPED, "it has no such memory");
	forget(&t);
}

static void test_no_memory(void **state)
{
	struct script k = plain();
	struct told t;

	(void)state;
	k.no_memory = true;
	run(&k, &t);
	assert_well(&t, 0, CELLS);
	assert_int_equal(t.seen.proofs_asked, 0);
	assert_false(record_has(&t.records[0], "mem_node"));
	assert_int_equal(t.records[0].placement.nresident, 0);
	assert_int_equal(t.records[0].placement.nran_on, 1);
	assert_int_equal(t.records[0].placement.ran_on[0], 0);
	assert_int_equal(json_integer_value(json_object_get(t.records[0].more, "opening")), 2);
	forget(&t);
	k.trick = TRICK_WANDER;
	k.where = OF_ONE;
	run(&k, &t);
	assert_ended(&t, 0, 1, STATUS_MISPLACED, "seen on node 1, it belongs on node 0");
	forget(&t);
}

static void test_memory(void **state)
{
	struct script k = plain();
	struct told t;

	(void)state;
	/* Each fits into half of what a node gives, two of a node do not: one unit at a time. */
	k.site_bytes = 400 << 20;
	run(&k, &t);
	assert_well(&t, ALONE, PAIR);
	assert_ended(&t, PAIR, CELLS, STATUS_SKIPPED,
		     LEFT_OUT
		     "buffers of 800 MiB do not fit into half of the 1 GiB that node 0 can give");
	forget(&t);
	k.site_bytes = 200 << 20; /* joint cells share the buffers of those alone */
	run(&k, &t);
	assert_well(&t, 0, CELLS);
	assert_int_equal(t.seen.closed, 3 * GPUS);
	forget(&t);
}

static void test_exclusive(void **state)
{
	struct script k = plain();
	struct told t;

	(void)state;
	k.exclusive = 1;
	run(&k, &t);
	assert_well(&t, ALONE, ALL);
	assert_sums(&t, PAIR, 2);
	assert_ended(&t, ALL, CELLS, STATUS_SKIPPED, "GPU 1 takes one at a time");
	assert_int_equal(t.seen.side_by_side, 0);
	assert_true(t.seen.closed >= ROUNDS * GPUS); /* afresh in every round */
	assert_int_equal(t.seen.lasts, t.seen.closed);
	assert_non_null(strstr(t.notes, "GPU 1 takes one process at a time"));
	for (int i = 0; i < CELLS; i++)
		assert_true(json_is_true(json_object_get(t.records[i].more, "one_after_another")));
	forget(&t);
}

static void test_budget(void **state)
{
	struct session_options o = six_rounds();
	struct script k = plain();
	struct told t;

	(void)state;
	k.together_s = 0.3; /* six rounds of both take 3.6 s and more, of one 1.8 */
	o.budget_s = 2.9;
	assert_int_equal(run_with(&k, o, &t), 0);
	drop_skipped(&t);
	assert_well(&t, 0, ALL);
	assert_ended(&t, ALL, CELLS, STATUS_SKIPPED, "left out"); /* worth least, and as one */
	assert_non_null(strstr(t.notes, "4 cells left out"));
	forget(&t);
}

static void test_depth(void **state)
{
	struct session_options o = six_rounds();
	struct script k = plain();
	struct told t;

	(void)state;
	o.quick = o.thorough = true;
	assert_int_equal(run_with(&k, o, &t), -EINVAL);
	assert_string_equal(t.err, "--quick and --thorough exclude each other");
	assert_int_equal(t.n, 0);
}

/* Two nodes need two CPUs to be told apart. */
static bool one_cpu(void)
{
	cpu_set_t mask;

	sched_getaffinity(0, sizeof mask, &mask);
	return CPU_COUNT(&mask) < 2;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together),    cmocka_unit_test(test_blame),
		cmocka_unit_test(test_strikes),     cmocka_unit_test(test_hang),
		cmocka_unit_test(test_void),        cmocka_unit_test(test_void_alone),
		cmocka_unit_test(test_bad_members), cmocka_unit_test(test_not_supported),
		cmocka_unit_test(test_no_memory),   cmocka_unit_test(test_memory),
		cmocka_unit_test(test_exclusive),   cmocka_unit_test(test_budget),
		cmocka_unit_test(test_depth),       cmocka_unit_test(test_no_figures),
	};

	if (one_cpu()) {
		print_message("1..0 # SKIP one CPU: there cannot be two nodes\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
