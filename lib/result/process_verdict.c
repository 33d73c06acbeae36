/* process_verdict.c - see process_verdict.h. */
#include "result/process_verdict.h"
#include "util/units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A parent with less than this share of the tree's memory, and no GPU, only launches. */
#define LAUNCHER_SHARE 0.05

/* Where less memory lies tells nothing: a program that has just been started has stack and
 * arguments from before. */
enum { PROCESS_LEAST = 1 << 20 };

/* One process being judged. */
struct judging {
	const struct process_want *w;
	const struct process *p;
	struct process_verdict *v;
	struct idset cpu_nodes,
		mem_nodes; /* where v->nodes have CPUs, and memory, or the nearest */
};

const char *binding_name(enum process_binding b)
{
	static const char *const names[] = {
		[PROCESS_WELL] = "bound well",
		[PROCESS_NEEDLESS] = "nothing to bind",
		[PROCESS_UNKNOWN] = "not known",
		[PROCESS_MEMORY_ONLY] = "memory only",
		[PROCESS_CPU_ONLY] = "CPU only",
		[PROCESS_UNBOUND] = "not bound",
		[PROCESS_WRONG_NODE] = "bound to the wrong node",
	};

	return names[b];
}

static bool within(const struct idset *a, const struct idset *of)
{
	struct idset rest = idset_minus(a, of);

	return !idset_empty(a) && idset_empty(&rest);
}

static bool apart(const struct idset *a, const struct idset *b)
{
	struct idset both = idset_and(a, b);

	return !idset_empty(a) && idset_empty(&both);
}

static enum keeping keeping_of(const struct idset *where, const struct idset *wanted)
{
	if (idset_empty(where))
		return KEPT_UNKNOWN;
	return within(where, wanted) ? KEPT_IN : apart(where, wanted) ? KEPT_AWAY : KEPT_LOOSE;
}

/* Both in is in, both away is away; what differs is loose. */
static enum keeping joined(enum keeping a, enum keeping b)
{
	return a == KEPT_UNKNOWN ? b : b == KEPT_UNKNOWN || a == b ? a : KEPT_LOOSE;
}

/* Nodes with CPUs, and nodes with memory, whether or not we may use them ourselves. */
static struct idset all_nodes(const struct machine *m, enum node_kind without)
{
	struct idset s = { 0 };

	for (size_t i = 0; i < m->nnodes; i++)
		if (m->nodes[i].kind != without)
			idset_add(&s, m->nodes[i].id);
	return s;
}

static struct idset nodes_of_cpus(const struct machine *m, const struct idset *cpus)
{
	struct idset s = { 0 };

	for (size_t i = 0; i < m->nnodes; i++)
		if (!apart(&m->nodes[i].cpus, cpus) && !idset_empty(&m->nodes[i].cpus))
			idset_add(&s, m->nodes[i].id);
	return s;
}

/* ---- where it is to be ---- */

struct known process_gpu_node(const struct process_want *w, int gpu)
{
	const struct gpu *g = machine_gpu(w->m, gpu);

	for (size_t i = 0; i < w->nmeasured; i++)
		if (w->measured[i].gpu == gpu && w->measured[i].has_node)
			return KNOWN(w->measured[i].node);
	return g ? gpu_declared_node(w->m, g) : UNKNOWN("no such GPU");
}

static void want_node(struct process_verdict *v, const struct known *node)
{
	if (node->is && node->value >= 0 && node->value < IDSET_MAX)
		idset_add(&v->nodes, (int)node->value);
}

/* Adds the GPUs that a process has open, and their nodes. */
static void want_gpus_of(struct process_verdict *v, const struct process *p,
			 const struct process_want *w)
{
	for (size_t i = 0; i < p->ngpus; i++) {
		const struct process_gpu *g = &p->gpus[i];
		struct known node = g->gpu >= 0 ? process_gpu_node(w, g->gpu) : g->node;

		if (!g->visible)
			continue;
		idset_add(&v->gpus, g->gpu);
		want_node(v, &node);
	}
}

static bool descends(const struct process_tree *t, size_t child, size_t from)
{
	for (int at = t->v[child].parent; at >= 0; at = t->v[at].parent)
		if ((size_t)at == from)
			return true;
	return false;
}

