/* The clock goes forward, and samples are long enough. */
#include "unit.h"

#include <math.h>
#include <sched.h>
#include <unistd.h>

#include "measure/clock.h"
#include "measure/timing.h"

static void test_clock(void **state)
{
	struct instant a = clock_now(), b;
	double step = clock_resolution();

	(void)state;
	usleep(2000);
	b = clock_now();
	assert_true(clock_span(a, b) >= 0.002);
	assert_true(clock_span(b, a) == -clock_span(a, b));
	assert_true(clock_span(a, a) == 0);
	assert_true(step > 0 && step < 0.001);
}

static void test_repeats(void **state)
{
	static const struct {
		double seconds, target;
		unsigned most, expected;
	} rows[] = {
		{ 0.001, 0.010, 1000, 10 },  { 0.003, 0.010, 1000, 4 }, /* rounded up: 12 ms */
		{ 0.010, 0.010, 1000, 1 },   { 5, 0.010, 1000, 1 },
		{ 1e-9, 0.010, 1000, 1000 }, { 1e-300, 0.010, 4000000000u, 4000000000u },
		{ 0, 0.010, 1000, 1000 },    { -1, 0.010, 1000, 1000 },
		{ NAN, 0.010, 1000, 1000 },  { INFINITY, 0.010, 1000, 1 },
		{ 0.001, 0, 1000, 1 },       { 0.001, 0.010, 0, 1 },
		{ 0, 0.010, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(repeats_for(rows[i].seconds, rows[i].target, rows[i].most),
				 rows[i].expected);
}

/* However short it may be: a sample has a thousand steps of the clock. */
static void test_repeats_outlast_the_clock(void **state)
{
	double step = clock_resolution();
	unsigned n = repeats_for(1e-9, 2e-9, 1u << 31);

	(void)state;
	assert_true(n >= 2);
	/* steps seen differ by a few ns from time to time */
	assert_true(n > 250 * step / 1e-9 && n < 10000 * step / 1e-9 + 1e6);
}

/* Rank 0 sleeps 10 ms, rank 1 20 ms. */
static void nap(void *arg, size_t rank, size_t size)
{
	(void)arg;
	(void)size;
	usleep((useconds_t)(10000 * (rank + 1)));
}

static void test_time_covers_all_threads(void **state)
{
	int cpus[2];
	struct team *t;
	double took;

	(void)state;
	cpus[0] = cpus[1] = sched_getcpu();
	assert_int_equal(team_start(&t, cpus, 2, NULL), 0);
	took = time_team(t, nap, NULL);
	assert_true(took >= 0.020 && took < 2);
	team_stop(t);
	assert_int_equal(team_start(&t, cpus, 1, NULL), 0);
	took = time_team(t, nap, NULL);
	assert_true(took >= 0.010 && took < 2);
	team_stop(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_repeats_outlast_the_clock),
		cmocka_unit_test(test_time_covers_all_threads),
	};

	return cmocka_run_group_tests_name("timing", tests, NULL, NULL);
}
