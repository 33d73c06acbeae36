/* feed_plan.h - which feeding processes are measured: the cells of parts 6, 7 and 8 of the
 * migration bench. */
#ifndef NB_KERNELS_FEED_PLAN_H
#define NB_KERNELS_FEED_PLAN_H

#include "kernels/plan_cost.h"
#include "measure/session.h"

/* What a site is for. */
enum feed_part {
	FEED_MOVED,    /* a process that is moved, and its pages after it: a group of a cell for
			* each kind of memory and phase */
	FEED_BINDINGS, /* the four bindings, quiet and under load: a group of four each */
	FEED_AT_ONCE,  /* one process for every GPU: joint cells */
	FEED_POLICIES, /* memory policies: a group of all of them */
};

/* Of one host buffer, under the session's options. */
size_t feed_bytes(const struct session_options *o);

/* Adds the sites and cells, or records that say why not; also why GPUs cannot be used. -ENOMEM. */
int feed_plan(struct session *s, struct plan_cost *c, struct err *e);
void feed_list(void (*line)(const char *text, void *to), void *to);

#endif
