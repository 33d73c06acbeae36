/* moved_process.h - a model of a process that is moved to a node far from its pages.
 *
 * It stands in for what no emulator has: memory that is slower from afar. A process works at rate
 * `local`; at 0 its threads are moved, their caches are cold, and it comes to local / penalty as
 * exp(-t / refill); its pages follow from `pages_from` on within `pages_take` seconds, and the rate
 * comes back in proportion to those that have, as time for each page adds up. Windows are averages
 * over the work done in them, with noise of `noise` (uniform, so many parts of the level), and a
 * drift of `drift` of the level from the first window to the last.
 */
#ifndef NB_TESTS_MOVED_PROCESS_H
#define NB_TESTS_MOVED_PROCESS_H

#include <math.h>
#include <stdint.h>

#include "unit.h"

#include "result/timeline.h"
#include "util/random.h"

struct moved_process {
	double local,
		penalty; /* rate before; by how much a remote byte takes longer, 1: no longer */
	double refill;   /* seconds: time constant of the cold caches, 0: none */
	double cold;     /* share of the rate that is missing at once */
	double pages_from, pages_take; /* NaN: they stay */
	double before, after;          /* seconds watched */
	double window;                 /* seconds each */
	double offset;                 /* of the windows' borders: then one straddles the move */
	double noise, drift;
	uint64_t seed;
	enum better better; /* lower: the windows tell seconds a load */
};

static inline double moved_random(uint64_t *state)
{
	return (double)(random_next(state) >> 11) / 9007199254740992.0; /* 0 .. 1 */
}

/* Share of the pages on the new node. */
static inline double moved_share(const struct moved_process *m, double at)
{
	if (!isfinite(m->pages_from) || at <= m->pages_from)
		return 0;
	return at >= m->pages_from + m->pages_take ? 1 : (at - m->pages_from) / m->pages_take;
}

static inline double moved_rate(const struct moved_process *m, double at)
{
	double share = moved_share(m, at), far = m->local / m->penalty, rate;

	if (at < 0)
		return m->local;
	rate = 1 / (share / m->local + (1 - share) / far);
	return m->refill > 0 ? rate * (1 - m->cold * exp(-at / m->refill)) : rate;
}

static inline void moved_watch(struct moved_process m, struct timeline *t)
{
	enum { STEPS = 200 };
	double whole = m.before + m.after;

	timeline_init(t);
	t->call = 1e-5;
	for (long k = -lround(m.before / m.window); k < lround(m.after / m.window); k++) {
		double at = (double)k * m.window + m.offset, work = 0, rate;
		struct window *w;

		for (int i = 0; i < STEPS; i++)
			work += moved_rate(&m, at + m.window * (i + 0.5) / STEPS);
		rate = work / STEPS * (1 + m.noise * (2 * moved_random(&m.seed) - 1)) *
		       (1 + m.drift * (at + m.before) / whole);
		w = timeline_add(t, at, m.window, m.better == BETTER_HIGHER ? rate : 1 / rate);
		assert_non_null(w);
		w->has_node = true;
		w->cpu_node = at + m.window > 0;
		if (isfinite(m.pages_from))
			w->share = moved_share(&m, at + m.window);
	}
	timeline_mark(t);
}

#endif
