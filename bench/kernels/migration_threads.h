/* migration_threads.h - part 1 and 2 of migration: threads are moved, their pages stay.
 *
 * From node to node a whole node's team runs a triad, and one thread a pointer chase, on memory
 * that is bound to the node they come from. Within a node one thread goes from core to core, over
 * working sets from the first-level cache on: what that costs are cold caches alone. Either way
 * the threads go back at the end (measure/timeline.h).
 *
 * An experiment gives a group of records: the rate or latency in four phases, with the windows in
 * the one that has settled; how long that took (transient-time), what one call took (call-time) and
 * how much time was lost until then (refill-time). They have the same bytes: of all arrays
 * together, or of the chase.
 */
#ifndef NB_KERNELS_MIGRATION_THREADS_H
#define NB_KERNELS_MIGRATION_THREADS_H

#include "measure/session.h"

enum threads_loop { LOOP_STREAM, LOOP_CHASE, LOOPS };

/* A site's own kind: which loop, over which of the node's working sets. */
#define THREADS_KIND(loop, size) ((int)(size)*LOOPS + (int)(loop))
#define THREADS_LOOP(own)        ((enum threads_loop)((own) % LOOPS))

/* cell.variant: what of an experiment a cell tells. */
enum threads_figure {
	FIGURE_BEFORE,
	FIGURE_AFTER,
	FIGURE_SETTLED,
	FIGURE_RETURNED,
	FIGURE_TRANSIENT,
	FIGURE_REFILL,
	FIGURE_CALL,
	FIGURES
};

/* The bytes of a site's working set. */
uint64_t threads_bytes(const struct machine *m, const struct session_options *o,
		       const struct site *site);

/* The first cores' CPUs of a node, one each: those that the worker's team is pinned to. How many
 * there are, at most `room`. */
size_t threads_cpus(const struct machine *m, int node, int *cpus, size_t room);

/* The part's plan and list. */
struct migration_options;
struct plan_cost;
int threads_plan(struct session *s, const struct migration_options *o, struct plan_cost *c,
		 struct err *e);
void threads_list(void (*line)(const char *text, void *to), void *to);

#endif
