#include "result/regress.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "result/rank_test.h"
#include "result/statistics.h"

double trial_worse(double base, double now, bool higher)
{
	return higher ? 1 - now / base : now / base - 1;
}

bool trial_holds(const struct trial *t, double retest)
{
	double most = t->m == 1 ? t->threshold : t->threshold / 2;

	return trial_worse(t->base, retest, t->higher) >= most;
}

static double deviation(const double *v, size_t n)
{
	double mean = 0, sum = 0;

	for (size_t i = 0; i < n; i++)
		mean += v[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		sum += (v[i] - mean) * (v[i] - mean);
	return sqrt(sum / (double)(n - 1));
}

/* The effect; significance comes later, a family at a time. */
static void weigh(struct trial *t)
{
	t->base = median_of(t->before, t->n);
	t->now = median_of(t->after, t->m);
	t->worse = trial_worse(t->base, t->now, t->higher);
	t->spread = t->n >= TRIAL_RUNS_SPREAD ? deviation(t->before, t->n) / t->base : NAN;
	t->threshold = fmax(t->floor, TRIAL_SPREADS * t->spread);
	t->p = NAN;
	t->outcome = TRIAL_SAME;
	if (isnan(t->spread))
		t->threshold = NAN;
	if (!t->n || !t->m)
		t->claimable = false;
	else if (t->m == 1)
		t->claimable = t->n >= TRIAL_RUNS_BASELINE && t->spread <= TRIAL_ONE_SPREAD;
	else
		t->claimable = !isnan(t->spread) && rank_test_family(t->n, t->m, TRIAL_LEVEL) > 0;
}

/* Of many noisy cells some have a baseline that spreads little by chance. So with one run all of a
 * family must be calm: the median of its spreads, too. */
static void calm(struct trial *const *cells, size_t n, double *spreads)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(cells[i]->spread))
			spreads[k++] = cells[i]->spread;
	if (median_of(spreads, k) <= TRIAL_ONE_SPREAD)
		return;
	for (size_t i = 0; i < n; i++)
		cells[i]->claimable = cells[i]->claimable && cells[i]->m > 1;
}

/* What a cell without a test of significance comes to. */
static void settle(struct trial *t)
{
	/* Without a spread there is no threshold: its floor is where one would ask. */
	double most = isnan(t->threshold) ? t->floor : t->threshold;

	if (t->worse > most)
		t->outcome = t->claimable ? TRIAL_SUSPECTED : TRIAL_UNSURE;
	else if (-t->worse > most && t->claimable)
		t->outcome = TRIAL_BETTER;
}

/* One part of a family, whose figures are tested in one direction. */
static int test_part(struct trial *const *part, size_t n, bool worse)
{
	double *p = calloc(2 * n + 1, sizeof *p), *adjusted = p + n;
	int rc = p ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct trial *t = part[i];

		p[i] = t->higher == worse ? rank_test(t->before, t->n, t->after, t->m)
					  : rank_test(t->after, t->m, t->before, t->n);
		if (isnan(p[i]))
			rc = -ENOMEM;
	}
	if (rc == 0)
		rc = holm(p, n, adjusted);
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct trial *t = part[i];
		double effect = worse ? t->worse : -t->worse;

		if (worse)
			t->p = adjusted[i];
		if (adjusted[i] <= TRIAL_LEVEL * (1 + 1e-9) && effect > t->threshold)
			t->outcome = worse ? TRIAL_SUSPECTED : TRIAL_BETTER;
	}
	free(p);
	return rc;
}

/* Those of a family that are tested, in parts that are as large as can be and nearly alike. */
static int test_family(struct trial *const *cells, size_t n)
{
	size_t most = SIZE_MAX, parts, from = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		size_t one = rank_test_family(cells[i]->n, cells[i]->m, TRIAL_LEVEL);

		most = one < most ? one : most;
	}
	parts = (n + most - 1) / most;
	for (size_t i = 1; i <= parts && rc == 0; i++) {
		size_t to = n * i / parts;

		rc = test_part(cells + from, to - from, true);
		if (rc == 0)
			rc = test_part(cells + from, to - from, false);
		from = to;
	}
	return rc;
}

static int try_family(struct trial **cells, size_t n, double *spreads)
{
	size_t tested = 0;

	calm(cells, n, spreads);
	for (size_t i = 0; i < n; i++) {
		if (cells[i]->m > 1 && cells[i]->claimable)
			cells[tested++] = cells[i];
		else if (cells[i]->n && cells[i]->m)
			settle(cells[i]);
	}
	return test_family(cells, tested);
}

int regress(struct trial *trials, size_t n)
{
	struct trial **family = calloc(n + 1, sizeof *family);
	double *spreads = calloc(n + 1, sizeof *spreads);
	bool *done = calloc(n + 1, sizeof *done);
	int rc = family && spreads && done ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && rc == 0; i++)
		weigh(&trials[i]);
	/* Each family when its first cell comes by. */
	for (size_t i = 0; i < n && rc == 0; i++) {
		size_t k = 0;

		for (size_t j = i; j < n; j++) {
			if (done[j] || trials[j].family != trials[i].family)
				continue;
			done[j] = true;
			family[k++] = &trials[j];
		}
		if (k)
			rc = try_family(family, k, spreads);
	}
	free(family);
	free(spreads);
	free(done);
	return rc;
}
