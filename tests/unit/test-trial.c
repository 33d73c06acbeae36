/* test-trial.c - whether a binding helped: right sign and size where it did, silence where it did
 * not, however the runs of a program spread. */
#include <math.h>
#include <string.h>

#include "unit.h"

#include "result/trial.h"
#include "util/random.h"

enum { TRIALS = 2000 };

/* ---- how programs' runs spread ---- */

static double uniform(uint64_t *state)
{
	return ((double)(random_next(state) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state) /* Box and Muller 1958 */
{
	double r = sqrt(-2 * log(uniform(state)));

	return r * cos(2 * acos(-1) * uniform(state));
}

static double steady(uint64_t *state)
{
	return exp(0.005 * normal(state));
}

static double noisy(uint64_t *state)
{
	return exp(0.1 * normal(state));
}

/* One run in ten meets a neighbour, and takes up to twice as long. */
static double tailed(uint64_t *state)
{
	double slow = uniform(state) < 0.1 ? 1 + uniform(state) : 1;

	return slow * exp(0.02 * normal(state));
}

/* Now on this node, now on that. */
static double two_faced(uint64_t *state)
{
	return (random_next(state) & 1 ? 1.3 : 1.0) * exp(0.01 * normal(state));
}

static const struct spread_of {
	const char *name;
	double (*of)(uint64_t *state);
	double size; /* how near to the planted gain the median of the answers is to be */
} spreads[] = {
	{ "steady", steady, 0.005 },
	{ "noisy", noisy, 0.02 },
	{ "tailed", tailed, 0.02 },
	{ "two-faced", two_faced, 0.05 },
};
enum { SPREADS = sizeof spreads / sizeof *spreads };

static const int all_runs[] = { 3, 4, 5, 6, 10, 20 };
enum { RUNS = sizeof all_runs / sizeof *all_runs };

/* Runs of a time, or of a figure that is the better the higher; the machine drifts meanwhile. */
static void make(struct record *r, const struct spread_of *s, int runs, double gain, bool time,
		 uint64_t *state)
{
	record_init(r);
	r->better = time ? BETTER_LOWER : BETTER_HIGHER;
	for (int i = 0; i < runs; i++) {
		double seconds = 2 * (1 + 0.05 * i) * s->of(state) / gain;

		assert_int_equal(record_sample(r, time ? seconds : 1 / seconds, i, i, i), 0);
	}
	record_summarise(r);
}

/* How often of all trials each is said, and the median gain. */
static void count(const struct spread_of *s, int runs, double gain, double said[4], double *middle)
{
	static double gains[TRIALS];
	uint64_t state = 20261121 + (uint64_t)runs;
	int low = 0;

	memset(said, 0, 4 * sizeof *said);
	for (int i = 0; i < TRIALS; i++) {
		struct record bound, unbound;
		struct trial_effect x;

		make(&unbound, s, runs, 1, i & 1, &state);
		make(&bound, s, runs, gain, i & 1, &state);
		x = trial_compare(&bound, &unbound);
		assert_int_equal(x.rounds, runs);
		said[x.says] += 1.0 / TRIALS;
		gains[i] = x.gain;
		record_release(&bound);
		record_release(&unbound);
	}
	/* The median without a sort: as many lie below as above. */
	*middle = NAN;
	for (int i = 0; i < TRIALS; i++) {
		low = 0;
		for (int k = 0; k < TRIALS; k++)
			low += gains[k] < gains[i];
		if (low == TRIALS / 2)
			*middle = gains[i];
	}
}

static void test_none(void **state)
{
	(void)state;
	for (size_t s = 0; s < SPREADS; s++)
		for (size_t n = 0; n < RUNS; n++) {
			double said[4], middle;

			count(&spreads[s], all_runs[n], 1, said, &middle);
			print_message("# none, %s, %d runs: wrong in %.1f %%\n", spreads[s].name,
				      all_runs[n], 100 * (said[TRIAL_HELPS] + said[TRIAL_HARMS]));
			/* 19 of 20; three standard deviations of such a count more */
			if (said[TRIAL_HELPS] + said[TRIAL_HARMS] > 0.05 + 0.015)
				fail_msg("%s, %d runs: a difference where there is none in %.1f %%",
					 spreads[s].name, all_runs[n],
					 100 * (said[TRIAL_HELPS] + said[TRIAL_HARMS]));
			assert_true(said[TRIAL_UNKNOWN] == 0);
		}
}

static void test_planted(void **state)
{
	static const double gains[] = { 1.35, 1 / 1.35 };

	(void)state;
	for (size_t s = 0; s < SPREADS; s++)
		for (size_t g = 0; g < 2; g++)
			for (size_t n = 0; n < RUNS; n++) {
				enum trial_says right = g ? TRIAL_HARMS : TRIAL_HELPS,
						wrong = g ? TRIAL_HELPS : TRIAL_HARMS;
				double said[4], middle;

				count(&spreads[s], all_runs[n], gains[g], said, &middle);
				print_message("# %.2f, %s, %d runs: found in %.1f %%, as %.3f\n",
					      gains[g], spreads[s].name, all_runs[n],
					      100 * said[right], middle);
				assert_true(fabs(middle / gains[g] - 1) < spreads[s].size);
				assert_true(said[wrong] < 0.01); /* never the other sign */
				if (spreads[s].of == steady && all_runs[n] >= 3)
					assert_true(said[right] > 0.99);
				if (all_runs[n] >= 20 && spreads[s].of != two_faced)
					assert_true(said[right] > 0.95);
			}
}

static void test_edges(void **state)
{
	struct record a, b;
	struct trial_effect x;
	uint64_t random = 1;
	char text[120];

	(void)state;
	make(&a, &spreads[0], 1, 1.35, true, &random);
	make(&b, &spreads[0], 1, 1, true, &random);
	x = trial_compare(&a, &b);
	assert_int_equal(x.says, TRIAL_UNKNOWN);
	assert_true(fabs(x.gain - 1.35) < 0.05 && isnan(x.low));
	assert_string_equal(trial_verdict(&x, text, sizeof text),
			    "not known: fewer than three rounds");
	assert_int_equal(trial_compare(NULL, &b).says, TRIAL_UNKNOWN);
	assert_int_equal(trial_compare(&a, NULL).rounds, 0);
	record_release(&a);
	/* A way that failed has samples, and tells nothing. */
	make(&a, &spreads[0], 3, 1.35, true, &random);
	record_status(&a, STATUS_CRASHED, "ended by signal 9");
	record_release(&b);
	make(&b, &spreads[0], 3, 1, true, &random);
	assert_int_equal(trial_compare(&a, &b).says, TRIAL_UNKNOWN);
	record_release(&a);
	/* Only rounds that both have: the first of five is missing here. */
	make(&a, &spreads[0], 5, 1.35, true, &random);
	memmove(a.samples.v, a.samples.v + 1, 4 * sizeof *a.samples.v);
	memmove(a.round.v, a.round.v + 1, 4 * sizeof *a.round.v);
	a.samples.n = a.round.n = 4;
	x = trial_compare(&a, &b);
	assert_int_equal(x.rounds, 2);
	assert_int_equal(x.says, TRIAL_UNKNOWN);
	a.samples.n = a.round.n = 5;
	/* A result from elsewhere may not tell its rounds. */
	b.round.n = 0;
	x = trial_compare(&a, &b);
	assert_int_equal(x.rounds, 0);
	assert_int_equal(x.says, TRIAL_UNKNOWN);
	record_release(&a);
	record_release(&b);
}

static void test_words(void **state)
{
	static const struct {
		struct trial_effect x;
		const char *text;
	} rows[] = {
		{ { 3, 1.35, 1.31, 1.39, TRIAL_HELPS }, "yes, +35 % (+31 % to +39 %)" },
		{ { 3, 0.88, 0.8, 0.9, TRIAL_HARMS }, "no, -12 % (-20 % to -10 %)" },
		{ { 3, 1.004, 0.988, 1.02, TRIAL_NO_DIFFERENCE },
		  "no difference (-1.2 % to +2.0 %)" },
	};
	char text[120];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(trial_verdict(&rows[i].x, text, sizeof text), rows[i].text);
}

/* Which record the verdict is about. */
static void test_which(void **state)
{
	static const enum bound ways[] = { BOUND_NOT, BOUND_CPU, BOUND_MEMORY, BOUND_BOTH };
	struct result res;
	struct record r;

	(void)state;
	result_init(&res);
	assert_null(trial_bound(&res, 2));
	for (size_t i = 0; i < 4; i++) {
		record_init(&r);
		snprintf(r.test, sizeof r.test, TRIAL_TEST);
		r.gpu = 2;
		r.binding = ways[i];
		record_set(&r, "gpu", "binding", NULL);
		assert_int_equal(result_add(&res, &r), 0);
	}
	assert_ptr_equal(trial_bound(&res, 2), &res.records[3]);
	assert_null(trial_bound(&res, 1));
	res.records[3].status = STATUS_SKIPPED; /* no memory to bind to: CPUs are what bind gives */
	assert_ptr_equal(trial_bound(&res, 2), &res.records[1]);
	res.records[3].status = STATUS_CRASHED;
	assert_ptr_equal(trial_bound(&res, 2), &res.records[3]);
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),  cmocka_unit_test(test_planted),
		cmocka_unit_test(test_edges), cmocka_unit_test(test_words),
		cmocka_unit_test(test_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
