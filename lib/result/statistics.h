/* statistics.h - what a set of samples says.
 *
 * Pure functions; n = 0 is always allowed and gives what is said at each.
 */
#ifndef NB_RESULT_STATISTICS_H
#define NB_RESULT_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/* Sorts ascending; NaN are not allowed. */
void sort_doubles(double *v, size_t n);

/* The p-quantile, 0 <= p <= 1, of sorted values, linear between order
 * statistics (type 7 of Hyndman and Fan 1996). NaN for n = 0. p = 1 is the
 * maximum, never past the end. */
double quantile_sorted(const double *v, size_t n, double p);
double median_of(const double *v, size_t n); /* does not change v; NaN for n = 0 or no memory */

/* Median absolute deviation from the median, times 1.4826 (the standard
 * deviation for a normal distribution). NaN for n = 0. */
double mad_of(const double *v, size_t n);

/* The distribution-free interval of the median at 95 %: order statistics k and
 * n+1-k with k the largest for which 1 - 2 P(Binomial(n, 1/2) < k) >= 0.95
 * (David and Nagaraja, Order Statistics, 7.1). exists is false for n < 6. */
struct interval {
	bool exists;
	double low, high;
};
struct interval median_interval(const double *v, size_t n);

/* Largest (higher = true) or smallest. NaN for n = 0. */
double best_of(const double *v, size_t n, bool higher);

/* The median of ratios a[i]/b[i] with its interval. For n = 0, or a b[i] that is
 * not greater than 0: median NaN and no interval. */
struct ratio {
	double median;
	struct interval interval;
	size_t n;
};
struct ratio paired_ratio(const double *a, const double *b, size_t n);

#endif
