/* Every stream kernel that this processor runs does what its definition says, and what goes
 * wrong is found. */
#include "unit.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/stream_choose.h"

enum { MOST = 5000, GUARD = 64, SEED = 7 };

static const size_t sizes[] = { 0,   1,   2,   3,    4,    5,    7,    8,    9,
				15,  16,  17,  31,   32,   33,   63,   64,   65,
				127, 128, 511, 2047, 2048, 2049, 2080, 4096, 4999 };
/* Beginnings of a, b and c, in elements from a 64-byte line. */
static const size_t offsets[][3] = { { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 2 }, { 3, 5, 7 },
				     { 7, 7, 7 }, { 4, 0, 4 }, { 5, 6, 0 } };

struct bed {
	double *a, *b, *c; /* at 64-byte lines, with GUARD elements before and behind */
	void *blocks[3];
	struct team *team;
	int node;
};

static double *lined(void **block)
{
	size_t bytes = (MOST + 8 + 2 * GUARD) * sizeof(double);

	return posix_memalign(block, 64, bytes) == 0 ? (double *)*block + GUARD : NULL;
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	unsigned node = 0;
	int cpus[3];

	if (!b)
		return -1;
	*state = b;
	b->a = lined(&b->blocks[0]);
	b->b = lined(&b->blocks[1]);
	b->c = lined(&b->blocks[2]);
	cpus[0] = cpus[1] = cpus[2] = sched_getcpu();
	getcpu(NULL, &node);
	b->node = (int)node;
	return b->a && b->b && b->c ? team_start(&b->team, cpus, 3, NULL) : -1;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	for (int i = 0; i < 3; i++)
		free(b->blocks[i]);
	team_stop(b->team);
	free(b);
	return 0;
}

/* The definitions of stream.h once more, by hand. */
static double plainly(enum stream_op op, const double *b, const double *c, double s, size_t i)
{
	const double by_op[STREAM_OPS] = { [STREAM_WRITE] = s + (double)i,
					   [STREAM_COPY] = b[i],
					   [STREAM_SCALE] = s * b[i],
					   [STREAM_ADD] = b[i] + c[i],
					   [STREAM_TRIAD] = b[i] + s * c[i] };

	return by_op[op];
}

static void run_one(const struct bed *bed, const struct stream_kernel *k, size_t n,
		    const size_t *at)
{
	double *a = bed->a + at[0], *b = bed->b + at[1], *c = bed->c + at[2], s = 3, sum = 0, got;

	for (long i = -GUARD; i < MOST + 8 + GUARD; i++) {
		bed->a[i] = -9;
		bed->b[i] = (double)(1 + (i * 2654435761) % 1000);
		bed->c[i] = (double)(2 + (i * 40503) % 777);
	}
	got = k->run(a, b, c, s, n);
	for (size_t i = 0; i < n; i++)
		sum += b[i];
	if (got != (k->op == STREAM_READ ? sum : 0))
		fail_msg("%s of %zu elements returned %g", k->name, n, got);
	for (long i = -GUARD - (long)at[0]; i < MOST + 8 + GUARD - (long)at[0]; i++) {
		bool written = i >= 0 && (size_t)i < n && k->op != STREAM_READ;
		double expected = written ? plainly(k->op, b, c, s, (size_t)i) : -9;

		if (a[i] != expected)
			fail_msg("%s of %zu elements at %zu, %zu, %zu: element %ld is %g, not %g",
				 k->name, n, at[0], at[1], at[2], i, a[i], expected);
	}
}

static void test_kernels(void **state)
{
	const struct stream_kernel *k;
	size_t portable = 0;

	for (size_t i = 0; (k = stream_kernel(i)); i++) {
		portable += k->isa == ISA_PORTABLE;
		if (!stream_usable(k)) {
			print_message("%s: not on this processor\n", k->name);
			continue;
		}
		for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
			for (size_t o = 0; o < sizeof(offsets) / sizeof(offsets[0]); o++)
				run_one(*state, k, sizes[n], offsets[o]);
	}
	assert_true(portable >= STREAM_OPS);
}

