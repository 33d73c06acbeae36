/* copies.c - doubles of the CUDA runtime: streams, events, copies.
 *
 * Copies really move the data. Time is that of discrete events: a stream has an
 * instant at which all that was queued in it will have ended; whoever waits for it
 * moves the simulated clock there. What a copy takes is the scenario's word for
 * the nodes where the caller and the pages really are (where.h).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cudart.h"
#include "simclock.h"
#include "where.h"

struct CUstream_st {
	int gpu;
	uint64_t end_ns;       /* when all that is queued has ended */
	uint64_t latency_ns;   /* of the last copy, for whoever waits for the stream */
	const void *dst, *src; /* that copy, until somebody waits */
	size_t bytes;
};

struct CUevent_st {
	uint64_t at_ns;
	struct CUstream_st *stream;
};

struct copy {
	int gpu, direction, memory;
	void *dst;
	const void *src, *host;
	size_t bytes;
};

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* About normal, mean 0, deviation 1: twelve uniform numbers less six. */
static double noise(void)
{
	uint64_t *r = sim_random();
	double sum = -6;

	for (int i = 0; i < 12; i++) {
		*r = *r * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
		sum += (double)(*r >> 11) * 0x1p-53;
	}
	return sum;
}

static bool fits(int said, int is)
{
	return said == SIM_ANY || said == is;
}

/* What is planted for a placement: of several rules that fit the last one. */
static struct sim_plant planted(const struct copy *c, int cpu_node, int mem_node)
{
	const struct scenario *s = scenario();
	struct sim_plant p = { .bandwidth = 20e9 };

	for (size_t i = 0; i < s->nplants; i++) {
		const struct sim_plant *r = &s->plants[i];

		if (!fits(r->cpu_node, cpu_node) || !fits(r->mem_node, mem_node) ||
		    !fits(r->gpu, c->gpu) || !fits(r->direction, c->direction) ||
		    !fits(r->memory, c->memory))
			continue;
		if (r->bandwidth > 0)
			p.bandwidth = r->bandwidth;
		if (r->latency > 0)
			p.latency = r->latency;
	}
	return p;
}

/* Seconds on the link, with noise; *latency_s for whoever waits. Pages on several
 * nodes each count with their share. */
static double copy_seconds(const struct copy *c, double *latency_s)
{
	const struct scenario *s = scenario();
	double factor = 1 + s->noise * noise(), seconds = 0;
	int caller = where_caller(), node[WHERE_SAMPLES];
	struct sim_plant p = { 0 };

	where_pages(c->host, c->bytes, node);
	for (int i = 0; i < WHERE_SAMPLES; i++) {
		if (i == 0 || node[i] != node[i - 1])
			p = planted(c, caller, node[i]);
		seconds += (double)c->bytes / WHERE_SAMPLES / p.bandwidth;
	}
	if (sim_used(c->gpu)->busy_s < s->cold_s)
		seconds /= s->cold_factor;
	*latency_s = p.latency * factor;
	return seconds * factor;
}

/* Which way, which GPU, which kind of memory; refuses what lies outside of any block. */
static cudaError_t understand(struct copy *c, enum cudaMemcpyKind kind)
{
	const void *device = kind == cudaMemcpyHostToDevice ? c->dst : c->src;
	const struct block *d = sim_block(device, c->bytes), *h;

	if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToHost)
		return cudaErrorInvalidValue;
	c->direction = kind == cudaMemcpyHostToDevice ? SIM_H2D : SIM_D2H;
	c->host = kind == cudaMemcpyHostToDevice ? c->src : c->dst;
	h = sim_block(c->host, c->bytes);
	if (!d || d->pinned || (h && !h->pinned) || (!h && sim_block(c->host, 1)))
		return cudaErrorInvalidValue;
	c->gpu = d->gpu;
	c->memory = h ? SIM_PINNED : SIM_PAGEABLE;
	return cudaSuccess;
}

