/* test-migration-threads.c - threads that run a triad and a chase are moved for real, between two
 * CPUs of this machine that a made-up topology has on two nodes, of which one has the memory. */
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/migration_part.h"
#include "kernels/migration_threads.h"
#include "measure/session.h"
#include "result/timeline.h"
#include "unit.h"

static const struct migration_options none;

static int plan(struct session *s, struct err *e)
{
	struct plan_cost cost = { 0 };

	return migration_threads.plan(s, &none, &cost, e);
}

enum { MOST = 64, NODES = 2, ROUNDS = 2 };

struct told {
	struct record r[MOST];
	size_t n;
};

static void on_record(const struct record *r, void *to)
{
	struct told *t = to;
	json_t *o = record_to_json(r);

	assert_true(t->n < MOST);
	record_init(&t->r[t->n]);
	assert_int_equal(record_from_json(&t->r[t->n++], o, NULL), 0);
	json_decref(o);
}

/* Node 0 with the first CPU and all memory, node 1 with the second and none. */
static bool make_machine(struct machine *m)
{
	cpu_set_t mask;
	int n = 0;

	*m = (struct machine){ .live = true, .nnodes = NODES };
	m->nodes = calloc(NODES, sizeof *m->nodes);
	sched_getaffinity(0, sizeof mask, &mask);
	for (int c = 0; c < CPU_SETSIZE && n < NODES; c++) {
		struct node *node = &m->nodes[n];

		if (!CPU_ISSET((size_t)c, &mask))
			continue;
		node->id = n;
		node->kind = n ? NODE_MEMORYLESS : NODE_ORDINARY;
		idset_add(&node->cpus, c);
		idset_add(&m->allowed_cpus, c);
		node->allowed_cpus = node->cpus;
		node->cores = calloc(1, sizeof *node->cores);
		node->cores[0].cpus = node->cpus;
		node->ncores = 1;
		node->allowed = n == 0;
		node->memory_bytes = node->giveable_bytes = KNOWN(n ? 0 : 1 << 30);
		n++;
	}
	return n == NODES;
}

static void assert_timeline(const struct record *r)
{
	struct timeline t;
	size_t there = 0;

	timeline_init(&t);
	assert_int_equal(timeline_load(&t, r, NULL), 0);
	assert_true(t.n > 20 && t.call > 0 && t.returned > 0);
	for (size_t i = 0; i < t.n; i++) {
		const struct window *w = &t.windows[i];
		bool away = w->start > 0 && w->start < t.returned;

		if (w->straddles)
			continue;
		assert_true(w->has_node);
		assert_int_equal(w->cpu_node, away ? r->to_node : r->cpu_node);
		there += away;
	}
	assert_true(there > 0);
	timeline_release(&t);
}

static void assert_record(const struct record *r)
{
	bool before =
		record_has(r, "phase") && (r->phase == PHASE_BEFORE || r->phase == PHASE_RETURNED);

	if (r->samples.n == 0) /* neighbours did not let it settle, in none of six rides */
		return;
	assert_string_equal(r->reason, "");
	assert_int_equal(r->status, STATUS_OK);
	assert_true(r->verified);
	assert_int_equal(r->mem_node, 0);
	assert_int_equal(r->placement.nresident, 1);
	assert_int_equal(r->placement.resident[0].node, 0);
	assert_true(r->placement.resident[0].pages >= (2 << 20) / 4096);
	assert_int_equal(r->placement.nran_on, 1);
	assert_int_equal(r->placement.ran_on[0], before ? r->cpu_node : r->to_node);
	if (record_has(r, "phase")) {
		assert_true(r->median > 0);
		if (r->phase == PHASE_SETTLED)
			assert_timeline(r);
		else
			assert_int_equal(json_object_size(json_object_get(r->more, "timeline")), 0);
	} else if (strcmp(r->metric, "call-time") == 0) {
		assert_true(r->median > 0 && r->median < 1);
	}
}

static void test_for_real(void **state)
{
	struct bench b = {
		.name = "migration",
		.plan = plan,
		.open = migration_threads.open,
		.together = migration_threads.together,
		.prove = migration_threads.prove,
		.close = migration_threads.close,
		.stop = migration_threads.stop,
	};
	struct session_options o = session_options_default();
	struct told *t = calloc(1, sizeof *t);
	const struct session_sink sink = { .record = on_record, .to = t };
	struct err e = { "" };
	struct machine m;
	size_t figures = 0;

	(void)state;
	if (!make_machine(&m))
		skip();
	o.rounds = ROUNDS;
	o.size = 2 << 20;
	o.budget_s = 60;
	if (session_run(&b, &o, &m, &sink, &e) < 0)
		fail_msg("%s", e.text);
	/* Both ways, both loops; and that nobody has two cores. */
	assert_int_equal(t->n, 1 + 2 * 2 * FIGURES);
	for (size_t i = 1; i < t->n; i++) {
		assert_record(&t->r[i]);
		figures += t->r[i].samples.n > 0;
	}
	assert_true(figures >= 2 * 2 * 3);
	for (size_t i = 0; i < t->n; i++)
		record_release(&t->r[i]);
	free(t);
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_for_real) };

	return cmocka_run_group_tests_name("migration-threads", tests, NULL, NULL);
}
