/* test-text-memory.c - what the report says of mem-bandwidth, of records put together by hand. */
#include <math.h>

#include "contains.h"
#include "planted.h"

#include "render/text.h"
#include "result/derive.h"

enum { SAMPLES = 12, NODES = 2, CORES = 8, ARRAY = 1 << 30 };

struct bed {
	struct result res;
	char *text;
	size_t size;
};

static struct record *add(struct bed *b, const char *metric, double gbs, int cpu_node, int mem_node)
{
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof r.test, "mem-bandwidth");
	snprintf(r.metric, sizeof r.metric, "%s", metric);
	snprintf(r.unit, sizeof r.unit, "B/s");
	r.cpu_node = cpu_node;
	r.mem_node = mem_node;
	r.bytes = ARRAY;
	r.threads = CORES;
	r.pages = PAGES_THP;
	r.bus_factor = 1;
	record_set(&r, "test", "metric", "unit", "better", "threads", "bus_factor", NULL);
	if (cpu_node >= 0)
		record_set(&r, "cpu_node", "bytes", "pages", NULL);
	if (mem_node >= 0)
		record_set(&r, "mem_node", NULL);
	for (int i = 0; i < SAMPLES; i++)
		record_sample(&r, gbs * 1e9 * (1 + 1e-4 * (i - 6)), i, i, i / 4);
	record_summarise(&r);
	assert_int_equal(result_add(&b->res, &r), 0);
	return &b->res.records[b->res.nrecords - 1];
}

static void setup(struct bed *b, size_t nodes)
{
	*b = (struct bed){ 0 };
	result_init(&b->res);
	plant_machine(&b->res.machine, nodes, CORES, 0);
}

/* The section as it would be printed. */
static void print(struct bed *b)
{
	const struct render_options o = { .width = 80 };
	struct text t = { .res = &b->res, .o = &o, .width = 80 };

	assert_int_equal(derive(&b->res), 0);
	free(b->text);
	t.out = open_memstream(&b->text, &b->size);
	assert_non_null(t.out);
	assert_int_equal(text_memory(&t), 0);
	text_legend(&t);
	fclose(t.out);
}

static void teardown(struct bed *b)
{
	free(b->text);
	result_release(&b->res);
}

static void has(struct bed *b, const char *part)
{
	if (!contains(b->text, part))
		fail_msg("not there: \"%s\" in\n%s", part, b->text);
}

static void lacks(struct bed *b, const char *part)
{
	if (contains(b->text, part))
		fail_msg("should not be there: \"%s\" in\n%s", part, b->text);
}

static void add_matrix(struct bed *b)
{
	for (int cpu = 0; cpu < NODES; cpu++)
		for (int mem = 0; mem < NODES; mem++) {
			add(b, "triad", cpu == mem ? 160 + cpu : 75, cpu, mem);
			add(b, "read", cpu == mem ? 190 + cpu : 80, cpu, mem);
		}
}

static void test_nothing(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, NODES);
	print(&b);
	assert_string_equal(b.text, "");
	teardown(&b);
}

static void test_matrix(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, NODES);
	add_matrix(&b);
	print(&b);
	has(&b, "Memory bandwidth, triad, GB/s; columns: the node whose CPUs work");
	has(&b, "node 0 160.0+ 75.0-");
	has(&b, "Each node's own memory, GB/s triad read node 0 160.0 190.0 node 1 161.0 191.0");
	lacks(&b, "by number of threads");
	lacks(&b, "at once");
	lacks(&b, "in brackets");
	lacks(&b, "DRAM ceiling");
	teardown(&b);
}

