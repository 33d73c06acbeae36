/* migration_balancing.c - the kernel moves the pages: automatic NUMA balancing, watched.
 *
 * For every ordered pair of nodes with CPUs and memory a group: balancing-time (seconds until 99 %
 * of the pages were on to_node), and the bandwidth from then on (phase followed). The first has the
 * time line of rate and share, and "balancing" in its more (balancing_ride.h). bytes are those of
 * all arrays together. The process is young when it is moved; of one that has run for long on one
 * node the kernel looks at the pages less often, and takes longer.
 *
 * Where they have not come when the watch ends there is no figure, and the reason says how many
 * had.
 *
 * Where kernel.numa_balancing is off, nothing is measured but with --allow-sysctl: then it is on
 * only while a sample is taken (place/balancing.h).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/balancing_ride.h"
#include "kernels/migration_part.h"
#include "kernels/stream_set.h"
#include "kernels/working_set.h"
#include "machine/sysroot.h"
#include "place/balancing.h"
#include "util/json.h"

/* Seconds of a watch, which ends when all pages have come (the kernel looks at some 256 MiB a
 * second, and twice at each page), and what lies beside it; rounds that are always made. */
enum { WATCH_LEAST_S = 8, WATCH_MOST_S = 20, BESIDE_S = 3, ROUNDS_LEAST = 6 };
/* The share of the time that this may take: as many pairs are watched as fit, and these for as long
 * as fits. */
#define BUDGET_SHARE 0.3
/* Bytes a second that the kernel looks at (numa_balancing/scan_size_mb in a scan_period_min_ms),
 * and how often at each page before it moves. */
#define SCAN_RATE  268435456.0
#define SCANS_EACH 2

/* What one watch gives. */
enum figure { FIGURE_TIME, FIGURE_RATE, FIGURES };
static const struct migration_figure figures[] = {
	[FIGURE_TIME] = { "balancing-time", "s", BETTER_LOWER },
	[FIGURE_RATE] = { "bandwidth", "B/s", BETTER_HIGHER },
};

/* A site's own kind: how long to watch, and whether balancing is to be switched on for it. */
enum { AS_IT_IS, TO_BE_SWITCHED, SWITCHES };
#define KIND(watch_s, how) ((int)(watch_s)*SWITCHES + (int)(how))

/* Three arrays, as large together as those of which only the threads are moved; beside which they
 * lie, so that both take half of what a node can give. */
enum { BUFFERS = 2, ELEMENT = STREAM_ARRAYS * sizeof(double) };

struct planner {
	struct session *s;
	struct migration_move at;
	struct working_set set;
	int how;      /* AS_IT_IS or TO_BE_SWITCHED */
	size_t pairs; /* that there is time for */
	int watch_s;  /* of each of them */
	struct plan_cost *cost;
};

/* One on each core, of the node that has fewer. */
static size_t threads_of(const struct planner *p)
{
	size_t here = session_threads(p->s, p->at.cpu_node),
	       there = session_threads(p->s, p->at.to_node);

	return here < there ? here : there;
}

static struct cell cell_of(const struct planner *p, size_t pair, enum figure figure)
{
	struct cell c = { .variant = (int)figure,
			  .worth = pair == 0 ? WORTH_BALANCING : WORTH_AGAIN };
	struct record *r = &c.rec;

	migration_record(r, &figures[figure]);
	r->mem_node = p->at.mem_node;
	r->to_node = p->at.to_node;
	r->mover = MOVER_BALANCING;
	r->threads = (int)threads_of(p);
	record_set(r, "mem_node", "to_node", "mover", "threads", NULL);
	if (figure == FIGURE_RATE) {
		r->phase = PHASE_FOLLOWED;
		record_set(r, "phase", NULL);
	}
	working_set_tell(&p->set, ELEMENT, r);
	return c;
}

static void skip(const struct planner *p, size_t pair, const char *why)
{
	struct cell c = cell_of(p, pair, FIGURE_TIME);

	c.rec.cpu_node = p->at.cpu_node;
	record_set(&c.rec, "cpu_node", NULL);
	session_skip(p->s, &c.rec, "%s", why);
	record_release(&c.rec);
}

/* Why this machine does not allow it; NULL: it does. */
static const char *cannot(const struct migration_options *o, int *how)
{
	struct sysroot root;
	struct known mode = UNKNOWN("kernel.numa_balancing cannot be read");

	if (sysroot_open_live(&root, NULL) == 0) {
		mode = balancing_mode(&root);
		sysroot_close(&root);
	}
	*how = balancing_is_on(&mode) ? AS_IT_IS : TO_BE_SWITCHED;
	if (!mode.is)
		return mode.why;
	if (*how == TO_BE_SWITCHED && !o->allow_sysctl)
		return "automatic NUMA balancing is off (kernel.numa_balancing); --allow-sysctl "
		       "switches it on for as long as it is measured";
	return NULL;
}

