/* rebind.h - a process that runs already, and all that it started, moved to other CPUs and memory.
 *
 * Threads can be bound from outside, pages moved; a policy cannot be set from outside: only a
 * thread itself changes its own (set_mempolicy(2)).
 */
#ifndef NB_PLACE_REBIND_H
#define NB_PLACE_REBIND_H

#include <stddef.h>
#include <stdint.h>

#include "machine/process.h"
#include "place/launch.h"
#include "place/move.h"
#include "util/err.h"

struct rebound {
	size_t threads; /* that were bound, each counted once */
	size_t refused; /* that could not be: another user's, or the kernel's word for it */
	char thread_why[200];
	uint64_t moved;         /* bytes that lie on the nodes now, and did not before */
	enum move_refusal page; /* the first refusal, and its words; else MOVE_TAKEN */
	char page_why[512];
};

/* Binds every thread of the tree, those too that are started meanwhile, and moves the pages of
 * every process that lie elsewhere to the nodes of p (to none with MEMPOLICY_DEFAULT). Reads the
 * tree anew after it into *after (released by the caller). What is refused is told in *r; -ESRCH
 * with e where all of it has ended, and as process_tree_read. */
int rebind(struct rebound *r, struct process_tree *after, const struct process_tree *before,
	   const struct launch_place *p, const struct sysroot *root, const struct machine *m,
	   struct err *e);

/* What of a process's own memory is elsewhere than on these nodes, and why. */
struct left_behind {
	uint64_t bytes;
	uint64_t pinned, locked, shared; /* of these at most so many */
	size_t threads;              /* with a policy of their own that takes memory elsewhere */
	struct memory_policy policy; /* of one of them */
	size_t areas;                /* likewise, with a policy for themselves alone */
};
struct left_behind left_behind(const struct process *p, const struct idset *nodes);

#endif
