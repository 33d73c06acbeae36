/* gpu-bandwidth - large transfers between the memory of each node and each GPU. */
#include "bench.h"
#include "kernels/gpu_kernels.h"
#include "measure/gpuplan.h"

enum { USUAL = GPUPLAN_USUAL, LARGEST = 1 << 30 };
/* Of each train where several run at once: enough for the slowest to get going. */
enum { QUOTA_BYTES = 512 << 20, QUOTA_LEAST = 8, QUOTA_MOST = 1024 };

static const char events[] = "copies, GPU events", host[] = "copies, host clock",
		  prefetch[] = "prefetches, host clock", loads[] = "loads and stores, GPU events";

#define ROW(rank, kind, mover, size, ...)                                                          \
	{                                                                                          \
		.metric = "bandwidth", .unit = "B/s", .better = BETTER_HIGHER, .worth = rank,      \
		.way.memory = kind, .way.kernel = mover, .way.bytes = size, __VA_ARGS__            \
	}
static const struct plan_row rows[] = {
	ROW(90, MEM_PINNED, events, USUAL, .way.both = true, .near = DEPTH_QUICK,
	    .both_ways = DEPTH_QUICK, .all_at_once = DEPTH_QUICK, .far = DEPTH_NORMAL,
	    .spread = DEPTH_NORMAL),
	ROW(89, MEM_PAGEABLE, host, USUAL, .way.both = true, .near = DEPTH_QUICK,
	    .both_ways = DEPTH_NORMAL, .all_at_once = DEPTH_NORMAL, .far = DEPTH_NORMAL,
	    .spread = DEPTH_THOROUGH),
	ROW(60, MEM_REGISTERED, events, USUAL, .near = DEPTH_NORMAL, .far = DEPTH_THOROUGH),
	ROW(39, MEM_REGISTERED, events, USUAL, .way.several = true, .way.pages = PAGES_THP,
	    .near = DEPTH_THOROUGH),
	ROW(38, MEM_REGISTERED, events, USUAL, .way.several = true, .way.pages = PAGES_HUGETLB,
	    .near = DEPTH_THOROUGH),
	ROW(37, MEM_PAGEABLE, host, USUAL, .way.several = true, .way.pages = PAGES_THP,
	    .near = DEPTH_THOROUGH),
	ROW(36, MEM_PAGEABLE, host, USUAL, .way.several = true, .way.pages = PAGES_HUGETLB,
	    .near = DEPTH_THOROUGH),
	ROW(35, MEM_WRITE_COMBINED, events, USUAL, .near = DEPTH_THOROUGH),
	ROW(34, MEM_MANAGED, prefetch, USUAL, .near = DEPTH_THOROUGH),
	ROW(33, MEM_MAPPED, loads, USUAL, .near = DEPTH_THOROUGH),
	ROW(32, MEM_PINNED, events, LARGEST, .sweep = DEPTH_THOROUGH),
	ROW(31, MEM_PAGEABLE, host, LARGEST, .sweep = DEPTH_THOROUGH),
};
#undef ROW
enum { NROWS = sizeof rows / sizeof *rows };

static int plan(struct session *s, struct err *e)
{
	int rc = gpuplan_rows(s, rows, NROWS);

	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	return gpucopy_open(w, site, &rows[site->kind].way,
			    gpu_kernels_built() ? gpu_queue_kernel_copy : NULL, buffers, e);
}

static int sample(struct worker *w, void *buffers, struct cell *cell, double *value, struct err *e)
{
	enum gpu_direction way = cell->variant == DIR_H2D ? GPU_H2D : GPU_D2H;
	struct gpucopy *c = buffers;
	struct train t = gpucopy_train(c, way, cell->rec.bytes);
	int rc = gpucopy_prepare(c, cell, way, e);

	if (rc == 0)
		rc = train_rate(&t, gpuset_station(w), &cell->repeat, value, e);
	if (rc < 0)
		return rc;
	gpuset_note(w, c->seat->gpu, &cell->rec);
	return gpucopy_verify(c, cell, way, e);
}

static int together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	size_t quota = QUOTA_BYTES / m[0].cell->rec.bytes;

	quota = quota < QUOTA_LEAST ? QUOTA_LEAST : quota > QUOTA_MOST ? QUOTA_MOST : quota;
	return gpucopy_together(w, m, n, (unsigned)quota, at, e);
}

static void list(void (*line)(const char *text, void *to), void *to)
{
	gpuplan_list(rows, NROWS, line, to);
}

const struct bench bench = {
	.name = "gpu-bandwidth",
	.summary = "bandwidth between the memory of each NUMA node and each GPU",
	.about =
		"Copies 64 MiB (--size) from host to device (h2d), from device to host (d2h), and "
		"both ways at once with buffers of their own; then on all GPUs at once, each from "
		"its own node, all from one node, and each from another node than its own. "
		"--quick leaves out what differs less often, --thorough adds more kinds of memory "
		"and a sweep over sizes; --list tells which.\n"
		"Page-locked memory is copied back to back and timed by events on the GPU; copies "
		"wait behind a gate until all are queued, so that the cost of starting them stays "
		"out. Pageable memory is timed by the host's clock, around each copy with the "
		"synchronisation of its stream. A sample lasts 10 ms at least; before its first "
		"one "
		"a GPU copies until its rate stops rising, 2 s at most. Where several transfers "
		"run "
		"at once, only the time in which all of them ran counts.\n"
		"Contents change from sample to sample and are compared after each: in full at the "
		"first one of an opening of the buffers, in a part of 4 MiB that moves on at the "
		"others. Of the copies of one sample the last one is compared. A difference fails "
		"the run.",
	.needs_gpu = true,
	.plan = plan,
	.start = gpuset_start,
	.open = open_site,
	.sample = sample,
	.together = together,
	.prove = gpucopy_prove,
	.last = gpucopy_last,
	.close = gpucopy_close,
	.stop = gpuset_stop,
	.list = list,
};
