/* gpu_chase.h - dependent loads by one thread of a GPU, over memory of the host or of a peer.
 *
 * Line i leads to line (A i + C) mod n, n a power of two: a cycle through all n lines, for A - 1 is
 * a multiple of 4 and C odd (Hull and Dobell, 1962). Each walk goes on where the last one ended, so
 * that a line is seen again only after all others: with more lines than the GPU's cache holds,
 * every load leaves the GPU. That the walk took every step is proven by where it ends.
 */
#ifndef NB_KERNELS_GPU_CHASE_H
#define NB_KERNELS_GPU_CHASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/gpu.h"

enum { GPU_CHASE_LINE = 64, GPU_CHASE_MOST = 8192 };

struct gpu_chase {
	struct gpu_dev *dev;
	struct gpu_stream *stream;
	char *base;       /* the first line, as the GPU addresses it */
	uint64_t lines;   /* a power of two */
	uint64_t at;      /* the line where the next walk starts */
	uint32_t *clocks; /* on the GPU: GPU_CHASE_MOST */
	uint64_t *whole;  /* on the GPU: three */
};

/* Over the largest power of two of lines in `bytes` at `base`, which the caller owns and has yet to
 * fill. -EINVAL for less than a line; as gpu_alloc. */
int gpu_chase_open(struct gpu_chase *c, struct gpu_stream *s, void *base, size_t bytes,
		   struct err *e);
void gpu_chase_close(struct gpu_chase *c); /* one that is all zero is fine */

/* Writes lines [from, from + n) to `to`, as they must stand at base. */
void gpu_chase_write(const struct gpu_chase *c, void *to, uint64_t from, uint64_t n);

/* n loads (at most GPU_CHASE_MOST) after some that do not count, one by one, in seconds. *right:
 * the walk ended where n steps lead. As gpu.h; -ENOTSUP without GPU kernels. */
int gpu_chase_time(struct gpu_chase *c, unsigned n, double *seconds, bool *right, struct err *e);

#endif