static void test_bus_and_ceiling(void **state)
{
	struct bed b;
	struct record *r;

	(void)state;
	setup(&b, NODES);
	r = add(&b, "triad", 120, 0, 0);
	r->bus_factor = 4.0 / 3;
	r->ceiling_capable = 200e9;
	record_set(r, "ceiling_capable", NULL);
	r = add(&b, "read", 150, 0, 0);
	r->ceiling_capable = 200e9;
	record_set(r, "ceiling_capable", NULL);
	r = add(&b, "triad", 100, 1, 1);
	snprintf(r->ceiling_why, sizeof r->ceiling_why, "memory speed is not readable");
	record_set(r, "ceiling_why", NULL);
	print(&b);
	has(&b, "node 0 120.0 (160.0) 150.0");
	has(&b, "in brackets: on the memory bus by estimate");
	has(&b, "node 0: triad takes 160.0 GB/s of the bus, 80 % of what its memory channels could "
		"carry (200.0 GB/s)");
	has(&b, "DRAM ceiling not known: memory speed is not readable");
	teardown(&b);
	/* On one node the same, with units; what is small says nothing of DRAM. */
	setup(&b, 1);
	r = add(&b, "triad", 120, 0, 0);
	r->bus_factor = 4.0 / 3;
	r->ceiling_capable = 200e9;
	r->undersized = true;
	record_set(r, "ceiling_capable", "undersized", NULL);
	print(&b);
	has(&b, "triad 120.0 (160.0) GB/s u");
	lacks(&b, "could carry");
	teardown(&b);
}

static void add_curve(struct bed *b, const char *metric, int node, const double *gbs)
{
	for (int i = 0; 1 << i < CORES; i++)
		add(b, metric, gbs[i], node, node)->threads = 1 << i;
}

static void test_curves(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, NODES);
	add_matrix(&b);
	add_curve(&b, "triad", 0, (double[]){ 40, 80, 158 });
	add_curve(&b, "triad", 1, (double[]){ 41, 81, 159 });
	add_curve(&b, "read", 0, (double[]){ 30, 60, 120 });
	print(&b);
	has(&b,
	    "Memory bandwidth by number of threads, GB/s threads 1 2 4 8 node 0 triad 40.0 80.0 "
	    "158.0 160.0 node 0 read 30.0 60.0 120.0 190.0 node 1 triad 41.0");
	has(&b, "triad: nodes 0-1 saturate with 4 of 8 cores");
	has(&b, "read: node 0 needs all of its 8 cores");
	/* The figures of whole nodes are those of all threads. */
	has(&b, "node 0 160.0+ 75.0-");
	has(&b, "triad read node 0 160.0 190.0");
	lacks(&b, "vary too much");
	/* What the intervals do not bear is not said. */
	for (size_t i = 0; i < b.res.nrecords; i++) {
		b.res.records[i].low = 0.8 * b.res.records[i].median;
		b.res.records[i].high = 1.5 * b.res.records[i].median;
	}
	print(&b);
	has(&b, "triad: nodes 0-1: the figures vary too much to say how many of 8 cores it takes");
	lacks(&b, "saturate");
	lacks(&b, "needs all");
	teardown(&b);
}

/* The sum of a joint sample and its members; gbs of each node. */
static void add_at_once(struct bed *b, enum together how, int mem, const double *gbs)
{
	struct record *r = add(b, "triad", gbs[0] + gbs[1], -1, mem);

	r->together = how;
	r->threads = NODES * CORES;
	record_set(r, "together", NULL);
	for (int n = 0; n < NODES; n++) {
		r = add(b, "triad", gbs[n], n, mem < 0 ? n : mem);
		r->together = how;
		record_set(r, "together", NULL);
	}
}

static void test_contention(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, NODES);
	add_matrix(&b);
	add_at_once(&b, TOGETHER_OWN_NODES, -1, (double[]){ 160, 161 });
	add_at_once(&b, TOGETHER_ONE_NODE, 0, (double[]){ 100, 41 });
	print(&b);
	has(&b, "Memory bandwidth of all nodes at once, GB/s memory of sum per node of alone own "
		"nodes");
	has(&b, "triad own nodes 321.0 160.0-161.0 100.0 %");
	has(&b, "triad node 0 141.0 41.0-100.0 60.0 % 2.28x"); /* of 160 + 75 */
	teardown(&b);
}

