#include "result/saturate.h"

#include <math.h>

/* Of a wider interval this much is taken for noise in the best: more would let too few threads
 * pass. */
#define NOISE 0.97

/* As far as the ends of the two intervals may lie apart. Quiet machines stay within 3 % either way
 * (0.95 * 0.97 / 1.03 is 0.89); at 0.85 noise is as large as what is to be found. */
#define SURE 0.85

static size_t best_of(const struct curve_point *v, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (!(v[i].rate <= v[best].rate))
			best = i;
	return best;
}

size_t saturation(const struct curve_point *v, size_t n)
{
	size_t best = best_of(v, n), fewest = n;
	double enough;

	if (n < 2 || !(v[best].rate > 0))
		return n;
	enough = SATURATED *
		 (isfinite(v[best].low) ? fmax(v[best].low, NOISE * v[best].rate) : v[best].rate);
	for (size_t i = 0; i < n; i++)
		if (v[i].rate >= enough && (fewest == n || v[i].threads < v[fewest].threads))
			fewest = i;
	return fewest;
}

bool saturation_sure(const struct curve_point *v, size_t n, size_t at)
{
	size_t best = best_of(v, n);

	if (at >= n || !(v[at].low >= SURE * v[best].high))
		return false;
	for (size_t i = 0; i < n; i++)
		if (v[i].threads < v[at].threads && !(v[i].high < v[best].low))
			return false;
	return true;
}
