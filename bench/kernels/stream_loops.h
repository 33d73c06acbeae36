/* stream_loops.h - the loops behind every row of stream.h, once for all vector
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
 * processor (measured: facts of one are no guide to the next):
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

INLINE vec load(const double *p)
{
	return *(const vec_anywhere *)p;
}

INLINE vec splat(double s)
{
	return (vec){ 0 } + s;
}

/* s + i, s + i + 1, .. */
INLINE vec count_from(double s)
{
	vec v = splat(s);

	for (int l = 0; l < LANES; l++)
		v[l] += l;
	return v;
}

/* One vector at element i. *own is the sum of this stream of a read, or the
 * next vector of a write. */
INLINE void step(enum stream_op op, bool nt, const struct arrays *x, vec *own, size_t i,
		 double next)
{
	vec out;

	switch (op) {
	case STREAM_READ:
		*own += load(x->b + i);
		return;
	case STREAM_WRITE:
		out = *own;
		*own += next;
		break;
	case STREAM_COPY:
		out = load(x->b + i);
		break;
	case STREAM_SCALE:
		out = x->s * load(x->b + i);
		break;
	case STREAM_ADD:
		out = load(x->b + i) + load(x->c + i);
		break;
	default:
		out = load(x->b + i) + x->s * load(x->c + i);
	}
	if (nt)
		store_nt(x->a + i, out);
	else
		*(vec_anywhere *)(x->a + i) = out;
}

/* Four vectors, `apart` elements from one to the next. */
INLINE void group(enum stream_op op, bool nt, const struct arrays *x, vec own[4], size_t i,
		  size_t apart, double next)
{
	step(op, nt, x, &own[0], i, next);
	step(op, nt, x, &own[1], i + apart, next);
	step(op, nt, x, &own[2], i + 2 * apart, next);
	step(op, nt, x, &own[3], i + 3 * apart, next);
	/* Or else the compiler makes a call of memcpy out of copy. */
	if (op == STREAM_COPY)
		__asm__ volatile("" ::: "memory");
}

INLINE void look_ahead(enum stream_op op, const struct arrays *x, size_t i)
{
	for (size_t l = 0; l < GROUP; l += LINE) {
		/* Past the end it asks in vain: such addresses do not fault. */
		if (stream_uses_b(op))
			__builtin_prefetch((const char *)((uintptr_t)x->b + (i + l + AHEAD) * 8));
		if (stream_uses_c(op))
			__builtin_prefetch((const char *)((uintptr_t)x->c + (i + l + AHEAD) * 8));
	}
}

INLINE void start(enum stream_op op, const struct arrays *x, vec own[4], size_t i, size_t apart)
{
	for (size_t u = 0; u < 4 && op == STREAM_WRITE; u++)
		own[u] = count_from(x->s + (double)(i + u * apart));
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
		if (op == STREAM_READ)
			sum += x->b[i];
		else
			x->a[i] = stream_element(op, stream_uses_b(op) ? x->b[i] : 0,
						 stream_uses_c(op) ? x->c[i] : 0, x->s, (double)i);
		if (op == STREAM_COPY)
			__asm__ volatile("" ::: "memory");
	}
	return sum;
}

INLINE double walk(enum stream_op op, enum walk way, bool nt, const struct arrays *x, size_t n)
{
	vec own[4] = { { 0 } };
	size_t i = head_of(op, x, n);
	double sum = one_by_one(op, x, 0, i);

	for (; way == BLOCKS && i + 4 * BLOCK <= n; i += 4 * BLOCK) {
		start(op, x, own, i, BLOCK);
		for (size_t k = 0; k < BLOCK; k += LANES)
			group(op, nt, x, own, i + k, BLOCK, LANES);
	}
	start(op, x, own, i, LANES);
	for (; i + GROUP <= n; i += GROUP) {
		if (way == PREFETCH)
			look_ahead(op, x, i);
		group(op, nt, x, own, i, LANES, GROUP);
	}
	sum += one_by_one(op, x, i, n);
	if (nt)
		fence();
	for (int l = 0; l < LANES && op == STREAM_READ; l++)
		sum += own[0][l] + own[1][l] + own[2][l] + own[3][l];
	return sum;
}

/* The rows: function, operation, way, non-temporal, name of the operation and of the way. */
#define ORDINARY(ROW)                                                                              \
	ROW(read_plain, STREAM_READ, PLAIN, false, "read", "")                                     \
	ROW(read_prefetch, STREAM_READ, PREFETCH, false, "read", "-prefetch")                      \
	ROW(read_blocks, STREAM_READ, BLOCKS, false, "read", "-blocks")                            \
	ROW(write_plain, STREAM_WRITE, PLAIN, false, "write", "")                                  \
	ROW(copy_plain, STREAM_COPY, PLAIN, false, "copy", "")                                     \
	ROW(scale_plain, STREAM_SCALE, PLAIN, false, "scale", "")                                  \
	ROW(add_plain, STREAM_ADD, PLAIN, false, "add", "")                                        \
	ROW(triad_plain, STREAM_TRIAD, PLAIN, false, "triad", "")

#define NT_WRITER(ROW, op, OP)                                                                     \
	ROW(op##_nt, OP, PLAIN, true, #op, "-nt")                                                  \
	ROW(op##_nt_blocks, OP, BLOCKS, true, #op, "-nt-blocks")

#define NT_READER_WRITER(ROW, op, OP)                                                              \
	NT_WRITER(ROW, op, OP)                                                                     \
	ROW(op##_nt_prefetch, OP, PREFETCH, true, #op, "-nt-prefetch")

#if HAS_NT
#define ROWS(ROW)                                                                                  \
	ORDINARY(ROW)                                                                              \
	NT_WRITER(ROW, write, STREAM_WRITE)                                                        \
	NT_READER_WRITER(ROW, copy, STREAM_COPY)                                                   \
	NT_READER_WRITER(ROW, scale, STREAM_SCALE)                                                 \
	NT_READER_WRITER(ROW, add, STREAM_ADD)                                                     \
	NT_READER_WRITER(ROW, triad, STREAM_TRIAD)
#else
#define ROWS(ROW) ORDINARY(ROW)
#endif

#define FUNCTION(fn, OP, WAY, NT, NAME, SUFFIX)                                                    \
	static ISA_TARGET double fn(double *a, const double *b, const double *c, double s,         \
				    size_t n)                                                      \
	{                                                                                          \
		return walk(OP, WAY, NT, &(struct arrays){ a, b, c, s }, n);                       \
	}
ROWS(FUNCTION)

#define ENTRY(fn, OP, WAY, NT, NAME, SUFFIX)                                                       \
	{ .name = NAME "-" ISA_NAME SUFFIX, .op = OP, .isa = ISA, .non_temporal = NT, .run = fn },
static const struct stream_kernel rows[] = { ROWS(ENTRY) };
const struct stream_table TABLE = { rows, sizeof(rows) / sizeof(rows[0]) };

#undef ENTRY
#undef FUNCTION
#undef ROWS
#undef NT_READER_WRITER
#undef NT_WRITER
#undef ORDINARY
#undef INLINE