static void test_table(void **state)
{
	const struct stream_kernel *k, *other;
	size_t of_op[STREAM_OPS] = { 0 };

	(void)state;
	for (size_t i = 0; (k = stream_kernel(i)); i++) {
		of_op[k->op] += stream_usable(k);
		/* "triad-avx512-nt": its operation, and a name that fits into a record */
		assert_int_equal(
			strncmp(k->name, stream_op_name(k->op), strlen(stream_op_name(k->op))), 0);
		assert_true(strlen(k->name) < sizeof(((struct record *)0)->kernel));
		assert_int_equal(k->non_temporal, strstr(k->name, "-nt") != NULL);
		for (size_t j = 0; j < i; j++) {
			other = stream_kernel(j);
			assert_int_not_equal(strcmp(other->name, k->name), 0);
			assert_true(other->isa <= k->isa);
		}
	}
	for (int op = 0; op < STREAM_OPS; op++)
		assert_true(of_op[op] >= 1);
	/* STREAM's convention */
	assert_true(stream_counted_bytes(STREAM_READ) == 8);
	assert_true(stream_counted_bytes(STREAM_WRITE) == 8);
	assert_true(stream_counted_bytes(STREAM_COPY) == 16);
	assert_true(stream_counted_bytes(STREAM_SCALE) == 16);
	assert_true(stream_counted_bytes(STREAM_ADD) == 24);
	assert_true(stream_counted_bytes(STREAM_TRIAD) == 24);
}

static void test_data(void **state)
{
	enum { N = 3 * STREAM_PERIOD + 100 };
	double *a = calloc(3 * N, sizeof(*a)), *b = a + N, *c = b + N;
	struct stream_data d, e;
	size_t repeats = 0;

	(void)state;
	assert_non_null(a);
	stream_data_init(&d, SEED);
	stream_data_init(&e, SEED + 1);
	assert_memory_not_equal(&d, &e, sizeof(d));
	/* In two parts, as two threads fill it. */
	stream_data_fill(&d, a, b, c, 0, 1234);
	stream_data_fill(&d, a, b, c, 1234, N - 1234);
	for (size_t i = 0; i < N; i++) {
		assert_true(a[i] < 0 && b[i] >= 1 && c[i] >= 1);
		assert_true(b[i] == (double)(long)b[i] && c[i] == (double)(long)c[i]);
		repeats += i >= STREAM_PERIOD && b[i] == b[i - STREAM_PERIOD];
	}
	assert_int_equal(repeats, 0);
	for (size_t first = 0; first < N; first += 1000) {
		for (size_t n = 0; first + n <= N; n += 777) {
			double sum = 0;

			for (size_t i = first; i < first + n; i++)
				sum += b[i];
			assert_true(sum == stream_data_sum(&d, first, n));
		}
	}
	free(a);
}

/* A wrong element is found wherever it is, the first of several, and where b or c had been
 * damaged too. */
static void test_check(void **state)
{
	enum { N = 2 * STREAM_PERIOD + 21 };
	static const size_t places[] = { 0,      1,    15, 16, STREAM_PERIOD - 1, STREAM_PERIOD,
					 N - 22, N - 1 };
	double *a = calloc(3 * N, sizeof(*a)), *b = a + N, *c = b + N, s = 5;
	struct stream_mismatch m;
	struct stream_data d;

	(void)state;
	assert_non_null(a);
	stream_data_init(&d, SEED);
	for (enum stream_op op = STREAM_WRITE; op < STREAM_OPS; op++) {
		stream_data_fill(&d, a, b, c, 0, N);
		stream_data_check(&d, op, a, 0, N, s, &m);
		assert_true(m.any && m.element == 0); /* a as filled is no result */
		for (size_t i = 0; i < N; i++)
			a[i] = plainly(op, b, c, s, i);
		stream_data_check(&d, op, a, 0, N, s, &m);
		assert_false(m.any);
		stream_data_check(&d, op, a, 0, N, s + 1, &m);
		assert_true(m.any || op == STREAM_COPY || op == STREAM_ADD);
		for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
			size_t at = places[p];
			double right = a[at], last = a[N - 1];

			a[N - 1] = a[at] = right + 1;
			stream_data_check(&d, op, a, 0, N, s, &m);
			assert_true(m.any);
			assert_int_equal(m.element, at);
			assert_true(m.expected == right && m.found == right + 1);
			a[N - 1] = last;
			a[at] = right;
		}
	}
	free(a);
}

