/* chase.h - the inner loop of mem-latency: loads, each of which must wait for
 * the one before, along one random cycle through all lines of a buffer.
 *
 * That it is one cycle is not assumed but proven, for a shorter one would stay
 * in the caches: cursors that start evenly apart on the cycle must each arrive
 * exactly where the next one started, and nobody may come past the first
 * cursor's start before the end.
 */
#ifndef NB_KERNELS_CHASE_H
#define NB_KERNELS_CHASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "place/threads.h"
#include "util/err.h"

/* Cursors that a thread walks at once while it proves: what a core can have in flight. */
enum { CHASE_CURSORS = 16 };

struct chase_line {
	struct chase_line *next;
	uint64_t filler[7]; /* never zero, all different */
};

/* A random cyclic order of n lines. Dear to draw, and kept for all openings. */
struct chase_order {
	size_t n;
	struct memory *memory; /* holds next; owned, NULL where the caller holds it */
	uint32_t *next;        /* of each line, the line that follows it */
	size_t cursors;
	uint32_t *start; /* where each cursor starts; the last arrives at start[0] */
};

/* Draws the order of n lines (1 to 2^32 - 1), with its table on a node (chase_order.c). -ENOMEM,
 * -EINVAL. */
int chase_order_draw(struct chase_order *o, size_t n, uint64_t seed, int node, struct team *team,
		     struct err *e);
void chase_order_release(struct chase_order *o); /* an empty one is fine */

/* Draws it into o->next[n] and o->start[cursors], which are there; visit[n] is for the drawing
 * only. */
void chase_order_fill(struct chase_order *o, uint32_t *visit, uint64_t seed, struct team *team);

/* Writes the cycle to n lines, which the team's threads touch first. The line that the order
 * calls i becomes (i + turn) % n, so that each opening has another cycle. */
void chase_link(const struct chase_order *o, struct chase_line *lines, size_t turn, uint64_t seed,
		struct team *team);

/* Walks the whole cycle. True when it is one cycle through all n lines. */
bool chase_prove(const struct chase_order *o, const struct chase_line *lines, size_t turn,
		 struct team *team);

/* Follows the cycle for `loads` loads (a multiple of CHASE_UNROLL, or it is rounded up to one);
 * returns where it is then. */
enum { CHASE_UNROLL = 32 };
const struct chase_line *chase_walk(const struct chase_line *from, size_t loads);

#endif
