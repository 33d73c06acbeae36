/* gpu_none.c - a build without a CUDA toolkit: every answer is -ENOSYS. */
#include <errno.h>

#include "machine/gpu.h"

static int none(struct err *e)
{
	return err_set(e, -ENOSYS,
		       "built without CUDA: no toolkit was found when numabench was built "
		       "(make CUDA_HOME=/usr/local/cuda)");
}

int gpu_enumerate(struct gpu_facts *facts, size_t max, size_t *n, struct err *e)
{
	(void)facts;
	(void)max;
	*n = 0;
	return none(e);
}

int gpu_runtime_version(void)
{
	return 0;
}

int gpu_driver_version(void)
{
	return 0;
}

int gpu_open(struct gpu_dev **d, const char *pci, struct err *e)
{
	(void)pci;
	*d = NULL;
	return none(e);
}

void gpu_close(struct gpu_dev *d)
{
	(void)d;
}

int gpu_memory_left(struct gpu_dev *d, uint64_t *left, uint64_t *all, struct err *e)
{
	(void)d;
	*left = *all = 0;
	return none(e);
}

uint64_t gpu_cache_bytes(const struct gpu_dev *d)
{
	(void)d;
	return 0;
}

unsigned gpu_processors(const struct gpu_dev *d)
{
	(void)d;
	return 1;
}

int gpu_alloc(struct gpu_dev *d, void **device, size_t bytes, struct err *e)
{
	(void)d;
	(void)bytes;
	*device = NULL;
	return none(e);
}

void gpu_free(struct gpu_dev *d, void *device)
{
	(void)d;
	(void)device;
}

int gpu_host_alloc(struct gpu_dev *d, enum gpu_host kind, void **host, size_t bytes, struct err *e)
{
	(void)kind;
	return gpu_alloc(d, host, bytes, e);
}

void gpu_host_free(struct gpu_dev *d, void *host)
{
	gpu_free(d, host);
}

int gpu_host_register(struct gpu_dev *d, void *host, size_t bytes, struct err *e)
{
	(void)d;
	(void)host;
	(void)bytes;
	return none(e);
}

void gpu_host_unregister(struct gpu_dev *d, void *host)
{
	gpu_free(d, host);
}

int gpu_host_address(struct gpu_dev *d, void *host, void **device, struct err *e)
{
	(void)host;
	return gpu_alloc(d, device, 0, e);
}

int gpu_managed_alloc(struct gpu_dev *d, void **p, size_t bytes, struct err *e)
{
	return gpu_alloc(d, p, bytes, e);
}

void gpu_managed_free(struct gpu_dev *d, void *p)
{
	gpu_free(d, p);
}

int gpu_peer_access(struct gpu_dev *d, struct gpu_dev *peer, bool on, struct err *e)
{
	(void)d;
	(void)peer;
	(void)on;
	return none(e);
}

int gpu_stream_open(struct gpu_stream **s, struct gpu_dev *d, struct err *e)
{
	(void)d;
	*s = NULL;
	return none(e);
}

void gpu_stream_close(struct gpu_stream *s)
{
	(void)s;
}

struct gpu_dev *gpu_stream_dev(const struct gpu_stream *s)
{
	(void)s;
	return NULL;
}

void *gpu_stream_native(const struct gpu_stream *s)
{
	(void)s;
	return NULL;
}

int gpu_stream_current(const struct gpu_stream *s, struct err *e)
{
	(void)s;
	return none(e);
}

int gpu_stream_wait(struct gpu_stream *s, struct err *e)
{
	return gpu_stream_current(s, e);
}

int gpu_queue_copy(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	(void)t;
	return gpu_stream_current(s, e);
}

int gpu_queue_prefetch(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	return gpu_queue_copy(s, t, e);
}

int gpu_queue_peer(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	return gpu_queue_copy(s, t, e);
}

int gpu_do(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	return gpu_queue_copy(s, t, e);
}

int gpu_marks_ready(struct gpu_stream *s, unsigned n, struct err *e)
{
	(void)s;
	(void)n;
	return none(e);
}

int gpu_queue_mark(struct gpu_stream *s, unsigned i, struct err *e)
{
	(void)i;
	return gpu_stream_current(s, e);
}

int gpu_mark_reached(struct gpu_stream *s, unsigned i, bool *reached, struct err *e)
{
	*reached = false;
	return gpu_queue_mark(s, i, e);
}

int gpu_mark_span(struct gpu_stream *s, unsigned from, unsigned to, double *seconds, struct err *e)
{
	(void)to;
	*seconds = 0;
	return gpu_queue_mark(s, from, e);
}

int gpu_answer(int cuda_error, const char *what, struct err *e)
{
	(void)cuda_error;
	(void)what;
	return none(e);
}

int gpu_gate_open(struct gpu_gate **g, struct gpu_dev *d, uint32_t *flag, struct err *e)
{
	(void)d;
	(void)flag;
	*g = NULL;
	return none(e);
}

int gpu_gate_open_by_host(struct gpu_gate **g, struct gpu_dev *d, uint32_t *flag, struct err *e)
{
	return gpu_gate_open(g, d, flag, e);
}

void gpu_gate_close(struct gpu_gate *g)
{
	(void)g;
}

const char *gpu_gate_how(const struct gpu_gate *g)
{
	(void)g;
	return "none";
}

int gpu_gate_gave_up(struct gpu_gate *g, struct err *e)
{
	(void)g;
	return none(e);
}

int gpu_gate_queue(struct gpu_gate *g, struct gpu_stream *s, uint32_t ticket, struct err *e)
{
	(void)g;
	(void)ticket;
	return gpu_stream_current(s, e);
}
