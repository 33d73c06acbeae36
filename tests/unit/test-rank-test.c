/* test-rank-test.c - against counting by hand, against tables, and at the ends. */
#include <math.h>
#include <string.h>

#include "unit.h"

#include "result/rank_test.h"
#include "util/random.h"

#define COUNT(v) (sizeof(v) / sizeof *(v))

static void close_to(double a, double b, double share)
{
	assert_true(fabs(a - b) <= share * fabs(b) + 1e-15);
}

/* Twice the rank of v[i] among all. */
static size_t rank_of(const double *v, size_t n, size_t i)
{
	size_t below = 0, same = 0;

	for (size_t k = 0; k < n; k++) {
		below += v[k] < v[i];
		same += !(v[k] < v[i]) && !(v[k] > v[i]);
	}
	return 2 * below + same + 1;
}

/* All ways to choose m of the n + m, one by one. */
static double by_hand(const double *a, size_t n, const double *b, size_t m)
{
	double all[20];
	size_t ranks[20], seen = 0, low = 0, ways = 0;

	memcpy(all, a, n * sizeof *a);
	memcpy(all + n, b, m * sizeof *b);
	for (size_t i = 0; i < n + m; i++)
		ranks[i] = rank_of(all, n + m, i);
	for (size_t i = n; i < n + m; i++)
		seen += ranks[i];
	for (unsigned mask = 0; mask < 1u << (n + m); mask++) {
		size_t sum = 0;

		if ((size_t)__builtin_popcount(mask) != m)
			continue;
		for (size_t i = 0; i < n + m; i++)
			sum += mask >> i & 1 ? ranks[i] : 0;
		ways++;
		low += sum <= seen;
	}
	return (double)low / (double)ways;
}

static void test_by_hand(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (size_t n = 1; n <= 7; n++)
		for (size_t m = 1; m <= 7; m++)
			for (int turn = 0; turn < 6; turn++) {
				double a[7], b[7];

				/* Few different figures: many ties. */
				for (size_t i = 0; i < n; i++)
					a[i] = (double)(random_next(&random) % 6);
				for (size_t i = 0; i < m; i++)
					b[i] = (double)(random_next(&random) %
							(turn < 3 ? 6 : 1000));
				close_to(rank_test(a, n, b, m), by_hand(a, n, b, m), 1e-12);
			}
}

/* U = 10: partitions of 0 .. 10 into five parts at most, 1 + 1 + 2 + 3 + 5 + 7 + 10 + 13 + 18 + 23
 * + 30. */
static void test_tables(void **state)
{
	const double a[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	const double low[] = { -1, -2, -3, -4, -5 }, high[] = { 11, 12, 13, 14, 15 };
	const double mid[] = { 0.5, 1.5, 2.5, 3.5, 4.5 }, same[] = { 3, 3, 3 };

	(void)state;
	close_to(rank_test(a, 10, low, 5), 1.0 / 3003, 1e-12);
	close_to(rank_test(a, 10, high, 5), 1, 1e-12);
	close_to(rank_test(a, 10, mid, 5), 113.0 / 3003, 1e-12);
	close_to(rank_test(a, 10, low, 1), 1.0 / 11, 1e-12);
	/* All alike: every way to deal is as low. */
	close_to(rank_test(same, 3, same, 3), 1, 1e-12);
	assert_true(rank_test(a, 0, low, 5) >= 1 && rank_test(a, 10, low, 0) >= 1);
}

static void test_roles(void **state)
{
	/* Without ties the two directions share but what is seen itself. */
	const double a[] = { 3, 9, 4, 11, 7, 12 }, b[] = { 8, 1, 2 };
	double p = rank_test(a, 6, b, 3), q = rank_test(b, 3, a, 6);

	(void)state;
	assert_true(p < 0.2 && p + q > 1);
	close_to(p, by_hand(a, 6, b, 3), 1e-12);
	close_to(q, by_hand(b, 3, a, 6), 1e-12);
}

/* Beyond counting: near the exact figure, and continuous with it. */
static void test_many(void **state)
{
	static double a[400], b[400];
	uint64_t random = 7;
	double p, near;

	(void)state;
	for (size_t i = 0; i < 400; i++) {
		a[i] = (double)(random_next(&random) % 10000);
		b[i] = (double)(random_next(&random) % 10000) * 0.85;
	}
	near = rank_test(a, 40, b, 40); /* still counted */
	assert_true(near > 0 && near < 1);
	p = rank_test(a, 400, b, 400);
	assert_true(p > 0 && p < 0.05);
	assert_true(rank_test(b, 400, a, 400) > 0.95);
	for (size_t i = 0; i < 400; i++)
		a[i] = 5;
	assert_true(rank_test(a, 400, a, 400) >= 0.5);
}

static void test_families(void **state)
{
	const struct {
		size_t n, m, family;
	} rows[] = { { 10, 5, 150 }, { 10, 1, 0 }, { 19, 1, 1 },    { 3, 3, 1 },        { 3, 2, 0 },
		     { 10, 2, 3 },   { 5, 5, 12 }, { 20, 5, 2656 }, { 60, 30, 1000000 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(rank_test_family(rows[i].n, rows[i].m, 0.05), rows[i].family);
	close_to(rank_test_least(10, 5), 1.0 / 3003, 1e-12);
}

static void test_holm(void **state)
{
	/* R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") */
	const double p[] = { 0.01, 0.04, 0.03, 0.005 }, want[] = { 0.03, 0.06, 0.06, 0.02 };
	const double all[] = { 0.5, 0.9 };
	double got[4];

	(void)state;
	assert_int_equal(holm(p, 4, got), 0);
	for (size_t i = 0; i < 4; i++)
		close_to(got[i], want[i], 1e-12);
	assert_int_equal(holm(all, 2, got), 0);
	assert_true(got[0] >= 1 && got[1] >= 1);
	assert_int_equal(holm(p, 0, got), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),  cmocka_unit_test(test_tables),
		cmocka_unit_test(test_roles),    cmocka_unit_test(test_many),
		cmocka_unit_test(test_families), cmocka_unit_test(test_holm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
