/* feed_load.h - competing load: a process whose threads work on memory now and then, wherever the
 * scheduler puts them, so that it has reason to move others. */
#ifndef NB_KERNELS_FEED_LOAD_H
#define NB_KERNELS_FEED_LOAD_H

#include "machine/machine.h"
#include "util/err.h"

struct feed_load;

/* One thread for each CPU that this process may use, bound to all of them. Comes back when all
 * threads run. The process is killed with the calling thread. -errno with e. */
int feed_load_start(struct feed_load **l, const struct machine *m, struct err *e);
void feed_load_stop(struct feed_load *l); /* it is gone then; NULL is fine */

#endif
