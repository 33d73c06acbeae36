#include "result/recommend.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/derive.h"
#include "result/evidence.h"
#include "result/words.h"

const char *const matters_words[] = { [MATTERS_NO] = "no",
				      [MATTERS_YES] = "yes",
				      [MATTERS_UNDECIDED] = "undecided",
				      [MATTERS_UNMEASURED] = "unmeasured",
				      [MATTERS_ONE_NODE] = "one-node",
				      NULL };
static const char *const agreement_words[] = {
	[AGREES] = "agrees", [DISAGREES] = "disagrees", [UNDECLARED] = "undeclared"
};

const char *matters_name(enum matters m)
{
	return matters_words[m];
}

const char *agreement_name(enum agreement a)
{
	return agreement_words[a];
}

void recommendations_free(struct recommendation *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(all[i].evidence);
		json_decref(all[i].more);
	}
	free(all);
}

/* ---- one GPU ---- */

/* One GPU while its node is chosen. */
struct choice {
	const struct machine *m;
	const struct gpu *gpu;
	struct recommendation *r;
	struct known declared; /* its why: who says so, or why nobody does */
	struct kind *kinds;
	size_t nkinds;
	struct idset measured; /* nodes with a cell */
};

__attribute__((format(printf, 2, 3))) static void say(struct choice *c, const char *fmt, ...)
{
	char *why = c->r->why;
	size_t used = strlen(why);
	va_list args;

	va_start(args, fmt);
	vsnprintf(why + used, sizeof c->r->why - used, fmt, args);
	va_end(args);
}

static void take_node(struct choice *c, int node)
{
	c->r->has_node = true;
	c->r->node = node;
	if (c->declared.is)
		c->r->agreement = c->declared.value == node ? AGREES : DISAGREES;
}

/* Where nothing better is known: the declared node, or the nearest whose CPUs may
 * be used; none where none is declared. */
static void follow_declared(struct choice *c)
{
	const struct node *near;

	if (!c->declared.is) {
		say(c, "; no node is declared: %s", c->declared.why);
		return;
	}
	near = machine_driver(c->m, (int)c->declared.value);
	if (!near) {
		say(c, "; node %lld is declared, but no node's CPUs may be used",
		    c->declared.value);
		return;
	}
	take_node(c, near->id);
	if (near->id == c->declared.value)
		say(c, "; node %d is followed, as declared (%s)", near->id, c->declared.why);
	else
		say(c,
		    "; node %lld is declared (%s) but has no CPUs that may be used: node %d is the "
		    "nearest that has",
		    c->declared.value, c->declared.why, near->id);
}

static void choose_unmeasured(struct choice *c)
{
	c->r->matters = MATTERS_UNMEASURED;
	if (!idset_empty(&c->measured))
		say(c, "only node %d was measured: nothing to compare it with",
		    idset_next(&c->measured, -1));
	else if (c->gpu->state != GPU_USABLE && c->gpu->state != GPU_UNPROBED)
		say(c, "not measured, %s: %.100s", gpu_state_name(c->gpu->state),
		    c->gpu->state_why);
	else
		say(c, "not measured");
	follow_declared(c);
}

static void choose_only_node(struct choice *c, int node)
{
	c->r->matters = MATTERS_ONE_NODE;
	take_node(c, node);
	if (c->m->nnodes == 1)
		say(c, "this machine has one NUMA node: there is nothing to choose");
	else
		say(c, "only node %d has CPUs that may be used: there is nothing to choose", node);
	if (c->declared.is && c->declared.value != node)
		say(c, "; node %lld is declared (%s)", c->declared.value, c->declared.why);
}

/* The nodes that none beats, in any kind: the declared one among them, or the one
 * that is best where the most speaks for it. */
static int pick(const struct choice *c, const struct idset *unbeaten)
{
	const struct evidence *strongest = NULL;
	struct recommendation all = { .gpu = 0 };
	int node = idset_next(unbeaten, -1);

	if (c->declared.is && idset_has(unbeaten, (int)c->declared.value))
		return (int)c->declared.value;
	for (size_t i = 0; i < c->nkinds; i++)
		if (kind_testify(&c->kinds[i], -1, &all) < 0)
			break;
	evidence_sort(all.evidence, all.nevidence, -1);
	for (size_t i = 0; i < all.nevidence && !strongest; i++)
		if (idset_has(unbeaten, all.evidence[i].best))
			strongest = &all.evidence[i];
	if (strongest)
		node = strongest->best;
	free(all.evidence);
	return node;
}