static void test_set(void **state)
{
	const struct bed *bed = *state;
	const struct stream_kernel *k;
	struct stream_set *set;
	struct placement p = { .requested = bed->node };
	struct memory_want want = { .node = bed->node }, nowhere = { .node = 8000 };
	size_t bytes = 3 * 1024 * 1024 + 8 * 13;

	assert_int_equal(stream_set_open(&set, bed->team, bytes, &want, SEED, NULL), 0);
	assert_int_equal(set->n, bytes / 8);
	assert_int_equal(set->pages, PAGES_4K);
	assert_int_equal(stream_set_prove(set, &p), 0);
	assert_true(placement_holds(&p));
	placement_release(&p);
	assert_true(3 * bytes <= stream_set_bytes(bytes));
	for (size_t i = 0; (k = stream_kernel(i)); i++) {
		struct stream_run run = { .set = set, .kernel = k, .n = set->n, .repeat = 3 };
		struct record r;

		if (!stream_usable(k))
			continue;
		memset(set->checked, 0, sizeof(set->checked));
		for (size_t e = 0; e < set->n; e++) /* nothing is left over from the one before */
			set->array[0][e] = -1;
		assert_int_equal(stream_set_run(&run, bed->team), 0);
		assert_true(run.seconds > 0);
		record_init(&r);
		stream_set_tell(&run, bed->team, &r);
		if (!r.verified || r.status != STATUS_OK)
			fail_msg("%s: %s", k->name, r.reason);
		record_release(&r);
	}
	stream_set_close(set);
	stream_set_close(NULL);
	assert_int_equal(stream_set_open(&set, bed->team, bytes, &nowhere, SEED, NULL), -22);
	assert_null(set);
}

static const struct stream_kernel *first_of(enum stream_op op)
{
	size_t i = 0;

	while (stream_kernel(i)->op != op)
		i++;
	return stream_kernel(i);
}

static void test_corruption_is_a_status(void **state)
{
	const struct bed *bed = *state;
	struct stream_run run = { .kernel = first_of(STREAM_COPY), .repeat = 1 };
	struct memory_want want = { .node = bed->node };
	struct stream_set *set;
	struct record r;

	assert_int_equal(stream_set_open(&set, bed->team, 100000, &want, SEED, NULL), 0);
	run.set = set;
	run.n = set->n;
	set->array[1][4321] += 1; /* the source is damaged: found in the copy */
	assert_int_equal(stream_set_run(&run, bed->team), 0);
	record_init(&r);
	stream_set_tell(&run, bed->team, &r);
	assert_int_equal(r.status, STATUS_CORRUPT);
	assert_false(r.verified);
	assert_non_null(strstr(r.reason, "offset 34568:"));
	record_release(&r);
	run.kernel = first_of(STREAM_READ);
	assert_int_equal(stream_set_run(&run, bed->team), 0);
	assert_true(run.sum == run.expected_sum + 1);
	record_init(&r);
	stream_set_tell(&run, bed->team, &r);
	assert_int_equal(r.status, STATUS_CORRUPT);
	record_release(&r);
	stream_set_close(set);
}

/* Whole arrays of 64 KiB: any row may win. Parts of larger ones: what ordinary stores leave in
 * large caches would not be counted, so that they may not. */
static void test_choice(void **state)
{
	static const size_t sizes_of_sets[] = { 65536, 224 << 20 };
	const struct bed *bed = *state;
	struct memory_want want = { .node = bed->node, .pages = PAGES_THP };

	for (size_t i = 0; i < 2; i++) {
		struct stream_choice choice = { { NULL } };
		struct stream_set *set;

		assert_int_equal(
			stream_set_open(&set, bed->team, sizes_of_sets[i], &want, SEED, NULL), 0);
		stream_choose(&choice, set, bed->team, (uint64_t)1 << 30);
		for (enum stream_op op = STREAM_READ; op < STREAM_OPS; op++) {
			assert_non_null(choice.of[op]);
			assert_int_equal(choice.of[op]->op, op);
			assert_true(stream_usable(choice.of[op]));
			if (i == 1 && op != STREAM_READ && choice.of[op]->isa != ISA_PORTABLE)
				assert_true(choice.of[op]->non_temporal);
		}
		stream_set_close(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels), cmocka_unit_test(test_table),
		cmocka_unit_test(test_data),    cmocka_unit_test(test_check),
		cmocka_unit_test(test_set),     cmocka_unit_test(test_corruption_is_a_status),
		cmocka_unit_test(test_choice),
	};

	return cmocka_run_group_tests_name("stream", tests, setup, teardown);
}
