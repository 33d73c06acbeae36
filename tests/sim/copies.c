/* copies.c - doubles of the CUDA runtime: copies between host and GPU, and between GPUs,
 * and prefetching. */
#include "simclock.h"
#include "streams.h"
#include "where.h"

static const enum sim_memory memories[] = {
	[BLOCK_PINNED] = SIM_PINNED,
	[BLOCK_WRITE_COMBINED] = SIM_WRITE_COMBINED,
	[BLOCK_REGISTERED] = SIM_REGISTERED,
	[BLOCK_MANAGED] = SIM_MANAGED,
};

static const struct sim_way nowhere = {
	.mem_node = SIM_NO_NODE, .peer = SIM_ANY, .peer_access = SIM_ANY, .pages = SIM_ANY
};

/* Which way, and which kind of memory; refuses what lies outside of any block or half in one,
 * and another GPU's memory than the stream's. */
static cudaError_t understand(const stream *st, struct transfer *t, enum cudaMemcpyKind kind)
{
	const void *device = kind == cudaMemcpyHostToDevice ? t->dst : t->src;
	const void *host = kind == cudaMemcpyHostToDevice ? t->src : t->dst;
	const struct block *d = sim_block(device, t->bytes), *h = sim_block(host, t->bytes);

	if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToHost)
		return cudaErrorInvalidValue;
	if (!d || d->kind != BLOCK_DEVICE || d->gpu != st->gpu)
		return cudaErrorInvalidValue;
	if ((h && h->kind == BLOCK_DEVICE) || (!h && sim_block(host, 1)))
		return cudaErrorInvalidValue;
	t->way = nowhere;
	t->way.gpu = st->gpu;
	t->way.direction = kind == cudaMemcpyHostToDevice ? SIM_H2D : SIM_D2H;
	t->way.memory = (int)(h ? memories[h->kind] : SIM_PAGEABLE);
	return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t bytes, enum cudaMemcpyKind kind,
			    cudaStream_t st)
{
	struct transfer t = { .dst = dst, .src = src, .bytes = bytes };
	uint64_t now = sim_enter();
	cudaError_t rc = sim_begin(&now);

	if (rc == cudaSuccess)
		rc = understand(st, &t, kind);
	sim_leave(now);
	return rc == cudaSuccess ? sim_transfer(st, t) : sim_give(rc);
}

/* d2h is away from the stream's GPU. */
static cudaError_t understand_peer(const stream *st, struct transfer *t, int to, int from)
{
	int dst_gpu, src_gpu;
	const struct block *dst = sim_block(t->dst, t->bytes), *src = sim_block(t->src, t->bytes);

	if (sim_device(to, &dst_gpu) != cudaSuccess || sim_device(from, &src_gpu) != cudaSuccess)
		return cudaErrorInvalidDevice;
	if (!dst || dst->kind != BLOCK_DEVICE || dst->gpu != dst_gpu || !src ||
	    src->kind != BLOCK_DEVICE || src->gpu != src_gpu || src_gpu == dst_gpu ||
	    (st->gpu != src_gpu && st->gpu != dst_gpu))
		return cudaErrorInvalidValue;
	t->way = nowhere;
	t->way.gpu = st->gpu;
	t->way.peer = st->gpu == src_gpu ? dst_gpu : src_gpu;
	t->way.peer_access = sim_used(st->gpu)->peers >> t->way.peer & 1;
	t->way.direction = st->gpu == src_gpu ? SIM_D2H : SIM_H2D;
	t->way.memory = SIM_PEER;
	return sim_reach(t->way.peer);
}

cudaError_t cudaMemcpyPeerAsync(void *dst, int to, const void *src, int from, size_t bytes,
				cudaStream_t st)
{
	struct transfer t = { .dst = dst, .src = src, .bytes = bytes };
	uint64_t now = sim_enter();
	cudaError_t rc = sim_begin(&now);

	if (rc == cudaSuccess)
		rc = understand_peer(st, &t, to, from);
	sim_leave(now);
	return rc == cudaSuccess ? sim_transfer(st, t) : sim_give(rc);
}

/* GPU memory is host memory here: prefetching moves nothing but to a host node, where
 * move_pages finds it. node: SIM_NO_NODE for any; to: the GPU, or -1 for the host. */
static cudaError_t prefetch(const void *p, size_t bytes, int to, int node, stream *st)
{
	struct transfer t = {
		.dst = (void *)(uintptr_t)p, .src = p, .bytes = bytes, .prefetch = true
	};
	uint64_t now = sim_enter();
	const struct block *b = sim_block(p, bytes);
	int gpu = st->gpu;
	cudaError_t rc = cudaSuccess;

	if (to >= 0)
		rc = sim_device(to, &gpu);
	if (rc == cudaSuccess && (!b || b->kind != BLOCK_MANAGED || gpu != st->gpu))
		rc = cudaErrorInvalidValue;
	if (rc == cudaSuccess && !scenario()->gpus[gpu].managed)
		rc = cudaErrorInvalidDevice; /* as the manual says of concurrentManagedAccess */
	sim_leave(now);
	if (rc != cudaSuccess)
		return sim_give(rc);
	t.way = nowhere;
	t.way.gpu = st->gpu;
	t.way.direction = to < 0 ? SIM_D2H : SIM_H2D;
	t.way.memory = SIM_MANAGED;
	if (to < 0 && node != SIM_NO_NODE) {
		where_move(t.dst, bytes, node);
		t.way.mem_node = node;
		simclock_set(now);
	}
	return sim_transfer(st, t);
}

#if CUDART_VERSION >= 12020
static cudaError_t prefetch_to(const void *p, size_t bytes, struct cudaMemLocation where,
			       unsigned flags, stream *st)
{
	switch (flags ? cudaMemLocationTypeInvalid : where.type) {
	case cudaMemLocationTypeDevice:
		return prefetch(p, bytes, where.id, SIM_NO_NODE, st);
	case cudaMemLocationTypeHostNuma:
		return prefetch(p, bytes, -1, where.id, st);
	case cudaMemLocationTypeHost:
		return prefetch(p, bytes, -1, SIM_NO_NODE, st);
	default:
		return sim_give(cudaErrorInvalidValue);
	}
}
#endif

#if CUDART_VERSION >= 13000
cudaError_t cudaMemPrefetchAsync(const void *p, size_t bytes, struct cudaMemLocation where,
				 unsigned flags, cudaStream_t st)
{
	return prefetch_to(p, bytes, where, flags, st);
}
#elif CUDART_VERSION >= 12020
cudaError_t cudaMemPrefetchAsync_v2(const void *p, size_t bytes, struct cudaMemLocation where,
				    unsigned flags, cudaStream_t st)
{
	return prefetch_to(p, bytes, where, flags, st);
}
#else
cudaError_t cudaMemPrefetchAsync(const void *p, size_t bytes, int to, cudaStream_t st)
{
	return prefetch(p, bytes, to == cudaCpuDeviceId ? -1 : to, SIM_NO_NODE, st);
}
#endif
