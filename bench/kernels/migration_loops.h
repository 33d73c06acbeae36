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
	struct stream_set *stream;
	struct chase_set *chase;
	const struct stream_kernel *row;
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

#endif
