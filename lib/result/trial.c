#include "result/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/recommend.h"
#include "result/statistics.h"

/* 97.5 % quantiles of Student's distribution, by degrees of freedom (any table). */
static const double student[] = { NAN, NAN, 4.303, 3.182, 2.776 };
enum { BY_MEDIAN = 6 }; /* rounds from which the median has an interval */

/* Of a run, more is better. */
static double speed(const struct record *r, size_t i)
{
	return r->better == BETTER_LOWER ? 1 / r->samples.v[i] : r->samples.v[i];
}

/* A result from elsewhere may have fewer rounds than samples, or none. */
static size_t with_round(const struct record *r)
{
	return r->round.n < r->samples.n ? r->round.n : r->samples.n;
}

/* Pairs of one round each; returns how many. */
static size_t pair(const struct record *bound, const struct record *unbound, double *a, double *b)
{
	size_t n = 0;

	for (size_t i = 0; i < with_round(bound); i++)
		for (size_t j = 0; j < with_round(unbound); j++)
			if (bound->round.v[i] == unbound->round.v[j]) {
				a[n] = speed(bound, i);
				b[n++] = speed(unbound, j);
				break;
			}
	return n;
}

static void by_mean(struct trial_effect *x, const double *a, const double *b)
{
	double mean = 0, sum = 0, half;

	for (size_t i = 0; i < x->rounds; i++)
		mean += log(a[i] / b[i]) / (double)x->rounds;
	for (size_t i = 0; i < x->rounds; i++)
		sum += pow(log(a[i] / b[i]) - mean, 2);
	x->gain = exp(mean);
	if (x->rounds < TRIAL_LEAST)
		return;
	half = student[x->rounds - 1] * sqrt(sum / (double)(x->rounds - 1) / (double)x->rounds);
	x->low = exp(mean - half);
	x->high = exp(mean + half);
}

struct trial_effect trial_compare(const struct record *bound, const struct record *unbound)
{
	struct trial_effect x = { .gain = NAN, .low = NAN, .high = NAN, .says = TRIAL_UNKNOWN };
	size_t room = bound && unbound ? bound->samples.n : 0;
	double *a = calloc(room + 1, sizeof *a), *b = calloc(room + 1, sizeof *b);

	if (a && b && room && record_has_figure(bound) && record_has_figure(unbound))
		x.rounds = pair(bound, unbound, a, b);
	if (x.rounds >= BY_MEDIAN) {
		struct ratio r = paired_ratio(a, b, x.rounds);

		x.gain = r.median;
		x.low = r.interval.low;
		x.high = r.interval.high;
	} else if (x.rounds) {
		by_mean(&x, a, b);
	}
	free(a);
	free(b);
	if (isfinite(x.low) && isfinite(x.high))
		x.says = x.low > RECOMMEND_BAR        ? TRIAL_HELPS
			 : x.high < 1 / RECOMMEND_BAR ? TRIAL_HARMS
						      : TRIAL_NO_DIFFERENCE;
	return x;
}

const char *trial_way_name(enum bound way)
{
	static const char *const names[] = { [BOUND_NOT] = "unbound",
					     [BOUND_CPU] = "CPU only",
					     [BOUND_MEMORY] = "memory only",
					     [BOUND_BOTH] = "both" };

	return names[way];
}

const struct record *trial_record(const struct result *res, int gpu, enum bound way)
{
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (strcmp(r->test, TRIAL_TEST) == 0 && record_has(r, "binding") &&
		    r->binding == way && r->gpu == gpu)
			return r;
	}
	return NULL;
}

const struct record *trial_bound(const struct result *res, int gpu)
{
	const struct record *both = trial_record(res, gpu, BOUND_BOTH);

	return both && both->status != STATUS_SKIPPED ? both : trial_record(res, gpu, BOUND_CPU);
}

/* "+35 %"; a digit more where it is small. */
static char *change(double ratio, char *buf, size_t size)
{
	double share = 100 * (ratio - 1);

	snprintf(buf, size, "%+.*f %%", fabs(share) < 9.95, share);
	return buf;
}

char *trial_verdict(const struct trial_effect *x, char *buf, size_t size)
{
	char gain[32], low[32], high[32];

	change(x->low, low, sizeof low);
	change(x->high, high, sizeof high);
	if (x->says == TRIAL_UNKNOWN)
		snprintf(buf, size, "not known: fewer than three rounds");
	else if (x->says == TRIAL_NO_DIFFERENCE)
		snprintf(buf, size, "no difference (%s to %s)", low, high);
	else
		snprintf(buf, size, "%s, %s (%s to %s)", x->says == TRIAL_HELPS ? "yes" : "no",
			 change(x->gain, gain, sizeof gain), low, high);
	return buf;
}
