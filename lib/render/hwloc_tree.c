/* hwloc_tree.c - see hwloc_tree.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "render/hwloc_tree.h"
#include "render/marks.h"

/* In the order in which hwloc nests those that have the same CPUs. A Group is what hwloc makes for
 * a node that no package and no cache is as large as. */
enum kind { KIND_MACHINE, KIND_PACKAGE, KIND_GROUP, KIND_CACHE, KIND_CORE, KIND_PU };

struct hwloc_object {
	enum kind kind;
	long long number;         /* the kernel's, of packages and PUs; of caches the level */
	uint64_t bytes;           /* of caches */
	struct idset cpus, nodes; /* nodes: that hang on it or on what is in it */
	size_t ncpus;
	bool placed; /* it has a parent, or is the machine */
	struct hwloc_object *parent, *first, *next;
};

/* ---- building ---- */

static void add(struct hwloc_tree *t, enum kind kind, long long number, uint64_t bytes,
		const struct idset *cpus)
{
	struct hwloc_object o = { .kind = kind, .number = number, .bytes = bytes };

	o.cpus = t->n ? idset_and(cpus, &t->objects[0].cpus) : *cpus;
	o.ncpus = idset_count(&o.cpus);
	if (o.ncpus)
		t->objects[t->n++] = o;
}

/* All nodes with the same number. */
static void add_package(struct hwloc_tree *t, const struct node *n)
{
	struct idset cpus = { 0 };

	for (size_t i = 0; n->package.is && i < t->machine->nnodes; i++) {
		const struct node *o = &t->machine->nodes[i];

		if (!o->package.is || o->package.value != n->package.value)
			continue;
		if (o < n) /* added with that one */
			return;
		cpus = idset_or(&cpus, &o->cpus);
	}
	add(t, KIND_PACKAGE, n->package.value, 0, &cpus);
}

static void add_all(struct hwloc_tree *t)
{
	const struct machine *m = t->machine;
	struct idset all = { 0 };

	for (size_t i = 0; i < m->nnodes; i++)
		all = idset_or(&all, &m->nodes[i].cpus);
	add(t, KIND_MACHINE, 0, 0, &all);
	for (size_t i = 0; t->n && i < m->nnodes; i++) {
		const struct node *n = &m->nodes[i];

		add_package(t, n);
		add(t, KIND_GROUP, 0, 0, &n->cpus);
		for (size_t j = 0; j < n->ncaches; j++)
			if (n->caches[j].level >= 1 && n->caches[j].level <= 5)
				add(t, KIND_CACHE, n->caches[j].level, n->caches[j].bytes,
				    &n->caches[j].cpus);
		for (size_t j = 0; j < n->ncores; j++)
			add(t, KIND_CORE, 0, 0, &n->cores[j].cpus);
	}
	for (int cpu = -1; (cpu = idset_next(&all, cpu)) >= 0;) {
		struct idset one = { 0 };

		idset_add(&one, cpu);
		add(t, KIND_PU, cpu, 0, &one);
	}
}

/* What may stand in what: in each other, but for groups, only in this order. */
static int rank(const struct hwloc_object *o)
{
	return (int)o->kind * 10 + (o->kind == KIND_CACHE ? 5 - (int)o->number : 0);
}

/* The largest first; the same order whatever qsort does. */
static int by_size(const void *a, const void *b)
{
	const struct hwloc_object *x = *(struct hwloc_object *const *)a,
				  *y = *(struct hwloc_object *const *)b;

	if (x->ncpus != y->ncpus)
		return x->ncpus < y->ncpus ? 1 : -1;
	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	return x < y ? -1 : x > y;
}

/* The last CPU first: each is put in front of its parent's others. */
static int by_cpu(const void *a, const void *b)
{
	const struct hwloc_object *x = *(struct hwloc_object *const *)a,
				  *y = *(struct hwloc_object *const *)b;

	return idset_next(&y->cpus, -1) - idset_next(&x->cpus, -1);
}

/* Whether an object has its place in the smallest one so far that has its CPUs. */
static bool fits(const struct hwloc_object *o, const struct hwloc_object *in)
{
	const struct hwloc_object *above = in;

	if (o->kind == KIND_GROUP && o->ncpus == in->ncpus)
		return false; /* what has these CPUs is there */
	while (above->kind == KIND_GROUP && o->kind != KIND_GROUP)
		above = above->parent;
	if (o->kind != KIND_GROUP)
		return rank(above) < rank(o);
	while (above && above->kind != KIND_GROUP)
		above = above->parent;
	return !above;
}

static void place(struct hwloc_tree *t, struct hwloc_object *o)
{
	struct hwloc_object *in = t->owner[idset_next(&o->cpus, -1)];

	for (int cpu = -1; (cpu = idset_next(&o->cpus, cpu)) >= 0;)
		if (t->owner[cpu] != in)
			return;
	if (!fits(o, in))
		return;
	o->parent = in;
	o->placed = true;
	for (int cpu = -1; (cpu = idset_next(&o->cpus, cpu)) >= 0;)
		t->owner[cpu] = o;
}

