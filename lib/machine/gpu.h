/* gpu.h - the CUDA runtime behind a small C interface.
 *
 * gpu_cuda.c implements it with cudart, gpu_none.c answers -ENOSYS in a build
 * without a toolkit. Nothing else includes a CUDA header. The simulator doubles
 * the runtime below gpu_cuda.c, so that these very objects are tested.
 *
 * Everything here starts CUDA in the calling process: never call it in a
 * process that will fork, and bind the process first (a context's own buffers
 * lie where it was created). Errors: -ENOSYS no CUDA in this build, -ENODEV no
 * such device or it fell off the bus, -ENOMEM, -EIO any other CUDA error; e
 * holds CUDA's own name of it. After a sticky error the process must end.
 */
#ifndef NB_MACHINE_GPU_H
#define NB_MACHINE_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"
#include "util/err.h"

/* What CUDA says of the devices that it sees; runs in the probe's child.
 * *n gets the number; facts[i] is filled for i < min(*n, max). */
struct gpu_facts {
	char pci[16], uuid[48], name[96];
	struct known host_node; /* cudaDevAttrHostNumaId */
	struct known own_node;  /* cudaDevAttrNumaId */
	struct known memory_bytes;
};
int gpu_enumerate(struct gpu_facts *facts, size_t max, size_t *n, struct err *e);

/* Compiled-in runtime and the driver's version, 13000 style; 0 when there is none. */
int gpu_runtime_version(void);
int gpu_driver_version(void);

struct gpu_dev; /* one GPU opened by this process, with one stream and two events */

int gpu_open(struct gpu_dev **d, const char *pci, struct err *e);
void gpu_close(struct gpu_dev *d); /* NULL is fine */

int gpu_alloc(struct gpu_dev *d, void **device, size_t bytes, struct err *e);
void gpu_free(struct gpu_dev *d, void *device);

/* Page-locked host memory by the driver, on the calling thread's policy. */
int gpu_host_alloc(struct gpu_dev *d, void **host, size_t bytes, struct err *e);
void gpu_host_free(struct gpu_dev *d, void *host);

enum gpu_direction { GPU_H2D, GPU_D2H };

/* `repeat` back-to-back asynchronous copies between pinned host memory and the
 * device, timed by events on the GPU; *seconds is for all of them together. What
 * the host takes to start a copy is not in it: they are queued by batches while
 * other copies run, and a batch of which that is not so is made again. -EIO, too,
 * where small copies cannot be queued fast enough. */
int gpu_time_copies(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host,
		    size_t bytes, unsigned repeat, double *seconds, struct err *e);

/* One copy and a stream synchronise; the caller holds the clock. Host memory of any kind. */
int gpu_copy(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host, size_t bytes,
	     struct err *e);

#endif
