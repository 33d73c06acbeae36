/* test-session-group.c - cells that one experiment fills: who gets a sample of it, where each says
 * its threads were, and what becomes of them when it fails. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure/session.h"
#include "session_nodes.h"
#include "unit.h"

/* A cell alone, a group of three on two sites, a group of one: in the order planned. */
enum { ALONE, FIRST, SECOND, THIRD, LONELY, CELLS, ROUNDS = 6 };

enum trick {
	TRICK_NONE,
	TRICK_NEVER,   /* the third one comes to no figure */
	TRICK_ODD,     /* in every other experiment it does not, and says why */
	TRICK_WHY,     /* never, and says why */
	TRICK_VOID,    /* the first try of every round */
	TRICK_FAIL,    /* and the second one is to blame */
	TRICK_STRAY,   /* the second one's threads were seen on two nodes */
	TRICK_LOST,    /* its pages are elsewhere in the end */
	TRICK_CORRUPT, /* the third one's data are wrong */
	TRICK_PAGES,   /* the second one's pages were moved, and are back in the end */
};

struct script {
	enum trick trick;
	double seconds; /* of an experiment */
	int refused;    /* what a group over two CPU nodes came to */
	struct record records[CELLS];
	size_t n;
};

static struct script *the_script(void)
{
	static struct script s; /* the bench's own option values, as session.h has it */

	return &s;
}

struct buffers {
	int kind, experiments, proofs;
};

static struct cell cell_of(const char *metric, int variant, int worth)
{
	struct cell c = { .variant = variant, .worth = worth };

	record_init(&c.rec);
	snprintf(c.rec.metric, sizeof c.rec.metric, "%s", metric);
	snprintf(c.rec.unit, sizeof c.rec.unit, "s");
	c.rec.better = BETTER_LOWER;
	record_set(&c.rec, "metric", "unit", "better", NULL);
	return c;
}

static int plan(struct session *s, struct err *e)
{
	const struct site one = { .gpu = -1, .bytes = 4096 }, other = { .gpu = -1, .kind = 1 },
			  far = { .cpu_node = 1, .mem_node = 1, .gpu = -1 };
	size_t first = (size_t)session_site(s, &one), second = (size_t)session_site(s, &other);
	size_t sites[] = { first, second, first }, apart[] = { first, 0 };
	struct cell alone = cell_of("alone", 9, 1), lonely = cell_of("lonely", 0, 1), group[3];

	(void)e;
	apart[1] = (size_t)session_site(s, &far);
	for (int i = 0; i < 3; i++) {
		char metric[16];

		snprintf(metric, sizeof metric, "figure%d", i);
		group[i] = cell_of(metric, i, 5);
	}
	the_script()->refused = session_group(s, group, apart, 2);
	assert_int_equal(session_cell(s, first, &alone), ALONE);
	assert_int_equal(session_group(s, group, sites, 3), FIRST);
	assert_int_equal(session_group(s, &lonely, sites, 1), LONELY);
	return 0;
}

static int open_site(struct worker *w, const struct site *t, void **out, struct err *e)
{
	struct buffers *b = calloc(1, sizeof *b);

	(void)w, (void)e;
	b->kind = t->kind;
	*out = b;
	return 0;
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	(void)w, (void)buffers, (void)e;
	*value = c->variant;
	return 0;
}

static void run_on(struct record *r, int node)
{
	struct placement *p = &r->placement;

	for (size_t i = 0; i < p->nran_on; i++)
		if (p->ran_on[i] == node)
			return;
	p->ran_on = reallocarray(p->ran_on, p->nran_on + 1, sizeof *p->ran_on);
	p->ran_on[p->nran_on++] = node;
}

static void pages_on(struct placement *p, int node)
{
	p->resident = calloc(1, sizeof *p->resident);
	p->resident[0] = (struct resident){ .node = node, .pages = 7 };
	p->nresident = 1;
	p->proof = PROOF_MOVE_PAGES;
}

