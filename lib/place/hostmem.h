/* hostmem.h - host memory for GPU transfers, one row of a table for each kind.
 *
 * Whoever measures sees a pointer, a length and a struct gpu_transfer, never how
 * they came about.
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
	/* pages: where the kind's own_pages is set. policy: likewise; what the driver allocates then
	 * follows the calling thread's own (policy_apply_thread). */
	struct memory_want want;
	struct gpu_dev *dev;     /* that pins it; NULL will do for pageable memory */
	/* Of mapped memory: the GPU kernel that moves it (gpu_queue_kernel_copy), NULL where
	 * numabench was built without GPU kernels. */
	gpu_queue_fn *kernel;
	/* What came of it. */
	void *p;
	void *device_p;       /* mapped and registered: the GPU's own address of it, else NULL */
	enum page_kind pages; /* obtained, where own_pages is set */
	struct memory own;    /* how it was placed; where own_pages is set the mapping, too */
	/* Of pinned and mapped memory: nothing tells where pages of the driver's own lie (its
	 * mappings may be such that the kernel does not look into them), and so pages of ours that
	 * were page-locked in place stand in for them. */
	bool stand_in;
};

struct hostmem_kind {
	enum memory_kind kind;
	bool device_timed;  /* events on the GPU time it; else the host clock does */
	bool own_pages;     /* memory of ours, with pages as wanted; else the driver chooses them */
	bool host_readable; /* false: the CPU reads it so slowly that what arrived there is checked
			     * by copying it back through the GPU into ordinary memory */
	/* Allocates on the wanted node and touches every page. As hostmem_alloc. */
	int (*alloc)(struct hostmem *h, struct err *e);
	void (*free)(struct hostmem *h);
	/* What moves it; NULL: the caller's kernel. */
	gpu_queue_fn *queue;
};

/* The row of a kind. */
const struct hostmem_kind *hostmem_kind(enum memory_kind kind);

/* The row's alloc, and its free. -ENOTSUP where this machine or build has no such memory or no
 * such pages, with the one reason in e; -ENOSYS, -ENOMEM and so on as gpu.h and memory_place.
 * What was not allocated may be freed. */
int hostmem_alloc(struct hostmem *h, struct err *e);
void hostmem_free(struct hostmem *h);

/* One transfer of `bytes` between all of h, or its beginning, and memory of the GPU (`device`;
 * not used where prefetching moves it). */
struct gpu_transfer hostmem_transfer(const struct hostmem *h, void *device, enum gpu_direction dir,
				     size_t bytes);

/* memory_tell of h; and in r->more "stand_in", with a reason where there is none yet. */
void hostmem_tell(const struct hostmem *h, struct record *r);

/* memory_prove of h; managed memory is brought back to its node first. As gpu.h, -ENOMEM. */
int hostmem_prove(struct hostmem *h, struct placement *p, struct err *e);

#endif
