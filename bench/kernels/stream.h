/* stream.h - the inner loops of mem-bandwidth: one row of a table for each
 * operation and each form of it that this build knows.
 *
 * The plain definitions, for i = 0 .. n-1, and the bytes counted an element:
 *
 *     read     the sum of b[i]            8
 *     fill     a[i] = s                   8
 *     copy     a[i] = b[i]               16
 *     scale    a[i] = s * b[i]           16
 *     add      a[i] = b[i] + c[i]        24
 *     triad    a[i] = b[i] + s * c[i]    24
 *     update   a[i] = s * a[i]           16
 *
 * Bytes are counted as STREAM does (McCalpin, "Memory Bandwidth and Machine
 * Balance", 1995): what the program reads and writes. What crosses the memory bus
 * can be more: a processor reads the line that an ordinary store writes to. That
 * is estimated beside it.
 */
#ifndef NB_KERNELS_STREAM_H
#define NB_KERNELS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

enum stream_op {
	STREAM_READ,
	STREAM_FILL,
	STREAM_COPY,
	STREAM_SCALE,
	STREAM_ADD,
	STREAM_TRIAD,
	STREAM_UPDATE,
	STREAM_OPS
};

/* What the processor must have. */
enum stream_isa { ISA_PORTABLE, ISA_STRING, ISA_AVX2, ISA_AVX512, ISA_NEON, ISAS };

/* How results are written. */
enum stream_store {
	STORE_NONE,         /* a read has no stores */
	STORE_ORDINARY,     /* into the caches, which read the line first */
	STORE_NON_TEMPORAL, /* past the caches, in whole lines */
	STORE_STRING,       /* by an instruction that knows that whole lines are written */
};

struct stream_kernel {
	const char *name; /* operation and form: "triad-avx512-nt-prefetch" */
	enum stream_op op;
	enum stream_isa isa;
	enum stream_store store;
	/* All arrays have n elements at any 8-byte alignment, and do not overlap. Those that
	 * the operation has no use for may be NULL. Returns the sum (read) or 0. When it
	 * returns, its stores are ordered before those that follow. */
	double (*run)(double *a, const double *b, const double *c, double s, size_t n);
};

/* All rows of this build, in order of enum stream_isa: the i-th, or NULL past the last. */
const struct stream_kernel *stream_kernel(size_t i);

/* Can this processor run it? */
bool stream_usable(const struct stream_kernel *k);

/* The row of a name: -EINVAL where there is none, -ENODEV where this processor cannot run it. */
int stream_ask(const char *name, const struct stream_kernel **k, struct err *e);

/* A line for each row: its name, bytes an element, whether this processor runs it. */
void stream_list(void (*line)(const char *text, void *to), void *to);

const char *stream_op_name(enum stream_op op);

/* Bytes an element: what counts, and what the memory bus carries by estimate, where arrays are far
 * larger than the caches. The estimate is a bound from above: several processors see that whole
 * lines are written, and do not read them first (Intel's SpecI2M, write streaming of Arm's cores).
 */
double stream_counted_bytes(enum stream_op op);
double stream_traffic_bytes(const struct stream_kernel *k);

/* One element of an operation's result, as defined above (0 for read, which has none). */
static inline double stream_element(enum stream_op op, double a, double b, double c, double s)
{
	switch (op) {
	case STREAM_FILL:
		return s;
	case STREAM_COPY:
		return b;
	case STREAM_SCALE:
		return s * b;
	case STREAM_ADD:
		return b + c;
	case STREAM_TRIAD:
		return b + s * c;
	case STREAM_UPDATE:
		return s * a;
	case STREAM_READ:
	case STREAM_OPS:
		break;
	}
	return 0;
}

static inline bool stream_uses_a(enum stream_op op) /* reads it, that is */
{
	return op == STREAM_UPDATE;
}

static inline bool stream_uses_b(enum stream_op op)
{
	return op != STREAM_FILL && op != STREAM_UPDATE;
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
extern const struct stream_table stream_portable, stream_string, stream_avx2, stream_avx512,
	stream_neon;

#endif
