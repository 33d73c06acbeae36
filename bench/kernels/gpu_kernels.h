/* gpu_kernels.h - the few kernels that run on a GPU, behind a C interface.
 *
 * gpu_kernels.cu implements it where nvcc is, gpu_kernels_none.c where it is
 * not: then gpu_kernels_built() is false and every call -ENOTSUP with the reason.
 * The simulator has a body of its own.
 */
#ifndef NB_KERNELS_GPU_KERNELS_H
#define NB_KERNELS_GPU_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/gpu.h"

bool gpu_kernels_built(void);

/* For struct gpu_transfer: the GPU's threads load from host memory and store to
 * their own (h2d), or the other way round (d2h); t->host is the GPU's address of
 * it. Bytes and addresses are multiples of 16. */
int gpu_queue_kernel_copy(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e);

/* A kernel that does nothing, of one thread. */
int gpu_queue_nothing(struct gpu_stream *s, struct err *e);

/* One thread follows `steps` dependent loads from `start`, an address of the
 * GPU's at which lies the address of the next. The first `warm` are not kept; of
 * each of the others clocks[i] gets the SM's clock cycles (device memory,
 * steps - warm words), and whole[0] the nanoseconds and whole[1] the cycles of
 * all those together, from the GPU's global timer and the SM's clock, whole[2] where
 * it ended: the address that it read last (device memory, three 8-byte words). */
int gpu_queue_chase(struct gpu_stream *s, const void *start, uint32_t steps, uint32_t warm,
		    uint32_t *clocks, uint64_t *whole, struct err *e);

#endif
