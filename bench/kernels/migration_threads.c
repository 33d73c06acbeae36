/* migration_threads.c - threads that run a triad or a chase while they are moved. */
#include "kernels/migration_threads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/migration_loops.h"
#include "kernels/migration_part.h"
#include "kernels/working_set.h"
#include "machine/vmstat.h"
#include "measure/clock.h"

/* A ride that had not settled is made again: as many are made at most. */
enum { RIDES_MOST = 3, RIDES_QUICK = 2 };

/* Threads that share the memory's bandwidth have more of it while some of them are stopped: where
 * they had their CPUs for less of the time than this, their rates together are not the node's. */
#define HAD_ENOUGH 0.8

/* A share of a chase's loads in a cache that is told in words: where a load of memory takes four
 * times as long as one of the last-level cache, a ratio can be some 4 % off by it. */
#define CACHED_MUCH 0.05

/* ---- open, close ---- */

static int open_chase(struct worker *w, struct threads_buffers *b, const struct memory_want *want,
		      struct err *e)
{
	const struct node *near = machine_memory_for(w->machine, w->node->id);
	struct threads_kept *kept = w->bench_state;
	struct instant began = clock_now();
	const struct chase_order *o;
	int rc = chase_orders_get(&kept->orders, &o, b->bytes / sizeof(struct chase_line), w->seed,
				  near ? near->id : want->node, w->team, e);

	w->aside_s += clock_span(began, clock_now());
	return rc < 0 ? rc
		      : chase_set_open(&b->chase, o, w->team, want, w->seed + (uint64_t)w->fresh,
				       e);
}

static void close_site(struct worker *w, void *buffers)
{
	struct threads_buffers *b = buffers;

	(void)w;
	if (b) {
		stream_set_close(b->stream);
		chase_set_close(b->chase);
	}
	free(b);
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct memory_want want = working_place(w, site);
	struct threads_buffers *b = calloc(1, sizeof(*b));
	int rc;

	if (!w->bench_state)
		w->bench_state = calloc(1, sizeof(struct threads_kept));
	if (!b || !w->bench_state) {
		free(b);
		return err_set(e, -ENOMEM, "out of memory");
	}
	b->loop = THREADS_LOOP(MIGRATION_OWN(site->kind));
	b->usual = MIGRATION_OWN(site->kind) < LOOPS;
	b->bytes = threads_bytes(w->machine, w->options, site);
	rc = b->loop == LOOP_CHASE ? open_chase(w, b, &want, e)
				   : stream_set_open(&b->stream, w->team, b->bytes / STREAM_ARRAYS,
						     &want, w->seed + (uint64_t)w->fresh, e);
	*buffers = rc < 0 ? (close_site(w, b), NULL) : b;
	return rc;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	const struct threads_buffers *b = buffers;

	(void)w;
	return b->stream ? stream_set_prove(b->stream, p)
			 : memory_prove(b->chase->memory.p, b->chase->memory.bytes, p);
}

/* ---- what came of it ---- */

struct told {
	const struct timeline *t;
	struct ride_seen seen;
	struct settling settling;
	double balanced; /* base pages that the kernel's balancing moved meanwhile, whosever */
};

static double figure_of(const struct told *k, enum threads_figure what)
{
	switch (what) {
	case FIGURE_BEFORE:
		return k->settling.before;
	case FIGURE_AFTER:
		return k->settling.first;
	case FIGURE_SETTLED:
		return k->settling.settled;
	case FIGURE_RETURNED:
		return timeline_returned(k->t);
	case FIGURE_TRANSIENT:
		return k->settling.transient;
	case FIGURE_REFILL:
		return k->settling.refill;
	case FIGURE_CALL:
		return k->seen.call_s;
	case FIGURES:
		break;
	}
	return NAN;
}

static enum ride_phase phase_of(enum threads_figure what)
{
	return what == FIGURE_BEFORE     ? RIDE_BEFORE
	       : what == FIGURE_RETURNED ? RIDE_RETURNED
					 : RIDE_AFTER;
}

static void tell_loop(struct worker *w, struct threads_buffers *b, struct record *r)
{
	struct stream_run run = { .set = b->stream,
				  .kernel = b->row,
				  .n = b->stream ? b->stream->n : 0,
				  .threads = (size_t)r->threads };

	if (b->chase)
		chase_set_tell(b->chase, r);
	else
		w->aside_s += stream_set_tell(&run, w->team, r);
	if (b->stream && r->threads > 1)
		working_quota(w->machine, w->node, team_size(w->team), r);
}

/* What caches held makes latencies of before and after less than those of memory, and not by the
 * same. */
static void tell_cached(const struct threads_buffers *b, struct record *r)
{
	if (!isfinite(b->cached_most))
		return;
	json_object_set_new(r->more, "cached_most", json_real(b->cached_most));
	if (b->cached_most > CACHED_MUCH && r->status == STATUS_OK &&
	    strcmp(r->metric, "latency") == 0)
		record_status(r, STATUS_OK,
			      "up to %.0f %% of the loads may have been served by a cache: the "
			      "working set is small for the time that they took",
			      100 * b->cached_most);
}

/* Of all rides the coarsest. */
static void tell_resolution(const struct settling *s, struct record *r)
{
	double before = json_number_value(json_object_get(r->more, "resolution"));

	if (s->resolution > before)
		json_object_set_new(r->more, "resolution", json_real(s->resolution));
}

