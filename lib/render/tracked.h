/* tracked.h - the cells of a result that are followed from run to run, each under a name that stays
 * (monitoring, benchmark trackers). Private to lib/render.
 *
 * Of cells that differ in size and number of threads alone one is taken, and neither is part of the
 * name: both follow from the machine's caches, its free memory and what the process may use, and a
 * name that changes breaks a curve. Of copies to and from GPUs that is the usual one of 64 MiB or
 * else the largest, of their latencies the smallest, of memory the largest, and the most threads.
 * Pairs of single CPUs are not followed.
 */
#ifndef NB_RENDER_TRACKED_H
#define NB_RENDER_TRACKED_H

#include "result/field.h"
#include "result/result.h"

struct tracked {
	const struct record *r; /* borrowed; it may have no figure */
	char *name;             /* "gpu-bandwidth bandwidth cpu_node=0 gpu=3 ..", owned */
};

/* It has a value to be followed: a result. What was disturbed ("unstable") is none here, for no
 * mark can stand beside a value, and programs act upon it. */
bool tracked_value(const struct record *r);

/* All of them, in the order of the records, no name twice. -ENOMEM. */
int tracked_find(const struct result *res, struct tracked **cells, size_t *n);
void tracked_release(struct tracked *cells, size_t n);

/* Whether a row of the field table is part of the name. */
bool tracked_by(const struct field *f);
/* Its value as text, lists with blanks between; "" where the record lacks it. Returns buf. */
enum { TRACKED_LABEL = 256 };
char *tracked_label(const struct field *f, const struct record *r, char buf[TRACKED_LABEL]);

#endif
