/* memory.h - what lies where, and the proof of it.
 *
 * The way of a buffer: memory_map (mmap between guard pages, mbind), touched by
 * the threads that will use it, memory_prove (every page asked for). Where the
 * kernel refuses mbind or move_pages, first touch places and numa_maps proves
 * (design.md 5.2).
 */
#ifndef NB_PLACE_MEMORY_H
#define NB_PLACE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result/record.h"
#include "util/err.h"

struct memory {
	void *p;              /* page-aligned (2 MiB for huge pages) */
	size_t bytes;         /* as asked for */
	size_t mapped;        /* rounded up to whole pages */
	int node;             /* asked for */
	enum page_kind pages; /* asked for; memory_obtained tells what came */
	bool bound;           /* mbind took; false: first touch must do it */
	void *base;           /* the mapping with its guards */
	size_t base_bytes;
};

/* Maps `bytes` for node `node`, untouched. Strict binding. -ENOMEM when there is
 * no address space or hugetlb page, -EINVAL when there is no such node or it is
 * not allowed; a refused mbind (EPERM, ENOSYS, EACCES) is no error (bound false). */
int memory_map(struct memory *m, size_t bytes, int node, enum page_kind pages, struct err *e);
void memory_unmap(struct memory *m); /* an empty one is fine */

/* Sets the calling thread's policy to bind to a node, for memory that others
 * allocate (cudaHostAlloc); 0, or -EPERM and so on where it is refused. */
int policy_bind_thread(int node);
void policy_reset_thread(void);

/* Where pages of any range are. Adds to p's resident counts (p->proof is the
 * weakest proof used). A page that is not there counts under node -1. 0 even
 * where nothing can prove it (PROOF_NONE, all under -1); -ENOMEM. numa_maps
 * counts whole areas: of a part of one it proves something only when all its
 * pages are there and on one node. */
int memory_prove(const void *start, size_t bytes, struct placement *p);

/* True when every page is on the requested node. With PROOF_NONE the answer is
 * unknown: false, and the caller's status is unproven. */
bool placement_holds(const struct placement *p);
/* Sets r's placement-related status: misplaced or unproven with the counts in the reason; or
 * leaves it. cpu_node is where threads should have run. */
void placement_judge(struct record *r, int cpu_node);

/* What kind of pages a mapping really has (smaps: AnonHugePages, KernelPageSize):
 * huge only where nine tenths of it are. */
enum page_kind memory_obtained(const struct memory *m);

#endif
