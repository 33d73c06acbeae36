/* The knee of a curve of loaded latencies is where it was planted, whatever the noise. */
#include "unit.h"

#include <math.h>

#include "result/load_curve.h"
#include "util/random.h"

enum { STEPS = 11 };

static double uniform(uint64_t *seed)
{
	return (double)(random_next(seed) >> 11) * 0x1p-53;
}

/* An open queue: latency = idle * (1 + load / (most - load) / 8). It has doubled at 8/9 of `most`,
 * and is up by a quarter at 2/3. */
static void curve(double idle, double most, double noise, uint64_t seed, struct load_point *p)
{
	for (size_t i = 0; i < STEPS; i++) {
		double load = most * (1 - 1 / (1 + 0.5 * (double)i * (double)i));

		p[i].injected = load * (1 + noise * (uniform(&seed) - 0.5));
		p[i].seconds = idle * (1 + load / (most - load) / 8) *
			       (1 + 2 * noise * (uniform(&seed) - 0.5));
	}
}

static void near(double found, double expected, double share)
{
	assert_true(isfinite(found));
	assert_true(fabs(found / expected - 1) <= share);
}

static void test_planted(void **state)
{
	static const double noise[] = { 0, 0.01, 0.03, 0.06 };
	struct load_point p[STEPS];

	(void)state;
	for (size_t k = 0; k < sizeof(noise) / sizeof(noise[0]); k++)
		for (uint64_t seed = 1; seed <= 200; seed++) {
			curve(98e-9, 43e9, noise[k], seed, p);
			near(load_reaches(p, STEPS, LOAD_KNEE), 43e9 * 8 / 9, 0.001 + 3 * noise[k]);
			near(load_reaches(p, STEPS, LOAD_FLAT), 43e9 * 2 / 3, 0.001 + 8 * noise[k]);
		}
}

/* What saturated memory gives grows no more, or falls; pressed harder, it answers later. */
static void test_saturated(void **state)
{
	const struct load_point p[] = { { 0, 100 },    { 10e9, 100 }, { 20e9, 105 },  { 30e9, 120 },
					{ 36e9, 180 }, { 35e9, 400 }, { 34.5e9, 800 } };

	(void)state;
	near(load_reaches(p, 7, 2), 36e9, 0.03);
	assert_true(load_reaches(p, 7, 2) < 36e9 && load_reaches(p, 7, 2) > 35e9);
	assert_true(load_reaches(p, 7, 1.2) >= 30e9 - 1 && load_reaches(p, 7, 1.2) <= 30e9 + 1);
}

static void test_never(void **state)
{
	const struct load_point flat[] = { { 0, 100 }, { 10e9, 101 }, { 20e9, 99 }, { 30e9, 102 } };
	/* One sample that a neighbour spoilt is no knee: what comes after it says so. */
	const struct load_point spoilt[] = {
		{ 0, 100 }, { 10e9, 190 }, { 20e9, 101 }, { 30e9, 102 }, { 40e9, 103 }
	};
	const struct load_point at_once[] = { { 0, 100 }, { 5e9, 300 } };

	(void)state;
	assert_true(isnan(load_reaches(flat, 4, 2)));
	assert_true(isnan(load_reaches(flat, 4, 1.25)));
	assert_true(isnan(load_reaches(spoilt, 5, 1.5)));
	assert_true(isnan(load_reaches(flat, 0, 2)));
	assert_true(isnan(load_reaches(flat, 1, 2)));
	assert_true(load_reaches(flat, 4, 1) <= 10e9);
	near(load_reaches(at_once, 2, 2), 5e9 * log(2) / log(3), 1e-9);
	near(load_reaches(at_once, 2, 3), 5e9, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted),
		cmocka_unit_test(test_saturated),
		cmocka_unit_test(test_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
