#include "kernels/latency_plan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/cache_sizes.h"
#include "kernels/chase_orders.h"
#include "kernels/injector.h"
#include "kernels/plan_cost.h"
#include "kernels/working_set.h"
#include "result/core_pairs.h"

/* A curve from the first-level cache to some GiB has about fifty sizes. */
enum { SIZES_MOST = 128 };

/* All pairs of so many cores; of more with --thorough only, and of as many as take no more than
 * this share of the time, in as many rounds as there are at least. */
enum { CORES_USUAL = 32, ROUNDS = 6 };
#define PAIRS_SHARE  0.33
#define PAIR_SECONDS 0.002

enum { LOAD_STEPS = 10 };

struct planner {
	struct session *s;
	const struct mode *mode;
	struct placing at;
	struct plan_cost *cost;
	struct err *e;
};

/* Bytes a second of a Xeon guest: drawing the order of a cycle, which one thread does once for each
 * size; linking the lines and proving the cycle, which all of them do at every opening. */
#define DRAW        3.6e9
#define LINK_THREAD 1.6e9
#define LINK_NODE   30e9
#define CHASE_TAKES 0.030

/* One row for each thing measured. near: each memory driven from its own CPUs (a CPU-less one from
 * the nearest); far: from all others. What is planned once for the machine has no nodes. */
struct mode {
	const char *what;
	enum depth near, far, whole;
	enum latency_kind kind;
	enum page_kind pages; /* of LATENCY_4K and LATENCY_HUGETLB */
	int worth;
	int (*plan)(const struct planner *p);
};

static uint64_t whole_lines(uint64_t bytes)
{
	return bytes / sizeof(struct chase_line) * sizeof(struct chase_line);
}

static struct working_set chase_set_of(const struct machine *m, const struct session_options *o,
				       const struct site *site)
{
	double beside = site->kind == LATENCY_LOADED ? 1 : 0;

	return working_set(m, o, site, CHASE_WITH_ORDER + beside);
}

/* The sizes in front of the usual one, which is measured anyway. */
static size_t sizes_of(const struct machine *m, const struct session_options *o,
		       const struct site *site, uint64_t *bytes)
{
	struct site usual = { .cpu_node = site->cpu_node, .mem_node = site->mem_node };
	uint64_t most = whole_lines(chase_set_of(m, o, &usual).bytes);
	const struct node *n = machine_node(m, site->cpu_node);
	size_t count = cache_sizes(n, idset_next(&n->cores[0].cpus, -1), most, bytes, SIZES_MOST);

	return count > SIZES_MOST ? SIZES_MOST : count - 1;
}

uint64_t latency_bytes(const struct machine *m, const struct session_options *o,
		       const struct site *site)
{
	uint64_t sizes[SIZES_MOST];

	if (site->kind < LATENCY_SIZES)
		return whole_lines(chase_set_of(m, o, site).bytes);
	sizes_of(m, o, site, sizes);
	return sizes[site->kind - LATENCY_SIZES];
}

struct memory_want latency_place(const struct worker *w, const struct site *site)
{
	struct memory_want want = working_place(w, site);

	if (site->kind == LATENCY_4K)
		want.pages = PAGES_4K;
	else if (site->kind == LATENCY_HUGETLB)
		want.pages = PAGES_HUGETLB;
	return want;
}

/* ---- cells ---- */

static struct cell cell_of(const char *metric, int threads, int worth)
{
	struct cell c = { .worth = worth };
	struct record *r = &c.rec;

	record_init(r);
	snprintf(r->metric, sizeof(r->metric), "%s", metric);
	snprintf(r->unit, sizeof(r->unit), "s");
	r->better = BETTER_LOWER;
	r->threads = threads;
	record_set(r, "metric", "unit", "better", "threads", NULL);
	return c;
}

static void tell_cost(const struct planner *p, const struct site *site, int index)
{
	size_t threads = session_threads(p->s, site->cpu_node);
	double bytes = (double)site->bytes;

	if (index >= p->cost->sites)
		plan_cost_once(p->cost,
			       3 * bytes / fmin((double)threads * LINK_THREAD, LINK_NODE) +
				       (site->cpu_node == site->mem_node ? bytes / DRAW : 0));
	plan_cost_site(p->cost, index, site->bytes, threads);
	plan_cost_cell(p->cost, 0, 1, site->kind == LATENCY_CORES ? PAIR_SECONDS : CHASE_TAKES);
}

static int add(const struct planner *p, const struct site *site, const struct cell *c)
{
	int rc = session_site(p->s, site);

	if (rc < 0)
		return rc;
	tell_cost(p, site, rc);
	rc = session_cell(p->s, (size_t)rc, c);
	return rc < 0 ? rc : 0;
}

static struct site site_of(const struct planner *p, int kind)
{
	return (struct site){
		.cpu_node = p->at.cpu_node, .mem_node = p->at.mem_node, .gpu = -1, .kind = kind
	};
}

