/* test-text-feed.c - what the report says of processes that feed GPUs: moved, bound, by policy. */
#include "moved_records.h"

static struct record *add_feed(struct bed *b, int gpu, enum memory_kind memory, double rate)
{
	struct record *r = add(b, "feed-rate", "B/s", rate);

	r->gpu = gpu;
	r->memory = memory;
	r->bytes = 64 << 20;
	record_set(r, "gpu", "memory", "bytes", NULL);
	return r;
}

static void add_fed(struct bed *b, int gpu, int from, int to)
{
	static const struct {
		enum memory_kind memory;
		double settled, followed, moved;
	} kinds[] = { { MEM_PINNED, 0.7, 0.71, 0 }, { MEM_PAGEABLE, 0.6, 0.99, 1 } };

	for (size_t k = 0; k < 2; k++) {
		struct record *r;

		in_phase(from_to(add_feed(b, gpu, kinds[k].memory, 20e9), from, to), PHASE_BEFORE);
		in_phase(from_to(add_feed(b, gpu, kinds[k].memory, 20e9 * kinds[k].settled), from,
				 to),
			 PHASE_SETTLED);
		r = from_to(add_feed(b, gpu, kinds[k].memory, 20e9 * kinds[k].followed), from, to);
		in_phase(r, PHASE_FOLLOWED);
		r->mover = MOVER_MIGRATE_PAGES;
		r->moved = kinds[k].moved;
		record_set(r, "mover", "moved", NULL);
	}
}

static void test_fed(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 1);
	add_fed(&b, 0, 0, 1);
	print(&b);
	show(&b);
	has(&b, "GPU 0, 0 to 1, pinned 20.0 14.0 0.70 14.2 0.71 0 %");
	has(&b, "GPU 0, 0 to 1, pageable 20.0 12.0 0.60 19.8 0.99 100 %");
	has(&b,
	    "stayed behind, and leave down to 0.71 of the rate: allocate them after the process "
	    "is bound, or free and create them anew once it has moved");
	teardown(&b);
}

static void test_many_fed(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 8);
	for (int g = 0; g < 8; g++)
		add_fed(&b, g, g / 4, !(g / 4));
	print(&b);
	show(&b);
	has(&b, "pinned 0.70 0.71 0 %");
	has(&b, "pageable 0.60 0.99 100 %");
	lacks(&b, "GPU 0");
	teardown(&b);
}

static void add_bindings(struct bed *b, int gpu, bool competing)
{
	static const double ratios[] = { 1, 1.14, 1.1, 1.35 }; /* facts: ResNet-50 on one A100 */

	for (int k = BOUND_NOT; k <= BOUND_BOTH; k++) {
		struct record *r = add_feed(b, gpu, MEM_PINNED, 10e9 * ratios[k]);

		r->binding = (enum bound)k;
		r->competing = competing;
		record_set(r, "binding", "competing", NULL);
		r->more = json_object();
		json_t *runs = json_array();

		for (int run = 0; run < 3; run++)
			json_array_append_new(runs,
					      json_pack("{s:f, s:i, s:i, s:f}", "rate",
							run ? r->median : 0.8 * r->median, "moves",
							k == BOUND_NOT && run ? 38 + 2 * run : 0,
							"node_moves", 3, "local_share", 0.5));
		json_object_set_new(r->more, "runs", runs);
	}
}

static void test_bindings(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 1);
	add_bindings(&b, 0, false);
	add_bindings(&b, 0, true);
	print(&b);
	show(&b);
	has(&b, "quiet unbound 10.0 1.00 0.80 40 3 50 %"); /* the slowest of all processes */
	has(&b, "CPUs only 11.4 1.14 0.91");
	has(&b, "memory only 11.0 1.10");
	has(&b, "both 13.5 1.35");
	has(&b, "others at work unbound 10.0 1.00");
	teardown(&b);
}

static void test_many_bindings(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 8);
	for (int g = 0; g < 8; g++)
		add_bindings(&b, g, true);
	print(&b);
	show(&b);
	has(&b, "the median of 8 GPUs");
	has(&b, "both 1.35");
	lacks(&b, "GPU 0");
	teardown(&b);
}

static void test_at_once(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 4);
	for (int bound = 0; bound < 2; bound++) {
		struct record *r;

		for (int g = 0; g <= 4; g++) {
			r = add_feed(&b, g, MEM_PINNED,
				     (g == 4 ? 18e9 : 4.5e9 - 0.5e9 * g + 0.25e9) *
					     (bound ? 1.38 : 1));
			r->binding = bound ? BOUND_BOTH : BOUND_NOT;
			r->together = TOGETHER_OWN_NODES;
			r->competing = false;
			record_set(r, "binding", "together", "competing", NULL);
		}
		record_unset(r, "gpu", NULL);
		r->gpus.v = calloc(4, sizeof *r->gpus.v);
		for (r->gpus.n = 0; r->gpus.n < 4; r->gpus.n++)
			r->gpus.v[r->gpus.n] = (double)r->gpus.n;
		record_set(r, "gpus", NULL);
	}
	print(&b);
	show(&b);
	has(&b, "One process for every GPU, 4 at once");
	has(&b, "unbound 18.0 1.00 4.50 3.25 4.75");
	has(&b, "both 24.8 1.38 6.21 4.4");
	teardown(&b);
}

static void test_policies(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 1);
	for (int p = MEMPOLICY_DEFAULT; p <= MEMPOLICY_WEIGHTED; p++) {
		struct record *r = add_feed(&b, 0, MEM_PINNED, 10e9 + p * 1e9);

		r->policy = (enum mempolicy)p;
		record_set(r, "policy", NULL);
		if (p == MEMPOLICY_WEIGHTED) {
			record_unset(r, "median", NULL);
			record_status(r, STATUS_SKIPPED, "this kernel has none");
		}
	}
	print(&b);
	show(&b);
	has(&b, "default 10.0-");
	has(&b, "interleave 13.0+");
	has(&b, "weighted-interleave skip");
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fed),      cmocka_unit_test(test_many_fed),
		cmocka_unit_test(test_bindings), cmocka_unit_test(test_many_bindings),
		cmocka_unit_test(test_at_once),  cmocka_unit_test(test_policies),
	};

	return cmocka_run_group_tests_name("text of feeding", tests, NULL, NULL);
}
