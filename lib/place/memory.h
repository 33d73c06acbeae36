/* memory.h - what lies where, and the proof of it.
 *
 * The way of a buffer: memory_place (mmap between guard pages, mbind), touched by
 * the threads that will use it, memory_prove (every page asked for). Where the
 * kernel refuses mbind, threads on the memory's own node touch it before them, and
 * where it refuses move_pages numa_maps proves (design.md 5.2).
 */
#ifndef NB_PLACE_MEMORY_H
#define NB_PLACE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"
#include "result/record.h"
#include "util/err.h"

struct memory {
	void *p;              /* page-aligned (2 MiB for huge pages) */
	size_t bytes;         /* as asked for */
	size_t mapped;        /* rounded up to whole pages */
	int node;             /* asked for */
	enum page_kind pages; /* asked for; memory_obtained tells what came */
	bool bound;           /* mbind took; false: first touch must do it */
	bool touched;         /* not bound, but touched first by threads of its node */
	void *base;           /* the mapping with its guards */
	size_t base_bytes;
};

/* Maps `bytes` for node `node`, untouched. Strict binding. -ENOMEM when there is
 * no address space or hugetlb page, -EINVAL when there is no such node or it is
 * not allowed; a refused mbind (EPERM, ENOSYS, EACCES) is no error (bound false). */
int memory_map(struct memory *m, size_t bytes, int node, enum page_kind pages, struct err *e);
void memory_unmap(struct memory *m); /* an empty one is fine */

/* What first touch writes: no zero, for zeros may stay the kernel's shared page. */
enum { MEMORY_TOUCH = 0x5a };

/* Where a buffer is to lie. */
struct memory_want {
	const struct machine *machine; /* knows the CPUs that may have to touch it first */
	int node;
	enum page_kind pages;
};

/* memory_map, and memory_first_touch where it was not bound. */
int memory_place(struct memory *m, size_t bytes, const struct memory_want *want, struct err *e);

/* Where m is not bound: threads pinned to allowed CPUs of its node write to every page, and
 * touched is set. Nothing happens where it is bound, or where the node has no such CPU.
 * As team_start. */
int memory_first_touch(struct memory *m, const struct machine *machine, struct err *e);

/* Where m is not bound: says as r's reason why pages may be elsewhere (the node has no CPU to touch
 * them from, or automatic balancing moves them), for placement_judge to add. Otherwise, and where
 * the status is not ok, r stays as it is. */
void memory_tell(const struct memory *m, struct record *r);

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
/* Sets r's placement-related status: misplaced or unproven with the counts in the reason, before
 * the reason that stands there; or leaves it. cpu_node is where threads should have run. */
void placement_judge(struct record *r, int cpu_node);

/* What kind of pages a mapping really has (smaps: AnonHugePages, KernelPageSize):
 * huge only where nine tenths of it are. */
enum page_kind memory_obtained(const struct memory *m);

#endif
