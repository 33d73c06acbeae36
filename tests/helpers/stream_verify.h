/* stream_verify.h - a stream kernel beside its plain definition, on odd sizes and
 * at every alignment. For the unit test, and for verify-kernels, which runs where
 * there is no cmocka.
 */
#ifndef NB_TESTS_STREAM_VERIFY_H
#define NB_TESTS_STREAM_VERIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kernels/stream.h"

enum { VERIFY_MOST = 5000, VERIFY_GUARD = 64, VERIFY_ARRAYS = 3, VERIFY_PAGE = 65536 };

/* Three areas, each with a page behind it that nobody may touch. */
struct verify_bed {
	double *area[VERIFY_ARRAYS]; /* VERIFY_MOST + 2 * VERIFY_GUARD elements, and up to the page
				      */
	size_t n;                    /* elements of each */
};

static inline bool verify_open(struct verify_bed *bed)
{
	size_t bytes = (VERIFY_MOST + 2 * VERIFY_GUARD) * sizeof(double);

	bytes = (bytes + VERIFY_PAGE - 1) / VERIFY_PAGE * VERIFY_PAGE;
	bed->n = bytes / sizeof(double);
	for (int i = 0; i < VERIFY_ARRAYS; i++) {
		char *p = mmap(NULL, bytes + VERIFY_PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || mprotect(p + bytes, VERIFY_PAGE, PROT_NONE) != 0)
			return false;
		bed->area[i] = (double *)(void *)p;
	}
	return true;
}

static inline void verify_close(struct verify_bed *bed)
{
	for (int i = 0; i < VERIFY_ARRAYS && bed->area[i]; i++)
		munmap(bed->area[i], bed->n * sizeof(double) + VERIFY_PAGE);
}

/* What each element holds before: whole numbers, all positive, so that sums are exact. */
static inline double verify_before(int array, size_t i)
{
	return (double)(1 + (i * 2654435761u + (size_t)array * 40503) % 1000);
}

/* The definitions of stream.h once more, by hand. */
static inline double verify_plainly(enum stream_op op, double a, double b, double c, double s)
{
	const double by_op[STREAM_OPS] = {
		[STREAM_READ] = a,       [STREAM_FILL] = s,    [STREAM_COPY] = b,
		[STREAM_SCALE] = s * b,  [STREAM_ADD] = b + c, [STREAM_TRIAD] = b + s * c,
		[STREAM_UPDATE] = s * a,
	};

	return by_op[op];
}

/* n elements of each array, at[] elements into its area: false with why where a result, or anything
 * around it, is not what it should be. */
static inline bool verify_once(const struct verify_bed *bed, const struct stream_kernel *k,
			       size_t n, const size_t at[VERIFY_ARRAYS], char *why, size_t size)
{
	double *const *area = bed->area, s = 3, sum = 0, got;

	for (int i = 0; i < VERIFY_ARRAYS; i++)
		for (size_t j = 0; j < bed->n; j++)
			area[i][j] = verify_before(i, j);
	/* What it has no use for may be NULL. */
	got = k->run(k->op == STREAM_READ ? NULL : area[0] + at[0],
		     stream_uses_b(k->op) ? area[1] + at[1] : NULL,
		     stream_uses_c(k->op) ? area[2] + at[2] : NULL, s, n);
	for (size_t j = 0; j < n && k->op == STREAM_READ; j++)
		sum += verify_before(1, at[1] + j);
	if (got != sum) {
		snprintf(why, size, "%s of %zu elements returned %g, not %g", k->name, n, got, sum);
		return false;
	}
	for (int i = 0; i < VERIFY_ARRAYS; i++)
		for (size_t j = 0; j < bed->n; j++) {
			bool written = i == 0 && j >= at[0] && j - at[0] < n;
			double expected = verify_before(i, j);

			if (written)
				expected = verify_plainly(k->op, expected,
							  verify_before(1, at[1] + j - at[0]),
							  verify_before(2, at[2] + j - at[0]), s);
			if (area[i][j] == expected)
				continue;
			snprintf(why, size,
				 "%s of %zu elements at %zu, %zu, %zu: element %td of array %c is "
				 "%g, "
				 "not %g",
				 k->name, n, at[0], at[1], at[2], (ptrdiff_t)(j - at[i]), "abc"[i],
				 area[i][j], expected);
			return false;
		}
	return true;
}

/* All sizes at all alignments of a line, those of b and c others than that of a; and once with the
 * arrays' last elements the last that may be touched. */
static inline bool verify_kernel(const struct verify_bed *bed, const struct stream_kernel *k,
				 char *why, size_t size)
{
	static const size_t sizes[] = { 0,   1,   2,   3,    4,    5,    7,    8,    9,
					15,  16,  17,  31,   32,   33,   63,   64,   65,
					127, 128, 511, 2047, 2048, 2049, 2080, 4096, 4999 };
	enum { LANES = 8, SIZES = sizeof(sizes) / sizeof(sizes[0]) };

	for (size_t i = 0; i < SIZES; i++) {
		const size_t n = sizes[i], last = bed->n - n;

		for (size_t o = 0; o <= LANES; o++) {
			/* o = 8: all three at the beginning of a line */
			const size_t at[] = { VERIFY_GUARD + o,
					      VERIFY_GUARD + (o < LANES ? 3 * o + 1 : 0) % LANES,
					      VERIFY_GUARD + (o < LANES ? 5 * o : 0) % LANES };

			if (!verify_once(bed, k, n, at, why, size))
				return false;
		}
		if (!verify_once(bed, k, n, (const size_t[]){ last, last, last }, why, size))
			return false;
	}
	return true;
}

#endif
