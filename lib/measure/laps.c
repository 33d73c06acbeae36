#include "measure/laps.h"

/* Laps done from the beginning until `until`. */
static double done_until(const double *ends, size_t n, double began, double until)
{
	size_t low = 0, high = n;
	double from;

	if (until <= began)
		return 0;
	while (low < high) { /* the first that ends after `until` */
		size_t middle = low + (high - low) / 2;

		if (ends[middle] <= until)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n)
		return (double)n;
	from = low ? ends[low - 1] : began;
	return (double)low + (until - from) / (ends[low] - from);
}

double laps_between(const double *ends, size_t n, double began, double from, double until)
{
	if (until <= from)
		return 0;
	return done_until(ends, n, began, until) - done_until(ends, n, began, from);
}

int laps_agree(struct meeting *m, double *from, double *until)
{
	double latest = -*from;
	int rc = meeting_least(m, latest, &latest);

	*from = -latest;
	return rc < 0 ? rc : meeting_least(m, *until, until);
}