static void test_policies(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, NODES);
	add_matrix(&b);
	for (int which = MEMPOLICY_DEFAULT; which <= MEMPOLICY_WEIGHTED; which++)
		for (int n = 0; n < NODES; n++) {
			bool several = which >= MEMPOLICY_INTERLEAVE;
			struct record *r =
				add(&b, "triad", 100 + 10 * which + n, n, several ? -1 : n);

			r->policy = (enum mempolicy)which;
			record_set(r, "policy", NULL);
			if (which == MEMPOLICY_WEIGHTED) {
				free(r->samples.v);
				r->samples = (struct series){ 0 };
				record_summarise(r);
				record_status(r, STATUS_SKIPPED, "too old");
			}
		}
	print(&b);
	has(&b,
	    "Memory policies, GB/s by the CPUs of node 0 node 1 triad, default 100.0 101.0 triad, "
	    "bind 110.0 111.0 triad, preferred 120.0 121.0 triad, interleave 130.0 131.0 triad, "
	    "weighted-interleave skip skip");
	has(&b, "triad read node 0 160.0 190.0"); /* nothing else has changed */
	teardown(&b);
}

static void test_pages_and_sets(void **state)
{
	struct bed b;
	struct record *r;

	(void)state;
	setup(&b, 1);
	add(&b, "triad", 160, 0, 0);
	add(&b, "read", 190, 0, 0);
	r = add(&b, "triad", 120, 0, 0);
	r->pages_asked = r->pages = PAGES_4K;
	record_set(r, "pages_asked", NULL);
	for (int k = 0; k < 3; k++) {
		/* 24 KiB, 96 KiB and 384 KiB for each of 8 threads: of 3 arrays, and of 1 */
		r = add(&b, "triad", 900 - 100 * k, 0, 0);
		r->bytes = (uint64_t)(65536 << 2 * k);
		r->undersized = true;
		record_set(r, "undersized", NULL);
		r = add(&b, "read", 700 - 100 * k, 0, 0);
		r->bytes = (uint64_t)(3 * 65536 << 2 * k);
		r->undersized = true;
		record_set(r, "undersized", NULL);
	}
	print(&b);
	has(&b, "Memory bandwidth by kind of pages, GB/s 4k thp node 0 triad 120.0 160.0 ");
	lacks(&b, "node 0 read 190.0"); /* in one kind of pages only */
	has(&b, "each node 0, triad node 0, read 24 KiB 900.0 700.0 96 KiB 800.0 600.0 384 KiB "
		"700.0 500.0");
	has(&b, "triad 160.0 GB/s 159.9-160.0"); /* the node's figure is that of memory */
	lacks(&b, "undersized");
	teardown(&b);
}

static void use(struct record *r, const char *kernel, uint64_t bytes)
{
	snprintf(r->kernel, sizeof r->kernel, "%s", kernel);
	r->bytes = bytes;
	record_set(r, "kernel", NULL);
}

/* Which form of an operation was the fastest: each once, with the nodes where they differ; parts
 * that fit into caches do not count. */
static void test_forms(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, NODES);
	add_matrix(&b);
	print(&b);
	lacks(&b, "fastest forms");
	for (size_t i = 0; i < b.res.nrecords; i++)
		use(&b.res.records[i], i % 2 ? "read-neon" : "triad-neon-nt", ARRAY);
	use(add(&b, "read", 999, 0, 0), "read-portable", 4096);
	use(add(&b, "update", 99, 1, 1), "update-neon", ARRAY);
	print(&b);
	has(&b, "fastest forms: triad-neon-nt, read-neon, update-neon");
	lacks(&b, "read-portable");
	lacks(&b, "CPUs of node");

	use(&b.res.records[4], "triad-neon", ARRAY); /* the second CPU node's, two of them */
	use(&b.res.records[6], "triad-neon", ARRAY);
	print(&b);
	has(&b, "fastest forms: triad-neon-nt (CPUs of node 0), read-neon, triad-neon (CPUs of "
		"node 1), update-neon");
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),         cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_bus_and_ceiling), cmocka_unit_test(test_curves),
		cmocka_unit_test(test_contention),      cmocka_unit_test(test_policies),
		cmocka_unit_test(test_pages_and_sets),  cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests_name("text-memory", tests, NULL, NULL);
}