/* Evidence as it stands for the chosen node, and the strongest of it on top. */
static int take_evidence(struct choice *c)
{
	struct recommendation *r = c->r;
	int rc = 0;

	for (size_t i = 0; i < c->nkinds && rc == 0; i++)
		rc = kind_testify(&c->kinds[i], r->has_node ? r->node : -1, r);
	evidence_sort(r->evidence, r->nevidence, r->has_node ? r->node : -1);
	if (rc == 0 && r->nevidence) {
		r->advantage = r->evidence[0].advantage;
		r->low = r->evidence[0].low;
		r->high = r->evidence[0].high;
	}
	return rc;
}

/* What less common kinds say for another node. */
static void say_against(struct choice *c)
{
	char name[160];

	for (size_t i = 0; i < c->r->nevidence; i++) {
		const struct evidence *ev = &c->r->evidence[i];

		if (ev->matters != MATTERS_YES || ev->best == c->r->node)
			continue;
		say(c, "; against it: %s %.2fx on node %d", evidence_name(ev, name, sizeof name),
		    ev->advantage, ev->best);
		return;
	}
}

static int choose_best(struct choice *c, const struct idset *unbeaten)
{
	const struct evidence *strongest;
	char name[96];
	int rc;

	c->r->matters = MATTERS_YES;
	take_node(c, pick(c, unbeaten));
	rc = take_evidence(c);
	if (rc < 0)
		return rc;
	strongest = &c->r->evidence[0];
	if (strongest->matters == MATTERS_YES && strongest->best == c->r->node)
		say(c, "node %d: %s %.2fx node %d, 95 %% interval %.2f-%.2f", c->r->node,
		    evidence_name(strongest, name, sizeof name), c->r->advantage, strongest->other,
		    c->r->low, c->r->high);
	else /* the declared node, beside one that is as good and beats others */
		say(c, "node %d: none is better for certain, and others are beaten", c->r->node);
	if (c->declared.is)
		say(c, "; declared: node %lld, %s", c->declared.value,
		    agreement_name(c->r->agreement));
	else
		say(c, "; declared: nothing (%s)", c->declared.why);
	say_against(c);
	return 0;
}

/* Each node is beaten somewhere: names one kind for each of two nodes. */
static void say_contradiction(struct choice *c, bool main)
{
	const struct kind *first = NULL;
	char a[96], b[96];

	for (size_t i = 0; i < c->nkinds; i++) {
		const struct kind *k = &c->kinds[i];
		const struct record *best = k->cells[k->best];

		if (k->main != main || idset_empty(&k->worse))
			continue;
		if (!first)
			first = k;
		if (!idset_has(&first->worse, best->cpu_node))
			continue;
		const struct record *other = first->cells[first->best];

		say(c,
		    "undecided, for the figures contradict each other: %s is better on node %d, "
		    "%s on node %d",
		    record_what(other, a, sizeof a), other->cpu_node,
		    record_what(best, b, sizeof b), best->cpu_node);
		return;
	}
	say(c, "undecided, for the figures contradict each other: every node is beaten somewhere");
}

/* The nodes that none beats in the main kinds, or in the others, and what else they say. */
struct hearing {
	struct idset unbeaten;
	bool beaten, undecided;
};

static struct hearing hear(const struct choice *c, bool main)
{
	struct hearing h = { .unbeaten = c->measured };

	for (size_t i = 0; i < c->nkinds; i++) {
		const struct kind *k = &c->kinds[i];

		if (k->main != main)
			continue;
		h.unbeaten = idset_minus(&h.unbeaten, &k->worse);
		h.beaten = h.beaten || !idset_empty(&k->worse);
		h.undecided = h.undecided || k->undecided;
	}
	return h;
}

static bool has_main(const struct choice *c)
{
	for (size_t i = 0; i < c->nkinds; i++)
		if (c->kinds[i].main)
			return true;
	return false;
}

