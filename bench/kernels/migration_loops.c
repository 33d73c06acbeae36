/* migration_loops.c - laps of a triad and of a chase, how long they are, and how long one looks. */
#include "kernels/migration_loops.h"

#include <math.h>

#include "measure/clock.h"
#include "measure/timing.h"
#include "place/flush.h"

/* Windows: so long where the working set is far larger than the caches, and where it is not; never
 * longer than the last, and so many of them are a time line's parts at least. A lap is this share
 * of one. */
#define WINDOW_MEMORY 0.002
#define WINDOW_CACHES 0.001 /* and with --quick */
#define WINDOW_MOST   0.005
#define LAPS_A_WINDOW 20
enum { WINDOWS_BEFORE = 20, WINDOWS_AFTER = 50, WINDOWS_MOST = 100 };

/* Until caches are full again: after the move so many times what that takes, but no longer than
 * this. A line from memory takes so long, where it is not known better (facts of DRAM, with a page
 * walk: 100 to 160 ns). */
#define FILLS         3.0
#define AFTER_MOST    1.2
#define AFTER_QUICK   0.1
#define LINE_SECONDS  150e-9
#define WARM_SECONDS  0.010
#define TRIAL_SECONDS 0.001

enum { PASSES_MOST = 1 << 20, FIRST_LOADS = 1 << 13, PIECES_MOST = 1 << 16 };

/* ---- laps ---- */

/* A lap is a piece of a thread's share where that is large, and several passes where it is not. */
struct rider {
	struct threads_buffers *b;
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
static double pass_seconds(struct worker *w, struct threads_buffers *b, size_t threads)
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

double threads_cached_most(double lines, double cached, double loads)
{
	double again = loads > lines ? (loads - lines) / loads : 0;

	return lines > 0 ? again * fmin(cached / lines, 1) : 1;
}

double threads_once_around(double lines, double each, double after_s)
{
	/* What lies around it: as set_times has it, in shares of it. */
	const double around = 1 + 2.0 * WINDOWS_BEFORE / WINDOWS_AFTER;

	return fmin(after_s, fmax(0, lines * each - WARM_SECONDS) / around);
}

/* How long it takes until the caches hold of the working set what they can. */
static double fill_seconds(const struct worker *w, const struct threads_buffers *b,
			   const struct ride *r, double each)
{
	uint64_t caches = caches_of(w, r->from, r->threads);
	double bytes = (double)(b->bytes < caches ? b->bytes : caches);

	if (b->loop == LOOP_CHASE)
		return bytes / sizeof(struct chase_line) * fmax(each, LINE_SECONDS);
	return bytes / (double)b->bytes * each;
}

/* Whether the working set is that of memory: no cache holds it, or it is flushed out of them. */
static bool is_memory(const struct worker *w, const struct threads_buffers *b, const struct ride *r)
{
	return (b->chase && b->usual) || b->bytes >= caches_of(w, r->from, r->threads);
}

/* What lies between the move and the way back, and a window of it. */
static void share_time(bool memory, bool quick, double after, struct ride *r)
{
	double least = memory && !quick ? WINDOW_MEMORY : WINDOW_CACHES;

	r->after_s = fmax(WINDOWS_AFTER * least, fmin(after, quick ? AFTER_QUICK : AFTER_MOST));
	r->window_s = fmax(least, fmin(r->after_s / WINDOWS_MOST, WINDOW_MOST));
	r->before_s = r->returned_s = WINDOWS_BEFORE * r->window_s;
	r->warm_s = WARM_SECONDS;
	r->lap_s = r->window_s / LAPS_A_WINDOW;
}

/* A pass of a triad takes too little to matter here. */
double threads_ride_most(enum threads_loop loop, uint64_t bytes, uint64_t caches, bool quick)
{
	double cached = (double)(bytes < caches ? bytes : caches) / sizeof(struct chase_line);
	struct ride r;

	share_time(true, quick, loop == LOOP_CHASE ? FILLS * LINE_SECONDS * cached : 0, &r);
	return r.warm_s + r.before_s + r.after_s + r.returned_s;
}

/* `each` is what a pass takes, or a load. */
static void set_times(const struct worker *w, const struct threads_buffers *b, double each,
		      struct ride *r)
{
	bool memory = is_memory(w, b, r);
	double after = FILLS * fill_seconds(w, b, r, each);

