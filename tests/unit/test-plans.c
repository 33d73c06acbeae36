/* test-plans.c - what mem-bandwidth plans on machines put together by hand; how long it and
 * mem-latency plan to take with --quick; and that no node ever holds more than half of what it can
 * give. */
#include "planted.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "front/front.h"
#include "front/request.h"
#include "kernels/latency_plan.h"
#include "kernels/stream_plan.h"
#include "measure/session.h"

static int plan_streams(struct session *s, struct err *e)
{
	return stream_plan(s, NULL, e);
}

static const struct planned_bench {
	const char *name;
	int (*plan)(struct session *s, struct err *e);
} benches[] = { { "mem-bandwidth", plan_streams }, { "mem-latency", latency_plan } };
enum { NBENCHES = sizeof(benches) / sizeof(benches[0]), MOST = 4096 };

struct seen {
	size_t n, matrix, curve, together, policies;
	double seconds; /* told by the plan */
	size_t records, left_out;
};

static void planned(const struct record *r, void *to)
{
	struct seen *s = to;
	bool joint = record_has(r, "together"), policy = record_has(r, "policy");

	s->n++;
	s->together += joint;
	s->policies += policy;
	s->curve += !joint && !policy && r->threads < 64;
	s->matrix += !joint && !policy && r->threads == 64;
}

static void noted(const char *line, void *to)
{
	struct seen *s = to;

	sscanf(line, "%*[^:]: 6 rounds of all take about %lf s", &s->seconds);
}

static void recorded(const struct record *r, void *to)
{
	struct seen *s = to;

	s->records++;
	s->left_out += strstr(r->reason, LEFT_OUT) != NULL;
}

/* One last-level cache a node. */
static void give_cache(struct machine *m, uint64_t bytes)
{
	for (size_t i = 0; i < m->nnodes; i++) {
		struct node *n = &m->nodes[i];

		n->caches = calloc(1, sizeof(*n->caches));
		n->ncaches = 1;
		n->caches[0] = (struct cache){ .level = 3, .bytes = bytes, .cpus = n->cpus };
	}
}

static struct seen plan(const struct planned_bench *b, const struct machine *m,
			struct session_options o)
{
	const struct bench bench = { .name = b->name, .plan = b->plan };
	struct seen seen = { 0 };
	const struct session_sink sink = {
		.planned = planned, .note = noted, .record = recorded, .to = &seen
	};

	o.dry_run = true;
	assert_int_equal(session_run(&bench, &o, m, &sink, NULL), 0);
	return seen;
}

static void test_depths(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;
	struct seen s;

	(void)state;
	plant_machine(&m, 2, 64, 0);
	o.quick = true;
	s = plan(&benches[0], &m, o);
	assert_int_equal(s.n, 3 * 4); /* triad, read, copy; two CPU nodes on two memory nodes */
	assert_int_equal(s.matrix, 3 * 4);

	o.quick = false;
	s = plan(&benches[0], &m, o);
	assert_int_equal(s.matrix, 7 * 4);
	assert_int_equal(s.curve, 2 * 2 * 6); /* triad and read, each node: 1, 2, 4 .. 32 */
	/* likewise, own nodes and all on one of two: each node, and their sum */
	assert_int_equal(s.together, 2 * 3 * 3);
	assert_true(s.policies >= 2 * 4 && s.policies <= 2 * 5); /* weighted: a new kernel */
	assert_int_equal(s.n, s.matrix + s.curve + s.together + s.policies);

	o.thorough = true;
	assert_true(plan(&benches[0], &m, o).n > s.n + 2 * 2 * 10); /* working sets */
	o.nodes = "1";
	o.thorough = false;
	s = plan(&benches[0], &m, o);
	assert_int_equal(s.matrix, 7);
	assert_int_equal(s.policies, 0);
	machine_release(&m);
}

/* The quick matrix of a server with 2 x 64 cores: at most 10 s, of both together, whether counted
 * by what is to be done or by what the front door gives them beside eight GPUs. */
static void test_quick(void **state)
{
	static const uint64_t caches[] = { 64 << 20, 256 << 20, 320 << 20 };
	struct session_options o = session_options_default();
	const struct request ask = { .quick = true };
	double all = 0, memory = 0;
	struct idset rows;
	struct machine m;

	(void)state;
	o.quick = true;
	for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
		double seconds = 0;

		plant_machine(&m, 2, 64, 8);
		give_cache(&m, caches[i]);
		for (size_t b = 0; b < NBENCHES; b++) {
			double its = plan(&benches[b], &m, o).seconds;

			assert_true(its >= 1);
			seconds += its;
		}
		assert_true(seconds <= 10);
		if (i == 0)
			assert_int_equal(tests_parse(NULL, true, &rows, NULL), 0);
		all = memory = 0;
		for (int row = -1; (row = idset_next(&rows, row)) >= 0;) {
			double weight = test_weight(&tests[row], &m, m.ngpus, false);

			all += weight;
			memory += strncmp(tests[row].name, "mem-", 4) ? 0 : weight;
		}
		machine_release(&m);
	}
	assert_true(memory > 0 && request_pace(&ask).budget_s * memory / all <= 10);
}

