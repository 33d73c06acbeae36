/* migration_loops.h - what threads do while they are moved: a triad, each on its share of three
 * arrays, or one of them a pointer chase; in laps of a twentieth of a window (measure/timeline.h).
 */
#ifndef NB_KERNELS_MIGRATION_LOOPS_H
#define NB_KERNELS_MIGRATION_LOOPS_H

#include "kernels/chase_orders.h"
#include "kernels/chase_set.h"
#include "kernels/migration_threads.h"
#include "kernels/stream_choose.h"
#include "measure/timeline.h"

/* Working sets that fit into caches: one for each level. */
enum { CHOSEN_MOST = 8 };

/* Of a site. */
struct threads_buffers {
	enum threads_loop loop;
	uint64_t bytes;
	bool usual; /* the working set that no cache holds, or should not */
	struct stream_set *stream;
	struct chase_set *chase;
	const struct stream_kernel *row;
	double cached_most; /* of the last ride, as threads_cached_most; NaN: it does not matter */
};

/* Of a worker, in bench_state: a record's samples are all of one form, and choosing takes longer
 * than a ride. */
struct threads_kept {
	struct chase_orders *orders;
	struct stream_choice choice; /* where no cache holds the arrays */
	struct chosen {              /* where one does */
		uint64_t bytes;
		size_t threads;
		const struct stream_kernel *row;
	} chosen[CHOSEN_MOST];
	size_t nchosen;
};

/* One ride: w's team and what r has of places are the caller's; the loop, its laps and all times
 * are filled here. amount has room for every thread. As timeline_ride. */
int threads_ride(struct worker *w, struct threads_buffers *b, struct ride *r, double *amount,
		 struct timeline *t, struct ride_seen *seen, struct err *e);

/* About the seconds of a ride from its warming up to its end, over so many bytes behind caches of
 * so many. */
double threads_ride_most(enum threads_loop loop, uint64_t bytes, uint64_t caches, bool quick);

/* A chase over memory begins with no line of it in any cache (place/flush.h), and along one cycle
 * meets none twice before it is around. The largest share of its loads that can have found their
 * line in a cache all the same: `lines` of the cycle, of which a cache holds `cached`. 1 where
 * lines is 0. */
double threads_cached_most(double lines, double cached, double loads);
/* So many seconds after the move, after_s at most, that a ride of loads which take `each` is not
 * around before its end. */
double threads_once_around(double lines, double each, double after_s);

#endif
