/* gpu_parts.h - what gpu_cuda.c and gpu_queue.c share; for nobody else. */
#ifndef NB_MACHINE_GPU_PARTS_H
#define NB_MACHINE_GPU_PARTS_H

#include <cuda_runtime_api.h>

#include "machine/gpu.h"

struct gpu_dev {
	int ordinal; /* CUDA's own number of it, in this process */
	char pci[16];
	uint64_t cache_bytes;
	unsigned processors;
};

static inline int gpu_check(cudaError_t rc, const char *what, struct err *e)
{
	return rc == cudaSuccess ? 0 : gpu_answer((int)rc, what, e);
}

/* Makes it the calling thread's current device: each thread has its own. */
int gpu_use(const struct gpu_dev *d, struct err *e);

#endif
