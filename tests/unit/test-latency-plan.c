/* What mem-latency plans on machines put together by hand, at every depth. */
#include "planted.h"

#include <errno.h>

#include "kernels/chase_orders.h"
#include "kernels/latency_plan.h"
#include "measure/session.h"

static const struct bench bench = { .name = "mem-latency", .plan = latency_plan };

enum { MOST = 12000 };

struct seen {
	struct record *r; /* nothing of them is owned but their pairs */
	size_t n, skipped;
	char why[1000];
};

/* The pair is copied: the session will release its own. */
static void planned(const struct record *r, void *to)
{
	struct seen *s = to;

	assert_true(s->n < MOST);
	s->r[s->n] = *r;
	s->r[s->n].cpu_pair = (struct series){ 0 };
	if (r->cpu_pair.n == 2) {
		s->r[s->n].cpu_pair.v = malloc(2 * sizeof(double));
		memcpy(s->r[s->n].cpu_pair.v, r->cpu_pair.v, 2 * sizeof(double));
		s->r[s->n].cpu_pair.n = 2;
	}
	s->n++;
}

static void recorded(const struct record *r, void *to)
{
	struct seen *s = to;

	if (strstr(r->reason, "dry run"))
		return;
	s->skipped++;
	snprintf(s->why + strlen(s->why), sizeof(s->why) - strlen(s->why), "%s: %s\n", r->metric,
		 r->reason);
}

/* Forgets what was seen, and plans. */
static int plan(struct seen *s, const struct machine *m, struct session_options o)
{
	const struct session_sink sink = { .planned = planned, .record = recorded, .to = s };

	for (size_t i = 0; i < s->n; i++)
		free(s->r[i].cpu_pair.v);
	s->n = s->skipped = 0;
	s->why[0] = '\0';
	o.dry_run = true;
	return session_run(&bench, &o, m, &sink, NULL);
}

static size_t count(const struct seen *s, const char *metric, const char *field)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += strcmp(s->r[i].metric, metric) == 0 && (!field || record_has(&s->r[i], field));
	return n;
}

static void give_caches(struct machine *m, size_t groups, uint64_t bytes)
{
	for (size_t i = 0; i < m->nnodes; i++) {
		struct node *n = &m->nodes[i];

		n->caches = calloc(groups + 1, sizeof(*n->caches));
		n->ncaches = groups + 1;
		n->caches[groups] =
			(struct cache){ .level = 1, .bytes = 48 << 10, .cpus = n->cpus };
		for (size_t g = 0; g < groups; g++) {
			n->caches[g] = (struct cache){ .level = 3, .bytes = bytes };
			for (size_t c = g * n->ncores / groups; c < (g + 1) * n->ncores / groups;
			     c++)
				n->caches[g].cpus = idset_or(&n->caches[g].cpus, &n->cores[c].cpus);
		}
	}
}

struct bed {
	struct machine m;
	struct seen s;
};

static void setup(struct bed *b, size_t nodes, int cores)
{
	*b = (struct bed){ .s.r = calloc(MOST, sizeof(struct record)) };
	plant_machine(&b->m, nodes, cores, 0);
	give_caches(&b->m, cores < 4 ? 1 : 4, 32 << 20);
}

static void teardown(struct bed *b)
{
	for (size_t i = 0; i < b->s.n; i++)
		free(b->s.r[i].cpu_pair.v);
	free(b->s.r);
	machine_release(&b->m);
}

/* --quick: the matrix, and nothing else. */
static void test_depths(void **state)
{
	struct session_options o = session_options_default();
	struct bed b;

	(void)state;
	setup(&b, 2, 64);
	o.quick = true;
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(b.s.n, 4);
	assert_int_equal(count(&b.s, "latency", NULL), 4);
	for (size_t i = 0; i < b.s.n; i++)
		assert_true(b.s.r[i].threads == 1 && b.s.r[i].bytes == 512 << 20 &&
			    !record_has(&b.s.r[i], "pages_asked"));

	o.quick = false;
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(count(&b.s, "latency", NULL), 4 + 2); /* near cells in 4 KiB pages */
	assert_int_equal(count(&b.s, "latency", "pages_asked"), 2);
	assert_int_equal(count(&b.s, "loaded-latency", "load_step"), 2 * 6);
	assert_int_equal(count(&b.s, "core-to-core", "cpu_pair"), 32 * 31 / 2);

	o.thorough = true;
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(count(&b.s, "latency", "pages_asked"), 4 + 4);
	assert_int_equal(count(&b.s, "loaded-latency", NULL), 2 * 11);
	assert_int_equal(count(&b.s, "core-to-core", NULL), 128 * 127 / 2);
	assert_true(count(&b.s, "latency", NULL) > 12 + 2 * 20); /* working sets */
	assert_int_equal(b.s.skipped, 0);

	o.budget_s = 44; /* within a third of it: 1210 pairs */
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(count(&b.s, "core-to-core", NULL), 49 * 48 / 2);
	o.budget_s = 0.01; /* never none */
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(count(&b.s, "core-to-core", NULL), 1);
	teardown(&b);
}

