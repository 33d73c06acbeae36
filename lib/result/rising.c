#include "result/rising.h"

#include <math.h>

double rising_at(const void *v, size_t n, size_t i,
		 double (*level)(const void *v, size_t n, size_t i))
{
	double highest = -INFINITY, to_i = 0;

	for (size_t a = i + 1; a-- > 0;) {
		double lowest = INFINITY, sum = to_i += level(v, n, a);

		for (size_t b = i; b < n; b++) {
			sum += b > i ? level(v, n, b) : 0;
			lowest = fmin(lowest, sum / (double)(b + 1 - a));
		}
		highest = fmax(highest, lowest);
	}
	return highest;
}
