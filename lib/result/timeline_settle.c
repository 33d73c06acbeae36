/* timeline_settle.c - the levels in a time line. See timeline.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "result/statistics.h"
#include "result/timeline.h"

enum {
	RUN = 5,     /* windows whose median must have settled too */
	FIRST = 3,   /* windows that are "right after" */
	QUARTER = 4, /* the settled level's least windows */
};

/* The two halves of the last quarter agree if they differ by less, as a share of the level: a
 * steady drift of an eighth all along is found. */
#define FLAT (SETTLING_BAR / 2)

/* Standard deviation of a median of n values over that of one, for the flattest noise there is
 * between two bounds (uniform: bound / sqrt(n), bound / sqrt(3)); of a normal one it is 1.25. */
static double sd_of_median(size_t n)
{
	return 1.7321 / sqrt((double)n);
}

static double end_of(const struct window *w)
{
	return w->start + w->seconds;
}

/* The rates of whole windows from `from` on until `to`, at most; the indices of their windows in
 * at[] where it is not NULL. */
static size_t levels(const struct timeline *t, double from, double to, double *v, size_t *at)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct window *w = &t->windows[i];

		if (w->straddles || !isfinite(w->rate) || w->start < from || end_of(w) > to)
			continue;
		if (at)
			at[n] = i;
		v[n++] = w->rate;
	}
	return n;
}

/* The standard deviation of the noise around whatever v does slowly: of differences of neighbours
 * by their median, over the square root of 2. */
static double noise_of(const double *v, size_t n)
{
	double *d = calloc(n + 1, sizeof *d), sd;

	if (!d || n < 2) {
		free(d);
		return 0;
	}
	for (size_t i = 1; i < n; i++)
		d[i - 1] = fabs(v[i] - v[i - 1]);
	sd = 1.4826 * median_of(d, n - 1) / sqrt(2);
	free(d);
	return sd;
}

/* Whether the last of v is a level, and which. */
static bool level_at_end(const double *v, size_t n, double noise, double *level)
{
	size_t quarter = n / 4 > QUARTER ? n / 4 : QUARTER, half = quarter / 2;
	double early, late;

	if (n < SETTLING_WINDOWS)
		return false;
	early = median_of(v + n - quarter, half);
	late = median_of(v + n - half, half);
	*level = median_of(v + n - quarter, quarter);
	return *level > 0 &&
	       fabs(early - late) <= fmax(FLAT * *level, 3 * noise * sd_of_median(half) * sqrt(2));
}

/* The first of v that has settled at `level`, with those after it. */
static size_t first_settled(const double *v, size_t n, double level, double noise)
{
	double most = fmax(SETTLING_BAR * level, 3 * noise);
	size_t i = 0;

	for (; i < n; i++) {
		size_t run = n - i < RUN ? n - i : RUN;

		if (fabs(v[i] - level) <= most && fabs(median_of(v + i, run) - level) <= most)
			break;
	}
	return i;
}

/* Work in a second: of a latency, loads. */
static double speed(double rate, enum better better)
{
	return better == BETTER_HIGHER ? rate : rate > 0 ? 1 / rate : 0;
}

/* Seconds that the windows from the move until `until` fell short of what the settled level would
 * have done in them. */
static double refill_until(const struct timeline *t, double until, enum better better,
			   double before, double settled)
{
	double lost = 0, v = speed(settled, better);

	for (size_t i = 0; i < t->n; i++) {
		const struct window *w = &t->windows[i];
		double after = fmin(end_of(w), w->seconds), work;

		if (end_of(w) <= 0 || w->start >= until || !isfinite(w->rate))
			continue;
		work = speed(w->rate, better) * w->seconds;
		if (w->start < 0) {
			if (!isfinite(before))
				continue;
			work += speed(before, better) * w->start;
		}
		lost += after - work / v;
	}
	return lost;
}

void timeline_settle(const struct timeline *t, enum better better, struct settling *s)
{
	double *v = calloc(t->n + 1, sizeof *v),
	       until = isfinite(t->returned) ? t->returned : INFINITY;
	size_t *at = calloc(t->n + 1, sizeof *at), n, k;
	double noise;

	*s = (struct settling){ NAN, NAN, false, NAN, NAN, NAN, NAN };
	if (!v || !at)
		goto out;
	n = levels(t, -INFINITY, 0, v, NULL);
	s->before = median_of(v, n);
	n = levels(t, 0, until, v, at);
	s->first = median_of(v, n < FIRST ? n : FIRST);
	noise = noise_of(v + n / 2, n - n / 2);
	s->settles = level_at_end(v, n, noise, &s->settled);
	k = s->settles ? first_settled(v, n, s->settled, noise) : n;
	if (k == n) { /* or no window is at the level of their median */
		s->settles = false;
		s->settled = NAN;
		goto out;
	}
	s->settled = median_of(v + k, n - k);
	s->transient = k ? t->windows[at[k]].start : 0;
	s->resolution = end_of(&t->windows[at[0]]);
	s->refill = refill_until(t, t->windows[at[k]].start, better, s->before, s->settled);
out:
	free(v);
	free(at);
}

double timeline_returned(const struct timeline *t)
{
	double *v = calloc(t->n + 1, sizeof *v), level = NAN;
	size_t n;

	if (v && isfinite(t->returned)) {
		n = levels(t, t->returned, INFINITY, v, NULL);
		level = median_of(v + n / 2, n - n / 2);
	}
	free(v);
	return level;
}

double timeline_share_at(const struct timeline *t, double share)
{
	const struct window *below = NULL, *then = NULL;

	for (size_t i = 0; i < t->n; i++) {
		const struct window *w = &t->windows[i];

		if (!isfinite(w->share))
			continue;
		if (w->share < share) {
			below = w;
			then = NULL;
		} else if (!then) {
			then = w;
		}
	}
	if (!then)
		return NAN;
	if (!below)
		return fmax(0, end_of(then));
	return fmax(0, end_of(below) + (share - below->share) / (then->share - below->share) *
					       (end_of(then) - end_of(below)));
}
