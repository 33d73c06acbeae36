/* cache_steps.h - from the first-level cache to DRAM: which working sets to chase
 * through, and where in the latencies the steps are.
 */
#ifndef NB_KERNELS_CACHE_STEPS_H
#define NB_KERNELS_CACHE_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"

/* Working sets, in bytes, ascending, from a quarter of the smallest cache of `cpu` (4 KiB where
 * none is known) to `most`, which is the last: two an octave, and four within an octave of each of
 * its caches. All but `most` are whole lines. Returns how many; at most `room` are written. */
size_t cache_sizes(const struct node *n, int cpu, uint64_t most, uint64_t *bytes, size_t room);

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
