/* The steps of a curve of latencies are where they were planted, whatever the noise. */
#include "unit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/cache_sizes.h"
#include "result/cache_steps.h"
#include "util/random.h"

enum { MOST = 200, STEPS = 8, KIB = 1 << 10, MIB = 1 << 20 };

struct planted {
	size_t n; /* caches */
	double bytes[4], latency[5];
	double tlb; /* latency grows with size to this power, above 1 MiB */
};

static const struct planted machines[] = {
	{ 3, { 32. * KIB, 1. * MIB, 32. * MIB }, { 1e-9, 3.5e-9, 12e-9, 110e-9 }, 0 },
	{ 3, { 48. * KIB, 2. * MIB, 105. * MIB }, { 1.2e-9, 4e-9, 25e-9, 120e-9 }, 0.03 },
	{ 2, { 64. * KIB, 512. * KIB }, { 1e-9, 4e-9, 90e-9 }, 0.05 },
	{ 3, { 64. * KIB, 1. * MIB, 114. * MIB }, { 1.1e-9, 3.9e-9, 32e-9, 180e-9 }, 0.05 },
	{ 1, { 256. * KIB }, { 2e-9, 100e-9 }, 0 },
	{ 0, { 0 }, { 80e-9 }, 0.05 },
};

static double uniform(uint64_t *seed)
{
	return (double)(random_next(seed) >> 11) * 0x1p-53;
}

/* A set larger than a cache finds only a part of its lines there, and ever fewer. */
static double latency_at(const struct planted *p, double bytes)
{
	double seconds = p->latency[0];

	for (size_t i = 0; i < p->n; i++) {
		double over = bytes / p->bytes[i];
		double missed = over <= 1 ? 0 : fmin(1, 2 * (over - 1));

		seconds += missed * (p->latency[i + 1] - p->latency[i]);
	}
	return seconds * (bytes > MIB ? pow(bytes / MIB, p->tlb) : 1);
}

/* Quarter octaves from 4 KiB to 1 GiB; of the points spiked no two are neighbours. */
static size_t curve(const struct planted *p, double noise, double spikes, uint64_t seed,
		    uint64_t *bytes, double *seconds)
{
	size_t n = 0, spiked = MOST;

	for (double size = 4096; size <= 1024. * MIB; size *= pow(2, 0.25)) {
		bytes[n] = (uint64_t)size;
		seconds[n] = latency_at(p, size) * (1 + noise * (2 * uniform(&seed) - 1));
		if (uniform(&seed) < spikes && spiked + 1 != n) {
			seconds[n] *= 2;
			spiked = n;
		}
		n++;
	}
	return n;
}

static void expect(const struct planted *p, double noise, double spikes, uint64_t seed)
{
	struct cache_step step[STEPS];
	uint64_t bytes[MOST];
	double seconds[MOST];
	size_t n = curve(p, noise, spikes, seed, bytes, seconds);
	size_t found = cache_steps(bytes, seconds, n, step, STEPS);

	if (found != p->n)
		fail_msg("%zu steps instead of %zu (noise %g, seed %d)", found, p->n, noise,
			 (int)seed);
	for (size_t i = 0; i < found; i++) {
		double off = fabs(log2((double)step[i].bytes / p->bytes[i]));

		/* Between two points a quarter of an octave apart; noise and a spike beside it
		 * may take one more each. */
		if (off > 0.26 + (noise > 0 ? 0.25 : 0) + (spikes > 0 ? 0.25 : 0))
			fail_msg("step %zu at %g instead of %g (seed %d)", i, (double)step[i].bytes,
				 p->bytes[i], (int)seed);
		assert_true(step[i].below > p->latency[i] * 0.8 && step[i].below < step[i].above);
		assert_true(step[i].above > p->latency[i + 1] * 0.8);
	}
}

static void test_planted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		expect(&machines[i], 0, 0, 1);
		for (uint64_t seed = 1; seed <= 30; seed++) {
			expect(&machines[i], 0.05, 0, seed);
			expect(&machines[i], 0.05, 0.02, seed);
		}
	}
}

static void test_few(void **state)
{
	static const uint64_t bytes[] = { 4096, 1 << 30, (uint64_t)1 << 31 };
	static const double seconds[] = { 1e-9, 1e-7, 1e-7 };
	struct cache_step step;

	(void)state;
	assert_int_equal(cache_steps(bytes, seconds, 0, &step, 1), 0);
	assert_int_equal(cache_steps(bytes, seconds, 1, &step, 1), 0);
	/* 6.6 octaves in 18 */
	assert_int_equal(cache_steps(bytes, seconds, 2, &step, 1), 1);
	assert_int_equal(step.bytes, 4096);
	assert_int_equal(cache_steps(bytes, seconds, 2, NULL, 0), 1); /* no room: still counted */
	assert_int_equal(cache_steps(bytes + 1, seconds + 1, 2, &step, 1), 0);
}

/* What falls, and what rises as gently as a TLB's misses, is no step. */
static void test_none(void **state)
{
	uint64_t bytes[MOST];
	double falling[MOST], gentle[MOST];
	size_t n = 60;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		bytes[i] = (uint64_t)(4096 * pow(2, (double)i / 4));
		falling[i] = 1e-7 / (double)(i + 1);
		gentle[i] = 1e-7 * pow((double)bytes[i], 0.1);
	}
	assert_int_equal(cache_steps(bytes, falling, n, NULL, 0), 0);
	assert_int_equal(cache_steps(bytes, gentle, n, NULL, 0), 0);
}

static void test_sizes(void **state)
{
	struct cache caches[] = { { 1, 48 * KIB, { { 0 } } },
				  { 2, 2 * MIB, { { 0 } } },
				  { 3, 96 * MIB, { { 0 } } },
				  { 1, 16 * KIB, { { 0 } } } }; /* of another CPU */
	struct node n = { .caches = caches, .ncaches = 4 };
	uint64_t bytes[MOST], few[3];
	size_t count, near = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		idset_add(&caches[i].cpus, i < 3 ? 5 : 6);
	count = cache_sizes(&n, 5, 1000 * (uint64_t)MIB, bytes, MOST);
	assert_in_range(count, 30, 60);
	assert_int_equal(bytes[0], 12 * KIB);
	assert_int_equal(bytes[count - 1], 1000 * (uint64_t)MIB);
	for (size_t i = 0; i + 1 < count; i++) {
		double apart = log2((double)bytes[i + 1] / (double)bytes[i]);

		assert_int_equal(bytes[i] % 64, 0);
		assert_true(apart > 0 && apart < 0.51);
		near += bytes[i] >= 24 * KIB && bytes[i] <= 96 * KIB;
	}
	assert_int_equal(near, 9); /* a quarter of an octave apart, one each way of the cache */
	assert_int_equal(cache_sizes(&n, 5, 1000 * (uint64_t)MIB, few, 3), count);
	assert_memory_equal(few, bytes, sizeof(few));
	assert_int_equal(cache_sizes(&n, 5, 64, bytes, MOST), 1); /* less than a quarter of L1 */
	assert_int_equal(bytes[0], 64);
	count = cache_sizes(&n, 7, MIB, bytes, MOST); /* a CPU of which no cache is known */
	assert_int_equal(count, 17);
	assert_int_equal(bytes[0], 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests_name("cache-steps", tests, NULL, NULL);
}
