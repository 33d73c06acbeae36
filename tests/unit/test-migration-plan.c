/* test-migration-plan.c - which threads are moved where, on machines put together by hand: every
 * ordered pair of nodes once, one pair with --quick, and within a node every cache. */
#include "planned_cells.h"

#include <math.h>

#include "front/front.h"
#include "front/request.h"
#include "kernels/migration_loops.h"
#include "kernels/migration_part.h"
#include "kernels/migration_threads.h"

static const struct migration_options none, allowed = { .allow_sysctl = true };

static int plan_threads(struct session *s, struct err *e)
{
	struct plan_cost c = { 0 };

	return migration_threads.plan(s, &none, &c, e);
}

/* Experiments of a metric, from node to node or within one. */
static size_t count(const struct seen *s, const char *metric, bool within)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct record *r = &s->r[i];
		bool settled = !record_has(r, "phase") || r->phase == PHASE_SETTLED;

		n += settled && strcmp(r->metric, metric) == 0 &&
		     (r->cpu_node == r->to_node) == within;
	}
	return n;
}

static void give_caches(struct machine *m, uint64_t last)
{
	for (size_t i = 0; i < m->nnodes; i++) {
		struct node *n = &m->nodes[i];

		n->caches = calloc(2, sizeof(*n->caches));
		n->ncaches = 2;
		n->caches[0] = (struct cache){ .level = 1, .bytes = 48 << 10 };
		n->caches[0].cpus = n->cores[0].cpus;
		n->caches[1] = (struct cache){ .level = 3, .bytes = last, .cpus = n->cpus };
	}
}

/* What each record says of where threads were and went. */
static void assert_moves(const struct seen *s, int threads)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct record *r = &s->r[i];
		bool within = r->cpu_node == r->to_node;

		assert_int_equal(r->mem_node, r->cpu_node);
		assert_int_equal(record_has(r, "cpu_pair"), within);
		if (within)
			assert_true(r->cpu_pair.v[0] != r->cpu_pair.v[1]);
		if (strcmp(r->metric, "bandwidth") == 0)
			assert_int_equal(r->threads, within ? 1 : threads);
		else if (strcmp(r->metric, "latency") == 0)
			assert_int_equal(r->threads, 1);
	}
}

static void test_pairs(void **state)
{
	struct session_options o = session_options_default();
	static const char *const times[] = { "transient-time", "refill-time", "call-time" };

	(void)state;
	for (int nodes = 2; nodes <= 4; nodes += 2) {
		size_t pairs = (size_t)(nodes * (nodes - 1));
		struct machine m;
		struct seen *s;

		plant_machine(&m, (size_t)nodes, 8, 0);
		give_caches(&m, 32 << 20);
		o.quick = true;
		s = plan(&m, o, plan_threads);
		assert_int_equal(s->n, 2 * FIGURES); /* one pair, by both loops */
		assert_int_equal(count(s, "bandwidth", false), 1);
		assert_moves(s, 8);
		forget(s);

		o.quick = false;
		s = plan(&m, o, plan_threads);
		assert_int_equal(count(s, "bandwidth", false), pairs);
		assert_int_equal(count(s, "latency", false), pairs);
		for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
			assert_int_equal(count(s, times[i], false), 2 * pairs);
		/* Half of either cache, and far more than both; on one node. */
		assert_int_equal(count(s, "bandwidth", true), 3);
		assert_int_equal(count(s, "latency", true), 3);
		assert_moves(s, 8);
		assert_int_equal(s->skipped, 0);
		forget(s);

		o.thorough = true;
		s = plan(&m, o, plan_threads);
		assert_int_equal(count(s, "latency", true), 3 * (size_t)nodes);
		forget(s);
		o.thorough = false;
		machine_release(&m);
	}
}

/* A team goes where there is a core for each of its threads. */
static void test_fewer_cores(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;
	struct seen *s;

	(void)state;
	plant_machine(&m, 2, 8, 0);
	m.nodes[1].ncores = 3;
	o.quick = true;
	s = plan(&m, o, plan_threads);
	assert_moves(s, 3);
	forget(s);
	machine_release(&m);
}

static void test_sizes(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;
	struct seen *s;

	(void)state;
	plant_machine(&m, 2, 2, 0);
	give_caches(&m, 1 << 20);
	o.size = 12 << 20; /* a multiple of what both loops are made of */
	s = plan(&m, o, plan_threads);
	for (size_t i = 0; i < s->n; i++) {
		uint64_t bytes = s->r[i].bytes;

		assert_true((bytes > (12 << 20) - 128 && bytes <= 12 << 20) ||
			    (bytes > (512 << 10) - 128 && bytes <= 512 << 10) ||
			    (bytes > (24 << 10) - 128 && bytes <= 24 << 10));
		assert_int_equal(record_has(&s->r[i], "undersized"), bytes > 1 << 20);
	}
	forget(s);
	o.size = 100 << 10; /* half of the larger cache is more */
	s = plan(&m, o, plan_threads);
	assert_int_equal(count(s, "latency", true), 2);
	forget(s);
	machine_release(&m);
}

