/* test-feed.c - what becomes of feeding processes in a record, and the processes themselves as far
 * as they go without a GPU (tests/sim/migration.t has the rest). */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "unit.h"

#include "kernels/feed_load.h"
#include "kernels/feed_tell.h"
#include "place/threads.h"

/* A run over one CPU node each quarter: looks[i] on node i; and so many pages there. */
static struct feed_answer answer(unsigned on0, unsigned on1, uint64_t pages0, uint64_t pages1)
{
	struct feed_answer a = { .run = { .seconds = 2, .passes = 4 } };
	const unsigned looks[] = { on0, on1 };
	const uint64_t pages[] = { pages0, pages1 };

	for (int i = 0; i < 2; i++) {
		if (looks[i]) {
			a.run.seen.on[a.run.seen.n].node = i;
			a.run.seen.on[a.run.seen.n++].looks = looks[i];
			a.run.seen.looks += looks[i];
		}
		if (pages[i])
			a.after.of[a.after.n++] = (struct resident){ .node = i, .pages = pages[i] };
	}
	a.after.proof = PROOF_MOVE_PAGES;
	for (int i = 0; i < FEED_STEPS; i++)
		a.run.step[i] = 0.5;
	return a;
}

static double more(const struct record *r, const char *object, const char *key)
{
	return json_number_value(json_object_get(json_object_get(r->more, object), key));
}

static void test_rate(void **state)
{
	const struct feed_run run = { .seconds = 2, .passes = 4 }, none = { 0 };

	(void)state;
	assert_true(feed_rate(&run, 1000) == 2000);
	assert_true(isnan(feed_rate(&none, 1000)));
}