/* The nodes that the GPUs of process i tell. */
static void want_nodes(struct process_verdict *v, const struct process_tree *t, size_t i,
		       const struct process_want *w)
{
	for (int gpu = -1; (gpu = idset_next(&w->gpus, gpu)) >= 0;) {
		struct known node = process_gpu_node(w, gpu);

		idset_add(&v->gpus, gpu);
		want_node(v, &node);
	}
	if (!idset_empty(&w->gpus))
		return;
	for (int at = (int)i; at >= 0; at = t->v[at].parent) {
		if (!t->v[at].ngpus)
			continue;
		want_gpus_of(v, &t->v[at], w);
		return;
	}
	for (size_t j = i + 1; j < t->n; j++)
		if (descends(t, j, i))
			want_gpus_of(v, &t->v[j], w);
}

/* ---- what keeps it where ---- */

static bool of_guest(const struct process *p)
{
	for (size_t i = 0; i < p->nkinds; i++)
		if (p->threads[i].vcpu)
			return true;
	return false;
}

/* The threads that count: the virtual CPUs of a QEMU guest, all threads of anything else. */
static bool counts(const struct process *p, const struct process_threads *t)
{
	return t->vcpu || !of_guest(p);
}

static void judge_cpus(struct judging *j)
{
	j->v->cpus = KEPT_UNKNOWN;
	for (size_t i = 0; i < j->p->nkinds; i++) {
		const struct process_threads *t = &j->p->threads[i];
		struct idset nodes = nodes_of_cpus(j->w->m, &t->cpus);
		enum keeping k = keeping_of(&nodes, &j->cpu_nodes);

		if (!counts(j->p, t))
			continue;
		j->v->cpus = joined(j->v->cpus, k);
		j->v->threads += t->n;
		j->v->threads_out += k == KEPT_IN ? 0 : t->n;
	}
}

/* Memory nodes that the process's cpuset leaves it. */
static struct idset allowed_memory(const struct judging *j)
{
	struct idset all = all_nodes(j->w->m, NODE_MEMORYLESS), s = { 0 };

	for (size_t i = 0; i < j->p->nkinds; i++)
		s = idset_or(&s, &j->p->threads[i].mems);
	return idset_and(&s, &all);
}

/* Nodes to which the policies of nine tenths of its own memory keep it; empty: none do. */
static struct idset policy_nodes(const struct process *p)
{
	struct idset s = { 0 };
	uint64_t all = 0, kept = 0;

	for (size_t i = 0; i < p->nareas; i++) {
		all += p->areas[i].own_bytes;
		if (idset_empty(&p->areas[i].policy.nodes) || !p->areas[i].own_bytes)
			continue;
		kept += p->areas[i].own_bytes;
		s = idset_or(&s, &p->areas[i].policy.nodes);
	}
	return all && (double)kept >= PROCESS_MOST * (double)all ? s : (struct idset){ 0 };
}

/* What keeps its memory: the cpuset where that leaves out nodes that have some, or policies. */
static struct idset kept_to(const struct judging *j)
{
	struct idset all = all_nodes(j->w->m, NODE_MEMORYLESS), allowed = allowed_memory(j);
	struct idset by_policy = policy_nodes(j->p), both = idset_and(&allowed, &by_policy);

	if (!idset_empty(&both))
		return both;
	return idset_equal(&allowed, &all) ? (struct idset){ 0 } : allowed;
}

/* Threads whose own policy keeps nothing where the main thread's does: areas without a policy
 * are shown with the main thread's, whoever fills them. */
static bool threads_differ(const struct process *p)
{
	const struct process_threads *main_thread = p->nkinds ? &p->threads[0] : NULL;

	for (size_t i = 1; i < p->nkinds; i++)
		if (p->threads[i].policy.mode != POLICY_UNREAD &&
		    !idset_empty(&main_thread->policy.nodes) &&
		    idset_empty(&p->threads[i].policy.nodes))
			return true;
	return false;
}

/* A GPU's own memory may be a node, too, and is none of the machine's: it does not count. */
static double share_on(const struct machine *m, const struct process *p, const struct idset *nodes)
{
	uint64_t all = 0, there = 0;

	for (size_t i = 0; i < p->nnodes; i++) {
		if (!machine_node(m, p->nodes[i].node))
			continue;
		all += process_node_own(&p->nodes[i]);
		there += idset_has(nodes, p->nodes[i].node) ? process_node_own(&p->nodes[i]) : 0;
	}
	return p->memory_why || !all ? NAN : (double)there / (double)all;
}

