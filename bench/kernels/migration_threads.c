/* migration_threads.c - threads that run a triad or a chase while they are moved. */
#include "kernels/migration_threads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/chase_orders.h"
#include "kernels/chase_set.h"
#include "kernels/migration_part.h"
#include "kernels/stream_choose.h"
#include "kernels/working_set.h"
#include "machine/vmstat.h"
#include "measure/clock.h"
#include "measure/timeline.h"
#include "measure/timing.h"

/* Windows: so long where the working set is far larger than the caches, and where it is not; never
 * longer than the last, and so many of them are a time line's parts at least. A lap is this share
 * of one. */
#define WINDOW_MEMORY 0.002
#define WINDOW_CACHES 0.001
#define WINDOW_MOST   0.005
#define LAPS_A_WINDOW 20
enum { WINDOWS_BEFORE = 20, WINDOWS_AFTER = 50, WINDOWS_MOST = 100 };

/* Until caches are full again: after the move so many times what that takes, but no longer than
 * this. A line from memory takes so long, where it is not known better (facts of DRAM, with a page
 * walk: 100 to 160 ns). */
#define FILLS         3.0
#define AFTER_MOST    1.2
#define AFTER_QUICK   0.2
#define LINE_SECONDS  150e-9
#define WARM_SECONDS  0.010
#define TRIAL_SECONDS 0.001

/* A ride that had not settled is made again, so often. */
enum { RIDES_MOST = 3 };

enum { PASSES_MOST = 1 << 20, FIRST_LOADS = 1 << 13, PIECES_MOST = 1 << 16 };

/* Of a site. */
struct buffers {
	enum threads_loop loop;
	uint64_t bytes;
	struct stream_set *stream;
	struct chase_set *chase;
	const struct stream_kernel *row;
};

/* Of a worker, in bench_state. */
struct kept {
	struct chase_orders *orders;
	struct stream_choice choice;
};

/* ---- open, close ---- */

static int open_chase(struct worker *w, struct buffers *b, const struct memory_want *want,
		      struct err *e)
{
	const struct node *near = machine_memory_for(w->machine, w->node->id);
	struct kept *kept = w->bench_state;
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
	struct buffers *b = buffers;

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
	struct buffers *b = calloc(1, sizeof(*b));
	int rc;

	if (!w->bench_state)
		w->bench_state = calloc(1, sizeof(struct kept));
	if (!b || !w->bench_state) {
		free(b);
		return err_set(e, -ENOMEM, "out of memory");
	}
	b->loop = THREADS_LOOP(MIGRATION_OWN(site->kind));
	b->bytes = threads_bytes(w->machine, w->options, site);
	rc = b->loop == LOOP_CHASE ? open_chase(w, b, &want, e)
				   : stream_set_open(&b->stream, w->team, b->bytes / STREAM_ARRAYS,
						     &want, w->seed + (uint64_t)w->fresh, e);
	*buffers = rc < 0 ? (close_site(w, b), NULL) : b;
	return rc;
}

static int prove(struct worker *w, void *buffers, struct placement *p)
{
	const struct buffers *b = buffers;

	(void)w;
	return b->stream ? stream_set_prove(b->stream, p)
			 : memory_prove(b->chase->memory.p, b->chase->memory.bytes, p);
}

/* ---- laps ---- */

/* A lap is a piece of a thread's share where that is large, and several passes where it is not. */
struct rider {
	struct buffers *b;
	size_t pieces;
	unsigned passes;
	size_t loads;
};

static void lap_stream(void *arg, size_t rank, size_t size, size_t number)
{
	const struct rider *r = arg;
	struct stream_set *set = r->b->stream;
	size_t first, n, piece = number % r->pieces, from, to;

	stream_share(set->n, rank, size, &first, &n);
	from = first + n * piece / r->pieces;
	to = first + n * (piece + 1) / r->pieces;
	for (unsigned i = 0; i < r->passes; i++)
		r->b->row->run(set->array[0] + from, set->array[1] + from, set->array[2] + from,
			       set->s, to - from);
}

static void lap_chase(void *arg, size_t rank, size_t size, size_t number)
{
	struct rider *r = arg;

	(void)rank, (void)size, (void)number;
	r->b->chase->at = chase_walk(r->b->chase->at, r->loads);
}

