#include "measure/gpuset.h"

#include <errno.h>
#include <stdlib.h>

#include "machine/nvml.h"
#include "measure/clock.h"
#include "measure/timing.h"

/* Warming up: until the rate has not risen by RISE for STEADY_S, WARM_S at most
 * (design.md 5.7). A step lasts 20 ms, many copies and still many steps. */
enum { WARM_BYTES = 32 << 20 };
#define STEP_S   0.020
#define STEADY_S 0.200
#define WARM_S   2.0
#define RISE     1.01

struct link {
	bool known;
	int gen, width;
};

struct entry {
	int index;
	struct gpu_dev *dev;
	struct link before;
};

struct gpuset {
	struct entry *v;
	size_t n;
	struct nvml *nvml; /* NULL: none here */
	void *own;
};

static struct gpuset *gpuset(struct worker *w)
{
	struct gpuset *set = w->bench_state;

	if (set)
		return set;
	set = calloc(1, sizeof *set);
	if (set && nvml_open(&set->nvml, NULL) < 0)
		set->nvml = NULL;
	w->bench_state = set;
	return set;
}

static struct link read_link(const struct gpuset *set, const struct gpu *g)
{
	struct link l = { 0 };

	l.known = set->nvml && nvml_link(set->nvml, g->pci, &l.gen, &l.width) == 0;
	return l;
}

static int copy_until_steady(struct gpu_dev *d, void *device, void *host, struct err *e)
{
	struct instant began = clock_now(), risen = began, now = began;
	unsigned repeat = 1;
	double best = 0, seconds;

	while (clock_span(began, now) < WARM_S && clock_span(risen, now) < STEADY_S) {
		int rc = gpu_time_copies(d, GPU_H2D, device, host, WARM_BYTES, repeat, &seconds, e);

		if (rc < 0)
			return rc;
		now = clock_now();
		if (seconds > 0 && repeat / seconds > RISE * best) {
			best = repeat / seconds;
			risen = now;
		}
		repeat = repeats_for(seconds / repeat, STEP_S, 1000);
	}
	return 0;
}

static int warm_up(struct gpu_dev *d, struct err *e)
{
	void *device, *host = NULL;
	int rc = gpu_alloc(d, &device, WARM_BYTES, e);

	if (rc == 0)
		rc = gpu_host_alloc(d, &host, WARM_BYTES, e);
	if (rc == 0)
		rc = copy_until_steady(d, device, host, e);
	gpu_host_free(d, host);
	gpu_free(d, device);
	return rc < 0 ? err_within(e, rc, "warming up") : 0;
}

static int open_entry(struct gpuset *set, const struct gpu *g, struct err *e)
{
	struct entry *more = realloc(set->v, (set->n + 1) * sizeof *more);
	struct entry fresh = { .index = g->index, .before = read_link(set, g) };
	int rc;

	if (!more)
		return err_set(e, -ENOMEM, "out of memory");
	set->v = more;
	rc = gpu_open(&fresh.dev, g->pci, e);
	if (rc == 0)
		rc = warm_up(fresh.dev, e);
	if (rc < 0) {
		gpu_close(fresh.dev);
		return rc;
	}
	set->v[set->n++] = fresh;
	return 0;
}

static const struct entry *find(const struct gpuset *set, int gpu)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->v[i].index == gpu)
			return &set->v[i];
	return NULL;
}

int gpuset_open(struct worker *w, int gpu, struct gpu_dev **d, struct err *e)
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
	*d = find(set, gpu)->dev;
	return 0;
}

static void put_link(struct record *r, const char *key, const struct link *l)
{
	if (!r->more)
		r->more = json_object();
	if (l->known && r->more)
		json_object_set_new(r->more, key,
				    json_pack("{s:i, s:i}", "gen", l->gen, "width", l->width));
}

void gpuset_note_link(struct worker *w, int gpu, struct record *r)
{
	const struct gpu *g = machine_gpu(w->machine, gpu);
	const struct gpuset *set = w->bench_state;
	const struct entry *t = set ? find(set, gpu) : NULL;

	if (!t || !g)
		return;
	struct link during = read_link(set, g);

	put_link(r, "link_before", &t->before);
	put_link(r, "link_during", &during);
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
	for (size_t i = 0; i < set->n; i++)
		gpu_close(set->v[i].dev);
	nvml_close(set->nvml);
	free(set->v);
	free(set);
	w->bench_state = NULL;
}