/* With --quick working sets have an end, and what is too small for its caches is marked. */
static void test_quick_sizes(void **state)
{
	static const struct {
		uint64_t cache, stream, chase;
		bool stream_small, chase_small;
	} rows[] = {
		{ 64 << 20, 256 << 20, 256 << 20, false, false },
		{ 480 << 20, 1920ull << 20, 256 << 20, false, false },
		{ 1024ull << 20, 2048ull << 20, 256 << 20, true, false },
	};
	struct session_options o = session_options_default();

	(void)state;
	o.quick = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine m;
		struct seen *s;

		plant_machine(&m, 2, 8, 0);
		for (size_t k = 0; k < m.nnodes; k++)
			m.nodes[k].giveable_bytes = KNOWN(64ll << 30);
		give_caches(&m, rows[i].cache);
		s = plan(&m, o, plan_threads);
		assert_int_equal(s->n, 2 * FIGURES);
		for (size_t k = 0; k < s->n; k++) {
			bool chase = s->r[k].threads == 1;
			uint64_t want = chase ? rows[i].chase : rows[i].stream;

			assert_true(s->r[k].bytes <= want && s->r[k].bytes > want - 128);
			assert_int_equal(s->r[k].undersized,
					 chase ? rows[i].chase_small : rows[i].stream_small);
			assert_int_equal(strstr(s->r[k].reason, "--quick") != NULL,
					 s->r[k].undersized);
		}
		forget(s);
		machine_release(&m);
	}
}

/* ---- what it takes ---- */

static struct plan_cost cost; /* of the plan made last */

static int plan_all(struct session *s, struct err *e)
{
	const struct migration_part *const parts[] = { &migration_threads, &migration_pages,
						       &migration_balancing, &migration_feed };
	int rc = 0;

	cost = (struct plan_cost){ 0 };
	for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		rc = parts[i]->plan(s, &allowed, &cost, e);
	return rc;
}

static void plant_server(struct machine *m, size_t nodes, int cores, uint64_t caches, size_t gpus)
{
	plant_machine(m, nodes, cores, gpus);
	give_caches(m, caches);
	for (size_t i = 0; i < nodes; i++)
		m->nodes[i].giveable_bytes = KNOWN(64ll << 30);
}

static size_t count_of(const struct seen *s, bool (*is)(const struct record *r))
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += is(&s->r[i]);
	return n;
}

static bool is_threads(const struct record *r)
{
	return record_has(r, "phase") && !record_has(r, "gpu") && !record_has(r, "mover") &&
	       r->cpu_node != r->to_node;
}

static bool is_within(const struct record *r)
{
	return record_has(r, "cpu_pair");
}

static bool is_pages(const struct record *r)
{
	return strncmp(r->metric, "page-", 5) == 0;
}

static bool is_balancing(const struct record *r)
{
	return record_has(r, "mover") && r->mover == MOVER_BALANCING;
}

static bool is_fed(const struct record *r)
{
	return strcmp(r->metric, "feed-rate") == 0 && record_has(r, "phase");
}

static bool is_bound(const struct record *r)
{
	return record_has(r, "binding");
}

static bool is_policy(const struct record *r)
{
	return record_has(r, "policy");
}

/* Parts 1, 3 and 6 of one pair of nodes, in 8 s, whatever the caches. */
static void test_quick_fits(void **state)
{
	static const struct {
		size_t nodes;
		int cores;
		uint64_t caches;
		size_t gpus;
	} rows[] = { { 2, 4, 64 << 20, 1 },   { 2, 8, 32 << 20, 1 },   { 2, 32, 32 << 20, 1 },
		     { 2, 32, 105 << 20, 1 }, { 2, 32, 480 << 20, 1 }, { 2, 64, 480 << 20, 8 },
		     { 8, 16, 64 << 20, 4 },  { 2, 96, 1024 << 20, 8 } };
	struct session_options o = session_options_default();

	(void)state;
	o.quick = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine m;
		struct seen *s;

		plant_server(&m, rows[i].nodes, rows[i].cores, rows[i].caches, rows[i].gpus);
		s = plan(&m, o, plan_all);
		assert_int_equal(count_of(s, is_threads), LOOPS * 4);
		assert_int_equal(count_of(s, is_pages), 7);
		assert_int_equal(count_of(s, is_fed), 9);
		assert_int_equal(s->n, LOOPS * FIGURES + 7 + 9);
		assert_int_equal(s->skipped, 0);
		for (size_t k = 0; k < s->n; k++)
			assert_true(s->r[k].cpu_node == 0 && s->r[k].to_node == 1);
		print_message("# 2 nodes of %d cores, %llu MiB of cache: %.1f s\n", rows[i].cores,
			      (unsigned long long)rows[i].caches >> 20, cost.seconds);
		assert_true(cost.seconds > 3 && cost.seconds <= 8);
		forget(s);
		machine_release(&m);
	}
}

