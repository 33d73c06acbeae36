/* stream.c - the rows of all vector widths, and which of them this processor runs. */
#include "kernels/stream.h"

static const struct stream_table *const tables[] = { &stream_portable, &stream_avx2, &stream_avx512,
						     &stream_neon };

static const struct {
	const char *name;
	double counted; /* arrays of 8 bytes an element */
} ops[] = {
	[STREAM_READ] = { "read", 1 }, [STREAM_WRITE] = { "write", 1 },
	[STREAM_COPY] = { "copy", 2 }, [STREAM_SCALE] = { "scale", 2 },
	[STREAM_ADD] = { "add", 3 },   [STREAM_TRIAD] = { "triad", 3 },
};

const struct stream_kernel *stream_kernel(size_t i)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		if (i < tables[t]->n)
			return &tables[t]->row[i];
		i -= tables[t]->n;
	}
	return NULL;
}

bool stream_usable(const struct stream_kernel *k)
{
	switch (k->isa) {
#ifdef __x86_64__
	case ISA_AVX2:
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
	case ISA_AVX512:
		return __builtin_cpu_supports("avx512f");
#else
	case ISA_AVX2:
	case ISA_AVX512:
		return false;
#endif
	case ISA_NEON:
#ifdef __aarch64__
		return true;
#else
		return false;
#endif
	case ISA_PORTABLE:
		break;
	}
	return true;
}

const char *stream_op_name(enum stream_op op)
{
	return ops[op].name;
}

double stream_counted_bytes(enum stream_op op)
{
	return ops[op].counted * sizeof(double);
}
