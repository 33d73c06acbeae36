/* A line passed between two cores takes a plausible time; the fingerprint's pairs cover caches and
 * nodes, and a change of regime is seen. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/fingerprint.h"
#include "kernels/pingpong.h"
#include "measure/clock.h"
#include "place/threads.h"

/* Light passes a few centimetres in this time; and no machine is as slow as that. */
#define SHORTEST 2.5e-9
#define LONGEST  20e-6

/* The first CPUs that may be used, n of them: false where there are fewer. */
static bool first_cpus(int *cpus, size_t n)
{
	struct idset allowed;
	int cpu = -1;

	assert_int_equal(thread_cpus(&allowed, NULL), 0);
	for (size_t i = 0; i < n; i++)
		cpus[i] = cpu = idset_next(&allowed, cpu);
	return cpu >= 0;
}

static void test_two(void **state)
{
	struct instant began = clock_now();
	double seconds = 0, back = 0;
	struct err e = { "" };
	int cpus[2], rc;

	(void)state;
	if (!first_cpus(cpus, 2))
		skip();
	rc = pingpong(cpus[0], cpus[1], &seconds, &e);
	if (rc == 0)
		rc = pingpong(cpus[1], cpus[0], &back, &e);
	assert_true(clock_span(began, clock_now()) < 1);
	if (rc == -EAGAIN) /* a machine that others keep busy */
		skip();
	assert_int_equal(rc, 0);
	assert_true(seconds > SHORTEST && seconds < LONGEST);
	assert_true(back > SHORTEST && back < LONGEST);
}

struct hog {
	atomic_bool stop;
	int cpu;
};

static void *spin(void *arg)
{
	struct hog *h = arg;
	struct idset own = { { 0 } };

	idset_add(&own, h->cpu);
	thread_bind(&own, NULL);
	while (!atomic_load(&h->stop))
		;
	return NULL;
}

/* On a CPU that somebody else keeps busy it ends in time, with a time or with the reason. */
static void test_shared(void **state)
{
	struct instant began = clock_now();
	struct hog hog = { .stop = false };
	struct err e = { "" };
	double seconds = 0;
	pthread_t thread;
	int cpus[2], rc;

	(void)state;
	if (!first_cpus(cpus, 2))
		skip();
	hog.cpu = cpus[1];
	assert_int_equal(pthread_create(&thread, NULL, spin, &hog), 0);
	rc = pingpong(cpus[0], cpus[1], &seconds, &e);
	atomic_store(&hog.stop, true);
	pthread_join(thread, NULL);
	assert_true(clock_span(began, clock_now()) < 2);
	if (rc == 0)
		assert_true(seconds > SHORTEST && seconds < LONGEST);
	else
		assert_int_equal(rc, -EAGAIN);
}

static void test_refusals(void **state)
{
	struct err e = { "" };
	double seconds;
	int cpus[1];

	(void)state;
	assert_true(first_cpus(cpus, 1));
	assert_int_equal(pingpong(cpus[0], cpus[0], &seconds, &e), -EINVAL);
	assert_non_null(strstr(e.text, "a pair is needed"));
	assert_int_equal(pingpong(cpus[0], IDSET_MAX - 1, &seconds, &e), -EINVAL);
	assert_non_null(strstr(e.text, "8191"));
}

static void test_all(void **state)
{
	double seconds[4];
	int cpus[2];

	(void)state;
	assert_int_equal(pingpong_all(NULL, 0, NULL, NULL), 0);
	if (!first_cpus(cpus, 2))
		skip();
	assert_int_equal(pingpong_all(cpus, 2, seconds, NULL), 0);
	assert_true(isnan(seconds[0]) && isnan(seconds[3]));
	assert_true(isnan(seconds[1]) || (seconds[1] > SHORTEST && seconds[1] < LONGEST));
	assert_true(isnan(seconds[1]) || seconds[1] == seconds[2]);
}

enum { CORES = 4 };

/* Two nodes of four cores of two CPUs, the siblings 8 apart; each cache behind `share` cores. */
struct planned {
	struct machine m;
	struct node nodes[2];
	struct core cores[2][CORES];
	struct cache caches[2][2 * CORES];
};

static struct idset cpus_of(int node, size_t first, size_t n)
{
	struct idset s = { { 0 } };

	for (size_t c = first; c < first + n; c++) {
		idset_add(&s, node * CORES + (int)c);
		idset_add(&s, node * CORES + (int)c + 2 * CORES);
	}
	return s;
}