/* What the front door gives to it. */
static double share_of_all(const struct machine *m, bool thorough)
{
	const struct request ask = { .thorough = thorough, .quick = !thorough };
	double all = 0, own = 0;
	struct idset rows;

	assert_int_equal(tests_parse(NULL, ask.quick, &rows, NULL), 0);
	for (int row = -1; (row = idset_next(&rows, row)) >= 0;) {
		double weight = test_weight(&tests[row], m, m->ngpus, thorough);

		all += weight;
		own += strcmp(tests[row].name, "migration") == 0 ? weight : 0;
	}
	return request_pace(&ask).budget_s * own / all;
}

/* With --thorough every part is there of one pair and GPU at least, also where the bench is one of
 * all; what further GPUs take comes on top, and is worth less. */
static void test_thorough_fits(void **state)
{
	static const uint64_t caches[] = { 32 << 20, 105 << 20, 480 << 20 };
	struct session_options o = session_options_default();

	(void)state;
	o.thorough = true;
	for (size_t i = 0; i < 2 * sizeof(caches) / sizeof(caches[0]); i++) {
		struct machine m;
		struct seen *s;

		plant_server(&m, 2, 32, caches[i / 2], 8);
		o.budget_s = i % 2 ? share_of_all(&m, true) : 300; /* of all, or by itself */
		s = plan(&m, o, plan_all);
		assert_true(count_of(s, is_threads) && count_of(s, is_within));
		assert_true(count_of(s, is_pages) && count_of(s, is_fed));
		assert_true(count_of(s, is_bound) && count_of(s, is_policy));
		assert_int_equal(count_of(s, is_balancing), 2);
		assert_non_null(strstr(s->why, "left out: to watch the kernel")); /* of the other */
		print_message("# --thorough, %llu MiB of cache: %.0f s and %.0f s, of %.0f s\n",
			      (unsigned long long)caches[i / 2] >> 20, cost.seconds - cost.further,
			      cost.further, o.budget_s);
		assert_true(cost.seconds - cost.further < o.budget_s);
		forget(s);
		machine_release(&m);
	}
}

/* ---- what a chase may find in a cache ---- */

static void test_cached(void **state)
{
	static const struct {
		double lines, cached, loads, most;
	} rows[] = {
		{ 4e6, 1e6, 0, 0 },       { 4e6, 1e6, 4e6, 0 }, /* once around: none twice */
		{ 4e6, 1e6, 8e6, 0.125 }, /* half of the loads, a quarter of them */
		{ 4e6, 8e6, 8e6, 0.5 },   /* the cache holds all of it */
		{ 4e6, 0, 1e9, 0 },       { 4e6, 1e6, 4e12, 0.25 }, /* forever */
		{ 0, 1e6, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(fabs(threads_cached_most(rows[i].lines, rows[i].cached, rows[i].loads) -
				 rows[i].most) < 1e-5);
	/* A ride that was made short enough is not around, at the pace that it was made for. */
	for (double lines = 1e6; lines < 1e8; lines *= 3)
		for (double each = 60e-9; each < 400e-9; each *= 2) {
			double after = threads_once_around(lines, each, 1.2);

			assert_true(after >= 0 && after <= 1.2);
			if (after < 1.2)
				assert_true(fabs((after * 1.8 + 0.01) / each - lines) < 1);
			else
				assert_true((after * 1.8 + 0.01) / each <= lines);
		}
	/* And with --quick, at the pace of the fastest memory there is. */
	assert_true(threads_ride_most(LOOP_CHASE, 256 << 20, 480 << 20, true) / 60e-9 <
		    (256 << 20) / 64);
}

static void test_nowhere_to_go(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;
	struct seen *s;

	(void)state;
	plant_machine(&m, 2, 2, 0);
	o.nodes = "1";
	s = plan(&m, o, plan_threads);
	assert_int_equal(s->skipped, 1);
	assert_non_null(strstr(s->why, "there is no other to move threads to"));
	assert_true(count(s, "latency", true) > 0);
	forget(s);
	machine_release(&m);
	plant_machine(&m, 1, 1, 0);
	o.nodes = NULL;
	s = plan(&m, o, plan_threads);
	assert_int_equal(s->n, 0);
	assert_int_equal(s->skipped, 2);
	assert_non_null(strstr(s->why, "no CPU node has two cores"));
	forget(s);
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_pairs),         cmocka_unit_test(test_fewer_cores),
		cmocka_unit_test(test_sizes),         cmocka_unit_test(test_quick_sizes),
		cmocka_unit_test(test_nowhere_to_go), cmocka_unit_test(test_quick_fits),
		cmocka_unit_test(test_thorough_fits), cmocka_unit_test(test_cached),
	};

	return cmocka_run_group_tests_name("migration-plan", all, NULL, NULL);
}
