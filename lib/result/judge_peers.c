/* judge_peers.c - what is equal should be equally fast. See judge_parts.h.
 *
 * Which differences count is reasoned in results/README.md, "Equals".
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/judge_parts.h"
#include "result/statistics.h"

/* Among how many equals so many may differ and still be the ones that are wrong: past that it is a
 * pattern of the machine, and warns. */
enum { OUTLIERS_ONE_IN = 4 };

/* How far one of several equals, and one of two, may be off before it is told. */
struct tolerance {
	const char *id;
	double of_many, of_two;
	enum judged_status beyond;
};

static const struct tolerance gpu_copies = { "peers.gpu", 0.05, 0.10, JUDGED_FAIL },
			      gpu_delays = { "peers.gpu-latency", 0.25, 0.35, JUDGED_WARN },
			      memory_rates = { "peers.node", 0.10, 0.15, JUDGED_FAIL },
			      memory_delays = { "peers.node-latency", 0.15, 0.20, JUDGED_WARN },
			      gpu_pairs = { "peers.pair", 0.10, 0.15, JUDGED_WARN },
			      node_pairs = { "peers.node-pair", 0.15, 0.20, JUDGED_WARN };

/* One thing that has equals, and how it did at one kind of cell. */
struct member {
	int a, b;                /* GPU, node, or a pair of them (b -1: no pair) */
	const struct record *at; /* its cell */
};

struct group {
	struct result *res;
	const struct tolerance *tolerance;
	/* Why a member that is beyond its limit fails nobody; NULL: it does. */
	const char *(*doubt)(const struct result *res, const struct record *r);
	struct member *members;
	size_t n;
	double *others; /* scratch */
};

/* The worst that was found of one thing over all kinds of cells. */
struct worst {
	int a, b;
	double slower; /* 0.07: 7 % slower than the others' median; < 0: nothing was judged */
	double limit;  /* of `slower` */
	double median;
	size_t equals, kinds; /* kinds beyond the limit */
	enum judged_status status;
	const char *doubt; /* why it does not fail; NULL: it does, or would not anyway */
	const struct record *at;
};

/* By how much v is the worse of the two: 0.07 for 7 %, of rates less, of latencies more. */
static double slower_by(const struct record *r, double v, double median)
{
	return r->better == BETTER_LOWER ? v / median - 1 : 1 - v / median;
}

/* The median of all but one, and how far equals may be off it. */
static double median_of_others(const struct group *g, size_t but, double *limit)
{
	size_t n = 0;
	double median, spread;

	for (size_t i = 0; i < g->n; i++)
		if (i != but)
			g->others[n++] = g->members[i].at->median;
	median = median_of(g->others, n);
	spread = 3 * mad_of(g->others, n) / median;
	*limit = n < 2 ? g->tolerance->of_two : fmax(g->tolerance->of_many, spread);
	return median;
}

/* The end of its interval that does it the most good. */
static double benefit_of_doubt(const struct record *r)
{
	if (r->better == BETTER_LOWER)
		return record_has(r, "low") ? r->low : r->median;
	return record_has(r, "high") ? r->high : r->median;
}

/* How many of a group are beyond their limit. */
static size_t count_slow(const struct group *g)
{
	size_t slow = 0;

	for (size_t i = 0; i < g->n; i++) {
		double limit, median = median_of_others(g, i, &limit);
		const struct record *r = g->members[i].at;

		slow += slower_by(r, r->median, median) > limit;
	}
	return slow;
}

static struct worst *find_worst(struct worst *all, size_t *n, const struct member *m)
{
	for (size_t i = 0; i < *n; i++)
		if (all[i].a == m->a && all[i].b == m->b)
			return &all[i];
	all[*n] = (struct worst){ .a = m->a, .b = m->b, .slower = -INFINITY };
	return &all[(*n)++];
}

/* Sets every member against the others, and keeps what was the worst of each. */
static void judge_group(const struct group *g, struct worst *all, size_t *nall)
{
	size_t most = g->n / OUTLIERS_ONE_IN > 1 ? g->n / OUTLIERS_ONE_IN : 1;
	bool pattern;

	if (g->n < 2)
		return;
	pattern = count_slow(g) > most;
	for (size_t i = 0; i < g->n; i++) {
		const struct record *r = g->members[i].at;
		struct worst *w = find_worst(all, nall, &g->members[i]);
		double limit, median = median_of_others(g, i, &limit);
		double slower = slower_by(r, r->median, median);
		bool beyond = slower > limit;
		const char *doubt = g->doubt && beyond ? g->doubt(g->res, r) : NULL;
		bool sure = slower_by(r, benefit_of_doubt(r), median) > limit && !pattern && !doubt;
		enum judged_status s = !beyond ? JUDGED_PASS
				       : sure  ? g->tolerance->beyond
					       : JUDGED_WARN;

		w->kinds += beyond;
		if (w->slower > -INFINITY &&
		    (s < w->status || (s == w->status && slower <= w->slower)))
			continue;
		w->slower = slower;
		w->limit = limit;
		w->median = median;
		w->equals = g->n - 1;
		w->status = s;
		w->doubt = doubt;
		w->at = r;
	}
}

