/* timeline.h - what ran on while threads or pages were moved, window by window.
 *
 * In a record it stands beside the field table, in its more:
 *
 *   "timeline": { "call": s, "returned": s, "windows": [ { "start": s, "seconds": s, "rate": ..,
 *                 "cpu_node": 1, "share": 0.25, "straddles": true }, .. ] }
 *
 * of the experiment that gave the record's last sample. Instant 0 is when the move began; "rate" is
 * in the unit of the record: bytes per second, or for a latency seconds. What is not known is
 * absent. Pure functions, no clock.
 */
#ifndef NB_RESULT_TIMELINE_H
#define NB_RESULT_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "result/record.h"
#include "util/err.h"

struct window {
	double start;   /* seconds since the move; before it less than 0 */
	double seconds; /* how long it is, above 0 */
	double rate;    /* NaN: nothing was counted in it */
	bool has_node;
	int cpu_node;   /* where all threads were seen at its end */
	double share;   /* of the pages on the new node at its end; NaN: nobody looked */
	bool straddles; /* a move fell into it, or into a piece of work that it counts */
};

struct timeline {
	double call;     /* how long the call took that moved threads or pages; NaN: not known */
	double returned; /* when they were moved back, seconds since the move; NaN: they were not */
	struct window *windows; /* in order of start; owned */
	size_t n, room;
};

void timeline_init(struct timeline *t); /* empty */
void timeline_release(struct timeline *t);
/* A window of a kind that says only when and how fast; the rest is for the caller to fill in the
 * answer, which stays until the next one is added. NULL: out of memory. */
struct window *timeline_add(struct timeline *t, double start, double seconds, double rate);
/* Sets straddles in every window into which the move or the way back falls. */
void timeline_mark(struct timeline *t);

/* Puts it into the record's more, over what stood there. -ENOMEM. */
int timeline_store(struct record *r, const struct timeline *t);
/* Fills an empty one. -ENOENT: the record has none; -EINVAL with "timeline.windows[3].start: .." in
 * e, -ENOMEM; t is then empty. */
int timeline_load(struct timeline *t, const struct record *r, struct err *e);

/* What a move did to a rate, or to a latency. */
struct settling {
	double before;     /* the level before it: median of whole windows; NaN: none */
	double first;      /* the level right after it: median of the first whole windows, three at
			      most; NaN: none */
	bool settles;      /* false: it still changed when the windows ended, or they are too few */
	double settled;    /* the level that it came to; NaN unless it settles, as all below */
	double transient;  /* seconds from the move until it was there: 0 where the first whole
			      window already was */
	double resolution; /* a transient shorter than this is not seen */
	double refill; /* seconds lost until then against the settled level: what the cold caches
			  cost; noise can make it a little less than 0 */
};

/* Windows after the move that are needed to tell. */
enum { SETTLING_WINDOWS = 8 };
/* A departure from the settled level, as a share of it, that counts as none. */
#define SETTLING_BAR 0.03

/* Settled is the level of the last quarter of the windows between the move and the way back (four
 * at least) where its two halves agree, then the median of all from where the transient ended. The
 * transient ends with the first window that departs from it by less than SETTLING_BAR or three
 * standard deviations of the noise, whichever is more, together with the median of it and the next
 * four: a spike neither ends nor lengthens it. Noise is taken from differences of neighbours (von
 * Neumann et al. 1941, with medians), so that a slope is none. A window that straddles the move
 * counts for the refill alone, with the level of before until it and the settled one after. */
void timeline_settle(const struct timeline *t, enum better better, struct settling *s);

/* The level after the way back: median of the last whole windows after it (half of them); NaN
 * without. */
double timeline_returned(const struct timeline *t);

/* When the share of pages on the new node first was `share` and has not been less since, straight
 * between the ends of two windows; NaN: it was not by the end. */
double timeline_share_at(const struct timeline *t, double share);

#endif
