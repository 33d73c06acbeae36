/* stream_avx2.c - x86-64 with AVX2 and FMA: 4 doubles a vector. */
#include "kernels/stream.h"

#ifdef __x86_64__
#include <immintrin.h>

#define ISA        ISA_AVX2
#define ISA_NAME   "avx2"
#define ISA_TARGET __attribute__((target("avx2,fma")))
#define TABLE      stream_avx2
#define HAS_NT     1

typedef double vec __attribute__((vector_size(32)));
#define store_nt(p, v) _mm256_stream_pd(p, v)
#define fence()        _mm_sfence()

#include "kernels/stream_loops.h"
#else
const struct stream_table stream_avx2 = { NULL, 0 };
#endif
