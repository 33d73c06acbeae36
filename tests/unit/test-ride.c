/* test-ride.c - threads that work on while they are moved: here from one CPU of this machine to
 * another, which a made-up topology has on another node. */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure/timeline.h"
#include "unit.h"

#define LAP_S 50e-6
enum { THREADS = 2 };

/* Two nodes, the first of which has all CPUs but `there`. */
static struct machine two_nodes(int there)
{
	struct machine m = { .live = true, .nnodes = 2 };
	cpu_set_t mask;

	m.nodes = calloc(2, sizeof *m.nodes);
	sched_getaffinity(0, sizeof mask, &mask);
	for (int c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET((size_t)c, &mask)) {
			idset_add(&m.allowed_cpus, c);
			idset_add(&m.nodes[c == there].cpus, c);
		}
	for (int i = 0; i < 2; i++) {
		m.nodes[i].id = i == 0 ? 3 : 7;
		m.nodes[i].allowed_cpus = m.nodes[i].cpus;
	}
	return m;
}

static double cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct work {
	double slower; /* laps that end on this CPU take so many times longer */
	int there;
	size_t numbers[THREADS]; /* of the laps, to be in turn */
	bool wrong_number;
};

static void lap(void *arg, size_t rank, size_t size, size_t number)
{
	struct work *k = arg;
	double until = cpu_time() + LAP_S * (sched_getcpu() == k->there ? k->slower : 1);

	(void)size;
	if (number != k->numbers[rank]++)
		k->wrong_number = true;
	while (cpu_time() < until)
		;
}

/* The first and the second CPU that this test may use. */
static bool two_cpus(int *a, int *b)
{
	cpu_set_t mask;

	*a = *b = -1;
	sched_getaffinity(0, sizeof mask, &mask);
	for (int c = 0; c < CPU_SETSIZE && *b < 0; c++)
		if (CPU_ISSET((size_t)c, &mask))
			*(*a < 0 ? a : b) = c;
	return *b >= 0;
}

static struct ride ride_of(struct team *team, struct work *k, const int *from, const int *to)
{
	static const double amounts[THREADS] = { 10, 10 };

	return (struct ride){
		.team = team,
		.threads = team_size(team),
		.lap = lap,
		.arg = k,
		.amount = amounts,
		.lap_s = LAP_S,
		.laps_least = 1,
		.from = from,
		.to = to,
		.mover = to[0],
		.warm_s = 0.002,
		.before_s = 0.02,
		.after_s = 0.03,
		.returned_s = 0.02,
		.window_s = 0.001,
	};
}

/* Again where neighbours had the CPUs for a whole phase. */
static int go(const struct ride *r, const struct machine *m, struct timeline *t,
	      struct ride_seen *seen, struct err *e)
{
	int rc = -EAGAIN;

	timeline_init(t);
	for (int i = 0; i < 30 && rc == -EAGAIN; i++) {
		timeline_release(t);
		timeline_init(t);
		memset(((struct work *)r->arg)->numbers, 0, sizeof(((struct work *)0)->numbers));
		rc = timeline_ride(r, m, t, seen, e);
	}
	return rc;
}

static void assert_grid(const struct timeline *t, const struct ride_seen *seen)
{
	double w = t->windows[0].seconds;
	size_t straddling = 0;

	assert_true(t->n >= 50 && t->n <= 400);
	assert_true(w > 0.00099);
	for (size_t i = 0; i < t->n; i++) {
		assert_true(fabs(t->windows[i].seconds - w) < 1e-9);
		if (i > 0)
			assert_true(fabs(t->windows[i].start - t->windows[i - 1].start - w) < 1e-9);
		straddling += t->windows[i].straddles;
	}
	/* Two moves; whose laps neighbours made longer. */
	assert_true(straddling >= 2 && straddling < t->n);
	if (seen->had > 0.995)
		assert_true(straddling <= t->n / 4);
}

/* Where threads were in each window, and how fast: the other CPU is made half as fast. */
static void assert_windows(const struct timeline *t, double threads)
{
	double v[RIDE_PHASES] = { 0 };
	size_t n[RIDE_PHASES] = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		const struct window *w = &t->windows[i];
		enum ride_phase p = w->start + w->seconds <= 0 ? RIDE_BEFORE
				    : w->start < t->returned   ? RIDE_AFTER
							       : RIDE_RETURNED;

		if (w->straddles || !isfinite(w->rate))
			continue;
		assert_true(w->has_node);
		assert_int_equal(w->cpu_node, p == RIDE_AFTER ? 7 : 3);
		v[p] += w->rate;
		n[p]++;
	}
	for (size_t p = 0; p < RIDE_PHASES; p++) {
		double expected = 10 / LAP_S * threads / (p == RIDE_AFTER ? 2 : 1);

		assert_true(n[p] > 0);
		/* A lap is a little longer than it is to be; hypervisors take their part. */
		assert_true(v[p] / (double)n[p] < 1.02 * expected);
		assert_true(v[p] / (double)n[p] > 0.75 * expected);
	}
}

static void assert_back(struct team *team, const int *from)
{
	team_ran_on(team);
	for (size_t n = 1; n <= team_size(team); n++) {
		struct work k = { .slower = 1, .there = -1 };
		struct idset ran;

		struct ride none = ride_of(team, &k, from, from);
		struct machine m = two_nodes(-1);
		struct ride_seen seen;
		struct timeline t;

		/* Who goes nowhere is seen nowhere else. */
		none.threads = n;
		assert_int_equal(go(&none, &m, &t, &seen, NULL), 0);
		ran = team_ran_on(team);
		for (size_t i = 0; i < n; i++)
			assert_true(idset_has(&ran, from[i]));
		assert_int_equal(seen.stray, -1);
		for (size_t p = 0; p < RIDE_PHASES; p++)
			assert_true(idset_has(&seen.cpus[p], from[0]));
		timeline_release(&t);
		machine_release(&m);
	}
}

