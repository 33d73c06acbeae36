/* payback.h - when a process that was moved has paid to move its pages after it.
 *
 * A process runs at rate `remote` from memory that was left behind, and would run at `local` with
 * its pages beside it. To move them takes `cost` seconds; meanwhile it works at `meanwhile` of the
 * remote rate (0: it stands still, as when it calls move_pages by itself). Both have done the same
 * work when
 *
 *     remote t = meanwhile remote cost + local (t - cost)
 *     t = cost (local - meanwhile remote) / (local - remote)
 *
 * Rates are bytes per second, or loads per second (1 / latency): any unit, but the same.
 */
#ifndef NB_RESULT_PAYBACK_H
#define NB_RESULT_PAYBACK_H

#include <stddef.h>

#include "result/timeline.h"

struct payback_model {
	double local, remote; /* rates, above 0 */
	double cost;          /* seconds */
	double meanwhile;     /* 0 .. 1 */
};

struct payback {
	double seconds; /* from when the pages began to move; NaN: it never pays */
	double work;    /* done by then, by either: remote * seconds; NaN likewise */
};

/* Never: local is not above remote by more than SETTLING_BAR, what cannot be told from noise; or a
 * figure is not finite or makes no sense. Nothing to move (cost 0) pays at once. */
struct payback payback_of(const struct payback_model *m);

/* The same of a move that was watched (the kernel's, page by page), until the way back: when the
 * work done from the move on is again what `remote`, in the unit of the windows, would have done,
 * straight within a window, and was no less from then until the end. It never pays where the last
 * quarter of the windows is not faster, as above; nor where the loss was not made up by the end. */
struct payback payback_watched(const struct timeline *t, enum better better, double remote);

/* A process that a report speaks of: bytes of memory. */
#define PAYBACK_BYTES 8e9

#endif
