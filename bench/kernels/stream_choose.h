/* stream_choose.h - which of the kernels is the fastest here. */
#ifndef NB_KERNELS_STREAM_CHOOSE_H
#define NB_KERNELS_STREAM_CHOOSE_H

#include "kernels/stream_set.h"

struct stream_choice {
	const struct stream_kernel *of[STREAM_OPS];
};

/* The fastest row for each operation (its best of three), by trial on parts of the arrays that
 * follow one another, so that none is found in a cache that the whole would not fit into. Rows
 * with ordinary stores take part where `cached` (the arrays are small) or nothing else is
 * there: what they leave in the caches would not be counted against them. */
void stream_choose(struct stream_choice *choice, struct stream_set *set, struct team *team,
		   bool cached);

#endif
