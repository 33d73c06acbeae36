/* timeline.c - threads that work on while another one moves them. */
#include "measure/timeline.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "measure/clock.h"
#include "measure/laps.h"

/* A window in which a thread had less of its CPU than this has no rate; of so many windows there
 * are never more, whoever was late. */
#define HAD_LEAST 0.1
enum { WINDOWS_MOST = 400 };

/* Laps that can be noted: so many times those expected, for what is guessed wrong. */
enum { LAPS_TIMES = 4, LAPS_FEW = 1024 };

/* What a thread did. Each has lines of its own. */
struct lane {
	double began, *ends; /* seconds since the clock's zero; owned by the ride */
	double *busy;        /* at the end of each lap: what the CPU gave to it since it began */
	int *cpu;            /* at the end of each lap */
	size_t n, room;
	pid_t tid;
} __attribute__((aligned(128)));

/* A move of all threads: the calls' first begin and last end, and what one took. */
struct move {
	double began, ended, each;
};

enum { THERE, BACK, MOVES };

struct taking {
	const struct ride *r;
	struct lane *lanes;
	struct move move[MOVES];
	atomic_size_t ready; /* threads that have begun */
	atomic_bool over;
	int rc; /* the mover's */
	struct err *e;
};

/* ---- the threads ---- */

/* What the thread had of its CPU; others have it meanwhile, on a machine that is not idle. */
static double cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void work(void *arg, size_t rank, size_t size)
{
	struct taking *k = arg;
	struct lane *lane = &k->lanes[rank];
	double busy;

	/* Their pages are there before the laps are, and near. */
	memset(lane->ends, 0, lane->room * sizeof(*lane->ends));
	memset(lane->busy, 0, lane->room * sizeof(*lane->busy));
	memset(lane->cpu, 0, lane->room * sizeof(*lane->cpu));
	lane->tid = gettid();
	atomic_fetch_add(&k->ready, 1);
	busy = cpu_time();
	lane->began = clock_seconds();
	for (size_t i = 0;
	     i < k->r->laps_least || !atomic_load_explicit(&k->over, memory_order_relaxed); i++) {
		k->r->lap(k->r->arg, rank, size, i);
		if (lane->n == lane->room)
			continue; /* it works on, for the others' sake */
		lane->cpu[lane->n] = sched_getcpu();
		lane->busy[lane->n] = cpu_time() - busy;
		lane->ends[lane->n++] = clock_seconds();
	}
}

/* ---- the mover ---- */