static double rounds_of(const struct session *s)
{
	int rounds = session_options(s)->rounds;

	return rounds > 0 && rounds < ROUNDS_LEAST ? rounds : ROUNDS_LEAST;
}

/* How many pairs, and how long for each. */
static void share_time(struct planner *p)
{
	double each = session_budget(p->s) * BUDGET_SHARE / rounds_of(p->s);
	double fit = floor(each / (WATCH_LEAST_S + BESIDE_S));

	p->pairs = migration_pairs(p->s);
	p->pairs = fit < (double)p->pairs ? (size_t)fit : p->pairs;
	p->watch_s = p->pairs ? (int)(each / (double)p->pairs) - BESIDE_S : WATCH_LEAST_S;
	p->watch_s = p->watch_s > WATCH_MOST_S ? WATCH_MOST_S : p->watch_s;
}

/* Why a pair cannot be measured; buf has room for a reason. */
static const char *cannot_pair(const struct planner *p, size_t pair, char *buf, size_t size)
{
	const struct node *to = machine_node(session_machine(p->s), p->at.to_node);

	if (p->at.mem_node != p->at.cpu_node || p->at.to_mem != p->at.to_node)
		return "a process takes its pages along only to a node that has memory, from one "
		       "that has some too";
	if (to && to->giveable_bytes.is && p->set.bytes > (uint64_t)to->giveable_bytes.value / 2)
		return LEFT_OUT "the node that it goes to has not enough memory to spare";
	if (pair < p->pairs)
		return NULL;
	snprintf(buf, size,
		 LEFT_OUT "to watch the kernel move pages may take %.0f s for each pair of nodes, "
			  "and there are %.0f s for all (--budget, --thorough)",
		 rounds_of(p->s) * (WATCH_LEAST_S + BESIDE_S), session_budget(p->s));
	return buf;
}

static int add(const struct planner *p, size_t pair)
{
	const struct site site = { .cpu_node = p->at.cpu_node,
				   .mem_node = -1, /* no buffer outlives a sample */
				   .gpu = -1,
				   .kind = MIGRATION_KIND(MIGRATION_BALANCING,
							  KIND(p->watch_s, p->how)) };
	struct cell cells[FIGURES];
	size_t sites[FIGURES];
	int rc = session_site(p->s, &site);

	if (rc < 0)
		return rc;
	for (int f = 0; f < FIGURES; f++) {
		cells[f] = cell_of(p, pair, (enum figure)f);
		sites[f] = (size_t)rc;
	}
	p->cost->is_further = pair > 0;
	plan_cost_round(p->cost, p->watch_s + BESIDE_S);
	rc = session_group(p->s, cells, sites, FIGURES);
	return rc < 0 ? rc : 0;
}

/* No more than can come within the watch. */
static void fit_watch(struct planner *p)
{
	uint64_t most = (uint64_t)(p->watch_s * SCAN_RATE / SCANS_EACH);
	struct working_set *set = &p->set;

	if (session_options(p->s)->size || set->bytes <= most)
		return;
	set->bytes = most;
	set->undersized = most < WORKING_CACHES * set->caches;
	snprintf(set->cut, sizeof set->cut,
		 "cut to %llu MiB: what the kernel can look at often enough in the %d s of a watch",
		 (unsigned long long)most >> 20, p->watch_s);
}

static int plan_pair(struct planner *p, size_t pair, const char *why)
{
	const struct site near = { .cpu_node = p->at.cpu_node, .mem_node = p->at.mem_node };
	char buf[200];

	p->set = working_set(session_machine(p->s), session_options(p->s), &near, BUFFERS);
	fit_watch(p);
	if (!why)
		why = cannot_pair(p, pair, buf, sizeof buf);
	if (!why)
		return add(p, pair);
	skip(p, pair, why);
	return 0;
}

static void skip_all(struct session *s)
{
	struct record r;

	migration_record(&r, &figures[FIGURE_TIME]);
	r.mover = MOVER_BALANCING;
	record_set(&r, "mover", NULL);
	session_skip(s, &r,
		     "one node with cores is used here: the kernel has no other to move pages to");
	record_release(&r);
}

static int plan(struct session *s, const struct migration_options *o, struct plan_cost *c,
		struct err *e)
{
	struct planner p = { .s = s, .cost = c };
	const char *why = cannot(o, &p.how);
	size_t i;
	int rc = 0;

