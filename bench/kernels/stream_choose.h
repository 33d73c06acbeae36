/* stream_choose.h - which form of an operation is the fastest here. */
#ifndef NB_KERNELS_STREAM_CHOOSE_H
#define NB_KERNELS_STREAM_CHOOSE_H

#include "kernels/stream_set.h"

/* One row for each operation, NULL until it is chosen. */
struct stream_choice {
	const struct stream_kernel *of[STREAM_OPS];
};

/* The row for an operation: choice->of[op], and where that is NULL the winner of a contest between
 * all rows that this processor runs, which takes the team some tens of milliseconds on the set.
 *
 * A trial goes over a part of the arrays; trials follow one another through them, so that nothing
 * is found in a cache that the whole would not fit into. The rows have their trials in turn, round
 * after round; those that fall behind the leader by more than a fifth drop out; the median counts.
 *
 * What ordinary stores leave in the caches is written out after a trial's end. So such a row takes
 * part where its part of an array is as large as `caches` (bytes of the last-level caches in front
 * of the arrays) or the whole, and after a pass that fills the caches with what it leaves itself;
 * or where the operation has no rows of another kind. */
const struct stream_kernel *stream_choose(struct stream_choice *choice, enum stream_op op,
					  struct stream_set *set, struct team *team,
					  uint64_t caches);

/* The fastest row for a run over parts of the shares (run->each), small enough to stay in caches,
 * so that any row may take part: all run on the same part in turn, a few milliseconds each. */
const struct stream_kernel *stream_choose_part(enum stream_op op, const struct stream_run *run,
					       struct team *team);

/* For every operation; or takes `only`, where that is not NULL, for its operation. The caller frees
 * it; NULL: out of memory. */
struct stream_choice *stream_choose_all(const struct stream_kernel *only, struct stream_set *set,
					struct team *team, uint64_t caches);

#endif
