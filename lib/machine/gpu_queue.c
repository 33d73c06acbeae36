/* gpu_queue.c - gpu.h over the CUDA runtime: streams, marks and transfers. */
#include <errno.h>
#include <stdlib.h>

#include "machine/gpu_parts.h"

struct gpu_stream {
	struct gpu_dev *dev;
	cudaStream_t native;
	cudaEvent_t *marks; /* those from 0 to nmarks - 1, of which some may not be made yet */
	unsigned nmarks;
};

int gpu_stream_open(struct gpu_stream **out, struct gpu_dev *d, struct err *e)
{
	struct gpu_stream *s = calloc(1, sizeof *s);
	int rc;

	*out = NULL;
	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	s->dev = d;
	rc = gpu_use(d, e);
	if (rc == 0)
		rc = gpu_check(cudaStreamCreateWithFlags(&s->native, cudaStreamNonBlocking),
			       "cudaStreamCreateWithFlags", e);
	if (rc < 0) {
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void gpu_stream_close(struct gpu_stream *s)
{
	if (!s)
		return;
	if (gpu_use(s->dev, NULL) == 0) {
		for (unsigned i = 0; i < s->nmarks; i++)
			if (s->marks[i])
				(void)gpu_check(cudaEventDestroy(s->marks[i]), "", NULL);
		(void)gpu_check(cudaStreamDestroy(s->native), "", NULL);
	}
	free(s->marks);
	free(s);
}

struct gpu_dev *gpu_stream_dev(const struct gpu_stream *s)
{
	return s->dev;
}

void *gpu_stream_native(const struct gpu_stream *s)
{
	return s->native;
}

int gpu_stream_current(const struct gpu_stream *s, struct err *e)
{
	return gpu_use(s->dev, e);
}

int gpu_stream_wait(struct gpu_stream *s, struct err *e)
{
	return gpu_check(cudaStreamSynchronize(s->native), "cudaStreamSynchronize", e);
}

/* Nothing below sets the current device but where an event is made: the stream says which GPU it
 * is, and often a clock runs. */
int gpu_do(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	int rc = t->queue(s, t, e);

	return rc < 0 ? rc : gpu_stream_wait(s, e);
}

/* ---- transfers ---- */

int gpu_queue_copy(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	cudaError_t rc;

	if (t->dir == GPU_H2D)
		rc = cudaMemcpyAsync(t->device, t->host, t->bytes, cudaMemcpyHostToDevice,
				     s->native);
	else
		rc = cudaMemcpyAsync(t->host, t->device, t->bytes, cudaMemcpyDeviceToHost,
				     s->native);
	return gpu_check(rc, "cudaMemcpyAsync", e);
}

int gpu_queue_peer(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	int own = s->dev->ordinal, peer = t->peer->ordinal;
	cudaError_t rc;

	if (t->dir == GPU_H2D)
		rc = cudaMemcpyPeerAsync(t->device, own, t->host, peer, t->bytes, s->native);
	else
		rc = cudaMemcpyPeerAsync(t->host, peer, t->device, own, t->bytes, s->native);
	return gpu_check(rc, "cudaMemcpyPeerAsync", e);
}

#if CUDART_VERSION >= 12020
/* From 12.2 to 12.9 this form of it had a name of its own. */
#if CUDART_VERSION >= 13000
#define prefetch cudaMemPrefetchAsync
#else
#define prefetch cudaMemPrefetchAsync_v2
#endif
int gpu_queue_prefetch(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	struct cudaMemLocation to = { .type = cudaMemLocationTypeHost };

	if (t->dir == GPU_H2D)
		to = (struct cudaMemLocation){ .type = cudaMemLocationTypeDevice,
					       .id = s->dev->ordinal };
	else if (t->node >= 0)
		to = (struct cudaMemLocation){ .type = cudaMemLocationTypeHostNuma, .id = t->node };
	return gpu_check(prefetch(t->host, t->bytes, to, 0, s->native), "cudaMemPrefetchAsync", e);
}
#undef prefetch
#else
int gpu_queue_prefetch(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	int to = t->dir == GPU_H2D ? s->dev->ordinal : cudaCpuDeviceId;

	return gpu_check(cudaMemPrefetchAsync(t->host, t->bytes, to, s->native),
			 "cudaMemPrefetchAsync", e);
}
#endif

/* ---- marks ---- */

/* There is a mark i from now on. */
static int make_mark(struct gpu_stream *s, unsigned i, struct err *e)
{
	int rc;

	if (i >= s->nmarks) {
		unsigned n = i + 1 > 2 * s->nmarks ? i + 1 : 2 * s->nmarks;
		cudaEvent_t *more = realloc(s->marks, n * sizeof(*more));

		if (!more)
			return err_set(e, -ENOMEM, "out of memory");
		while (s->nmarks < n)
			more[s->nmarks++] = NULL;
		s->marks = more;
	}
	if (s->marks[i])
		return 0;
	rc = gpu_use(s->dev, e);
	return rc < 0 ? rc : gpu_check(cudaEventCreate(&s->marks[i]), "cudaEventCreate", e);
}

int gpu_marks_ready(struct gpu_stream *s, unsigned n, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = make_mark(s, i, e);
	return rc;
}

static int find_mark(const struct gpu_stream *s, unsigned i, struct err *e)
{
	if (i < s->nmarks && s->marks[i])
		return 0;
	return err_set(e, -EINVAL, "mark %u was never set in this stream", i);
}

int gpu_queue_mark(struct gpu_stream *s, unsigned i, struct err *e)
{
	int rc = make_mark(s, i, e);

	return rc < 0 ? rc
		      : gpu_check(cudaEventRecord(s->marks[i], s->native), "cudaEventRecord", e);
}

int gpu_mark_reached(struct gpu_stream *s, unsigned i, bool *reached, struct err *e)
{
	int rc = find_mark(s, i, e);
	cudaError_t answer;

	*reached = false;
	if (rc < 0)
		return rc;
	answer = cudaEventQuery(s->marks[i]);
	*reached = answer == cudaSuccess;
	if (answer != cudaErrorNotReady)
		return gpu_check(answer, "cudaEventQuery", e);
	(void)cudaGetLastError();
	return 0;
}

int gpu_mark_span(struct gpu_stream *s, unsigned from, unsigned to, double *seconds, struct err *e)
{
	float ms = 0;
	int rc = find_mark(s, from, e);

	if (rc == 0)
		rc = find_mark(s, to, e);
	if (rc == 0)
		rc = gpu_check(cudaEventElapsedTime(&ms, s->marks[from], s->marks[to]),
			       "cudaEventElapsedTime", e);
	*seconds = (double)ms * 1e-3;
	return rc;
}
