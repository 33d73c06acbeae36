/* cudart.h - what the parts of the runtime's double share: errors, devices and memory.
 * streams.h has streams and what is queued in them.
 *
 * Everything that the parts keep is under one lock, which sim_enter takes and sim_leave
 * gives back; functions of this header are called under it, but where they say otherwise.
 */
#ifndef NB_SIM_CUDART_H
#define NB_SIM_CUDART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cuda_runtime_api.h>

#include "place/held.h"
#include "scenario.h"

/* The lock. sim_enter returns the thread's clock (simclock.h), sim_leave sets it. */
uint64_t sim_enter(void);
uint64_t sim_enter_at(uint64_t then_ns); /* the clock is set first */
void sim_leave(uint64_t now_ns);
/* For whoever waits: lets others in for a moment. */
void sim_pause(bool hung);

/* Remembers an error for cudaGetLastError, and returns it. Needs no lock. */
cudaError_t sim_give(cudaError_t code);

/* One GPU as this process has used it. */
struct used_gpu {
	unsigned long copies, gates;
	unsigned at_once; /* streams that began with the one that copies now */
	double busy_s;
	uint64_t bytes;
	uint64_t peers; /* a bit for each GPU whose memory it may reach */
	bool context;
};

struct used_gpu *sim_used(int gpu);
/* What is begun by a thread that never chose a device begins with the first one, and makes a
 * context there: for copies, whatever GPU their stream is of. *now moves on. */
cudaError_t sim_begin(uint64_t *now);
int sim_current(void); /* the thread's current device as a scenario number, or -1 */
/* CUDA's number of a device to the scenario's. */
cudaError_t sim_device(int ordinal, int *gpu);

/* The fault that strikes now, or NULL. direction may be SIM_ANY. */
const struct sim_fault *sim_fault(enum sim_fault_kind kind, int gpu, int direction);

/* What any call to this GPU runs into. */
cudaError_t sim_reach(int gpu);

enum block_kind {
	BLOCK_DEVICE,
	BLOCK_PINNED,
	BLOCK_WRITE_COMBINED,
	BLOCK_REGISTERED,
	BLOCK_MANAGED,
};

struct block {
	char *p;
	size_t bytes;
	int gpu; /* whose memory, or who was current */
	enum block_kind kind;
	struct held held; /* registered: pinned for as long as it is, where the kernel lets us */
	bool pinned;
};

/* The block that holds all of a range, or NULL. */
const struct block *sim_block(const void *p, size_t bytes);

#endif
