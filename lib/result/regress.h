/* regress.h - the rule by which a figure got worse. Pure: run medians in, outcomes out.
 *
 * A baseline is the medians of several runs in separate processes, a candidate those of others.
 * (Samples of one run are no independent evidence: two runs of an unchanged machine that differ by
 * 1 % fail such tests in most comparisons.) A cell is suspected where
 *
 *  - the one-sided rank test on run medians (rank_test.h) is significant at TRIAL_LEVEL after
 *    Holm's correction within its family, and
 *  - the median of the candidate is worse than that of the baseline by more than the threshold:
 *    the larger of its floor and TRIAL_SPREADS standard deviations of the baseline's run medians.
 *
 * and fails where a retest in a fresh process is worse by half of that, too. A family is split
 * until the clearest of its cells could be significant (rank_test_family).
 *
 * A candidate of one run is never significant: it is suspected by its effect alone, only where the
 * baseline has TRIAL_RUNS_BASELINE runs that spread by TRIAL_ONE_SPREAD at most, as do half of the
 * cells of its family (of many noisy cells some look calm), and its retest is to be worse by all of
 * the threshold, not half: with half of it 1.9 % of comparisons of 100 cells failed at a spread of
 * 1 % with nothing changed, with all of it 0.1 %, and hardly less is found.
 *
 * `make power` shows what the rule finds, and how often it is wrong (results/power.md).
 */
#ifndef NB_RESULT_REGRESS_H
#define NB_RESULT_REGRESS_H

#include <stdbool.h>
#include <stddef.h>

#define TRIAL_LEVEL      0.05
#define TRIAL_SPREADS    3.0
#define TRIAL_ONE_SPREAD 0.01
/* Floors: of what is measured in bytes per second and the like, and of latencies. */
#define TRIAL_FLOOR         0.03
#define TRIAL_FLOOR_LATENCY 0.05
/* What is recommended, and below what it is said that a baseline is weak. */
enum { TRIAL_RUNS_BASELINE = 10, TRIAL_RUNS_CANDIDATE = 5 };
/* A spread of fewer runs than these says nothing. */
enum { TRIAL_RUNS_SPREAD = 3 };

enum trial_outcome {
	TRIAL_SAME,      /* nothing that could be claimed */
	TRIAL_SUSPECTED, /* worse; a retest decides */
	TRIAL_UNSURE, /* worse by more than the threshold, but not to be claimed with these runs */
	TRIAL_BETTER,
};

struct trial {                        /* one cell */
	const double *before, *after; /* medians of runs, above 0; borrowed */
	size_t n, m;
	bool higher; /* higher figures are better */
	double floor;
	int family; /* any number; cells of one family have the same */

	/* Filled by regress(): */
	double base, now; /* medians of these */
	double worse;     /* now against base: 0.1 is a rate that lacks 10 %, a time 10 % longer */
	double spread;    /* standard deviation of before over base; NaN below TRIAL_RUNS_SPREAD */
	double threshold; /* NaN without a spread */
	double p;       /* after Holm's correction: that it is worse; NaN where it cannot be told */
	bool claimable; /* with these runs it could be suspected at all */
	enum trial_outcome outcome;
};

/* -ENOMEM. */
int regress(struct trial *trials, size_t n);

/* By how much `now` is worse than `base`, as in trial.worse. */
double trial_worse(double base, double now, bool higher);

/* Whether a retest of a cell that is suspected, or unsure, shows it, too. */
bool trial_holds(const struct trial *t, double retest);

#endif
