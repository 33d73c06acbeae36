/* cache_sizes.c - working sets, closer where a cache is near. */
#include "kernels/cache_sizes.h"

#include <math.h>
#include <stdbool.h>

enum { LINE = 64, FEWEST = 4096, PER_OCTAVE = 4 };

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
