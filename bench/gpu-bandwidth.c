/* gpu-bandwidth - large copies between the memory of each node and each GPU. */
#include "bench.h"
#include "measure/gpucopy.h"
#include "measure/gpuset.h"
#include "measure/timing.h"

enum { COPY_BYTES = 64 << 20, REPEATS_MOST = 1 << 16, TRIES = 4 };

static const struct copy_way ways[] = {
	{ .memory = MEM_PINNED,
	  .metric = "bandwidth",
	  .unit = "B/s",
	  .better = BETTER_HIGHER,
	  .kernel = "copies, GPU events",
	  .bytes = COPY_BYTES,
	  .worth = 2 },
	{ .memory = MEM_PAGEABLE,
	  .metric = "bandwidth",
	  .unit = "B/s",
	  .better = BETTER_HIGHER,
	  .kernel = "copies, host clock",
	  .bytes = COPY_BYTES,
	  .worth = 1 },
};
enum { NWAYS = sizeof ways / sizeof *ways };

static int plan_near(struct session *s, int cpu_node, int mem_node, struct err *e)
{
	int rc = 0;

	(void)e; /* the session says when memory is out */
	for (int i = 0; rc == 0 && i < NWAYS; i++)
		rc = gpucopy_plan(s, cpu_node, mem_node, &ways[i], i);
	return rc;
}

static int plan(struct session *s, struct err *e)
{
	return session_each_near(s, plan_near, e);
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	return gpucopy_open(w, site, &ways[site->kind], buffers, e);
}

/* Repetitions for a sample that is long enough; each try starts from the last. */
static int calibrate(struct gpucopy *c, struct cell *cell, struct err *e)
{
	unsigned repeat = 1;
	double seconds = 0;
	int rc = 0;

	for (int i = 0; rc == 0 && i < TRIES && seconds < SAMPLE_SECONDS; i++) {
		/* a tenth more, so that a slightly faster sample is long enough, too */
		if (i > 0)
			repeat = repeats_for(seconds / repeat, 1.1 * SAMPLE_SECONDS, REPEATS_MOST);
		rc = gpucopy_time(c, (enum gpu_direction)cell->variant, repeat, &seconds, e);
	}
	if (rc == 0)
		cell->repeat = repeat;
	return rc;
}

static int sample(struct worker *w, void *buffers, struct cell *cell, double *value, struct err *e)
{
	struct gpucopy *c = buffers;
	enum gpu_direction way = (enum gpu_direction)cell->variant;
	double seconds = 0;
	int rc = gpucopy_prepare(c, way, e);

	if (rc == 0 && cell->repeat == 0)
		rc = calibrate(c, cell, e);
	if (rc == 0)
		rc = gpucopy_time(c, way, cell->repeat, &seconds, e);
	if (rc < 0)
		return rc;
	gpuset_note_link(w, c->gpu, &cell->rec);
	*value = (double)c->bytes * cell->repeat / seconds;
	return gpucopy_verify(c, way, &cell->rec, e);
}

static void list(void (*line)(const char *text, void *to), void *to)
{
	line("pinned h2d, pinned d2h: copies of 64 MiB, timed on the GPU", to);
	line("pageable h2d, pageable d2h: copies of 64 MiB, timed on the host", to);
}

const struct bench bench = {
	.name = "gpu-bandwidth",
	.summary = "bandwidth of copies between the memory of each NUMA node and each GPU",
	.about = "Copies 64 MiB (--size) from host to device (h2d) and from device to host (d2h), "
		 "one direction at a time. The process runs on the cores of the node whose memory "
		 "it copies.\n"
		 "Pinned memory (page-locked by the driver) is copied back to back and timed by "
		 "events on the GPU, in batches that queue up behind copies that are not counted, "
		 "so that the cost of starting them stays out. Pageable memory is timed by the "
		 "host's clock, around each copy with the synchronisation of its stream. A sample "
		 "lasts 10 ms at least; before its first one a GPU copies until its rate stops "
		 "rising, 2 s at most.\n"
		 "Contents change from sample to sample and are compared in full after each; a "
		 "difference fails the run.",
	.needs_gpu = true,
	.plan = plan,
	.open = open_site,
	.sample = sample,
	.prove = gpucopy_prove,
	.close = gpucopy_close,
	.stop = gpuset_stop,
	.list = list,
};
