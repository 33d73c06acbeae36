/* test-session-hooks.c - what a bench does before the first round and after the last, and buffers
 * that lie on several nodes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/session.h"
#include "session_nodes.h"
#include "unit.h"

enum { SITES = 2, ROUNDS = 2 };

struct script {
	bool begin_fails, mark;
	uint64_t bytes; /* of a site that lies on both nodes, three parts of four on node 1 */
	int begun, ended, opened_before;
	char notes[400];
	struct record records[SITES];
	size_t n;
};

static struct script *the_script(void)
{
	static struct script s; /* the bench's own option values, as session.h has it */

	return &s;
}

static int plan(struct session *s, struct err *e)
{
	struct site one = { .mem_node = 0, .gpu = -1, .bytes = 1000 };
	struct site both = { .mem_node = -1,
			     .gpu = -1,
			     .bytes = the_script()->bytes,
			     .spread = { .n = 2, .of = { { 0, 1 }, { 1, 3 } } } };
	struct site other = both;
	int first = session_site(s, &one), second = session_site(s, &both);

	(void)e;
	assert_int_equal(session_site(s, &both), second);
	other.spread.of[1].weight = 4;
	assert_int_not_equal(session_site(s, &other), second); /* has no cell */
	for (int i = 0; i < SITES; i++) {
		struct cell c = { .variant = i, .worth = 1 };

		record_init(&c.rec);
		snprintf(c.rec.metric, sizeof c.rec.metric, "metric%d", i);
		snprintf(c.rec.unit, sizeof c.rec.unit, "B/s");
		record_set(&c.rec, "metric", "unit", NULL);
		assert_true(session_cell(s, (size_t)(i ? second : first), &c) >= 0);
	}
	return 0;
}

static int begin(struct session *s, struct err *e)
{
	struct script *k = the_script();

	k->begun++;
	session_note(s, "begun on %zu nodes", session_machine(s)->nnodes);
	return k->begin_fails ? err_set(e, -EIO, "the machine is not itself") : 0;
}

static void end(struct session *s)
{
	the_script()->ended++;
	if (the_script()->mark)
		session_mark_all(s, STATUS_UNSTABLE, "the cores were moved");
}

static int open_site(struct worker *w, const struct site *t, void **out, struct err *e)
{
	(void)w, (void)e;
	*out = malloc(sizeof *t);
	memcpy(*out, t, sizeof *t);
	return 0;
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	(void)w, (void)buffers, (void)e;
	*value = 7;
	if (c->variant == 0)
		record_status(&c->rec, STATUS_UNSTABLE, "seen already");
	return 0;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	const struct site *t = buffers;

	(void)w;
	p->resident = calloc(2, sizeof *p->resident);
	p->resident[0] = (struct resident){ 0, 100 };
	p->resident[1] = (struct resident){ 1, 300 };
	p->nresident = t->spread.n ? 2 : 1;
	p->proof = PROOF_MOVE_PAGES;
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

	assert_true(k->n < SITES);
	record_init(&k->records[k->n]);
	assert_int_equal(record_from_json(&k->records[k->n++], o, NULL), 0);
	json_decref(o);
}

static void on_note(const char *line, void *to)
{
	struct script *k = to;
	size_t used = strlen(k->notes);

	snprintf(k->notes + used, sizeof k->notes - used, "%s\n", line);
}

static int run(struct script k, bool dry, struct err *e)
{
	const struct bench b = {
		.name = "fake",
		.own = the_script(),
		.plan = plan,
		.begin = begin,
		.open = open_site,
		.sample = sample,
		.prove = prove,
		.close = close_site,
		.end = end,
	};
	struct session_options o = { .pages = -1, .rounds = ROUNDS, .dry_run = dry, .seed = 1 };
	struct session_sink sink = { .record = on_record, .note = on_note, .to = the_script() };
	struct machine m = two_nodes();
	int rc;

	*the_script() = k;
	rc = session_run(&b, &o, &m, &sink, e);
	free(m.nodes[0].cores);
	free(m.nodes);
	return rc;
}

static void forget(void)
{
	for (size_t i = 0; i < the_script()->n; i++)
		record_release(&the_script()->records[i]);
}

static void test_once_each(void **state)
{
	const struct script *k = the_script();
	struct err e = { "" };

	(void)state;
	assert_int_equal(run((struct script){ .bytes = 4000 }, false, &e), 0);
	assert_true(k->begun == 1 && k->ended == 1);
	assert_non_null(strstr(k->notes, "begun on 2 nodes"));
	assert_int_equal(k->n, SITES);
	assert_int_equal(k->records[1].status, STATUS_OK);
	forget();
	/* Nothing is measured, and nothing looked at. */
	assert_int_equal(run((struct script){ .bytes = 4000 }, true, &e), 0);
	assert_true(k->begun == 0 && k->ended == 0);
	forget();
}

static void test_marks(void **state)
{
	const struct script *k = the_script();
	struct err e = { "" };

	(void)state;
	assert_int_equal(run((struct script){ .bytes = 4000, .mark = true }, false, &e), 0);
	assert_int_equal(k->records[1].status, STATUS_UNSTABLE);
	assert_string_equal(k->records[1].reason, "the cores were moved");
	assert_int_equal(k->records[1].samples.n, ROUNDS);
	assert_string_equal(k->records[0].reason, "seen already"); /* the first reason stays */
	forget();
}

static void test_begin_fails(void **state)
{
	const struct script *k = the_script();
	struct err e = { "" };

	(void)state;
	assert_int_equal(run((struct script){ .bytes = 4000, .begin_fails = true }, false, &e),
			 -EIO);
	assert_string_equal(e.text, "the machine is not itself");
	assert_int_equal(k->ended, 0);
	for (size_t i = 0; i < k->n; i++)
		assert_int_equal(k->records[i].status, STATUS_SKIPPED);
	forget();
}

/* Its record has no memory node, but the weights, and where its pages were found. */
static void test_spread(void **state)
{
	const struct record *r = &the_script()->records[1];
	struct err e = { "" };

	(void)state;
	assert_int_equal(run((struct script){ .bytes = 4000 }, false, &e), 0);
	assert_false(record_has(r, "mem_node"));
	assert_true(record_has(r, "cpu_node") && record_has(r, "placement"));
	assert_int_equal(r->placement.spread.n, 2);
	assert_int_equal(r->placement.nresident, 2);
	assert_int_equal(r->placement.proof, PROOF_MOVE_PAGES);
	forget();
}

/* A node may give half of 1 MiB, and gets three parts of four. */
static void test_memory(void **state)
{
	static const struct {
		uint64_t bytes;
		bool fits;
	} rows[] = { { 699050, true }, { 699052, false } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct record *r = &the_script()->records[1];
		struct err e = { "" };

		assert_int_equal(run((struct script){ .bytes = rows[i].bytes }, false, &e), 0);
		assert_int_equal(r->status, rows[i].fits ? STATUS_OK : STATUS_SKIPPED);
		if (!rows[i].fits)
			assert_non_null(strstr(r->reason, "that node 1 can give"));
		assert_true(the_script()->records[0].samples.n > 0);
		forget();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_each),   cmocka_unit_test(test_marks),
		cmocka_unit_test(test_begin_fails), cmocka_unit_test(test_spread),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("session-hooks", tests, NULL, NULL);
}
