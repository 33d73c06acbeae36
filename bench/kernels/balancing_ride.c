#include "kernels/balancing_ride.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "kernels/migration_threads.h"
#include "kernels/stream_choose.h"
#include "kernels/working_set.h"
#include "machine/sysroot.h"
#include "machine/vmstat.h"
#include "measure/clock.h"
#include "measure/timeline.h"
#include "place/memory.h"
#include "result/statistics.h"
#include "result/timeline.h"
#include "util/child.h"
#include "util/json.h"

/* Phases around the watch, and a window. */
#define WARM_S     0.2
#define BEFORE_S   0.8
#define RETURNED_S 0.3
#define WINDOW_S   0.1
/* A lap of a thread: long against the clock. */
#define LAP_S 0.001
/* Beside the watch: placing, the choice of a kernel, the checking of the data. */
#define BESIDE_S 20
/* All has come when this share has, and the rate comes to rest in so many looks after that. */
#define ALL_SHARE 0.99
enum { LOOKS_AFTER_ALL = 30 };

/* What the watch sees. */
struct look {
	double at; /* seconds since the clock's zero */
	double share;
	struct pages_found found;
	struct vmstat counted;
};

struct riding {
	const struct worker *w;
	const struct balancing_ride *ride;
	struct team *team;
	struct stream_set *set;
	const struct stream_kernel *kernel;
	size_t lap; /* elements */
	struct sysroot root;
	int cpu; /* where the watch sits */
	struct look *looks;
	size_t nlooks, room;
	atomic_bool all, over;
	int rc;
	struct balancing_seen *seen; /* shared with the parent */
};

/* ---- the threads ---- */

/* A thread's share in laps of one length; the last begins earlier where they do not fit evenly, so
 * that no page is left out: what nobody touches, nobody moves. */
static size_t lap_of(const struct riding *g, size_t share, size_t *laps)
{
	*laps = (share + g->lap - 1) / g->lap;
	return (share + *laps - 1) / *laps;
}

static void one_lap(void *arg, size_t rank, size_t size, size_t number)
{
	const struct riding *g = arg;
	double *const *a = g->set->array;
	size_t first, n, laps, lap, at;

	stream_share(g->set->n, rank, size, &first, &n);
	lap = lap_of(g, n, &laps);
	at = number % laps * lap;
	first += at < n - lap ? at : n - lap;
	g->kernel->run(a[0] + first, a[1] + first, a[2] + first, g->set->s, lap);
}

/* The form of the triad, and how much of it is a lap. */
static int choose(struct riding *g, double *lap_s)
{
	struct stream_choice choice = { { 0 } };
	struct stream_run run = { .set = g->set, .n = g->set->n, .repeat = 1 };
	size_t least = stream_share_least(g->set->n, g->ride->threads);
	double pace; /* elements a second, of one thread */
	int rc;

	g->kernel = stream_choose(&choice, STREAM_TRIAD, g->set, g->team,
				  machine_llc_bytes(g->w->machine, &g->w->node->allowed_cpus));
	run.kernel = g->kernel;
	rc = stream_set_run(&run, g->team);
	pace = (double)g->set->n / (double)g->ride->threads / run.seconds;
	g->lap = (size_t)(pace * LAP_S) / 512 * 512;
	g->lap = g->lap < 512 ? 512 : g->lap;
	g->lap = g->lap < least ? g->lap : least;
	*lap_s = (double)g->lap / pace;
	return rc;
}

/* ---- the watch ---- */

static int look(struct riding *g)
{
	struct placement p = { .requested = g->ride->to };
	struct look *l = &g->looks[g->nlooks];
	double began = clock_seconds();
	uint64_t all, there;
	int rc = 0;

	for (size_t i = 0; i < STREAM_ARRAYS && rc == 0; i++)
		rc = memory_glance(&g->set->memory[i], &p);
	if (rc == 0 && g->nlooks < g->room) {
		*l = (struct look){ .at = (began + clock_seconds()) / 2,
				    .found = pages_found_of(&p) };
		there = pages_found_on(&l->found, g->ride->to, &all);
		l->share = all ? (double)there / (double)all : 0;
		vmstat_read(&l->counted, &g->root);
		g->nlooks++;
	}
	placement_release(&p);
	return rc;
}

