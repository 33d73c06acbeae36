#include "kernels/feed_plan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/feed.h"
#include "kernels/feed_visit.h"
#include "kernels/migration_part.h"
#include "measure/gpuplan.h"
#include "place/policy.h"
#include "util/units.h"

enum { QUICK_BYTES = 16 << 20 };

/* About what things take, in seconds: a driver's start with the link's; the moving of what a
 * process has besides its buffers, there and back; for each byte of a buffer, making it and letting
 * go; and one pass, with its copies. */
#define START     0.5
#define OWN_PAGES 0.2
#define MAKE_BYTE 0.6e-9
#define PASS_BYTE 0.6e-9

/* Host buffers of a process. */
enum { BUFFERS = 2, KINDS = 3 };

static const enum memory_kind kinds[KINDS] = { MEM_PINNED, MEM_PAGEABLE, MEM_REGISTERED };

/* Where bindings are compared the buffers are pinned, as those of most that feed GPUs are. */
static const enum memory_kind usual = MEM_PINNED;

/* Within a band of migration_part.h. */
enum { MOVED = 70, QUIET = 20, LOADED = 10, AT_ONCE = 5 };

static const char *const lines[] = {
	"feed-rate of a process whose threads are moved to another node, with pinned, pageable and "
	"registered buffers: before, settled, and after its pages have followed",
	"feed-rate unbound, and with CPUs, memory or both bound to the GPU's node, ten fresh "
	"processes each, quiet and under competing load (not with --quick)",
	"feed-rate of one process for every GPU at once, unbound and bound (not with --quick)",
	"feed-rate under each memory policy (not with --quick)",
};

size_t feed_bytes(const struct session_options *o)
{
	size_t usual_bytes = o->quick ? QUICK_BYTES : GPUPLAN_USUAL;
	size_t bytes = o->size ? (size_t)o->size : usual_bytes;

	return (bytes + FEED_UNIT - 1) / FEED_UNIT * FEED_UNIT;
}

static struct cell feed_cell(const struct session *s, enum memory_kind memory, int worth)
{
	static const struct migration_figure rate = { "feed-rate", "B/s", BETTER_HIGHER };
	struct cell c = { .worth = worth };
	struct record *r = &c.rec;

	migration_record(r, &rate);
	snprintf(r->kernel, sizeof(r->kernel), "four steps, host clock");
	r->memory = memory;
	r->bytes = feed_bytes(session_options(s));
	record_set(r, "kernel", "memory", "bytes", NULL);
	return c;
}

/* Where a GPU's process belongs: its declared node, else the first. */
static bool home_of(const struct session *s, int gpu, struct placing *home)
{
	return gpuplan_home(s, gpu, home) || session_near(s, 0, home);
}

/* The session sees no memory node of a site: what its placement is to be differs from cell to
 * cell. */
static int site_of(struct session *s, enum feed_part part, int cpu_node, int gpu)
{
	const struct site site = {
		.cpu_node = cpu_node,
		.mem_node = -1,
		.gpu = gpu,
		.gpu_bytes = feed_bytes(session_options(s)) * (part == FEED_MOVED ? KINDS : 1),
		.kind = MIGRATION_KIND(MIGRATION_FEED, (int)part),
	};

	return session_site(s, &site);
}

static void set_home(struct record *r, int mem_node)
{
	r->mem_node = mem_node;
	record_set(r, "mem_node", NULL);
}

/* A skipped record of what a part would have measured. */
static void refuse(struct session *s, struct record *r, const char *why)
{
	session_skip(s, r, "%s", why);
	record_release(r);
}

/* ---- what it takes ---- */

static double pass_seconds(const struct session *s)
{
	return PASS_BYTE * (double)feed_bytes(session_options(s));
}

static double make_seconds(const struct session *s)
{
	return BUFFERS * MAKE_BYTE * (double)feed_bytes(session_options(s));
}

static double run_seconds(const struct session *s, double warm_s, double steady_s)
{
	double pass = pass_seconds(s);

	return fmax(warm_s, pass) + fmax(steady_s, FEED_PASSES * pass);
}

/* A fresh process, from its birth to its end. */
static double fresh_seconds(const struct session *s)
{
	return START + make_seconds(s) + run_seconds(s, FEED_WARM_S, FEED_QUICK_S);
}

