#include "kernels/stream_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/cache_sizes.h"
#include "kernels/plan_cost.h"
#include "kernels/stream_set.h"
#include "kernels/working_set.h"
#include "machine/dram.h"
#include "measure/timing.h"

/* One row for each operation: how dearly it is wanted, and what is measured of it. */
static const struct row {
	enum stream_op op;
	int worth;          /* of its matrix; the rest is worth less */
	enum depth matrix;  /* every CPU node on every memory node, all cores */
	enum depth curve;   /* 1, 2, 4 .. threads, each CPU node on its own memory */
	enum depth at_once; /* all CPU nodes at the same time: on their own memory, on one node's */
	enum depth policies; /* under each memory policy */
	enum depth pages;    /* in other kinds of pages, on the own memory */
	enum depth sizes;    /* working sets from the first-level cache on, likewise */
} rows[] = {
	{ .op = STREAM_TRIAD,
	  .worth = 100,
	  .matrix = DEPTH_QUICK,
	  .curve = DEPTH_NORMAL,
	  .at_once = DEPTH_NORMAL,
	  .policies = DEPTH_NORMAL,
	  .pages = DEPTH_THOROUGH,
	  .sizes = DEPTH_THOROUGH },
	{ .op = STREAM_READ,
	  .worth = 99,
	  .matrix = DEPTH_QUICK,
	  .curve = DEPTH_NORMAL,
	  .at_once = DEPTH_NORMAL,
	  .pages = DEPTH_THOROUGH,
	  .sizes = DEPTH_THOROUGH },
	{ .op = STREAM_COPY, .worth = 98, .matrix = DEPTH_QUICK },
	{ .op = STREAM_FILL, .worth = 60, .matrix = DEPTH_NORMAL },
	{ .op = STREAM_ADD, .worth = 59, .matrix = DEPTH_NORMAL },
	{ .op = STREAM_SCALE, .worth = 58, .matrix = DEPTH_NORMAL },
	{ .op = STREAM_UPDATE, .worth = 57, .matrix = DEPTH_NORMAL },
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == STREAM_OPS, "all operations are measured");

enum { LESS_AT_ONCE = 10, LESS_POLICY = 20, LESS_CURVE = 30, LESS_PAGES = 60, LESS_SIZE = 70 };

/* The kinds of sites: the usual pages and bound, or one of these. */
enum { KIND_USUAL, KIND_PAGES, KIND_POLICY = KIND_PAGES + PAGES_HUGETLB + 1 };

/* A curve from the first-level cache to some GiB has about fifty sizes. */
enum { SIZES_MOST = 128 };

struct planner {
	struct session *s;
	const struct row *row;
	struct dimms dimms;
	struct sysroot root;
	struct plan_cost *cost;
	struct err *e;
};

/* What the contest for the fastest form of an operation takes a worker. */
#define CONTEST_SECONDS 0.3

static bool wanted(const struct planner *p, enum depth from)
{
	return from != DEPTH_NEVER && session_depth(p->s) >= from;
}

static struct site site_at(const struct placing *at, int kind)
{
	return (struct site){
		.cpu_node = at->cpu_node, .mem_node = at->mem_node, .gpu = -1, .kind = kind
	};
}

static struct working_set set_at(const struct planner *p, const struct placing *at)
{
	const struct site site = site_at(at, KIND_USUAL);

	return working_set(session_machine(p->s), session_options(p->s), &site, STREAM_ARRAYS);
}

static struct cell cell_of(const struct planner *p, size_t threads, int less)
{
	struct cell c = { .variant = (int)p->row->op, .worth = p->row->worth - less };
	struct record *r = &c.rec;

	record_init(r);
	snprintf(r->metric, sizeof(r->metric), "%s", stream_op_name(p->row->op));
	snprintf(r->unit, sizeof(r->unit), "B/s");
	r->better = BETTER_HIGHER;
	r->threads = (int)threads;
	record_set(r, "metric", "unit", "better", "threads", NULL);
	return c;
}

/* A cell over whole arrays, by all cores of the CPU node. */
static struct cell whole_cell(const struct planner *p, const struct placing *at, int less)
{
	struct cell c = cell_of(p, session_threads(p->s, at->cpu_node), less);
	struct working_set w = set_at(p, at);

	working_set_tell(&w, sizeof(double), &c.rec);
	return c;
}

static void tell_cost(const struct planner *p, const struct site *site, int index,
		      const struct cell *c)
{
	double elements = (double)c->rec.bytes / sizeof(double);

	plan_cost_site(p->cost, index, site->bytes, session_threads(p->s, site->cpu_node));
	plan_cost_cell(p->cost, elements * stream_counted_bytes(p->row->op), (size_t)c->rec.threads,
		       SAMPLE_SECONDS);
}

static int add(const struct planner *p, const struct placing *at, struct site site,
	       const struct cell *c)
{
	int rc;

	site.bytes = stream_set_bytes(set_at(p, at).bytes);
	rc = session_site(p->s, &site);
	if (rc < 0)
		return rc;
	tell_cost(p, &site, rc, c);
	rc = session_cell(p->s, (size_t)rc, c);
	return rc < 0 ? rc : 0;
}

