/* stream_avx512.c - x86-64 with AVX-512F: 8 doubles a vector. */
#include "kernels/stream.h"

#ifdef __x86_64__
#include <immintrin.h>

#define ISA        ISA_AVX512
#define ISA_NAME   "avx512"
#define ISA_TARGET __attribute__((target("avx512f")))
#define TABLE      stream_avx512
#define HAS_NT     1

typedef double vec __attribute__((vector_size(64)));
#define store_nt(p, v) _mm512_stream_pd(p, v)
#define fence()        _mm_sfence()

#include "kernels/stream_loops.h"
#else
const struct stream_table stream_avx512 = { NULL, 0 };
#endif
