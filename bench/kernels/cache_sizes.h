/* cache_sizes.h - from the first-level cache to DRAM: which working sets to chase through. */
#ifndef NB_KERNELS_CACHE_SIZES_H
#define NB_KERNELS_CACHE_SIZES_H

#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"

/* Working sets, in bytes, ascending, from a quarter of the smallest cache of `cpu` (4 KiB where
 * none is known) to `most`, which is the last: two an octave, and four within an octave of each of
 * its caches. All but `most` are whole lines. Returns how many; at most `room` are written. */
size_t cache_sizes(const struct node *n, int cpu, uint64_t most, uint64_t *bytes, size_t room);

#endif
