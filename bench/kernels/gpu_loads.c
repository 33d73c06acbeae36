#include "kernels/gpu_loads.h"

#include <errno.h>
#include <stdlib.h>

#include "kernels/gpu_kernels.h"
#include "util/units.h"

enum { PIECE_LINES = 1 << 16 };

static int fits(const struct gpu_stream *s, size_t bytes, struct err *e)
{
	uint64_t cache = gpu_cache_bytes(gpu_stream_dev(s));
	char has[32], needs[32];

	if (!gpu_kernels_built())
		return err_set(e, -ENOTSUP,
			       "needs GPU kernels: nvcc was not found when numabench was built");
	if (2 * cache <= bytes)
		return 0;
	return err_set(
		e, -ENOTSUP, "the GPU's cache of %s is more than half of the %s to be walked over",
		format_size(has, sizeof has, cache), format_size(needs, sizeof needs, bytes));
}

int gpu_loads_from_host(struct gpu_loads *l, struct gpu_stream *s, const struct memory_want *want,
			size_t bytes, struct err *e)
{
	int rc = fits(s, bytes, e);

	*l = (struct gpu_loads){ .host = { .kind = MEM_MAPPED,
					   .bytes = bytes,
					   .want = *want,
					   .dev = gpu_stream_dev(s),
					   .kernel = gpu_queue_kernel_copy } };
	if (rc == 0)
		rc = hostmem_alloc(&l->host, e);
	if (rc == 0)
		rc = gpu_chase_open(&l->chase, s, l->host.device_p, bytes, e);
	if (rc == 0)
		gpu_chase_write(&l->chase, l->host.p, 0, l->chase.lines);
	if (rc < 0)
		gpu_loads_close(l);
	return rc;
}

/* By pieces, through ordinary memory. */
static int write_to_peer(struct gpu_loads *l, struct gpu_stream *peer, struct err *e)
{
	struct gpu_transfer t = { .queue = gpu_queue_copy, .dir = GPU_H2D };
	char *piece = calloc(PIECE_LINES, GPU_CHASE_LINE);
	int rc = piece ? 0 : err_set(e, -ENOMEM, "out of memory");

	for (uint64_t at = 0, n; rc == 0 && at < l->chase.lines; at += n) {
		n = l->chase.lines - at < PIECE_LINES ? l->chase.lines - at : PIECE_LINES;
		gpu_chase_write(&l->chase, piece, at, n);
		t.device = (char *)l->memory + at * GPU_CHASE_LINE;
		t.host = piece;
		t.bytes = n * GPU_CHASE_LINE;
		rc = gpu_do(peer, &t, e);
	}
	free(piece);
	return rc;
}

int gpu_loads_from_peer(struct gpu_loads *l, struct gpu_stream *s, struct gpu_stream *peer,
			size_t bytes, struct err *e)
{
	int rc = fits(s, bytes, e);

	*l = (struct gpu_loads){ .peer = gpu_stream_dev(peer) };
	if (rc == 0)
		rc = gpu_peer_access(gpu_stream_dev(s), l->peer, true, e);
	if (rc == 0)
		rc = gpu_alloc(l->peer, &l->memory, bytes, e);
	if (rc == 0)
		rc = gpu_chase_open(&l->chase, s, l->memory, bytes, e);
	if (rc == 0)
		rc = write_to_peer(l, peer, e);
	if (rc < 0)
		gpu_loads_close(l);
	return rc;
}

int gpu_loads_reach(struct gpu_loads *l, struct err *e)
{
	return l->peer ? gpu_peer_access(l->chase.dev, l->peer, true, e) : 0;
}

void gpu_loads_close(struct gpu_loads *l)
{
	gpu_chase_close(&l->chase);
	hostmem_free(&l->host);
	if (l->memory)
		gpu_free(l->peer, l->memory);
	*l = (struct gpu_loads){ 0 };
}
