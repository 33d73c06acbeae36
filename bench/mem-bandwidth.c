/* mem-bandwidth - what each node's cores read from and write to each node's memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "kernels/stream_choose.h"
#include "kernels/working_set.h"
#include "measure/clock.h"

static struct own {
	const char *kernel;
	const struct stream_kernel *row; /* of that name; NULL: all operations, the best form */
} own;
static const struct opt own_table[] = {
	{ .kind = OPT_TEXT,
	  .name = "kernel",
	  .arg = "NAME",
	  .offset = offsetof(struct own, kernel),
	  .help = "measure by this form of an operation only, one of --list" },
	{ .kind = OPT_END },
};

/* In the order in which they are wanted, when time is short. */
static const enum stream_op wanted[] = { STREAM_TRIAD, STREAM_READ,  STREAM_COPY,  STREAM_FILL,
					 STREAM_ADD,   STREAM_SCALE, STREAM_UPDATE };
_Static_assert(sizeof(wanted) / sizeof(wanted[0]) == STREAM_OPS, "all operations are measured");

static int plan_cell(struct session *s, size_t site, const struct working_set *w, int i)
{
	struct cell c = { .variant = (int)wanted[i], .worth = STREAM_OPS - i };
	struct record *r = &c.rec;

	record_init(r);
	snprintf(r->metric, sizeof(r->metric), "%s", stream_op_name(wanted[i]));
	snprintf(r->unit, sizeof(r->unit), "B/s");
	r->better = BETTER_HIGHER;
	record_set(r, "metric", "unit", "better", NULL);
	working_set_tell(w, sizeof(double), r);
	return session_cell(s, site, &c);
}

static int plan_pair(struct session *s, int cpu_node, int mem_node, struct err *e)
{
	struct site site = { .cpu_node = cpu_node, .mem_node = mem_node, .gpu = -1 };
	struct working_set w =
		working_set(session_machine(s), session_options(s), &site, STREAM_ARRAYS);
	int at, rc;

	if (w.bytes < sizeof(double))
		return err_set(e, -EINVAL, "--size: an array of at least 8 bytes is needed");
	site.bytes = stream_set_bytes(w.bytes);
	at = rc = session_site(s, &site);
	for (int i = 0; rc >= 0 && i < STREAM_OPS; i++)
		if (!own.row || own.row->op == wanted[i])
			rc = plan_cell(s, (size_t)at, &w, i);
	return rc < 0 ? rc : 0;
}

static int plan(struct session *s, struct err *e)
{
	int rc = own.kernel ? stream_ask(own.kernel, &own.row, e) : 0;

	return rc < 0 ? rc : session_each_pair(s, plan_pair, e);
}

/* The rows are chosen at a worker's first opening: its cells are compared with each other. */
static int choose(struct worker *w, struct stream_set *set, uint64_t caches)
{
	struct instant began = clock_now();

	if (!w->bench_state)
		w->bench_state = stream_choose_all(own.row, set, w->team, caches);
	w->aside_s += clock_span(began, clock_now());
	return w->bench_state ? 0 : -ENOMEM;
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct working_set size = working_set(w->machine, w->options, site, STREAM_ARRAYS);
	struct memory_want want = working_place(w, site);
	struct stream_set *set;
	int rc = stream_set_open(&set, w->team, size.bytes, &want, w->seed + (uint64_t)w->fresh, e);

	if (rc == 0 && (rc = choose(w, set, size.caches)) < 0)
		err_set(e, rc, "out of memory");
	if (rc < 0) {
		stream_set_close(set);
		set = NULL;
	}
	*buffers = set;
	return rc;
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	const struct stream_choice *choice = w->bench_state;
	struct stream_set *set = buffers;
	struct stream_run run = { .set = set, .kernel = choice->of[c->variant], .n = set->n };
	int rc = stream_set_sample(&run, w->team, &c->repeat);

	if (rc < 0)
		return err_set(e, rc, "out of memory");
	*value = stream_run_rate(&run);
	w->aside_s += stream_set_tell(&run, w->team, &c->rec);
	working_quota(w->machine, w->node, team_size(w->team), &c->rec);
	return 0;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	(void)w;
	return stream_set_prove(buffers, p);
}

static void close_site(struct worker *w, void *buffers)
{
	(void)w;
	stream_set_close(buffers);
}

static void stop(struct worker *w)
{
	free(w->bench_state);
	w->bench_state = NULL;
}

const struct bench bench = {
	.name = "mem-bandwidth",
	.summary = "memory bandwidth of every CPU node on every memory node",
	.about = "Read, fill, copy, scale, add, triad and update over arrays of doubles, one "
		 "thread on each physical core of a CPU node, the arrays on a memory node.\n\n"
		 "Bytes are counted as STREAM does: 8 an element for read and fill (a = s), 16 for "
		 "copy (a = b), scale (a = s b) and update (a = s a), 24 for add (a = b + c) and "
		 "triad (a = b + s c). An array has four times the node's last-level caches, and "
		 "256 MiB, or --size, which may mark the record as undersized. An operation's "
		 "figure is that of its fastest form, found by trial and named in the record. No "
		 "contents are zero; sums are always compared, what an operation writes once an "
		 "opening of the buffers, in full.",
	.options = own_table,
	.own = &own,
	.plan = plan,
	.open = open_site,
	.sample = sample,
	.prove = prove,
	.close = close_site,
	.stop = stop,
	.list = stream_list,
};
