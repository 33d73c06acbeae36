#include "measure/gpudata.h"

int bounce_open(struct bounce *b, size_t bytes, int node, struct err *e)
{
	b->bytes = bytes < GPUDATA_PIECE ? bytes : GPUDATA_PIECE;
	return memory_map(&b->host, b->bytes, node, PAGES_4K, e);
}

void bounce_close(struct bounce *b)
{
	memory_unmap(&b->host);
}

static size_t piece(const struct bounce *b, size_t left)
{
	return left < b->bytes ? left : b->bytes;
}

static int move(struct bounce *b, struct gpu_stream *s, enum gpu_direction dir, void *device,
		size_t bytes, struct err *e)
{
	const struct gpu_transfer t = { .queue = gpu_queue_copy,
					.dir = dir,
					.device = device,
					.host = b->host.p,
					.bytes = bytes };

	return gpu_do(s, &t, e);
}

/* what NULL: poison */
static int fill(struct bounce *b, struct gpu_stream *s, void *device, size_t bytes,
		const struct pattern *what, struct err *e)
{
	int rc = 0;

	for (size_t at = 0, n; rc == 0 && at < bytes; at += n) {
		n = piece(b, bytes - at);
		if (what)
			pattern_fill(b->host.p, n, at, what);
		else if (at == 0)
			pattern_poison(b->host.p, n);
		rc = move(b, s, GPU_H2D, (char *)device + at, n, e);
	}
	return rc < 0 ? err_within(e, rc, "filling GPU memory") : 0;
}

int gpudata_fill(struct bounce *b, struct gpu_stream *s, void *device, size_t bytes,
		 const struct pattern *what, struct err *e)
{
	return fill(b, s, device, bytes, what, e);
}

int gpudata_poison(struct bounce *b, struct gpu_stream *s, void *device, size_t bytes,
		   struct err *e)
{
	return fill(b, s, device, bytes, NULL, e);
}

int gpudata_check(struct bounce *b, struct gpu_stream *s, void *device, size_t bytes,
		  const struct pattern *what, struct mismatch *m, struct err *e)
{
	int rc = 0;

	*m = (struct mismatch){ 0 };
	for (size_t at = 0, n; rc == 0 && m->words == 0 && at < bytes; at += n) {
		n = piece(b, bytes - at);
		pattern_poison(b->host.p, n);
		rc = move(b, s, GPU_D2H, (char *)device + at, n, e);
		if (rc == 0)
			pattern_check(b->host.p, n, at, what, m);
	}
	return rc < 0 ? err_within(e, rc, "reading data back to verify them") : 0;
}
