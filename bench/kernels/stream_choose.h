/* stream_choose.h - which of the kernels is the fastest here. */
#ifndef NB_KERNELS_STREAM_CHOOSE_H
#define NB_KERNELS_STREAM_CHOOSE_H

#include "kernels/stream_set.h"

struct stream_choice {
	const struct stream_kernel *of[STREAM_OPS];
};

/* The fastest row for each operation (its best of three), by trial on parts of the arrays that
 * follow one another, so that none is found in a cache that the whole would not fit into. Rows
 * with ordinary stores take part where a trial covers whole arrays or four times `caches`, the
 * bytes of the last-level caches in front of the arrays, or where there are no others. */
void stream_choose(struct stream_choice *choice, struct stream_set *set, struct team *team,
		   uint64_t caches);

#endif