static void test_local_share(void **state)
{
	static const struct {
		unsigned looks[2];
		uint64_t pages[2];
		double share;
	} rows[] = {
		{ { 4, 0 }, { 512, 0 }, 1 },       { { 0, 4 }, { 512, 0 }, 0 },
		{ { 3, 1 }, { 512, 0 }, 0.75 },    { { 3, 1 }, { 256, 256 }, 0.5 },
		{ { 1, 3 }, { 128, 384 }, 0.625 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct feed_answer a = answer(rows[i].looks[0], rows[i].looks[1], rows[i].pages[0],
					      rows[i].pages[1]);

		assert_true(fabs(feed_local_share(&a) - rows[i].share) < 1e-12);
		a.after.proof = PROOF_NONE;
		assert_true(isnan(feed_local_share(&a)));
	}
}

static void test_steps_are_means_over_all_passes(void **state)
{
	const struct feed_expect anywhere = { .cpu_node = 0 };
	struct feed_answer a = answer(1, 0, 512, 0);
	struct record r;

	(void)state;
	record_init(&r);
	assert_int_equal(feed_tell(&r, &a, &anywhere), 0);
	assert_true(more(&r, "steps", "h2d") == 0.125);
	a.run.passes = 12;
	a.run.step[FEED_H2D] = 7.5;
	assert_int_equal(feed_tell(&r, &a, &anywhere), 0);
	assert_true(more(&r, "steps", "h2d") == 0.5);
	assert_true(more(&r, "steps", "passes") == 16);
	assert_true(r.verified);
	record_release(&r);
}

/* Looked for on node 0: what is asked for decides. */
static void test_placement_is_judged_as_asked(void **state)
{
	static const struct {
		unsigned looks[2];
		uint64_t pages[2];
		bool threads, pages_too;
		enum status status;
	} rows[] = {
		{ { 4, 0 }, { 512, 0 }, true, true, STATUS_OK },
		{ { 3, 1 }, { 512, 0 }, true, true, STATUS_MISPLACED },
		{ { 3, 1 }, { 512, 0 }, false, true, STATUS_OK },
		{ { 4, 0 }, { 511, 1 }, true, true, STATUS_MISPLACED },
		{ { 4, 0 }, { 511, 1 }, true, false, STATUS_OK },
		{ { 3, 1 }, { 1, 511 }, false, false, STATUS_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct feed_expect x = { .threads = rows[i].threads,
					       .pages = rows[i].pages_too };
		const struct feed_answer a = answer(rows[i].looks[0], rows[i].looks[1],
						    rows[i].pages[0], rows[i].pages[1]);
		struct record r;

		record_init(&r);
		assert_int_equal(feed_tell(&r, &a, &x), 0);
		assert_int_equal(r.status, rows[i].status);
		/* Judged or not, it is told. */
		assert_int_equal(r.placement.nran_on, a.run.seen.n);
		assert_int_equal(r.placement.nresident, a.after.n);
		record_release(&r);
	}
}

static void test_a_wrong_sum_is_corrupt(void **state)
{
	const struct feed_expect anywhere = { 0 };
	struct feed_answer a = answer(1, 0, 512, 0);
	struct record r;

	(void)state;
	record_init(&r);
	r.gpu = 3;
	record_set(&r, "gpu", NULL);
	a.run.wrong = true;
	a.run.way = DIR_H2D;
	a.run.where = (struct mismatch){ .offset = 4711, .expected = 1, .found = 3, .words = 1 };
	assert_int_equal(feed_tell(&r, &a, &anywhere), 0);
	assert_int_equal(r.status, STATUS_CORRUPT);
	assert_false(r.verified);
	assert_non_null(strstr(r.reason, "GPU 3"));
	assert_non_null(strstr(r.reason, "h2d"));
	assert_non_null(strstr(r.reason, "offset 4711"));
	record_release(&r);
}

static void test_pages_that_follow_and_pages_that_stay(void **state)
{
	static const struct {
		uint64_t pages[2];
		double moved;
		bool remedy;
	} rows[] = { { { 0, 512 }, 1, false },
		     { { 512, 0 }, 0, true },
		     { { 128, 384 }, 0.75, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct feed_answer a = answer(0, 1, rows[i].pages[0], rows[i].pages[1]);
		struct record r;

		record_init(&r);
		a.before = (struct pages_found){ .proof = PROOF_MOVE_PAGES,
						 .n = 1,
						 .of = { { .node = 0, .pages = 512 } } };
		assert_int_equal(feed_tell_moved(&r, &a, 1), 0);
		assert_true(r.moved == rows[i].moved);
		assert_true(more(&r, "page_moves", "asked") == 512);
		assert_true(more(&r, "page_moves", "moved") == (double)rows[i].pages[1]);
		assert_true(more(&r, "page_moves", "stayed") == (double)rows[i].pages[0]);
		assert_int_equal(json_object_get(r.more, "remedy") != NULL, rows[i].remedy);
		record_release(&r);
	}
}

static void test_every_process_is_kept(void **state)
{
	struct feed_answer a = answer(3, 1, 512, 0);
	json_t *runs;
	struct record r;

	(void)state;
	record_init(&r);
	r.bytes = 1000;
	a.run.seen.moves = 5;
	a.run.seen.node_moves = 2;
	for (int i = 0; i < 3; i++)
		assert_int_equal(feed_tell_process(&r, &a), 0);
	runs = json_object_get(r.more, "runs");
	assert_int_equal(json_array_size(runs), 3);
	runs = json_array_get(runs, 2);
	assert_true(json_number_value(json_object_get(runs, "rate")) == 2000);
	assert_int_equal(json_integer_value(json_object_get(runs, "moves")), 5);
	assert_int_equal(json_integer_value(json_object_get(runs, "node_moves")), 2);
	assert_true(json_number_value(json_object_get(runs, "local_share")) == 0.75);
	record_release(&r);
}

/* ---- processes ---- */

static struct machine here(void)
{
	struct machine m = { 0 };

	assert_int_equal(thread_cpus(&m.allowed_cpus, NULL), 0);
	return m;
}

static void assert_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_a_gpu_that_is_not_there(void **state)
{
	const struct machine m = here();
	const struct feed_birth birth = {
		.machine = &m, .gpu = 7, .cpus = &m.allowed_cpus, .bytes = 4096
	};
	const struct feed_order order = { .memory = MEM_PAGEABLE, .node = -1, .least = 1 };
	struct feed_process *p;
	struct feed_answer a;
	struct err e = { "" };

	(void)state;
	assert_int_equal(feed_process_start(&p, &birth, &e), 0);
	for (int i = 0; i < 2; i++) { /* it stays to be asked again */
		assert_int_equal(feed_process_do(p, &order, &a, &e), -ENODEV);
		assert_non_null(strstr(e.text, "GPU 7"));
	}
	assert_true(feed_process_reached(p));
	feed_process_end(p);
	assert_no_child();
}

static void test_cpus_that_are_not_there(void **state)
{
	const struct machine m = here();
	struct idset none = { { 0 } };
	const struct feed_birth birth = { .machine = &m, .gpu = 0, .cpus = &none, .bytes = 4096 };
	const struct feed_order order = { .memory = MEM_PAGEABLE, .node = -1 };
	struct feed_process *p;
	struct feed_answer a;
	struct err e = { "" };

	(void)state;
	idset_add(&none, IDSET_MAX - 1);
	assert_int_equal(feed_process_start(&p, &birth, &e), 0);
	assert_int_equal(feed_process_do(p, &order, &a, &e), -EINVAL);
	assert_non_null(strstr(e.text, "8191"));
	feed_process_end(p);
	assert_no_child();
}

/* Seconds until this thread was found on another CPU; more than `most`: it was not. */
static double until_moved(double most)
{
	struct timespec t, began;
	int first = sched_getcpu();
	double gone = 0;

	clock_gettime(CLOCK_MONOTONIC, &began);
	while (sched_getcpu() == first && gone <= most) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		gone = (double)(t.tv_sec - began.tv_sec) +
		       1e-9 * (double)(t.tv_nsec - began.tv_nsec);
	}
	return gone;
}

static void test_load_moves_others(void **state)
{
	const struct machine m = here();
	struct feed_load *load;
	struct err e = { "" };

	(void)state;
	assert_int_equal(feed_load_start(&load, &m, &e), 0);
	if (idset_count(&m.allowed_cpus) > 1)
		assert_true(until_moved(10) < 10);
	feed_load_stop(load);
	assert_no_child();
	feed_load_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_local_share),
		cmocka_unit_test(test_steps_are_means_over_all_passes),
		cmocka_unit_test(test_placement_is_judged_as_asked),
		cmocka_unit_test(test_a_wrong_sum_is_corrupt),
		cmocka_unit_test(test_pages_that_follow_and_pages_that_stay),
		cmocka_unit_test(test_every_process_is_kept),
		cmocka_unit_test(test_a_gpu_that_is_not_there),
		cmocka_unit_test(test_cpus_that_are_not_there),
		cmocka_unit_test(test_load_moves_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