static struct planned *planned(size_t share, size_t caches)
{
	struct planned *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->m.nodes = p->nodes;
	p->m.nnodes = 2;
	for (int n = 0; n < 2; n++) {
		struct node *node = &p->nodes[n];

		*node = (struct node){ .id = n, .cpus = cpus_of(n, 0, CORES), .ncores = CORES };
		node->cores = p->cores[n];
		node->caches = p->caches[n];
		for (size_t c = 0; c < CORES; c++)
			p->cores[n][c].cpus = cpus_of(n, c, 1);
		for (size_t c = 0; c < CORES && caches; c++)
			node->caches[node->ncaches++] =
				(struct cache){ 2, 1 << 20, cpus_of(n, c, 1) };
		for (size_t c = 0; c < CORES && caches; c += share)
			node->caches[node->ncaches++] =
				(struct cache){ 3, 32 << 20, cpus_of(n, c, share) };
	}
	return p;
}

static void test_pairs(void **state)
{
	static const struct {
		size_t share, caches;
		const char *pairs;
	} cases[] = {
		{ 4, 1, "0-1 4-5 0-4 " },
		{ 2, 1, "0-1 2-3 0-2 4-5 2-4 6-7 4-6 " },
		{ 1, 1, "0-1 1-2 2-3 3-4 4-5 5-6 6-7 " },
		{ 4, 0, "0-1 4-5 0-4 " }, /* no caches known: those of a node go together */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct planned *p = planned(cases[i].share, cases[i].caches);
		struct fingerprint f;
		char text[200] = "";

		fingerprint_plan(&f, &p->m);
		for (size_t k = 0; k < f.n; k++) {
			assert_true(isnan(f.pair[k].seconds));
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d-%d ",
				 f.pair[k].a, f.pair[k].b);
		}
		assert_string_equal(text, cases[i].pairs);
		p->nodes[0].ncores = 1;
		p->m.nnodes = 1;
		fingerprint_plan(&f, &p->m);
		assert_int_equal(f.n, 0);
		free(p);
	}
}

static void test_changes(void **state)
{
	static const struct {
		double before, after;
		bool changed;
	} cases[] = {
		{ 45e-9, 45e-9, false }, { 38e-9, 62e-9, false }, { 62e-9, 38e-9, false },
		{ 45e-9, 200e-9, true }, { 200e-9, 45e-9, true }, { NAN, 45e-9, false },
		{ 45e-9, NAN, false },   { 50e-9, 101e-9, true }, { 50e-9, 99e-9, false },
	};
	char why[160];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fingerprint before = { .n = 2, .pair = { { 0, 1, 1e-7 }, { 4, 5, 0 } } };
		struct fingerprint after = before;

		before.pair[1].seconds = cases[i].before;
		after.pair[1].seconds = cases[i].after;
		assert_int_equal(fingerprint_changed(&before, &after, why, sizeof(why)),
				 cases[i].changed);
		assert_int_equal(strstr(why, "CPUs 4 and 5") != NULL, cases[i].changed);
	}
	assert_false(fingerprint_changed(&(struct fingerprint){ 0 }, &(struct fingerprint){ 0 },
					 why, sizeof(why)));
}

static void test_take(void **state)
{
	struct planned *p = planned(4, 1);
	struct fingerprint f;
	struct err e = { "" };
	int cpus[2];

	(void)state;
	p->m.nnodes = 1;
	if (first_cpus(cpus, 2)) {
		for (size_t c = 0; c < 2; c++) {
			p->cores[0][c].cpus = (struct idset){ { 0 } };
			idset_add(&p->cores[0][c].cpus, cpus[c]);
			p->nodes[0].ncores = 2;
		}
		p->nodes[0].ncaches = 0;
		idset_add(&p->nodes[0].cpus, cpus[0]);
		idset_add(&p->nodes[0].cpus, cpus[1]);
		assert_int_equal(fingerprint_take(&f, &p->m, &e), 0);
		assert_int_equal(f.n, 1);
		assert_true(isnan(f.pair[0].seconds) || f.pair[0].seconds > SHORTEST);
	}
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two),   cmocka_unit_test(test_shared),
		cmocka_unit_test(test_all),   cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_pairs), cmocka_unit_test(test_changes),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests_name("pingpong", tests, NULL, NULL);
}
