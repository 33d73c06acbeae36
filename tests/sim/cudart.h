/* cudart.h - what the two halves of the runtime's double share: cudart.c has
 * devices and memory, copies.c streams, events and copies. */
#ifndef NB_SIM_CUDART_H
#define NB_SIM_CUDART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cuda_runtime_api.h>

#include "scenario.h"

struct block {
	char *p;
	size_t bytes;
	int gpu;     /* whose memory, or for whom it is pinned */
	bool pinned; /* host memory */
};

/* One GPU as this process has used it. */
struct used_gpu {
	unsigned long copies;
	double busy_s;
	uint64_t bytes;
};

struct used_gpu *sim_used(int gpu);
uint64_t *sim_random(void); /* the state of the noise */
int sim_current(void);      /* the current device as a scenario number, or -1 */

/* Remembers an error for cudaGetLastError, and returns it. */
cudaError_t sim_give(cudaError_t code);

/* The fault that strikes now, or NULL. direction may be SIM_ANY. */
const struct sim_fault *sim_fault(enum sim_fault_kind kind, int gpu, int direction);

/* What any call to this GPU runs into. */
cudaError_t sim_reach(int gpu);

/* The block that holds all of a range, or NULL. */
const struct block *sim_block(const void *p, size_t bytes);

#endif