static int nest(struct hwloc_tree *t)
{
	struct hwloc_object **order = calloc(t->n, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		order[i] = &t->objects[i];
	t->objects[0].placed = true;
	for (int cpu = -1; (cpu = idset_next(&t->objects[0].cpus, cpu)) >= 0;)
		t->owner[cpu] = &t->objects[0];
	qsort(order + 1, t->n - 1, sizeof(*order), by_size);
	for (size_t i = 1; i < t->n; i++)
		place(t, order[i]);
	qsort(order + 1, t->n - 1, sizeof(*order), by_cpu);
	for (size_t i = 1; i < t->n; i++)
		if (order[i]->placed) {
			order[i]->next = order[i]->parent->first;
			order[i]->parent->first = order[i];
		}
	free(order);
	return 0;
}

/* ---- nodes ---- */

/* The largest object with just these CPUs, but for the machine; else the smallest that has them. */
static struct hwloc_object *host_of_cpus(const struct hwloc_tree *t, const struct idset *cpus)
{
	struct hwloc_object *o = t->owner[idset_next(cpus, -1)];
	size_t n = idset_count(cpus);

	while (o->parent) {
		struct idset outside = idset_minus(cpus, &o->cpus);

		if (idset_empty(&outside) && o->kind < KIND_CORE &&
		    (o->ncpus > n || !o->parent->parent || o->parent->ncpus > n))
			break;
		o = o->parent;
	}
	return o;
}

/* A node without CPUs hangs where the nearest is that has some, as hwloc itself has it; nobody
 * knows which one that is without distances. */
static struct hwloc_object *host_of(const struct hwloc_tree *t, const struct node *n)
{
	const struct node *near = n;

	if (idset_empty(&n->cpus))
		near = machine_driver(t->machine, n->id);
	if (!near || idset_empty(&near->cpus) ||
	    (near != n && !machine_distance(t->machine, near->id, n->id).is))
		return &t->objects[0];
	return host_of_cpus(t, &near->cpus);
}

int hwloc_tree_make(struct hwloc_tree *t, const struct machine *m)
{
	size_t room = 1 + IDSET_MAX + 2 * m->nnodes;
	int rc;

	*t = (struct hwloc_tree){ .machine = m };
	for (size_t i = 0; i < m->nnodes; i++)
		room += m->nodes[i].ncaches + m->nodes[i].ncores;
	t->objects = calloc(room, sizeof(*t->objects));
	t->owner = calloc(IDSET_MAX, sizeof(*t->owner));
	t->host = calloc(m->nnodes + 1, sizeof(*t->host));
	t->node_index = calloc(m->nnodes + 1, sizeof(*t->node_index));
	if (!t->objects || !t->owner || !t->host || !t->node_index)
		return -ENOMEM;
	add_all(t);
	if (!t->n)
		return -ENODATA;
	rc = nest(t);
	for (size_t i = 0; rc == 0 && i < m->nnodes; i++) {
		t->host[i] = host_of(t, &m->nodes[i]);
		for (struct hwloc_object *o = t->host[i]; o; o = o->parent)
			idset_add(&o->nodes, m->nodes[i].id);
	}
	return rc;
}

void hwloc_tree_release(struct hwloc_tree *t)
{
	free(t->objects);
	free(t->owner);
	free(t->host);
	free(t->node_index);
	*t = (struct hwloc_tree){ 0 };
}

const struct hwloc_object *hwloc_tree_near(const struct hwloc_tree *t, const struct known *node)
{
	for (size_t i = 0; node->is && i < t->machine->nnodes; i++)
		if (t->machine->nodes[i].id == node->value)
			return t->host[i];
	return &t->objects[0];
}

/* ---- printing ---- */

void hwloc_put_set(FILE *out, const char *name, const struct idset *s)
{
	int word = IDSET_MAX / 32 - 1;

	while (word > 0 && !(uint32_t)(s->word[word / 2] >> (word % 2 * 32)))
		word--;
	fprintf(out, " %s=\"", name);
	for (; word >= 0; word--)
		fprintf(out, "0x%08" PRIx32 "%s", (uint32_t)(s->word[word / 2] >> (word % 2 * 32)),
			word ? "," : "\"");
}

/* An attribute that may hold anything, with a blank before it. */
static void put_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	marks_print(out, text, marks_xml); /* hwloc writes printable ASCII alone, too */
	fputc('"', out);
}

void hwloc_put_info(FILE *out, int depth, const char *name, const char *text)
{
	if (!*text)
		return;
	fprintf(out, "%*s<info name=\"%s\"", 2 * depth, "", name);
	put_text(out, "value", text);
	fputs("/>\n", out);
}

