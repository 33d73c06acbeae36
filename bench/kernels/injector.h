/* injector.h - read streams that load a node's memory while something else is measured.
 *
 * The first thread of a team works, all others read arrays block after block, with
 * pauses of random length between blocks where they are to read less than they could.
 */
#ifndef NB_KERNELS_INJECTOR_H
#define NB_KERNELS_INJECTOR_H

#include "kernels/stream_choose.h"

struct injector {
	struct stream_set *set; /* all three arrays are read */
	const struct stream_kernel *read;
	double full; /* bytes per second that the streams reach together without pauses */
};

/* What injector_open takes on the memory node, for `bytes` to be read in turn: no more, unless they
 * are less than six MiB. */
uint64_t injector_bytes(uint64_t bytes);

/* For a team of two threads or more. The fastest form of a read is found where *choice has none
 * (*choosing_s gets the seconds that this takes); `caches` as in stream_choose. As
 * stream_set_open; -EAGAIN where the streams do not get to run. */
int injector_open(struct injector **out, struct team *team, uint64_t bytes,
		  const struct memory_want *want, uint64_t seed, struct stream_choice *choice,
		  uint64_t caches, double *choosing_s, struct err *e);
void injector_close(struct injector *in); /* NULL is fine */
int injector_prove(const struct injector *in, struct placement *p);

/* Runs work(arg) once on the team's first thread while all others read, at `share` (0 to 1) of what
 * they could. Returns the bytes per second that they read while it ran. -ENOMEM as a NaN. */
double injector_run(struct injector *in, struct team *team, double share, void (*work)(void *arg),
		    void *arg);

#endif
