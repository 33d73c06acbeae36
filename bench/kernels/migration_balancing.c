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

/* A watch at most, and what lies beside it (seconds); rounds that are always made. */
static const double watches_s[] = { [DEPTH_QUICK] = 8, [DEPTH_NORMAL] = 12, [DEPTH_THOROUGH] = 24 };
enum { BESIDE_S = 3, ROUNDS_LEAST = 6 };
/* The share of the time that this may take. */
#define BUDGET_SHARE 0.5

/* What one watch gives. */
enum figure { FIGURE_TIME, FIGURE_RATE, FIGURES };
static const struct {
	const char *metric, *unit;
	enum better better;
} figures[] = {
	[FIGURE_TIME] = { "balancing-time", "s", BETTER_LOWER },
	[FIGURE_RATE] = { "bandwidth", "B/s", BETTER_HIGHER },
};

/* A site's own kind. */
enum { AS_IT_IS, TO_BE_SWITCHED };

/* Three arrays, as large together as those of which only the threads are moved; beside which they
 * lie, so that both take half of what a node can give. */
enum { BUFFERS = 2, ELEMENT = STREAM_ARRAYS * sizeof(double) };

static enum depth depth_of(const struct session_options *o)
{
	return o->thorough ? DEPTH_THOROUGH : o->quick ? DEPTH_QUICK : DEPTH_NORMAL;
}

struct planner {
	struct session *s;
	struct migration_move at;
	struct working_set set;
	int own; /* kind of site */
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
	struct cell c = { .variant = (int)figure, .worth = WORTH_BALANCING + (pair == 0) };
	struct record *r = &c.rec;

