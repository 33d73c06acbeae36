/* Working sets are large enough for memory to be measured, and records say what they are not. */
#include "unit.h"

#include <string.h>

#include "kernels/working_set.h"

enum { MIB = 1 << 20 };

/* One node of eight cores behind a cache of 100 MiB. */
struct bed {
	struct machine machine;
	struct node node;
	struct cache cache;
};

static void bed_init(struct bed *b)
{
	*b = (struct bed){ .cache = { .level = 3, .bytes = 100 * MIB } };
	for (int c = 0; c < 8; c++)
		idset_add(&b->cache.cpus, c);
	b->node = (struct node){
		.id = 3,
		.ncores = 8,
		.cpus = b->cache.cpus,
		.allowed_cpus = b->cache.cpus,
		.caches = &b->cache,
		.ncaches = 1,
		.giveable_bytes = KNOWN(64ll << 30),
		.allowed = true,
	};
	b->machine = (struct machine){ .nodes = &b->node,
				       .nnodes = 1,
				       .cpu_quota_milli = UNKNOWN("no CPU quota") };
}

static void test_size(void **state)
{
	struct session_options o = session_options_default();
	struct site site = { .cpu_node = 3, .mem_node = 3, .gpu = -1 };
	struct working_set w;
	struct bed b;

	(void)state;
	bed_init(&b);
	w = working_set(&b.machine, &o, &site, 3);
	assert_true(w.bytes == 400ull * MIB && w.caches == 100ull * MIB);
	assert_false(w.undersized);
	b.node.giveable_bytes = KNOWN(1200ll * MIB); /* three take half of it: 200 MiB each */
	w = working_set(&b.machine, &o, &site, 3);
	assert_true(w.bytes <= 200ull * MIB && w.bytes > 190ull * MIB && w.undersized);
	assert_non_null(strstr(w.cut, "node 3"));
	o.size = 8 * MIB;
	w = working_set(&b.machine, &o, &site, 3);
	assert_true(w.bytes == 8ull * MIB && w.undersized);
	assert_string_equal(w.cut, "");
}

static void test_place(void **state)
{
	struct session_options o = session_options_default();
	struct bed b;
	struct worker w = { .machine = &b.machine, .options = &o };
	struct site site = { .mem_node = 3 };

	(void)state;
	o.pages = -1;
	assert_int_equal(working_place(&w, &site).pages, PAGES_THP);
	o.pages = PAGES_4K;
	assert_int_equal(working_place(&w, &site).pages, PAGES_4K);
	assert_int_equal(working_place(&w, &site).node, 3);
	assert_ptr_equal(working_place(&w, &site).machine, &b.machine);
}

/* Threads on fewer cores than the node has do not measure the node. */
static void test_quota(void **state)
{
	static const struct {
		struct known quota_milli;
		size_t threads;
		enum status before, after;
	} rows[] = {
		{ UNKNOWN("no CPU quota"), 8, STATUS_OK, STATUS_OK },
		{ KNOWN(8000), 8, STATUS_OK, STATUS_OK },
		{ KNOWN(4000), 4, STATUS_OK, STATUS_UNSTABLE },
		{ KNOWN(7999), 7, STATUS_OK, STATUS_UNSTABLE },
		{ KNOWN(4000), 4, STATUS_CORRUPT, STATUS_CORRUPT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r = { .status = rows[i].before };
		struct bed b;

		bed_init(&b);
		b.machine.cpu_quota_milli = rows[i].quota_milli;
		working_quota(&b.machine, &b.node, rows[i].threads, &r);
		assert_int_equal(r.status, rows[i].after);
		if (i == 2)
			assert_string_equal(
				r.reason, "the cgroup's CPU quota allows 4 of the node's 8 cores");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_quota),
	};

	return cmocka_run_group_tests_name("working-set", tests, NULL, NULL);
}
