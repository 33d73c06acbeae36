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
		{ "one point", { { 1, 10, 9, NAN } }, 1, 0 },
		{ "no rate", { { 1, 0, NAN, NAN }, { 2, 0, NAN, NAN } }, 2, 0 },
		{ "every thread adds",
		  { { 1, 10, 9, NAN }, { 2, 20, 19, NAN }, { 4, 40, 39, NAN } },
		  3,
		  4 },
		{ "at once",
		  { { 1, 40, NAN, NAN }, { 2, 41, NAN, NAN }, { 4, 40, NAN, NAN } },
		  3,
		  1 },
		{ "in between",
		  { { 1, 12, NAN, NAN },
		    { 2, 24, NAN, NAN },
		    { 4, 48, NAN, NAN },
		    { 8, 95, NAN, NAN },
		    { 16, 99, NAN, NAN },
		    { 32, 100, NAN, NAN } },
		  6,
		  8 },
		{ "just not",
		  { { 1, 12, NAN, NAN },
		    { 8, 94.9, NAN, NAN },
		    { 16, 99, NAN, NAN },
		    { 32, 100, NAN, NAN } },
		  4,
		  16 },
		{ "just", { { 8, 95, NAN, NAN }, { 32, 100, NAN, NAN } }, 2, 8 },
		{ "within the noise of the best",
		  { { 8, 93.5, 90, NAN }, { 32, 100, 98, NAN } },
		  2,
		  8 },
		{ "a wide interval", { { 8, 92, 50, NAN }, { 32, 100, 50, NAN } }, 2, 32 },
		{ "no more than that", { { 8, 92.2, 50, NAN }, { 32, 100, 50, NAN } }, 2, 8 },
		{ "not within its own", { { 8, 93, 99, NAN }, { 32, 100, 99, NAN } }, 2, 32 },
		{ "more threads are slower",
		  { { 1, 30, NAN, NAN }, { 2, 60, NAN, NAN }, { 4, 50, NAN, NAN } },
		  3,
		  2 },
		{ "in any order",
		  { { 32, 100, NAN, NAN }, { 8, 97, NAN, NAN }, { 1, 12, NAN, NAN } },
		  3,
		  8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t at = saturation(rows[i].v, rows[i].n);
		int threads = at < rows[i].n ? rows[i].v[at].threads : 0;

		if (at > rows[i].n || threads != rows[i].threads)
			fail_msg("%s: %d threads, not %d", rows[i].what, threads, rows[i].threads);
	}
}

/* Each point's interval is so wide either way. */
static void test_sure(void **state)
{
	static const struct {
		const char *what;
		double rate[3]; /* with 1, 2 and 4 threads */
		double noise;
		bool sure;
	} rows[] = {
		{ "quiet", { 50, 98, 100 }, 0.02, true },
		{ "quiet, all of them", { 25, 50, 100 }, 0.02, true },
		{ "fewer may do as well", { 90, 98, 100 }, 0.06, false },
		{ "all of them may be slower than fewer", { 25, 80, 100 }, 0.2, false },
		{ "as noisy as what is looked for", { 20, 97, 100 }, 0.08, false },
		{ "no interval", { 50, 98, 100 }, NAN, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct curve_point v[3];

		for (int k = 0; k < 3; k++)
			v[k] = (struct curve_point){ 1 << k, rows[i].rate[k],
						     rows[i].rate[k] * (1 - rows[i].noise),
						     rows[i].rate[k] * (1 + rows[i].noise) };
		if (saturation_sure(v, 3, saturation(v, 3)) != rows[i].sure)
			fail_msg("%s: %s", rows[i].what, rows[i].sure ? "is sure" : "is not");
	}
	assert_false(saturation_sure(NULL, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_curves),
					    cmocka_unit_test(test_sure) };

	return cmocka_run_group_tests_name("saturate", tests, NULL, NULL);
}