static void passes_of(void *arg, size_t rank, size_t size)
{
	const struct rider *r = arg;

	for (unsigned i = 0; i < r->passes; i++)
		lap_stream(&(struct rider){ .b = r->b, .pieces = 1, .passes = 1 }, rank, size, 0);
}

/* What a pass takes when the caches hold what they can: the last of ever more of them tells. */
static double pass_seconds(struct worker *w, struct buffers *b, size_t threads)
{
	struct rider r = { .b = b, .passes = 1 };
	double seconds = 0;

	for (;; r.passes *= 4) {
		seconds = time_team_first(w->team, threads, passes_of, &r);
		if (seconds >= TRIAL_SECONDS || r.passes >= PASSES_MOST)
			return seconds / r.passes;
	}
}

/* In front of the CPU that a single thread runs on, or of all that a team does. */
static uint64_t caches_of(const struct worker *w, const int *cpus, size_t threads)
{
	struct idset used = { { 0 } };

	for (size_t i = 0; i < threads; i++)
		idset_add(&used, cpus[i]);
	return machine_llc_bytes(w->machine, &used);
}

/* How long it takes until the caches hold of the working set what they can. */
static double fill_seconds(const struct worker *w, const struct buffers *b, const struct ride *r,
			   double each)
{
	uint64_t caches = caches_of(w, r->from, r->threads);
	double bytes = (double)(b->bytes < caches ? b->bytes : caches);

	if (b->loop == LOOP_CHASE)
		return bytes / sizeof(struct chase_line) * fmax(each, LINE_SECONDS);
	return bytes / (double)b->bytes * each;
}

/* `each` is what a pass takes, or a load. */
static void set_times(const struct worker *w, const struct buffers *b, double each, struct ride *r)
{
	bool memory = b->bytes >= caches_of(w, r->from, r->threads);
	double most = w->options->quick ? AFTER_QUICK : AFTER_MOST;

	r->window_s = memory ? WINDOW_MEMORY : WINDOW_CACHES;
	r->after_s =
		fmax(WINDOWS_AFTER * r->window_s, fmin(FILLS * fill_seconds(w, b, r, each), most));
	r->window_s = fmax(r->window_s, fmin(r->after_s / WINDOWS_MOST, WINDOW_MOST));
	r->before_s = r->returned_s = WINDOWS_BEFORE * r->window_s;
	r->warm_s = WARM_SECONDS;
	r->lap_s = r->window_s / LAPS_A_WINDOW;
}

/* Fills what a ride is made of; amount has room for all threads. */
static void prepare_stream(struct worker *w, struct buffers *b, struct rider *rider, struct ride *r,
			   double *amount)
{
	double pass, pieces;
	size_t first, n;

	stream_set_scalar(b->stream);
	pass = pass_seconds(w, b, r->threads);
	set_times(w, b, pass, r);
	pieces = fmin(fmax(ceil(pass / r->lap_s), 1), PIECES_MOST);
	rider->pieces = (size_t)pieces;
	rider->passes = rider->pieces > 1 ? 1 : repeats_for(pass, r->lap_s, PASSES_MOST);
	r->laps_least = rider->pieces;
	for (size_t i = 0; i < r->threads; i++) {
		stream_share(b->stream->n, i, r->threads, &first, &n);
		amount[i] = stream_counted_bytes(b->row->op) * (double)n * rider->passes / pieces;
	}
}

static void prepare_chase(struct worker *w, struct buffers *b, struct rider *rider, struct ride *r,
			  double *amount)
{
	double each;

	chase_set_walk(b->chase, w->team, FIRST_LOADS);
	each = chase_set_walk(b->chase, w->team, FIRST_LOADS);
	set_times(w, b, each, r);
	rider->loads = repeats_for(each, r->lap_s, PASSES_MOST);
	rider->loads = (rider->loads + CHASE_UNROLL - 1) / CHASE_UNROLL * CHASE_UNROLL;
	r->laps_least = 1;
	amount[0] = (double)rider->loads;
}

