/* cache_steps.c - steps of a curve, found without being told of caches. */
#include "result/cache_steps.h"

#include <math.h>

#include "result/rising.h"

/* Octaves of latency for each octave of size, and all together. */
#define STEEP 0.3
#define RISE  0.4

/* What has risen by less than this share of a step still lies before it. */
#define SHOULDER 0.15

/* Two rises so near to each other (octaves of size) are one, with a ripple in it. */
#define RIPPLE 0.6

/* Octaves of latency at i: the middle one of three neighbours, so that a point alone that stands
 * out has no say. */
static double level(const void *of, size_t n, size_t i)
{
	const double *seconds = of;
	const double *v = &seconds[i == 0 || n < 3 ? 0 : i + 1 < n ? i - 1 : n - 3];

	if (n < 3)
		return log2(seconds[i]);
	return log2(fmax(fmin(v[0], v[1]), fmin(fmax(v[0], v[1]), v[2])));
}

static double rising(const double *seconds, size_t n, size_t i)
{
	return rising_at(seconds, n, i, level);
}

static double octaves(const uint64_t *bytes, size_t from, size_t to)
{
	return log2((double)bytes[to] / (double)bytes[from]);
}

/* Where the steep stretch that begins at i ends; i where none begins. */
static size_t end_of_rise(const uint64_t *bytes, const double *seconds, size_t n, size_t i)
{
	size_t end = i;

	for (size_t k = i; k + 1 < n && octaves(bytes, end, k) <= RIPPLE; k++) {
		double rise = rising(seconds, n, k + 1) - rising(seconds, n, k);

		if (rise >= STEEP * octaves(bytes, k, k + 1))
			end = k + 1;
		else if (end == i)
			break;
	}
	return end;
}

size_t cache_steps(const uint64_t *bytes, const double *seconds, size_t n, struct cache_step *step,
		   size_t room)
{
	size_t count = 0;

	for (size_t i = 0, end; i + 1 < n; i = end > i ? end : i + 1) {
		double below = rising(seconds, n, i), rise;
		size_t fits = i;

		end = end_of_rise(bytes, seconds, n, i);
		rise = rising(seconds, n, end) - below;
		if (rise < RISE)
			continue;
		while (rising(seconds, n, fits + 1) - below < SHOULDER * rise)
			fits++;
		if (count < room)
			step[count] =
				(struct cache_step){ bytes[fits], exp2(below), exp2(below + rise) };
		count++;
	}
	return count;
}
