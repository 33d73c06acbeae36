/* move.h - asks for pages on another node, and counts what came of it.
 *
 * move_pages takes pages one by one, migrate_pages all that a process has on a node. Either moves
 * what it can and hardly tells what it could not: where pages are is asked for before and after
 * (memory_prove), and counted here.
 */
#ifndef NB_PLACE_MOVE_H
#define NB_PLACE_MOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "place/pages_found.h"
#include "result/record.h"
#include "util/err.h"

/* Why the call as a whole is refused. */
enum move_refusal {
	MOVE_TAKEN,        /* it is not, though pages may have stayed */
	MOVE_NO_SUCH_NODE, /* the node is not there, or has no memory */
	MOVE_CPUSET,       /* this process's cpuset allows no memory of that node */
	MOVE_FILTERED,     /* a filter of system calls (seccomp) answers, as in containers */
	MOVE_NO_RIGHT,     /* the kernel says so: pages of another user's process */
	MOVE_NO_CALL,      /* this kernel does not have it */
	MOVE_NO_PROCESS,   /* the process is not there (any more) */
	MOVE_FAILED,       /* for any other reason */
};

/* "taken", "no-such-node", "cpuset", "filtered", "no-right", "no-call", "no-process", "failed" */
const char *move_refusal_name(enum move_refusal r);

/* What an errno of move_pages or migrate_pages means, for a node that is there (with memory) or
 * not, allowed by the cpuset or not, in a process whose system calls are filtered or not. Both
 * calls, and filters too, answer EPERM, EACCES and EINVAL for several reasons each: linux
 * mm/migrate.c, do_pages_move, and mm/mempolicy.c, kernel_migrate_pages. */
enum move_refusal move_refusal(int error, bool there, bool allowed, bool filtered);

/* The pages of a range: one address for each page of `step` bytes, which is what a huge page wants
 * (with all of its base pages, all but one are refused). */
struct page_list;
int page_list_make(struct page_list **l, const void *start, size_t bytes, size_t step);
void page_list_free(struct page_list *l); /* NULL is fine */
/* Bytes of a page of a kind. */
size_t page_step(enum page_kind kind);

/* One call for all of them. *why is filled always; where it is not MOVE_TAKEN the answer is -errno,
 * with e. */
int page_list_move(struct page_list *l, int node, enum move_refusal *why, struct err *e);
/* All pages of a process (0: this one) that are on node `from`, whatever policy they have, but
 * those that others share: with CAP_SYS_NICE the kernel would move these too, such as the C
 * library's, from under all other processes, so it is put aside meanwhile for the calling thread's
 * own process. Likewise. */
int process_move(int pid, int from, int to, enum move_refusal *why, struct err *e);

/* Base pages that were to go to a node. */
struct page_moves {
	uint64_t asked;  /* not there before */
	uint64_t moved;  /* and there now */
	uint64_t stayed; /* and not there now */
	double share;    /* of all of them, that are there now */
};
struct page_moves page_moves_between(const struct pages_found *before,
				     const struct pages_found *after, int to);
/* { "asked", "moved", "stayed" }; NULL: out of memory. */
json_t *page_moves_json(const struct page_moves *m);

#endif
