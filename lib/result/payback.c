#include "result/payback.h"

#include <math.h>
#include <stdlib.h>

#include "result/statistics.h"

/* What is faster by no more than this is as fast. */
static bool is_faster(double a, double b)
{
	return a > b * (1 + SETTLING_BAR);
}

struct payback payback_of(const struct payback_model *m)
{
	struct payback p = { NAN, NAN };
	bool sound = m->local > 0 && m->remote > 0 && isfinite(m->local) && m->cost >= 0 &&
		     isfinite(m->cost) && m->meanwhile >= 0 && m->meanwhile <= 1;

	if (!sound || !is_faster(m->local, m->remote))
		return p;
	p.seconds = m->cost * (m->local - m->meanwhile * m->remote) / (m->local - m->remote);
	p.work = m->remote * p.seconds;
	return p;
}

/* ---- a move that was watched ---- */

static double work_rate(double rate, enum better better)
{
	return better == BETTER_HIGHER ? rate : 1 / rate;
}

static bool counts(const struct timeline *t, const struct window *w)
{
	double end = w->start + w->seconds;

	return isfinite(w->rate) && w->rate > 0 && end > 0 &&
	       !(isfinite(t->returned) && end > t->returned);
}

/* The level at the end: the last quarter of the windows that count. */
static double last_level(const struct timeline *t, enum better better)
{
	double *v = calloc(t->n + 1, sizeof *v), level = NAN;
	size_t n = 0;

	for (size_t i = 0; v && i < t->n; i++)
		if (counts(t, &t->windows[i]))
			v[n++] = work_rate(t->windows[i].rate, better);
	if (n)
		level = median_of(v + n - (n + 3) / 4, (n + 3) / 4);
	free(v);
	return level;
}

struct payback payback_watched(const struct timeline *t, enum better better, double remote)
{
	struct payback p = { NAN, NAN };
	double gain = 0, base = remote > 0 ? work_rate(remote, better) : NAN;

	if (!isfinite(base) || !is_faster(last_level(t, better), base))
		return p;
	for (size_t i = 0; i < t->n; i++) {
		const struct window *w = &t->windows[i];
		double start = fmax(0, w->start), after = w->start + w->seconds - start, more;

		if (!counts(t, w))
			continue;
		more = (work_rate(w->rate, better) - base) * after;
		if (isnan(p.seconds) && gain >= 0 && more >= 0)
			p.seconds = start; /* nothing was lost up to here */
		else if (gain < 0 && gain + more >= 0)
			p.seconds = start + after * -gain / more;
		else if (gain + more < 0)
			p.seconds = NAN;
		gain += more;
	}
	p.work = base * p.seconds;
	return p;
}
