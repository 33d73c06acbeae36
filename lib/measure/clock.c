/* clock.c - CLOCK_MONOTONIC_RAW: no daemon slews it. A reading costs about 20 ns. */
#include "measure/clock.h"

#include <time.h>

struct instant clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (struct instant){ (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec };
}

struct instant clock_shared(void)
{
	return clock_now();
}

double clock_span(struct instant from, struct instant to)
{
	return (double)(int64_t)(to.ns - from.ns) * 1e-9;
}

/* So many steps, about 50 us, or as many of a coarse clock as come in this time. */
enum { STEPS = 1000 };
#define STEPS_S 0.010

double clock_resolution(void)
{
	struct instant began = clock_now(), b = began;
	double smallest = 1;

	for (int i = 0; i < STEPS && clock_span(began, b) < STEPS_S; i++) {
		struct instant a = clock_now();

		b = clock_now();

		while (clock_span(a, b) <= 0)
			b = clock_now();
		if (clock_span(a, b) < smallest)
			smallest = clock_span(a, b);
	}
	return smallest;
}
