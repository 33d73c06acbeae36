/* gpu.h - the CUDA runtime behind a small C interface.
 *
 * gpu_cuda.c, gpu_queue.c and gpu_gate.c implement it with cudart, gpu_none.c answers
 * -ENOSYS in a build without a toolkit. Nothing else but the GPU kernels
 * (bench/kernels/gpu_kernels.cu) includes a CUDA header. The simulator doubles
 * the runtime below these files, so that these very objects are tested.
 *
 * Everything here starts CUDA in the calling process: never call it in a
 * process that will fork, and bind the process first (a context's own buffers
 * lie where it was created). Errors: -ENOSYS no CUDA in this build, -ENODEV no
 * such device or it fell off the bus, -ENOMEM, -ENOTSUP this device or driver
 * cannot do it, -EIO any other CUDA error; e holds CUDA's own name of it. After
 * a sticky error the process must end.
 *
 * Several threads may use it at once, each with streams of its own.
 */
#ifndef NB_MACHINE_GPU_H
#define NB_MACHINE_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"
#include "util/err.h"

/* ---- what is there ---- */

/* What CUDA says of the devices that it sees; runs in the probe's child.
 * *n gets the number; facts[i] is filled for i < min(*n, max). */
struct gpu_facts {
	char pci[16], uuid[48], name[96];
	struct known host_node; /* cudaDevAttrHostNumaId */
	struct known own_node;  /* cudaDevAttrNumaId */
	struct known memory_bytes;
	struct known exclusive; /* 1: one process at a time may use it (compute mode) */
};
int gpu_enumerate(struct gpu_facts *facts, size_t max, size_t *n, struct err *e);

/* Compiled-in runtime and the driver's version, 13000 style; 0 when there is none. */
int gpu_runtime_version(void);
int gpu_driver_version(void);

/* ---- one GPU, its memory, and host memory that it knows ---- */

struct gpu_dev;

int gpu_open(struct gpu_dev **d, const char *pci, struct err *e);
void gpu_close(struct gpu_dev *d); /* NULL is fine; after its streams */

/* Bytes of its memory that are free now, and of all of it. */
int gpu_memory_left(struct gpu_dev *d, uint64_t *left, uint64_t *all, struct err *e);
uint64_t gpu_cache_bytes(const struct gpu_dev *d); /* its L2 cache; 0: not told */
unsigned gpu_processors(const struct gpu_dev *d);  /* its multiprocessors; 1 where not told */

int gpu_alloc(struct gpu_dev *d, void **device, size_t bytes, struct err *e);
void gpu_free(struct gpu_dev *d, void *device);

/* Page-locked host memory by the driver, on the calling thread's policy. */
enum gpu_host { GPU_HOST_PINNED, GPU_HOST_WRITE_COMBINED, GPU_HOST_MAPPED };
int gpu_host_alloc(struct gpu_dev *d, enum gpu_host kind, void **host, size_t bytes, struct err *e);
void gpu_host_free(struct gpu_dev *d, void *host);

/* Page-locks memory of ours where it lies, whole pages of it, and maps it for all GPUs. */
int gpu_host_register(struct gpu_dev *d, void *host, size_t bytes, struct err *e);
void gpu_host_unregister(struct gpu_dev *d, void *host);

/* The GPU's own address of mapped or registered host memory. */
int gpu_host_address(struct gpu_dev *d, void *host, void **device, struct err *e);

/* Managed memory, which the driver moves. -ENOTSUP where it cannot be moved by prefetching. */
int gpu_managed_alloc(struct gpu_dev *d, void **p, size_t bytes, struct err *e);
void gpu_managed_free(struct gpu_dev *d, void *p);

/* Lets d reach the memory of `peer` itself, or no more. -ENOTSUP where it cannot. */
int gpu_peer_access(struct gpu_dev *d, struct gpu_dev *peer, bool on, struct err *e);

/* ---- work queued in streams ---- */

struct gpu_stream; /* one, with as many marks (events) as are set in it */

int gpu_stream_open(struct gpu_stream **s, struct gpu_dev *d, struct err *e);
void gpu_stream_close(struct gpu_stream *s); /* NULL is fine */
struct gpu_dev *gpu_stream_dev(const struct gpu_stream *s);
void *gpu_stream_native(const struct gpu_stream *s); /* its cudaStream_t */

enum gpu_direction { GPU_H2D, GPU_D2H };