static void count_moved(const struct session *s, struct plan_cost *cost, int site, size_t phases)
{
	double steady = session_options(s)->quick ? FEED_BRIEF_S : FEED_STEADY_S;
	double kind = make_seconds(s) + (double)phases * run_seconds(s, FEED_SETTLE_S, steady);

	if (site >= cost->sites)
		plan_cost_once(cost, START + FEED_WARM_S);
	plan_cost_site(cost, site, 0, 1);
	plan_cost_round(cost, OWN_PAGES + KINDS * kind);
}

/* Whether buffers for n copies fit into half of what a node can give. */
static bool fits(const struct session *s, int node, int n, char *why, size_t size)
{
	const struct node *at = machine_node(session_machine(s), node);
	uint64_t wants = (uint64_t)n * feed_bytes(session_options(s));
	char wanted[32], given[32];

	if (!at || !at->giveable_bytes.is || wants <= (uint64_t)at->giveable_bytes.value / 2)
		return true;
	snprintf(why, size,
		 LEFT_OUT "buffers of %s do not fit into half of the %s that node %d can give",
		 format_size(wanted, sizeof(wanted), wants),
		 format_size(given, sizeof(given), (uint64_t)at->giveable_bytes.value), node);
	return false;
}

/* ---- a process that is moved ---- */

/* One experiment: what a process has of one kind of memory is moved with all that it has. */
static int plan_phases(struct session *s, struct plan_cost *cost, const struct migration_move *m,
		       int site, int worth)
{
	static const enum phase phases[] = { PHASE_BEFORE, PHASE_SETTLED, PHASE_FOLLOWED };
	struct cell cells[KINDS * 3];
	size_t sites[KINDS * 3];
	size_t each = m->mem_node == m->to_mem ? 2 : 3; /* there is nowhere for the pages to go */

	for (size_t i = 0; i < KINDS * each; i++) {
		struct record *r = &cells[i].rec;

		cells[i] = feed_cell(s, kinds[i / each], worth);
		sites[i] = (size_t)site;
		r->phase = phases[i % each];
		r->to_node = m->to_node;
		set_home(r, m->mem_node);
		record_set(r, "phase", "to_node", NULL);
		if (r->phase == PHASE_FOLLOWED) {
			r->mover = MOVER_MIGRATE_PAGES;
			record_set(r, "mover", NULL);
		}
	}
	cost->is_further = worth < WORTH_BAND;
	count_moved(s, cost, site, each);
	return session_group(s, cells, sites, KINDS * each);
}

static int plan_move(struct session *s, struct plan_cost *cost, size_t pair,
		     const struct migration_move *m, int gpu)
{
	int worth = migration_worth(s, pair), rc, site;
	char why[200];

	if (!fits(s, m->mem_node, KINDS * BUFFERS, why, sizeof(why)) ||
	    !fits(s, m->to_mem, KINDS * BUFFERS, why, sizeof(why))) {
		struct cell c = feed_cell(s, usual, worth);

		c.rec.gpu = gpu;
		c.rec.cpu_node = m->cpu_node;
		c.rec.to_node = m->to_node;
		record_set(&c.rec, "gpu", "cpu_node", "to_node", NULL);
		refuse(s, &c.rec, why);
		return 0;
	}
	site = site_of(s, FEED_MOVED, m->cpu_node, gpu);
	if (site < 0)
		return site;
	rc = plan_phases(s, cost, m, site, worth + MOVED);
	return rc < 0 ? rc : 0;
}

/* How near a GPU is to a move: 0 for one on the node that is left, 1 on the one gone to. */
static int rank_of(const struct session *s, int gpu, const struct migration_move *m)
{
	struct placing home;

	if (!home_of(s, gpu, &home))
		return 2;
	return home.cpu_node == m->cpu_node ? 0 : home.cpu_node == m->to_node ? 1 : 2;
}

/* The first of the nearest. */
static int gpu_of(const struct session *s, const struct migration_move *m)
{
	const struct idset *gpus = session_gpus(s);
	int best = -1;

	for (int g = -1; (g = idset_next(gpus, g)) >= 0;)
		if (best < 0 || rank_of(s, g, m) < rank_of(s, best, m))
			best = g;
	return best;
}

