/* feed_visit.h - one visit of a group, or of joint cells, of feeding processes: what a worker does
 * for each part of feed_plan.h. All are as bench.together. */
#ifndef NB_KERNELS_FEED_VISIT_H
#define NB_KERNELS_FEED_VISIT_H

#include "kernels/feed_plan.h"
#include "kernels/feed_process.h"
#include "measure/session.h"

/* The buffers of a site, as the session has them: none, for processes have them. */
struct feed_site {
	enum feed_part part;
	int gpu;
	uint64_t random; /* seeds and orders */
};

/* Of a worker, in bench_state: the processes that are moved, one on each GPU, which live as long as
 * it does. A driver's start takes longer than all that is asked of one in a visit. */
struct feed_kept {
	struct feed_kept *next;
	int gpu;
	struct feed_process *p; /* NULL: none now */
};
/* The worker's on a GPU; NULL: out of memory. */
struct feed_kept *feed_kept_of(struct worker *w, int gpu);

typedef int feed_visit_fn(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e);
feed_visit_fn feed_visit_moved, feed_visit_bindings, feed_visit_at_once, feed_visit_policies;

/* ---- what they have in common ---- */

/* A process on a site's GPU; cpus and policy are for the caller to fill. */
struct feed_birth feed_birth_of(const struct worker *w, struct feed_site *s,
				const struct idset *cpus, const struct policy *policy);
/* CPUs of a node that may be used. */
const struct idset *feed_cpus(const struct worker *w, int node);
/* A run that counts, on buffers made by the process's own policy: as long as the depth has it. */
struct feed_order feed_order_of(const struct record *r);

/* What this machine cannot do, for the reason in e: no fault of a GPU's. 0. */
int feed_skip_all(struct member *m, size_t n, const struct err *e);

/* What a GPU needs until its link and clocks are awake: the first passes of a process count
 * nowhere for so long. */
#define FEED_WARM_S 0.1
/* And those after a move: caches are cold. */
#define FEED_SETTLE_S 0.005
/* What counts: a steady rate; long enough for the scheduler to act. */
#define FEED_STEADY_S 0.03
#define FEED_BRIEF_S  0.01 /* with --quick */
#define FEED_QUICK_S  0.2
enum { FEED_PASSES = 2 };
/* Processes of each binding in a visit: six rounds, the least that there are, make the ten and more
 * that a comparison of whole processes needs: what binding buys is in the tail. */
enum { FEED_EACH = 2 };

#endif
