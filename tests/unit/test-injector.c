/* Streams that load memory while something else runs: no more of them than was asked for, only
 * while it runs, and told truly. */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "kernels/chase_loaded.h"
#include "kernels/chase_orders.h"
#include "measure/clock.h"

enum { MIB = 1 << 20 };

struct bed {
	struct machine machine;
	struct node node;
	struct team *team;
	struct memory_want want;
	struct stream_choice choice;
	struct injector *in;
};

static int setup(void **state)
{
	static struct bed bed;
	struct bed *b = *state = &bed;
	struct idset cpus;
	int first[2], n = 0;
	double choosing_s = 0;

	assert_int_equal(thread_cpus(&cpus, NULL), 0);
	for (int c = -1; n < 2 && (c = idset_next(&cpus, c)) >= 0;)
		first[n++] = c;
	/* One CPU may have to be both. */
	first[1] = n < 2 ? first[0] : first[1];
	assert_int_equal(team_start(&b->team, first, 2, NULL), 0);
	b->node = (struct node){ .allowed_cpus = cpus, .cpus = cpus, .allowed = true };
	b->machine = (struct machine){ .nodes = &b->node, .nnodes = 1 };
	b->want = (struct memory_want){ .machine = &b->machine, .pages = PAGES_THP };
	b->choice.of[STREAM_READ] = stream_kernel(0);
	for (size_t i = 0; stream_kernel(i); i++)
		if (stream_kernel(i)->op == STREAM_READ && stream_usable(stream_kernel(i)))
			b->choice.of[STREAM_READ] = stream_kernel(i);
	assert_int_equal(injector_open(&b->in, b->team, 12 * MIB, &b->want, 7, &b->choice, 0,
				       &choosing_s, NULL),
			 0);
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	injector_close(b->in);
	team_stop(b->team);
	return 0;
}

static void wait_some(void *arg)
{
	struct instant began = clock_now();
	int *calls = arg;

	++*calls;
	while (clock_span(began, clock_now()) < 0.030)
		;
}

/* Where others use the CPUs, a stream may not get to run for a while. */
static double run(struct bed *b, double share, int *calls)
{
	double rate = 0;

	for (int i = 0; i < 20 && rate == 0; i++)
		rate = injector_run(b->in, b->team, share, wait_some, calls);
	return rate;
}

static void test_shares(void **state)
{
	struct bed *b = *state;
	double full = b->in->full, some = 0;
	int calls = 0;

	assert_true(full > 1e6 && isfinite(full));
	assert_true(injector_run(b->in, b->team, 0, wait_some, &calls) == 0);
	assert_int_equal(calls, 1);
	some = run(b, 0.05, &calls);
	assert_true(calls >= 2);
	assert_true(some > 0 && some < 0.2 * full);
	assert_true(run(b, 1, &calls) > 0);
}

/* Arrays that hold less than a block, or less than there are threads. */
static void test_small(void **state)
{
	struct bed *b = *state;
	struct injector *in;
	double choosing_s = 0;
	int calls = 0;

	for (uint64_t bytes = 24; bytes < 50000; bytes = bytes * 5 + 3) {
		assert_int_equal(injector_open(&in, b->team, bytes, &b->want, 7, &b->choice, 0,
					       &choosing_s, NULL),
				 0);
		assert_true(in->full > 0);
		assert_true(injector_run(in, b->team, 1, wait_some, &calls) >= 0);
		injector_close(in);
	}
	injector_close(NULL);
}

/* Small buffers take whole huge pages all the same; large ones no more than was said. */
static void test_bytes(void **state)
{
	(void)state;
	assert_true(injector_bytes(24) == 3 * 2 * MIB);
	for (uint64_t bytes = 6 * MIB; bytes < 300ull * MIB; bytes = bytes * 9 / 8) {
		assert_true(injector_bytes(bytes) <= bytes);
		assert_true(injector_bytes(bytes) + 6 * MIB > bytes);
	}
}

static void test_orders(void **state)
{
	struct bed *b = *state;
	struct chase_orders *all = NULL;
	const struct chase_order *x, *y, *z;

	assert_int_equal(chase_orders_get(&all, &x, 1000, 1, 0, b->team, NULL), 0);
	assert_int_equal(chase_orders_get(&all, &y, 500, 1, 0, b->team, NULL), 0);
	assert_int_equal(chase_orders_get(&all, &z, 1000, 1, 0, b->team, NULL), 0);
	assert_true(x == z && x != y && x->n == 1000 && y->n == 500);
	assert_int_equal(chase_orders_get(&all, &z, 0, 1, 0, b->team, NULL), -EINVAL);
	chase_orders_free(all);
	chase_orders_free(NULL);
}

/* The chase goes on around its cycle meanwhile; what was moved is kept sample by sample. */
static void test_chase(void **state)
{
	struct bed *b = *state;
	struct chase_orders *all = NULL;
	const struct chase_order *o;
	struct chase_set *set;
	struct record r;
	double injected, seconds;

	record_init(&r);
	assert_int_equal(chase_orders_get(&all, &o, 4096, 1, 0, b->team, NULL), 0);
	assert_int_equal(chase_set_open(&set, o, b->team, &b->want, 3, NULL), 0);
	seconds = chase_loaded_walk(set, b->in, b->team, 0.5, 100000, &injected);
	assert_true(seconds > 1e-11 && seconds < 1e-4 && injected >= 0);

	assert_int_equal(chase_loaded_tell(b->in, b->team, 10e9, &r), 0);
	assert_int_equal(chase_loaded_tell(b->in, b->team, 30e9, &r), 0);
	assert_int_equal(chase_loaded_tell(b->in, b->team, 11e9, &r), 0);
	assert_true(record_has(&r, "injected") && r.injected == 11e9);
	assert_int_equal(json_array_size(json_object_get(r.more, "injected_each")), 3);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(r.more, "injectors"), "threads")),
			 1);
	record_release(&r);
	chase_set_close(set);
	chase_orders_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares), cmocka_unit_test(test_small),
		cmocka_unit_test(test_bytes),  cmocka_unit_test(test_orders),
		cmocka_unit_test(test_chase),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
