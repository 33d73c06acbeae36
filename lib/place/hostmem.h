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
	enum memory_kind kind;
	void *p;
	size_t bytes;
	int node;
	enum page_kind pages; /* pageable: asked for, before alloc */
	struct memory own;    /* pageable, registered */
	struct gpu_dev *dev;  /* pinned: who frees it */
};

struct hostmem_kind {
	enum memory_kind kind;
	bool device_timed; /* events on the GPU time it; else the host clock does */
	/* Allocates on a node and touches every page. -ENOSYS, -ENOMEM .. with e. */
	int (*alloc)(struct hostmem *h, struct gpu_dev *d, size_t bytes, int node, struct err *e);
	void (*free)(struct hostmem *h);
};

/* NULL when this build has no such kind. */
const struct hostmem_kind *hostmem_kind(enum memory_kind kind);

/* The row's alloc on a fresh h, and its free. The kind must be one that
 * hostmem_kind knows; d may be NULL for pageable memory. What was not allocated
 * may be freed. */
int hostmem_alloc(struct hostmem *h, enum memory_kind kind, struct gpu_dev *d, size_t bytes,
		  int node, enum page_kind pages, struct err *e);
void hostmem_free(struct hostmem *h);

#endif