static int plan_moves(struct session *s, struct plan_cost *cost)
{
	const struct idset *gpus = session_gpus(s);
	bool all = session_depth(s) == DEPTH_THOROUGH;
	struct migration_move m;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < migration_pairs(s) && migration_pair(s, i, &m); i++) {
		int nearest = gpu_of(s, &m);

		rc = plan_move(s, cost, i, &m, nearest);
		for (int g = -1; rc == 0 && all && (g = idset_next(gpus, g)) >= 0;)
			if (g != nearest && rank_of(s, g, &m) < 2)
				rc = plan_move(s, cost, i + 1, &m, g);
	}
	return rc;
}

/* ---- the four bindings ---- */

static struct cell bound_cell(const struct session *s, enum bound binding, bool competing,
			      const struct placing *home, int worth)
{
	struct cell c = feed_cell(s, usual, worth);

	c.rec.binding = binding;
	c.rec.competing = competing;
	record_set(&c.rec, "binding", "competing", NULL);
	if (home)
		set_home(&c.rec, home->mem_node);
	return c;
}

static int plan_bindings(struct session *s, struct plan_cost *cost, int gpu,
			 const struct placing *home, int worth)
{
	int site = site_of(s, FEED_BINDINGS, home->cpu_node, gpu), rc = site;

	for (int load = 0; rc >= 0 && load <= 1; load++) {
		struct cell cells[BOUND_BOTH + 1];
		size_t sites[BOUND_BOTH + 1];

		for (int b = BOUND_NOT; b <= BOUND_BOTH; b++) {
			cells[b] = bound_cell(s, (enum bound)b, load, home,
					      worth + (load ? LOADED : QUIET));
			sites[b] = (size_t)site;
		}
		cost->is_further = worth < WORTH_BAND;
		plan_cost_round(cost, (BOUND_BOTH + 1) * FEED_EACH * fresh_seconds(s));
		rc = session_group(s, cells, sites, BOUND_BOTH + 1);
	}
	return rc < 0 ? rc : 0;
}

/* ---- one process for every GPU ---- */

static struct cell at_once_cell(const struct session *s, enum bound binding,
				const struct placing *home)
{
	struct cell c = bound_cell(s, binding, false, home, WORTH_BINDINGS + AT_ONCE);

	c.rec.together = TOGETHER_OWN_NODES;
	record_set(&c.rec, "together", NULL);
	return c;
}

/* Unbound ones may all come to lie on one node. */
static bool all_fit(const struct session *s, char *why, size_t size)
{
	const struct idset *gpus = session_gpus(s);
	struct placing home;

	for (int g = -1; (g = idset_next(gpus, g)) >= 0;)
		if (home_of(s, g, &home) &&
		    !fits(s, home.mem_node, BUFFERS * (int)idset_count(gpus), why, size))
			return false;
	return true;
}

static int plan_at_once(struct session *s, struct plan_cost *cost, enum bound binding)
{
	const struct idset *gpus = session_gpus(s);
	size_t room = idset_count(gpus) + 1, n = 0, *sites = calloc(room, sizeof(*sites));
	struct cell sum = at_once_cell(s, binding, NULL), *members = calloc(room, sizeof(*members));
	int rc = sites && members ? gpuplan_list_gpus(&sum.rec, gpus) : -ENOMEM;
	struct placing home;

	for (int g = -1; rc >= 0 && (g = idset_next(gpus, g)) >= 0;) {
		if (!home_of(s, g, &home))
			continue;
		rc = site_of(s, FEED_AT_ONCE, home.cpu_node, g);
		sites[n] = (size_t)rc;
		members[n++] = at_once_cell(s, binding, &home);
	}
	if (rc >= 0 && n > 1) {
		cost->is_further = false;
		plan_cost_round(cost, fresh_seconds(s)); /* all of them at once */
		rc = session_joint(s, &sum, members, sites, n);
	} else {
		record_release(&sum.rec);
	}
	free(members);
	free(sites);
	return rc < 0 ? rc : 0;
}

/* ---- memory policies ---- */

