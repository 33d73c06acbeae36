/* gpudata.h - known contents (pattern.h) in and out of a GPU's memory.
 *
 * By pieces, through a host buffer that no measured transfer sees, and by copies
 * that are timed nowhere.
 */
#ifndef NB_MEASURE_GPUDATA_H
#define NB_MEASURE_GPUDATA_H

#include "machine/gpu.h"
#include "measure/pattern.h"
#include "place/memory.h"

enum { GPUDATA_PIECE = 4 << 20 };

/* The pieces' way through the host. */
struct bounce {
	struct memory host; /* ordinary pages */
	size_t bytes;       /* of one piece */
};

/* For buffers of `bytes`, on a node (-1: anywhere). As memory_map. */
int bounce_open(struct bounce *b, size_t bytes, int node, struct err *e);
void bounce_close(struct bounce *b);

/* Writes the pattern to device memory of the stream's GPU, or what is no pass's contents. */
int gpudata_poison(struct bounce *b, struct gpu_stream *s, void *device, size_t bytes,
		   struct err *e);
int gpudata_fill(struct bounce *b, struct gpu_stream *s, void *device, size_t bytes,
		 const struct pattern *what, struct err *e);

/* Compares it with the pattern; *m has no wrong word when all is right. */
int gpudata_check(struct bounce *b, struct gpu_stream *s, void *device, size_t bytes,
		  const struct pattern *what, struct mismatch *m, struct err *e);

#endif