/* What one piece of work moves. `queue` says by what means: gpu_queue_copy,
 * gpu_queue_prefetch, gpu_queue_peer, or a GPU kernel of bench/kernels. */
struct gpu_transfer;
typedef int gpu_queue_fn(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e);
struct gpu_transfer {
	gpu_queue_fn *queue;
	enum gpu_direction dir;
	void *device; /* memory of the stream's GPU; of prefetching: none */
	void *host;   /* host memory; of prefetching: the managed memory; of a peer: its memory */
	size_t bytes;
	struct gpu_dev *peer; /* of gpu_queue_peer: whose memory `host` is */
	int node;             /* of gpu_queue_prefetch: host node to move to; -1: any */
};

/* cudaMemcpyAsync. Returns at once for page-locked host memory. */
int gpu_queue_copy(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e);
/* cudaMemPrefetchAsync: h2d to the GPU, d2h to the host's node (to the host, where CUDA is older
 * than 12.2 and knows no nodes). */
int gpu_queue_prefetch(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e);
/* cudaMemcpyPeerAsync: d2h from this GPU to the peer, h2d from the peer to this GPU. */
int gpu_queue_peer(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e);

/* Makes marks 0 to n - 1, for what is made behind a closed gate may have to wait for it. */
int gpu_marks_ready(struct gpu_stream *s, unsigned n, struct err *e);
/* Sets mark i (any number from 0) behind all that is queued so far. */
int gpu_queue_mark(struct gpu_stream *s, unsigned i, struct err *e);
/* Whether the GPU has come to mark i. */
int gpu_mark_reached(struct gpu_stream *s, unsigned i, bool *reached, struct err *e);
/* Device time between two reached marks of one stream, seconds. */
int gpu_mark_span(struct gpu_stream *s, unsigned from, unsigned to, double *seconds, struct err *e);
/* Spins until all that is queued is done. */
int gpu_stream_wait(struct gpu_stream *s, struct err *e);

/* One piece of work and the stream's end; the caller holds the clock. Host memory of any kind. */
int gpu_do(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e);

/* For GPU kernels: 0, or -errno with e for what CUDA answered (a cudaError_t). */
int gpu_answer(int cuda_error, const char *what, struct err *e);
/* For GPU kernels: makes the stream's GPU the calling thread's current one, for a launch. */
int gpu_stream_current(const struct gpu_stream *s, struct err *e);

/* ---- gates ----
 *
 * A gate holds back what streams have queued behind it, until a flag in host
 * memory reaches a ticket: so the cost of starting work stays out of its time,
 * and streams of several GPUs, and processes, start together. */

struct gpu_gate;

/* At most this many pieces of work and marks may stand behind a closed gate: a
 * full launch queue blocks whoever adds to it, who then never opens the gate. */
enum { GPU_GATE_MOST = 64 };

/* flag: at the start of a page of its own, which processes may share; whoever
 * stores a ticket there (release order) lets through all that wait for it or for
 * a smaller one (cyclic). One gate for each process and flag. By
 * cuStreamWaitValue32, else by a host function that the streams wait for. */
int gpu_gate_open(struct gpu_gate **g, struct gpu_dev *d, uint32_t *flag, struct err *e);
/* The same, by a host function whatever there is: for tests, and to measure what either costs. */
int gpu_gate_open_by_host(struct gpu_gate **g, struct gpu_dev *d, uint32_t *flag, struct err *e);
/* NULL is fine. Before d is closed. Release the last ticket first: a stream-wait has no end of its
 * own, and freeing memory or waiting for a stream would wait for it. */
void gpu_gate_close(struct gpu_gate *g);
const char *gpu_gate_how(const struct gpu_gate *g); /* "stream-wait" or "host-function" */
/* What is queued in s from now on waits for the ticket. Tickets of one gate are queued in their
 * order (a host function waits for the one before it). A host function gives up after
 * GPU_GATE_GIVES_UP_S and lets all through, so that a process can always end; the next
 * gpu_gate_queue or gpu_gate_gave_up then answers -EIO, once. */
enum { GPU_GATE_GIVES_UP_S = 10 };
int gpu_gate_queue(struct gpu_gate *g, struct gpu_stream *s, uint32_t ticket, struct err *e);
int gpu_gate_gave_up(struct gpu_gate *g, struct err *e); /* 0: it did not, since the last answer */

#endif
