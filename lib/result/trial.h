/* trial.h - whether a binding helps a command, from runs with it and without (`numabench try`).
 *
 * A round runs the command once in each of the four ways (enum bound), in random order; what is
 * compared are ratios within a round. Where a binding makes no difference, neither way of a round
 * is different from the other, and the logarithms of the ratios lie symmetrically about 0: that is
 * all that the interval needs.
 */
#ifndef NB_RESULT_TRIAL_H
#define NB_RESULT_TRIAL_H

#include <stddef.h>

#include "result/result.h"

#define TRIAL_TEST "try"
#define TRIAL_TO   "bound_to"  /* of run.options: the node, and who says so (binding_origin) */
#define TRIAL_TIME "wall-time" /* the metric of seconds; any other came out of the output */

enum trial_says {
	TRIAL_UNKNOWN, /* fewer rounds than TRIAL_LEAST */
	TRIAL_HELPS,
	TRIAL_NO_DIFFERENCE, /* none was shown: the interval tells how large one may still be */
	TRIAL_HARMS,
};

/* A program whose runs fall now into this class, now into that, has all of two rounds in favour of
 * one way in one of eight trials, where there is no difference; all of three in one of 32. */
enum { TRIAL_LEAST = 3 };

struct trial_effect {
	size_t rounds;    /* with both */
	double gain;      /* above 1, it is better: 1.35 is 35 % more, or in 1/1.35 of the time */
	double low, high; /* 95 % interval; NaN below TRIAL_LEAST rounds */
	enum trial_says says;
};

/* Better (worse) where the interval is above (below) by more than the bar that a recommendation has
 * (RECOMMEND_BAR). The interval is Student's of the mean of the logarithms up to five rounds, that
 * of the median of ratios from six on (statistics.h); gain is the one or the other. A record that
 * has no figure tells nothing (TRIAL_UNKNOWN). */
struct trial_effect trial_compare(const struct record *bound, const struct record *unbound);

/* "unbound", "CPU only", "memory only", "both": a way, for a person. */
const char *trial_way_name(enum bound way);
/* The record of a way among those of a result, for this GPU; NULL without. */
const struct record *trial_record(const struct result *res, int gpu, enum bound way);
/* That which the verdict is about: bound both ways, or, where memory cannot be bound, the CPUs. */
const struct record *trial_bound(const struct result *res, int gpu);

/* "yes, +35 % (+31 % to +39 %)", "no difference (-1.2 % to +0.8 %)", "no, -12 % (..)", "not known:
 * fewer than three rounds". Returns buf. */
char *trial_verdict(const struct trial_effect *x, char *buf, size_t size);

#endif
