/* latency_site.c - one kind of buffers after another: opened, sampled, closed. */
#include "kernels/latency_site.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/chase_loaded.h"
#include "kernels/chase_orders.h"
#include "kernels/latency_plan.h"
#include "kernels/pingpong.h"
#include "kernels/working_set.h"
#include "measure/clock.h"
#include "measure/timing.h"

/* The first sample finds out how long a load takes by this many. */
enum { FIRST_LOADS = 1 << 14, LOADS_MOST = 1 << 30 };
#define CHASE_SECONDS 0.030

/* Of a site; both are NULL between cores. */
struct buffers {
	struct chase_set *chase;
	struct injector *injector; /* NULL: nobody loads the memory */
};

/* Of a worker, in bench_state. */
struct kept {
	struct chase_orders *orders;
	struct stream_choice choice;
};

/* The order's table lies near the cores that read it. */
static int open_chase(struct worker *w, const struct site *site, struct buffers *b, struct err *e)
{
	const struct node *near = machine_memory_for(w->machine, w->node->id);
	struct memory_want want = latency_place(w, site);
	uint64_t seed = w->seed + (uint64_t)w->fresh;
	size_t lines = latency_bytes(w->machine, w->options, site) / sizeof(struct chase_line);
	struct kept *kept = w->bench_state;
	struct instant began = clock_now();
	const struct chase_order *o;
	int rc = chase_orders_get(&kept->orders, &o, lines, w->seed,
				  near ? near->id : site->mem_node, w->team, e);

	w->aside_s += clock_span(began, clock_now());
	return rc < 0 ? rc : chase_set_open(&b->chase, o, w->team, &want, seed, e);
}

static int open_injector(struct worker *w, const struct site *site, struct buffers *b,
			 struct err *e)
{
	struct memory_want want = latency_place(w, site);
	uint64_t bytes = latency_bytes(w->machine, w->options, site);
	uint64_t caches = machine_llc_bytes(w->machine, &w->node->allowed_cpus);
	struct kept *kept = w->bench_state;
	double choosing_s = 0;
	int rc = injector_open(&b->injector, w->team, bytes, &want, w->seed + (uint64_t)w->fresh,
			       &kept->choice, caches, &choosing_s, e);

	w->aside_s += choosing_s;
	return rc;
}

void latency_close(struct worker *w, void *buffers)
{
	struct buffers *b = buffers;

	(void)w;
	if (b) {
		chase_set_close(b->chase);
		injector_close(b->injector);
	}
	free(b);
}

int latency_open(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct buffers *b = calloc(1, sizeof(*b));
	int rc;

	if (!w->bench_state)
		w->bench_state = calloc(1, sizeof(struct kept));
	rc = b && w->bench_state ? 0 : err_set(e, -ENOMEM, "out of memory");
	if (rc == 0 && site->kind != LATENCY_CORES)
		rc = open_chase(w, site, b, e);
	if (rc == 0 && site->kind == LATENCY_LOADED)
		rc = open_injector(w, site, b, e);
	if (rc == 0) {
		*buffers = b;
		return 0;
	}
	latency_close(w, b);
	/* Nobody asked for them: where there are too few, that is no fault. */
	return rc == -ENOMEM && site->kind == LATENCY_HUGETLB ? -ENOTSUP : rc;
}

static int sample_cores(struct cell *c, double *value, struct err *e)
{
	const struct series *pair = &c->rec.cpu_pair;
	int rc = pingpong((int)pair->v[0], (int)pair->v[1], value, e);

	snprintf(c->rec.kernel, sizeof(c->rec.kernel), "pingpong");
	record_set(&c->rec, "kernel", NULL);
	if (rc == -EAGAIN) {
		*value = NAN;
		record_status(&c->rec, STATUS_UNSTABLE, "%s", e->text);
		return 0;
	}
	return rc;
}

static int sample_loaded(struct worker *w, struct buffers *b, struct cell *c, double *value,
			 struct err *e)
{
	double share = latency_load(c->rec.load_step), injected;

	if (c->repeat == 0)
		c->repeat = repeats_for(chase_loaded_walk(b->chase, b->injector, w->team, share,
							  FIRST_LOADS, &injected),
					CHASE_SECONDS, LOADS_MOST);
	*value = chase_loaded_walk(b->chase, b->injector, w->team, share, c->repeat, &injected);
	if (!isfinite(*value) || chase_loaded_tell(b->injector, w->team, injected, &c->rec) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	working_quota(w->machine, w->node, team_size(w->team), &c->rec);
	return 0;
}

int latency_sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	struct buffers *b = buffers;
	int rc = 0;

	if (!b->chase)
		return sample_cores(c, value, e);
	if (b->injector) {
		rc = sample_loaded(w, b, c, value, e);
	} else {
		if (c->repeat == 0)
			c->repeat = repeats_for(chase_set_walk(b->chase, w->team, FIRST_LOADS),
						1.1 * CHASE_SECONDS, LOADS_MOST);
		*value = chase_set_walk(b->chase, w->team, c->repeat);
	}
	chase_set_tell(b->chase, &c->rec);
	return rc;
}

int latency_prove(struct worker *w, void *buffers, struct placement *p)
{
	const struct buffers *b = buffers;
	int rc = memory_prove(b->chase->memory.p, b->chase->memory.bytes, p);

	(void)w;
	return rc == 0 && b->injector ? injector_prove(b->injector, p) : rc;
}

void latency_stop(struct worker *w)
{
	struct kept *kept = w->bench_state;

	if (kept)
		chase_orders_free(kept->orders);
	free(kept);
	w->bench_state = NULL;
}
