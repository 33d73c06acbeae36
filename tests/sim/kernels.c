/* kernels.c - the simulator's body of kernels/gpu_kernels.h. */
#include "kernels/gpu_kernels.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "simclock.h"
#include "streams.h"
#include "where.h"

enum { VECTOR = 16 }; /* bytes that a thread moves at once */

bool gpu_kernels_built(void)
{
	return true;
}

/* Memory that this GPU's threads may load from and store to, and what it is to them. */
static bool reachable(const stream *st, const void *p, size_t bytes, struct sim_way *way)
{
	uint64_t now = sim_enter();
	const struct block *b = sim_block(p, bytes);
	bool peer = b && b->kind == BLOCK_DEVICE && b->gpu != st->gpu;
	bool may = b && (!peer || sim_used(st->gpu)->peers >> b->gpu & 1);

	*way = (struct sim_way){
		.gpu = st->gpu,
		.peer = peer ? b->gpu : SIM_ANY,
		.peer_access = peer ? 1 : SIM_ANY,
		.mem_node = SIM_NO_NODE,
		.memory = peer ? SIM_PEER : SIM_MAPPED,
		.pages = SIM_ANY,
	};
	sim_leave(now);
	return may;
}

/* A kernel is loaded at its first launch on a GPU, which may wait for all of its streams: for ever,
 * where one stands at a gate that is opened afterwards. */
enum kernel { KERNEL_COPY, KERNEL_EMPTY, KERNEL_CHASE, KERNELS };
static void load(const stream *launched, enum kernel which)
{
	static bool loaded[SIM_GPUS][KERNELS]; /* CUDA's functions have no handle */
	uint64_t now = sim_enter();
	bool *its = &loaded[launched->gpu][which];

	for (stream *st = sim_streams(); st && !*its; st = st->next)
		if (st->gpu == launched->gpu && !sim_go_on(st) && !st->hung) {
			fputs("simulator: a kernel was launched for the first time while a stream "
			      "of its GPU stands at a closed gate; loading it may wait for that\n",
			      stderr);
			abort();
		}
	if (!*its)
		now += (uint64_t)llround(scenario()->lazy_load_s * 1e9);
	*its = true;
	sim_leave(now);
}

int gpu_queue_kernel_copy(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	stream *st = gpu_stream_native(s);
	struct transfer c = { .dst = t->dir == GPU_H2D ? t->device : t->host,
			      .src = t->dir == GPU_H2D ? t->host : t->device,
			      .bytes = t->bytes };
	struct sim_way own;
	int rc = gpu_stream_current(s, e);

	if (rc < 0)
		return rc;
	if (!reachable(st, t->device, t->bytes, &own) || own.peer >= 0 ||
	    !reachable(st, t->host, t->bytes, &c.way))
		return gpu_answer(cudaErrorIllegalAddress, "kernel copy", e);
	if ((uintptr_t)t->device % VECTOR || (uintptr_t)t->host % VECTOR || t->bytes % VECTOR)
		return gpu_answer(cudaErrorInvalidValue, "kernel copy", e);
	c.way.direction = t->dir == GPU_H2D ? SIM_H2D : SIM_D2H;
	load(st, KERNEL_COPY);
	return gpu_answer((int)sim_transfer(st, c), "kernel copy", e);
}

/* --- kernels that move nothing --------------------------------------------------- */

static bool run_kernel(stream *st, struct entry *en)
{
	if (sim_reach(st->gpu) == cudaSuccess)
		sim_work(st, en, en->kernel.seconds, en->kernel.latency);
	return true;
}

static int queue_kernel(struct gpu_stream *s, double seconds, double latency, const char *what,
			struct err *e)
{
	stream *st = gpu_stream_native(s);
	uint64_t now = sim_enter();
	cudaError_t code = sim_reach(st->gpu);

	now += (uint64_t)llround(scenario()->launch_s * 1e9);
	sim_leave(now);
	now = sim_enter_at(now);
	if (code == cudaSuccess)
		sim_queue(st, (struct entry){ .run = run_kernel, .kernel = { seconds, latency } });
	sim_leave(now);
	return gpu_answer((int)code, what, e);
}

