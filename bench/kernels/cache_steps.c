/* cache_steps.c - working sets, and the steps in their latencies. */
#include "kernels/cache_steps.h"

#include <math.h>
#include <stdbool.h>

enum { LINE = 64, FEWEST = 4096, PER_OCTAVE = 4 };

/* Octaves of latency for each octave of size, and all together. */
#define STEEP 0.3
#define RISE  0.4

/* What has risen by less than this share of a step still lies before it. */
#define SHOULDER 0.15

/* Two rises so near to each other (octaves of size) are one, with a ripple in it. */
#define RIPPLE 0.6

static bool near_a_cache(const struct node *n, int cpu, double bytes)
{
	for (size_t i = 0; i < n->ncaches; i++)
		if (idset_has(&n->caches[i].cpus, cpu) &&
		    fabs(log2(bytes / (double)n->caches[i].bytes)) < 1.01)
			return true;
	return false;
}

static double smallest_cache(const struct node *n, int cpu)
{
	double least = INFINITY;

	for (size_t i = 0; i < n->ncaches; i++)
		if (idset_has(&n->caches[i].cpus, cpu))
			least = fmin(least, (double)n->caches[i].bytes);
	return least;
}

size_t cache_sizes(const struct node *n, int cpu, uint64_t most, uint64_t *bytes, size_t room)
{
	double least = smallest_cache(n, cpu), from = isfinite(least) ? least / 4 : FEWEST;
	size_t count = 0;

	for (int k = 0; from * exp2((double)k / PER_OCTAVE) < (double)most; k++) {
		double exact = from * exp2((double)k / PER_OCTAVE);
		uint64_t whole = (uint64_t)(exact / LINE) * LINE;

		if (whole == 0 || (k % 2 != 0 && !near_a_cache(n, cpu, exact)))
			continue;
		if (count < room)
			bytes[count] = whole;
		count++;
	}
	if (count < room)
		bytes[count] = most;
	return count + 1;
}

/* Octaves of latency at i: the middle one of three neighbours, so that a point alone that stands
 * out has no say. */
static double level(const double *seconds, size_t n, size_t i)
{
	const double *v = &seconds[i == 0 || n < 3 ? 0 : i + 1 < n ? i - 1 : n - 3];

	if (n < 3)
		return log2(seconds[i]);
	return log2(fmax(fmin(v[0], v[1]), fmin(fmax(v[0], v[1]), v[2])));
}

/* Octaves of latency at i of the rising curve that is nearest to all levels (least squares): the
 * greatest over a <= i of the least over b >= i of the means of a .. b (Barlow et al. 1972,
 * "Statistical Inference under Order Restrictions", 1.2). */
static double rising(const double *seconds, size_t n, size_t i)
{
	double highest = -INFINITY, to_i = 0;

	for (size_t a = i + 1; a-- > 0;) {
		double lowest = INFINITY, sum = to_i += level(seconds, n, a);

		for (size_t b = i; b < n; b++) {
			sum += b > i ? level(seconds, n, b) : 0;
			lowest = fmin(lowest, sum / (double)(b + 1 - a));
		}
		highest = fmax(highest, lowest);
	}
	return highest;
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
