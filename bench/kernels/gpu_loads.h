/* gpu_loads.h - a GPU's dependent loads from memory of a node, or of another GPU: the
 * buffer that gpu_chase.h walks over.
 */
#ifndef NB_KERNELS_GPU_LOADS_H
#define NB_KERNELS_GPU_LOADS_H

#include "kernels/gpu_chase.h"
#include "place/hostmem.h"

/* More than any GPU's cache of today holds (126 MiB). */
enum { GPU_LOADS_BYTES = 256 << 20 };

struct gpu_loads {
	struct gpu_chase chase;
	struct hostmem host;  /* mapped, on a node */
	struct gpu_dev *peer; /* or: whose memory */
	void *memory;         /* that of the peer */
};

/* In memory of node want->node, or of the peer. As hostmem_alloc, gpu_alloc, gpu_peer_access;
 * -ENOTSUP, too, where the GPU's cache is larger than half of `bytes`. */
int gpu_loads_from_host(struct gpu_loads *l, struct gpu_stream *s, const struct memory_want *want,
			size_t bytes, struct err *e);
int gpu_loads_from_peer(struct gpu_loads *l, struct gpu_stream *s, struct gpu_stream *peer,
			size_t bytes, struct err *e);
/* Before a sample: a peer may have been closed to the GPU meanwhile. As gpu_peer_access. */
int gpu_loads_reach(struct gpu_loads *l, struct err *e);
void gpu_loads_close(struct gpu_loads *l); /* one that is all zero is fine */

#endif
