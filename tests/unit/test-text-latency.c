/* What the report says of mem-latency, of records put together by hand. */
#include "planted.h"

#include "render/text.h"

enum { SAMPLES = 12 };

struct bed {
	struct result res;
	char *text;
	size_t size;
};

static struct record *add(struct bed *b, const char *metric, double value, int cpu_node,
			  int mem_node)
{
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof(r.test), "mem-latency");
	snprintf(r.metric, sizeof(r.metric), "%s", metric);
	snprintf(r.unit, sizeof(r.unit), "s");
	r.better = BETTER_LOWER;
	r.cpu_node = cpu_node;
	r.mem_node = mem_node;
	r.bytes = 1 << 30;
	r.pages = PAGES_THP;
	record_set(&r, "test", "metric", "unit", "better", "cpu_node", NULL);
	if (mem_node >= 0)
		record_set(&r, "mem_node", "bytes", "pages", NULL);
	for (int i = 0; i < SAMPLES; i++)
		record_sample(&r, value * (1 + 1e-4 * (i - 6)), i, i, i / 4);
	record_summarise(&r);
	assert_int_equal(result_add(&b->res, &r), 0);
	return &b->res.records[b->res.nrecords - 1];
}

static void setup(struct bed *b, size_t nodes, int cores)
{
	*b = (struct bed){ 0 };
	result_init(&b->res);
	plant_machine(&b->res.machine, nodes, cores, 0);
}

/* The section as it would be printed. */
static const char *print(struct bed *b)
{
	const struct render_options o = { .width = 80 };
	struct text t = { .res = &b->res, .o = &o, .width = 80 };

	free(b->text);
	t.out = open_memstream(&b->text, &b->size);
	assert_non_null(t.out);
	assert_int_equal(text_memory_latency(&t), 0);
	fclose(t.out);
	return b->text;
}

static void teardown(struct bed *b)
{
	free(b->text);
	result_release(&b->res);
}

static void has(struct bed *b, const char *part)
{
	if (!strstr(b->text, part))
		fail_msg("not there: \"%s\" in\n%s", part, b->text);
}

static void lacks(struct bed *b, const char *part)
{
	if (strstr(b->text, part))
		fail_msg("should not be there: \"%s\" in\n%s", part, b->text);
}

static void test_nothing(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 4);
	assert_string_equal(print(&b), "");
	teardown(&b);
}

static void add_small_pages(struct bed *b, double value, int node)
{
	struct record *r = add(b, "latency", value, node, node);

	r->pages_asked = r->pages = PAGES_4K;
	record_set(r, "pages_asked", NULL);
}

static void test_pages(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 4);
	for (int cpu = 0; cpu < 2; cpu++)
		for (int mem = 0; mem < 2; mem++)
			add(&b, "latency", cpu == mem ? 89.3e-9 : 141.7e-9, cpu, mem);
	print(&b);
	has(&b, "Memory latency, ns; columns: the node whose CPUs work");
	has(&b, "141.7");
	lacks(&b, "transparent"); /* the matrix says it all */
	add_small_pages(&b, 101.3e-9, 0);
	add_small_pages(&b, 89.8e-9, 1);
	print(&b);
	has(&b, "node 0, transparent huge pages");
	has(&b, "node 1, 4 KiB pages");
	has(&b, "node 0: 4 KiB pages cost 12 ns more (13 %");
	has(&b, "node 1: whether 4 KiB pages cost more is answered: less than 3 %");
	teardown(&b);

	setup(&b, 1, 4); /* there is no matrix, and the figure must not be lost */
	add(&b, "latency", 89.3e-9, 0, 0);
	print(&b);
	has(&b, "89.3 ns");
	lacks(&b, "columns:");
	teardown(&b);
}

static void add_sizes(struct bed *b, int node)
{
	for (uint64_t bytes = 8 << 10; bytes < 1 << 30; bytes *= 2) {
		double v = bytes <= 48 << 10 ? 1.2e-9 : bytes <= 2 << 20 ? 4.5e-9 : 89.3e-9;
		struct record *r = add(b, "latency", v, node, node);

		r->bytes = bytes;
		r->undersized = true;
		record_set(r, "undersized", NULL);
	}
}

/* Smaller sets are of caches: they stand in no matrix, in whatever order they come. */
static void test_sizes(void **state)
{
	struct node *n;
	struct bed b;

	(void)state;
	setup(&b, 2, 4);
	n = &b.res.machine.nodes[0];
	n->caches = calloc(1, sizeof(*n->caches));
	n->ncaches = 1;
	n->caches[0] = (struct cache){ .level = 2, .bytes = 2 << 20, .cpus = n->cpus };
	add_sizes(&b, 0);
	for (int cpu = 0; cpu < 2; cpu++)
		for (int mem = 0; mem < 2; mem++)
			add(&b, "latency", cpu == mem ? 89.3e-9 : 141.7e-9, cpu, mem);
	add_sizes(&b, 1);
	print(&b);
	has(&b, "node 0      89.3+  141.7-");
	has(&b, "Latency by working set");
	has(&b, "up to 32 KiB  1.20 ns");
	has(&b, "up to 2 MiB  4.50 ns  level 2, 2 MiB");
	has(&b, "beyond 2 MiB  89.3 ns");
	teardown(&b);
}

