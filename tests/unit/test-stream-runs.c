/* test-stream-runs.c - runs of mem-bandwidth by some of the threads, over parts of their shares,
 * and of several processes at the same time. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/stream_choose.h"
#include "kernels/stream_together.h"
#include "measure/clock.h"
#include "measure/timing.h"

enum { THREADS = 3, BYTES = 1 << 20, SEED = 5 };

struct bed {
	struct team *team;
	struct stream_set *set;
};

static struct team *three_threads(void)
{
	int cpu = sched_getcpu(), cpus[THREADS] = { cpu, cpu, cpu };
	struct team *team;

	assert_int_equal(team_start(&team, cpus, THREADS, NULL), 0);
	return team;
}

static void open_bed(struct bed *b)
{
	struct memory_want want = { .pages = PAGES_4K };
	unsigned node = 0;

	getcpu(NULL, &node);
	want.node = (int)node;
	b->team = three_threads();
	assert_int_equal(stream_set_open(&b->set, b->team, BYTES, &want, SEED, NULL), 0);
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct bed));
	if (*state)
		open_bed(*state);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	stream_set_close(b->set);
	team_stop(b->team);
	free(b);
	return 0;
}

static const struct stream_kernel *portable(enum stream_op op)
{
	size_t i = 0;

	while (stream_kernel(i)->op != op)
		i++;
	return stream_kernel(i);
}

static void spoil(struct stream_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		set->array[0][i] = -1;
}

/* How many elements the last run wrote. */
static size_t written(const struct stream_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		n += set->array[0][i] != -1;
	return n;
}

static void test_fewer_threads(void **state)
{
	struct bed *b = *state;

	for (size_t threads = 1; threads <= THREADS; threads++) {
		struct stream_run run = { .set = b->set,
					  .kernel = portable(STREAM_TRIAD),
					  .n = b->set->n,
					  .threads = threads,
					  .repeat = 1 };
		struct record r;

		spoil(b->set);
		memset(b->set->checked, 0, sizeof(b->set->checked));
		assert_int_equal(stream_set_run(&run, b->team), 0);
		assert_int_equal(written(b->set), b->set->n); /* whole arrays all the same */
		record_init(&r);
		stream_set_tell(&run, b->team, &r);
		assert_true(r.verified && r.threads == (int)threads);
		assert_true(fabs(r.bus_factor - 4.0 / 3) < 1e-12);
		record_release(&r);
		run.kernel = portable(STREAM_READ);
		assert_int_equal(stream_set_run(&run, b->team), 0);
		assert_true(run.sum == run.expected_sum && run.sum > 0);
	}
}

/* Every thread goes over the beginning of its share, and nothing else. */
static void test_parts(void **state)
{
	struct bed *b = *state;
	size_t least = stream_share_least(b->set->n, THREADS);

	assert_true(least > 0 && least * THREADS <= b->set->n);
	for (size_t each = 8; each <= least; each *= 7) {
		struct stream_run run = { .set = b->set,
					  .kernel = portable(STREAM_TRIAD),
					  .n = b->set->n,
					  .threads = THREADS,
					  .each = each,
					  .repeat = 3 };
		struct record r;
		size_t first, n;

		spoil(b->set);
		assert_int_equal(stream_set_run(&run, b->team), 0);
		assert_int_equal(written(b->set), each * THREADS);
		record_init(&r);
		stream_set_tell(&run, b->team, &r);
		assert_true(r.verified);
		record_release(&r);
		/* A wrong element in it is found; one behind it is nobody's business. */
		stream_share(b->set->n, 1, THREADS, &first, &n);
		b->set->array[0][first + each - 1] += 1;
		record_init(&r);
		stream_set_tell(&run, b->team, &r);
		assert_int_equal(r.status, STATUS_CORRUPT);
		record_release(&r);
		assert_true(stream_run_rate(&run) ==
			    24 * (double)each * THREADS * run.repeat / run.seconds);
		run.kernel = portable(STREAM_READ);
		assert_int_equal(stream_set_run(&run, b->team), 0);
		assert_true(run.sum == run.expected_sum && run.sum > 0);
	}
}

