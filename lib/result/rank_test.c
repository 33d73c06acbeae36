#include "result/rank_test.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Steps of counting that are still taken: a fifth of a second. */
static const double steps_most = 1e8;

struct ranked {
	double v;
	bool of_b;
	size_t twice; /* its rank, doubled: ties have halves */
};

static int by_value(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->v, y = ((const struct ranked *)b)->v;

	return (x > y) - (x < y);
}

/* All figures in order with their ranks; *ties is the sum of t^3 - t over ties of t. */
static struct ranked *rank(const double *a, size_t n, const double *b, size_t m, double *ties)
{
	size_t all = n + m;
	struct ranked *r = calloc(all, sizeof *r);

	*ties = 0;
	if (!r)
		return NULL;
	for (size_t i = 0; i < all; i++)
		r[i] = (struct ranked){ .v = i < n ? a[i] : b[i - n], .of_b = i >= n };
	qsort(r, all, sizeof *r, by_value);
	for (size_t i = 0, j; i < all; i = j) {
		for (j = i; j < all && r[j].v <= r[i].v; j++)
			;
		for (size_t k = i; k < j; k++)
			r[k].twice = i + 1 + j; /* ranks i + 1 .. j */
		*ties += pow((double)(j - i), 3) - (double)(j - i);
	}
	return r;
}

/* In how many ways k of the ranked have a doubled rank sum of at most `sum`: ways[c][s] counts the
 * choices of c whose sum is s, and each rank in turn is taken or not. NaN: no memory. */
static double ways_below(const struct ranked *r, size_t all, size_t k, size_t sum)
{
	double *ways = calloc((k + 1) * (sum + 1), sizeof *ways), total = 0;

	if (!ways)
		return NAN;
	ways[0] = 1;
	for (size_t i = 0; i < all; i++) {
		for (size_t c = i + 1 < k ? i + 1 : k; c >= 1; c--) {
			const double *from = ways + (c - 1) * (sum + 1);
			double *to = ways + c * (sum + 1);

			for (size_t s = sum; s >= r[i].twice && s <= sum; s--)
				to[s] += from[s - r[i].twice];
		}
	}
	for (size_t s = 0; s <= sum; s++)
		total += ways[k * (sum + 1) + s];
	free(ways);
	return total;
}

static double choose(size_t all, size_t k)
{
	double c = 1;

	k = k < all - k ? k : all - k;
	for (size_t i = 1; i <= k; i++)
		c = c * (double)(all - k + i) / (double)i;
	return c;
}

/* The half beyond x standard deviations of a normal distribution. */
static double below(double x)
{
	return 0.5 * erfc(-x / sqrt(2));
}

static double approximate(double sum, size_t n, size_t m, double ties)
{
	double all = (double)(n + m), mean = (double)m * (all + 1) / 2;
	double var = (double)n * (double)m / 12 * (all + 1 - ties / (all * (all - 1)));

	return var > 0 ? below((sum / 2 - mean + 0.5) / sqrt(var)) : 1;
}

double rank_test(const double *a, size_t n, const double *b, size_t m)
{
	size_t all = n + m, sum = 0, few = m;
	double ties, p;
	struct ranked *r;

	if (!n || !m)
		return 1;
	r = rank(a, n, b, m, &ties);
	if (!r)
		return NAN;
	for (size_t i = 0; i < all; i++)
		sum += r[i].of_b ? r[i].twice : 0;
	p = approximate((double)sum, n, m, ties);
	/* Where b is the larger part, that its ranks are low is that those of a are high: the same
	 * with ranks counted from the other end. */
	if (n < m) {
		size_t of_a = all * (all + 1) - sum, most = 2 * (all + 1);

		few = n;
		sum = n * most - of_a;
		for (size_t i = 0; i < all; i++)
			r[i].twice = most - r[i].twice;
	}
	if ((double)all * (double)few * (double)sum <= steps_most)
		p = ways_below(r, all, few, sum) / choose(all, few);
	free(r);
	return p > 1 ? 1 : p;
}

double rank_test_least(size_t n, size_t m)
{
	return 1 / choose(n + m, m);
}

size_t rank_test_family(size_t n, size_t m, double level)
{
	/* 1 against 19 is 0.05 x 20, and in binary a little less. */
	double cells = level * choose(n + m, m) * (1 + 1e-12);

	return cells >= 1e6 ? 1000000 : (size_t)cells;
}

struct test {
	double p;
	size_t at;
};

static int by_p(const void *a, const void *b)
{
	double x = ((const struct test *)a)->p, y = ((const struct test *)b)->p;

	return (x > y) - (x < y);
}

int holm(const double *p, size_t k, double *adjusted)
{
	struct test *t = calloc(k + 1, sizeof *t);
	double level = 0;

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < k; i++)
		t[i] = (struct test){ p[i], i };
	qsort(t, k, sizeof *t, by_p);
	for (size_t i = 0; i < k; i++) {
		double own = (double)(k - i) * t[i].p;

		level = own > level ? own : level;
		adjusted[t[i].at] = level < 1 ? level : 1;
	}
	free(t);
	return 0;
}
