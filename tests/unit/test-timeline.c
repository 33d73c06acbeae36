/* test-timeline.c - levels and transients of time lines that are known because they were made. */
#include <errno.h>
#include <string.h>

#include "moved_process.h"

/* Local 100 GB/s, 0.61 of it from afar, caches cold for 20 ms, windows of 10 ms. */
static const struct moved_process usual = {
	.local = 100e9,
	.penalty = 1 / 0.61,
	.refill = 0.02,
	.cold = 0.5,
	.pages_from = NAN,
	.before = 0.3,
	.after = 1,
	.window = 0.01,
	.seed = 1,
};

static void near_to(double got, double wanted, double within, const char *what)
{
	if (!(fabs(got - wanted) <= within))
		fail_msg("%s: %g, not %g (within %g)", what, got, wanted, within);
}

static struct settling settle(struct moved_process m)
{
	struct settling s;
	struct timeline t;

	moved_watch(m, &t);
	timeline_settle(&t, m.better, &s);
	timeline_release(&t);
	return s;
}

/* What the model says: when it is within the bar, and what was lost to cold caches. */
static void test_levels(void **state)
{
	struct settling s = settle(usual);
	double until = 0.02 * log(0.5 / SETTLING_BAR);

	(void)state;
	near_to(s.before, 100e9, 1e6, "before");
	near_to(s.settled, 61e9, 0.1e9, "settled");
	assert_true(s.settles);
	near_to(s.transient, until, 0.01, "transient");
	near_to(s.refill, 0.5 * 0.02 * (1 - SETTLING_BAR / 0.5), 1e-3, "refill");
	near_to(s.first / s.settled, 1 - 0.5 * exp(-0.75), 0.01, "first");
	near_to(s.resolution, 0.01, 1e-9, "resolution");
}

/* A latency is as good: its windows are seconds, and it is the loads that were lost. */
static void test_latency(void **state)
{
	struct moved_process m = usual;
	struct settling s;

	(void)state;
	m.better = BETTER_LOWER;
	m.local = 1 / 100e-9;
	m.penalty = 1.8;
	s = settle(m);
	near_to(s.before, 100e-9, 1e-12, "before");
	near_to(s.settled, 180e-9, 0.5e-9, "settled");
	near_to(s.refill, 0.5 * 0.02 * (1 - SETTLING_BAR / 0.5), 1.5e-3, "refill");
	assert_true(s.first > s.settled);
}

/* Twenty draws of noise: levels and transient hold in every one. */
static void test_noise(void **state)
{
	static const double noises[] = { 0.01, 0.03, 0.1 };

	(void)state;
	for (size_t k = 0; k < sizeof noises / sizeof *noises; k++)
		for (uint64_t seed = 1; seed <= 20; seed++) {
			struct moved_process m = usual;
			struct settling s;

			m.noise = noises[k];
			m.seed = seed;
			s = settle(m);
			assert_true(s.settles);
			near_to(s.settled / s.before, 0.61, 0.5 * noises[k] + 2e-3, "ratio");
			/* What is hidden by the noise is no transient. */
			near_to(s.transient, noises[k] > 0.05 ? 0.03 : 0.05, 0.035, "transient");
			near_to(s.refill, 0.0095, 0.0015 + 0.05 * noises[k], "refill");
		}
}

/* Nothing but noise: no transient, and all that was lost is noise. */
static void test_no_transient(void **state)
{
	struct moved_process m = usual;

	(void)state;
	m.refill = 0;
	m.penalty = 1;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settling s;

		m.noise = seed % 2 ? 0.002 : 0.05;
		m.seed = seed;
		s = settle(m);
		assert_true(s.settles);
		near_to(s.transient, 0, 0, "transient");
		near_to(s.refill, 0, 0, "refill");
		near_to(s.settled / s.before, 1, 0.7 * m.noise, "ratio");
	}
}

/* A slope that goes on to the end, and a step near it, are no level. */
static void test_never_settles(void **state)
{
	struct moved_process m = usual;

	(void)state;
	for (int k = 0; k < 4; k++) {
		struct settling s;

		m = usual;
		m.noise = 0.003;
		if (k < 2)
			m.drift = k ? -0.3 : 0.3; /* up and down */
		else if (k == 2)
			m.refill = 2; /* caches that are cold for twice as long as anybody looks */
		else
			m.pages_from = 0.9, m.pages_take = 0.05; /* the pages come at the end */
		s = settle(m);
		if (s.settles)
			fail_msg("%d: settled at %g after %g s", k, s.settled, s.transient);
		assert_true(isnan(s.settled) && isnan(s.transient) && isnan(s.refill));
		near_to(s.before, 100e9, 20e9, "before is known all the same");
	}
}