/* What was calibrated while a neighbour had the core is too little: it is made up for. */
static void test_too_few_passes(void **state)
{
	struct bed *b = *state;
	struct stream_run run = { .set = b->set,
				  .kernel = portable(STREAM_READ),
				  .n = b->set->n,
				  .threads = 1,
				  .each = 64 };
	unsigned repeat = 1;

	assert_int_equal(stream_set_sample(&run, b->team, &repeat), 0);
	assert_true(repeat > 1000 && run.repeat == repeat);
	assert_true(run.seconds >= SAMPLE_SECONDS / 2);
}

static void test_choice_of_parts(void **state)
{
	struct bed *b = *state;
	const struct stream_run run = {
		.set = b->set, .n = b->set->n, .threads = THREADS, .each = 512
	};

	for (enum stream_op op = STREAM_READ; op < STREAM_OPS; op++) {
		const struct stream_kernel *k = stream_choose_part(op, &run, b->team);

		assert_true(k && k->op == op && stream_usable(k));
	}
}

/* ---- several processes ---- */

struct answer {
	int rc;
	double rate, seconds;
	bool right;
};

/* A party's life: its own team and set; number 1 begins late. */
static void take_part(struct meeting *m, int number, unsigned repeat, int out)
{
	struct bed b;
	struct stream_run run;
	struct stream_mismatch wrong = { .any = true };
	struct answer a = { 0 };
	struct err e;

	open_bed(&b);
	run = (struct stream_run){ .set = b.set,
				   .kernel = portable(number ? STREAM_READ : STREAM_TRIAD),
				   .n = b.set->n,
				   .repeat = repeat };
	if (number == 1)
		usleep(20000);
	a.rc = stream_together(&run, b.team, m, &a.rate, &e);
	if (a.rc == 0 && !number)
		stream_set_check(&run, b.team, &wrong);
	a.seconds = run.seconds;
	a.right = number ? run.sum == run.expected_sum && run.sum > 0 : !wrong.any;
	_exit(write(out, &a, sizeof(a)) != sizeof(a));
}

static void ask(unsigned repeat, bool broken, struct answer a[2])
{
	struct meeting *m = meeting_make();
	int fd[2][2], status;

	assert_non_null(m);
	meeting_call(m, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(fd[i]), 0);
		if (broken && i)
			meeting_break(m); /* the second one never comes */
		else if (fork() == 0)
			take_part(m, i, repeat, fd[i][1]);
		close(fd[i][1]);
	}
	for (int i = 0; i < (broken ? 1 : 2); i++)
		assert_int_equal(read(fd[i][0], &a[i], sizeof(a[i])), sizeof(a[i]));
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	close(fd[0][0]);
	close(fd[1][0]);
	meeting_free(m);
}

/* The same interval for both, which is long enough; each has a rate, and right data. */
static void test_together(void **state)
{
	static const unsigned repeats[] = { 20, 2000 }; /* laps of a part and of several passes */
	struct answer a[2];

	(void)state;
	for (size_t i = 0; i < sizeof(repeats) / sizeof(repeats[0]); i++) {
		int tries = 0;

		do /* of six threads on one CPU or two some may hardly run */
			ask(repeats[i] * (1u << tries), false, a);
		while ((a[0].rc == -EAGAIN || a[1].rc == -EAGAIN) && ++tries < 6);
		assert_int_equal(a[0].rc, 0);
		assert_int_equal(a[1].rc, 0);
		assert_true(a[0].seconds == a[1].seconds);
		assert_true(a[0].seconds >= SAMPLE_SECONDS / 2);
		for (int k = 0; k < 2; k++) {
			assert_true(a[k].right);
			assert_true(a[k].rate > 1e6 && a[k].rate < 1e13);
		}
	}
}

static void test_too_short(void **state)
{
	struct answer a[2];

	(void)state;
	ask(1, false, a); /* a pass of a millisecond at most */
	assert_true(a[0].rc == -EAGAIN || a[0].seconds >= SAMPLE_SECONDS / 2);
	assert_int_equal(a[0].rc, a[1].rc);
}

static void test_broken_off(void **state)
{
	struct answer a[2];

	(void)state;
	ask(20, true, a);
	assert_int_equal(a[0].rc, -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fewer_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_few_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_choice_of_parts, setup, teardown),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_too_short),
		cmocka_unit_test(test_broken_off),
	};

	return cmocka_run_group_tests_name("stream-runs", tests, NULL, NULL);
}
