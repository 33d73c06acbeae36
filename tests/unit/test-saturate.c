/* test-saturate.c - with how many threads a memory gives all it can. */
#include <math.h>

#include "unit.h"

#include "result/saturate.h"

enum { MOST = 8 };

static void test_curves(void **state)
{
	static const struct {
		const char *what;
		struct curve_point v[MOST];
		size_t n;
		int threads; /* 0: no answer */
	} rows[] = {
		{ "nothing", { { 0 } }, 0, 0 },
		{ "one point", { { 1, 10, 9 } }, 1, 0 },
		{ "no rate", { { 1, 0, NAN }, { 2, 0, NAN } }, 2, 0 },
		{ "every thread adds", { { 1, 10, 9 }, { 2, 20, 19 }, { 4, 40, 39 } }, 3, 4 },
		{ "at once", { { 1, 40, NAN }, { 2, 41, NAN }, { 4, 40, NAN } }, 3, 1 },
		{ "in between",
		  { { 1, 12, NAN },
		    { 2, 24, NAN },
		    { 4, 48, NAN },
		    { 8, 95, NAN },
		    { 16, 99, NAN },
		    { 32, 100, NAN } },
		  6,
		  8 },
		{ "just not",
		  { { 1, 12, NAN }, { 8, 94.9, NAN }, { 16, 99, NAN }, { 32, 100, NAN } },
		  4,
		  16 },
		{ "just", { { 8, 95, NAN }, { 32, 100, NAN } }, 2, 8 },
		{ "within the noise of the best", { { 8, 93.5, 90 }, { 32, 100, 98 } }, 2, 8 },
		{ "a wide interval", { { 8, 92, 50 }, { 32, 100, 50 } }, 2, 32 },
		{ "no more than that", { { 8, 92.2, 50 }, { 32, 100, 50 } }, 2, 8 },
		{ "not within its own", { { 8, 93, 99 }, { 32, 100, 99 } }, 2, 32 },
		{ "more threads are slower",
		  { { 1, 30, NAN }, { 2, 60, NAN }, { 4, 50, NAN } },
		  3,
		  2 },
		{ "in any order", { { 32, 100, NAN }, { 8, 97, NAN }, { 1, 12, NAN } }, 3, 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t at = saturation(rows[i].v, rows[i].n);
		int threads = at < rows[i].n ? rows[i].v[at].threads : 0;

		if (at > rows[i].n || threads != rows[i].threads)
			fail_msg("%s: %d threads, not %d", rows[i].what, threads, rows[i].threads);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_curves) };

	return cmocka_run_group_tests_name("saturate", tests, NULL, NULL);
}