static void test_there_and_back(void **state)
{
	int from, to, rc;
	struct err e = { "" };
	struct work k = { .slower = 2 };
	struct ride_seen seen;
	struct timeline t;
	struct team *team;

	(void)state;
	if (!two_cpus(&from, &to))
		skip();
	struct machine m = two_nodes(to);
	k.there = to;
	assert_int_equal(team_start(&team, &from, 1, &e), 0);
	struct ride r = ride_of(team, &k, &from, &to);

	rc = go(&r, &m, &t, &seen, &e);
	if (rc == -EAGAIN)
		skip(); /* a neighbour will not let us */
	if (rc < 0)
		fail_msg("%s", e.text);
	assert_grid(&t, &seen);
	assert_windows(&t, 1);
	assert_false(k.wrong_number);
	assert_true(t.call > 0 && t.call < 1 && fabs(t.call - seen.call_s) < 1e-9);
	assert_true(t.returned >= r.after_s);
	assert_true(seen.zero > 0 && seen.had > 0 && seen.had <= 1);
	assert_int_equal(seen.stray, -1);
	for (size_t p = 0; p < RIDE_PHASES; p++) {
		assert_int_equal(idset_count(&seen.cpus[p]), 1);
		assert_true(idset_has(&seen.cpus[p], p == RIDE_AFTER ? to : from));
	}
	assert_back(team, &from);
	timeline_release(&t);
	team_stop(team);
	machine_release(&m);
}

/* Two threads change places; a latency is seconds for each of what they did together. */
static void test_two_threads(void **state)
{
	struct err e = { "" };
	struct work k = { .slower = 1, .there = -1 };
	struct ride_seen seen;
	struct timeline t;
	struct team *team;
	int from[2], to[2], rc;

	(void)state;
	if (!two_cpus(&from[0], &from[1]))
		skip();
	to[0] = from[1];
	to[1] = from[0];
	struct machine m = two_nodes(from[1]);
	assert_int_equal(team_start(&team, from, 2, &e), 0);
	struct ride r = ride_of(team, &k, from, to);

	r.per_amount = true;
	r.before_s = r.returned_s = 0.04; /* both have to be on their CPUs */
	r.after_s = 0.06;
	rc = go(&r, &m, &t, &seen, &e);
	if (rc == -EAGAIN)
		skip(); /* a neighbour will not let us */
	if (rc < 0)
		fail_msg("%s", e.text);
	assert_grid(&t, &seen);
	for (size_t i = 0; i < t.n; i++) {
		const struct window *w = &t.windows[i];

		if (w->straddles || !isfinite(w->rate))
			continue;
		assert_false(w->has_node && seen.had > 0.9); /* on both of them */
		assert_true(w->rate > 0.98 * LAP_S / 20 && w->rate < 2 * LAP_S / 20);
	}
	assert_int_equal(seen.stray, -1);
	assert_back(team, from);
	timeline_release(&t);
	team_stop(team);
	machine_release(&m);
}

/* A CPU that cannot be had: said, and the thread is where it was. */
static void test_nowhere(void **state)
{
	const int nowhere = IDSET_MAX - 1;
	struct work k = { .slower = 1, .there = -1 };
	struct err e = { "" };
	struct ride_seen seen;
	struct timeline t;
	struct team *team;
	int from, other;

	(void)state;
	two_cpus(&from, &other);
	struct machine m = two_nodes(-1);
	assert_int_equal(team_start(&team, &from, 1, &e), 0);
	struct ride r = ride_of(team, &k, &from, &nowhere);

	r.mover = from;
	timeline_init(&t);
	assert_int_equal(timeline_ride(&r, &m, &t, &seen, &e), -EINVAL);
	assert_non_null(strstr(e.text, "cannot be moved to CPU"));
	assert_int_equal(t.n, 0);
	r.mover = nowhere;
	assert_int_equal(timeline_ride(&r, &m, &t, &seen, &e), -EINVAL);
	assert_back(team, &from);
	timeline_release(&t);
	team_stop(team);
	machine_release(&m);
}

/* Nodes of two cores with two threads each: 0-3 and 4-7. */
static struct machine eight_cpus(void)
{
	struct machine m = { .nnodes = 2 };

	m.nodes = calloc(2, sizeof *m.nodes);
	for (int i = 0; i < 2; i++) {
		struct node *n = &m.nodes[i];

		n->ncores = 2;
		n->cores = calloc(2, sizeof *n->cores);
		for (int c = 0; c < 4; c++) {
			idset_add(&n->cores[c / 2].cpus, 4 * i + c);
			idset_add(&m.allowed_cpus, 4 * i + c);
		}
	}
	return m;
}

static void test_mover(void **state)
{
	static const struct {
		size_t n;
		int from[2], to[2], mover;
	} rows[] = {
		{ 1, { 0 }, { 4 }, 2 },       /* a core of its own */
		{ 1, { 2 }, { 0 }, 4 },       /* on the other node: neither of theirs */
		{ 2, { 0, 2 }, { 4, 6 }, 1 }, /* all cores are used: a sibling */
	};
	struct machine m = eight_cpus();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(timeline_mover(&m, rows[i].from, rows[i].to, rows[i].n),
				 rows[i].mover);
	m.allowed_cpus = (struct idset){ { 0 } };
	for (int c = 0; c < 8; c += 4)
		idset_add(&m.allowed_cpus, c);
	assert_int_equal(timeline_mover(&m, &(int){ 0 }, &(int){ 4 }, 1), 4); /* no other */
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_mover),
	};

	return cmocka_run_group_tests_name("ride", tests, NULL, NULL);
}
