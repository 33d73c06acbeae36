/* process.c - see process.h. */
#include "process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_FAIL = 1, EXIT_UNKNOWN = 3, LIST_ROOM = 1024 };

static const char *status_of(enum binding b)
{
	static const char *const words[] = {
		[BINDING_WELL] = "pass",       [BINDING_NEEDLESS] = "pass",
		[BINDING_UNKNOWN] = "skip",    [BINDING_MEMORY_ONLY] = "warn",
		[BINDING_CPU_ONLY] = "warn",   [BINDING_NONE] = "warn",
		[BINDING_WRONG_NODE] = "fail",
	};

	return words[b];
}

static bool any_has(const struct result *findings, const char *status)
{
	for (size_t i = 0; i < findings->nfindings; i++)
		if (strcmp(findings->findings[i].status, status) == 0)
			return true;
	return false;
}

static int exit_of(const struct result *findings, bool strict)
{
	if (any_has(findings, "fail") || (strict && any_has(findings, "warn")))
		return EXIT_FAIL;
	return any_has(findings, "skip") ? EXIT_UNKNOWN : 0;
}

/* ---- what mends it ---- */

static bool is_guest(const struct process *p)
{
	return strncmp(p->name, "qemu", 4) == 0 || strncmp(p->name, "kvm", 3) == 0;
}

/* The CPUs of nodes, and all other nodes that have memory. */
static struct idset cpus_of(const struct machine *m, const struct idset *nodes)
{
	struct idset cpus = { 0 };

	for (int id = -1; (id = idset_next(nodes, id)) >= 0;) {
		const struct node *n = machine_node(m, id);

		if (n && n->kind == NODE_CPULESS)
			n = machine_driver(m, id);
		if (n)
			cpus = idset_or(&cpus, &n->cpus);
	}
	return cpus;
}

static struct idset other_memory(const struct machine *m, const struct idset *nodes)
{
	struct idset others = { 0 };

	for (size_t i = 0; i < m->nnodes; i++)
		if (m->nodes[i].kind != NODE_MEMORYLESS && !idset_has(nodes, m->nodes[i].id))
			idset_add(&others, m->nodes[i].id);
	return others;
}

static void mend_guest(struct process_report *r, const char *cpus, const char *nodes)
{
	snprintf(r->start, sizeof(r->start),
		 "in libvirt's XML: <vcpupin .. cpuset='%.40s'/>, "
		 "<numatune><memory mode='strict' nodeset='%.20s'/></numatune>",
		 cpus, nodes);
}

/* Fills r's commands for the worst process. */
static void mend(struct process_report *r, const struct process *p, const struct process_verdict *v)
{
	char nodes[LIST_ROOM], cpus[LIST_ROOM], others[LIST_ROOM], gpu[16] = "GPU";
	struct idset c = cpus_of(r->m, &v->nodes), o = other_memory(r->m, &v->nodes);
	int first = idset_next(&v->gpus, -1), used = 0;

	idset_format(&v->nodes, nodes, sizeof(nodes));
	idset_format(&c, cpus, sizeof(cpus));
	idset_format(&o, others, sizeof(others));
	if (first >= 0)
		snprintf(gpu, sizeof(gpu), "%d", first);
	if (is_guest(p) && nodes[0]) {
		mend_guest(r, cpus, nodes);
		return;
	}
	snprintf(r->start, sizeof(r->start), "numabench bind --gpu %s -- COMMAND", gpu);
	if (!nodes[0])
		return;
	if (v->cpus != KEPT_IN)
		snprintf(r->running[used++], sizeof(*r->running), "taskset -a -c -p %s %d", cpus,
			 p->pid);
	if (!(v->share >= PROCESS_MOST) && others[0])
		snprintf(r->running[used], sizeof(*r->running), "migratepages %d %s %s", p->pid,
			 others, nodes);
}

/* All of them in one line; a command that does not fit is left out rather than cut. */
static void mend_line(const struct process_report *r, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "%s", r->start);

	for (int i = 0; i < 2; i++) {
		const char *between = i ? "; " : "; as it runs: ";

		if (r->running[i][0] && used + strlen(between) + strlen(r->running[i]) < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", between,
						 r->running[i]);
	}
}

/* ---- findings ---- */

static int find_binding(struct process_report *r)
{
	const struct process *first = &r->tree->v[0], *p = &r->tree->v[r->verdict->worst];
	const struct process_verdict *v = &r->verdict->v[r->verdict->worst];
	const char *status = status_of(r->verdict->binding);
	struct finding f = { .id = "process.binding", .family = "process" };

	snprintf(f.status, sizeof(f.status), "%s", status);
	snprintf(f.subject, sizeof(f.subject), "process %d (%.40s)", first->pid, first->name);
	if (p == first)
		snprintf(f.observed, sizeof(f.observed), "%s: %.120s",
			 binding_name(r->verdict->binding), v->why);
	else
		snprintf(f.observed, sizeof(f.observed), "%s: process %d (%.20s): %.90s",
			 binding_name(r->verdict->binding), p->pid, p->name, v->why);
	snprintf(f.expected, sizeof(f.expected), "threads and memory kept to the node of its GPUs");
	if (strcmp(status, "warn") == 0 || strcmp(status, "fail") == 0) {
		mend(r, p, v);
		mend_line(r, f.fix, sizeof(f.fix));
	}
	snprintf(f.authority, sizeof(f.authority), "Linux: proc(5), numa(7), sched_setaffinity(2)");
	snprintf(f.source, sizeof(f.source), "/proc/PID: task/*/status, numa_maps, fd; sysfs");
	return result_find(&r->findings, &f);
}