static int add_usual(const struct planner *p, const struct placing *at, const struct cell *c)
{
	return add(p, at, site_at(at, KIND_USUAL), c);
}

/* ---- every CPU node on every memory node ---- */

static void tell_ceiling(const struct planner *p, const struct placing *at, struct record *r)
{
	struct known rate = dram_rate(&p->dimms, session_machine(p->s), at->mem_node);

	if (rate.is) {
		r->ceiling_capable = (double)rate.value;
		record_set(r, "ceiling_capable", NULL);
	} else {
		snprintf(r->ceiling_why, sizeof(r->ceiling_why), "%s", rate.why);
		record_set(r, "ceiling_why", NULL);
	}
}

static int plan_matrix(const struct planner *p)
{
	struct placing at;
	int rc = 0;

	for (size_t i = 0; rc == 0 && session_pair(p->s, i, &at); i++) {
		struct cell c = whole_cell(p, &at, 0);

		if (session_is_near(p->s, &at))
			tell_ceiling(p, &at, &c.rec);
		rc = add_usual(p, &at, &c);
	}
	return rc;
}

/* ---- each CPU node on its own memory ---- */

/* The i-th CPU node with the memory that serves it: its own, else the nearest. */
static bool own_memory(const struct session *s, size_t i, struct placing *at)
{
	for (size_t k = 0; session_pair(s, k, at); k++) {
		const struct node *own = machine_memory_for(session_machine(s), at->cpu_node);

		if (own && own->id == at->mem_node && i-- == 0)
			return true;
	}
	return false;
}

static int plan_curve(const struct planner *p, const struct placing *at)
{
	size_t all = session_threads(p->s, at->cpu_node);
	int rc = 0;

	for (size_t threads = 1; rc == 0 && threads < all; threads *= 2) {
		struct cell c = whole_cell(p, at, LESS_CURVE);

		c.rec.threads = (int)threads;
		rc = add_usual(p, at, &c);
	}
	return rc;
}

/* Those that are not the usual ones. Who names a kind wants no other. */
static int plan_pages(const struct planner *p, const struct placing *at)
{
	static const enum page_kind kinds[] = { PAGES_4K, PAGES_HUGETLB };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct cell c;

		if (session_options(p->s)->pages >= 0)
			continue;
		c = whole_cell(p, at, LESS_PAGES);
		c.rec.pages_asked = kinds[i];
		record_set(&c.rec, "pages_asked", NULL);
		rc = add(p, at, site_at(at, KIND_PAGES + (int)kinds[i]), &c);
	}
	return rc;
}

/* A working set is what a thread goes over of all arrays that the operation uses. */
static int plan_sizes(const struct planner *p, const struct placing *at)
{
	const struct node *n = machine_node(session_machine(p->s), at->cpu_node);
	size_t threads = session_threads(p->s, at->cpu_node);
	size_t share = stream_share_least(set_at(p, at).bytes / sizeof(double), threads);
	size_t element = (size_t)stream_counted_bytes(p->row->op), count, before = 0;
	const size_t line = 64 / sizeof(double);
	uint64_t bytes[SIZES_MOST];
	int rc = 0;

	count = cache_sizes(n, idset_next(&n->cores[0].cpus, -1), share * element, bytes,
			    SIZES_MOST);
	/* The last is the whole share, which is measured anyway. */
	for (size_t i = 0; rc == 0 && i + 1 < count && i < SIZES_MOST; i++) {
		size_t each = bytes[i] / element / line * line;
		struct cell c;

		if (each <= before || each >= share)
			continue;
		before = each;
		c = cell_of(p, threads, LESS_SIZE);
		c.rec.bytes = each * threads * sizeof(double);
		c.rec.undersized = true;
		record_set(&c.rec, "bytes", "undersized", NULL);
		rc = add_usual(p, at, &c);
	}
	return rc;
}

/* ---- policies ---- */

static int plan_policy(const struct planner *p, const struct placing *at, enum mempolicy which,
		       const struct idset *nodes)
{
	struct cell c = whole_cell(p, at, LESS_POLICY);
	struct site site = site_at(at, KIND_POLICY + (int)which);
	int rc = 0;

	c.rec.policy = which;
	record_set(&c.rec, "policy", NULL);
	if (which == MEMPOLICY_BIND) /* as all others are */
		site.kind = KIND_USUAL;
	if (policy_spreads(which)) {
		site.mem_node = -1;
		rc = policy_spread(&site.spread, which, nodes, &p->root, p->e);
	}
	return rc < 0 ? rc : add(p, at, site, &c);
}

/* With one memory node they are all the same. */
static int plan_policies(const struct planner *p, const struct placing *at)
{
	struct idset nodes = machine_memory_nodes(session_machine(p->s));
	size_t n;
	int rc = 0;

	nodes = idset_and(&nodes, session_nodes(p->s));
	n = idset_count(&nodes);
	if (n < 2 || n > SPREAD_MOST || at->cpu_node != at->mem_node)
		return 0;
	for (int which = MEMPOLICY_DEFAULT; rc == 0 && which <= MEMPOLICY_WEIGHTED; which++)
		rc = plan_policy(p, at, (enum mempolicy)which, &nodes);
	return rc;
}

