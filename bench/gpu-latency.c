/* gpu-latency - how long the smallest things take: four metrics, never mixed up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "kernels/gpu_operations.h"
#include "measure/gpuplan.h"

/* Host buffers of 4 MiB: no part of a larger block that the driver had before. */
#define ROW(rank, name, kind, size, ...)                                                           \
	{                                                                                          \
		.metric = name, .unit = "s", .better = BETTER_LOWER, .worth = rank,                \
		.way.memory = kind, .way.kernel = "small copies", .way.bytes = size,               \
		.way.fixed = true, .way.least = 4 << 20, __VA_ARGS__                               \
	}
#define HOST "host-latency"
static const struct plan_row rows[] = {
	ROW(90, HOST, MEM_PINNED, 8, .near = DEPTH_QUICK, .far = DEPTH_NORMAL),
	ROW(70, HOST, MEM_PINNED, 64 << 10, .near = DEPTH_NORMAL),
	ROW(60, HOST, MEM_PAGEABLE, 8, .near = DEPTH_NORMAL),
	ROW(39, HOST, MEM_PINNED, 64, .near = DEPTH_THOROUGH),
	ROW(38, HOST, MEM_PINNED, 512, .near = DEPTH_THOROUGH),
	ROW(37, HOST, MEM_PINNED, 4 << 10, .near = DEPTH_THOROUGH),
	ROW(36, HOST, MEM_PAGEABLE, 64 << 10, .near = DEPTH_THOROUGH),
	ROW(80, "device-latency", MEM_PINNED, 8, .near = DEPTH_NORMAL, .far = DEPTH_THOROUGH),
	ROW(35, "device-latency", MEM_PINNED, 64 << 10, .near = DEPTH_THOROUGH),
};
#undef ROW
enum { COPIES = sizeof rows / sizeof *rows, LAUNCH = COPIES, LOAD };

static const struct gpuplan_other others[] = {
	{ "launch-latency", "an empty kernel", LAUNCH, 0, MEM_PINNED, DEPTH_QUICK, DEPTH_NEVER,
	  85 },
	{ "load-latency", "dependent loads", LOAD, GPU_LOADS_BYTES, MEM_MAPPED, DEPTH_NORMAL,
	  DEPTH_THOROUGH, 45 }, /* its buffers take longest to be made */
};
enum { OTHERS = sizeof others / sizeof *others };

struct buffers {
	const struct seat *seat;
	struct gpucopy *copy;
	struct gpu_loads loads;
	struct gpuerrors since; /* of the GPU's link, at the opening */
};

static int plan(struct session *s, struct err *e)
{
	int rc = gpuplan_rows(s, rows, COPIES);

	if (rc == 0)
		rc = gpuplan_others(s, others, OTHERS);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

static void close_site(struct worker *w, void *buffers)
{
	struct buffers *b = buffers;

	gpucopy_close(w, b->copy);
	gpu_loads_close(&b->loads);
	free(b);
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	const struct memory_want want = { .machine = w->machine, .node = site->mem_node };
	struct buffers *b = calloc(1, sizeof *b);
	int rc = b ? gpuset_open(w, site->gpu, &b->seat, e) : -ENOMEM;

	if (!b)
		return err_set(e, rc, "out of memory");
	if (rc == 0 && site->kind < COPIES)
		rc = gpucopy_open(w, site, &rows[site->kind].way, NULL, (void **)&b->copy, e);
	else if (rc == 0 && site->kind == LOAD)
		rc = gpu_loads_from_host(&b->loads, b->seat->stream[GPU_H2D], &want, site->bytes,
					 e);
	gpuset_errors(w, site->gpu, &b->since);
	*buffers = rc == 0 ? b : (close_site(w, b), NULL);
	return rc;
}

/* A copy's direction is the cell's; whether the host's clock times it, its metric's name says. */
static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	enum gpu_direction way = c->variant == DIR_H2D ? GPU_H2D : GPU_D2H;
	struct buffers *b = buffers;
	struct gpu_operation o = {
		.kind = b->copy           ? OPERATION_TRANSFER
			: b->loads.host.p ? OPERATION_LOAD
					  : OPERATION_LAUNCH,
		.train = { .stream = b->seat->stream[GPU_H2D], .gpu = b->seat->gpu },
		.loads = &b->loads,
	};
	int rc = 0;

	if (b->copy) {
		o.train = gpucopy_train(b->copy, way, c->rec.bytes);
		o.train.host_timed |= strcmp(c->rec.metric, HOST) == 0;
		rc = gpucopy_prepare(b->copy, c, way, e);
	}
	if (rc == 0)
		rc = gpu_operation_sample(w, &o, c, value, e);
	if (rc == 0 && b->copy)
		rc = gpucopy_verify(b->copy, c, way, e);
	return rc;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	struct buffers *b = buffers;
	struct err e = { "" };

	return b->copy ? gpucopy_prove(w, b->copy, p) : hostmem_prove(&b->loads.host, p, &e);
}

static void last(struct worker *w, void *buffers, struct record *r)
{
	const struct buffers *b = buffers;

	gpuset_note_last(w, b->seat->gpu, &b->since, r);
}

static void list(void (*line)(const char *text, void *to), void *to)
{
	gpuplan_list(rows, COPIES, line, to);
	gpuplan_list_others(others, OTHERS, line, to);
}

const struct bench bench = {
	.name = "gpu-latency",
	.summary = "latency of small copies, launches and loads between each node and each GPU",
	.about = "host-latency: one copy of 8 bytes and the wait for its stream, by the host's "
		 "clock. device-latency: the same copies back to back, by the GPU's own events. "
		 "launch-latency: an empty kernel from its launch to its end, by the host's clock. "
		 "load-latency: one thread of the GPU follows addresses through 256 MiB of host "
		 "memory, each load waiting for the one before it, none in the GPU's cache.\n"
		 "A sample is the median of as many operations as fill 10 ms, 1000 at least, after "
		 "50 that do not count; quantiles are of all. The last two need a build with nvcc.",
	.needs_gpu = true,
	.plan = plan,
	.start = gpuset_start,
	.open = open_site,
	.sample = sample,
	.prove = prove,
	.last = last,
	.close = close_site,
	.stop = gpu_operations_stop,
	.list = list,
};
