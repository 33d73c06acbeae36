/* test-dram.c - what memory channels could carry, and in which order cores take part. */
#include "planted.h"

#include "machine/dram.h"

static struct machine machine_of(size_t nodes, const int *packages)
{
	struct machine m;

	plant_machine(&m, nodes, 4, 0);
	for (size_t i = 0; i < nodes; i++)
		m.nodes[i].package = KNOWN(packages[i]);
	return m;
}

static void test_rates(void **state)
{
	static const struct {
		const char *what;
		size_t nodes;
		int packages[4];
		struct dimms dimms;
		double rate;     /* GB/s of node 0; 0: not known */
		const char *why; /* is in the reason */
	} rows[] = {
		{ "nothing", 1, { 0 }, { .why = "no EDAC" }, 0, "no EDAC" },
		{ "no speed",
		  1,
		  { 0 },
		  { .n = 1,
		    .group = { { .name = "package 0", .channels = 8 } },
		    .slowest = UNKNOWN("root only") },
		  0,
		  "root only" },
		{ "eight channels of 4800",
		  1,
		  { 0 },
		  { .n = 1,
		    .group = { { .name = "package 0", .channels = 8 } },
		    .slowest = KNOWN(4800) },
		  307.2,
		  NULL },
		{ "a package with two nodes",
		  2,
		  { 0, 0 },
		  { .n = 1,
		    .group = { { .name = "package 0", .channels = 8 } },
		    .slowest = KNOWN(4800) },
		  153.6,
		  NULL },
		{ "each package has its own",
		  2,
		  { 0, 1 },
		  { .n = 2,
		    .group = { { .name = "package 0", .channels = 6 },
			       { .name = "package 1", .channels = 8 } },
		    .slowest = KNOWN(3200) },
		  153.6,
		  NULL },
		{ "controllers without packages",
		  2,
		  { 0, 1 },
		  { .n = 2,
		    .group = { { .name = "controller 0", .channels = 12 },
			       { .name = "controller 1", .channels = 12 } },
		    .slowest = KNOWN(5600) },
		  537.6,
		  NULL },
		{ "three channels for two nodes",
		  2,
		  { 0, 0 },
		  { .n = 1,
		    .group = { { .name = "package 0", .channels = 3 } },
		    .slowest = KNOWN(4800) },
		  0,
		  "evenly" },
		{ "no channel",
		  1,
		  { 0 },
		  { .n = 1, .group = { { .name = "package 0" } }, .slowest = KNOWN(4800) },
		  0,
		  "evenly" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct machine m = machine_of(rows[i].nodes, rows[i].packages);
		struct known rate = dram_rate(&rows[i].dimms, &m, 0);
		double expected = rows[i].rate * 1e9;

		if (rate.is != (expected > 0) || (rate.is && (double)rate.value - expected > 1) ||
		    (rate.is && expected - (double)rate.value > 1) ||
		    (!rate.is && !strstr(rate.why, rows[i].why)))
			fail_msg("%s: %lld (%s)", rows[i].what, rate.is ? rate.value : -1,
				 rate.is ? "" : rate.why);
		machine_release(&m);
	}
}

static void test_other_memory(void **state)
{
	const struct dimms d = { .n = 1,
				 .group = { { .name = "package 0", .channels = 8 } },
				 .slowest = KNOWN(4800) };
	struct machine m = machine_of(2, (int[]){ 0, 0 });

	(void)state;
	m.nodes[1].kind = NODE_CPULESS; /* CXL: takes no channel */
	assert_true(dram_rate(&d, &m, 0).value == 307200000000);
	assert_false(dram_rate(&d, &m, 1).is);
	assert_false(dram_rate(&d, &m, 7).is);
	machine_release(&m);
}

static void test_spread_cores(void **state)
{
	/* Which last-level cache each of eight cores has; -1: none is known. */
	static const struct {
		int cache[8];
		size_t order[8];
	} rows[] = {
		{ { 0, 0, 0, 0, 0, 0, 0, 0 }, { 0, 1, 2, 3, 4, 5, 6, 7 } },
		{ { -1, -1, -1, -1, -1, -1, -1, -1 }, { 0, 1, 2, 3, 4, 5, 6, 7 } },
		{ { 0, 0, 0, 0, 1, 1, 1, 1 }, { 0, 4, 1, 5, 2, 6, 3, 7 } },
		{ { 0, 0, 0, 0, 0, 0, 1, 1 }, { 0, 6, 1, 7, 2, 3, 4, 5 } },
		{ { 0, 1, 2, 0, 1, 2, 0, 1 }, { 0, 1, 2, 3, 4, 5, 6, 7 } },
		{ { 0, 0, 1, 1, 2, 2, 3, 3 }, { 0, 2, 4, 6, 1, 3, 5, 7 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cache caches[12] = { { 0 } };
		struct machine m;
		struct node *n;
		size_t order[8];

		plant_machine(&m, 1, 8, 0);
		n = &m.nodes[0];
		n->caches = caches;
		n->ncaches = 12;
		for (size_t c = 0; c < 8; c++) {
			caches[4 + c] = (struct cache){ .level = 2, .cpus = n->cores[c].cpus };
			if (rows[i].cache[c] < 0) {
				caches[4 + c].cpus = (struct idset){ 0 };
				continue;
			}
			struct cache *last = &caches[rows[i].cache[c]];

			last->level = 3;
			last->cpus = idset_or(&last->cpus, &n->cores[c].cpus);
		}
		machine_spread_cores(n, order);
		for (size_t c = 0; c < 8; c++)
			if (order[c] != rows[i].order[c])
				fail_msg("row %zu: core %zu is %zu", i, c, order[c]);
		n->caches = NULL;
		n->ncaches = 0;
		n->ncores = 0;
		machine_spread_cores(n, order); /* nothing is written */
		machine_release(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_other_memory),
		cmocka_unit_test(test_spread_cores),
	};

	return cmocka_run_group_tests_name("dram", tests, NULL, NULL);
}