/* As noisy as a machine on which others work: an interval of so much either way. */
static void spread(struct record *r, double share)
{
	r->low = r->median * (1 - share);
	r->high = r->median * (1 + share);
}

static void add_load(struct bed *b, int node, int step, double injected, double value)
{
	struct record *r = add(b, "loaded-latency", value, node, node);

	r->load_step = step;
	r->injected = injected;
	record_set(r, "load_step", "injected", NULL);
}

/* What the intervals do not bear is not said. */
static void test_loaded_and_noisy(void **state)
{
	static const struct {
		double ends, noise; /* times as long in the end, and the noise of either */
		const char *said;
	} rows[] = {
		{ 1.05, 0.01, "latency rises by less than a quarter up to 40.0 GB/s" },
		{ 1.05, 0.12,
		  "the figures vary too much to say whether latency rises by a quarter" },
		{ 1.30, 0.12,
		  "the figures vary too much to say whether latency rises by a quarter" },
		{ 1.60, 0.05, "and does not double up to 40.0 GB/s" },
		{ 1.80, 0.12,
		  "the figures vary too much to say whether it doubles up to 40.0 GB/s" },
		{ 2.80, 0.12, "and doubles beyond 26.9 GB/s" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bed b;

		setup(&b, 1, 4);
		add_load(&b, 0, 0, 0, 100e-9);
		add_load(&b, 0, 10, 40e9, rows[i].ends * 100e-9);
		for (size_t k = 0; k < b.res.nrecords; k++)
			spread(&b.res.records[k], rows[i].noise);
		print(&b);
		for (char *c = b.text; (c = strstr(c, "\n  "));) /* unfolded */
			memmove(c, c + 2, strlen(c + 2) + 1), *c = ' ';
		has(&b, rows[i].said);
		teardown(&b);
	}
}

static void test_loaded(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 4);
	add_load(&b, 0, 10, 40e9, 300e-9);
	add_load(&b, 0, 0, 0, 100e-9);
	add_load(&b, 0, 4, 20e9, 110e-9);
	add_load(&b, 0, 8, 38e9, 200e-9);
	add_load(&b, 1, 0, 0, 100e-9);
	add_load(&b, 1, 10, 12e9, 104e-9);
	print(&b);
	has(&b, "node 0: latency is up by a quarter at 23.8 GB/s, and doubles beyond 38.0 GB/s");
	has(&b, "node 1: latency rises by less than a quarter up to 12.0 GB/s");
	lacks(&b, "vary too much");
	assert_true(strstr(b.text, "20.0  110.0 ns") < strstr(b.text, "40.0  300.0 ns"));
	lacks(&b, "columns:"); /* no matrix of it */
	teardown(&b);
}

static void add_pairs(struct bed *b, int n, int per_node)
{
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++) {
			bool one_node = i / per_node == j / per_node;
			struct record *r =
				add(b, "core-to-core", one_node ? 52e-9 : 131e-9, i / per_node, -1);

			r->cpu_pair.v = calloc(2, sizeof(double));
			r->cpu_pair.v[0] = 2 * i;
			r->cpu_pair.v[1] = 2 * j;
			r->cpu_pair.n = 2;
			record_set(r, "cpu_pair", NULL);
		}
}

static void test_cores(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 4);
	add_pairs(&b, 8, 4);
	print(&b);
	has(&b, "From one core to another: time to pass a cache line, ns");
	has(&b, "node    0     0     0     0     1     1     1     1");
	lacks(&b, "\n  cache"); /* none is known */
	has(&b, "52");
	has(&b, "131");
	has(&b, "same node      12      52    52-52");
	has(&b, "other node     16     131  131-131");
	teardown(&b);

	setup(&b, 2, 20); /* too many to be seen at a glance */
	add_pairs(&b, 40, 20);
	print(&b);
	has(&b, "From one core to another: time to pass a cache line, ns");
	has(&b, "other node    400     131  131-131");
	lacks(&b, "  node  0");
	assert_true(b.size < 500);
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing), cmocka_unit_test(test_pages),
		cmocka_unit_test(test_sizes),   cmocka_unit_test(test_loaded_and_noisy),
		cmocka_unit_test(test_loaded),  cmocka_unit_test(test_cores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
