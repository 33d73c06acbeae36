/* Every stream kernel that this processor runs does what its definition says, and what goes
 * wrong is found. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "../helpers/stream_verify.h"
#include "kernels/stream_choose.h"
#include "measure/timing.h"

enum { SEED = 7 };

struct bed {
	struct verify_bed verify;
	struct team *team;
	int node;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	unsigned node = 0;
	int cpus[3];

	if (!b)
		return -1;
	*state = b;
	cpus[0] = cpus[1] = cpus[2] = sched_getcpu();
	getcpu(NULL, &node);
	b->node = (int)node;
	return verify_open(&b->verify) ? team_start(&b->team, cpus, 3, NULL) : -1;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	verify_close(&b->verify);
	team_stop(b->team);
	free(b);
	return 0;
}

static void test_kernels(void **state)
{
	const struct bed *bed = *state;
	const struct stream_kernel *k;
	size_t portable = 0;
	char why[256];

	for (size_t i = 0; (k = stream_kernel(i)); i++) {
		portable += k->isa == ISA_PORTABLE;
		if (!stream_usable(k)) {
			print_message("%s: not on this processor\n", k->name);
			continue;
		}
		if (!verify_kernel(&bed->verify, k, why, sizeof(why)))
			fail_msg("%s", why);
	}
	assert_true(portable >= STREAM_OPS);
}

/* What stores one element too many, leaves one out, or is wrong in one, is found. */
static double too_many(double *a, const double *b, const double *c, double s, size_t n)
{
	(void)c, (void)s;
	memcpy(a, b, n * sizeof(*a));
	a[n] = 1e6;
	return 0;
}

static double too_few(double *a, const double *b, const double *c, double s, size_t n)
{
	(void)c, (void)s;
	memcpy(a, b, (n > 99 ? n - 1 : n) * sizeof(*a));
	return 0;
}

static double spoils_source(double *a, const double *b, const double *c, double s, size_t n)
{
	(void)c, (void)s;
	memcpy(a, b, n * sizeof(*a));
	((double *)(uintptr_t)b)[n / 2] += 1;
	return 0;
}

static double misaligned(double *a, const double *b, const double *c, double s, size_t n)
{
	(void)c, (void)s;
	memcpy(a, b, n * sizeof(*a));
	if (n > 30 && (uintptr_t)a % 64 == 40)
		a[29] += 1;
	return 0;
}

static void test_wrong_kernels_are_found(void **state)
{
	static const struct stream_kernel wrong[] = {
		{ "too-many", STREAM_COPY, ISA_PORTABLE, STORE_ORDINARY, too_many },
		{ "too-few", STREAM_COPY, ISA_PORTABLE, STORE_ORDINARY, too_few },
		{ "spoils-source", STREAM_COPY, ISA_PORTABLE, STORE_ORDINARY, spoils_source },
		{ "misaligned", STREAM_COPY, ISA_PORTABLE, STORE_ORDINARY, misaligned },
	};
	const struct bed *bed = *state;
	char why[256];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(verify_kernel(&bed->verify, &wrong[i], why, sizeof(why)));
		assert_non_null(strstr(why, wrong[i].name));
	}
}

/* STREAM's convention, and what write-allocation adds. */
static void check_bytes(const struct stream_kernel *k)
{
	static const struct {
		double counted, allocated;
	} by_op[STREAM_OPS] = {
		[STREAM_READ] = { 8, 0 },    [STREAM_FILL] = { 8, 8 }, [STREAM_COPY] = { 16, 8 },
		[STREAM_SCALE] = { 16, 8 },  [STREAM_ADD] = { 24, 8 }, [STREAM_TRIAD] = { 24, 8 },
		[STREAM_UPDATE] = { 16, 0 },
	};
	bool allocates = k->store == STORE_ORDINARY;

	assert_true(stream_counted_bytes(k->op) == by_op[k->op].counted);
	assert_true(stream_traffic_bytes(k) ==
		    by_op[k->op].counted + (allocates ? by_op[k->op].allocated : 0));
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
		assert_int_equal(k->store == STORE_NON_TEMPORAL, strstr(k->name, "-nt") != NULL);
		assert_int_equal(k->store == STORE_NONE, k->op == STREAM_READ);
		check_bytes(k);
		for (size_t j = 0; j < i; j++) {
			other = stream_kernel(j);
			assert_int_not_equal(strcmp(other->name, k->name), 0);
			assert_true(other->isa <= k->isa);
		}
	}
	for (int op = 0; op < STREAM_OPS; op++)
		assert_true(of_op[op] >= 1);
}

static void test_ask(void **state)
{
	const struct stream_kernel *k;
	struct err e = { "" };

	(void)state;
	assert_int_equal(stream_ask("triad-portable", &k, &e), 0);
	assert_int_equal(k->op, STREAM_TRIAD);
	assert_int_equal(stream_ask("triad", &k, &e), -EINVAL);
	assert_non_null(strstr(e.text, "triad: there is none"));
	for (size_t i = 0; (k = stream_kernel(i)); i++) {
		const struct stream_kernel *found;

		assert_int_equal(stream_ask(k->name, &found, &e), stream_usable(k) ? 0 : -ENODEV);
		assert_ptr_equal(found, k);
	}
}

