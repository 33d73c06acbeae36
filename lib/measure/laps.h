/* laps.h - equal pieces of work, one after another, and when each ended: how much was done in a
 * stretch of time that other runners agree on. */
#ifndef NB_MEASURE_LAPS_H
#define NB_MEASURE_LAPS_H

#include <stddef.h>

#include "measure/meeting.h"

/* How many laps lie between two instants, the first and the last in part: a runner that began at
 * `began` ended them at ends[0] <= ends[1] .. (seconds on one clock). Before began and after the
 * last end it did nothing. 0 for until <= from. */
double laps_between(const double *ends, size_t n, double began, double from, double until);

/* For every party of a meeting: makes *from the latest and *until the earliest of what all of them
 * give, so that between them all ran. As meeting_least. */
int laps_agree(struct meeting *m, double *from, double *until);

#endif