	if (memory && b->chase)
		after = threads_once_around((double)b->bytes / sizeof(struct chase_line), each,
					    after);
	share_time(memory, w->options->quick, after, r);
}

/* Fills what a ride is made of; amount has room for all threads. */
static void prepare_stream(struct worker *w, struct threads_buffers *b, struct rider *rider,
			   struct ride *r, double *amount)
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

static void flush_share(void *arg, size_t rank, size_t size)
{
	const struct memory *m = arg;
	size_t lines = m->bytes / sizeof(struct chase_line), from = lines * rank / size;

	cache_flush((struct chase_line *)m->p + from,
		    (lines * (rank + 1) / size - from) * sizeof(struct chase_line));
}

static void prepare_chase(struct worker *w, struct threads_buffers *b, struct rider *rider,
			  struct ride *r, double *amount)
{
	double each;

	if (is_memory(w, b, r))
		team_run(w->team, flush_share, &b->chase->memory);
	chase_set_walk(b->chase, w->team, FIRST_LOADS);
	each = chase_set_walk(b->chase, w->team, FIRST_LOADS);
	set_times(w, b, each, r);
	rider->loads = repeats_for(each, r->lap_s, PASSES_MOST);
	rider->loads = (rider->loads + CHASE_UNROLL - 1) / CHASE_UNROLL * CHASE_UNROLL;
	r->laps_least = 1;
	amount[0] = (double)rider->loads;
}

static const struct stream_kernel *choose_part(struct worker *w, struct threads_buffers *b,
					       size_t threads)
{
	const struct stream_run part = { .set = b->stream,
					 .n = b->stream->n,
					 .threads = threads,
					 .each = stream_share_least(b->stream->n, threads) };
	struct chosen now = { .bytes = b->bytes, .threads = threads };
	struct threads_kept *kept = w->bench_state;

	for (size_t i = 0; i < kept->nchosen; i++)
		if (kept->chosen[i].bytes == now.bytes && kept->chosen[i].threads == threads)
			return kept->chosen[i].row;
	now.row = stream_choose_part(STREAM_TRIAD, &part, w->team);
	if (kept->nchosen < CHOSEN_MOST)
		kept->chosen[kept->nchosen++] = now;
	return now.row;
}

/* With --quick there is no time for a contest, which takes as long as all rides: past the caches,
 * by the widest vectors (the last such row), what was fastest or nearly so wherever there was one.
 */
static const struct stream_kernel *usual_row(void)
{
	const struct stream_kernel *k, *best = NULL;

	for (size_t i = 0; (k = stream_kernel(i)); i++)
		if (k->op == STREAM_TRIAD && stream_usable(k) &&
		    (!best || k->store == STORE_NON_TEMPORAL))
			best = k;
	return best;
}

/* The fastest form, for this working set and so many threads. */
static void choose(struct worker *w, struct threads_buffers *b, const struct ride *r)
{
	uint64_t caches = machine_llc_bytes(w->machine, &w->node->allowed_cpus);
	struct threads_kept *kept = w->bench_state;
	struct instant began = clock_now();

	if (b->row)
		return;
	if (w->options->quick)
		b->row = usual_row();
	else if (b->bytes < caches)
		b->row = choose_part(w, b, r->threads);
	else
		b->row = stream_choose(&kept->choice, STREAM_TRIAD, b->stream, w->team, caches);
	w->aside_s += clock_span(began, clock_now());
}

/* ---- the ride ---- */

/* What of a chase's loads can have met their line in a cache; NaN where caches are meant to. */
static double cached_most(const struct worker *w, const struct threads_buffers *b,
			  const struct ride *r, const struct timeline *t)
{
	double lines = (double)b->bytes / sizeof(struct chase_line), loads = 2 * FIRST_LOADS;

	for (size_t i = 0; i < t->n; i++)
		if (t->windows[i].rate > 0)
			loads += t->windows[i].seconds / t->windows[i].rate;
	return b->chase && is_memory(w, b, r)
		       ? threads_cached_most(lines,
					     (double)caches_of(w, r->from, r->threads) /
						     sizeof(struct chase_line),
					     loads)
		       : NAN;
}

int threads_ride(struct worker *w, struct threads_buffers *b, struct ride *r, double *amount,
		 struct timeline *t, struct ride_seen *seen, struct err *e)
{
	struct rider rider = { .b = b };
	int rc;

	r->team = w->team;
	r->arg = &rider;
	r->amount = amount;
	r->per_amount = b->loop == LOOP_CHASE;
	r->lap = b->loop == LOOP_CHASE ? lap_chase : lap_stream;
	if (b->stream)
		choose(w, b, r);
	(b->chase ? prepare_chase : prepare_stream)(w, b, &rider, r, amount);
	rc = timeline_ride(r, w->machine, t, seen, e);
	b->cached_most = rc == 0 ? cached_most(w, b, r, t) : NAN;
	return rc;
}
