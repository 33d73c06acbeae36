/* The chase is one cycle through every line, and a chase that is not is refused. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/chase_set.h"

enum { TURN = 5, SEED = 42 };

struct bed {
	struct team *team;
	int node;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	int cpus[2];
	unsigned node = 0;

	cpus[0] = cpus[1] = sched_getcpu();
	getcpu(NULL, &node);
	*state = b;
	b->node = (int)node;
	return b ? team_start(&b->team, cpus, 2, NULL) : -1;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	team_stop(b->team);
	free(b);
	return 0;
}

/* Written without the code under test: how many different lines a walk sees. */
static size_t distinct(const struct chase_line *lines, size_t n)
{
	bool *seen = calloc(n, sizeof(*seen));
	const struct chase_line *at = lines;
	size_t count = 0;

	assert_non_null(seen);
	for (; !seen[at - lines]; at = at->next) {
		seen[at - lines] = true;
		count++;
	}
	assert_ptr_equal(at, lines); /* back where it began: a cycle, not a path into one */
	free(seen);
	return count;
}

static const size_t sizes[] = { 1, 2, 3, 15, 16, 17, 31, 32, 33, 1000, 4096, 10007 };

static void test_one_cycle(void **state)
{
	const struct bed *b = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];

		for (size_t turn = 0; turn < 3; turn++) {
			struct chase_line *lines = calloc(n, sizeof(*lines));
			struct chase_order o;

			assert_int_equal(
				chase_order_draw(&o, n, SEED + turn, b->node, b->team, NULL), 0);
			chase_link(&o, lines, turn * TURN, SEED, b->team);
			assert_int_equal(distinct(lines, n), n);
			assert_true(chase_prove(&o, lines, turn * TURN, b->team));
			for (size_t l = 0; l < n; l++)
				for (size_t w = 0; w < 7; w++)
					assert_true(lines[l].filler[w] != 0);
			chase_order_release(&o);
			free(lines);
		}
	}
}

/* Each breaks a good cycle of n lines; some line a, the line b two steps after it. */
static void two_cycles(struct chase_line *l, size_t n)
{
	struct chase_line *a = &l[n / 2], *b = a->next->next, *next = a->next;

	a->next = b->next;
	b->next = next;
}

static void leaves_one_out(struct chase_line *l, size_t n)
{
	l[n / 2].next = l[n / 2].next->next;
}

static void stays(struct chase_line *l, size_t n)
{
	l[n / 2].next = &l[n / 2];
}

static void runs_into_itself(struct chase_line *l, size_t n)
{
	l[n / 3].next = l[n / 2].next;
}

static void goes_outside(struct chase_line *l, size_t n)
{
	l[n / 2].next = l + n;
}

static void goes_nowhere(struct chase_line *l, size_t n)
{
	l[n / 2].next = NULL;
}

static void goes_between(struct chase_line *l, size_t n)
{
	l[n / 2].next = (struct chase_line *)(void *)&l[n / 2].filler[3];
}

static void test_broken_cycles_are_refused(void **state)
{
	static void (*const breaks[])(struct chase_line *, size_t) = {
		two_cycles,   leaves_one_out, stays,        runs_into_itself,
		goes_outside, goes_nowhere,   goes_between,
	};
	const struct bed *b = *state;

	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		for (size_t n = 5; n <= 5000; n *= 10) {
			struct chase_line *lines = calloc(n, sizeof(*lines));
			struct chase_order o;

			assert_int_equal(chase_order_draw(&o, n, SEED, b->node, b->team, NULL), 0);
			chase_link(&o, lines, TURN, SEED, b->team);
			assert_true(chase_prove(&o, lines, TURN, b->team));
			breaks[i](lines, n);
			assert_false(chase_prove(&o, lines, TURN, b->team));
			chase_order_release(&o);
			free(lines);
		}
	}
}

/* A cycle of half the length, gone around twice, takes every cursor to where the next one began:
 * only the first start, met twice, gives it away. */
