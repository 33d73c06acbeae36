/* stream_loops.h - the loops behind the rows of stream.h, once for all vector
 * widths. Included by stream_portable.c, stream_avx2.c, .. after they defined
 *
 *     ISA            the enum stream_isa
 *     ISA_NAME       "avx512"
 *     ISA_TARGET     the function attribute that lets the compiler use it
 *     TABLE          the struct stream_table to define
 *     HAS_NT         1 where there are non-temporal stores
 *     vec            the vector of doubles
 *     store_nt()     stores it past the caches, at its own alignment
 *     fence()        orders such stores
 *
 * Three ways to walk the arrays, for which is fastest differs from processor to
 * processor: read was fastest in blocks on an EPYC (Turin), with prefetch, by a
 * tenth, on a Xeon (Granite Rapids).
 *
 *     plain      line after line
 *     prefetch   the same, asking for lines 2 KiB ahead
 *     blocks     four streams side by side, a block of 4 KiB apart
 */
#include <stdint.h>

#include "kernels/stream.h"

#define INLINE static inline __attribute__((always_inline)) ISA_TARGET

typedef vec vec_anywhere __attribute__((aligned(8), may_alias));

enum { LANES = sizeof(vec) / sizeof(double), GROUP = 4 * LANES, LINE = 64 / sizeof(double) };
enum { AHEAD = 2048 / sizeof(double), BLOCK = 4096 / sizeof(double) };
enum walk { PLAIN, PREFETCH, BLOCKS };

struct arrays {
	double *a;
	const double *b, *c;
	double s;
};

INLINE vec load(bool wanted, const double *p, size_t i)
{
	vec v = { 0 };

	if (wanted)
		v = *(const vec_anywhere *)(p + i);
	return v;
}

/* One vector at element i. A read adds it to *sum. */
INLINE void step(enum stream_op op, enum stream_store store, const struct arrays *x, vec *sum,
		 size_t i)
{
	const vec b = load(stream_uses_b(op), x->b, i);
	const vec c = load(stream_uses_c(op), x->c, i);
	vec out = load(stream_uses_a(op), x->a, i);

	switch (op) {
	case STREAM_FILL:
		out += x->s;
		break;
	case STREAM_COPY:
		out = b;
		break;
	case STREAM_SCALE:
		out = x->s * b;
		break;
	case STREAM_ADD:
		out = b + c;
		break;
	case STREAM_TRIAD:
		out = b + x->s * c;
		break;
	case STREAM_UPDATE:
		out *= x->s;
		break;
	default: /* read */
		*sum += b;
		return;
	}
	if (store == STORE_NON_TEMPORAL)
		store_nt(x->a + i, out);
	else
		*(vec_anywhere *)(x->a + i) = out;
}

/* Four vectors, `apart` elements from one to the next. */
INLINE void group(enum stream_op op, enum stream_store store, const struct arrays *x, vec sum[4],
		  size_t i, size_t apart)
{
	step(op, store, x, &sum[0], i);
	step(op, store, x, &sum[1], i + apart);
	step(op, store, x, &sum[2], i + 2 * apart);
	step(op, store, x, &sum[3], i + 3 * apart);
	/* Or else the compiler makes calls of memcpy and memset out of copy and fill. */
	if (op == STREAM_COPY || op == STREAM_FILL)
		__asm__ volatile("" ::: "memory");
}

/* Past the end it asks in vain: such addresses do not fault. */
INLINE void look_ahead(enum stream_op op, const struct arrays *x, size_t i)
{
	for (size_t at = i + AHEAD; at < i + AHEAD + GROUP; at += LINE) {
		if (stream_uses_a(op))
			__builtin_prefetch((const char *)((uintptr_t)x->a + at * sizeof(double)));
		if (stream_uses_b(op))
			__builtin_prefetch((const char *)((uintptr_t)x->b + at * sizeof(double)));
		if (stream_uses_c(op))
			__builtin_prefetch((const char *)((uintptr_t)x->c + at * sizeof(double)));
	}
}

/* Elements before the first at which `a` is aligned to whole vectors. */
INLINE size_t head_of(enum stream_op op, const struct arrays *x, size_t n)
{
	size_t over = (uintptr_t)x->a / sizeof(double) % LANES;
	size_t head = op == STREAM_READ || over == 0 ? 0 : LANES - over;

	return head < n ? head : n;
}

INLINE double one_by_one(enum stream_op op, const struct arrays *x, size_t from, size_t to)
{
	double sum = 0;

	for (size_t i = from; i < to; i++) {
		double a = stream_uses_a(op) ? x->a[i] : 0, b = stream_uses_b(op) ? x->b[i] : 0,
		       c = stream_uses_c(op) ? x->c[i] : 0;

		if (op == STREAM_READ)
			sum += b;
		else
			x->a[i] = stream_element(op, a, b, c, x->s);
		__asm__ volatile("" ::: "memory");
	}
	return sum;
}

