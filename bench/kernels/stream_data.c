/* stream_data.c - whole numbers that differ from element to element. */
#include "kernels/stream_data.h"

#include <string.h>

#include "util/random.h"

void stream_data_init(struct stream_data *d, uint64_t seed)
{
	for (size_t i = 0; i < STREAM_PERIOD; i++) {
		uint64_t z = random_next(&seed);

		d->b[i] = (double)(1 + (z & 0xffff));
		d->c[i] = (double)(1 + (z >> 16 & 0xffff));
	}
}

/* A stretch of elements that have the same turn. */
struct stretch {
	size_t from, to; /* elements */
	size_t at;       /* of `from` in the tables */
	double turn;
};

static struct stretch stretch_at(size_t from, size_t end)
{
	struct stretch t = { .from = from, .at = from % STREAM_PERIOD };

	t.to = end - from < STREAM_PERIOD - t.at ? end : from + STREAM_PERIOD - t.at;
	t.turn = (double)(from / STREAM_PERIOD % STREAM_TURNS);
	return t;
}

static void fill(double *restrict a, double *restrict b, double *restrict c,
		 const double *restrict from_b, const double *restrict from_c, double turn,
		 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		b[i] = from_b[i] + turn;
		c[i] = from_c[i] + turn;
		a[i] = -b[i];
	}
}

void stream_data_fill(const struct stream_data *d, double *a, double *b, double *c, size_t first,
		      size_t n)
{
	for (size_t from = first; from < first + n;) {
		struct stretch t = stretch_at(from, first + n);

		/* Constant lengths, so that gcc -O2 makes vectors of them. */
		if (t.to - t.from == STREAM_PERIOD)
			fill(a + from, b + from, c + from, d->b, d->c, t.turn, STREAM_PERIOD);
		else
			fill(a + from, b + from, c + from, d->b + t.at, d->c + t.at, t.turn,
			     t.to - t.from);
		from = t.to;
	}
}

double stream_data_sum(const struct stream_data *d, size_t first, size_t n)
{
	double whole = 0, sum = 0;

	for (size_t i = 0; i < STREAM_PERIOD; i++)
		whole += d->b[i];
	for (size_t from = first; from < first + n;) {
		struct stretch t = stretch_at(from, first + n);

		if (t.to - t.from == STREAM_PERIOD)
			sum += whole;
		else
			for (size_t i = t.from; i < t.to; i++)
				sum += d->b[t.at + i - t.from];
		sum += t.turn * (double)(t.to - t.from);
		from = t.to;
	}
	return sum;
}

/* So many elements are compared without a branch: a constant number, for vectors. */
enum { AT_ONCE = 16 };

/* What element i of a stretch's tables should have become. */
static inline double element(const struct stream_data *d, enum stream_op op,
			     const struct stretch *t, size_t i, double s)
{
	double b = d->b[t->at + i] + t->turn, c = d->c[t->at + i] + t->turn;

	return stream_element(op, -b, b, c, s);
}

static inline uint64_t bits(double v)
{
	uint64_t u;

	memcpy(&u, &v, sizeof(u));
	return u;
}

/* The first wrong element of a stretch, or its end. op is a constant in each of the calls below,
 * so that no loop decides on it. */
static inline __attribute__((always_inline)) size_t first_wrong(const struct stream_data *d,
								enum stream_op op, const double *a,
								const struct stretch *t, double s)
{
	const double *found = a + t->from;
	size_t n = t->to - t->from, i = 0;

	for (; i + AT_ONCE <= n; i += AT_ONCE) {
		uint64_t differ = 0;

		for (size_t k = 0; k < AT_ONCE; k++)
			differ |= bits(found[i + k]) ^ bits(element(d, op, t, i + k, s));
		if (differ)
			break;
	}
	while (i < n && found[i] == element(d, op, t, i, s))
		i++;
	return t->from + i;
}

static size_t find_wrong(const struct stream_data *d, enum stream_op op, const double *a,
			 const struct stretch *t, double s)
{
	switch (op) {
	case STREAM_FILL:
		return first_wrong(d, STREAM_FILL, a, t, s);
	case STREAM_COPY:
		return first_wrong(d, STREAM_COPY, a, t, s);
	case STREAM_SCALE:
		return first_wrong(d, STREAM_SCALE, a, t, s);
	case STREAM_ADD:
		return first_wrong(d, STREAM_ADD, a, t, s);
	case STREAM_TRIAD:
		return first_wrong(d, STREAM_TRIAD, a, t, s);
	case STREAM_UPDATE:
		return first_wrong(d, STREAM_UPDATE, a, t, s);
	case STREAM_READ: /* its result is a sum */
	case STREAM_OPS:
		break;
	}
	return t->to;
}

void stream_data_check(const struct stream_data *d, enum stream_op op, const double *a,
		       size_t first, size_t n, double s, struct stream_mismatch *m)
{
	*m = (struct stream_mismatch){ 0 };
	for (size_t from = first; from < first + n && !m->any;) {
		struct stretch t = stretch_at(from, first + n);
		size_t i = find_wrong(d, op, a, &t, s);

		from = t.to;
		if (i == t.to)
			continue;
		*m = (struct stream_mismatch){
			.any = true,
			.element = i,
			.expected = element(d, op, &t, i - t.from, s),
			.found = a[i],
		};
	}
}
