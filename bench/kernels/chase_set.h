/* chase_set.h - the buffer of mem-latency: placed, linked to one cycle, proven,
 * and walked by the first thread of a team. */
#ifndef NB_KERNELS_CHASE_SET_H
#define NB_KERNELS_CHASE_SET_H

#include "kernels/chase.h"
#include "place/memory.h"

struct chase_set {
	struct memory memory;
	enum page_kind pages;        /* obtained */
	const struct chase_line *at; /* where the last walk stopped */
};

/* Places a buffer for the order; the team links it and walks it once, which proves the cycle and
 * is the warm pass. The seed chooses contents and cycle. -EIO when it is no cycle, otherwise as
 * memory_place. */
int chase_set_open(struct chase_set **out, const struct chase_order *o, struct team *team,
		   const struct memory_want *want, uint64_t seed, struct err *e);
void chase_set_close(struct chase_set *set); /* NULL is fine */

/* Goes on around the cycle for `loads` loads or a few more, and returns seconds for each. */
double chase_set_walk(struct chase_set *set, struct team *team, size_t loads);
/* The same by the calling thread. */
double chase_set_walk_here(struct chase_set *set, size_t loads);

/* Tells a record of a walk: kernel, pages, threads, verified (the cycle was proven, or there
 * would be no set), and where the buffer could not be placed. */
void chase_set_tell(const struct chase_set *set, struct record *r);

#endif