static int plan_chase(const struct planner *p)
{
	const struct session_options *o = session_options(p->s);
	struct site site = site_of(p, (int)p->mode->kind);
	struct working_set w = chase_set_of(session_machine(p->s), o, &site);
	struct cell c = cell_of("latency", 1, p->mode->worth);

	if (w.bytes < sizeof(struct chase_line))
		return err_set(p->e, -EINVAL, "--size: at least one line of %zu bytes is needed",
			       sizeof(struct chase_line));
	if (p->mode->kind != LATENCY_USUAL) {
		if (o->pages >= 0) /* these are to be measured, and no others */
			return 0;
		c.rec.pages_asked = p->mode->pages;
		record_set(&c.rec, "pages_asked", NULL);
	}
	working_set_tell(&w, sizeof(struct chase_line), &c.rec);
	site.bytes = chase_orders_bytes(c.rec.bytes);
	return add(p, &site, &c);
}

/* Of each node's CPUs, in the memory nearest to them. */
static int plan_sizes(const struct planner *p)
{
	const struct machine *m = session_machine(p->s);
	const struct node *near = machine_memory_for(m, p->at.cpu_node);
	struct site site = site_of(p, LATENCY_SIZES);
	uint64_t sizes[SIZES_MOST];
	size_t n = sizes_of(m, session_options(p->s), &site, sizes);
	int rc = 0;

	if (!near || near->id != p->at.mem_node)
		return 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct cell c = cell_of("latency", 1, p->mode->worth);

		c.rec.bytes = sizes[i];
		c.rec.undersized = true;
		record_set(&c.rec, "bytes", "undersized", NULL);
		site.kind = LATENCY_SIZES + (int)i;
		site.bytes = chase_orders_bytes(sizes[i]);
		rc = add(p, &site, &c);
	}
	return rc;
}

/* ---- latency under load ---- */

/* Tenths of what the others can read. */
double latency_load(int load_step)
{
	return (double)load_step / LOAD_STEPS;
}

static enum depth load_depth(int load_step)
{
	return load_step % 2 ? DEPTH_THOROUGH : DEPTH_NORMAL;
}

static struct cell load_cell(const struct planner *p, int step)
{
	struct cell c = cell_of("loaded-latency", 1, p->mode->worth);

	c.rec.load_step = step;
	record_set(&c.rec, "load_step", NULL);
	return c;
}

static void skip_load(const struct planner *p)
{
	struct cell c = load_cell(p, 0);

	c.rec.cpu_node = p->at.cpu_node;
	c.rec.mem_node = p->at.mem_node;
	record_set(&c.rec, "cpu_node", "mem_node", NULL);
	session_skip(p->s, &c.rec,
		     "one core waits for memory while others load it, and node %d has one that may "
		     "be used",
		     p->at.cpu_node);
	record_release(&c.rec);
}

static int plan_loaded(const struct planner *p)
{
	struct site site = site_of(p, LATENCY_LOADED);
	struct working_set w = chase_set_of(session_machine(p->s), session_options(p->s), &site);
	int rc = 0;

	if (session_threads(p->s, p->at.cpu_node) < 2) {
		skip_load(p);
		return 0;
	}
	site.bytes = chase_orders_bytes(whole_lines(w.bytes)) + injector_bytes(w.bytes);
	for (int step = 0; rc == 0 && step <= LOAD_STEPS; step++) {
		struct cell c = load_cell(p, step);

		if (session_depth(p->s) < load_depth(step))
			continue;
		working_set_tell(&w, sizeof(struct chase_line), &c.rec);
		rc = add(p, &site, &c);
	}
	return rc;
}

/* ---- core to core ---- */

static void skip_cores(const struct planner *p, const char *why)
{
	struct cell c = cell_of("core-to-core", 2, p->mode->worth);

	session_skip(p->s, &c.rec, "%s", why);
	record_release(&c.rec);
}

static int plan_pair(const struct planner *p, int a, int b, int worth)
{
	struct cell c = cell_of("core-to-core", 2, worth);
	struct series *pair = &c.rec.cpu_pair;
	const struct site site = {
		.cpu_node = machine_node_of_cpu(session_machine(p->s), a)->id,
		.mem_node = -1,
		.gpu = -1,
		.kind = LATENCY_CORES,
	};

	pair->v = calloc(2, sizeof(*pair->v));
	if (!pair->v)
		return -ENOMEM;
	pair->v[0] = a;
	pair->v[1] = b;
	pair->n = 2;
	record_set(&c.rec, "cpu_pair", NULL);
	return add(p, &site, &c);
}

static size_t cores_in_time(struct session *s, size_t n)
{
	double pairs = PAIRS_SHARE * session_budget(s) / (ROUNDS * PAIR_SECONDS);
	size_t most = session_depth(s) < DEPTH_THOROUGH && n > CORES_USUAL ? CORES_USUAL : n;

	while (most > 2 && (double)(most * (most - 1) / 2) > pairs)
		most--;
	if (most < n)
		session_note(s, "core-to-core: %zu of %zu cores, spread over nodes and caches",
			     most, n);
	return most;
}