static int choose_measured(struct choice *c)
{
	bool main = has_main(c);
	struct hearing h = hear(c, main);

	c->r->measured = true;
	if (main && !h.beaten) { /* what is rarer may yet tell them apart; its doubts count less */
		struct hearing rest = hear(c, false);

		if (rest.beaten) {
			h = rest;
			main = false;
		}
	}
	if (h.beaten && !idset_empty(&h.unbeaten))
		return choose_best(c, &h.unbeaten);
	c->r->matters = h.beaten || h.undecided ? MATTERS_UNDECIDED : MATTERS_NO;
	if (h.beaten)
		say_contradiction(c, main);
	else if (h.undecided)
		say(c, "undecided: too few samples, or intervals too wide to tell the nodes apart");
	else
		say(c, "binding makes no measurable difference here");
	follow_declared(c);
	return take_evidence(c);
}

static int choose(struct choice *c, const struct result *res)
{
	struct idset nodes = machine_cpu_nodes(c->m), left;
	char list[64];
	int rc = 0;

	if (idset_count(&nodes) == 1) {
		choose_only_node(c, idset_next(&nodes, -1));
		return 0;
	}
	if (res)
		rc = kinds_of_gpu(res, c->gpu->index, &c->kinds, &c->nkinds, &c->measured);
	if (rc == 0 && c->nkinds)
		rc = choose_measured(c);
	else if (rc == 0)
		choose_unmeasured(c);
	left = idset_minus(&nodes, &c->measured);
	if (rc == 0 && c->nkinds && !idset_empty(&left)) {
		idset_format(&left, list, sizeof list);
		say(c, "; not measured: node %s", list);
	}
	kinds_free(c->kinds, c->nkinds);
	return rc;
}

/* ---- all GPUs ---- */

/* GPUs of one node get disjoint shares of the cores that drive it. */
static void share_cores(const struct machine *m, struct recommendation *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct node *node = all[i].has_node ? machine_node(m, all[i].node) : NULL;
		const struct node *driver = node ? machine_driver(m, node->id) : NULL;
		size_t before = 0, users = 0;

		if (!driver)
			continue;
		for (size_t j = 0; j < n; j++)
			if (all[j].has_node && machine_driver(m, all[j].node) == driver) {
				users++;
				before += j < i;
			}
		all[i].cpus = machine_share_cores(driver, before, users, &all[i].cpus_shared);
		all[i].cpus = idset_and(&all[i].cpus, &driver->allowed_cpus);
		all[i].cpus_only = node->kind == NODE_MEMORYLESS || !node->allowed;
	}
}

static int recommend_all(const struct machine *m, const struct result *res,
			 struct recommendation **all, size_t *n)
{
	struct recommendation *v = calloc(m->ngpus + 1, sizeof *v);
	int rc = v ? 0 : -ENOMEM;

	for (size_t i = 0; i < m->ngpus && rc == 0; i++) {
		struct choice c = { .m = m,
				    .gpu = &m->gpus[i],
				    .r = &v[i],
				    .declared = gpu_declared_node(m, &m->gpus[i]) };

		v[i] = (struct recommendation){ .gpu = m->gpus[i].index,
						.advantage = NAN,
						.low = NAN,
						.high = NAN,
						.agreement = UNDECLARED };
		rc = choose(&c, res);
	}
	if (rc < 0) {
		recommendations_free(v, v ? m->ngpus : 0);
		return rc;
	}
	share_cores(m, v, m->ngpus);
	*all = v;
	*n = m->ngpus;
	return 0;
}

int recommend(struct result *res)
{
	struct recommendation *all;
	size_t n;
	int rc = derive(res);

	if (rc == 0)
		rc = recommend_all(&res->machine, res, &all, &n);
	if (rc < 0)
		return rc;
	recommendations_free(res->recommendations, res->nrecommendations);
	res->recommendations = all;
	res->nrecommendations = n;
	return 0;
}

int recommend_declared(const struct machine *m, struct recommendation **all, size_t *n)
{
	return recommend_all(m, NULL, all, n);
}

char *recommendation_numactl(const struct recommendation *r, char *buf, size_t size)
{
	bool cpus = !idset_empty(&r->cpus);
	size_t used =
		(size_t)snprintf(buf, size, "numactl --%s=", cpus ? "physcpubind" : "cpunodebind");
	char node[16];

	snprintf(node, sizeof node, "%d", r->node);
	if (used < size)
		used += cpus ? idset_format(&r->cpus, buf + used, size - used)
			     : (size_t)snprintf(buf + used, size - used, "%s", node);
	if (used < size && !r->cpus_only)
		snprintf(buf + used, size - used, " --membind=%s", node);
	return buf;
}