/* Pinned threads that share a core although others of the node have none. */
static int find_cores(struct process_report *r)
{
	const struct process *first = &r->tree->v[0];
	struct finding f = { .id = "process.cores", .family = "process" };
	struct idset cpus = { 0 };
	char list[LIST_ROOM];
	size_t crowded = 0;

	for (size_t i = 0; i < r->verdict->nsharing; i++) {
		if (!r->verdict->sharing[i].idle_cores)
			continue;
		crowded++;
		cpus = idset_or(&cpus, &r->verdict->sharing[i].cpus);
	}
	idset_format(&cpus, list, sizeof(list));
	snprintf(f.status, sizeof(f.status), "%s", crowded ? "warn" : "pass");
	snprintf(f.subject, sizeof(f.subject), "process %d (%.40s)", first->pid, first->name);
	if (crowded)
		snprintf(f.observed, sizeof(f.observed),
			 "pinned threads share %zu core%s (CPUs %.80s), others have none", crowded,
			 crowded == 1 ? "" : "s", list);
	else
		snprintf(f.observed, sizeof(f.observed),
			 "no two pinned threads share a core while others have none");
	snprintf(f.expected, sizeof(f.expected),
		 "a core for each pinned thread where there are enough");
	if (crowded)
		snprintf(f.fix, sizeof(f.fix),
			 "pin one thread a core (OMP_PLACES=cores), or bind to the node alone: "
			 "numabench bind; do not export OMP_PROC_BIND to children");
	snprintf(f.authority, sizeof(f.authority),
		 "PyTorch issues 49971 and 91989; OpenMP: places and binding");
	snprintf(f.source, sizeof(f.source), "/proc/PID/task/*/status; cores of the topology");
	return result_find(&r->findings, &f);
}

/* ---- GPUs ---- */

static int by_address(const void *a, const void *b)
{
	const struct process_gpu *x = a, *y = b;

	return strcmp(x->pci, y->pci);
}

int process_all_gpus(const struct process_tree *t, struct process_gpu **gpus, size_t *n)
{
	size_t room = 0, used = 0;
	struct process_gpu *all;

	for (size_t i = 0; i < t->n; i++)
		room += t->v[i].ngpus;
	*gpus = all = calloc(room ? room : 1, sizeof(*all));
	*n = 0;
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		for (size_t j = 0; j < t->v[i].ngpus; j++)
			if (t->v[i].gpus[j].visible)
				all[used++] = t->v[i].gpus[j];
	qsort(all, used, sizeof(*all), by_address);
	for (size_t i = 0; i < used; i++)
		if (!*n || strcmp(all[*n - 1].pci, all[i].pci) != 0)
			all[(*n)++] = all[i];
	return 0;
}

/* ---- all of it ---- */

static int tell(const struct process_report *r, const struct process_check *c, FILE *out)
{
	json_t *doc;
	int rc;

	if (!c->json)
		return process_text(r, c->width, out);
	doc = process_json(r);
	if (!doc)
		return -ENOMEM;
	rc = json_dumpf(doc, out, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) < 0 && !ferror(out)
		     ? -ENOMEM
		     : 0;
	fputc('\n', out);
	json_decref(doc);
	return rc;
}

int check_process(const struct process_check *c, const struct machine *m,
		  const struct sysroot *root, FILE *out, struct err *e)
{
	struct process_want want = { .m = m, .gpus = c->gpus };
	struct process_tree tree;
	struct tree_verdict verdict = { .v = NULL };
	struct process_report r = { .m = m, .tree = &tree, .verdict = &verdict, .want = &want };
	int rc = process_tree_read(&tree, root, m, c->pid, e);

	if (rc < 0)
		return rc;
	if (c->measured) {
		want.measured = c->measured->recommendations;
		want.nmeasured = c->measured->nrecommendations;
	}
	result_init(&r.findings);
	rc = process_judge(&verdict, &tree, &want);
	if (rc == 0)
		rc = find_binding(&r);
	if (rc == 0)
		rc = find_cores(&r);
	if (rc == 0)
		rc = tell(&r, c, out);
	if (rc == 0)
		rc = exit_of(&r.findings, c->strict);
	result_release(&r.findings);
	tree_verdict_release(&verdict);
	process_tree_release(&tree);
	return rc < 0 ? err_set(e, rc, "process %d: %s", c->pid, strerror(-rc)) : rc;
}
