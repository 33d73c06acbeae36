/* test-session.c - a session over a bench that does as it is told: rounds,
 * openings, budget, memory, crashes, hangs. One node, the CPUs there are. */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/session.h"
#include "unit.h"

enum { SITES = 2, VARIANTS = 3, CELLS = SITES * VARIANTS };

enum trick {
	TRICK_NONE,
	TRICK_CRASH, /* ends its worker by a signal */
	TRICK_HANG,
	TRICK_FAIL, /* answers with an error */
	TRICK_CORRUPT,
	TRICK_NO_OPEN,  /* the buffers cannot be had */
	TRICK_MISPLACE, /* pages on another node at the second proof */
};

/* What the bench shall do; read by the workers, which are forks. */
struct script {
	enum trick trick;
	int trick_site, trick_variant, trick_fresh;
	double sample_s;
	uint64_t site_bytes;
	int gpu; /* of site 0 */
};

struct told {
	struct record records[16];
	size_t n, planned;
	char notes[1000];
};

static struct script *the_script(void)
{
	static struct script s; /* the bench's own option values, as session.h has it */

	return &s;
}

static int plan(struct session *s, struct err *e)
{
	struct script *k = the_script();

	(void)e;
	for (int i = 0; i < SITES; i++) {
		struct site t = { .gpu = i == 0 ? k->gpu : -1, .bytes = k->site_bytes, .kind = i };
		int site = session_site(s, &t);

		for (int v = 0; v < VARIANTS; v++) {
			struct cell c = { .variant = v, .worth = 10 - v };

			record_init(&c.rec);
			snprintf(c.rec.metric, sizeof c.rec.metric, "metric%d", i * 10 + v);
			snprintf(c.rec.unit, sizeof c.rec.unit, "s");
			c.rec.better = BETTER_LOWER;
			record_set(&c.rec, "metric", "unit", "better", NULL);
			assert_true(session_cell(s, (size_t)site, &c) >= 0);
		}
	}
	return 0;
}

struct buffers {
	int kind, fresh, proofs;
};

static int open_site(struct worker *w, const struct site *t, void **out, struct err *e)
{
	struct script *k = the_script();
	struct buffers *b = calloc(1, sizeof *b);

	if (k->trick == TRICK_NO_OPEN && k->trick_site == t->kind) {
		free(b);
		return err_set(e, -ENOMEM, "no room for it");
	}
	b->kind = t->kind;
	b->fresh = w->fresh;
	*out = b;
	return 0;
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	struct script *k = the_script();
	struct buffers *b = buffers;
	bool now = k->trick_site == b->kind && k->trick_variant == c->variant &&
		   k->trick_fresh == b->fresh;

	(void)w;
	usleep((useconds_t)(k->sample_s * 1e6));
	if (now && k->trick == TRICK_CRASH)
		raise(SIGKILL);
	if (now && k->trick == TRICK_HANG)
		for (;;)
			pause();
	if (now && k->trick == TRICK_FAIL)
		return err_set(e, -EIO, "the device said no");
	if (now && k->trick == TRICK_CORRUPT)
		record_status(&c->rec, STATUS_CORRUPT, "bit 3 at offset 4096");
	c->rec.verified = true;
	record_set(&c->rec, "verified", NULL);
	*value = 1 + c->variant + 0.01 * b->fresh;
	return 0;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	struct script *k = the_script();
	struct buffers *b = buffers;
	bool away = k->trick == TRICK_MISPLACE && k->trick_site == b->kind && b->proofs++ > 0;

	(void)w;
	p->resident = calloc(1, sizeof *p->resident);
	p->resident[0] = (struct resident){ .node = away ? 1 : 0, .pages = 7 };
	p->nresident = 1;
	p->proof = PROOF_MOVE_PAGES;
	return 0;
}

static void close_site(struct worker *w, void *buffers)
{
	(void)w;
	free(buffers);
}

static struct machine one_node(void)
{
	struct machine m = { .live = true, .nnodes = 1 };
	struct node *n = calloc(1, sizeof *n);
	cpu_set_t mask;

	sched_getaffinity(0, sizeof mask, &mask);
	for (int c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET((size_t)c, &mask))
			idset_add(&n->cpus, c);
	n->allowed_cpus = m.allowed_cpus = n->cpus;
	n->allowed = true;
	n->cores = calloc(1, sizeof *n->cores);
	n->ncores = 1;
	idset_add(&n->cores[0].cpus, idset_next(&n->cpus, -1));
	n->memory_bytes = n->free_bytes = n->giveable_bytes = KNOWN(1 << 30);
	m.nodes = n;
	return m;
}