/* The second one's threads were moved to node 1. */
static void place(struct member *m, enum trick trick)
{
	struct record *r = &m[1].cell->rec;

	m[1].placed = true;
	run_on(r, 1);
	if (trick == TRICK_STRAY)
		run_on(r, 0);
	if (trick != TRICK_PAGES)
		return;
	r->placement.requested = 1;
	pages_on(&r->placement, 1);
	record_set(r, "placement", NULL);
}

static int together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	const enum trick trick = the_script()->trick;
	struct buffers *b = m[0].buffers;
	int number = b->experiments++;
	bool odd = number % 2 == 1;

	if (trick == TRICK_VOID && !odd)
		return err_set(e, -EAGAIN, "it had not settled");
	if (n == 3 && trick == TRICK_FAIL) {
		*at = 1;
		return err_set(e, -EIO, "the second said no");
	}
	for (struct timespec t = { .tv_nsec = (long)(the_script()->seconds * 1e9) }; t.tv_nsec;
	     t.tv_nsec = 0)
		nanosleep(&t, NULL);
	assert_int_equal(w->node->id, 0);
	for (size_t i = 0; i < n; i++)
		m[i].value = number + 100 * (double)i;
	if (n != 3)
		return 0;
	assert_int_equal(((struct buffers *)m[1].buffers)->kind, 1);
	if (trick == TRICK_NEVER)
		m[2].value = NAN;
	if (trick == TRICK_WHY || (trick == TRICK_ODD && odd))
		assert_int_equal(member_no_figure(&m[2], "not within %d s", 3), 0);
	if (trick == TRICK_CORRUPT)
		record_status(&m[2].cell->rec, STATUS_CORRUPT, "bit 3");
	place(m, trick);
	return 0;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	struct buffers *b = buffers;

	(void)w;
	pages_on(p, the_script()->trick == TRICK_LOST && b->kind == 1 && b->proofs++ > 0);
	return 0;
}

static void close_site(struct worker *w, void *buffers)
{
	(void)w;
	free(buffers);
}

static void on_record(const struct record *r, void *to)
{
	struct script *k = to;
	json_t *o = record_to_json(r);

	assert_true(k->n < CELLS);
	record_init(&k->records[k->n]);
	assert_int_equal(record_from_json(&k->records[k->n++], o, NULL), 0);
	json_decref(o);
}

static void run(enum trick trick, struct session_options o, double seconds)
{
	const struct bench b = {
		.name = "fake",
		.plan = plan,
		.open = open_site,
		.sample = sample,
		.together = together,
		.prove = prove,
		.close = close_site,
	};
	struct script *k = the_script();
	const struct session_sink sink = { .record = on_record, .to = k };
	struct machine m = two_nodes();
	struct err e = { "" };

	for (size_t i = 0; i < k->n; i++)
		record_release(&k->records[i]);
	*k = (struct script){ .trick = trick, .seconds = seconds };
	o.seed = 3;
	assert_int_equal(session_run(&b, &o, &m, &sink, &e), 0);
	assert_int_equal(k->n, CELLS);
	assert_int_equal(k->refused, -EINVAL);
	machine_release(&m);
}

static void run_six(enum trick trick)
{
	struct session_options o = session_options_default();

	o.rounds = ROUNDS;
	o.budget_s = 20;
	run(trick, o, 0);
}

static const struct record *told(int cell)
{
	return &the_script()->records[cell];
}

static void assert_well(int cell, size_t samples)
{
	assert_string_equal(told(cell)->reason, "");
	assert_int_equal(told(cell)->status, STATUS_OK);
	assert_int_equal(told(cell)->samples.n, samples);
}

static void assert_ended(int cell, enum status status, const char *reason)
{
	assert_int_equal(told(cell)->status, status);
	assert_string_equal(told(cell)->reason, reason);
}

static void assert_ran_on(int cell, int node)
{
	assert_int_equal(told(cell)->placement.nran_on, 1);
	assert_int_equal(told(cell)->placement.ran_on[0], node);
	assert_int_equal(told(cell)->placement.resident[0].node, 0);
	assert_int_equal(told(cell)->placement.resident[0].pages, 7);
}

