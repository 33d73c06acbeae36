#include "result/load_curve.h"

#include <math.h>

#include "result/rising.h"

static double octaves(const void *points, size_t n, size_t i)
{
	const struct load_point *p = points;

	(void)n;
	return log2(p[i].seconds);
}

double load_reaches(const struct load_point *p, size_t n, double factor)
{
	double wanted, before, here;

	if (n < 2)
		return NAN;
	wanted = rising_at(p, n, 0, octaves) + log2(factor);
	before = wanted;
	for (size_t i = 0; i < n; i++, before = here) {
		here = rising_at(p, n, i, octaves);
		if (here < wanted)
			continue;
		if (i == 0 || !(here > before))
			return p[i].injected;
		return p[i - 1].injected +
		       (wanted - before) / (here - before) * (p[i].injected - p[i - 1].injected);
	}
	return NAN;
}