static void on_record(const struct record *r, void *to)
{
	struct told *t = to;
	json_t *o = record_to_json(r);

	assert_true(t->n < 16);
	record_init(&t->records[t->n]);
	assert_int_equal(record_from_json(&t->records[t->n], o, NULL), 0);
	t->n++;
	json_decref(o);
}

static void on_planned(const struct record *r, void *to)
{
	struct told *t = to;

	(void)r;
	t->planned++;
}

static void on_note(const char *line, void *to)
{
	struct told *t = to;
	size_t n = strlen(t->notes);

	snprintf(t->notes + n, sizeof t->notes - n, "%s\n", line);
}

static const volatile sig_atomic_t *no_stop(void)
{
	return NULL;
}

static int run(const struct script *k, struct session_options o, struct told *t,
	       const volatile sig_atomic_t *stop)
{
	const struct bench b = {
		.name = "fake",
		.own = the_script(),
		.plan = plan,
		.open = open_site,
		.sample = sample,
		.prove = prove,
		.close = close_site,
	};
	struct session_sink sink = {
		.record = on_record, .planned = on_planned, .note = on_note, .to = t, .stop = stop
	};
	struct machine m = one_node();
	struct err e = { "" };
	int rc;

	*the_script() = *k;
	*t = (struct told){ 0 };
	rc = session_run(&b, &o, &m, &sink, &e);
	machine_release(&m);
	return rc;
}

static void forget(struct told *t)
{
	for (size_t i = 0; i < t->n; i++)
		record_release(&t->records[i]);
}

static struct session_options six_rounds(void)
{
	struct session_options o = session_options_default();

	o.rounds = 6;
	o.budget_s = 20;
	o.seed = 5;
	return o;
}

static const struct script plain = { .gpu = -1, .site_bytes = 4096 };

static void test_rounds(void **state)
{
	struct told t;

	(void)state;
	assert_int_equal(run(&plain, six_rounds(), &t, no_stop()), 0);
	assert_int_equal(t.planned, CELLS);
	assert_int_equal(t.n, CELLS);
	for (size_t i = 0; i < t.n; i++) {
		struct record *r = &t.records[i];

		assert_int_equal(r->status, STATUS_OK);
		assert_int_equal(r->samples.n, 6);
		for (size_t k = 0; k < 6; k++) {
			assert_int_equal((int)r->round.v[k], k);
			assert_int_equal((int)r->fresh.v[k], k / 2); /* three openings */
			assert_true(r->samples.v[k] ==
				    1 + (int)i % VARIANTS + 0.01 * (double)(k / 2));
		}
		assert_true(record_has(r, "low") && r->low <= r->median && r->median <= r->high);
		assert_int_equal(r->placement.nran_on, 1);
		assert_int_equal(r->placement.ran_on[0], 0);
		assert_true(r->verified);
	}
	forget(&t);
}

/* Over many rounds every cell comes first now and then. */
static void test_interleaved(void **state)
{
	struct session_options o = six_rounds();
	int first[CELLS] = { 0 }, firsts = 0;
	struct told t;

	(void)state;
	o.rounds = 40;
	assert_int_equal(run(&(struct script){ .gpu = -1, .sample_s = 0.001 }, o, &t, no_stop()),
			 0);
	for (size_t k = 0; k < t.records[0].samples.n; k++) {
		size_t earliest = 0;

		for (size_t i = 1; i < t.n; i++)
			if (t.records[i].at.v[k] < t.records[earliest].at.v[k])
				earliest = i;
		first[earliest]++;
	}
	for (size_t i = 0; i < CELLS; i++)
		firsts += first[i] > 0;
	assert_true(firsts >= 3);
	forget(&t);
}

