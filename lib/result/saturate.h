/* saturate.h - how many threads it takes to get all that a memory gives.
 *
 * Pure; of a curve over the number of threads.
 */
#ifndef NB_RESULT_SATURATE_H
#define NB_RESULT_SATURATE_H

#include <stdbool.h>
#include <stddef.h>

struct curve_point {
	int threads;
	double rate;      /* median */
	double low, high; /* ends of its interval; NaN: none */
};

/* What counts as all of it. */
#define SATURATED 0.95

/* The index of the point with the fewest threads whose rate is at least SATURATED of the best, n
 * where there are fewer than two points or no rate above 0. The best of several noisy figures is
 * too high by some of the noise: the lower end of its interval counts, where it has one, down to
 * 3 % below it. */
size_t saturation(const struct curve_point *v, size_t n);

/* Whether the intervals bear it that v[at], which saturation() gave, is the answer: fewer threads
 * stay below the best for certain, and nothing that the ends of both intervals allow takes v[at]
 * far from the best. Without intervals they do not. */
bool saturation_sure(const struct curve_point *v, size_t n, size_t at);

#endif
