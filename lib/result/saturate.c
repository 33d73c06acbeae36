#include "result/saturate.h"

#include <math.h>

/* Of a wider interval this much is taken for noise in the best: more would let too few threads
 * pass. */
#define NOISE 0.97

size_t saturation(const struct curve_point *v, size_t n)
{
	size_t best = 0, fewest = n;
	double enough;

	for (size_t i = 1; i < n; i++)
		if (!(v[i].rate <= v[best].rate))
			best = i;
	if (n < 2 || !(v[best].rate > 0))
		return n;
	enough = SATURATED *
		 (isfinite(v[best].low) ? fmax(v[best].low, NOISE * v[best].rate) : v[best].rate);
	for (size_t i = 0; i < n; i++)
		if (v[i].rate >= enough && (fewest == n || v[i].threads < v[fewest].threads))
			fewest = i;
	return fewest;
}
