/* mem-latency - how long the first core of each CPU node waits for a line of the
 * memory of each node. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "kernels/chase_set.h"
#include "kernels/working_set.h"
#include "measure/clock.h"
#include "measure/timing.h"

/* The first sample finds out how long a load takes by this many. */
enum { FIRST_LOADS = 1 << 14, LOADS_MOST = 1 << 30, BUFFERS = 1 };
#define CHASE_SECONDS 0.030

static int plan_pair(struct session *s, int cpu_node, int mem_node, struct err *e)
{
	struct site site = { .cpu_node = cpu_node, .mem_node = mem_node, .gpu = -1 };
	struct working_set w = working_set(session_machine(s), session_options(s), &site, BUFFERS);
	struct cell c = { .worth = 1 };
	struct record *r = &c.rec;
	int at;

	if (w.bytes < sizeof(struct chase_line))
		return err_set(e, -EINVAL, "--size: at least one line of %zu bytes is needed",
			       sizeof(struct chase_line));
	site.bytes = w.bytes;
	at = session_site(s, &site);
	if (at < 0)
		return at;
	record_init(r);
	snprintf(r->metric, sizeof(r->metric), "latency");
	snprintf(r->unit, sizeof(r->unit), "s");
	r->better = BETTER_LOWER;
	record_set(r, "metric", "unit", "better", NULL);
	working_set_tell(&w, sizeof(struct chase_line), r);
	at = session_cell(s, (size_t)at, &c);
	return at < 0 ? at : 0;
}

static int plan(struct session *s, struct err *e)
{
	return session_each_pair(s, plan_pair, e);
}

/* The order is kept for the worker's life; sites of another size have another. Its table lies
 * near the cores that read it. */
static int order_for(struct worker *w, size_t lines, int mem_node, struct err *e)
{
	const struct node *near = machine_memory_for(w->machine, w->node->id);
	struct chase_order *o = w->bench_state;

	if (o && o->n == lines)
		return 0;
	if (!o)
		o = w->bench_state = calloc(1, sizeof(*o));
	if (!o)
		return err_set(e, -ENOMEM, "out of memory");
	chase_order_release(o);
	return chase_order_draw(o, lines, w->seed, near ? near->id : mem_node, w->team, e);
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct working_set size = working_set(w->machine, w->options, site, BUFFERS);
	struct memory_want want = working_place(w, site);
	struct instant began = clock_now();
	struct chase_set *set = NULL;
	int rc = order_for(w, size.bytes / sizeof(struct chase_line), site->mem_node, e);

	w->aside_s += clock_span(began, clock_now());
	if (rc == 0)
		rc = chase_set_open(&set, w->bench_state, w->team, &want,
				    w->seed + (uint64_t)w->fresh, e);
	*buffers = set;
	return rc;
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	struct chase_set *set = buffers;

	(void)e;
	if (c->repeat == 0)
		c->repeat = repeats_for(chase_set_walk(set, w->team, FIRST_LOADS),
					1.1 * CHASE_SECONDS, LOADS_MOST);
	*value = chase_set_walk(set, w->team, c->repeat);
	chase_set_tell(set, &c->rec);
	return 0;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	const struct chase_set *set = buffers;

	(void)w;
	return memory_prove(set->memory.p, set->memory.bytes, p);
}

static void close_site(struct worker *w, void *buffers)
{
	(void)w;
	chase_set_close(buffers);
}

static void stop(struct worker *w)
{
	if (w->bench_state)
		chase_order_release(w->bench_state);
	free(w->bench_state);
	w->bench_state = NULL;
}

static void list(void (*line)(const char *text, void *to), void *to)
{
	line("latency: one load after another, along a random cycle", to);
}

const struct bench bench = {
	.name = "mem-latency",
	.summary = "memory latency from every CPU node to every memory node",
	.about = "One thread, on the first core of a CPU node, follows pointers along one random "
		 "cycle through all lines of 64 bytes of a buffer on a memory node; a load can "
		 "only begin when the one before has ended. The buffer has at least four times "
		 "the node's last-level caches, and 256 MiB (--size sets another size), on "
		 "transparent huge pages (--pages).\n\n"
		 "At every opening of the buffer the cycle is walked and proven whole, through "
		 "every line; a sample goes on where the last one stopped, and is not compared "
		 "again.",
	.plan = plan,
	.open = open_site,
	.sample = sample,
	.prove = prove,
	.close = close_site,
	.stop = stop,
	.list = list,
};
