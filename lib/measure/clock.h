/* clock.h - instants are opaque; only spans between them are numbers.
 *
 * CLOCK_MONOTONIC_RAW. The simulator links another body, in which simulated
 * work takes the time that the scenario plants.
 */
#ifndef NB_MEASURE_CLOCK_H
#define NB_MEASURE_CLOCK_H

#include <stdint.h>

struct instant {
	uint64_t ns;
};

struct instant clock_now(void);
double clock_span(struct instant from, struct instant to); /* seconds, may be negative */

/* Seconds since the clock's own zero, for series of instants that are all taken in one process. */
static inline double clock_seconds(void)
{
	return clock_span((struct instant){ 0 }, clock_now());
}

/* An instant that other processes and threads may compare with theirs. (In the simulator each
 * has a clock of its own; there this one stands still.) */
struct instant clock_shared(void);

/* The smallest step seen between two readings, seconds. */
double clock_resolution(void);

#endif