static void test_shorter_cycle_met_twice(void **state)
{
	enum { N = 64 };
	const struct bed *b = *state;
	struct chase_line lines[N] = { 0 };
	struct chase_order o;

	assert_int_equal(chase_order_draw(&o, N, SEED, b->node, b->team, NULL), 0);
	for (size_t i = 0; i < N; i++)
		lines[i].next = &lines[(i + 1) % (N / 2)];
	for (size_t k = 0; k < o.cursors; k++)
		o.start[k] = (uint32_t)(N * k / o.cursors % (N / 2));
	assert_false(chase_prove(&o, lines, 0, b->team));
	chase_order_release(&o);
}

static void test_walk(void **state)
{
	enum { N = 96 };
	const struct bed *b = *state;
	struct chase_line lines[N];
	const struct chase_line *at = lines;
	struct chase_order o;

	assert_int_equal(chase_order_draw(&o, N, SEED, b->node, b->team, NULL), 0);
	chase_link(&o, lines, TURN, SEED, b->team);
	assert_ptr_equal(chase_walk(lines, 0), lines);
	assert_ptr_equal(chase_walk(lines, N), lines);
	for (size_t i = 0; i < CHASE_UNROLL; i++)
		at = at->next;
	assert_ptr_equal(chase_walk(lines, CHASE_UNROLL), at);
	assert_ptr_equal(chase_walk(lines, CHASE_UNROLL - 1), at); /* rounded up */
	chase_order_release(&o);
}

static void test_set(void **state)
{
	const struct bed *b = *state;
	struct chase_order o, bad;
	struct chase_set *one, *two;
	struct err e = { "" };
	struct memory_want huge = { .node = b->node, .pages = PAGES_THP };
	struct memory_want small = { .node = b->node, .pages = PAGES_4K };
	struct memory_want nowhere = { .node = 8000, .pages = PAGES_THP };
	struct record r;
	size_t n = 1 << 16, differ = 0;

	assert_int_equal(chase_order_draw(&bad, 0, SEED, b->node, b->team, &e), -EINVAL);
	assert_int_equal(chase_order_draw(&bad, (size_t)1 << 32, SEED, b->node, b->team, &e),
			 -EINVAL);
	assert_int_equal(chase_order_draw(&o, n, SEED, b->node, b->team, NULL), 0);
	assert_int_equal(chase_set_open(&one, &o, b->team, &huge, SEED, &e), 0);
	assert_int_equal(chase_set_open(&two, &o, b->team, &small, SEED + 1, &e), 0);
	assert_int_equal(two->pages, PAGES_4K);
	for (size_t i = 0; i < n; i++) {
		const struct chase_line *a = (struct chase_line *)one->memory.p + i;
		const struct chase_line *c = (struct chase_line *)two->memory.p + i;

		differ += a->next - (struct chase_line *)one->memory.p !=
				  c->next - (struct chase_line *)two->memory.p &&
			  a->filler[0] != c->filler[0];
	}
	assert_true(differ > n / 10 * 9); /* each opening has other contents and another cycle */
	assert_true(chase_set_walk(one, b->team, 1000) > 0);
	assert_ptr_equal(one->at, chase_walk(one->memory.p, 1000));
	record_init(&r);
	chase_set_tell(two, &r);
	assert_true(r.verified && r.threads == 1 && r.pages == PAGES_4K);
	assert_string_equal(r.reason, "");
	record_release(&r);
	chase_set_close(one);
	chase_set_close(two);
	chase_set_close(NULL);
	assert_int_equal(chase_set_open(&one, &o, b->team, &nowhere, SEED, &e), -EINVAL);
	assert_null(one);
	chase_order_release(&o);
	chase_order_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cycle),
		cmocka_unit_test(test_broken_cycles_are_refused),
		cmocka_unit_test(test_shorter_cycle_met_twice),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests_name("chase", tests, setup, teardown);
}
