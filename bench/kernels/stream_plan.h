/* stream_plan.h - which cells mem-bandwidth measures: one row of a table for each operation, and
 * from which depth on each of the things that are done with it. */
#ifndef NB_KERNELS_STREAM_PLAN_H
#define NB_KERNELS_STREAM_PLAN_H

#include "kernels/stream.h"
#include "measure/session.h"
#include "place/memory.h"

/* Adds all sites and cells; of `only`'s operation alone where that is not NULL. A cell's variant is
 * its operation (enum stream_op); its record says the rest: bytes under the site's arrays are a
 * part of every thread's share. */
int stream_plan(struct session *s, const struct stream_kernel *only, struct err *e);

/* Where a worker's arrays of a site are to lie: on the memory node, or under the policy and in the
 * pages that the site's kind asks for. `policy` is room for it. */
struct memory_want stream_want(const struct worker *w, const struct site *site,
			       struct policy *policy);
/* Whether the site's kind asks for this kind of pages and no other. */
bool stream_demands(const struct site *site, enum page_kind *pages);

#endif