static void judge_memory(struct judging *j)
{
	struct process_verdict *v = j->v;
	struct idset allowed = allowed_memory(j);
	bool by_cpuset = within(&allowed, &j->mem_nodes);

	v->share = share_on(j->w->m, j->p, &j->mem_nodes);
	v->memory = keeping_of(&v->memory_nodes, &j->mem_nodes);
	if (v->memory == KEPT_UNKNOWN && !j->p->memory_why)
		v->memory = KEPT_LOOSE;
	if (v->memory == KEPT_IN && !by_cpuset && threads_differ(j->p))
		v->memory = KEPT_LOOSE;
	/* What was there before it was bound, or overflowed, stays elsewhere. */
	if (v->share < PROCESS_MOST && v->memory == KEPT_IN && process_own(j->p) >= PROCESS_LEAST)
		v->memory = KEPT_LOOSE;
}

/* ---- the verdict ---- */

static enum process_binding binding_of(enum keeping cpus, enum keeping memory)
{
	if (cpus == KEPT_AWAY || memory == KEPT_AWAY)
		return PROCESS_WRONG_NODE;
	if (cpus == KEPT_UNKNOWN || memory == KEPT_UNKNOWN)
		return PROCESS_UNKNOWN;
	if (cpus == KEPT_IN)
		return memory == KEPT_IN ? PROCESS_WELL : PROCESS_CPU_ONLY;
	return memory == KEPT_IN ? PROCESS_MEMORY_ONLY : PROCESS_UNBOUND;
}

/* CPUs and memory that go with nodes which have none of their own. */
static void place_wanted(struct judging *j)
{
	const struct machine *m = j->w->m;

	j->cpu_nodes = j->mem_nodes = (struct idset){ 0 };
	for (int id = -1; (id = idset_next(&j->v->nodes, id)) >= 0;) {
		const struct node *n = machine_node(m, id), *cpus = n, *memory = n;

		if (n && n->kind == NODE_CPULESS)
			cpus = machine_driver(m, id);
		if (n && n->kind == NODE_MEMORYLESS)
			memory = machine_memory_for(m, id);
		if (cpus)
			idset_add(&j->cpu_nodes, cpus->id);
		if (memory)
			idset_add(&j->mem_nodes, memory->id);
	}
}

/* Whether the wanted nodes leave anything to bind to. */
static bool wants_all(struct judging *j)
{
	struct idset cpus = all_nodes(j->w->m, NODE_CPULESS);
	struct idset memory = all_nodes(j->w->m, NODE_MEMORYLESS);

	place_wanted(j);
	return within(&cpus, &j->cpu_nodes) && within(&memory, &j->mem_nodes);
}

/* The one node that it keeps itself to: with its threads, else with its memory. */
static void want_own(struct judging *j)
{
	struct process_verdict *v = j->v;

	v->by_gpus = false;
	v->nodes = (struct idset){ 0 };
	if (idset_count(&v->cpu_nodes) == 1)
		v->nodes = v->cpu_nodes;
	else if (idset_count(&v->memory_nodes) == 1)
		v->nodes = v->memory_nodes;
}

/* It may have GPUs open of which nobody told us. */
static bool gpus_unseen(const struct judging *j)
{
	return !j->v->by_gpus && j->p->gpus_why && idset_empty(&j->w->gpus);
}

static void judge_one(struct judging *j)
{
	const struct machine *m = j->w->m;
	struct process_verdict *v = j->v;
	bool everywhere;

	for (size_t i = 0; i < j->p->nkinds; i++) {
		struct idset nodes = nodes_of_cpus(m, &j->p->threads[i].cpus);

		if (counts(j->p, &j->p->threads[i]))
			v->cpu_nodes = idset_or(&v->cpu_nodes, &nodes);
	}
	v->memory_nodes = kept_to(j);
	v->by_gpus = !idset_empty(&v->nodes);
	everywhere = v->by_gpus && wants_all(j);
	if (!v->by_gpus || everywhere)
		want_own(j);
	place_wanted(j);
	if (m->nnodes < 2) {
		v->binding = PROCESS_NEEDLESS;
	} else if (idset_empty(&v->nodes)) {
		v->binding = everywhere         ? PROCESS_NEEDLESS
			     : j->p->memory_why ? PROCESS_UNKNOWN
						: PROCESS_UNBOUND;
	} else {
		judge_cpus(j);
		judge_memory(j);
		v->binding = binding_of(v->cpus, v->memory);
	}
	if (v->binding == PROCESS_WELL && gpus_unseen(j))
		v->binding = PROCESS_UNKNOWN;
}

/* ---- in words ---- */

static const char *nodes_text(const struct idset *s, char buf[48])
{
	char list[40];

	idset_format(s, list, sizeof(list));
	snprintf(buf, 48, "node%s %s", plural(idset_count(s)), list);
	return buf;
}