/* The pairs of the first cores before those with a later one: when the time is short, that is what
 * is left. Each is worth less than the one before: they are compared with no other. */
static int plan_cores(const struct planner *p)
{
	const struct machine *m = session_machine(p->s);
	const struct idset *nodes = session_nodes(p->s);
	size_t n = cores_spread(m, nodes, NULL, 0);
	int *cpus = calloc(n + 1, sizeof(*cpus)), worth = p->mode->worth, rc = cpus ? 0 : -ENOMEM;

	if (cpus)
		cores_spread(m, nodes, cpus, n);
	if (n < 2)
		skip_cores(p, "there is one core that may be used: no other to pass a line to");
	else if (m->cpu_quota_milli.is && m->cpu_quota_milli.value < 2000) {
		skip_cores(p,
			   "two cores are needed at once, and the cgroup's CPU quota gives less");
		n = 0;
	}
	n = cores_in_time(p->s, n);
	for (size_t j = 1; rc == 0 && j < n; j++)
		for (size_t i = 0; rc == 0 && i < j; i++) {
			int a = cpus[i] < cpus[j] ? cpus[i] : cpus[j];

			rc = plan_pair(p, a, cpus[i] + cpus[j] - a, worth--);
		}
	free(cpus);
	return rc;
}

/* ---- all of it ---- */

/* Pairs of cores count down from here, and take little time: all of them come before the rest. */
enum { MUCH = 1 << 20 };

static const struct mode modes[] = {
	{ .what = "latency: one load after another along a random cycle, every CPU node x "
		  "memory node",
	  .near = DEPTH_QUICK,
	  .far = DEPTH_QUICK,
	  .kind = LATENCY_USUAL,
	  .worth = MUCH,
	  .plan = plan_chase },
	{ .what = "core-to-core: the time to pass a cache line from one core to another, all pairs "
		  "of up to 32 cores, --thorough of all",
	  .whole = DEPTH_NORMAL,
	  .kind = LATENCY_CORES,
	  .worth = MUCH - 1,
	  .plan = plan_cores },
	{ .what = "latency in 4 KiB pages: what the TLB costs",
	  .near = DEPTH_NORMAL,
	  .far = DEPTH_THOROUGH,
	  .kind = LATENCY_4K,
	  .pages = PAGES_4K,
	  .worth = 90,
	  .plan = plan_chase },
	{ .what = "loaded-latency: the same while the node's other cores read its memory, ever "
		  "harder",
	  .near = DEPTH_NORMAL,
	  .kind = LATENCY_LOADED,
	  .worth = 80,
	  .plan = plan_loaded },
	{ .what = "latency in hugetlb pages",
	  .near = DEPTH_THOROUGH,
	  .far = DEPTH_THOROUGH,
	  .kind = LATENCY_HUGETLB,
	  .pages = PAGES_HUGETLB,
	  .worth = 70,
	  .plan = plan_chase },
	{ .what = "latency of working sets from the first-level cache to memory, one core of each "
		  "node",
	  .near = DEPTH_THOROUGH,
	  .kind = LATENCY_SIZES,
	  .worth = 60,
	  .plan = plan_sizes },
};
enum { NMODES = sizeof(modes) / sizeof(modes[0]) };

static bool wanted(const struct session *s, enum depth from)
{
	return from != DEPTH_NEVER && session_depth(s) >= from;
}

int latency_plan(struct session *s, struct err *e)
{
	struct plan_cost cost = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < NMODES; i++) {
		const struct mode *mode = &modes[i];
		struct planner p = { .s = s, .mode = mode, .cost = &cost, .e = e };

		for (size_t k = 0; rc == 0 && session_pair(s, k, &p.at); k++)
			if (wanted(s, session_is_near(s, &p.at) ? mode->near : mode->far))
				rc = mode->plan(&p);
		if (rc == 0 && wanted(s, mode->whole))
			rc = mode->plan(&p);
	}
	if (rc == 0)
		plan_cost_say(&cost, s, "mem-latency");
	return rc;
}

void latency_list(void (*line)(const char *text, void *to), void *to)
{
	static const char *const depths[] = { [DEPTH_QUICK] = "",
					      [DEPTH_NORMAL] = " (not --quick)",
					      [DEPTH_THOROUGH] = " (--thorough)" };

	for (size_t i = 0; i < NMODES; i++) {
		const struct mode *mode = &modes[i];
		enum depth from = mode->whole ? mode->whole : mode->near;
		char text[300];

		snprintf(text, sizeof(text), "%s%s%s", mode->what, depths[from],
			 mode->far > mode->near ? "; from other nodes' CPUs (--thorough)" : "");
		line(text, to);
	}
}
