/* process_json.c - a process and its verdict as { "process", "checks" }. Sizes in bytes. */
#include <math.h>

#include "process.h"
#include "util/json.h"

static const char *const kinds[PROCESS_MEMORY_KINDS] = {
	[PROCESS_HUGE] = "huge",       [PROCESS_HEAP] = "heap",     [PROCESS_STACK] = "stack",
	[PROCESS_PRIVATE] = "private", [PROCESS_SHARED] = "shared", [PROCESS_FILES] = "files",
};

static json_t *policy_json(const struct memory_policy *p)
{
	char text[256];

	return p->mode == POLICY_UNREAD ? json_null()
					: json_string(memory_policy_text(p, text, sizeof(text)));
}

static json_t *threads_json(const struct process *p)
{
	json_t *list = json_array();
	int bad = !list;

	for (size_t i = 0; i < p->nkinds; i++) {
		const struct process_threads *t = &p->threads[i];
		json_t *o = json_object();

		bad |= json_put(o, "threads", json_integer((json_int_t)t->n)) |
		       json_put(o, "first", json_integer(t->first)) |
		       json_put(o, "vcpu", json_boolean(t->vcpu)) |
		       json_put(o, "cpus", json_idset(&t->cpus)) |
		       json_put(o, "memory_nodes", json_idset(&t->mems)) |
		       json_put(o, "ran_on", json_idset(&t->ran_on)) |
		       json_put(o, "policy", policy_json(&t->policy));
		bad |= json_array_append_new(list, o);
	}
	return json_or_null(list, bad);
}

static json_t *nodes_json(const struct process *p)
{
	json_t *list = json_array();
	int bad = !list;

	for (size_t i = 0; i < p->nnodes; i++) {
		const struct process_node *n = &p->nodes[i];
		json_t *o = json_object();

		bad |= json_put(o, "node", json_integer(n->node)) |
		       json_put(o, "threads_ran", json_integer((json_int_t)n->ran));
		for (int k = 0; k < PROCESS_MEMORY_KINDS && !p->memory_why; k++)
			bad |= json_put(o, kinds[k], json_integer((json_int_t)n->bytes[k]));
		bad |= json_array_append_new(list, o);
	}
	return json_or_null(list, bad);
}

static json_t *areas_json(const struct process *p)
{
	json_t *list = json_array();
	int bad = !list;

	for (size_t i = 0; i < p->nareas; i++) {
		json_t *o = json_object();

		bad |= json_put(o, "policy", policy_json(&p->areas[i].policy)) |
		       json_put(o, "areas", json_integer((json_int_t)p->areas[i].areas)) |
		       json_put(o, "own_bytes", json_integer((json_int_t)p->areas[i].own_bytes));
		bad |= json_array_append_new(list, o);
	}
	return json_or_null(list, bad);
}

static json_t *gpus_json(const struct process *p)
{
	json_t *list = json_array();
	int bad = !list;

	for (size_t i = 0; i < p->ngpus; i++) {
		const struct process_gpu *g = &p->gpus[i];
		json_t *o = json_object();

		bad |= json_put(o, "gpu", g->gpu >= 0 ? json_integer(g->gpu) : json_null()) |
		       json_put(o, "pci", json_text(g->pci)) |
		       json_put(o, "open_as", json_text(g->path)) |
		       json_put(o, "visible", json_boolean(g->visible)) |
		       json_put_known(o, "node", &g->node);
		bad |= json_array_append_new(list, o);
	}
	return json_or_null(list, bad);
}

