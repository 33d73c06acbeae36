/* hostmem.h - host memory for GPU copies, one row of a table for each kind.
 *
 * A kernel sees a pointer and a length, never how they came about.
 */
#ifndef NB_PLACE_HOSTMEM_H
#define NB_PLACE_HOSTMEM_H

#include "machine/gpu.h"
#include "place/memory.h"
#include "result/record.h"

struct hostmem {
	/* What is asked for, filled by the caller. */
	enum memory_kind kind;
	size_t bytes;
	struct memory_want want; /* pages: of pageable memory */
	struct gpu_dev *dev;     /* that pins it; NULL will do for pageable memory */
	/* What came of it. */
	void *p;
	struct memory own; /* how it was placed; of pageable memory the mapping, too */
};

struct hostmem_kind {
	enum memory_kind kind;
	bool device_timed; /* events on the GPU time it; else the host clock does */
	/* Allocates on the wanted node and touches every page. -ENOSYS, -ENOMEM .. with e. */
	int (*alloc)(struct hostmem *h, struct err *e);
	void (*free)(struct hostmem *h);
};

/* NULL when this build has no such kind. */
const struct hostmem_kind *hostmem_kind(enum memory_kind kind);

/* The row's alloc, and its free. The kind must be one that hostmem_kind knows. What was not
 * allocated may be freed. */
int hostmem_alloc(struct hostmem *h, struct err *e);
void hostmem_free(struct hostmem *h);

#endif