/* ---- what is told ---- */

static int tell_worst(struct result *res, const struct worst *w, const struct tolerance *t,
		      const char *thing)
{
	const struct record *r = w->at;
	struct judged j = { .reference = REFERENCE_PEERS,
			    .status = w->status,
			    .record = r,
			    .observed = r->median,
			    .unit = "",
			    .source = "results/README.md, Equals" };
	char own[32], theirs[32], what[160], more[64] = "";
	bool rate = r->better == BETTER_HIGHER;

	j.expected = w->median * (rate ? 1 - w->limit : 1 + w->limit);
	snprintf(j.id, sizeof j.id, "%s", t->id);
	snprintf(j.unit, sizeof j.unit, "%s", r->unit);
	if (w->b < 0)
		snprintf(j.subject, sizeof j.subject, "%s %d", thing, w->a);
	else
		snprintf(j.subject, sizeof j.subject, "%s %d to %s %d", thing, w->a, thing, w->b);
	if (w->kinds > 1)
		snprintf(more, sizeof more, "; %zu more kinds of cells likewise", w->kinds - 1);
	judged_say(&j, "%s, %s: %s, %.1f %% %s than %s (%s)%s%s%s%s", j.subject,
		   record_what(r, what, sizeof what),
		   figure_text(own, sizeof own, r->unit, r->median), 100 * fabs(w->slower),
		   w->slower > 0 ? "worse" : "better",
		   w->equals == 1 ? "its only equal" : "the median of its equals",
		   figure_text(theirs, sizeof theirs, r->unit, w->median), more,
		   w->equals == 1 && w->status != JUDGED_PASS
			   ? "; of two, only the slower one can be named"
			   : "",
		   w->doubt ? "; it does not fail, for " : "", w->doubt ? w->doubt : "");
	if (w->status != JUDGED_PASS)
		snprintf(
			j.fix, sizeof j.fix,
			"exchange it with one of its equals: what is slow then is the part, or the "
			"place that it is in");
	return judged_add(res, &j);
}

/* How many were judged, in one line, where none is beyond. */
static int tell_equal(struct result *res, const struct worst *all, size_t n,
		      const struct tolerance *t, const char *thing)
{
	const struct worst *w = NULL;
	struct judged j = { .reference = REFERENCE_PEERS, .status = JUDGED_PASS };

	for (size_t i = 0; i < n; i++)
		if (!w || all[i].slower > w->slower)
			w = &all[i];
	if (!w)
		return 0;
	snprintf(j.id, sizeof j.id, "%s", t->id);
	snprintf(j.subject, sizeof j.subject, "%ss", thing);
	judged_say(&j, "%zu %s%ss: none is off its equals by more than %.1f %%", n,
		   w->b >= 0 ? "pairs of " : "", thing, 100 * fmax(w->slower, 0));
	return judged_add(res, &j);
}

static int tell_all(struct result *res, const struct worst *all, size_t n,
		    const struct tolerance *t, const char *thing)
{
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		if (all[i].status == JUDGED_PASS)
			continue;
		any = true;
		rc = tell_worst(res, &all[i], t, thing);
	}
	return rc < 0 || any ? rc : tell_equal(res, all, n, t, thing);
}

/* ---- who is equal, and at what ---- */

/* What is compared: which cells, what of a record makes a member, and which members are equal. */
struct kind {
	const struct tolerance *tolerance;
	const char *thing;
	bool (*takes)(const struct result *res, const struct record *r);
	/* Its member; false: this record is not the one that counts. */
	bool (*member)(const struct result *res, const struct record *r, struct member *m);
	bool (*equal)(const struct result *res, const struct record *a, const struct record *b);
	/* Of what fails; group.doubt. */
	const char *(*doubt)(const struct result *res, const struct record *r);
};

static bool is_guest(const struct result *res)
{
	const char *guest = result_guest(res);

	return guest && strcmp(guest, "none") != 0;
}