	record_init(r);
	snprintf(r->metric, sizeof r->metric, "%s", figures[figure].metric);
	snprintf(r->unit, sizeof r->unit, "%s", figures[figure].unit);
	r->better = figures[figure].better;
	r->mem_node = p->at.mem_node;
	r->to_node = p->at.to_node;
	r->mover = MOVER_BALANCING;
	r->threads = (int)threads_of(p);
	record_set(r, "metric", "unit", "better", "mem_node", "to_node", "mover", "threads", NULL);
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

/* Why this machine does not allow it; NULL: it does. *own is the sites' kind. */
static const char *cannot(const struct migration_options *o, int *own)
{
	struct sysroot root;
	struct known mode = UNKNOWN("kernel.numa_balancing cannot be read");

	if (sysroot_open_live(&root, NULL) == 0) {
		mode = balancing_mode(&root);
		sysroot_close(&root);
	}
	*own = balancing_is_on(&mode) ? AS_IT_IS : TO_BE_SWITCHED;
	if (!mode.is)
		return mode.why;
	if (*own == TO_BE_SWITCHED && !o->allow_sysctl)
		return "automatic NUMA balancing is off (kernel.numa_balancing); --allow-sysctl "
		       "switches it on for as long as it is measured";
	return NULL;
}

/* Why a pair cannot be measured; buf has room for a reason. */
static const char *cannot_pair(const struct planner *p, size_t pairs, char *buf, size_t size)
{
	const struct session_options *o = session_options(p->s);
	const struct node *to = machine_node(session_machine(p->s), p->at.to_node);
	double rounds = o->rounds > 0 && o->rounds < ROUNDS_LEAST ? o->rounds : ROUNDS_LEAST;
	double least = rounds * (watches_s[session_depth(p->s)] + BESIDE_S) * (double)pairs;

	if (p->at.mem_node != p->at.cpu_node || p->at.to_mem != p->at.to_node)
		return "a process takes its pages along only to a node that has memory, from one "
		       "that has some too";
	if (to && to->giveable_bytes.is && p->set.bytes > (uint64_t)to->giveable_bytes.value / 2)
		return LEFT_OUT "the node that it goes to has not enough memory to spare";
	if (least <= session_budget(p->s) * BUDGET_SHARE)
		return NULL;
	snprintf(buf, size,
		 LEFT_OUT "to watch the kernel move pages takes %.0f s of a budget of %.0f s "
			  "(--budget, --thorough)",
		 least, session_budget(p->s));
	return buf;
}

static int add(const struct planner *p, size_t pair)
{
	const struct site site = { .cpu_node = p->at.cpu_node,
				   .mem_node = -1, /* no buffer outlives a sample */
				   .gpu = -1,
				   .kind = MIGRATION_KIND(MIGRATION_BALANCING, p->own) };
	struct cell cells[FIGURES];
	size_t sites[FIGURES];
	int rc = session_site(p->s, &site);

	if (rc < 0)
		return rc;
	for (int f = 0; f < FIGURES; f++) {
		cells[f] = cell_of(p, pair, (enum figure)f);
		sites[f] = (size_t)rc;
	}
	rc = session_group(p->s, cells, sites, FIGURES);
	return rc < 0 ? rc : 0;
}

static int plan_pair(struct planner *p, size_t pair, const char *why)
{
	const struct site near = { .cpu_node = p->at.cpu_node, .mem_node = p->at.mem_node };
	char buf[200];

	p->set = working_set(session_machine(p->s), session_options(p->s), &near, BUFFERS);
	if (!why)
		why = cannot_pair(p, pair + 1, buf, sizeof buf);
	if (!why)
		return add(p, pair);
	skip(p, pair, why);
	return 0;
}

static void skip_all(struct session *s)
{
	struct record r;

	record_init(&r);
	snprintf(r.metric, sizeof r.metric, "%s", figures[FIGURE_TIME].metric);
	r.mover = MOVER_BALANCING;
	record_set(&r, "metric", "mover", NULL);
	session_skip(s, &r,
		     "one node with cores is used here: the kernel has no other to move pages to");
	record_release(&r);
}

static int plan(struct session *s, const struct migration_options *o, struct err *e)
{
	struct planner p = { .s = s };
	const char *why = cannot(o, &p.own);
	size_t i;
	int rc = 0;

	if (session_depth(s) == DEPTH_QUICK)
		return 0;
	for (i = 0; rc == 0 && migration_pair(s, i, &p.at); i++)
		rc = plan_pair(&p, i, why);
	if (i == 0)
		skip_all(s);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

/* ---- a sample ---- */

struct kind {
	int own;
};

static int open_kind(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct kind *k = calloc(1, sizeof *k);

	(void)w;
	*buffers = k;
	if (!k)
		return err_set(e, -ENOMEM, "out of memory");
	k->own = MIGRATION_OWN(site->kind);
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
	if (k->own == TO_BE_SWITCHED)
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
static int place_after(struct record *r, const struct balancing_seen *seen)
{
	struct placement *p = &r->placement;
	int rc;

	placement_release(p);
	p->requested = r->to_node;
	rc = pages_found_place(&seen->after, p);
	p->ran_on = rc == 0 ? calloc(1, sizeof *p->ran_on) : NULL;
	if (!p->ran_on)
		return -ENOMEM;
	p->ran_on[p->nran_on++] = r->to_node;
	record_set(r, "placement", NULL);
	return 0;
}

/* The rate's record is as the time's, but for when it was. */
static int tell_rate(struct member *m, const struct record *time, const struct balancing_seen *seen)
{
	struct record *r = &m->cell->rec;

	r->pages = time->pages;
	r->verified = time->verified;
	snprintf(r->kernel, sizeof r->kernel, "%s", time->kernel);
	record_set(r, "pages", "verified", "kernel", NULL);
	record_status(r, time->status, "%s", time->reason);
	m->value = seen->followed;
	return place_after(r, seen);
}

static bool converged(const struct record *r)
{
	return json_is_number(json_object_get(json_object_get(r->more, "balancing"), "t99"));
}

/* That the kernel does not come to an end is no fault, and no figure either: then there is none,
 * but where an earlier watch had one. */
static void tell_time(struct member *m, const struct balancing_seen *seen, double watched,
		      bool earlier)
{
	struct record *r = &m->cell->rec;

	(void)json_put(json_object_get(r->more, "balancing"), "watched", json_real(watched));
	if (r->status == STATUS_OK && !isfinite(seen->t99))
		record_status(r, earlier ? STATUS_OK : STATUS_SKIPPED,
			      "not converged: %.0f %% of the pages were on node %d after %.0f s",
			      100 * r->moved, r->to_node, watched);
	m->value = seen->t99;
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
		.after_s = watches_s[depth_of(w->options)],
	};
	const bool earlier = converged(r);
	struct balancing_seen seen;
	int rc;

	placement_release(&r->placement);
	rc = balancing_ride(w, &ride, r, &seen, e);
	if (rc < 0)
		return rc;
	tell_time(&m[FIGURE_TIME], &seen, ride.after_s, earlier);
	for (size_t i = 1; rc == 0 && i < n; i++)
		rc = tell_rate(&m[i], r, &seen);
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
