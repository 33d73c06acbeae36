/* Which pages are moved where, by whom, on machines put together by hand. */
#include "planned_cells.h"

#include "kernels/migration_part.h"
#include "place/balancing.h"

static const struct migration_options allowed = { .allow_sysctl = true };

static int plan_pages(struct session *s, struct err *e)
{
	struct plan_cost cost = { 0 };

	return migration_pages.plan(s, &allowed, &cost, e);
}

static int plan_balancing(struct session *s, struct err *e)
{
	struct plan_cost cost = { 0 };

	return migration_balancing.plan(s, &allowed, &cost, e);
}

/* Cells of a metric from a node to another; any for less than 0. */
static size_t count(const struct seen *s, const char *metric, int from, int to)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct record *r = &s->r[i];

		n += strcmp(r->metric, metric) == 0 && (from < 0 || r->mem_node == from) &&
		     (to < 0 || r->to_node == to);
	}
	return n;
}

static size_t count_held(const struct seen *s, const char *metric, enum page_lock how)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += strcmp(s->r[i].metric, metric) == 0 && record_has(&s->r[i], "locked") &&
		     s->r[i].locked == how;
	return n;
}

static void test_pairs_and_depths(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;
	struct seen *s;

	(void)state;
	plant_machine(&m, 3, 4, 0);
	s = plan(&m, o, plan_pages);
	for (int from = 0; from < 3; from++)
		for (int to = 0; to < 3; to++)
			assert_int_equal(count(s, "page-rate", from, to), from == to ? 0
									  : from == 0 && to == 1
										  ? 6
										  : 4);
	assert_int_equal(count_held(s, "page-rate", LOCK_MLOCK), 1);
	assert_int_equal(count_held(s, "page-time", LOCK_MLOCK), 1);
	assert_int_equal(count_held(s, "page-rate", LOCK_IO_URING), 1);
	assert_int_equal(count_held(s, "page-time", LOCK_IO_URING), 0); /* they stay */
	assert_int_equal(s->skipped, 1);
	assert_non_null(strstr(s->why, "no GPU"));
	forget(s);
	o.quick = true;
	s = plan(&m, o, plan_pages);
	assert_int_equal(s->n, 7); /* three with two figures, one with one */
	assert_int_equal(count(s, "page-rate", 0, 1), 4);
	for (size_t i = 0; i < s->n; i++)
		assert_true(s->r[i].mover == MOVER_MOVE_PAGES &&
			    s->r[i].bytes == (record_has(&s->r[i], "locked") ? 8u : 32u) << 20);
	forget(s);
	o.quick = false;
	o.thorough = true;
	s = plan(&m, o, plan_pages);
	assert_int_equal(count_held(s, "page-rate", LOCK_IO_URING), 6);
	assert_int_equal(count(s, "page-rate", 0, 1), 7); /* hugetlb pages, too */
	forget(s);
	o.nodes = "1-2";
	s = plan(&m, o, plan_pages);
	assert_int_equal(count(s, "page-rate", -1, -1),
			 count(s, "page-rate", 1, 2) + count(s, "page-rate", 2, 1));
	forget(s);
	machine_release(&m);
}

static void test_kinds_and_sizes(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;
	struct seen *s;

	(void)state;
	plant_machine(&m, 2, 4, 0);
	o.quick = true;
	for (int kind = PAGES_4K; kind <= PAGES_HUGETLB; kind++) {
		o.pages = kind;
		s = plan(&m, o, plan_pages);
		assert_true(s->n > 0);
		for (size_t i = 0; i < s->n; i++)
			assert_true(record_has(&s->r[i], "locked") ||
				    s->r[i].pages_asked == (enum page_kind)kind);
		forget(s);
	}
	o.pages = -1;
	o.size = 1; /* a huge page is the least */
	s = plan(&m, o, plan_pages);
	assert_int_equal(s->r[0].bytes, 2 << 20);
	forget(s);
	/* A quarter of what the poorer of both can give. */
	o.size = 0;
	m.nodes[1].giveable_bytes = KNOWN(35 << 20);
	s = plan(&m, o, plan_pages);
	assert_int_equal(s->r[0].bytes, 8 << 20);
	forget(s);
	m.nodes[1].giveable_bytes = KNOWN(7 << 20);
	s = plan(&m, o, plan_pages);
	assert_int_equal(s->n, 0);
	assert_int_equal(s->skipped, 4);
	assert_non_null(strstr(s->why, LEFT_OUT));
	forget(s);
	machine_release(&m);
}

