/* feed_tell.h - what came of a feeding process, into the record of its cell. */
#ifndef NB_KERNELS_FEED_TELL_H
#define NB_KERNELS_FEED_TELL_H

#include "kernels/feed_process.h"
#include "measure/session.h"

/* Bytes that went through all four steps, a second. */
double feed_rate(const struct feed_run *r, size_t bytes);
/* Chance that a page of the buffers was on the node where the process was seen: 0 .. 1; NaN where
 * nothing tells where they were. */
double feed_local_share(const struct feed_answer *a);

/* Where its threads and its pages should have been; what is not asked for is told, and not judged.
 */
struct feed_expect {
	bool threads, pages;
	int cpu_node, mem_node;
	const struct spread *spread; /* instead of mem_node; NULL: not */
	uint64_t slack;              /* as in struct placement */
};

/* Placement as found, judged; verified, or corrupt; "steps" in more: the seconds that each step of
 * a pass took, the mean over all `passes` so far; "stand_in" as in other records of pinned memory.
 * -ENOMEM. */
int feed_tell(struct record *r, const struct feed_answer *a, const struct feed_expect *x);

/* Of a process whose pages were to follow it to node `to`: moved, and "page_moves" in more; of
 * buffers that did not, what to do about it ("remedy"). -ENOMEM. */
int feed_tell_moved(struct record *r, const struct feed_answer *a, int to);

/* Of one fresh process among several: adds it to "runs" in more. -ENOMEM. */
int feed_tell_process(struct record *r, const struct feed_answer *a);

#endif
