/* moves.h - the records of processes that are moved, and which of them belong together. */
#ifndef NB_RESULT_MOVES_H
#define NB_RESULT_MOVES_H

#include "result/result.h"

/* Of the test that moves threads, pages and processes. */
bool move_is(const struct record *r);

/* Of a CPU's rate or latency, in some phase: threads moved from one node to another (else from core
 * to core, within one), their pages stayed. */
bool move_of_threads(const struct record *r);
bool move_between_nodes(const struct record *r); /* cpu_node is not to_node */

/* The same cell in another phase (whoever moved the pages), with a figure; NULL without. */
const struct record *move_phase(const struct result *res, const struct record *r, enum phase p);

/* What of the speed before was left in this phase (of a latency: of the loads), as a median of
 * ratios within rounds, like an advantage (recommend.h). */
struct move_effect {
	double kept;      /* above 1, it is faster; NaN: not known */
	double low, high; /* its interval; NaN: none */
	bool decided;     /* whether it matters is known: */
	int sign;         /* -1 slower, 0 as fast, 1 faster */
};
struct move_effect move_effect(const struct result *res, const struct record *r);
double move_kept(const struct result *res, const struct record *r); /* that alone */

/* A cell of the same threads, memory and node to go to, with a figure, that tells `metric` of the
 * move ("transient-time", "refill-time", "call-time"); NULL without. */
const struct record *move_also(const struct result *res, const struct record *r,
			       const char *metric);

/* Of a record that tells a time of the move. What is less than this cannot be told from none: a
 * transient that ends within the first window, a loss whose interval has 0 in it. NaN: it is told
 * for certain, or nobody knows. */
double move_unseen(const struct record *r);

/* How fast pages go from node to node when nothing holds them: the fastest of the calls that move
 * them, for pages of r's kind (else of any kind); NULL without. By the kernel alone: how long it
 * took. */
const struct record *move_pages_rate(const struct result *res, int from, int to,
				     const struct record *r);
const struct record *move_balancing(const struct result *res, int from, int to);

/* Whether pages that are held so stayed behind: true of those that were asked for and of which none
 * but a hundredth went. */
bool move_stayed(const struct record *r);

/* pays_after and pays_bytes of
 * - every settled rate and latency of threads that were moved to another node, where it is slower
 *   for certain (move_effect): for a process of PAYBACK_BYTES that stands still while its pages are
 *   moved as fast as move_pages_rate says. What it gets then is what was measured with the pages
 *   beside it (phase followed), else what threads of that node get from its own memory, else what
 *   it got before;
 * - the time of automatic balancing that was watched, for the bytes that it moved, against the
 *   windows in which no page had come yet.
 * -ENOMEM. */
int derive_moves(struct result *res);

#endif