int gpu_queue_nothing(struct gpu_stream *s, struct err *e)
{
	stream *st = gpu_stream_native(s);
	struct sim_way way = { .gpu = st->gpu,
			       .cpu_node = where_caller(),
			       .mem_node = SIM_NO_NODE,
			       .peer = SIM_ANY,
			       .peer_access = SIM_ANY,
			       .direction = SIM_ANY,
			       .memory = SIM_ANY,
			       .pages = SIM_ANY };
	int rc = gpu_stream_current(s, e);

	if (rc < 0)
		return rc;
	load(st, KERNEL_EMPTY);
	return queue_kernel(s, 0, sim_planted(&way, 0).launch * sim_factor(st), "empty kernel", e);
}

/* --- the chase ------------------------------------------------------------------- */

/* What one load takes where the addresses lie: by the nodes of the area that holds them. */
static struct sim_plant planted_load(const void *start, struct sim_way *way)
{
	uint64_t now = sim_enter();
	const struct block *b = sim_block(start, sizeof(void *));
	int node[WHERE_SAMPLES];

	way->cpu_node = where_caller();
	way->direction = SIM_ANY;
	where_pages(b->p, b->bytes, node);
	if (b->kind != BLOCK_DEVICE)
		way->mem_node = node[0];
	sim_leave(now);
	return sim_planted(way, 0);
}

/* Follows the addresses, as the GPU would; one that leads out of memory ends it. */
struct walk {
	stream *st;
	struct sim_plant p;
	uint32_t steps, warm;
	uint32_t *clocks;
	double seconds, kept; /* of all, of those that are kept */
	uint64_t cycles;      /* of those */
	const void *at;
};

static bool walk(struct walk *w)
{
	const double hz = scenario()->gpus[w->st->gpu].sm_hz;
	const struct block *b = NULL;

	for (uint32_t i = 0; i < w->steps; i++) {
		double s = w->p.load * sim_factor(w->st);

		if (!b || (const char *)w->at < b->p ||
		    (const char *)w->at + sizeof w->at > b->p + b->bytes)
			b = sim_block(w->at, sizeof w->at);
		if (!b || (uintptr_t)w->at % sizeof w->at)
			return false;
		w->at = *(const void *const *)w->at;
		if (w->p.load_tail > 0 && i % w->p.load_tail_every == w->p.load_tail_every - 1)
			s *= w->p.load_tail;
		w->seconds += s;
		if (i < w->warm)
			continue;
		w->clocks[i - w->warm] = (uint32_t)lround(s * hz);
		w->cycles += w->clocks[i - w->warm];
		w->kept += s;
	}
	return true;
}

int gpu_queue_chase(struct gpu_stream *s, const void *start, uint32_t steps, uint32_t warm,
		    uint32_t *clocks, uint64_t *whole, struct err *e)
{
	struct walk w = { .st = gpu_stream_native(s),
			  .steps = steps,
			  .warm = warm,
			  .clocks = clocks,
			  .at = start };
	struct sim_way way, own;
	int rc = gpu_stream_current(s, e);
	uint64_t now;
	bool ended;

	if (rc < 0)
		return rc;
	if (warm >= steps)
		return gpu_answer(cudaErrorInvalidValue, "chase", e);
	if (!reachable(w.st, start, sizeof start, &way) ||
	    !reachable(w.st, clocks, (steps - warm) * sizeof *clocks, &own) || own.peer >= 0 ||
	    !reachable(w.st, whole, 3 * sizeof *whole, &own) || own.peer >= 0)
		return gpu_answer(cudaErrorIllegalAddress, "chase", e);
	load(w.st, KERNEL_CHASE);
	w.p = planted_load(start, &way);
	now = sim_enter();
	ended = walk(&w);
	sim_leave(now);
	if (!ended)
		return gpu_answer(cudaErrorIllegalAddress, "chase", e);
	whole[0] = (uint64_t)llround(w.kept * 1e9);
	whole[1] = w.cycles;
	whole[2] = (uint64_t)(uintptr_t)w.at;
	return queue_kernel(s, w.seconds, w.p.launch, "chase", e);
}
