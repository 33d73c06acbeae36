/* balancing_ride.h - a process that is moved away from its memory while the kernel's automatic
 * balancing is on, and is watched until its pages have come after it.
 *
 * A process of its own, whose memory has no policy but first touch: balancing leaves bound memory
 * alone. It triads on its arrays, one thread a core; its threads are moved to the cores of
 * another node; the share of its pages there is read from numa_maps, which touches none of them.
 */
#ifndef NB_KERNELS_BALANCING_RIDE_H
#define NB_KERNELS_BALANCING_RIDE_H

#include "measure/session.h"
#include "place/pages_found.h"

struct balancing_ride {
	int from, to;   /* nodes with CPUs and memory of their own */
	size_t bytes;   /* of one of three arrays */
	size_t threads; /* on the first core of each node, and so on */
	double after_s; /* watched so long at most, or until all has come and come to rest */
};

/* What came of it, beside what the record tells. */
struct balancing_seen {
	double t99;               /* seconds until 99 % of the pages had come; NaN: they did not */
	double followed;          /* bytes a second from then on; NaN likewise */
	struct pages_found after; /* at the end of the watch */
	struct idset cpus;        /* that threads were seen on meanwhile */
};

/* Fills r: placement of before (and, where a thread or page is not where it should be, the status
 * misplaced), pages, kernel, verified, moved, timeline and "balancing": { t50, t90, t99
 * (seconds, or null), "after": pages by node at the end of the watch, numa_pages_migrated and
 * numa_hint_faults during it }. Errors as memory_place and team_start, or -EIO where the process
 * did not come to its end. */
int balancing_ride(const struct worker *w, const struct balancing_ride *ride, struct record *r,
		   struct balancing_seen *seen, struct err *e);

#endif