/* "its threads may run on nodes 0-1" */
static void tell_cpus(const struct judging *j, char *buf, size_t size)
{
	const struct process_verdict *v = j->v;
	char nodes[48];

	nodes_text(&v->cpu_nodes, nodes);
	if (v->cpus == KEPT_LOOSE && v->threads_out < v->threads)
		snprintf(buf, size, "%zu of its %zu %ss may run elsewhere", v->threads_out,
			 v->threads, of_guest(j->p) ? "vCPU" : "thread");
	else
		snprintf(buf, size, "its %ss may run on %s%s", of_guest(j->p) ? "vCPU" : "thread",
			 nodes, v->cpus == KEPT_IN ? " alone" : "");
}

static void tell_memory(const struct judging *j, char *buf, size_t size)
{
	const struct process_verdict *v = j->v;
	char nodes[48], share[80] = "";

	if (!isnan(v->share))
		snprintf(share, sizeof(share), "%.0f %% of it is on %s", 100 * v->share,
			 nodes_text(&v->nodes, nodes));
	nodes_text(&v->memory_nodes, nodes);
	if (j->p->memory_why && v->memory == KEPT_UNKNOWN)
		snprintf(buf, size, "where its memory lies cannot be seen");
	else if (idset_empty(&v->memory_nodes))
		snprintf(buf, size, "nothing keeps its memory there%s%s", share[0] ? "; " : "",
			 share);
	else if (v->memory == KEPT_LOOSE && threads_differ(j->p))
		snprintf(buf, size,
			 "not all its threads follow the policy that keeps memory on %s%s%s", nodes,
			 share[0] ? "; " : "", share);
	else
		snprintf(buf, size, "its memory is kept to %s%s%s", nodes, share[0] ? "; " : "",
			 share);
}

static void tell(const struct judging *j)
{
	struct process_verdict *v = j->v;
	char cpus[100], memory[180], nodes[48];

	if (v->binding == PROCESS_NEEDLESS) {
		snprintf(v->why, sizeof(v->why), "%s",
			 j->w->m->nnodes < 2 ? "this machine has one node"
					     : "its GPUs hang on all nodes, and it uses them all");
		return;
	}
	tell_cpus(j, cpus, sizeof(cpus));
	tell_memory(j, memory, sizeof(memory));
	if (v->by_gpus)
		snprintf(v->why, sizeof(v->why), "its GPU%s fed from %s: %s; %s",
			 idset_count(&v->gpus) > 1 ? "s are" : " is", nodes_text(&v->nodes, nodes),
			 cpus, memory);
	else
		snprintf(v->why, sizeof(v->why), "%s; %s%s", cpus, memory,
			 gpus_unseen(j) ? "; which GPUs it has open cannot be seen" : "");
}

/* ---- the tree ---- */

static bool has_children(const struct process_tree *t, size_t i)
{
	for (size_t j = i + 1; j < t->n; j++)
		if (t->v[j].parent == (int)i)
			return true;
	return false;
}

/* A shell, mpirun, torchrun: it has hardly any of the memory, and no GPU. */
static bool launches(const struct process_tree *t, size_t i)
{
	uint64_t all = 0;

	for (size_t j = 0; j < t->n; j++)
		all += process_own(&t->v[j]);
	return has_children(t, i) && !t->v[i].ngpus && !t->v[i].memory_why &&
	       (double)process_own(&t->v[i]) < LAUNCHER_SHARE * (double)all;
}

int process_judge(struct tree_verdict *v, const struct process_tree *t,
		  const struct process_want *w)
{
	bool any = false;

	*v = (struct tree_verdict){ .binding = PROCESS_UNKNOWN };
	v->v = calloc(t->n ? t->n : 1, sizeof(*v->v));
	if (!v->v)
		return -ENOMEM;
	v->n = t->n;
	for (size_t i = 0; i < t->n; i++) {
		struct judging j = { .w = w, .p = &t->v[i], .v = &v->v[i] };

		j.v->share = NAN;
		want_nodes(j.v, t, i, w);
		judge_one(&j);
		j.v->judged = !t->v[i].ended && !launches(t, i);
		if (j.v->judged)
			tell(&j);
		else
			snprintf(j.v->why, sizeof(j.v->why), "%s",
				 t->v[i].ended ? "it has ended" : "it only launches the others");
		if (!j.v->judged || (any && j.v->binding <= v->binding))
			continue;
		any = true;
		v->binding = j.v->binding;
		v->worst = i;
	}
	return process_cores(&v->sharing, &v->nsharing, t, w->m);
}

void tree_verdict_release(struct tree_verdict *v)
{
	free(v->v);
	free(v->sharing);
	*v = (struct tree_verdict){ .binding = PROCESS_UNKNOWN };
}