/* The same copy once more, before anybody could have looked or changed the source,
 * moves nothing new: it takes its time, and not the simulating machine's. */
static void move(struct CUstream_st *st, const struct copy *c)
{
	const struct sim_fault *flip = sim_fault(SIM_FLIP, c->gpu, c->direction);

	if (st->dst != c->dst || st->src != c->src || st->bytes != c->bytes)
		memcpy(c->dst, c->src, c->bytes);
	st->dst = c->dst;
	st->src = c->src;
	st->bytes = c->bytes;
	if (flip && flip->offset < c->bytes)
		((char *)c->dst)[flip->offset] =
			(char)(((const char *)c->src)[flip->offset] ^ (1 << flip->bit));
}

static void strike(const struct copy *c)
{
	if (sim_fault(SIM_CRASH, c->gpu, c->direction))
		abort();
	while (sim_fault(SIM_HANG, c->gpu, c->direction))
		pause();
}

cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t bytes, enum cudaMemcpyKind kind,
			    cudaStream_t st)
{
	uint64_t now = simclock_read();
	struct copy c = { .dst = dst, .src = src, .bytes = bytes };
	cudaError_t rc = understand(&c, kind);
	double seconds, latency;

	if (rc == cudaSuccess)
		rc = sim_reach(c.gpu);
	if (rc != cudaSuccess)
		return sim_give(rc);
	strike(&c);
	now += (uint64_t)(scenario()->launch_s * 1e9);
	seconds = copy_seconds(&c, &latency);
	move(st, &c);
	sim_used(c.gpu)->copies++;
	sim_used(c.gpu)->busy_s += seconds;
	st->end_ns = later(st->end_ns, now) + (uint64_t)(seconds * 1e9);
	st->latency_ns = (uint64_t)(latency * 1e9);
	/* A pageable copy returns when the host's memory is free again. */
	simclock_set(c.memory == SIM_PAGEABLE ? st->end_ns : now);
	return cudaSuccess;
}

/* From here on the host may look at and change what the stream's copies used. */
static void settled(struct CUstream_st *st)
{
	st->dst = st->src = NULL;
	st->latency_ns = 0;
}

cudaError_t cudaStreamSynchronize(cudaStream_t st)
{
	uint64_t now = simclock_read();
	cudaError_t rc = sim_reach(st->gpu);

	now = later(now, st->end_ns) + st->latency_ns;
	settled(st);
	simclock_set(now);
	return sim_give(rc);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *st, unsigned flags)
{
	cudaError_t rc = sim_current() < 0 || flags != cudaStreamNonBlocking
				 ? cudaErrorInvalidValue
				 : sim_reach(sim_current());

	*st = rc == cudaSuccess ? calloc(1, sizeof **st) : NULL;
	if (*st)
		(*st)->gpu = sim_current();
	return sim_give(rc == cudaSuccess && !*st ? cudaErrorMemoryAllocation : rc);
}

cudaError_t cudaStreamDestroy(cudaStream_t st)
{
	free(st);
	return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
	*event = calloc(1, sizeof **event);
	return sim_give(*event ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
	free(event);
	return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t st)
{
	event->at_ns = later(simclock_read(), st->end_ns);
	event->stream = st;
	return sim_give(sim_reach(st->gpu));
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
	cudaError_t rc = sim_reach(event->stream->gpu);

	if (rc == cudaSuccess && simclock_read() < event->at_ns)
		rc = cudaErrorNotReady;
	return sim_give(rc);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
	uint64_t now = simclock_read();

	if (event->stream->end_ns <= event->at_ns)
		settled(event->stream);
	simclock_set(later(now, event->at_ns));
	return sim_give(sim_reach(event->stream->gpu));
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin, cudaEvent_t end)
{
	if (simclock_read() < end->at_ns)
		return sim_give(cudaErrorNotReady);
	*ms = (float)((double)(end->at_ns - begin->at_ns) * 1e-6);
	return cudaSuccess;
}
