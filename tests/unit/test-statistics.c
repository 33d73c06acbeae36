/* test-statistics.c - known values, and the ends of every range. */
#include <math.h>
#include <stdlib.h>

#include "unit.h"

#include "result/statistics.h"

#define CLOSE(a, b) assert_true(fabs((a) - (b)) < 1e-9)
#define COUNT(v)    (sizeof(v) / sizeof *(v))

static void test_sort(void **state)
{
	double v[] = { 3, -1, 2, 2, 1e300, -1e300, 0 };
	const double sorted[] = { -1e300, -1, 0, 2, 2, 3, 1e300 };

	(void)state;
	sort_doubles(NULL, 0);
	sort_doubles(v, 1);
	assert_true(v[0] == 3);
	sort_doubles(v, COUNT(v));
	for (size_t i = 0; i < COUNT(v); i++)
		assert_true(v[i] == sorted[i]);
}

static void test_quantiles(void **state)
{
	/* R: quantile(v, p, type = 7) */
	const double v[] = { 1, 2, 4, 8, 16 }, one[] = { 7 }, two[] = { 1, 3 };
	const struct {
		double p, q;
	} rows[] = { { 0, 1 },      { 0.1, 1.4 },    { 0.25, 2 }, { 0.5, 4 }, { 0.75, 8 },
		     { 0.9, 12.8 }, { 0.99, 15.68 }, { 1, 16 },   { -1, 1 },  { 2, 16 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CLOSE(quantile_sorted(v, 5, rows[i].p), rows[i].q);
	for (size_t i = 0; i < COUNT(rows); i++)
		CLOSE(quantile_sorted(one, 1, rows[i].p), 7);
	CLOSE(quantile_sorted(two, 2, 0.5), 2);
	CLOSE(quantile_sorted(two, 2, 1), 3);
	assert_true(isnan(quantile_sorted(v, 0, 0.5)));
	assert_true(isnan(quantile_sorted(v, 5, NAN)));
}

static void test_median_and_spread(void **state)
{
	const double v[] = { 9, 1, 5, 3, 7 }, even[] = { 4, 1, 3, 2 };
	/* median 2, absolute deviations 1 1 0 0 2 4 7: their median is 1 */
	const double skewed[] = { 1, 1, 2, 2, 4, 6, 9 };

	(void)state;
	assert_true(isnan(median_of(NULL, 0)));
	assert_true(isnan(mad_of(NULL, 0)));
	CLOSE(median_of(v, 1), 9);
	CLOSE(median_of(v, 2), 5);
	CLOSE(median_of(v, 5), 5);
	assert_true(v[0] == 9);
	CLOSE(median_of(even, 4), 2.5);
	CLOSE(mad_of(v, 1), 0);
	CLOSE(mad_of(v, 2), 4 * 1.482602218505602);
	CLOSE(mad_of(skewed, 7), 1.482602218505602);
}

/* Exact ranks, from sums of whole binomial coefficients. */
static void test_interval_ranks(void **state)
{
	const struct {
		size_t n, k;
	} rows[] = { { 0, 0 },      { 1, 0 },      { 2, 0 },      { 5, 0 },      { 6, 1 },
		     { 7, 1 },      { 8, 1 },      { 9, 2 },      { 10, 2 },     { 11, 2 },
		     { 12, 3 },     { 15, 4 },     { 16, 4 },     { 17, 5 },     { 18, 5 },
		     { 20, 6 },     { 25, 8 },     { 30, 10 },    { 39, 13 },    { 40, 14 },
		     { 41, 14 },    { 50, 18 },    { 63, 24 },    { 64, 24 },    { 65, 25 },
		     { 100, 40 },   { 101, 41 },   { 143, 60 },   { 144, 60 },   { 145, 61 },
		     { 200, 86 },   { 999, 469 },  { 1000, 469 }, { 1001, 470 }, { 1500, 712 },
		     { 2000, 956 }, { 4000, 1938 } };
	double v[4000];

	(void)state;
	for (size_t r = 0; r < COUNT(rows); r++) {
		size_t n = rows[r].n;
		struct interval i;

		for (size_t j = 0; j < n; j++)
			v[j] = (double)(n - j); /* the value is its rank, and they come unsorted */
		i = median_interval(v, n);
		assert_int_equal(i.exists, rows[r].k > 0);
		if (!i.exists)
			continue;
		assert_int_equal((int)i.low, (int)rows[r].k);
		assert_int_equal((int)i.high, (int)(n + 1 - rows[r].k));
	}
}

/* 95 % of intervals of random samples hold the true median, or a little more. */
static void test_interval_covers(void **state)
{
	enum { RUNS = 4000, N = 20 };
	unsigned short seed[3] = { 1, 2, 3 };
	size_t holds = 0;

	(void)state;
	for (int i = 0; i < RUNS; i++) {
		double v[N];
		struct interval found;

		for (int j = 0; j < N; j++)
			v[j] = -log(1 - erand48(seed)); /* exponential: median log 2 */
		found = median_interval(v, N);
		holds += found.low <= log(2) && log(2) <= found.high;
	}
	/* Exact coverage for n = 20, k = 6 is 0.9586; 4 standard errors are 0.0126. */
	assert_true(holds > (size_t)(RUNS * 0.946));
	assert_true(holds < (size_t)(RUNS * 0.9713));
}

static void test_best(void **state)
{
	const double v[] = { 3, 1, 2 };

	(void)state;
	assert_true(isnan(best_of(v, 0, true)));
	CLOSE(best_of(v, 1, false), 3);
	CLOSE(best_of(v, 3, true), 3);
	CLOSE(best_of(v, 3, false), 1);
}

static void test_ratios(void **state)
{
	const double a[] = { 2, 4, 6, 8, 10, 12.6 }, b[] = { 1, 2, 3, 4, 5, 6 };
	const double zero[] = { 1, 0, 1, 1, 1, 1 }, minus[] = { 1, -1, 1, 1, 1, 1 },
		     endless[] = { 1, INFINITY, 1, 1, 1, 1 };
	struct ratio r = paired_ratio(a, b, 6);

	(void)state;
	CLOSE(r.median, 2);
	assert_true(r.interval.exists);
	CLOSE(r.interval.low, 2);
	CLOSE(r.interval.high, 2.1);
	assert_int_equal(r.n, 6);
	r = paired_ratio(a, b, 5);
	CLOSE(r.median, 2);
	assert_false(r.interval.exists);
	r = paired_ratio(a, b, 0);
	assert_true(isnan(r.median));
	assert_false(r.interval.exists);
	for (size_t i = 0; i < 3; i++) {
		const double *bad[] = { zero, minus, endless };

		r = i < 2 ? paired_ratio(a, bad[i], 6) : paired_ratio(bad[i], a, 6);
		assert_true(isnan(r.median));
		assert_false(r.interval.exists);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_median_and_spread),
		cmocka_unit_test(test_interval_ranks),
		cmocka_unit_test(test_interval_covers),
		cmocka_unit_test(test_best),
		cmocka_unit_test(test_ratios),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
