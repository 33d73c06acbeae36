/* test-laps.c - how much was done between two instants, and which instants parties agree on. */
#include <errno.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "measure/laps.h"

static void test_between(void **state)
{
	/* began at 10; laps of 1, 2 and 1 seconds */
	static const double ends[] = { 11, 13, 14 };
	static const struct {
		size_t n;
		double from, until, laps;
	} rows[] = {
		{ 3, 10, 14, 3 },    { 3, 0, 100, 3 },      { 3, 10, 10, 0 },   { 3, 12, 11, 0 },
		{ 3, 10, 10.5, .5 }, { 3, 10, 11, 1 },      { 3, 10, 12, 1.5 }, { 3, 11, 13, 1 },
		{ 3, 10.5, 12, 1 },  { 3, 13.5, 20, .5 },   { 3, 14, 20, 0 },   { 3, 0, 10, 0 },
		{ 2, 10, 20, 2 },    { 1, 10.25, 20, .75 }, { 0, 10, 20, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double laps = laps_between(ends, rows[i].n, 10, rows[i].from, rows[i].until);

		if (fabs(laps - rows[i].laps) > 1e-12)
			fail_msg("row %zu: %g laps", i, laps);
	}
}

/* The latest beginning and the earliest end, for every party the same. */
static void test_agree(void **state)
{
	static const double from[] = { 5, 7, 6 }, until[] = { 12, 11, 13 };
	enum { PARTIES = 3 };
	struct meeting *m = meeting_make();
	pid_t pids[PARTIES];

	(void)state;
	assert_non_null(m);
	meeting_call(m, PARTIES);
	for (int i = 0; i < PARTIES; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			double a = from[i], b = until[i];
			int rc = laps_agree(m, &a, &b);

			_exit(!(rc == 0 && a == 7 && b == 11));
		}
	}
	for (int i = 0; i < PARTIES; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	meeting_call(m, 2);
	meeting_break(m);
	assert_int_equal(laps_agree(m, &(double){ 1 }, &(double){ 2 }), -ECANCELED);
	meeting_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_agree),
	};

	return cmocka_run_group_tests_name("laps", tests, NULL, NULL);
}