	if (session_depth(s) == DEPTH_QUICK)
		return 0;
	share_time(&p);
	for (i = 0; rc == 0 && migration_pair(s, i, &p.at); i++)
		rc = plan_pair(&p, i, why);
	if (i == 0)
		skip_all(s);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

/* ---- a sample ---- */

struct kind {
	int how, watch_s;
};

static int open_kind(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct kind *k = calloc(1, sizeof *k);

	(void)w;
	*buffers = k;
	if (!k)
		return err_set(e, -ENOMEM, "out of memory");
	k->how = MIGRATION_OWN(site->kind) % SWITCHES;
	k->watch_s = MIGRATION_OWN(site->kind) / SWITCHES;
	return 0;
}

static void close_kind(struct worker *w, void *buffers)
{
	(void)w;
	free(buffers);
}

/* Switches it on where it is to be; 0 when it is on. */
static int ensure_on(struct balancing *b, const struct kind *k, struct err *e)
{
	struct sysroot root;
	struct known mode;
	int rc = sysroot_open_live(&root, e);

	if (rc < 0)
		return rc;
	if (k->how == TO_BE_SWITCHED)
		rc = balancing_switch_on(b, &root, e);
	mode = balancing_mode(&root);
	if (rc == 0 && !balancing_is_on(&mode))
		rc = err_set(e, -ENOTSUP,
			     "automatic NUMA balancing was switched off meanwhile "
			     "(kernel.numa_balancing)");
	sysroot_close(&root);
	return rc;
}

/* Where pages and threads were when all had come. */
static int place_after(const struct worker *w, struct record *r, const struct balancing_seen *seen)
{
	struct placement *p = &r->placement;
	int rc;

	placement_release(p);
	p->requested = r->to_node;
	rc = pages_found_place(&seen->after, p);
	if (rc == 0)
		rc = placement_add_cpus(p, w->machine, &seen->cpus);
	record_set(r, "placement", NULL);
	return rc;
}

/* The rate's record is as the time's, but for when it was. */
static int tell_rate(const struct worker *w, struct member *m, const struct record *time,
		     const struct balancing_seen *seen)
{
	struct record *r = &m->cell->rec;

	r->pages = time->pages;
	r->verified = time->verified;
	snprintf(r->kernel, sizeof r->kernel, "%s", time->kernel);
	record_set(r, "pages", "verified", "kernel", NULL);
	record_status(r, time->status, "%s", time->reason);
	m->value = seen->followed;
	if (!isfinite(m->value))
		return member_no_figure(m, "not converged: the pages had not all come after the "
					   "threads when the watch ended");
	return place_after(w, r, seen);
}

/* That the kernel does not come to an end is no fault, and no figure either. */
static int tell_time(struct member *m, const struct balancing_seen *seen, double watched)
{
	struct record *r = &m->cell->rec;

	(void)json_put(json_object_get(r->more, "balancing"), "watched", json_real(watched));
	m->value = seen->t99;
	return isfinite(seen->t99)
		       ? 0
		       : member_no_figure(m,
					  "not converged: %.0f %% of the pages were on node %d "
					  "after %.0f s",
					  100 * r->moved, r->to_node, watched);
}

/* The members are in order of enum figure. */
static int watch(struct worker *w, struct member *m, size_t n, struct err *e)
{
	struct record *r = &m[FIGURE_TIME].cell->rec;
	const struct balancing_ride ride = {
		.from = r->mem_node,
		.to = r->to_node,
		.bytes = r->bytes / STREAM_ARRAYS,
		.threads = (size_t)r->threads,
		.after_s = ((const struct kind *)m->buffers)->watch_s,
	};
	struct balancing_seen seen;
	int rc;

	placement_release(&r->placement);
	rc = balancing_ride(w, &ride, r, &seen, e);
	if (rc < 0)
		return rc;
	rc = tell_time(&m[FIGURE_TIME], &seen, ride.after_s);
	for (size_t i = 1; rc == 0 && i < n; i++)
		rc = tell_rate(w, &m[i], r, &seen);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

static int together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	struct balancing b = { 0 };
	int rc, back;

	*at = 0;
	rc = ensure_on(&b, m->buffers, e);
	for (size_t i = 0; i < n; i++) {
		m[i].placed = true;
		if (rc < 0)
			record_status(&m[i].cell->rec, STATUS_SKIPPED, "%s", e->text);
	}
	if (rc < 0) {
		balancing_switch_back(&b, NULL);
		return 0;
	}
	rc = watch(w, m, n, e);
	back = balancing_switch_back(&b, rc < 0 ? NULL : e);
	return rc < 0 ? rc : back;
}

static void list(void (*line)(const char *text, void *to), void *to)
{
	line("balancing-time       until the kernel's automatic balancing has moved the pages", to);
	line("bandwidth            triad from then on (phase followed)", to);
}

const struct migration_part migration_balancing = {
	.name = "the kernel moves pages",
	.plan = plan,
	.open = open_kind,
	.together = together,
	.close = close_kind,
	.list = list,
};
