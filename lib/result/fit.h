/* fit.h - what a series of sizes says: start-up time and rate. Private to lib/result. */
#ifndef NB_RESULT_FIT_H
#define NB_RESULT_FIT_H

#include <stdbool.h>
#include <stddef.h>

struct size_fit {
	double start; /* seconds; never less than 0 */
	double rate;  /* bytes per second that ever larger sizes come to */
	double half;  /* bytes at which half of it is reached: start * rate */
};

/* Least squares of t(n) = start + n / rate over n sizes with their times, each
 * weighed by 1 / t^2, so that relative errors count alike at every size. Where the
 * start comes out below 0, the rate alone is fitted. False below three distinct
 * sizes, where a time is not greater than 0, or where time does not grow with size. */
bool fit_sizes(const double *bytes, const double *seconds, size_t n, struct size_fit *fit);

#endif
