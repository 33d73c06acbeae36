/* test-payback.c - when a move pays: the formula against a count of the work done, moves that were
 * watched against the model, and what records make of it. */
#include <string.h>

#include "moved_process.h"

#include "result/payback.h"

static void near_to(double got, double wanted, double within, const char *what)
{
	if (!(fabs(got - wanted) <= within))
		fail_msg("%s: %g, not %g (within %g)", what, got, wanted, within);
}

/* Work until `at`, in small steps: nothing is assumed of the formula. */
static double work_until(const struct payback_model *m, double at, bool moved)
{
	enum { STEPS = 100000 };
	double work = 0, step = at / STEPS;

	for (int i = 0; i < STEPS; i++) {
		double now = (i + 0.5) * step;

		work += step * (!moved          ? m->remote
				: now < m->cost ? m->meanwhile * m->remote
						: m->local);
	}
	return work;
}

static void test_formula(void **state)
{
	static const struct payback_model m[] = {
		{ 100e9, 61e9, 1.1, 0 },
		{ 100e9, 61e9, 1.1, 1 },
		{ 60e9, 20e9, 14, 0.5 },
		{ 1 / 80e-9, 1 / 139e-9, 0.2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof m / sizeof *m; i++) {
		struct payback p = payback_of(&m[i]);

		assert_true(p.seconds > m[i].cost * (1 - 1e-9));
		near_to(work_until(&m[i], p.seconds, true) / p.work, 1, 1e-3, "work when moved");
		near_to(work_until(&m[i], p.seconds, false) / p.work, 1, 1e-9, "work when not");
	}
	near_to(payback_of(&m[0]).seconds, 1.1 / 0.39, 1e-9, "standing still meanwhile");
	near_to(payback_of(&m[1]).seconds, 1.1, 1e-9, "going on meanwhile");
}

static void test_never(void **state)
{
	static const struct payback_model m[] = {
		{ 61e9, 100e9, 1, 0 },   { 100e9, 100e9, 1, 0 }, { 102e9, 100e9, 1, 0 },
		{ 100e9, 0, 1, 0 },      { NAN, 61e9, 1, 0 },    { 100e9, NAN, 1, 0 },
		{ 100e9, 61e9, NAN, 0 }, { 100e9, 61e9, -1, 0 }, { INFINITY, 61e9, 1, 0 },
		{ 100e9, 61e9, 1, 1.5 },
	};
	const struct payback_model nothing = { 100e9, 61e9, 0, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof m / sizeof *m; i++) {
		assert_true(isnan(payback_of(&m[i]).seconds));
		assert_true(isnan(payback_of(&m[i]).work));
	}
	near_to(payback_of(&nothing).seconds, 0, 0, "nothing to move");
}

/* ---- watched ---- */

/* Pages follow from 0.2 s on within a second; while they are moved the process gets less than from
 * afar: `tax` of it is gone. */
static void watch(struct timeline *t, double tax, double noise, enum better better)
{
	const struct moved_process m = { .local = better == BETTER_HIGHER ? 100e9 : 1 / 80e-9,
					 .penalty = 2,
					 .pages_from = 0.2,
					 .pages_take = 1,
					 .before = 0.3,
					 .after = 5,
					 .window = 0.02,
					 .noise = noise,
					 .seed = 3,
					 .better = better };

	moved_watch(m, t);
	for (size_t i = 0; i < t->n; i++) {
		struct window *w = &t->windows[i];

		if (w->start >= 0.2 - 1e-9 && w->start < 1.2 - 1e-9)
			w->rate *= better == BETTER_HIGHER ? 1 - tax : 1 / (1 - tax);
	}
}

/* When the same windows, counted here, have made it up. */
static double made_up(const struct timeline *t, enum better better, double remote)
{
	double gain = 0, at = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct window *w = &t->windows[i];

		if (w->start < -1e-9)
			continue;
		gain += w->seconds *
			(better == BETTER_HIGHER ? w->rate - remote : 1 / w->rate - 1 / remote);
		if (gain < 0)
			at = w->start + w->seconds;
	}
	return at;
}

static void test_watched(void **state)
{
	(void)state;
	for (int k = 0; k < 4; k++) {
		enum better better = k % 2 ? BETTER_LOWER : BETTER_HIGHER;
		double remote = better == BETTER_HIGHER ? 50e9 : 160e-9;
		struct timeline t;
		struct payback p;

		watch(&t, 0.6, k < 2 ? 0 : 0.02, better);
		p = payback_watched(&t, better, remote);
		assert_true(p.seconds > 0.5);
		near_to(p.seconds, made_up(&t, better, remote), 0.021, "made up");
		near_to(p.work, p.seconds * (better == BETTER_HIGHER ? remote : 1 / remote), 1,
			"work");
		timeline_release(&t);
	}
}

static void test_watched_never(void **state)
{
	struct timeline t;

	(void)state;
	watch(&t, 0.6, 0, BETTER_HIGHER);
	/* As fast from afar; and windows that end before the loss is made up. */
	assert_true(isnan(payback_watched(&t, BETTER_HIGHER, 100e9).seconds));
	assert_true(isnan(payback_watched(&t, BETTER_HIGHER, NAN).seconds));
	t.n = 15 + 60 + 3;
	assert_true(isnan(payback_watched(&t, BETTER_HIGHER, 50e9).seconds));
	/* The way back is no longer the move's doing. */
	timeline_release(&t);
	watch(&t, 0.6, 0, BETTER_HIGHER);
	t.returned = 1.25;
	assert_true(isnan(payback_watched(&t, BETTER_HIGHER, 50e9).seconds));
	timeline_release(&t);
	/* Nothing lost: it pays as soon as it begins. */
	watch(&t, 0, 0, BETTER_HIGHER);
	assert_true(payback_watched(&t, BETTER_HIGHER, 50e9).seconds < 0.23);
	timeline_release(&t);
	timeline_init(&t);
	assert_true(isnan(payback_watched(&t, BETTER_HIGHER, 50e9).seconds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formula),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_watched),
		cmocka_unit_test(test_watched_never),
	};

	return cmocka_run_group_tests_name("payback", tests, NULL, NULL);
}