/* Memory without cores is a place to be moved from and to; cores without memory are not. */
static void test_odd_nodes(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;
	struct seen *s;

	(void)state;
	plant_machine(&m, 3, 4, 2);
	m.nodes[0].kind = NODE_MEMORYLESS;
	m.nodes[0].allowed = false;
	m.nodes[2].kind = NODE_CPULESS;
	m.nodes[2].ncores = 0;
	m.nodes[2].allowed_cpus = m.nodes[2].cpus = (struct idset){ { 0 } };
	s = plan(&m, o, plan_pages);
	assert_int_equal(s->skipped, 0); /* a node without memory is no forbidden one */
	assert_int_equal(count(s, "page-rate", 1, 2), 7);
	assert_int_equal(count(s, "page-rate", 2, 1), 4);
	assert_int_equal(count(s, "page-rate", -1, 0), 0);
	for (size_t i = 0; i < s->n; i++) {
		assert_int_equal(s->r[i].cpu_node, 1); /* the nearest to either */
		if (record_has(&s->r[i], "locked") && s->r[i].locked == LOCK_REGISTERED)
			assert_int_equal(s->r[i].gpu, 1); /* that of the node where they are */
	}
	assert_int_equal(count_held(s, "page-rate", LOCK_REGISTERED), 1);
	forget(s);
	machine_release(&m);
}

static void test_nowhere_to_go(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;
	struct seen *s;

	(void)state;
	plant_machine(&m, 1, 2, 0);
	s = plan(&m, o, plan_pages);
	assert_int_equal(s->n, 0);
	assert_int_equal(s->skipped, 1);
	assert_string_equal(
		s->why, "one node with memory is used here: there is no other to move pages to");
	assert_false(record_has(&s->last, "to_node"));
	forget(s);
	s = plan(&m, o, plan_balancing);
	assert_int_equal(s->n, 0);
	assert_int_equal(s->skipped, 1);
	forget(s);
	machine_release(&m);
	/* A cpuset that forbids the others says so for each of them. */
	plant_machine(&m, 3, 2, 0);
	m.nodes[1].allowed = m.nodes[2].allowed = false;
	s = plan(&m, o, plan_pages);
	assert_int_equal(s->n, 0);
	assert_int_equal(s->skipped, 2);
	assert_non_null(strstr(s->why, "allows memory of nodes 0 only"));
	assert_int_equal(s->last.mem_node, 0);
	assert_int_equal(s->last.to_node, 2);
	forget(s);
	machine_release(&m);
}

static void test_balancing_wants_time(void **state)
{
	struct session_options o = session_options_default();
	struct known mode = { 0 };
	struct sysroot root;
	struct machine m;
	struct seen *s;

	(void)state;
	if (sysroot_open_live(&root, NULL) == 0) {
		mode = balancing_mode(&root);
		sysroot_close(&root);
	}
	plant_machine(&m, 2, 4, 0);
	if (!mode.is) {
		s = plan(&m, o, plan_balancing);
		assert_int_equal(s->n, 0);
		assert_string_equal(s->why, mode.why);
		goto out;
	}
	s = plan(&m, o, plan_balancing); /* half a minute is too short for six watches */
	assert_int_equal(s->n, 0);
	assert_int_equal(s->skipped, 2);
	assert_non_null(strstr(s->why, LEFT_OUT "to watch the kernel move pages"));
	forget(s);
	o.thorough = true; /* whose usual budget is long enough for one pair */
	s = plan(&m, o, plan_balancing);
	assert_int_equal(s->n, 2);
	assert_int_equal(s->skipped, 1);
	forget(s);
	o.thorough = false;
	o.budget_s = 240;
	s = plan(&m, o, plan_balancing);
	assert_int_equal(count(s, "balancing-time", 0, 1), 1);
	assert_int_equal(count(s, "bandwidth", 0, 1), 1);
	assert_int_equal(s->n, 2);
	assert_int_equal(s->skipped, 1);
	assert_int_equal(s->r[1].phase, PHASE_FOLLOWED);
	assert_int_equal(s->r[1].bytes, s->r[0].bytes);
	forget(s);
	o.budget_s = 480;
	s = plan(&m, o, plan_balancing);
	assert_int_equal(s->n, 4);
	forget(s);
	o.budget_s = 40;
	o.rounds = 1;
	s = plan(&m, o, plan_balancing);
	assert_int_equal(s->n, 2);
	forget(s);
	/* Nothing of it with --quick, nor a word. */
	o.quick = true;
	s = plan(&m, o, plan_balancing);
	assert_int_equal(s->n + s->skipped, 0);
out:
	forget(s);
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs_and_depths),
		cmocka_unit_test(test_kinds_and_sizes),
		cmocka_unit_test(test_odd_nodes),
		cmocka_unit_test(test_nowhere_to_go),
		cmocka_unit_test(test_balancing_wants_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
