/* stream_string.c - x86-64: one instruction copies or fills a whole array.
 *
 * Processors with "enhanced rep movsb/stosb" write whole lines without reading them first (Intel
 * Optimization Reference Manual, "Enhanced REP MOVSB and STOSB"). The stores of one such
 * instruction keep no order among themselves, but come before later ones (Intel SDM volume 3,
 * "Fast-String Operation and Out-of-Order Stores"): no fence.
 */
#include "kernels/stream.h"

#ifdef __x86_64__
static double copy_movsb(double *a, const double *b, const double *c, double s, size_t n)
{
	size_t bytes = n * sizeof(double);

	(void)c, (void)s;
	__asm__ volatile("rep movsb" : "+D"(a), "+S"(b), "+c"(bytes) : : "memory");
	return 0;
}

static double fill_stosq(double *a, const double *b, const double *c, double s, size_t n)
{
	const union {
		double value;
		unsigned long bits;
	} fill = { s };

	(void)b, (void)c;
	__asm__ volatile("rep stosq" : "+D"(a), "+c"(n) : "a"(fill.bits) : "memory");
	return 0;
}

static const struct stream_kernel rows[] = {
	{ "copy-movsb", STREAM_COPY, ISA_STRING, STORE_STRING, copy_movsb },
	{ "fill-stosq", STREAM_FILL, ISA_STRING, STORE_STRING, fill_stosq },
};
const struct stream_table stream_string = { rows, sizeof(rows) / sizeof(rows[0]) };
#else
const struct stream_table stream_string = { NULL, 0 };
#endif