/* A hypervisor that keeps to itself on which socket a GPU is makes equal ones differ. */
static const char *doubt_gpu(const struct result *res, const struct record *r)
{
	const struct gpu *g = machine_gpu(&res->machine, r->gpu);

	/* One node may be all that the guest sees of several. */
	return is_guest(res) && (res->machine.nnodes < 2 ||
				 !(g && gpu_declared_node(&res->machine, g).is))
		       ? "this virtual machine is not told on which node it hangs"
		       : NULL;
}

static const char *doubt_node(const struct result *res, const struct record *r)
{
	(void)r;
	return is_guest(res) ? "nobody knows what lies behind the nodes of a virtual machine"
			     : NULL;
}

static bool same_known(const struct known *a, const struct known *b)
{
	return a->is == b->is && (!a->is || a->value == b->value);
}

static bool equal_gpus(const struct result *res, int x, int y)
{
	const struct gpu *a = machine_gpu(&res->machine, x), *b = machine_gpu(&res->machine, y);

	return a && b && a->name[0] && strcmp(a->name, b->name) == 0 &&
	       same_known(&a->max_gen, &b->max_gen) && same_known(&a->max_width, &b->max_width) &&
	       same_known(&a->memory_bytes, &b->memory_bytes);
}

/* Memory within 2 %: firmware takes its part of the first one. */
static bool equal_nodes(const struct result *res, int x, int y)
{
	const struct node *a = machine_node(&res->machine, x), *b = machine_node(&res->machine, y);

	return a && b && a->kind == b->kind && a->ncores == b->ncores && a->memory_bytes.is &&
	       b->memory_bytes.is &&
	       fabs((double)(a->memory_bytes.value - b->memory_bytes.value)) <=
		       0.02 * (double)a->memory_bytes.value;
}

static bool is_gpu_cell(const struct result *res, const struct record *r)
{
	const struct gpu *g = machine_gpu(&res->machine, r->gpu);

	return record_has(r, "gpu") && !record_has(r, "peer") && cell_is_sound(r) && g &&
	       !g->busy && !g->instances[0] &&
	       (!record_has(r, "together") ||
		(r->together == TOGETHER_BOTH_WAYS && r->direction == DIR_BIDIRECTIONAL));
}

/* Memory that the GPU reads and writes by itself. */
static bool takes_copies(const struct result *res, const struct record *r)
{
	return is_gpu_cell(res, r) && strcmp(r->metric, "bandwidth") == 0 && cell_is_large(r) &&
	       record_has(r, "memory") && r->memory != MEM_PAGEABLE && r->memory != MEM_MANAGED;
}

static bool takes_delays(const struct result *res, const struct record *r)
{
	return is_gpu_cell(res, r) && strcmp(r->test, "gpu-latency") == 0;
}

static bool gpu_member(const struct result *res, const struct record *r, struct member *m)
{
	*m = (struct member){ r->gpu, -1, r };
	return cell_at_home(res, r, r->gpu) == r;
}

static bool gpus_alike(const struct result *res, const struct record *a, const struct record *b)
{
	return cell_same_kind(a, b) && equal_gpus(res, a->gpu, b->gpu);
}

static bool takes_rates(const struct result *res, const struct record *r)
{
	return strcmp(r->test, "mem-bandwidth") == 0 && cell_is_memory(res, r);
}

static bool takes_memory_delays(const struct result *res, const struct record *r)
{
	return strcmp(r->test, "mem-latency") == 0 && cell_is_memory(res, r);
}

static bool node_member(const struct result *res, const struct record *r, struct member *m)
{
	*m = (struct member){ r->mem_node, -1, r };
	return cell_is_near(&res->machine, r);
}

static bool same_memory_kind(const struct record *a, const struct record *b)
{
	return strcmp(a->metric, b->metric) == 0 &&
	       record_same_but(a, b, record_fields("cpu_node", "mem_node", "bytes", NULL));
}

static bool nodes_alike(const struct result *res, const struct record *a, const struct record *b)
{
	return same_memory_kind(a, b) && equal_nodes(res, a->mem_node, b->mem_node) &&
	       equal_nodes(res, a->cpu_node, b->cpu_node);
}

static bool takes_remote_rates(const struct result *res, const struct record *r)
{
	return takes_rates(res, r) && !cell_is_near(&res->machine, r);
}

static bool pair_of_nodes(const struct result *res, const struct record *r, struct member *m)
{
	(void)res;
	*m = (struct member){ r->cpu_node, r->mem_node, r };
	return true;
}

