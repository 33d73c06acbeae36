/* html_axis.c - round values along an axis. See html.h. */
#include <math.h>

#include "render/html.h"

enum { DECADES = 40 };
/* A logarithmic axis that spans no more is marked like a linear one. */
#define LITTLE 4.0

/* 1, 2 or 5 times a power of ten, so that at most `most` of them lie in a span. */
static double round_step(double span, size_t most)
{
	static const double steps[] = { 1, 2, 5, 10 };
	double least = span / (double)(most > 1 ? most - 1 : 1);
	double decade = pow(10, floor(log10(least)));

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i] * decade >= least * (1 - 1e-9))
			return steps[i] * decade;
	return 10 * decade;
}

static size_t linear(double low, double high, double *v, size_t most)
{
	double step = round_step(high - low, most);
	size_t n = 0;

	for (double at = ceil(low / step - 1e-9); at * step <= high * (1 + 1e-9) && n < most; at++)
		v[n++] = at * step;
	return n;
}

/* Powers of two, every other one or fewer where they are many. */
static size_t of_two(double low, double high, double *v, size_t most)
{
	double first = ceil(log2(low) - 1e-9), last = floor(log2(high) + 1e-9), step = 1;
	size_t n = 0;

	while ((last - first) / step + 1 > (double)most)
		step += step < 2 ? 1 : 2;
	for (double at = first; at <= last && n < most; at += step)
		v[n++] = exp2(at);
	return n;
}

/* 1, 2, 5, 10 ..; powers of ten alone where these are too many. */
static size_t of_ten(double low, double high, double *v, size_t most)
{
	static const double digits[] = { 1, 2, 5 };
	const double decade = pow(10, floor(log10(low)));
	size_t n = 0;

	for (size_t each = sizeof digits / sizeof *digits; each > 0; each -= each > 1 ? 2 : 1) {
		n = 0;
		for (int d = 0; d < DECADES && decade * pow(10, d) <= high; d++)
			for (size_t i = 0; i < each; i++) {
				double at = digits[i] * decade * pow(10, d);

				if (at < low * (1 - 1e-9) || at > high * (1 + 1e-9))
					continue;
				if (n < most)
					v[n] = at;
				n++;
			}
		if (n <= most)
			return n;
	}
	return most;
}

size_t html_ticks(const struct html_axis *axis, double low, double high, double *v, size_t most)
{
	if (!(high > low) || most == 0)
		return 0;
	if (axis->scale == HTML_LINEAR || (axis->scale == HTML_LOG10 && high < LITTLE * low))
		return linear(low, high, v, most);
	if (!(low > 0))
		return 0;
	return axis->scale == HTML_LOG2 ? of_two(low, high, v, most) : of_ten(low, high, v, most);
}