static int tell(struct worker *w, struct threads_buffers *b, const struct told *k, struct member *m)
{
	enum threads_figure what = (enum threads_figure)m->cell->variant;
	struct record *r = &m->cell->rec;

	m->placed = true;
	m->value = figure_of(k, what);
	if (!isfinite(k->settling.settled) && isnan(m->value) &&
	    member_no_figure(m, "not settled: still changing when it was moved back, %.0f ms later",
			     1e3 * k->t->returned) < 0)
		return -ENOMEM;
	tell_loop(w, b, r);
	if (k->seen.stray >= 0 && r->status != STATUS_CORRUPT)
		record_status(r, STATUS_MISPLACED,
			      "a thread was seen on CPU %d, it belonged on CPU %d", k->seen.stray,
			      k->seen.stray_own);
	if (r->threads > 1 && k->seen.had < HAD_ENOUGH && r->status == STATUS_OK)
		record_status(r, STATUS_UNSTABLE,
			      "the threads had their CPUs for %.0f %% of the time: others ran "
			      "there, and left them more of the memory's bandwidth",
			      100 * k->seen.had);
	if (!r->more)
		r->more = json_object();
	if (k->balanced > 0)
		json_object_set_new(r->more, "numa_pages_migrated", json_real(k->balanced));
	json_object_set_new(r->more, "had_cpu", json_real(k->seen.had));
	if (what == FIGURE_TRANSIENT)
		tell_resolution(&k->settling, r);
	tell_cached(b, r);
	/* Of the last one that settled; of any, while none has. */
	if (what == FIGURE_SETTLED &&
	    (isfinite(m->value) || !json_object_get(r->more, "timeline")) &&
	    timeline_store(r, k->t) < 0)
		return -ENOMEM;
	return placement_add_cpus(&r->placement, w->machine, &k->seen.cpus[phase_of(what)]);
}

/* Pages that the kernel moved meanwhile may be anybody's; ours are bound, and looked at again. */
static int look_at_pages(struct worker *w, struct threads_buffers *b, const struct told *k,
			 struct member *m, size_t n)
{
	struct placement p = { .requested = m[0].cell->rec.mem_node };
	int rc = k->balanced > 0 ? prove(w, b, &p) : 0;

	if (rc == 0 && k->balanced > 0 && p.proof != PROOF_NONE && !placement_holds(&p))
		for (size_t i = 0; i < n; i++)
			record_status(
				&m[i].cell->rec, STATUS_MISPLACED,
				"automatic balancing moved pages of the working set away from "
				"node %d while it ran",
				p.requested);
	placement_release(&p);
	return rc;
}

/* ---- one experiment ---- */

static double balanced_pages(void)
{
	struct sysroot root;
	struct vmstat v;

	if (sysroot_open_live(&root, NULL) < 0)
		return 0;
	vmstat_read(&v, &root);
	sysroot_close(&root);
	return v.of[VMSTAT_BALANCED].is ? (double)v.of[VMSTAT_BALANCED].value : 0;
}

/* Where the threads of a cell are, and where they go. */
static int find_cpus(const struct worker *w, const struct record *r, struct ride *ride, int *from,
		     int *to)
{
	size_t n = (size_t)r->threads;

	ride->from = from;
	ride->to = to;
	ride->threads = n;
	if (n > team_size(w->team) || threads_cpus(w->machine, r->cpu_node, from, n) < n)
		return -EINVAL;
	if (record_has(r, "cpu_pair")) {
		from[0] = (int)r->cpu_pair.v[0];
		to[0] = (int)r->cpu_pair.v[1];
	} else if (threads_cpus(w->machine, r->to_node, to, n) < n) {
		return -EINVAL;
	}
	ride->mover = timeline_mover(w->machine, from, to, n);
	return 0;
}

/* Until one has settled, or there were enough of them. */
static int go_and_settle(struct worker *w, struct threads_buffers *b, struct ride *r,
			 struct timeline *t, struct told *k, struct err *e)
{
	enum better better = b->loop == LOOP_CHASE ? BETTER_LOWER : BETTER_HIGHER;
	double *amount = calloc(r->threads, sizeof(*amount));
	int most = w->options->quick ? RIDES_QUICK : RIDES_MOST;
	int rc = amount ? -EAGAIN : err_set(e, -ENOMEM, "out of memory");

	k->settling.settled = NAN;
	for (int i = 0; amount && i < most && !isfinite(k->settling.settled); i++) {
		timeline_release(t);
		timeline_init(t);
		rc = threads_ride(w, b, r, amount, t, &k->seen, e);
		if (rc == 0)
			timeline_settle(t, better, &k->settling);
		else if (rc != -EAGAIN)
			break;
	}
	free(amount);
	return rc;
}

static int together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	struct record *r = &m[0].cell->rec;
	struct threads_buffers *b = m[0].buffers;
	double before = balanced_pages();
	struct ride ride = { 0 };
	int cpus[2][IDSET_MAX];
	struct timeline t;
	struct told k = { .t = &t };
	int rc = find_cpus(w, r, &ride, cpus[0], cpus[1]);

	*at = 0;
	if (rc < 0)
		return err_set(e, rc, "there are no CPUs for %d threads to move to", r->threads);
	timeline_init(&t);
	rc = go_and_settle(w, b, &ride, &t, &k, e);
	k.balanced = balanced_pages() - before;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = tell(w, b, &k, &m[i]);
	if (rc == 0)
		rc = look_at_pages(w, b, &k, m, n);
	timeline_release(&t);
	return rc;
}

static void stop(struct worker *w)
{
	struct threads_kept *kept = w->bench_state;

	if (kept)
		chase_orders_free(kept->orders);
	free(kept);
	w->bench_state = NULL;
}

const struct migration_part migration_threads = {
	.name = "threads",
	.plan = threads_plan,
	.open = open_site,
	.together = together,
	.prove = prove,
	.close = close_site,
	.stop = stop,
	.list = threads_list,
};