/* As far from each other, as the firmware says. */
static bool node_pairs_alike(const struct result *res, const struct record *a,
			     const struct record *b)
{
	struct known one = machine_distance(&res->machine, a->cpu_node, a->mem_node),
		     two = machine_distance(&res->machine, b->cpu_node, b->mem_node);

	return nodes_alike(res, a, b) && one.is && two.is && one.value == two.value;
}

static bool takes_peers(const struct result *res, const struct record *r)
{
	(void)res;
	return record_has(r, "peer") && record_has(r, "direction") && !record_has(r, "together") &&
	       strcmp(r->metric, "bandwidth") == 0 && cell_is_large(r) && cell_is_sound(r);
}

static bool pair_of_gpus(const struct result *res, const struct record *r, struct member *m)
{
	bool pulled = r->direction == DIR_H2D;

	(void)res;
	*m = (struct member){ pulled ? r->peer : r->gpu, pulled ? r->gpu : r->peer, r };
	return true;
}

static bool gpu_pairs_alike(const struct result *res, const struct record *a,
			    const struct record *b)
{
	const uint64_t apart = record_fields("gpu", "peer", "cpu_node", "mem_node", NULL);

	return strcmp(a->path, b->path) == 0 && a->path[0] && record_same_but(a, b, apart) &&
	       equal_gpus(res, a->gpu, b->gpu) && equal_gpus(res, a->peer, b->peer);
}

static const struct kind kinds[] = {
	{ &gpu_copies, "GPU", takes_copies, gpu_member, gpus_alike, doubt_gpu },
	{ &gpu_delays, "GPU", takes_delays, gpu_member, gpus_alike, NULL },
	{ &memory_rates, "node", takes_rates, node_member, nodes_alike, doubt_node },
	{ &memory_delays, "node", takes_memory_delays, node_member, nodes_alike, NULL },
	{ &gpu_pairs, "GPU", takes_peers, pair_of_gpus, gpu_pairs_alike, NULL },
	{ &node_pairs, "node", takes_remote_rates, pair_of_nodes, node_pairs_alike, NULL },
};

/* Something whose fault physics has told already: it is told once, and is no measure for others. */
static bool told_by_physics(const struct result *res, const char *thing, const struct member *m)
{
	char subject[64];

	snprintf(subject, sizeof subject, "%s %d", thing, m->a);
	for (size_t i = 0; i < res->nfindings && m->b < 0; i++)
		if (strcmp(res->findings[i].family, reference_name(REFERENCE_PHYSICS)) == 0 &&
		    strcmp(res->findings[i].status, "fail") == 0 &&
		    strcmp(res->findings[i].subject, subject) == 0)
			return true;
	return false;
}

/* Whether a member of the same things was there before: several policies .. of one cell. */
static bool has_member(const struct group *g, const struct member *m)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->members[i].a == m->a && g->members[i].b == m->b)
			return true;
	return false;
}

/* Gathers records[first] and all that are like it, of those that are not done; they are then. */
static void gather(struct group *g, const struct kind *k, size_t first, bool *done)
{
	const struct record *r = g->res->records;

	g->n = 0;
	for (size_t i = first; i < g->res->nrecords; i++) {
		struct member m;

		if (done[i] || (i != first && !k->equal(g->res, &r[first], &r[i])))
			continue;
		done[i] = true;
		if (k->member(g->res, &r[i], &m) && !has_member(g, &m) &&
		    !told_by_physics(g->res, k->thing, &m))
			g->members[g->n++] = m;
	}
}

static int judge_kind(struct result *res, const struct kind *k)
{
	const size_t most = res->nrecords + 1;
	struct group g = { .res = res,
			   .tolerance = k->tolerance,
			   .doubt = k->doubt,
			   .members = calloc(most, sizeof *g.members),
			   .others = calloc(most, sizeof *g.others) };
	struct worst *all = calloc(most, sizeof *all);
	bool *done = calloc(most, sizeof *done);
	size_t n = 0;
	int rc = g.members && g.others && all && done ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < res->nrecords; i++)
		done[i] = !k->takes(res, &res->records[i]);
	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		if (done[i])
			continue;
		gather(&g, k, i, done);
		judge_group(&g, all, &n);
	}
	if (rc == 0)
		rc = tell_all(res, all, n, k->tolerance, k->thing);
	free(done);
	free(all);
	free(g.others);
	free(g.members);
	return rc;
}

int judge_peers(struct result *res)
{
	int rc = 0;

	judged_forget(res, REFERENCE_PEERS);
	for (size_t i = 0; rc == 0 && i < sizeof kinds / sizeof *kinds; i++)
		rc = judge_kind(res, &kinds[i]);
	return rc;
}