/* What every object that has CPUs begins with. Nothing is known of CPUs that are offline. */
static void put_sets(struct hwloc_tree *t, const struct idset *cpus, const struct idset *nodes,
		     FILE *out)
{
	hwloc_put_set(out, "cpuset", cpus);
	hwloc_put_set(out, "complete_cpuset", cpus);
	hwloc_put_set(out, "nodeset", nodes);
	hwloc_put_set(out, "complete_nodeset", nodes);
	fprintf(out, " gp_index=\"%lu\"", ++t->last_index);
}

/* What the run might use: hwloc hides the rest unless it is asked for it. */
static void put_allowed(const struct hwloc_tree *t, FILE *out)
{
	const struct hwloc_object *all = &t->objects[0];
	struct idset cpus = idset_and(&t->machine->allowed_cpus, &all->cpus), nodes = { 0 };

	for (size_t i = 0; i < t->machine->nnodes; i++)
		if (t->machine->nodes[i].allowed)
			idset_add(&nodes, t->machine->nodes[i].id);
	hwloc_put_set(out, "allowed_cpuset", idset_empty(&cpus) ? &all->cpus : &cpus);
	hwloc_put_set(out, "allowed_nodeset", idset_empty(&nodes) ? &all->nodes : &nodes);
}

static void put_memory(struct hwloc_tree *t, const struct hwloc_object *at, int depth,
		       const struct hwloc_remarks *remarks, FILE *out)
{
	for (size_t i = 0; i < t->machine->nnodes; i++) {
		const struct node *n = &t->machine->nodes[i];
		struct idset one = { 0 };

		if (t->host[i] != at)
			continue;
		idset_add(&one, n->id);
		fprintf(out, "%*s<object type=\"NUMANode\" os_index=\"%d\"", 2 * depth, "", n->id);
		put_sets(t, &at->cpus, &one, out);
		t->node_index[i] = t->last_index;
		if (n->memory_bytes.is && n->memory_bytes.value > 0)
			fprintf(out, " local_memory=\"%lld\"", n->memory_bytes.value);
		fputs(">\n", out);
		if (!n->memory_bytes.is && n->kind != NODE_MEMORYLESS)
			hwloc_put_info(out, depth + 1, "numabench:memory", "size not known");
		remarks->of(out, depth + 1, n, remarks->arg);
		fprintf(out, "%*s</object>\n", 2 * depth, "");
	}
}

static void put_kind(const struct hwloc_object *o, FILE *out)
{
	static const char *const names[] = { [KIND_MACHINE] = "Machine",
					     [KIND_PACKAGE] = "Package",
					     [KIND_GROUP] = "Group",
					     [KIND_CORE] = "Core",
					     [KIND_PU] = "PU" };

	if (o->kind == KIND_CACHE)
		fprintf(out, " type=\"L%lldCache\"", o->number);
	else
		fprintf(out, " type=\"%s\"", names[o->kind]);
	/* Of cores no number is in a result. */
	if (o->kind == KIND_MACHINE || o->kind == KIND_PACKAGE || o->kind == KIND_PU)
		fprintf(out, " os_index=\"%lld\"", o->number);
}

/* The caches of a result hold data: the first level nothing else, the others instructions, too
 * (hwloc's words for it are 1 and 0). */
static void put_cache(const struct hwloc_object *o, FILE *out)
{
	if (o->kind == KIND_CACHE)
		fprintf(out, " cache_size=\"%" PRIu64 "\" depth=\"%lld\" cache_type=\"%d\"",
			o->bytes, o->number, o->number == 1);
}

/* At most two objects of each rank lie in each other. */
static void put_object(struct hwloc_tree *t, const struct hwloc_object *o, struct idset nodes,
		       int depth, const struct hwloc_remarks *remarks, FILE *out)
{
	fprintf(out, "%*s<object", 2 * depth, "");
	put_kind(o, out);
	nodes = idset_or(&nodes, &o->nodes);
	put_sets(t, &o->cpus, &nodes, out);
	put_cache(o, out);
	if (o->kind == KIND_PU) {
		fputs("/>\n", out);
		return;
	}
	if (o->kind == KIND_MACHINE)
		put_allowed(t, out);
	fputs(">\n", out);
	if (o->kind == KIND_MACHINE)
		remarks->of(out, depth + 1, NULL, remarks->arg);
	put_memory(t, o, depth + 1, remarks, out);
	/* Below it all are near the nodes that hang on it or above. */
	for (const struct hwloc_object *c = o->first; c; c = c->next)
		nodes = idset_minus(&nodes, &c->nodes);
	for (const struct hwloc_object *c = o->first; c; c = c->next)
		put_object(t, c, nodes, depth + 1, remarks, out);
	hwloc_put_devices(t, o, depth + 1, out);
	fprintf(out, "%*s</object>\n", 2 * depth, "");
}

void hwloc_tree_print(struct hwloc_tree *t, const struct hwloc_remarks *remarks, FILE *out)
{
	t->last_index = 0;
	put_object(t, &t->objects[0], (struct idset){ 0 }, 1, remarks, out);
}
