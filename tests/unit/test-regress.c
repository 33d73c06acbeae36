/* test-regress.c - the rule by which a figure got worse, condition by condition. */
#include <math.h>
#include <string.h>

#include "unit.h"

#include "result/regress.h"

enum { RUNS = 20, CELLS = 200 };

/* n figures around `level`, evenly spread: a standard deviation of some 0.64 x half for ten. */
static void spread_out(double *v, size_t n, double level, double half)
{
	for (size_t i = 0; i < n; i++)
		v[i] = level * (1 + (n > 1 ? half * (2 * (double)i / (double)(n - 1) - 1) : 0));
}

static struct trial one(size_t n, size_t m, double half, double now, bool higher)
{
	static double before[RUNS], after[RUNS];
	struct trial t = { .before = before,
			   .after = after,
			   .n = n,
			   .m = m,
			   .higher = higher,
			   .floor = higher ? TRIAL_FLOOR : TRIAL_FLOOR_LATENCY };

	spread_out(before, n, 100, half);
	spread_out(after, m, 100 * now, half / 10);
	assert_int_equal(regress(&t, 1), 0);
	return t;
}

static void test_effect(void **state)
{
	const struct {
		double half, now;
		bool higher;
		enum trial_outcome outcome;
	} rows[] = {
		{ 0.005, 0.90, true, TRIAL_SUSPECTED },
		{ 0.005, 0.96, true, TRIAL_SUSPECTED },
		{ 0.005, 0.975, true, TRIAL_SAME }, /* within the floor of 3 % */
		{ 0.005, 1.00, true, TRIAL_SAME },
		{ 0.005, 1.02, true, TRIAL_SAME },
		{ 0.005, 1.05, true, TRIAL_BETTER },
		{ 0.05, 0.92, true, TRIAL_SAME }, /* 3 x 3.2 % */
		{ 0.05, 0.88, true, TRIAL_SUSPECTED },
		/* A time is worse when it is longer, and has a floor of 5 %. */
		{ 0.005, 1.10, false, TRIAL_SUSPECTED },
		{ 0.005, 1.04, false, TRIAL_SAME },
		{ 0.005, 0.90, false, TRIAL_BETTER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trial t = one(10, 5, rows[i].half, rows[i].now, rows[i].higher);

		assert_true(t.claimable);
		assert_int_equal(t.outcome, rows[i].outcome);
		assert_true(fabs(fabs(t.worse) - fabs(rows[i].now - 1)) < 1e-9);
	}
}

/* The retest: half of the threshold for several runs, all of it for one. */
static void test_retest(void **state)
{
	struct trial t = one(10, 5, 0.001, 0.9, true);

	(void)state;
	assert_true(fabs(t.threshold - 0.03) < 1e-9);
	assert_true(trial_holds(&t, 98.4) && trial_holds(&t, 90));
	assert_false(trial_holds(&t, 98.6));
	assert_false(trial_holds(&t, 110));
	t = one(10, 1, 0.001, 0.9, true);
	assert_true(trial_holds(&t, 96.9));
	assert_false(trial_holds(&t, 97.1));
}

static void test_one_run(void **state)
{
	(void)state;
	/* It fails only where the baseline's runs, ten of them, hardly spread. */
	assert_int_equal(one(10, 1, 0.01, 0.9, true).outcome, TRIAL_SUSPECTED);
	assert_int_equal(one(10, 1, 0.02, 0.9, true).outcome, TRIAL_UNSURE);
	assert_int_equal(one(10, 1, 0.02, 0.99, true).outcome, TRIAL_SAME);
	assert_int_equal(one(9, 1, 0.01, 0.9, true).outcome, TRIAL_UNSURE);
	assert_true(isnan(one(10, 1, 0.01, 0.9, true).p));
	assert_int_equal(one(10, 1, 0.01, 1.1, true).outcome, TRIAL_BETTER);
	assert_int_equal(one(5, 1, 0.01, 1.1, true).outcome, TRIAL_SAME);
}

/* Among noisy ones even a calm cell cannot fail by one run. */
static void test_one_run_in_noise(void **state)
{
	static double before[3][RUNS], after[3][RUNS];
	struct trial t[3];

	(void)state;
	for (size_t noisy = 0; noisy < 3; noisy++) {
		for (size_t i = 0; i < 3; i++) {
			spread_out(before[i], 10, 100, i < noisy ? 0.04 : 0.005);
			spread_out(after[i], 1, i == 2 ? 90 : 100, 0);
			t[i] = (struct trial){ .before = before[i],
					       .after = after[i],
					       .n = 10,
					       .m = 1,
					       .higher = true,
					       .floor = TRIAL_FLOOR };
		}
		assert_int_equal(regress(t, 3), 0);
		assert_int_equal(t[2].outcome, noisy < 2 ? TRIAL_SUSPECTED : TRIAL_UNSURE);
	}
	t[2].family = 1;
	assert_int_equal(regress(t, 3), 0);
	assert_int_equal(t[2].outcome, TRIAL_SUSPECTED);
}

static void test_few_runs(void **state)
{
	const struct {
		size_t n, m;
		bool claimable;
	} rows[] = { { 1, 1, false }, { 1, 5, false }, { 2, 5, false }, { 3, 2, false },
		     { 3, 3, true },  { 5, 2, true },  { 10, 2, true } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trial t = one(rows[i].n, rows[i].m, 0.002, 0.8, true);

		assert_int_equal(t.claimable, rows[i].claimable);
		assert_int_equal(t.outcome, rows[i].claimable ? TRIAL_SUSPECTED : TRIAL_UNSURE);
		assert_int_equal(isnan(t.spread), rows[i].n < 3);
	}
}

/* A drop of ten per cent in one cell of many is found however many there are: families are split.
 */
static void test_split(void **state)
{
	static double before[CELLS][RUNS], after[CELLS][RUNS];
	static struct trial t[CELLS];
	const size_t slow[] = { 0, 3, CELLS - 1 };

	(void)state;
	for (size_t k = 0; k < sizeof slow / sizeof *slow; k++) {
		for (size_t i = 0; i < CELLS; i++) {
			spread_out(before[i], 10, 100, 0.01);
			spread_out(after[i], 5, i == slow[k] ? 90 : 100, 0.01);
			t[i] = (struct trial){ .before = before[i],
					       .after = after[i],
					       .n = 10,
					       .m = 5,
					       .higher = true,
					       .floor = TRIAL_FLOOR };
		}
		assert_int_equal(regress(t, CELLS), 0);
		for (size_t i = 0; i < CELLS; i++)
			assert_int_equal(t[i].outcome, i == slow[k] ? TRIAL_SUSPECTED : TRIAL_SAME);
	}
	/* The same in a family of its own: less correction, the same outcome. */
	t[5].family = 1;
	assert_int_equal(regress(t, CELLS), 0);
	assert_int_equal(t[CELLS - 1].outcome, TRIAL_SUSPECTED);
	assert_int_equal(regress(t, 0), 0);
}

/* Far off in the median, and not significant: half of the runs are as before. */
static void test_significance(void **state)
{
	double before[] = { 98, 99, 99.5, 100, 100, 100, 100, 100.5, 101, 102 };
	double after[] = { 90, 90, 90, 101.5, 103 };
	struct trial t = { .before = before,
			   .after = after,
			   .n = 10,
			   .m = 5,
			   .higher = true,
			   .floor = TRIAL_FLOOR };

	(void)state;
	assert_int_equal(regress(&t, 1), 0);
	assert_true(t.worse > t.threshold && t.p > TRIAL_LEVEL);
	assert_int_equal(t.outcome, TRIAL_SAME);
	after[3] = after[4] = 97;
	assert_int_equal(regress(&t, 1), 0);
	assert_true(t.p <= TRIAL_LEVEL);
	assert_int_equal(t.outcome, TRIAL_SUSPECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_effect),       cmocka_unit_test(test_retest),
		cmocka_unit_test(test_one_run),      cmocka_unit_test(test_one_run_in_noise),
		cmocka_unit_test(test_few_runs),     cmocka_unit_test(test_split),
		cmocka_unit_test(test_significance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
