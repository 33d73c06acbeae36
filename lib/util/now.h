/* now.h - seconds on a clock that nobody sets: what lies between two of them is what counts. */
#ifndef NB_UTIL_NOW_H
#define NB_UTIL_NOW_H

#include <time.h>

static inline double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
