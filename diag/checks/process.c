/* process.c - see process.h. */
#include "process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"
#include "util/units.h"

enum { EXIT_FAIL = 1, EXIT_UNKNOWN = 3, LIST_ROOM = 1024 };

static enum check_status status_of(enum process_binding b)
{
	static const enum check_status statuses[] = {
		[PROCESS_WELL] = CHECK_PASS,       [PROCESS_NEEDLESS] = CHECK_PASS,
		[PROCESS_UNKNOWN] = CHECK_SKIP,    [PROCESS_MEMORY_ONLY] = CHECK_WARN,
		[PROCESS_CPU_ONLY] = CHECK_WARN,   [PROCESS_UNBOUND] = CHECK_WARN,
		[PROCESS_WRONG_NODE] = CHECK_FAIL,
	};

	return statuses[b];
}

static int exit_of(const struct result *findings, bool strict)
{
	if (count_findings(findings, "fail") || (strict && count_findings(findings, "warn")))
		return EXIT_FAIL;
	return count_findings(findings, "skip") ? EXIT_UNKNOWN : 0;
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
		 "in libvirt's XML: <vcpupin .. cpuset='%.40s'/>, <numatune><memory "
		 "mode='strict' nodeset='%.20s'/></numatune>",
		 cpus, nodes);
}

/* Fills r's commands for the worst process. */
static void fill_commands(struct process_report *r, const struct process *p,
			  const struct process_verdict *v)
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

/* ---- findings ---- */

/* Says it in the words of a row of this file. */
static struct checking checking_of(struct process_report *r, const struct look *l, const char *id)
{
	struct checking c = {
		.l = l, .row = check_find(id, NULL), .family = "process", .out = &r->findings
	};

	return c;
}

static int find_binding(struct process_report *r, const struct look *l)
{
	const struct process *first = &r->tree->v[0], *p = &r->tree->v[r->verdict->worst];
	const struct process_verdict *v = &r->verdict->v[r->verdict->worst];
	struct checking c = checking_of(r, l, "process.binding");
	enum check_status status = status_of(r->verdict->binding);
	char subject[64], other[64] = "";

	snprintf(subject, sizeof(subject), "process %d (%.40s)", first->pid, first->name);
	if (p != first)
		snprintf(other, sizeof(other), "process %d (%.20s): ", p->pid, p->name);
	value(&c, "pid", "%d", p->pid);
	value(&c, "binding", "%s", binding_name(r->verdict->binding));
	if (status == CHECK_WARN || status == CHECK_FAIL) {
		fill_commands(r, p, v);
		value(&c, "start", "%s", r->start);
		mend(&c, is_guest(p) ? "{start}" : "start it by {start}", NULL);
		for (int i = 0; i < 2 && r->running[i][0]; i++)
			mend(&c, i ? NULL : "as it runs", r->running[i]);
	}
	found(&c, status, subject, "%s: %s%.120s", binding_name(r->verdict->binding), other,
	      v->why);
	return c.rc;
}

/* Pinned threads that share a core although others of the node have none. */
static int find_cores(struct process_report *r, const struct look *l)
{
	const struct process *first = &r->tree->v[0];
	struct checking c = checking_of(r, l, "process.cores");
	struct idset cpus = { 0 };
	char subject[64], list[LIST_ROOM];
	size_t crowded = 0;

	for (size_t i = 0; i < r->verdict->nsharing; i++) {
		if (!r->verdict->sharing[i].idle_cores)
			continue;
		crowded++;
		cpus = idset_or(&cpus, &r->verdict->sharing[i].cpus);
	}
	idset_format(&cpus, list, sizeof(list));
	snprintf(subject, sizeof(subject), "process %d (%.40s)", first->pid, first->name);
	value(&c, "pid", "%d", first->pid);
	if (crowded)
		found(&c, CHECK_WARN, subject,
		      "pinned threads share %zu core%s (CPUs %.80s), others have none", crowded,
		      plural(crowded), list);
	else
		found(&c, CHECK_PASS, subject,
		      "no two pinned threads share a core while others have none");
	return c.rc;
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
	const struct look look = { .m = m, .root = root, .res = c->measured };
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
		rc = find_binding(&r, &look);
	if (rc == 0)
		rc = find_cores(&r, &look);
	if (rc == 0)
		rc = tell(&r, c, out);
	if (rc == 0)
		rc = exit_of(&r.findings, c->strict);
	result_release(&r.findings);
	tree_verdict_release(&verdict);
	process_tree_release(&tree);
	return rc < 0 ? err_set(e, rc, "process %d: %s", c->pid, strerror(-rc)) : rc;
}

const struct check process_checks[] = {
	{ .id = "process.binding",
	  .title = "A process is bound to the node of its GPUs",
	  .fault = "The process is {binding}",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .good = "threads and memory kept to the node of its GPUs",
	  .about = "What was meant to be bound often is not: a launcher that binds "
		   "cores alone, a policy that came too late, memory that was touched "
		   "before the threads were moved. From outside one sees where threads "
		   "and pages really are.",
	  .harm = HARM_FACTOR,
	  .cost = "copies that cross sockets: on two, nothing to 3 times slower",
	  .measured = COST_NODE,
	  .see = { { "where each thread may run",
		     "grep Cpus_allowed_list /proc/{pid}/task/*/status" },
		   { "pages by node", "numastat -p {pid}" } },
	  .mend = { { "start it by numabench bind, here with a shell in the job's place",
		      "numabench bind --gpu {gpu} -- bash" },
		    { "as it runs: its threads", "taskset -a -c -p {cpus} {pid}" },
		    { "and its pages; pinned ones stay", "migratepages {pid} {from} {node}" } },
	  .lasts = "as long as the process; the binding belongs into what starts it",
	  .verify = { "it says: bound well", "numabench check --pid {pid}" },
	  .source = "proc/PID: task/*/status, numa_maps, fd; sysfs",
	  .authority = "Linux: proc(5), numa(7), sched_setaffinity(2)" },
	{ .id = "process.cores",
	  .title = "Pinned threads have a core each",
	  .fault = "Pinned threads share cores while others have none",
	  .tells = MAY_PASS | MAY_WARN,
	  .good = "a core for each pinned thread where there are enough",
	  .about = "Launchers that count hardware threads as cores, or processes that "
		   "all pin their first thread to the first core, put two busy threads "
		   "on one core.",
	  .harm = HARM_FACTOR,
	  .cost = "two busy threads on one core get about 60 % each, of one hardware "
		  "thread half",
	  .see = { { NULL, "ps -L -o tid,psr,comm -p {pid}" } },
	  .mend = { { "OpenMP: one thread a core, by this in the job's environment",
		      "export OMP_PLACES=cores OMP_PROC_BIND=close" },
		    { "which its children inherit: where it starts several processes, "
		      "bind each to its node alone (numabench bind) and leave "
		      "OMP_PROC_BIND unset",
		      "unset OMP_PROC_BIND" } },
	  .lasts = "as long as the process; it belongs into what starts it",
	  .verify = { "it tells of no shared cores any more", "numabench check --pid {pid}" },
	  .source = "proc/PID/task/*/status; cores of the topology",
	  .authority = "PyTorch issues 49971 and 91989; OpenMP: places and binding" },
	{ .id = NULL },
};