/* A slow drift that a machine has anyway is no reason to refuse. */
static void test_small_drift(void **state)
{
	struct moved_process m = usual;
	struct settling s;

	(void)state;
	m.drift = 0.02;
	m.noise = 0.005;
	s = settle(m);
	assert_true(s.settles);
	near_to(s.settled / s.before, 0.61, 0.01, "ratio");
}

/* One window that something else disturbed, wherever it is, changes nothing. */
static void test_spike(void **state)
{
	struct settling plain = settle(usual);

	(void)state;
	for (size_t at = 38; at < 130; at += 7)
		for (int k = 0; k < 2; k++) {
			struct settling s;
			struct timeline t;

			moved_watch(usual, &t);
			t.windows[at].rate *= k ? 0.2 : 3;
			timeline_settle(&t, BETTER_HIGHER, &s);
			timeline_release(&t);
			assert_true(s.settles);
			near_to(s.settled, plain.settled, 1e-3 * plain.settled, "settled");
			near_to(s.transient, plain.transient, 1e-9, "transient");
			near_to(s.refill, plain.refill, 1e-4, "refill");
		}
	/* One in the transient that looks settled does not end it. */
	for (size_t at = 31; at < 33; at++) {
		struct settling s;
		struct timeline t;

		moved_watch(usual, &t);
		t.windows[at].rate = plain.settled;
		timeline_settle(&t, BETTER_HIGHER, &s);
		timeline_release(&t);
		near_to(s.transient, plain.transient, 1e-9, "transient");
	}
}

/* The move in the middle of a window: it is marked, it is in no level, and what was lost in it is
 * counted with the rest. */
static void test_straddling(void **state)
{
	struct moved_process m = usual;
	struct settling s;
	struct timeline t;
	size_t marked = 0;

	(void)state;
	m.offset = 0.006;
	moved_watch(m, &t);
	for (size_t i = 0; i < t.n; i++)
		if (t.windows[i].straddles) {
			marked++;
			near_to(t.windows[i].start, -0.004, 1e-9, "its start");
		}
	assert_int_equal(marked, 1);
	timeline_settle(&t, BETTER_HIGHER, &s);
	near_to(s.before, 100e9, 1e6, "before");
	near_to(s.settled, 61e9, 0.1e9, "settled");
	near_to(s.refill, 0.0095, 1e-3, "refill");
	near_to(s.resolution, 0.016, 1e-9, "resolution");
	timeline_release(&t);
}

/* The way back: its windows are not those of the new place. */
static void test_returned(void **state)
{
	struct settling s;
	struct timeline t;

	(void)state;
	moved_watch(usual, &t);
	assert_true(isnan(timeline_returned(&t)));
	t.returned = 0.605;
	for (size_t i = 0; i < t.n; i++)
		if (t.windows[i].start > 0.605)
			t.windows[i].rate = 99e9;
	timeline_mark(&t);
	timeline_settle(&t, BETTER_HIGHER, &s);
	near_to(s.settled, 61e9, 0.1e9, "settled");
	near_to(timeline_returned(&t), 99e9, 1, "returned");
	timeline_release(&t);
}

static void test_too_few(void **state)
{
	(void)state;
	for (size_t n = 0; n < SETTLING_WINDOWS; n++) {
		struct settling s;
		struct timeline t;

		timeline_init(&t);
		for (size_t i = 0; i < n; i++)
			assert_non_null(timeline_add(&t, (double)i, 1, 5));
		timeline_settle(&t, BETTER_HIGHER, &s);
		assert_false(s.settles);
		assert_true(isnan(s.before) && isnan(s.settled));
		assert_true(n ? s.first == 5 : isnan(s.first));
		timeline_release(&t);
	}
}

/* ---- pages that follow ---- */

