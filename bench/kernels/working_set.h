/* working_set.h - how large a buffer must be for memory to be measured, and not
 * the caches in front of it. */
#ifndef NB_KERNELS_WORKING_SET_H
#define NB_KERNELS_WORKING_SET_H

#include "measure/session.h"
#include "place/memory.h"

/* So many times the caches make a working set of memory. */
enum { WORKING_CACHES = 4 };

struct working_set {
	uint64_t bytes;  /* of one buffer */
	uint64_t caches; /* that take part; 0: none is known */
	bool undersized; /* under four times the caches that take part */
	char cut[160];   /* why it is smaller than it should be; empty where it is not */
};

/* For `buffers` buffers of a site (of which only the nodes count): what the caller asked for
 * by --size, or max(4 x the last-level caches of the CPU node's allowed CPUs, 256 MiB) each,
 * cut where all together are more than half of what the memory node can give. What lies beside
 * them there counts as parts of one: 1.25 is a buffer and a table of a quarter of its size. */
struct working_set working_set(const struct machine *m, const struct session_options *o,
			       const struct site *site, double buffers);

/* Tells a record of it: bytes (whole elements of `element` bytes), undersized, and as its
 * reason what was cut. */
void working_set_tell(const struct working_set *w, size_t element, struct record *r);

/* Where a worker's buffers of a site are to lie: on the memory node, in the pages asked for, or
 * transparent huge pages where nobody asked. */
struct memory_want working_place(const struct worker *w, const struct site *site);

/* Where the CPU quota kept threads off cores of the node: a bandwidth is not the node's then, and
 * an ok record becomes unstable. */
void working_quota(const struct machine *m, const struct node *n, size_t threads, struct record *r);

#endif
