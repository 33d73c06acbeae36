/* rank_test.h - whether one set of figures tends to be below another, and what that is worth when
 * many are looked at. Pure functions; nothing is assumed of how the figures are spread. */
#ifndef NB_RESULT_RANK_TEST_H
#define NB_RESULT_RANK_TEST_H

#include <stddef.h>

/* The one-sided test of Mann and Whitney (1947; Wilcoxon's rank sum) that the m figures of b tend
 * to be lower than the n of a: the share of all ways to deal the n + m figures out in which b's
 * rank sum is as low as here or lower. Ties have the mean of their ranks, and the share is that
 * of the very figures with their ties (the permutation distribution). Exact, counted out; beyond
 * some 1e8 steps of counting (30 against 60 and more) the normal approximation with corrections
 * for ties and continuity. 1 where n or m is 0; NaN without memory. */
double rank_test(const double *a, size_t n, const double *b, size_t m);

/* The least that it can come to with n against m figures: 1 / C(n + m, m). */
double rank_test_least(size_t n, size_t m);

/* How many tests of n against m figures may stand in one family if the clearest of them is to be
 * significant at `level` after Holm's correction: the whole part of level x C(n + m, m), 1e6 at
 * most. 0: not even one. */
size_t rank_test_family(size_t n, size_t m, double level);

/* Holm's step-down correction (1979) for k tests: adjusted[i] is the lowest level for the whole
 * family at which test i is significant. -ENOMEM. */
int holm(const double *p, size_t k, double *adjusted);

#endif