/* Pages that were asked for are measured, and no others. */
static void test_options(void **state)
{
	struct session_options o = session_options_default();
	struct bed b;

	(void)state;
	setup(&b, 2, 4);
	o.pages = PAGES_4K;
	o.size = 1 << 20;
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(count(&b.s, "latency", NULL), 4);
	assert_int_equal(count(&b.s, "latency", "pages_asked"), 0);
	for (size_t i = 0; i < b.s.n; i++)
		assert_true(!record_has(&b.s.r[i], "bytes") || b.s.r[i].bytes == 1 << 20);
	o.nodes = "1";
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(count(&b.s, "core-to-core", NULL), 6);
	for (size_t i = 0; i < b.s.n; i++)
		assert_int_equal(b.s.r[i].cpu_node, 1);
	o.size = 63;
	assert_int_equal(plan(&b.s, &b.m, o), -EINVAL);
	teardown(&b);
}

/* No pair twice, no core with itself; the CPU node is that of the first CPU, and there is no
 * memory node. */
static void test_pairs(void **state)
{
	struct session_options o = session_options_default();
	static bool met[64][64];
	struct bed b;

	(void)state;
	setup(&b, 2, 8);
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(count(&b.s, "core-to-core", NULL), 16 * 15 / 2);
	for (size_t i = 0; i < b.s.n; i++) {
		const struct record *r = &b.s.r[i];
		size_t x, y;

		if (!record_has(r, "cpu_pair"))
			continue;
		x = (size_t)r->cpu_pair.v[0];
		y = (size_t)r->cpu_pair.v[1];
		assert_true(x < y && y < 32 && x % 2 == 0 && y % 2 == 0);
		assert_false(met[x][y]);
		met[x][y] = true;
		assert_int_equal(r->cpu_node, x / 16);
		assert_int_equal(r->threads, 2);
		assert_false(record_has(r, "mem_node") || record_has(r, "bytes"));
	}
	teardown(&b);
}

/* One core has nobody to load its memory, and nobody to pass a line to. */
static void test_alone(void **state)
{
	struct session_options o = session_options_default();
	struct bed b;

	(void)state;
	setup(&b, 1, 1);
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(b.s.n, 2);
	assert_int_equal(b.s.skipped, 2);
	assert_non_null(strstr(b.s.why, "core-to-core: there is one core"));
	assert_non_null(strstr(b.s.why, "loaded-latency: one core waits"));
	teardown(&b);

	setup(&b, 2, 8);
	b.m.cpu_quota_milli = KNOWN(1500);
	assert_int_equal(plan(&b.s, &b.m, o), 0);
	assert_int_equal(count(&b.s, "loaded-latency", NULL), 0);
	assert_int_equal(b.s.skipped, 3);
	assert_non_null(strstr(b.s.why, "CPU quota"));
	teardown(&b);
}

/* What a node can give: the chase is cut to it with its tables, and so is what loads it. */
static void test_memory(void **state)
{
	static const long long gives[] = { 64 << 20, 100 << 20, 333 << 20, 1 << 30, 2000ll << 20 };
	struct session_options o = session_options_default();
	struct bed b;

	(void)state;
	setup(&b, 1, 4);
	for (size_t i = 0; i < sizeof(gives) / sizeof(gives[0]); i++) {
		b.m.nodes[0].giveable_bytes = KNOWN(gives[i]);
		assert_int_equal(plan(&b.s, &b.m, o), 0);
		assert_int_equal(b.s.skipped, 0); /* nothing was too large to fit */
		for (size_t k = 0; k < b.s.n; k++)
			assert_true((double)b.s.r[k].bytes * CHASE_WITH_ORDER <=
				    (double)gives[i] / 2);
	}
	assert_true(chase_orders_bytes(512 << 20) == (512 + 64) << 20);
	assert_true(chase_orders_bytes(1) == 2 << 20);
	teardown(&b);
}

/* The sizes of a site are those of its cells, whatever else is planned. */
static void test_bytes(void **state)
{
	struct session_options o = session_options_default();
	struct site site = { .gpu = -1, .kind = LATENCY_USUAL };
	uint64_t last = 0;
	struct bed b;

	(void)state;
	setup(&b, 1, 4);
	assert_true(latency_bytes(&b.m, &o, &site) == 512 << 20);
	for (int i = 0; i < 20; i++) {
		site.kind = LATENCY_SIZES + i;
		assert_true(latency_bytes(&b.m, &o, &site) > last);
		last = latency_bytes(&b.m, &o, &site);
	}
	assert_true(latency_load(0) == 0 && latency_load(10) == 1);
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_depths), cmocka_unit_test(test_options),
		cmocka_unit_test(test_pairs),  cmocka_unit_test(test_alone),
		cmocka_unit_test(test_memory), cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