static void *watch(void *arg)
{
	const struct timespec pause = { .tv_nsec = (long)(WINDOW_S / 2 * 1e9) };
	struct riding *g = arg;
	struct idset own = { { 0 } };
	size_t since = 0;

	idset_add(&own, g->cpu);
	(void)thread_bind(&own, NULL); /* it touches no page: best out of the way, no more */
	while (g->rc == 0 && !atomic_load(&g->over)) {
		g->rc = look(g);
		since = g->nlooks && g->looks[g->nlooks - 1].share >= ALL_SHARE ? since + 1 : 0;
		if (g->rc < 0 || since >= LOOKS_AFTER_ALL)
			atomic_store(&g->all, true);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static bool enough(void *arg)
{
	struct riding *g = arg;

	return atomic_load(&g->all);
}

/* ---- what came of it ---- */

/* The share on the new node at the end of each window. */
static void tell_shares(const struct riding *g, const struct ride_seen *seen, struct timeline *t)
{
	size_t i = 0;

	for (size_t w = 0; w < t->n; w++) {
		double end = t->windows[w].start + t->windows[w].seconds;

		while (i < g->nlooks && g->looks[i].at <= seen->zero + end)
			i++;
		if (i > 0 && end <= t->returned) /* then the pages may go back again */
			t->windows[w].share = g->looks[i - 1].share;
	}
}

/* The last look before the way back. */
static const struct look *last_look(const struct riding *g, const struct ride_seen *seen,
				    const struct timeline *t)
{
	const struct look *last = &g->looks[0];

	for (size_t i = 0; i < g->nlooks; i++)
		if (g->looks[i].at <= seen->zero + t->returned)
			last = &g->looks[i];
	return last;
}

static json_t *time_or_null(double seconds)
{
	return isfinite(seconds) ? json_real(seconds) : json_null();
}

static int tell_balancing(const struct riding *g, const struct timeline *t, const struct look *last,
			  struct record *r)
{
	const struct vmstat grown = vmstat_growth(&g->looks[0].counted, &last->counted);
	static const enum vmstat_counter told[] = { VMSTAT_BALANCED, VMSTAT_HINT_FAULTS };
	json_t *o =
		json_pack("{s:o, s:o, s:o, s:o}", "t50", time_or_null(timeline_share_at(t, 0.50)),
			  "t90", time_or_null(timeline_share_at(t, 0.90)), "t99",
			  time_or_null(timeline_share_at(t, ALL_SHARE)), "after",
			  pages_found_json(&last->found));
	int bad = !o;

	for (size_t i = 0; i < sizeof told / sizeof *told && !bad; i++)
		bad |= json_put_known(o, vmstat_name(told[i]), &grown.of[told[i]]);
	o = json_or_null(o, bad);
	if (!r->more)
		r->more = json_object();
	return json_put(r->more, "balancing", o) < 0 ? -ENOMEM : 0;
}

/* Where threads were before the move, and who was anywhere else at any time. */
static int tell_threads(const struct riding *g, const struct ride_seen *seen, struct record *r)
{
	if (placement_add_cpus(&r->placement, g->w->machine, &seen->cpus[RIDE_BEFORE]) < 0)
		return -ENOMEM;
	if (seen->stray >= 0)
		record_status(r, STATUS_MISPLACED,
			      "a thread was seen on CPU %d when it belonged on CPU %d", seen->stray,
			      seen->stray_own);
	return 0;
}

/* The rate of the whole windows after all had come. */
static double rate_after(const struct timeline *t, double t99)
{
	double *rates = calloc(t->n + 1, sizeof *rates), median = NAN;
	size_t n = 0;

	for (size_t i = 0; rates && i < t->n; i++) {
		const struct window *w = &t->windows[i];

		if (w->start >= t99 && w->start + w->seconds <= t->returned && !w->straddles)
			rates[n++] = w->rate;
	}
	if (n > 0)
		median = median_of(rates, n);
	free(rates);
	return median;
}

static int tell(const struct riding *g, struct timeline *t, const struct ride_seen *seen,
		struct record *r)
{
	struct balancing_seen *what = g->seen;
	const struct look *last = last_look(g, seen, t);
	int rc;

	tell_shares(g, seen, t);
	what->after = last->found;
	what->cpus = seen->cpus[RIDE_AFTER];
	what->t99 = timeline_share_at(t, ALL_SHARE);
	what->followed = isfinite(what->t99) ? rate_after(t, what->t99) : NAN;
	r->moved = last->share;
	record_set(r, "moved", NULL);
	rc = tell_balancing(g, t, last, r);
	if (rc == 0)
		rc = timeline_store(r, t);
	return rc == 0 ? tell_threads(g, seen, r) : rc;
}

/* ---- the process ---- */

static int ride_watched(struct riding *g, const struct ride *ride, struct record *r, struct err *e)
{
	struct ride_seen seen;
	struct timeline t;
	pthread_t watcher;
	int rc;

	timeline_init(&t);
	if (pthread_create(&watcher, NULL, watch, g) != 0)
		return err_set(e, -EAGAIN, "no thread to watch pages with");
	rc = timeline_ride(ride, g->w->machine, &t, &seen, e);
	atomic_store(&g->over, true);
	pthread_join(watcher, NULL);
	if (rc == 0 && (g->rc < 0 || g->nlooks == 0))
		rc = err_set(e, g->rc == -ENOMEM ? -ENOMEM : -ENOTSUP,
			     "numa_maps does not tell where the pages are");
	if (rc == 0 && (rc = tell(g, &t, &seen, r)) < 0)
		err_set(e, rc, "out of memory");
	timeline_release(&t);
	return rc;
}

/* Whole arrays once more, and every element compared: nothing was lost on the way. */
static int check(struct riding *g, struct record *r)
{
	struct stream_run run = { .set = g->set, .kernel = g->kernel, .n = g->set->n, .repeat = 1 };
	int rc = stream_set_run(&run, g->team);

	if (rc == 0)
		stream_set_tell(&run, g->team, r);
	return rc;
}

static int ride_on(struct riding *g, const int *from, const int *to, struct record *r,
		   struct err *e)
{
	const size_t n = g->ride->threads;
	double lap_s, amount[n];
	struct ride ride = {
		.team = g->team,
		.threads = n,
		.lap = one_lap,
		.arg = g,
		.amount = amount,
		.from = from,
		.to = to,
		.mover = timeline_mover(g->w->machine, from, to, n),
		.warm_s = WARM_S,
		.before_s = BEFORE_S,
		.after_s = g->ride->after_s,
		.returned_s = RETURNED_S,
		.window_s = WINDOW_S,
		.enough = enough,
	};
	int rc = choose(g, &lap_s);

	if (rc < 0)
		return err_set(e, rc, "out of memory");
	for (size_t i = 0; i < n; i++) {
		size_t first, share, laps;

		stream_share(g->set->n, i, n, &first, &share);
		amount[i] = stream_counted_bytes(STREAM_TRIAD) * (double)lap_of(g, share, &laps);
	}
	ride.lap_s = lap_s;
	g->cpu = ride.mover;
	rc = ride_watched(g, &ride, r, e);
	return rc == 0 ? check(g, r) : rc;
}

static int prove(struct riding *g, struct record *r, struct err *e)
{
	int rc;

	r->placement.requested = g->ride->from;
	rc = stream_set_prove(g->set, &r->placement);
	record_set(r, "placement", NULL);
	if (rc == 0)
		placement_judge(r, g->ride->from);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

static int live(struct riding *g, struct record *r, struct err *e)
{
	const struct policy first_touch = { MEMPOLICY_DEFAULT, g->ride->from, { 0 } };
	const struct site site = { .cpu_node = g->ride->from, .mem_node = g->ride->from };
	struct memory_want want = working_place(g->w, &site);
	int from[g->ride->threads], to[g->ride->threads], rc;

	want.policy = &first_touch;
	g->room = (size_t)((WARM_S + BEFORE_S + g->ride->after_s + RETURNED_S) / WINDOW_S * 4);
	g->looks = calloc(g->room, sizeof *g->looks);
	if (!g->looks)
		return err_set(e, -ENOMEM, "out of memory");
	if (threads_cpus(g->w->machine, g->ride->from, from, g->ride->threads) < g->ride->threads ||
	    threads_cpus(g->w->machine, g->ride->to, to, g->ride->threads) < g->ride->threads)
		return err_set(e, -EINVAL, "nodes %d and %d do not both have %zu cores",
			       g->ride->from, g->ride->to, g->ride->threads);
	rc = team_start(&g->team, from, g->ride->threads, e);
	if (rc == 0)
		rc = stream_set_open(&g->set, g->team, g->ride->bytes, &want,
				     g->w->seed + (uint64_t)g->w->fresh, e);
	if (rc == 0)
		rc = prove(g, r, e);
	return rc == 0 ? ride_on(g, from, to, r, e) : rc;
}

/* The process tells its parent in one line: { "rc", "why", "record" }. */
static int run(int out, void *arg)
{
	struct riding *g = arg;
	struct err e = { "" };
	struct record r;
	char *text;
	int rc;

	record_init(&r);
	rc = sysroot_open_live(&g->root, &e);
	if (rc == 0)
		rc = live(g, &r, &e);
	json_t *o = json_pack("{s:i, s:o, s:o}", "rc", rc, "why", json_text(e.text), "record",
			      record_to_json(&r));

	text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
	return text && dprintf(out, "%s\n", text) > 0 ? 0 : 1; /* what it holds goes with it */
}

/* ---- its parent ---- */

static void hear(char *text, size_t length, void *to)
{
	json_t **told = to;

	(void)length;
	json_decref(*told);
	*told = json_loads(text, 0, NULL);
}

static int understand(const json_t *told, struct record *r, struct err *e)
{
	int rc = (int)json_integer_value(json_object_get(told, "rc"));
	struct record part;

	if (rc < 0)
		return err_set(e, rc, "%s", json_string_value(json_object_get(told, "why")));
	record_init(&part);
	rc = record_from_json(&part, json_object_get(told, "record"), e);
	if (rc == 0)
		rc = record_merge(r, &part);
	record_release(&part);
	return rc;
}

int balancing_ride(const struct worker *w, const struct balancing_ride *ride, struct record *r,
		   struct balancing_seen *seen, struct err *e)
{
	struct riding g = { .w = w, .ride = ride };
	json_t *told = NULL;
	const struct child_spec spec = { .run = run,
					 .arg = &g,
					 .deadline_s = ride->after_s + BESIDE_S,
					 .line = hear,
					 .to = &told };
	struct child_result end;
	char how[100];
	int rc;

	g.seen = mmap(NULL, sizeof *g.seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (g.seen == MAP_FAILED)
		return err_set(e, -ENOMEM, "out of memory");
	g.seen->t99 = g.seen->followed = NAN;
	rc = child_run(&spec, &end, e);
	if (rc == 0 && told)
		rc = understand(told, r, e);
	else if (rc == 0)
		rc = err_set(e, -EIO, "the process whose pages the kernel was to move: %s",
			     child_describe(&end, how, sizeof how));
	*seen = *g.seen;
	munmap(g.seen, sizeof *g.seen);
	json_decref(told);
	return rc;
}
