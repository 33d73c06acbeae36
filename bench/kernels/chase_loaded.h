/* chase_loaded.h - a chase while other cores read. */
#ifndef NB_KERNELS_CHASE_LOADED_H
#define NB_KERNELS_CHASE_LOADED_H

#include "kernels/chase_set.h"
#include "kernels/injector.h"

/* As chase_set_walk, while the team's other threads read at `share` of what they can; *injected
 * gets the bytes per second that they did read. NaN: out of memory. */
double chase_loaded_walk(struct chase_set *set, struct injector *in, struct team *team,
			 double share, size_t loads, double *injected);

/* Tells a record of a walk: all figures of its samples so far in more.injected_each, their median
 * as injected, and how they came about in more.injectors. -ENOMEM. */
int chase_loaded_tell(const struct injector *in, const struct team *team, double injected,
		      struct record *r);

#endif