static void wait_for(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds,
			      .tv_nsec = (long)((seconds - floor(seconds)) * 1e9) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

/* The phase after the move: its seconds, or until whoever rides has seen enough. */
static void wait_after(const struct ride *r)
{
	double step = fmin(r->window_s, r->after_s);

	if (!r->enough)
		step = r->after_s;
	for (double gone = 0; gone < r->after_s; gone += step) {
		if (r->enough && r->enough(r->arg))
			return;
		wait_for(step);
	}
}

static int pin(pid_t tid, int cpu)
{
	struct idset one = { { 0 } };

	idset_add(&one, cpu);
	return sched_setaffinity(tid, sizeof(one), (const cpu_set_t *)(const void *)&one) ? -errno
											  : 0;
}

static int move_all(struct taking *k, const int *to, struct move *m)
{
	size_t n = k->r->threads;
	double calls = 0, before, after = NAN;
	int failed = 0;

	m->began = clock_seconds();
	for (size_t i = 0; i < n; i++) {
		int rc;

		before = i == 0 ? m->began : clock_seconds();
		rc = pin(k->lanes[i].tid, to[i]);
		after = clock_seconds();
		calls += after - before;
		if (rc < 0 && failed == 0)
			failed = err_set(k->e, -EINVAL,
					 "a thread on CPU %d cannot be moved to CPU %d: %s",
					 k->r->from[i], to[i], strerror(-rc));
	}
	m->ended = after;
	m->each = calls / (double)n;
	return failed;
}

static void *mover_main(void *arg)
{
	struct taking *k = arg;
	const struct ride *r = k->r;
	struct idset own = { { 0 } };

	idset_add(&own, r->mover);
	k->rc = thread_bind(&own, k->e);
	while (atomic_load(&k->ready) < r->threads)
		wait_for(50e-6);
	if (k->rc == 0) {
		wait_for(r->warm_s + r->before_s);
		k->rc = move_all(k, r->to, &k->move[THERE]);
	}
	if (k->rc == 0) {
		wait_after(r);
		k->rc = move_all(k, r->from, &k->move[BACK]);
		wait_for(r->returned_s);
	} else {
		move_all(k, r->from, &k->move[BACK]);
	}
	atomic_store(&k->over, true);
	return NULL;
}

/* ---- windows ---- */

/* The laps of a thread that overlap a stretch of time: from *first on, so many. */
static size_t laps_in(const struct lane *lane, double from, double until, size_t *first)
{
	size_t low = 0, high = lane->n, last;

	while (low < high) { /* the first that ends after `from` */
		size_t middle = low + (high - low) / 2;

		if (lane->ends[middle] <= from)
			low = middle + 1;
		else
			high = middle;
	}
	*first = last = low;
	while (last < lane->n && (last ? lane->ends[last - 1] : lane->began) < until)
		last++;
	return last - low;
}

/* From the beginning of the first lap that a move touches to the end of the last. */
struct stretch {
	double from, until;
};

static struct stretch touched_by(const struct taking *k, const struct move *m)
{
	struct stretch s = { .from = m->began, .until = m->ended };

	for (size_t i = 0; i < k->r->threads; i++) {
		const struct lane *lane = &k->lanes[i];
		size_t first, n = laps_in(lane, m->began, m->ended, &first);

		if (n == 0)
			continue;
		s.from = fmin(s.from, first ? lane->ends[first - 1] : lane->began);
		s.until = fmax(s.until, lane->ends[first + n - 1]);
	}
	return s;
}

struct counting {
	const struct taking *k;
	const struct machine *m;
	struct stretch touched[MOVES];
	double from, until; /* when all threads ran */
	double busy, whole; /* seconds that threads had of their CPUs, and could have had */
	struct timeline *t;
	struct ride_seen *seen;
};

/* Which phase a window is of; RIDE_PHASES: it straddles. */
static enum ride_phase phase_of(const struct counting *c, double from, double until)
{
	for (size_t i = 0; i < MOVES; i++) {
		if (until <= c->touched[i].from)
			return (enum ride_phase)i;
		if (from < c->touched[i].until)
			return RIDE_PHASES;
	}
	return RIDE_RETURNED;
}

/* The CPUs that threads were seen on in a window, and who was where it should not be. */
static struct idset look_at(const struct counting *c, double from, double until,
			    enum ride_phase phase)
{
	const struct ride *r = c->k->r;
	const int *own = phase == RIDE_AFTER ? r->to : r->from;
	struct idset cpus = { { 0 } };

	for (size_t i = 0; i < r->threads; i++) {
		const struct lane *lane = &c->k->lanes[i];
		size_t first, n = laps_in(lane, from, until, &first);

		for (size_t j = first; j < first + n; j++) {
			idset_add(&cpus, lane->cpu[j]);
			if (phase < RIDE_PHASES && lane->cpu[j] != own[i] && c->seen->stray < 0) {
				c->seen->stray = lane->cpu[j];
				c->seen->stray_own = own[i];
			}
		}
	}
	return cpus;
}

static void tell_node(const struct machine *m, const struct idset *cpus, struct window *w)
{
	const struct node *only = NULL;

	for (int cpu = -1; (cpu = idset_next(cpus, cpu)) >= 0;) {
		const struct node *n = machine_node_of_cpu(m, cpu);

		if (!n || (only && n != only))
			return;
		only = n;
	}
	if (only) {
		w->has_node = true;
		w->cpu_node = only->id;
	}
}

/* What a lane had done and had had of its CPU by some time, straight within a lap. */
static void progress(const struct lane *lane, double until, double *laps, double *busy)
{
	size_t whole;
	double before;

	*laps = laps_between(lane->ends, lane->n, lane->began, lane->began, until);
	whole = (size_t)*laps;
	before = whole ? lane->busy[whole - 1] : 0;
	*busy = whole < lane->n ? before + (*laps - (double)whole) * (lane->busy[whole] - before)
				: before;
}

/* Work in a second: of all threads while they had their CPUs. NaN where one hardly had. */
static double rate_of(struct counting *c, double from, double until, enum ride_phase phase)
{
	const struct ride *r = c->k->r;
	double rate = 0;

	for (size_t i = 0; i < r->threads; i++) {
		double laps[2], busy[2], had;

		progress(&c->k->lanes[i], from, &laps[0], &busy[0]);
		progress(&c->k->lanes[i], until, &laps[1], &busy[1]);
		had = busy[1] - busy[0];
		rate += had < HAD_LEAST * (until - from) ? NAN
							 : r->amount[i] * (laps[1] - laps[0]) / had;
		if (phase == RIDE_PHASES)
			continue;
		c->busy += had;
		c->whole += until - from;
	}
	return r->per_amount ? 1 / rate : rate;
}

static int add_window(struct counting *c, double from, double until)
{
	enum ride_phase phase = phase_of(c, from, until);
	struct idset cpus = look_at(c, from, until, phase);
	struct window *w = timeline_add(c->t, from - c->k->move[THERE].began, until - from,
					rate_of(c, from, until, phase));

	if (!w)
		return -ENOMEM;
	w->straddles = phase == RIDE_PHASES;
	tell_node(c->m, &cpus, w);
	if (phase < RIDE_PHASES)
		c->seen->cpus[phase] = idset_or(&c->seen->cpus[phase], &cpus);
	return 0;
}

/* Windows from the first whole one on, one of them beginning where the move's first lap did. */
static int lay_windows(struct counting *c, struct err *e)
{
	double w = fmax(c->k->r->window_s, (c->until - c->from) / WINDOWS_MOST);
	double origin = c->touched[THERE].from, before = floor((origin - c->from) / w);
	int rc = 0;

	for (double i = -before; rc == 0 && origin + (i + 1) * w <= c->until; i++)
		rc = add_window(c, origin + i * w, origin + (i + 1) * w);
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	for (size_t i = 0; i < RIDE_PHASES; i++)
		if (idset_empty(&c->seen->cpus[i]))
			return err_set(
				e, -EAGAIN,
				"the threads were stopped for longer than a window of %.1f ms "
				"lasts, again and again",
				w * 1e3);
	c->seen->had = c->whole > 0 ? fmin(c->busy / c->whole, 1) : NAN;
	return 0;
}

static int count(const struct taking *k, const struct machine *m, struct timeline *t,
		 struct ride_seen *seen, struct err *e)
{
	struct counting c = { .k = k, .m = m, .t = t, .seen = seen, .from = 0, .until = INFINITY };

	for (size_t i = 0; i < MOVES; i++)
		c.touched[i] = touched_by(k, &k->move[i]);
	for (size_t i = 0; i < k->r->threads; i++) {
		const struct lane *lane = &k->lanes[i];

		c.from = fmax(c.from, lane->began + k->r->warm_s);
		c.until = fmin(c.until, lane->n ? lane->ends[lane->n - 1] : lane->began);
	}
	/* Who has more to do goes on alone. */
	c.until = fmin(c.until, k->move[BACK].ended + k->r->returned_s);
	*seen = (struct ride_seen){ .zero = k->move[THERE].began,
				    .call_s = k->move[THERE].each,
				    .stray = -1,
				    .stray_own = -1 };
	t->call = k->move[THERE].ended - k->move[THERE].began;
	t->returned = k->move[BACK].began - k->move[THERE].began;
	return lay_windows(&c, e);
}

/* ---- the ride ---- */

static void free_lanes(struct taking *k)
{
	for (size_t i = 0; k->lanes && i < k->r->threads; i++) {
		free(k->lanes[i].ends);
		free(k->lanes[i].busy);
		free(k->lanes[i].cpu);
	}
	free(k->lanes);
}

static int make_lanes(struct taking *k)
{
	const struct ride *r = k->r;
	double whole = r->warm_s + r->before_s + r->after_s + r->returned_s;
	size_t room = LAPS_FEW + (size_t)(LAPS_TIMES * whole / r->lap_s) + r->laps_least;

	k->lanes = aligned_alloc(_Alignof(struct lane), r->threads * sizeof(*k->lanes));
	if (!k->lanes)
		return -ENOMEM;
	memset(k->lanes, 0, r->threads * sizeof(*k->lanes));
	for (size_t i = 0; i < r->threads; i++) {
		struct lane *lane = &k->lanes[i];

		lane->room = room;
		lane->ends = malloc(room * sizeof(*lane->ends));
		lane->busy = malloc(room * sizeof(*lane->busy));
		lane->cpu = malloc(room * sizeof(*lane->cpu));
		if (!lane->ends || !lane->busy || !lane->cpu)
			return -ENOMEM;
	}
	return 0;
}

int timeline_ride(const struct ride *r, const struct machine *m, struct timeline *t,
		  struct ride_seen *seen, struct err *e)
{
	struct taking k = { .r = r, .e = e };
	pthread_t mover;
	int rc = make_lanes(&k);

	if (rc == 0)
		rc = -pthread_create(&mover, NULL, mover_main, &k);
	if (rc < 0) {
		err_set(e, rc, "no thread or no memory to move others with: %s", strerror(-rc));
		goto out;
	}
	team_run_first(r->team, r->threads, work, &k);
	pthread_join(mover, NULL);
	rc = k.rc < 0 ? k.rc : count(&k, m, t, seen, e);
out:
	free_lanes(&k);
	return rc;
}

/* ---- where the mover waits ---- */

/* All CPUs of the cores that some CPUs are of. */
static struct idset cores_of(const struct machine *m, const struct idset *cpus)
{
	struct idset all = *cpus;

	for (size_t n = 0; n < m->nnodes; n++)
		for (size_t i = 0; i < m->nodes[n].ncores; i++) {
			const struct idset *core = &m->nodes[n].cores[i].cpus;
			struct idset both = idset_and(core, cpus);

			if (!idset_empty(&both))
				all = idset_or(&all, core);
		}
	return all;
}

int timeline_mover(const struct machine *m, const int *from, const int *to, size_t threads)
{
	struct idset used = { { 0 } }, cores, free_ones;

	for (size_t i = 0; i < threads; i++) {
		idset_add(&used, from[i]);
		idset_add(&used, to[i]);
	}
	cores = cores_of(m, &used);
	free_ones = idset_minus(&m->allowed_cpus, &cores);
	if (idset_empty(&free_ones))
		free_ones = idset_minus(&m->allowed_cpus, &used);
	return idset_empty(&free_ones) ? to[threads - 1] : idset_next(&free_ones, -1);
}
