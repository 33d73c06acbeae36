/* test-regime.c - the cores of a guest were moved while it was measured: all cells of the run say
 * so; and what the person who waits is told of it. */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/regime.h"
#include "unit.h"

static void test_words(void **state)
{
	static const struct {
		double seconds[3];
		size_t n;
		const char *words; /* NULL: nothing to say */
	} table[] = {
		{ { 0 }, 0, NULL },
		{ { 59.4e-9 }, 1, "between CPUs 0 and 1 a cache line passes in 59 ns" },
		{ { NAN }, 1, NULL },
		{ { NAN, NAN }, 2, NULL },
		{ { 58.6e-9, 59.4e-9 }, 2, "between 2 pairs of CPUs a cache line passes in 59 ns" },
		{ { 58.4e-9, 59.4e-9 },
		  2,
		  "between 2 pairs of CPUs a cache line passes in 58 to 59 ns" },
		{ { 180e-9, 61e-9, 100e-9 },
		  3,
		  "between 3 pairs of CPUs a cache line passes in 61 to 180 ns" },
		{ { 180e-9, NAN, 100e-9 },
		  3,
		  "between 2 pairs of CPUs a cache line passes in 100 to 180 ns" },
		{ { NAN, NAN, 100e-9 }, 3, "between 1 pair of CPUs a cache line passes in 100 ns" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct fingerprint f = { .n = table[i].n };
		char words[FINGERPRINT_WORDS];

		for (size_t k = 0; k < f.n; k++)
			f.pair[k] = (struct cpu_pair){ (int)(2 * k), (int)(2 * k + 1),
						       table[i].seconds[k] };
		assert_int_equal(fingerprint_words(&f, words, sizeof(words)),
				 table[i].words != NULL);
		assert_string_equal(words, table[i].words ? table[i].words : "");
	}
	assert_true(fingerprint_words(&(struct fingerprint){ .n = 1, .pair = { { 0, 1, 1e-7 } } },
				      (char[20]){ "" }, 20)); /* cut off, not beyond */
}

/* ---- a bench whose cells are always 7 ---- */

enum { CELLS = 3, FIRST_BAD = 2 };

struct script {
	double factor; /* what begin found is made this much longer; NaN: it found nothing */
	struct fingerprint before;
	char notes[400];
	struct record records[CELLS];
	size_t n;
};

static struct script *the_script(void)
{
	static struct script s; /* the bench's own option values, as session.h has it */

	return &s;
}

static int plan(struct session *s, struct err *e)
{
	int site = session_site(s, &(struct site){ .mem_node = -1, .gpu = -1 });

	(void)e;
	for (int i = 0; i < CELLS; i++) {
		struct cell c = { .variant = i, .worth = 1 };

		record_init(&c.rec);
		snprintf(c.rec.metric, sizeof(c.rec.metric), "metric%d", i);
		snprintf(c.rec.unit, sizeof(c.rec.unit), "s");
		record_set(&c.rec, "metric", "unit", NULL);
		assert_true(session_cell(s, (size_t)site, &c) >= 0);
	}
	return 0;
}

static int begin(struct session *s, struct err *e)
{
	struct script *k = the_script();
	int rc = regime_begin(s, &k->before, e);

	for (size_t i = 0; rc == 0 && i < k->before.n; i++)
		k->before.pair[i].seconds *= k->factor;
	return rc;
}

static void end(struct session *s)
{
	regime_end(s, &the_script()->before);
}

static int open_site(struct worker *w, const struct site *t, void **out, struct err *e)
{
	(void)w, (void)t, (void)e;
	*out = malloc(1);
	return *out ? 0 : -ENOMEM;
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	(void)w, (void)buffers;
	*value = 7;
	return c->variant == FIRST_BAD ? err_set(e, -EIO, "no figure") : 0;
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

static void on_note(const char *line, void *to)
{
	struct script *k = to;
	size_t used = strlen(k->notes);

	snprintf(k->notes + used, sizeof(k->notes) - used, "%s\n", line);
}

/* One node with a core for each of the first `ncores` CPUs that this process may use. */
static struct machine one_node(size_t ncores)
{
	struct machine m = { .live = true, .nnodes = 1 };
	struct node *n = m.nodes = calloc(1, sizeof(*m.nodes));
	int cpu = -1;

	*n = (struct node){ .allowed = true, .cores = calloc(ncores, sizeof(*n->cores)) };
	n->giveable_bytes = n->memory_bytes = n->free_bytes = KNOWN(1 << 20);
	sched_getaffinity(0, sizeof(n->cpus), (cpu_set_t *)(void *)&n->cpus);
	n->allowed_cpus = m.allowed_cpus = n->cpus;
	for (; n->ncores < ncores && (cpu = idset_next(&n->cpus, cpu)) >= 0; n->ncores++)
		idset_add(&n->cores[n->ncores].cpus, cpu);
	return m;
}

static bool run(double factor, size_t ncores)
{
	const struct bench b = { .name = "fake",
				 .plan = plan,
				 .begin = begin,
				 .open = open_site,
				 .sample = sample,
				 .close = close_site,
				 .end = end };
	struct session_options o = session_options_default();
	struct machine m = one_node(ncores);
	struct script *k = the_script();
	const struct session_sink sink = { .record = on_record, .note = on_note, .to = k };
	bool can = m.nodes[0].ncores == ncores;

	for (size_t i = 0; i < k->n; i++)
		record_release(&k->records[i]);
	*k = (struct script){ .factor = factor };
	o.rounds = 2;
	o.budget_s = 10;
	if (can)
		assert_int_equal(session_run(&b, &o, &m, &sink, NULL), 0);
	machine_release(&m);
	return can;
}

static bool told_both(const struct script *k)
{
	return strstr(k->notes, "before the first round: between CPUs") &&
	       strstr(k->notes, "after the last round: between CPUs");
}

static void test_marked(void **state)
{
	const struct script *k = the_script();

	(void)state;
	/* On a busy machine two cores may not run at once for so long that nothing can be told. */
	for (int tries = 0; tries < 10 && !told_both(k); tries++)
		if (!run(1000, 2))
			break;
	if (!told_both(k))
		skip();
	for (size_t i = 0; i < CELLS; i++)
		assert_int_equal(k->records[i].status,
				 i == FIRST_BAD ? STATUS_FAILED : STATUS_UNSTABLE);
	assert_non_null(strstr(k->records[0].reason, "pass a cache line in"));
	assert_non_null(strstr(k->records[0].reason, "and before in"));
	assert_string_equal(k->records[0].reason, k->records[1].reason);
}

/* Nothing to compare with, or no second core: nothing is marked. */
static void test_not_marked(void **state)
{
	const struct script *k = the_script();
	size_t cores[] = { 2, 1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		if (!run(NAN, cores[i]))
			continue;
		assert_int_equal(k->n, CELLS);
		assert_int_equal(k->records[0].status, STATUS_OK);
		assert_int_equal(k->records[1].status, STATUS_OK);
		if (cores[i] == 1)
			assert_null(strstr(k->notes, "a cache line passes"));
	}
	for (size_t i = 0; i < k->n; i++)
		record_release(&the_script()->records[i]);
	the_script()->n = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_marked),
		cmocka_unit_test(test_not_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