struct lines {
	size_t n;
};

static void take_line(const char *text, void *to)
{
	struct lines *lines = to;
	const struct stream_kernel *k = stream_kernel(lines->n++);

	assert_int_equal(strncmp(text, k->name, strlen(k->name)), 0);
	assert_int_equal(stream_usable(k), strstr(text, "not here") == NULL);
}

static void test_list(void **state)
{
	struct lines lines = { 0 };

	(void)state;
	stream_list(take_line, &lines);
	assert_true(lines.n > STREAM_OPS);
	assert_null(stream_kernel(lines.n));
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
	double *a = calloc(3 * N, sizeof(*a)), *b = a + N, *c = b + N, s;
	struct stream_mismatch m;
	struct stream_data d;

	(void)state;
	assert_non_null(a);
	stream_data_init(&d, SEED);
	for (enum stream_op op = STREAM_FILL; op < STREAM_OPS; op++) {
		s = op == STREAM_UPDATE ? -1 : 5; /* as stream_set_run has it */
		stream_data_fill(&d, a, b, c, 0, N);
		stream_data_check(&d, op, a, 0, N, s, &m);
		assert_true(m.any && m.element == 0); /* a as filled is no result */
		for (size_t i = 0; i < N; i++)
			a[i] = verify_plainly(op, a[i], b[i], c[i], s);
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
		struct stream_run run = { .set = set, .kernel = k, .n = set->n, .repeat = 2 };
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

static bool more_than_portable(void)
{
	const struct stream_kernel *k;
	bool any = false;

	for (size_t i = 0; (k = stream_kernel(i)); i++)
		any |= k->op == STREAM_ADD && k->store == STORE_NON_TEMPORAL && stream_usable(k);
	return any;
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
 * caches larger than a trial would not be counted, so that they may not, where there are others. */
static void test_choice(void **state)
{
	static const size_t sizes_of_sets[] = { 65536, 224 << 20 };
	const struct bed *bed = *state;
	struct memory_want want = { .node = bed->node, .pages = PAGES_THP };
	const bool others = more_than_portable();

	for (size_t i = 0; i < 2; i++) {
		struct stream_choice *choice;
		struct stream_set *set;

		assert_int_equal(
			stream_set_open(&set, bed->team, sizes_of_sets[i], &want, SEED, NULL), 0);
		choice = stream_choose_all(NULL, set, bed->team, (uint64_t)1 << 40);
		for (enum stream_op op = STREAM_READ; op < STREAM_OPS; op++) {
			const struct stream_kernel *k = choice->of[op];

			assert_non_null(k);
			assert_int_equal(k->op, op);
			assert_true(stream_usable(k));
			if (i == 1 && others && op != STREAM_READ && op != STREAM_UPDATE)
				assert_int_not_equal(k->store, STORE_ORDINARY);
			/* What has been chosen stays. */
			assert_ptr_equal(stream_choose(choice, op, set, bed->team, 1), k);
		}
		free(choice);
		stream_set_close(set);
	}
}

static void test_only_one(void **state)
{
	const struct bed *bed = *state;
	const struct stream_kernel *k = first_of(STREAM_ADD);
	struct stream_choice *choice = stream_choose_all(k, NULL, bed->team, 0);

	for (enum stream_op op = STREAM_READ; op < STREAM_OPS; op++)
		assert_ptr_equal(choice->of[op], op == STREAM_ADD ? k : NULL);
	free(choice);
}

static void test_sample(void **state)
{
	const struct bed *bed = *state;
	struct memory_want want = { .node = bed->node };
	struct stream_set *set;

	assert_int_equal(stream_set_open(&set, bed->team, 100000, &want, SEED, NULL), 0);
	for (enum stream_op op = STREAM_READ; op < STREAM_OPS; op++) {
		struct stream_run run = { .set = set, .kernel = first_of(op), .n = set->n };
		unsigned repeat = 0;

		assert_int_equal(stream_set_sample(&run, bed->team, &repeat), 0);
		assert_true(run.seconds >= SAMPLE_SECONDS);
		assert_true(repeat > 0 && run.repeat == repeat);
		assert_true(op != STREAM_UPDATE || run.repeat % 2 == 1);
		assert_true(stream_run_rate(&run) ==
			    stream_counted_bytes(op) * (double)set->n * run.repeat / run.seconds);
		assert_int_equal(stream_set_sample(&run, bed->team, &repeat), 0);
		assert_int_equal(run.repeat, repeat);
		for (size_t i = 0; i < set->n; i++) /* nothing grew, nothing came to zero */
			assert_true(set->array[0][i] != 0 && fabs(set->array[0][i]) < 1e8);
	}
	stream_set_close(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_wrong_kernels_are_found),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_corruption_is_a_status),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_only_one),
		cmocka_unit_test(test_sample),
	};

	return cmocka_run_group_tests_name("stream", tests, setup, teardown);
}
