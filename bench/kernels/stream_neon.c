/* stream_neon.c - AArch64: pairs of 16-byte registers, for STNP stores a pair. */
#include "kernels/stream.h"

#ifdef __aarch64__
#define ISA      ISA_NEON
#define ISA_NAME "neon"
#define ISA_TARGET
#define TABLE  stream_neon
#define HAS_NT 1

typedef double vec __attribute__((vector_size(32)));
typedef double half __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) void store_pair(double *p, const vec *v)
{
	const half low = { (*v)[0], (*v)[1] }, high = { (*v)[2], (*v)[3] };

	__asm__ volatile("stnp %q1, %q2, %0" : "=Q"(*(vec *)p) : "w"(low), "w"(high));
}
#define store_nt(p, v) store_pair(p, &(v))
#define fence()        __asm__ volatile("dmb ishst" : : : "memory")

#include "kernels/stream_loops.h"
#else
const struct stream_table stream_neon = { NULL, 0 };
#endif
