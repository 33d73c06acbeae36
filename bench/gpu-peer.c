/* gpu-peer - copies and loads between the memories of two GPUs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "kernels/gpu_operations.h"
#include "measure/gpupeer.h"

enum { SMALL = 8, QUOTA = 8 };

#define BANDWIDTH "bandwidth"
#define HOST      "host-latency"
#define RATE(direction, from, worth)                                                               \
	{                                                                                          \
		BANDWIDTH, "B/s", "copies", BETTER_HIGHER, direction, 0, false, false, from, worth \
	}
#define LATENCY(metric, kernel, direction, bytes, loads, only, worth)                              \
	{                                                                                          \
		metric, "s", kernel, BETTER_LOWER, direction, bytes, loads, only, DEPTH_NORMAL,    \
			worth                                                                      \
	}
static const struct peer_row rows[] = {
	RATE(DIR_D2H, DEPTH_QUICK, 90),
	RATE(DIR_BIDIRECTIONAL, DEPTH_NORMAL, 80),
	RATE(DIR_H2D, DEPTH_THOROUGH, 40),
	LATENCY("device-latency", "small copies", DIR_D2H, SMALL, false, true, 70),
	LATENCY(HOST, "small copies", DIR_D2H, SMALL, false, false, 60),
	LATENCY("load-latency", "dependent loads", DIR_H2D, GPU_LOADS_BYTES, true, true, 50),
};
#undef RATE
#undef LATENCY

struct buffers {
	const struct seat *seat;
	struct gpupeer *copies;
	struct gpu_loads loads;
};

static int plan(struct session *s, struct err *e)
{
	int rc = gpupeer_plan(s, rows, sizeof rows / sizeof *rows);

	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

static void close_site(struct worker *w, void *buffers)
{
	struct buffers *b = buffers;

	gpupeer_close(w, b->copies);
	gpu_loads_close(&b->loads);
	free(b);
}

static int open_loads(struct worker *w, struct buffers *b, int peer, struct err *e)
{
	const struct seat *far;
	int rc = gpuset_open(w, peer, &far, e);

	return rc < 0 ? rc
		      : gpu_loads_from_peer(&b->loads, b->seat->stream[GPU_H2D],
					    far->stream[GPU_H2D], GPU_LOADS_BYTES, e);
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	const struct peering with = gpupeer_site(site);
	struct buffers *b = calloc(1, sizeof *b);
	int rc = b ? gpuset_open(w, site->gpu, &b->seat, e) : -ENOMEM;

	if (!b)
		return err_set(e, rc, "out of memory");
	if (rc == 0)
		rc = with.loads ? open_loads(w, b, with.peer, e)
				: gpupeer_open(w, site, (void **)&b->copies, e);
	*buffers = rc == 0 ? b : (close_site(w, b), NULL);
	return rc;
}

static int sample_copies(struct worker *w, struct gpupeer *p, struct cell *c, double *value,
			 struct err *e)
{
	enum gpu_direction way = c->variant == DIR_H2D ? GPU_H2D : GPU_D2H;
	struct gpu_operation o = { .kind = OPERATION_TRANSFER,
				   .train = gpupeer_train(p, way, c->rec.bytes, false) };
	int rc = gpupeer_prepare(p, way, c->rec.bytes, e);

	o.train.host_timed |= strcmp(c->rec.metric, HOST) == 0;
	if (rc == 0 && strcmp(c->rec.metric, BANDWIDTH) == 0)
		rc = train_rate(&o.train, gpuset_station(w), &c->repeat, value, e);
	else if (rc == 0)
		rc = gpu_operation_sample(w, &o, c, value, e);
	return rc < 0 ? rc : gpupeer_verify(p, way, c->rec.bytes, &c->rec, e);
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	struct buffers *b = buffers;
	const struct gpu_operation load = {
		.kind = OPERATION_LOAD,
		.train = { .stream = b->seat->stream[GPU_H2D], .gpu = b->seat->gpu },
		.loads = &b->loads,
	};

	return b->copies ? sample_copies(w, b->copies, c, value, e)
			 : gpu_operation_sample(w, &load, c, value, e);
}

static int together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	struct buffers *b = m[0].buffers;

	return gpupeer_together(w, b->copies, m, n, QUOTA, at, e);
}

static void list(void (*line)(const char *text, void *to), void *to)
{
	line("bandwidth: copies of 64 MiB from each GPU to each other, with and without peer "
	     "access",
	     to);
	line("bandwidth both ways at once, of each pair (not --quick); by the receiver "
	     "(--thorough)",
	     to);
	line("device-latency, host-latency: copies of 8 bytes (not --quick)", to);
	line("load-latency: a GPU thread's dependent loads from its peer's memory (not --quick)",
	     to);
}

const struct bench bench = {
	.name = "gpu-peer",
	.summary = "bandwidth and latency between each two GPUs",
	.about =
		"Copies 64 MiB (--size) from each GPU to each other: with peer access, so that a "
		"GPU reaches the other's memory by itself, and without, when the driver takes them "
		"through the host's. d2h is from the GPU to its peer, h2d the other way, made by "
		"the same GPU. The path that topology declares stands beside each: NV# (so many "
		"NVLinks), PIX, PXB, PHB, NODE or SYS.\n"
		"Timed, warmed up and verified as in numabench-gpu-bandwidth(1) and "
		"numabench-gpu-latency(1). With one GPU there is nothing to measure.",
	.needs_gpu = true,
	.plan = plan,
	.start = gpuset_start,
	.open = open_site,
	.sample = sample,
	.together = together,
	.close = close_site,
	.stop = gpu_operations_stop,
	.list = list,
};
