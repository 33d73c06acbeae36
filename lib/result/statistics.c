#include "result/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sort_doubles(double *v, size_t n)
{
	if (n > 1)
		qsort(v, n, sizeof *v, ascending);
}

/* A sorted copy, or NULL for n = 0 or no memory; the caller frees it. */
static double *sorted_copy(const double *v, size_t n)
{
	double *copy = n ? calloc(n, sizeof *copy) : NULL;

	if (!copy)
		return NULL;
	memcpy(copy, v, n * sizeof *copy);
	sort_doubles(copy, n);
	return copy;
}

double quantile_sorted(const double *v, size_t n, double p)
{
	double h, below;
	size_t i;

	if (n == 0 || isnan(p))
		return NAN;
	h = (double)(n - 1) * fmin(fmax(p, 0), 1);
	below = floor(h);
	i = (size_t)below;
	/* At a whole h there is nothing to weigh: v[i + 1] may not exist. */
	return h > below ? v[i] + (h - below) * (v[i + 1] - v[i]) : v[i];
}

double median_of(const double *v, size_t n)
{
	double *copy = sorted_copy(v, n);
	double median = copy ? quantile_sorted(copy, n, 0.5) : NAN;

	free(copy);
	return median;
}

double mad_of(const double *v, size_t n)
{
	/* 1 / (the 3/4 quantile of the standard normal distribution) */
	static const double to_deviation = 1.482602218505602;
	double *copy = sorted_copy(v, n), median, mad;

	if (!copy)
		return NAN;
	median = quantile_sorted(copy, n, 0.5);
	for (size_t i = 0; i < n; i++)
		copy[i] = fabs(copy[i] - median);
	sort_doubles(copy, n);
	mad = to_deviation * quantile_sorted(copy, n, 0.5);
	free(copy);
	return mad;
}

/* The largest k with P(Binomial(n, 1/2) < k) <= 0.025; 0 for n < 6. */
static size_t interval_rank(size_t n)
{
	double size = (double)n, p, below = 0;
	/* What lies 12 standard deviations (sqrt(n) / 2) under the middle weighs
	 * less than 1e-30 together: begin there, so that large n stay quick. */
	double start = floor(size / 2 - 6 * sqrt(size));
	size_t k = start > 0 ? (size_t)start : 0;
	int sign;

	/* P(X = k), through logarithms since 2^-n is 0 in a double beyond n = 1074. */
	p = exp(lgamma_r(size + 1, &sign) - lgamma_r((double)k + 1, &sign) -
		lgamma_r(size - (double)k + 1, &sign) - size * log(2));
	for (; k < n && below + p <= 0.025; k++) {
		below += p;
		p *= (size - (double)k) / ((double)k + 1);
	}
	return k;
}

struct interval median_interval(const double *v, size_t n)
{
	struct interval none = { .exists = false, .low = NAN, .high = NAN };
	size_t k = interval_rank(n);
	double *copy = k ? sorted_copy(v, n) : NULL;
	struct interval found;

	if (!copy)
		return none;
	found = (struct interval){ .exists = true, .low = copy[k - 1], .high = copy[n - k] };
	free(copy);
	return found;
}

double best_of(const double *v, size_t n, bool higher)
{
	double best = n ? v[0] : NAN;

	for (size_t i = 1; i < n; i++)
		if (higher ? v[i] > best : v[i] < best)
			best = v[i];
	return best;
}

struct ratio paired_ratio(const double *a, const double *b, size_t n)
{
	struct ratio r = { .median = NAN, .interval = { false, NAN, NAN }, .n = n };
	double *ratios = n ? calloc(n, sizeof *ratios) : NULL;

	for (size_t i = 0; ratios && i < n; i++) {
		ratios[i] = a[i] / b[i];
		if (!(b[i] > 0) || !isfinite(ratios[i])) {
			free(ratios);
			return r;
		}
	}
	if (ratios) {
		r.median = median_of(ratios, n);
		r.interval = median_interval(ratios, n);
	}
	free(ratios);
	return r;
}
