/* timing.h - one sample: long enough to be believed. */
#ifndef NB_MEASURE_TIMING_H
#define NB_MEASURE_TIMING_H

#include <stddef.h>

#include "place/threads.h"

/* Runs fn on all threads of the team: from the first start to the last end. */
double time_team(struct team *t, void (*fn)(void *arg, size_t rank, size_t size), void *arg);
/* The same of its first n threads. */
double time_team_first(struct team *t, size_t n, void (*fn)(void *arg, size_t rank, size_t size),
		       void *arg);

/* How many repetitions make a sample of `target` seconds, and of a thousand steps of the
 * clock, when one took `seconds`: at least 1, at most `most`. For seconds <= 0: most. */
unsigned repeats_for(double seconds, double target, unsigned most);

/* A sample lasts this long at least : long against the 20 ns of reading the clock, and against
 * the interrupts of a timer at 1 kHz. */
#define SAMPLE_SECONDS 0.010

#endif
