/* stream_data.h - what the arrays of mem-bandwidth hold, and whether it is right.
 *
 * Never zero, for processors and hypervisors short-cut zeros; all whole numbers,
 * so that sums are exact in any order. Element i of b is
 *
 *     table_b[i % STREAM_PERIOD] + i / STREAM_PERIOD % STREAM_TURNS
 *
 * and likewise for c; a begins as -b. The tables are drawn from a seed, so that a
 * set's contents differ from opening to opening. b and c stay; every operation but
 * read writes to a.
 */
#ifndef NB_KERNELS_STREAM_DATA_H
#define NB_KERNELS_STREAM_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/stream.h"

/* A table fits into a first-level cache: 2 x 16 KiB. TURNS is a prime. */
enum { STREAM_PERIOD = 2048, STREAM_TURNS = 65521 };

struct stream_data {
	double b[STREAM_PERIOD], c[STREAM_PERIOD]; /* 1 to 65536 */
};

struct stream_mismatch {
	bool any;
	size_t element; /* the first wrong one */
	double expected, found;
};

void stream_data_init(struct stream_data *d, uint64_t seed);

/* Fills elements first .. first + n - 1 of the arrays; a gets what no operation yields from
 * positive scalars (for update: from a negative one). The pointers are to the arrays' beginnings.
 */
void stream_data_fill(const struct stream_data *d, double *a, double *b, double *c, size_t first,
		      size_t n);

/* The sum of n elements of b; exact for fewer than 2^36. */
double stream_data_sum(const struct stream_data *d, size_t first, size_t n);

/* Compares elements first .. first + n - 1 of a with what op makes of the definitions of
 * a, b and c (not of what lies in them). Notes the first difference in *m. */
void stream_data_check(const struct stream_data *d, enum stream_op op, const double *a,
		       size_t first, size_t n, double s, struct stream_mismatch *m);

#endif
