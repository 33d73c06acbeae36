/* cache_steps.h - where in the latencies of ever larger working sets the steps are. */
#ifndef NB_RESULT_CACHE_STEPS_H
#define NB_RESULT_CACHE_STEPS_H

#include <stddef.h>
#include <stdint.h>

struct cache_step {
	uint64_t bytes;      /* the largest working set before the rise: what still fits */
	double below, above; /* latencies before and after it */
};

/* Finds the steps of a curve of latencies (seconds > 0) over working sets (ascending), without
 * being told of caches: stretches that rise faster than size^0.3, by a third and more all together.
 * A point alone that differs from its neighbours, and ups and downs (bigger sets are not faster),
 * are taken for noise; a gentler slope, as of a TLB, is no step. Returns how many there are; at
 * most `room` are written. */
size_t cache_steps(const uint64_t *bytes, const double *seconds, size_t n, struct cache_step *step,
		   size_t room);

#endif