static int plan_policies(struct session *s, struct plan_cost *cost, int gpu,
			 const struct placing *home, int worth)
{
	struct cell cells[MEMPOLICY_WEIGHTED + 1];
	size_t sites[MEMPOLICY_WEIGHTED + 1];
	int site = site_of(s, FEED_POLICIES, home->cpu_node, gpu);

	if (site < 0)
		return site;
	for (int p = MEMPOLICY_DEFAULT; p <= MEMPOLICY_WEIGHTED; p++) {
		cells[p] = feed_cell(s, usual, worth);
		cells[p].rec.policy = (enum mempolicy)p;
		record_set(&cells[p].rec, "policy", NULL);
		if (!policy_spreads((enum mempolicy)p))
			set_home(&cells[p].rec, home->mem_node);
		sites[p] = (size_t)site;
	}
	cost->is_further = worth < WORTH_BAND;
	plan_cost_round(cost, (MEMPOLICY_WEIGHTED + 1) * fresh_seconds(s));
	return session_group(s, cells, sites, MEMPOLICY_WEIGHTED + 1);
}

/* ---- all of it ---- */

/* With --thorough the first GPU of every node, else the first of all. */
static bool stands_for(const struct session *s, int gpu)
{
	const struct idset *gpus = session_gpus(s);
	struct placing home, other;

	if (gpu == idset_next(gpus, -1))
		return true;
	if (session_depth(s) < DEPTH_THOROUGH || !home_of(s, gpu, &home))
		return false;
	for (int g = -1; (g = idset_next(gpus, g)) >= 0 && g < gpu;)
		if (home_of(s, g, &other) && other.cpu_node == home.cpu_node)
			return false;
	return true;
}

static int plan_bound(struct session *s, struct plan_cost *cost)
{
	const struct idset *gpus = session_gpus(s);
	struct placing home;
	bool again = false;
	char why[200];
	int rc = 0;

	for (int g = -1; rc >= 0 && (g = idset_next(gpus, g)) >= 0;) {
		if (!stands_for(s, g) || !home_of(s, g, &home))
			continue;
		if (!fits(s, home.mem_node, BUFFERS, why, sizeof(why))) {
			struct cell c = bound_cell(s, BOUND_NOT, false, &home, 0);

			refuse(s, &c.rec, why);
			continue;
		}
		rc = plan_bindings(s, cost, g, &home, again ? WORTH_AGAIN : WORTH_BINDINGS);
		if (rc >= 0)
			rc = plan_policies(s, cost, g, &home, again ? WORTH_AGAIN : WORTH_POLICIES);
		again = true;
	}
	if (rc < 0 || idset_count(gpus) < 2)
		return rc;
	if (!all_fit(s, why, sizeof(why))) {
		struct cell c = at_once_cell(s, BOUND_BOTH, NULL);

		refuse(s, &c.rec, why);
		return 0;
	}
	rc = plan_at_once(s, cost, BOUND_NOT);
	return rc < 0 ? rc : plan_at_once(s, cost, BOUND_BOTH);
}

/* On one node: what cannot be, a record for each part. */
static void refuse_all(struct session *s)
{
	struct cell moved = feed_cell(s, usual, 0),
		    bound = bound_cell(s, BOUND_BOTH, false, NULL, 0),
		    policy = feed_cell(s, usual, 0);

	moved.rec.phase = PHASE_SETTLED;
	record_set(&moved.rec, "phase", NULL);
	policy.rec.policy = MEMPOLICY_BIND;
	record_set(&policy.rec, "policy", NULL);
	refuse(s, &moved.rec, "there is one NUMA node only: a process cannot be moved to another");
	refuse(s, &bound.rec, "there is one NUMA node only: bound to it and unbound are the same");
	refuse(s, &policy.rec, "there is one NUMA node only: all memory policies are the same");
}

static bool one_node(const struct session *s)
{
	struct idset cpu = machine_cpu_nodes(session_machine(s)),
		     mem = machine_memory_nodes(session_machine(s));

	cpu = idset_or(&cpu, &mem);
	cpu = idset_and(&cpu, session_nodes(s));
	return idset_count(&cpu) < 2;
}

int feed_plan(struct session *s, struct plan_cost *cost, struct err *e)
{
	int rc = 0;

	rc = session_skip_gpus(s, "feed-rate");
	if (rc < 0 || idset_empty(session_gpus(s)))
		return rc;
	if (one_node(s)) {
		refuse_all(s);
		return 0;
	}
	rc = plan_moves(s, cost);
	if (rc >= 0 && session_depth(s) > DEPTH_QUICK)
		rc = plan_bound(s, cost);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

void feed_list(void (*line)(const char *text, void *to), void *to)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		line(lines[i], to);
}