static void test_share(void **state)
{
	struct moved_process m = usual;
	struct timeline t;

	(void)state;
	m.pages_from = 0.1;
	m.pages_take = 0.5;
	moved_watch(m, &t);
	near_to(timeline_share_at(&t, 0.5), 0.35, 1e-6, "half");
	near_to(timeline_share_at(&t, 0.99), 0.595, 1e-6, "99 %");
	/* Pages that went away again were not there to stay. */
	t.windows[100].share = 0.7;
	near_to(timeline_share_at(&t, 0.5), 0.35, 1e-6, "half");
	assert_true(timeline_share_at(&t, 0.99) > 0.7);
	t.windows[t.n - 1].share = 0.98;
	assert_true(isnan(timeline_share_at(&t, 0.99)));
	timeline_release(&t);
	moved_watch(usual, &t); /* nobody looked */
	assert_true(isnan(timeline_share_at(&t, 0.5)));
	timeline_release(&t);
}

/* ---- in a record ---- */

static void test_store(void **state)
{
	struct moved_process m = usual;
	struct timeline t, back;
	struct record r, again;
	struct err e = { 0 };
	json_t *o;

	(void)state;
	record_init(&r);
	record_init(&again);
	assert_int_equal(timeline_load(&back, &r, &e), -ENOENT);
	m.offset = 0.006;
	m.pages_from = 0.1;
	m.pages_take = 0.5;
	moved_watch(m, &t);
	t.windows[3].rate = NAN;
	t.windows[4].has_node = false;
	t.windows[5].share = NAN;
	assert_int_equal(timeline_store(&r, &t), 0);
	o = record_to_json(&r);
	assert_int_equal(record_from_json(&again, o, &e), 0);
	assert_int_equal(timeline_load(&back, &again, &e), 0);
	assert_int_equal(back.n, t.n);
	assert_true(back.call == t.call && isnan(back.returned));
	for (size_t i = 0; i < t.n; i++) {
		const struct window *a = &t.windows[i], *b = &back.windows[i];

		assert_true(a->start == b->start && a->seconds == b->seconds);
		assert_true(i == 3 ? isnan(b->rate) : a->rate == b->rate);
		assert_true(i == 5 ? isnan(b->share) : a->share == b->share);
		assert_true(a->straddles == b->straddles && a->has_node == b->has_node);
		assert_true(!a->has_node || a->cpu_node == b->cpu_node);
	}
	json_decref(o);
	timeline_release(&t);
	timeline_release(&back);
	record_release(&r);
	record_release(&again);
}

static void test_refused(void **state)
{
	static const struct {
		const char *json, *says;
	} wrong[] = {
		{ "{}", "timeline.windows: a list" },
		{ "{\"call\": \"x\", \"windows\": []}", "timeline.call: a number" },
		{ "{\"windows\": [3]}", "timeline.windows[0]: an object" },
		{ "{\"windows\": [{\"seconds\": 1, \"rate\": 1}]}", "[0].start: a number" },
		{ "{\"windows\": [{\"start\": null, \"seconds\": 1, \"rate\": 1}]}",
		  "[0].start: a number" },
		{ "{\"windows\": [{\"start\": 0, \"seconds\": 0, \"rate\": 1}]}", "not above 0" },
		{ "{\"windows\": [{\"start\": 0, \"seconds\": 1, \"rate\": 1}, {\"start\": -1, "
		  "\"seconds\": 1, \"rate\": 1}]}",
		  "[1].start: before" },
		{ "{\"windows\": [{\"start\": 0, \"seconds\": 1, \"rate\": 1, \"cpu_node\": -1}]}",
		  "[0].cpu_node" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct record r;
		struct timeline t;
		struct err e = { 0 };

		record_init(&r);
		r.more = json_pack("{s:o}", "timeline", json_loads(wrong[i].json, 0, NULL));
		assert_int_equal(timeline_load(&t, &r, &e), -EINVAL);
		if (!strstr(e.text, wrong[i].says))
			fail_msg("%s: %s", wrong[i].json, e.text);
		assert_true(t.n == 0 && !t.windows);
		record_release(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),        cmocka_unit_test(test_latency),
		cmocka_unit_test(test_noise),         cmocka_unit_test(test_no_transient),
		cmocka_unit_test(test_never_settles), cmocka_unit_test(test_small_drift),
		cmocka_unit_test(test_spike),         cmocka_unit_test(test_straddling),
		cmocka_unit_test(test_returned),      cmocka_unit_test(test_too_few),
		cmocka_unit_test(test_share),         cmocka_unit_test(test_store),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
