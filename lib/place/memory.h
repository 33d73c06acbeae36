/* memory.h - what lies where, and the proof of it.
 *
 * The way of a buffer: memory_place (mmap between guard pages, mbind), touched by
 * the threads that will use it, memory_prove (every page asked for). Where the
 * kernel refuses mbind, threads on the memory's own node touch it before them, and
 * where it refuses move_pages /proc/self/numa_maps proves.
 */
#ifndef NB_PLACE_MEMORY_H
#define NB_PLACE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"
#include "place/policy.h"
#include "result/record.h"
#include "util/err.h"

struct memory {
	void *p;              /* page-aligned (2 MiB for huge pages) */
	size_t bytes;         /* as asked for */
	size_t mapped;        /* rounded up to whole pages */
	int node;             /* asked for */
	enum page_kind pages; /* asked for; memory_obtained tells what came */
	/* The kernel was told (or MEMPOLICY_DEFAULT was asked for); false: it refused to be told,
	 * and first touch must do it. */
	bool bound;
	bool touched; /* not bound, but touched first by threads of its node */
	void *base;   /* the mapping with its guards */
	size_t base_bytes;
};

/* Maps `bytes` for node `node`, untouched. Strict binding. -ENOMEM when there is
 * no address space or hugetlb page, -EINVAL when there is no such node or it is
 * not allowed; a refused mbind (EPERM, ENOSYS, EACCES) is no error (bound false). What this
 * process forks later does not have it. */
int memory_map(struct memory *m, size_t bytes, int node, enum page_kind pages, struct err *e);
void memory_unmap(struct memory *m); /* an empty one is fine */

/* What first touch writes: no zero, for zeros may stay the kernel's shared page. */
enum { MEMORY_TOUCH = 0x5a };

/* Where a buffer is to lie. */
struct memory_want {
	const struct machine *machine; /* knows the CPUs that may have to touch it first */
	int node;
	enum page_kind pages;
	const struct policy *policy; /* instead of being bound to the node; NULL: bound */
};

/* memory_map; where it was not bound, threads pinned to allowed CPUs of its node then write to
 * every page, and touched is set; nothing happens where the node has no such CPU. Under a policy
 * there is no such way out: what policy_apply refuses is refused. As memory_map, and as team_start.
 */
int memory_place(struct memory *m, size_t bytes, const struct memory_want *want, struct err *e);

/* Where m is not bound: says as r's reason why pages may be elsewhere (the node has no CPU to touch
 * them from, or automatic balancing moves them), for placement_judge to add. Otherwise, and where
 * the status is not ok, r stays as it is. */
void memory_tell(const struct memory *m, struct record *r);

/* Base pages by which a node's part of m may exceed its share of the spread: one page of m's kind
 * for each time that a turn goes there. */
uint64_t memory_turn(const struct memory *m, const struct spread *s);

/* Why no pages of the wanted kind were obtained: -ENOTSUP with e. */
int memory_no_such_pages(enum page_kind wanted, struct err *e);

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

/* The same by numa_maps alone: quick, and no page is touched, so that nobody sees us come for it;
 * what automatic balancing hides for a moment counts where it lies. -ENOENT where numa_maps cannot
 * tell. */
int memory_glance(const struct memory *m, struct placement *p);

/* True when every page is on the requested node; where they are to be spread, when all are on
 * nodes of the spread and each has its share, give or take PLACEMENT_UNEVEN of it or p->slack
 * pages, whichever is more. With PROOF_NONE the answer is unknown: false, and the caller's status
 * is unproven. */
#define PLACEMENT_UNEVEN 0.01
bool placement_holds(const struct placement *p);
/* Sets r's placement-related status: misplaced or unproven with the counts in the reason, before
 * the reason that stands there; or leaves it. cpu_node is where threads should have run. */
void placement_judge(struct record *r, int cpu_node);
/* Adds the nodes of CPUs that threads were seen on to those that they ran on. -ENOMEM. */
int placement_add_cpus(struct placement *p, const struct machine *m, const struct idset *cpus);

/* What kind of pages a mapping really has (smaps: AnonHugePages, KernelPageSize):
 * huge only where nine tenths of it are. */
enum page_kind memory_obtained(const struct memory *m);

#endif