INLINE double walk(enum stream_op op, enum stream_store store, enum walk way,
		   const struct arrays *x, size_t n)
{
	vec sum[4] = { { 0 } };
	size_t i = head_of(op, x, n);
	double rest = one_by_one(op, x, 0, i);

	for (; way == BLOCKS && i + 4 * BLOCK <= n; i += 4 * BLOCK)
		for (size_t k = 0; k < BLOCK; k += LANES)
			group(op, store, x, sum, i + k, BLOCK);
	for (; i + GROUP <= n; i += GROUP) {
		if (way == PREFETCH)
			look_ahead(op, x, i);
		group(op, store, x, sum, i, LANES);
	}
	rest += one_by_one(op, x, i, n);
	if (store == STORE_NON_TEMPORAL)
		fence();
	for (int l = 0; l < LANES && op == STREAM_READ; l++)
		rest += sum[0][l] + sum[1][l] + sum[2][l] + sum[3][l];
	return rest;
}

/* The rows: function, operation, store, way, the names of operation and form. An update has its
 * line in the cache when it stores: past the caches it took half as long again, or twice as long.
 */
#define ORDINARY(ROW)                                                                              \
	ROW(read_plain, STREAM_READ, STORE_NONE, PLAIN, "read", "")                                \
	ROW(read_prefetch, STREAM_READ, STORE_NONE, PREFETCH, "read", "-prefetch")                 \
	ROW(read_blocks, STREAM_READ, STORE_NONE, BLOCKS, "read", "-blocks")                       \
	ROW(fill_plain, STREAM_FILL, STORE_ORDINARY, PLAIN, "fill", "")                            \
	ROW(copy_plain, STREAM_COPY, STORE_ORDINARY, PLAIN, "copy", "")                            \
	ROW(scale_plain, STREAM_SCALE, STORE_ORDINARY, PLAIN, "scale", "")                         \
	ROW(add_plain, STREAM_ADD, STORE_ORDINARY, PLAIN, "add", "")                               \
	ROW(triad_plain, STREAM_TRIAD, STORE_ORDINARY, PLAIN, "triad", "")                         \
	ROW(update_plain, STREAM_UPDATE, STORE_ORDINARY, PLAIN, "update", "")                      \
	ROW(update_prefetch, STREAM_UPDATE, STORE_ORDINARY, PREFETCH, "update", "-prefetch")       \
	ROW(update_blocks, STREAM_UPDATE, STORE_ORDINARY, BLOCKS, "update", "-blocks")

#define NT_FILL(ROW, op, OP)                                                                       \
	ROW(op##_nt, OP, STORE_NON_TEMPORAL, PLAIN, #op, "-nt")                                    \
	ROW(op##_nt_blocks, OP, STORE_NON_TEMPORAL, BLOCKS, #op, "-nt-blocks")

#define NT(ROW, op, OP)                                                                            \
	NT_FILL(ROW, op, OP)                                                                       \
	ROW(op##_nt_prefetch, OP, STORE_NON_TEMPORAL, PREFETCH, #op, "-nt-prefetch")

#if HAS_NT
#define ROWS(ROW)                                                                                  \
	ORDINARY(ROW)                                                                              \
	NT_FILL(ROW, fill, STREAM_FILL)                                                            \
	NT(ROW, copy, STREAM_COPY)                                                                 \
	NT(ROW, scale, STREAM_SCALE)                                                               \
	NT(ROW, add, STREAM_ADD)                                                                   \
	NT(ROW, triad, STREAM_TRIAD)
#else
#define ROWS(ROW) ORDINARY(ROW)
#endif

#define FUNCTION(fn, OP, STORE, WAY, NAME, FORM)                                                   \
	static ISA_TARGET double fn(double *a, const double *b, const double *c, double s,         \
				    size_t n)                                                      \
	{                                                                                          \
		return walk(OP, STORE, WAY, &(struct arrays){ a, b, c, s }, n);                    \
	}
ROWS(FUNCTION)

#define ENTRY(fn, OP, STORE, WAY, NAME, FORM)                                                      \
	{ .name = NAME "-" ISA_NAME FORM, .op = OP, .isa = ISA, .store = STORE, .run = fn },
static const struct stream_kernel rows[] = { ROWS(ENTRY) };
const struct stream_table TABLE = { rows, sizeof(rows) / sizeof(rows[0]) };

#undef ENTRY
#undef FUNCTION
#undef ROWS
#undef NT
#undef NT_FILL
#undef ORDINARY
#undef INLINE
