/* progress.h - how far a run is, for a person at a terminal. */
#ifndef NB_UTIL_PROGRESS_H
#define NB_UTIL_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

struct progress {
	FILE *out;     /* stderr, or NULL: nothing is shown */
	bool terminal; /* one line redrawn in place; else nothing but whole lines */
	bool drawn;    /* a line stands there and must be wiped before other text */
};

/* Shows on a terminal only; `quiet` shows nothing. */
struct progress progress_to(FILE *out, bool quiet);

/* share: 0 to 1 of the whole; left_s: seconds left, less than 0 when unknown. */
void progress_show(struct progress *p, double share, double left_s, const char *what);
void progress_clear(struct progress *p);

#endif
