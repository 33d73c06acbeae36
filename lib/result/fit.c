#include "result/fit.h"

#include <math.h>

enum { DISTINCT_MIN = 3 };

static size_t distinct(const double *v, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		size_t j = 0;

		while (j < i && v[j] != v[i])
			j++;
		found += j == i;
	}
	return found;
}

bool fit_sizes(const double *bytes, const double *seconds, size_t n, struct size_fit *fit)
{
	/* With x = 1/t and y = n/t the weighed problem is 1 = start x + slope y: its
	 * normal equations. y is in units of the largest one, so that both count. */
	double xx = 0, xy = 0, yy = 0, x1 = 0, y1 = 0, unit = 0, start, slope, determinant;

	for (size_t i = 0; i < n; i++) {
		if (!(seconds[i] > 0) || !isfinite(seconds[i]) || !(bytes[i] > 0))
			return false;
		unit = fmax(unit, bytes[i]);
	}
	if (distinct(bytes, n) < DISTINCT_MIN)
		return false;
	for (size_t i = 0; i < n; i++) {
		double x = 1 / seconds[i], y = bytes[i] / unit / seconds[i];

		xx += x * x;
		xy += x * y;
		yy += y * y;
		x1 += x;
		y1 += y;
	}
	determinant = xx * yy - xy * xy; /* above 0: the sizes differ */
	start = (x1 * yy - y1 * xy) / determinant;
	slope = (y1 * xx - x1 * xy) / determinant;
	if (!(start >= 0)) {
		start = 0;
		slope = y1 / yy;
	}
	if (!(slope > 0) || !isfinite(slope))
		return false;
	*fit = (struct size_fit){ .start = start,
				  .rate = unit / slope,
				  .half = start * unit / slope };
	return true;
}
