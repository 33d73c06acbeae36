/* test-migration-plan.c - which threads are moved where, on machines put together by hand: every
 * ordered pair of nodes once, one pair with --quick, and within a node every cache. */
#include "planned_cells.h"

#include "kernels/migration_part.h"
#include "kernels/migration_threads.h"

static const struct migration_options none;

static int plan_threads(struct session *s, struct err *e)
{
	return migration_threads.plan(s, &none, e);
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
		{ 480 << 20, 1920ull << 20, 1 << 30, false, true },
		{ 1024ull << 20, 2048ull << 20, 1 << 30, true, true },
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
					 want < 4 * rows[i].cache);
		}
		forget(s);
		machine_release(&m);
	}
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
		cmocka_unit_test(test_nowhere_to_go),
	};

	return cmocka_run_group_tests_name("migration-plan", all, NULL, NULL);
}