/* What has nothing to measure takes no time from the others. */
static void test_idle(void **state)
{
	static const struct {
		size_t nodes, gpus;
		bool quick, memory, migration, copies;
	} rows[] = {
		{ 1, 0, true, true, false, false },
		{ 1, 0, false, true, true, false },
		{ 2, 0, true, true, true, false },
		{ 1, 1, true, true, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct machine m;

		plant_machine(&m, rows[i].nodes, 4, rows[i].gpus);
		for (size_t t = 0; t < ntests; t++)
			assert_int_equal(test_has_work(&tests[t], &m, rows[i].quick),
					 tests[t].needs_gpu ? rows[i].copies
					 : strcmp(tests[t].name, "migration") == 0
						 ? rows[i].migration
						 : rows[i].memory);
		machine_release(&m);
	}
}

/* Larger caches, larger arrays, more time: the figure is made of what is to be done. */
static void test_seconds(void **state)
{
	struct session_options o = session_options_default();
	struct machine m;

	(void)state;
	for (size_t b = 0; b < NBENCHES; b++) {
		double small, large;

		plant_machine(&m, 2, 2, 0);
		small = plan(&benches[b], &m, o).seconds;
		o.quick = true;
		assert_true(plan(&benches[b], &m, o).seconds < small);
		o.quick = false;
		give_cache(&m, 1 << 30);
		large = plan(&benches[b], &m, o).seconds;
		assert_true(large > 2 * small);
		machine_release(&m);
	}
}

/* ---- memory ---- */

/* What is open on each node at this moment and was at the most, over all workers. */
struct held {
	atomic_ullong now[2], most[2], opened;
};

static struct held *held(void)
{
	static struct held *shared; /* workers are processes of their own */

	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	return shared;
}

static unsigned long long bytes_on(const struct site *t, int node)
{
	double share = t->mem_node == node ? 1 : spread_share(&t->spread, node);

	return (unsigned long long)((double)t->bytes * share);
}

static int hold(struct worker *w, const struct site *t, void **buffers, struct err *e)
{
	(void)w, (void)e;
	*buffers = malloc(sizeof(*t));
	memcpy(*buffers, t, sizeof(*t));
	for (int n = 0; n < 2; n++) {
		unsigned long long bytes = bytes_on(t, n);
		unsigned long long now = atomic_fetch_add(&held()->now[n], bytes) + bytes;

		if (now > atomic_load(&held()->most[n]))
			atomic_store(&held()->most[n], now);
	}
	atomic_fetch_add(&held()->opened, 1);
	return 0;
}

static void let_go(struct worker *w, void *buffers)
{
	(void)w;
	for (int n = 0; n < 2; n++)
		atomic_fetch_sub(&held()->now[n], bytes_on(buffers, n));
	free(buffers);
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	(void)w, (void)buffers, (void)c, (void)e;
	*value = 1;
	return 0;
}

static int together(struct worker *w, struct member *members, size_t n, size_t *at, struct err *e)
{
	(void)w, (void)at, (void)e;
	for (size_t i = 0; i < n; i++)
		members[i].value = 1;
	return 0;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	(void)w, (void)buffers;
	p->proof = PROOF_MOVE_PAGES;
	return 0;
}

/* Two nodes of real CPUs, which both nodes have. */
static struct machine live_nodes(long long gives0, long long gives1)
{
	const long long gives[] = { gives0, gives1 };
	struct machine m;
	cpu_set_t here;

	plant_machine(&m, 2, 1, 0);
	sched_getaffinity(0, sizeof(here), &here);
	for (int i = 0; i < 2; i++) {
		struct node *n = &m.nodes[i];

		memset(&n->cpus, 0, sizeof(n->cpus));
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
			if (CPU_ISSET((size_t)cpu, &here)) {
				idset_add(&n->cpus, cpu);
				break;
			}
		n->cores[0].cpus = n->allowed_cpus = m.allowed_cpus = n->cpus;
		n->giveable_bytes = KNOWN(gives[i]);
	}
	give_cache(&m, 512 << 20);
	return m;
}

static void test_half(void **state)
{
	static const long long gives[][2] = {
		{ 1ll << 40, 1ll << 40 }, { 32ll << 30, 32ll << 30 }, { 16ll << 30, 4ll << 30 },
		{ 1ll << 30, 6ll << 30 }, { 40ll << 20, 1ll << 30 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(gives) / sizeof(gives[0]); i++)
		for (size_t b = 0; b < NBENCHES; b++) {
			const struct bench bench = { .name = benches[b].name,
						     .plan = benches[b].plan,
						     .open = hold,
						     .sample = sample,
						     .together = together,
						     .prove = prove,
						     .close = let_go };
			struct session_options o = session_options_default();
			struct machine m = live_nodes(gives[i][0], gives[i][1]);
			struct seen seen = { 0 };
			const struct session_sink sink = { .record = recorded, .to = &seen };

			o.rounds = 2;
			memset(held(), 0, sizeof(*held()));
			assert_int_equal(session_run(&bench, &o, &m, &sink, NULL), 0);
			assert_true(seen.records > 4 && held()->opened > 4);
			for (int n = 0; n < 2; n++) {
				assert_true(held()->most[n] > 0);
				assert_true(held()->most[n] <= (unsigned long long)gives[i][n] / 2);
				assert_int_equal(held()->now[n], 0);
			}
			machine_release(&m);
		}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_depths), cmocka_unit_test(test_quick),
		cmocka_unit_test(test_idle),   cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_half),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