static void test_faults(void **state)
{
	static const struct {
		enum trick trick;
		int gpu;
		size_t bad; /* records not ok */
		enum status status;
		const char *reason;
	} rows[] = {
		{ TRICK_CRASH, -1, 1, STATUS_CRASHED, "signal 9" },
		{ TRICK_FAIL, -1, 1, STATUS_FAILED, "the device said no" },
		{ TRICK_CORRUPT, -1, 1, STATUS_CORRUPT, "bit 3 at offset 4096" },
		{ TRICK_NO_OPEN, -1, 3, STATUS_FAILED, "no room for it" },
		{ TRICK_MISPLACE, -1, 3, STATUS_MISPLACED, "node 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct script k = plain;
		struct told t;
		size_t bad = 0;

		k.trick = rows[i].trick;
		k.trick_variant = 1;
		k.trick_fresh = 1;
		assert_int_equal(run(&k, six_rounds(), &t, no_stop()), 0);
		assert_int_equal(t.n, CELLS);
		for (size_t j = 0; j < t.n; j++) {
			if (t.records[j].status == STATUS_OK) {
				assert_int_equal(t.records[j].samples.n, 6);
				continue;
			}
			bad++;
			assert_int_equal(t.records[j].status, rows[i].status);
			assert_non_null(strstr(t.records[j].reason, rows[i].reason));
		}
		assert_int_equal(bad, rows[i].bad);
		forget(&t);
	}
}

/* A hang closes the whole GPU; the other site is measured in full. */
static void test_hang(void **state)
{
	struct session_options o = six_rounds();
	struct script k = plain;
	struct told t;

	(void)state;
	k.trick = TRICK_HANG;
	k.gpu = 2;
	o.budget_s = 1; /* the step's deadline is then its least, 10 s */
	assert_int_equal(run(&k, o, &t, no_stop()), 0);
	for (size_t i = 0; i < t.n; i++)
		assert_int_equal(t.records[i].status, i < VARIANTS ? STATUS_TIMEOUT : STATUS_OK);
	assert_non_null(strstr(t.records[1].reason, "GPU 2 is used no more"));
	forget(&t);
}

static void test_budget(void **state)
{
	struct session_options o = six_rounds();
	struct script k = plain;
	struct told t;
	size_t left_out = 0;

	(void)state;
	k.sample_s = 0.05; /* six rounds of six cells take 1.8 s */
	o.budget_s = 1.2;
	assert_int_equal(run(&k, o, &t, no_stop()), 0);
	for (size_t i = 0; i < t.n; i++) {
		if (t.records[i].status == STATUS_SKIPPED) {
			assert_non_null(strstr(t.records[i].reason, "budget"));
			assert_int_not_equal(t.records[i].metric[strlen(t.records[i].metric) - 1],
					     '0');
			left_out++;
		} else {
			assert_int_equal(t.records[i].samples.n, 6);
		}
	}
	assert_true(left_out >= 1 && left_out < CELLS);
	assert_non_null(strstr(t.notes, "left out"));
	forget(&t);
}

static void test_memory(void **state)
{
	struct script k = plain;
	struct told t;

	(void)state;
	k.site_bytes = (1 << 29) + 4096; /* more than half of what the node gives */
	assert_int_equal(run(&k, six_rounds(), &t, no_stop()), 0);
	for (size_t i = 0; i < t.n; i++) {
		assert_int_equal(t.records[i].status, STATUS_SKIPPED);
		assert_non_null(strstr(t.records[i].reason, "1 GiB that node 0 can give"));
	}
	forget(&t);
	k.site_bytes = 1 << 29; /* each fits, both together do not: one at a time */
	assert_int_equal(run(&k, six_rounds(), &t, no_stop()), 0);
	for (size_t i = 0; i < t.n; i++)
		assert_int_equal(t.records[i].samples.n, 6);
	forget(&t);
}

static void test_stop_and_dry_run(void **state)
{
	volatile sig_atomic_t stop = 1;
	struct session_options o = six_rounds();
	struct told t;

	(void)state;
	assert_int_equal(run(&plain, o, &t, &stop), -ECANCELED);
	assert_int_equal(t.n, CELLS);
	assert_non_null(strstr(t.records[0].reason, "stopped"));
	forget(&t);
	o.dry_run = true;
	assert_int_equal(run(&plain, o, &t, no_stop()), 0);
	assert_int_equal(t.records[0].status, STATUS_SKIPPED);
	assert_non_null(strstr(t.records[0].reason, "dry run"));
	forget(&t);
	o = six_rounds();
	o.nodes = "3";
	assert_true(run(&plain, o, &t, no_stop()) < 0);
	assert_int_equal(t.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),           cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_faults),           cmocka_unit_test(test_hang),
		cmocka_unit_test(test_budget),           cmocka_unit_test(test_memory),
		cmocka_unit_test(test_stop_and_dry_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
