/* stream.h - the inner loops of mem-bandwidth: one row of a table for each
 * operation and each way of doing it that this build knows.
 *
 * The plain definitions, for i = 0 .. n-1:
 *
 *     read    the sum of b[i]            1 x 8 bytes counted an element
 *     write   a[i] = s + i               1 x
 *     copy    a[i] = b[i]                2 x
 *     scale   a[i] = s * b[i]            2 x
 *     add     a[i] = b[i] + c[i]         3 x
 *     triad   a[i] = b[i] + s * c[i]     3 x
 *
 * Bytes are counted as STREAM does (McCalpin, "Memory Bandwidth and Machine
 * Balance", 1995): what the program reads and writes. A line that an ordinary
 * store makes the processor read first is not counted; non-temporal stores save
 * that reading.
 */
#ifndef NB_KERNELS_STREAM_H
#define NB_KERNELS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

enum stream_op {
	STREAM_READ,
	STREAM_WRITE,
	STREAM_COPY,
	STREAM_SCALE,
	STREAM_ADD,
	STREAM_TRIAD,
	STREAM_OPS
};

/* What the processor must have. */
enum stream_isa { ISA_PORTABLE, ISA_AVX2, ISA_AVX512, ISA_NEON };

struct stream_kernel {
	const char *name; /* "triad-avx512-nt-prefetch" */
	enum stream_op op;
	enum stream_isa isa;
	bool non_temporal; /* stores past the caches; a read has no stores */
	/* All arrays have n elements at any 8-byte alignment, and do not overlap. Those that
	 * the operation has no use for may be NULL. Returns the sum (read) or 0. When it
	 * returns, its stores are ordered before those that follow. */
	double (*run)(double *a, const double *b, const double *c, double s, size_t n);
};

/* All rows of this build, narrow vectors before wide ones: the i-th, or NULL past the last. */
const struct stream_kernel *stream_kernel(size_t i);

/* Can this processor run it? */
bool stream_usable(const struct stream_kernel *k);

const char *stream_op_name(enum stream_op op);
double stream_counted_bytes(enum stream_op op); /* an element */

/* One element of an operation's result, as defined above (not for read). */
static inline double stream_element(enum stream_op op, double b, double c, double s, double i)
{
	switch (op) {
	case STREAM_WRITE:
		return s + i;
	case STREAM_COPY:
		return b;
	case STREAM_SCALE:
		return s * b;
	case STREAM_ADD:
		return b + c;
	case STREAM_TRIAD:
		return b + s * c;
	case STREAM_READ:
	case STREAM_OPS:
		break;
	}
	return 0;
}

static inline bool stream_uses_b(enum stream_op op)
{
	return op != STREAM_WRITE;
}

static inline bool stream_uses_c(enum stream_op op)
{
	return op == STREAM_ADD || op == STREAM_TRIAD;
}

/* The rows of one enum stream_isa; empty where it is not this processor's family. */
struct stream_table {
	const struct stream_kernel *row;
	size_t n;
};
extern const struct stream_table stream_portable, stream_avx2, stream_avx512, stream_neon;

#endif
