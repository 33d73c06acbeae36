/* gpu-latency - how long a copy of 8 bytes takes, as the host sees it. */
#include <errno.h>

#include "bench.h"
#include "measure/clock.h"
#include "measure/gpucopy.h"
#include "measure/gpuset.h"
#include "measure/tally.h"
#include "measure/timing.h"
#include "result/statistics.h"

/* Operations of one sample: as many as fill SAMPLE_SECONDS, between these. */
enum { WARM_OPERATIONS = 50, OPERATIONS_LEAST = 200, OPERATIONS_MOST = 5000 };

static const struct copy_way ways[] = {
	{ .memory = MEM_PINNED,
	  .metric = "latency",
	  .unit = "s",
	  .better = BETTER_LOWER,
	  .kernel = "copy and synchronise",
	  .bytes = 8,
	  .fixed = true,
	  .host_clock = true,
	  .least = 4 << 20, /* no part of a larger block that the driver had before */
	  .worth = 1 },
};

static int plan_near(struct session *s, int cpu_node, int mem_node, struct err *e)
{
	(void)e;
	return gpucopy_plan(s, cpu_node, mem_node, &ways[0], 0);
}

static int plan(struct session *s, struct err *e)
{
	return session_each_near(s, plan_near, e);
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	return gpucopy_open(w, site, &ways[0], buffers, e);
}

/* n copies, one after the other, each with its own two readings of the clock. */
static int time_each(struct gpucopy *c, enum gpu_direction way, size_t n, double *v, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = gpucopy_time(c, way, 1, &v[i], e);
	return rc;
}

static int keep(struct worker *w, struct cell *cell, const double *v)
{
	void **own = gpuset_own(w);
	struct tally *t = *own;
	int rc = tally_add(&t, cell, v, cell->repeat);

	*own = t;
	return rc;
}

static int sample(struct worker *w, void *buffers, struct cell *cell, double *value, struct err *e)
{
	struct gpucopy *c = buffers;
	enum gpu_direction way = (enum gpu_direction)cell->variant;
	double v[OPERATIONS_MOST];
	int rc = gpucopy_prepare(c, way, e);

	if (rc == 0)
		rc = time_each(c, way, WARM_OPERATIONS, v, e);
	if (rc < 0)
		return rc;
	if (cell->repeat == 0)
		cell->repeat =
			repeats_for(median_of(v, WARM_OPERATIONS), SAMPLE_SECONDS, OPERATIONS_MOST);
	if (cell->repeat < OPERATIONS_LEAST)
		cell->repeat = OPERATIONS_LEAST;
	rc = time_each(c, way, cell->repeat, v, e);
	if (rc < 0)
		return rc;
	gpuset_note_link(w, c->gpu, &cell->rec);
	*value = median_of(v, cell->repeat);
	rc = keep(w, cell, v);
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	return gpucopy_verify(c, way, &cell->rec, e);
}

static void stop(struct worker *w)
{
	if (w->bench_state)
		tally_free(*gpuset_own(w));
	gpuset_stop(w);
}

static void list(void (*line)(const char *text, void *to), void *to)
{
	line("h2d, d2h: copies of 8 bytes between pinned memory and the GPU", to);
}

const struct bench bench = {
	.name = "gpu-latency",
	.summary = "latency of small copies between the memory of each NUMA node and each GPU",
	.about = "Copies 8 bytes between pinned host memory and the GPU and waits for the stream "
		 "to end; the host's clock runs around the two calls, so that the figure is what a "
		 "program sees, the cost of the calls included. The process runs on the cores of "
		 "the node whose memory it copies.\n"
		 "A sample is the median of 200 operations or more, as many as fill 10 ms, after "
		 "50 that are not counted. Quantiles in the record are of all operations.",
	.needs_gpu = true,
	.plan = plan,
	.open = open_site,
	.sample = sample,
	.prove = gpucopy_prove,
	.close = gpucopy_close,
	.stop = stop,
	.list = list,
};
