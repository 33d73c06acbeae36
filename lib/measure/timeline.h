/* timeline.h - threads that work on while another one moves them, and when they did what.
 *
 * Each thread makes laps, equal pieces of work, and notes when each ended and on which CPU. A
 * mover, a thread of its own, waits for the moment, moves them one after another with
 * sched_setaffinity, and looks at the clock before and after; later it moves them back. What came
 * of it is counted afterwards, in windows of equal length (result/timeline.h):
 *
 *     | warm | before .. | move | after ............ | way back | returned .. |
 *
 * A rate is that of threads while they had their CPUs: who is stopped for another process's sake
 * is no slower by the move. Instant 0 is when the first call began. Windows are laid out from where
 * the lap began into which it fell, so that of those before it none holds any of it: the one that
 * begins there straddles.
 */
#ifndef NB_MEASURE_TIMELINE_H
#define NB_MEASURE_TIMELINE_H

#include "machine/machine.h"
#include "place/threads.h"
#include "result/timeline.h"

/* What threads do while they are moved. */
struct ride {
	struct team *team;
	size_t threads; /* the team's first so many */
	/* The number-th lap of a thread, from 0; it takes lap_s or thereabouts, to be long against
	 * the clock and short against a window. Every thread makes laps_least of them at least. */
	void (*lap)(void *arg, size_t rank, size_t size, size_t number);
	void *arg;
	const double *amount; /* of work in a lap: of each thread, in bytes or loads */
	bool per_amount;      /* the rate is seconds for each of them, and not so many a second */
	double lap_s;
	size_t laps_least;
	const int *from, *to; /* of each thread the CPU it is pinned to, and the one it goes to */
	int mover;            /* where the mover waits: best a CPU that is in neither */
	double warm_s, before_s, after_s, returned_s, window_s;
	/* Asked now and then after the move, where it is set: true ends that phase early. */
	bool (*enough)(void *arg);
};

enum ride_phase { RIDE_BEFORE, RIDE_AFTER, RIDE_RETURNED, RIDE_PHASES };

/* What was seen of it beside the windows. */
struct ride_seen {
	double zero;   /* instant 0, in seconds since the clock's own zero */
	double call_s; /* one sched_setaffinity of the move: the mean of all threads' */
	double had;    /* share of the time that threads had their CPUs: less than 1, others did */
	/* In windows that straddle nothing: the CPUs that threads were seen on, in each phase. */
	struct idset cpus[RIDE_PHASES];
	/* In one of them a thread was seen on CPU `stray` and not on its own, stray_own; -1: none.
	 */
	int stray, stray_own;
};

/* Rides. The windows go into t, which is empty; a window's node is that of the machine whose CPUs
 * all threads were seen on in it. -EINVAL with e where a thread could not be moved, -EAGAIN where
 * they were so slow that there is not one window in each phase, -ENOMEM. However it ends, the
 * threads are back on their CPUs. */
int timeline_ride(const struct ride *r, const struct machine *m, struct timeline *t,
		  struct ride_seen *seen, struct err *e);

/* A CPU for the mover: one that shares no core with those that threads use before and after, else
 * one that is none of them, else the last that they go to. */
int timeline_mover(const struct machine *m, const int *from, const int *to, size_t threads);

#endif