static void test_one_experiment_fills_all(void **state)
{
	(void)state;
	run_six(TRICK_NONE);
	for (int i = 0; i < CELLS; i++)
		assert_well(i, ROUNDS);
	for (size_t k = 0; k < ROUNDS; k++) {
		const struct record *first = told(FIRST);

		for (int i = SECOND; i <= THIRD; i++) {
			const struct record *r = told(i);

			/* of one and the same experiment */
			assert_true(r->samples.v[k] == first->samples.v[k] + 100 * (i - FIRST));
			assert_true(r->round.v[k] == first->round.v[k]);
			assert_true(r->fresh.v[k] == first->fresh.v[k]);
		}
	}
	assert_ran_on(FIRST, 0);
	assert_ran_on(SECOND, 1); /* though its cpu_node is 0 */
	assert_int_equal(told(SECOND)->cpu_node, 0);
	assert_ran_on(THIRD, 0);
	assert_ran_on(LONELY, 0);
}

/* Who has no figure of an experiment is not missed: the others keep theirs. */
static void test_no_figure(void **state)
{
	(void)state;
	run_six(TRICK_NEVER);
	assert_well(FIRST, ROUNDS);
	assert_well(SECOND, ROUNDS);
	assert_ended(THIRD, STATUS_SKIPPED, LEFT_OUT "no experiment came to this figure");
	assert_well(LONELY, ROUNDS);
	run_six(TRICK_WHY);
	assert_well(SECOND, ROUNDS);
	assert_ended(THIRD, STATUS_SKIPPED, "not within 3 s");
	assert_null(json_object_get(told(THIRD)->more, "no_figure"));
	run_six(TRICK_ODD); /* what it once said is forgotten */
	assert_well(SECOND, ROUNDS);
	assert_well(THIRD, ROUNDS / 2);
	assert_null(json_object_get(told(THIRD)->more, "no_figure"));
}

static void test_void(void **state)
{
	(void)state;
	run_six(TRICK_VOID);
	for (int i = FIRST; i <= LONELY; i++)
		assert_well(i, ROUNDS);
}

static void test_failure(void **state)
{
	(void)state;
	run_six(TRICK_FAIL);
	for (int i = FIRST; i <= THIRD; i++) {
		assert_ended(i, STATUS_FAILED, "the second said no");
		assert_int_equal(told(i)->samples.n, 0);
	}
	assert_well(ALONE, ROUNDS);
	assert_well(LONELY, ROUNDS);
	run_six(TRICK_CORRUPT);
	assert_ended(THIRD, STATUS_CORRUPT, "bit 3");
	assert_well(FIRST, 1); /* nobody goes on without it, and nobody else is blamed */
	assert_well(LONELY, ROUNDS);
}

static void test_placement(void **state)
{
	(void)state;
	run_six(TRICK_STRAY);
	assert_ended(SECOND, STATUS_MISPLACED, "a thread was seen on node 1, it belongs on node 0");
	assert_well(FIRST, ROUNDS);
	assert_well(THIRD, ROUNDS);
	run_six(TRICK_LOST);
	assert_ended(SECOND, STATUS_MISPLACED, "asked for node 0, found 7 pages on node 1");
	assert_well(FIRST, ROUNDS); /* on the other site */
	run_six(TRICK_PAGES);
	assert_well(SECOND, ROUNDS);
	assert_int_equal(told(SECOND)->placement.resident[0].node, 1);
	assert_int_equal(told(SECOND)->placement.requested, 1);
}

/* A group is left out as a whole, and counted by the time that all of it takes. */
static void test_budget(void **state)
{
	struct session_options o = session_options_default();

	(void)state;
	o.rounds = ROUNDS;
	o.budget_s = 0.5;
	run(TRICK_NONE, o, 0.06);
	assert_well(FIRST, ROUNDS); /* worth more than both others */
	assert_well(SECOND, ROUNDS);
	assert_ended(LONELY, STATUS_SKIPPED,
		     LEFT_OUT "enough rounds of every cell do not fit into the budget");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_experiment_fills_all),
		cmocka_unit_test(test_no_figure),
		cmocka_unit_test(test_void),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests_name("session-group", tests, NULL, NULL);
}