/* ---- all at once ---- */

/* On each one's own memory (node < 0), or all on that of one node. */
static int plan_at_once(const struct planner *p, int node)
{
	enum together how = node < 0 ? TOGETHER_OWN_NODES : TOGETHER_ONE_NODE;
	struct idset all = machine_cpu_nodes(session_machine(p->s));
	struct cell sum = cell_of(p, 0, LESS_AT_ONCE), *members;
	size_t n = 0, *sites;
	struct placing at;
	int rc = 0;

	sites = calloc(idset_count(&all) + 1, sizeof(*sites));
	members = calloc(idset_count(&all) + 1, sizeof(*members));
	if (!sites || !members)
		rc = -ENOMEM;
	for (size_t i = 0; rc >= 0 && own_memory(p->s, i, &at); i++) {
		struct site site;

		at.mem_node = node < 0 ? at.mem_node : node;
		site = site_at(&at, KIND_USUAL);
		site.bytes = stream_set_bytes(set_at(p, &at).bytes);
		rc = session_site(p->s, &site);
		sites[n] = (size_t)rc;
		members[n] = whole_cell(p, &at, LESS_AT_ONCE);
		tell_cost(p, &site, rc, &members[n]);
		members[n].rec.together = how;
		record_set(&members[n].rec, "together", NULL);
		sum.rec.threads += members[n++].rec.threads;
	}
	sum.rec.together = how;
	sum.rec.mem_node = node;
	record_set(&sum.rec, "together", node < 0 ? NULL : "mem_node", NULL);
	if (rc >= 0 && n > 1)
		rc = session_joint(p->s, &sum, members, sites, n);
	free(members);
	free(sites);
	return rc < 0 ? rc : 0;
}

static int plan_all_at_once(const struct planner *p)
{
	struct idset nodes = machine_memory_nodes(session_machine(p->s));
	int rc = plan_at_once(p, -1);

	nodes = idset_and(&nodes, session_nodes(p->s));
	for (int n = -1; rc == 0 && (n = idset_next(&nodes, n)) >= 0;)
		rc = plan_at_once(p, n);
	return rc;
}

/* ---- the table ---- */

static int plan_row(const struct planner *p)
{
	const struct {
		enum depth from;
		int (*plan)(const struct planner *p, const struct placing *at);
	} own[] = {
		{ p->row->curve, plan_curve },
		{ p->row->policies, plan_policies },
		{ p->row->pages, plan_pages },
		{ p->row->sizes, plan_sizes },
	};
	struct idset workers = machine_cpu_nodes(session_machine(p->s));
	struct placing at;
	int rc = wanted(p, p->row->matrix) ? plan_matrix(p) : 0;

	workers = idset_and(&workers, session_nodes(p->s));
	if (rc == 0 && wanted(p, p->row->matrix))
		plan_cost_once(p->cost, CONTEST_SECONDS * (double)idset_count(&workers));
	if (rc == 0 && wanted(p, p->row->at_once))
		rc = plan_all_at_once(p);
	for (size_t k = 0; k < sizeof(own) / sizeof(own[0]); k++)
		for (size_t i = 0; rc == 0 && wanted(p, own[k].from) && own_memory(p->s, i, &at);
		     i++)
			rc = own[k].plan(p, &at);
	return rc;
}

int stream_plan(struct session *s, const struct stream_kernel *only, struct err *e)
{
	struct plan_cost cost = { 0 };
	struct planner p = { .s = s, .cost = &cost, .e = e };
	struct placing at;
	int rc = sysroot_open_live(&p.root, e);

	if (rc < 0)
		return rc;
	dimms_read(&p.dimms, &p.root);
	if (session_pair(s, 0, &at) && set_at(&p, &at).bytes < sizeof(double))
		rc = err_set(e, -EINVAL, "--size: an array of at least 8 bytes is needed");
	for (size_t i = 0; rc == 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		p.row = &rows[i];
		if (!only || only->op == rows[i].op)
			rc = plan_row(&p);
	}
	sysroot_close(&p.root);
	if (rc == 0)
		plan_cost_say(&cost, s, "mem-bandwidth");
	return rc;
}

bool stream_demands(const struct site *site, enum page_kind *pages)
{
	if (site->kind < KIND_PAGES || site->kind >= KIND_POLICY)
		return false;
	*pages = (enum page_kind)(site->kind - KIND_PAGES);
	return true;
}

struct memory_want stream_want(const struct worker *w, const struct site *site,
			       struct policy *policy)
{
	struct memory_want want = working_place(w, site);

	stream_demands(site, &want.pages);
	if (site->kind >= KIND_POLICY) {
		*policy = (struct policy){ .which = (enum mempolicy)(site->kind - KIND_POLICY),
					   .node = site->mem_node,
					   .spread = site->spread };
		want.policy = policy;
	}
	return want;
}
