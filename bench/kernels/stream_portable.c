/* stream_portable.c - any processor: vectors of two doubles, which the compiler
 * turns into what there is; ordinary stores. */
#define ISA      ISA_PORTABLE
#define ISA_NAME "portable"
#define ISA_TARGET
#define TABLE  stream_portable
#define HAS_NT 0

typedef double vec __attribute__((vector_size(16)));
#define store_nt(p, v) (void)(v)
#define fence()        (void)0

#include "kernels/stream_loops.h"
