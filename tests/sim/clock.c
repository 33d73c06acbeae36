/* clock.c - the simulator's body of measure/clock.h. */
#include <time.h>

#include "measure/clock.h"
#include "simclock.h"

static uint64_t ahead; /* of the real clock; may be "negative" */

static uint64_t real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t simclock_read(void)
{
	return real_ns() + ahead;
}

void simclock_set(uint64_t now_ns)
{
	ahead = now_ns - real_ns();
}

struct instant clock_now(void)
{
	return (struct instant){ simclock_read() };
}

double clock_span(struct instant from, struct instant to)
{
	return (double)(int64_t)(to.ns - from.ns) * 1e-9;
}

double clock_resolution(void)
{
	return 1e-9;
}