static json_t *verdict_json(const struct process_verdict *v)
{
	json_t *o = json_object();
	int bad = !o;

	bad |= json_put(o, "judged", json_boolean(v->judged)) |
	       json_put(o, "why", json_text(v->why));
	if (!v->judged)
		return json_or_null(o, bad);
	bad |= json_put(o, "binding", json_string(binding_name(v->binding))) |
	       json_put(o, "wanted_nodes", json_idset(&v->nodes)) |
	       json_put(o, "by_gpus", json_boolean(v->by_gpus)) |
	       json_put(o, "gpus", json_idset(&v->gpus)) |
	       json_put(o, "cpu_nodes", json_idset(&v->cpu_nodes)) |
	       json_put(o, "kept_to_nodes", json_idset(&v->memory_nodes)) |
	       json_put(o, "share", isnan(v->share) ? json_null() : json_real(v->share));
	return json_or_null(o, bad);
}

static json_t *one_json(const struct process_tree *t, const struct process *p,
			const struct process_verdict *v)
{
	const struct {
		const char *key;
		const struct known *bytes;
	} sizes[] = {
		{ "resident_bytes", &p->resident_bytes },
		{ "locked_bytes", &p->locked_bytes },
		{ "pinned_bytes", &p->pinned_bytes },
		{ "swapped_bytes", &p->swapped_bytes },
	};
	json_t *o = json_object();
	int bad = !o;

	bad |= json_put(o, "pid", json_integer(p->pid)) | json_put(o, "name", json_text(p->name)) |
	       json_put(o, "parent",
			p->parent >= 0 ? json_integer(t->v[p->parent].pid) : json_null()) |
	       json_put(o, "verdict", verdict_json(v)) |
	       json_put(o, "threads", json_integer((json_int_t)p->nthreads)) |
	       json_put(o, "bindings", threads_json(p)) | json_put(o, "nodes", nodes_json(p)) |
	       json_put(o, "areas", areas_json(p)) |
	       json_put(o, "driver_areas", json_integer((json_int_t)p->driver_areas)) |
	       json_put(o, "gpus", gpus_json(p));
	if (p->memory_why)
		bad |= json_put(o, "memory_why", json_string(p->memory_why));
	if (p->gpus_why)
		bad |= json_put(o, "gpus_why", json_string(p->gpus_why));
	if (p->visible[0])
		bad |= json_put(o, "cuda_visible_devices", json_text(p->visible));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		bad |= json_put_known(o, sizes[i].key, sizes[i].bytes);
	return json_or_null(o, bad);
}

static json_t *sharing_json(const struct tree_verdict *v)
{
	json_t *list = json_array();
	int bad = !list;

	for (size_t i = 0; i < v->nsharing; i++) {
		const struct core_sharing *s = &v->sharing[i];
		json_t *o = json_object();

		bad |= json_put(o, "cpus", json_idset(&s->cpus)) |
		       json_put(o, "threads", json_integer((json_int_t)s->threads)) |
		       json_put(o, "processes", json_integer((json_int_t)s->processes)) |
		       json_put(o, "idle_cores", json_integer((json_int_t)s->idle_cores));
		bad |= json_array_append_new(list, o);
	}
	return json_or_null(list, bad);
}

/* The list that a result file has under that name. */
static json_t *checks_json(const struct process_report *r)
{
	json_t *doc = result_to_json(&r->findings);
	json_t *checks = json_incref(json_object_get(doc, "checks"));

	json_decref(doc);
	return checks;
}

json_t *process_json(const struct process_report *r)
{
	json_t *doc = json_object(), *tree = json_object(), *list = json_array();
	int bad = !doc || !tree || !list;

	for (size_t i = 0; i < r->tree->n; i++)
		bad |= json_array_append_new(list,
					     one_json(r->tree, &r->tree->v[i], &r->verdict->v[i]));
	bad |= json_put(tree, "pid", json_integer(r->tree->v[0].pid)) |
	       json_put(tree, "binding", json_string(binding_name(r->verdict->binding))) |
	       json_put(tree, "worst", json_integer(r->tree->v[r->verdict->worst].pid)) |
	       json_put(tree, "processes", list) |
	       json_put(tree, "shared_cores", sharing_json(r->verdict));
	bad |= json_put(doc, "process", tree) | json_put(doc, "checks", checks_json(r));
	return json_or_null(doc, bad);
}
