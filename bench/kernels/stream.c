/* stream.c - the rows of all instruction sets, and which of them this processor runs. */
#include "kernels/stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool always(void)
{
	return true;
}

#ifdef __x86_64__
#define HAS(feature) (__builtin_cpu_supports(feature) != 0)
#else
#define HAS(feature) false
#endif

static bool has_avx2(void)
{
	return HAS("avx2") && HAS("fma");
}

static bool has_avx512(void)
{
	return HAS("avx512f");
}

#undef HAS

static const struct {
	const struct stream_table *table;
	const char *needs;
	bool (*usable)(void);
} isas[ISAS] = {
	[ISA_PORTABLE] = { &stream_portable, "nothing", always },
	[ISA_STRING] = { &stream_string, "x86-64", always },
	[ISA_AVX2] = { &stream_avx2, "AVX2 and FMA", has_avx2 },
	[ISA_AVX512] = { &stream_avx512, "AVX-512F", has_avx512 },
	[ISA_NEON] = { &stream_neon, "AArch64", always },
};

static const struct {
	const char *name;
	int reads, writes;
} ops[STREAM_OPS] = {
	[STREAM_READ] = { "read", 1, 0 },     [STREAM_FILL] = { "fill", 0, 1 },
	[STREAM_COPY] = { "copy", 1, 1 },     [STREAM_SCALE] = { "scale", 1, 1 },
	[STREAM_ADD] = { "add", 2, 1 },       [STREAM_TRIAD] = { "triad", 2, 1 },
	[STREAM_UPDATE] = { "update", 1, 1 },
};

const struct stream_kernel *stream_kernel(size_t i)
{
	for (size_t t = 0; t < ISAS; t++) {
		if (i < isas[t].table->n)
			return &isas[t].table->row[i];
		i -= isas[t].table->n;
	}
	return NULL;
}

bool stream_usable(const struct stream_kernel *k)
{
	return isas[k->isa].usable();
}

int stream_ask(const char *name, const struct stream_kernel **k, struct err *e)
{
	size_t i = 0;

	while ((*k = stream_kernel(i)) && strcmp((*k)->name, name) != 0)
		i++;
	if (!*k)
		return err_set(e, -EINVAL, "kernel %s: there is none; --list names them", name);
	if (!stream_usable(*k))
		return err_set(e, -ENODEV, "kernel %s: this processor has no %s", name,
			       isas[(*k)->isa].needs);
	return 0;
}

const char *stream_op_name(enum stream_op op)
{
	return ops[op].name;
}

double stream_counted_bytes(enum stream_op op)
{
	return (ops[op].reads + ops[op].writes) * (double)sizeof(double);
}

double stream_traffic_bytes(const struct stream_kernel *k)
{
	/* The line is there already where the operation itself reads it. */
	bool fetched = k->store == STORE_ORDINARY && !stream_uses_a(k->op);

	return stream_counted_bytes(k->op) + fetched * (double)sizeof(double);
}

void stream_list(void (*line)(const char *text, void *to), void *to)
{
	const struct stream_kernel *k;
	char text[160];

	for (size_t i = 0; (k = stream_kernel(i)); i++) {
		bool usable = stream_usable(k);

		snprintf(text, sizeof(text),
			 "%-26s %2.0f bytes an element, about %2.0f on the bus%s%s", k->name,
			 stream_counted_bytes(k->op), stream_traffic_bytes(k),
			 usable ? "" : "; not here: this processor has no ",
			 usable ? "" : isas[k->isa].needs);
		line(text, to);
	}
}