/* The fastest form, for this working set and so many threads. */
static void choose(struct worker *w, struct buffers *b, const struct ride *r)
{
	uint64_t caches = machine_llc_bytes(w->machine, &w->node->allowed_cpus);
	struct kept *kept = w->bench_state;
	struct instant began = clock_now();
	const struct stream_run part = { .set = b->stream,
					 .n = b->stream->n,
					 .threads = r->threads,
					 .each = stream_share_least(b->stream->n, r->threads) };

	if (!b->row)
		b->row = b->bytes < caches ? stream_choose_part(STREAM_TRIAD, &part, w->team)
					   : stream_choose(&kept->choice, STREAM_TRIAD, b->stream,
							   w->team, caches);
	w->aside_s += clock_span(began, clock_now());
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

/* Adds the nodes of CPUs to those that a record's threads ran on. */
static int add_nodes(const struct machine *m, const struct idset *cpus, struct placement *p)
{
	for (int cpu = -1; (cpu = idset_next(cpus, cpu)) >= 0;) {
		const struct node *n = machine_node_of_cpu(m, cpu);
		size_t i = 0;
		int *more;

		while (n && i < p->nran_on && p->ran_on[i] != n->id)
			i++;
		if (!n || i < p->nran_on)
			continue;
		more = reallocarray(p->ran_on, p->nran_on + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		p->ran_on = more;
		p->ran_on[p->nran_on++] = n->id;
	}
	return 0;
}

static void tell_loop(struct worker *w, struct buffers *b, struct record *r)
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

static int tell(struct worker *w, struct buffers *b, const struct told *k, struct member *m)
{
	enum threads_figure what = (enum threads_figure)m->cell->variant;
	struct record *r = &m->cell->rec;

	m->placed = true;
	m->value = figure_of(k, what);
	tell_loop(w, b, r);
	if (k->seen.stray >= 0 && r->status != STATUS_CORRUPT)
		record_status(r, STATUS_MISPLACED,
			      "a thread was seen on CPU %d, it belonged on CPU %d", k->seen.stray,
			      k->seen.stray_own);
	if (!r->more)
		r->more = json_object();
	if (k->balanced > 0)
		json_object_set_new(r->more, "numa_pages_migrated", json_real(k->balanced));
	json_object_set_new(r->more, "had_cpu", json_real(k->seen.had));
	/* Of the last one that settled; of any, while none has. */
	if (what == FIGURE_SETTLED &&
	    (isfinite(m->value) || !json_object_get(r->more, "timeline")) &&
	    timeline_store(r, k->t) < 0)
		return -ENOMEM;
	return add_nodes(w->machine, &k->seen.cpus[phase_of(what)], &r->placement);
}

/* Pages that the kernel moved meanwhile may be anybody's; ours are bound, and looked at again. */
static int look_at_pages(struct worker *w, struct buffers *b, const struct told *k,
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

static int go(struct worker *w, struct buffers *b, struct ride *r, double *amount,
	      struct timeline *t, struct ride_seen *seen, struct err *e)
{
	struct rider rider = { .b = b };

	r->team = w->team;
	r->arg = &rider;
	r->amount = amount;
	r->per_amount = b->loop == LOOP_CHASE;
	r->lap = b->loop == LOOP_CHASE ? lap_chase : lap_stream;
	if (b->stream)
		choose(w, b, r);
	(b->chase ? prepare_chase : prepare_stream)(w, b, &rider, r, amount);
	return timeline_ride(r, w->machine, t, seen, e);
}

/* Until one has settled, or there were enough of them. */
static int go_and_settle(struct worker *w, struct buffers *b, struct ride *r, struct timeline *t,
			 struct told *k, struct err *e)
{
	enum better better = b->loop == LOOP_CHASE ? BETTER_LOWER : BETTER_HIGHER;
	double *amount = calloc(r->threads, sizeof(*amount));
	int rc = amount ? -EAGAIN : err_set(e, -ENOMEM, "out of memory");

	k->settling.settled = NAN;
	for (int i = 0; amount && i < RIDES_MOST && !isfinite(k->settling.settled); i++) {
		timeline_release(t);
		timeline_init(t);
		rc = go(w, b, r, amount, t, &k->seen, e);
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
	struct buffers *b = m[0].buffers;
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
	struct kept *kept = w->bench_state;

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
