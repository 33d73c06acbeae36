#include "measure/gpuset.h"

#include <errno.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "measure/timing.h"

/* Warming up: until the rate has not risen by RISE for STEADY_S, or three times that where the link
 * is not yet what it can be; WARM_S at most. A step lasts 20 ms, many copies and
 * still many steps. */
enum { WARM_BYTES = 32 << 20 };
#define STEP_S   0.020
#define STEADY_S 0.100
#define WARM_S   2.0
#define RISE     1.01

struct entry {
	struct seat seat;
	struct gpuseen seen;
	struct entry *next;
};

struct gpuset {
	struct entry *first;
	struct gpuwatch *watch;
	struct station station;
	void *own;
};

static struct gpuset *gpuset(struct worker *w)
{
	struct gpuset *set = w->bench_state;

	if (set)
		return set;
	set = calloc(1, sizeof *set);
	if (!set)
		return NULL;
	set->watch = gpuwatch_open();
	set->station = (struct station){ .meeting = w->meeting, .party = w->party };
	w->bench_state = set;
	return set;
}

static bool steady(const struct gpuset *set, const struct gpu *g, double since_rise_s)
{
	bool awake = set->watch && gpuwatch_awake(set->watch, g);

	return since_rise_s >= (awake ? 1 : 3) * STEADY_S;
}

static int copy_until_steady(struct train *t, const struct gpuset *set, const struct gpu *g,
			     struct err *e)
{
	struct instant began = clock_now(), risen = began, now = began;
	int rc = gpu_do(t->stream, &t->what, e); /* the first one stands behind no gate */
	unsigned repeat = 1;
	double best = 0, seconds;

	while (clock_span(began, now) < WARM_S && !steady(set, g, clock_span(risen, now))) {
		if (rc == 0)
			rc = train_time(t, &set->station, repeat, &seconds, e);
		if (rc < 0)
			return rc;
		now = clock_now();
		if (seconds > 0 && repeat / seconds > RISE * best) {
			best = repeat / seconds;
			risen = now;
		}
		repeat = repeats_for(seconds / repeat, STEP_S, 1000);
	}
	return rc;
}

static int warm_up(const struct seat *seat, const struct gpuset *set, const struct gpu *g,
		   struct err *e)
{
	struct train t = {
		.stream = seat->stream[GPU_H2D],
		.gpu = seat->gpu,
		.what = { .queue = gpu_queue_copy, .dir = GPU_H2D, .bytes = WARM_BYTES },
	};
	int rc = gpu_alloc(seat->dev, &t.what.device, WARM_BYTES, e);

	if (rc == 0)
		rc = gpu_host_alloc(seat->dev, GPU_HOST_PINNED, &t.what.host, WARM_BYTES, e);
	if (rc == 0)
		rc = copy_until_steady(&t, set, g, e);
	gpu_host_free(seat->dev, t.what.host);
	gpu_free(seat->dev, t.what.device);
	return rc < 0 ? err_within(e, rc, "warming up") : 0;
}

static void close_seat(struct seat *s)
{
	if (s->bounce)
		gpu_host_free(s->dev, s->bounce);
	for (int i = 0; i < 2; i++)
		gpu_stream_close(s->stream[i]);
	gpu_close(s->dev);
}

static int open_seat(struct gpuset *set, struct seat *s, const struct gpu *g, struct err *e)
{
	int rc = gpu_open(&s->dev, g->pci, e);

	for (int i = 0; rc == 0 && i < 2; i++)
		rc = gpu_stream_open(&s->stream[i], s->dev, e);
	if (rc == 0)
		rc = gpu_host_alloc(s->dev, GPU_HOST_PINNED, &s->bounce, SEAT_BYTES, e);
	if (rc == 0 && !set->station.gate)
		rc = gpu_gate_open(&set->station.gate, s->dev, meeting_flag(set->station.meeting),
				   e);
	if (rc == 0)
		rc = warm_up(s, set, g, e);
	return rc;
}

static int open_entry(struct gpuset *set, const struct gpu *g, struct err *e)
{
	struct entry *fresh = calloc(1, sizeof *fresh);
	int rc;

	if (!fresh)
		return err_set(e, -ENOMEM, "out of memory");
	fresh->seat.gpu = g->index;
	if (set->watch)
		gpuwatch_before(set->watch, g, &fresh->seen);
	rc = open_seat(set, &fresh->seat, g, e);
	if (rc < 0) {
		close_seat(&fresh->seat);
		free(fresh);
		return rc;
	}
	fresh->next = set->first;
	set->first = fresh;
	return 0;
}

static struct entry *find(const struct gpuset *set, int gpu)
{
	struct entry *t = set->first;

	while (t && t->seat.gpu != gpu)
		t = t->next;
	return t;
}

int gpuset_open(struct worker *w, int gpu, const struct seat **seat, struct err *e)
{
	const struct gpu *g = machine_gpu(w->machine, gpu);
	struct instant began = clock_now();
	struct gpuset *set = gpuset(w);
	int rc = 0;

	if (!set)
		return err_set(e, -ENOMEM, "out of memory");
	if (!g)
		return err_set(e, -ENODEV, "there is no GPU %d", gpu);
	if (!find(set, gpu))
		rc = open_entry(set, g, e);
	w->aside_s += clock_span(began, clock_now());
	if (rc < 0)
		return err_within(e, rc, "GPU %d", gpu);
	*seat = &find(set, gpu)->seat;
	return 0;
}

void gpuset_start(struct worker *w, int gpu)
{
	const struct seat *seat;
	struct err e;

	(void)gpuset_open(w, gpu, &seat, &e);
}

const struct station *gpuset_station(struct worker *w)
{
	const struct gpuset *set = w->bench_state;

	return &set->station;
}

void gpuset_note(struct worker *w, int gpu, struct record *r)
{
	struct gpuset *set = w->bench_state;
	struct entry *t = find(set, gpu);

	if (t && set->watch)
		gpuwatch_during(set->watch, machine_gpu(w->machine, gpu), &t->seen, r);
}

void gpuset_errors(struct worker *w, int gpu, struct gpuerrors *now)
{
	struct gpuset *set = w->bench_state;

	if (set && find(set, gpu) && set->watch)
		gpuwatch_errors(set->watch, machine_gpu(w->machine, gpu), now);
}

void gpuset_note_last(struct worker *w, int gpu, const struct gpuerrors *since, struct record *r)
{
	struct gpuset *set = w->bench_state;

	if (find(set, gpu) && set->watch)
		gpuwatch_after(set->watch, machine_gpu(w->machine, gpu), since, r);
}

void **gpuset_own(struct worker *w)
{
	struct gpuset *set = w->bench_state;

	return &set->own;
}

void gpuset_stop(struct worker *w)
{
	struct gpuset *set = w->bench_state;

	if (!set)
		return;
	gpu_gate_close(set->station.gate);
	while (set->first) {
		struct entry *t = set->first;

		set->first = t->next;
		close_seat(&t->seat);
		free(t);
	}
	gpuwatch_close(set->watch);
	free(set);
	w->bench_state = NULL;
}
