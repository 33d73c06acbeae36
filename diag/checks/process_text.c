/* process_text.c - a process and its verdict for a person, within 80 columns. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "render/steps.h"
#include "render/table.h"
#include "util/units.h"
#include "util/wrap.h"

enum { LIST_ROOM = 1024, INDENT = 2, MOST_ROWS = 24, MIB = 1 << 20 };

static const char *set_text(const struct idset *s, char buf[LIST_ROOM])
{
	idset_format(s, buf, LIST_ROOM);
	return buf[0] ? buf : "-";
}

/* ---- the verdict ---- */

/* A sentence, indented and wrapped. */
static void say(const char *text, int width, FILE *out)
{
	char line[700];

	snprintf(line, sizeof(line), "%s.", text);
	if (line[0] >= 'a' && line[0] <= 'z')
		line[0] = (char)(line[0] - 'a' + 'A');
	fprintf(out, "%*s", INDENT, "");
	wrap_print(out, line, width, INDENT, INDENT);
}

/* An empty line, and what the table beneath it is of. */
static void heading(const char *text, int width, FILE *out)
{
	fputc('\n', out);
	wrap_print(out, text, width, 0, 0);
}

/* Commands stand in lines of their own, to be pasted. */
static void print_commands(const struct process_report *r, int width, FILE *out)
{
	static const char start[] = "Fix: start it by:  ";
	const int label = (int)strlen(start);

	if (!r->start[0])
		return;
	fprintf(out, "%*s%s", INDENT, "", start);
	wrap_print(out, r->start, width, INDENT + label, INDENT + label);
	for (int i = 0; i < 2; i++)
		if (r->running[i][0])
			fprintf(out, "%*s%-*s%s\n", INDENT, "", label,
				i ? "" : "     as it runs:", r->running[i]);
}

static void print_verdict(const struct process_report *r, int width, FILE *out)
{
	const struct process_tree *t = r->tree;
	const struct process *p = &t->v[r->verdict->worst];
	const char *why = r->verdict->v[r->verdict->worst].why;
	static const char mend[] = "Fix: ";
	const int behind = INDENT + (int)strlen(mend);
	const struct step_place place = { .width = width, .at = behind, .text = behind };
	size_t threads = 0;
	char text[512];

	for (size_t i = 0; i < t->n; i++)
		threads += t->v[i].nthreads;
	snprintf(text, sizeof(text), "Process %d (%s), %zu thread%s", t->v[0].pid, t->v[0].name,
		 threads, plural(threads));
	if (t->n > 1)
		snprintf(text, sizeof(text), "Process %d (%s) and %zu below it, %zu threads",
			 t->v[0].pid, t->v[0].name, t->n - 1, threads);
	fprintf(out, "%s: ", text);
	wrap_print(out, binding_name(r->verdict->binding), width, (int)strlen(text) + 2, INDENT);
	if (p == &t->v[0])
		say(why, width, out);
	snprintf(text, sizeof(text), "process %d (%s): %s", p->pid, p->name, why);
	if (p != &t->v[0])
		say(text, width, out);
	print_commands(r, width, out);
	for (size_t i = 0; i < r->findings.nfindings; i++) {
		const struct finding *f = &r->findings.findings[i];

		if (strcmp(f->id, "process.cores") != 0 || strcmp(f->status, "pass") == 0)
			continue;
		say(f->observed, width, out);
		fprintf(out, "%*s%s", INDENT, "", mend);
		steps_print(out, json_object_get(f->more, "remedy"), &place);
	}
}

/* ---- a row for each process, those that are alike in one ---- */

struct row {
	const struct process *p;
	const struct process_verdict *v;
	struct idset ran; /* nodes */
	size_t processes, threads;
	double share; /* the lowest */
};

static bool alike(const struct row *a, const struct process *p, const struct process_verdict *v)
{
	return strcmp(a->p->name, p->name) == 0 && a->v->judged == v->judged &&
	       a->v->binding == v->binding && idset_equal(&a->v->gpus, &v->gpus) &&
	       idset_equal(&a->v->cpu_nodes, &v->cpu_nodes) &&
	       idset_equal(&a->v->memory_nodes, &v->memory_nodes);
}

static void row_add(struct row *row, const struct process *p, const struct process_verdict *v)
{
	row->processes++;
	row->threads += p->nthreads;
	for (size_t i = 0; i < p->nnodes; i++)
		if (p->nodes[i].ran)
			idset_add(&row->ran, p->nodes[i].node);
	if (isnan(row->share) || v->share < row->share)
		row->share = v->share;
}

static int worst_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int bx = x->v->judged ? (int)x->v->binding : -1,
	    by = y->v->judged ? (int)y->v->binding : -1;

	if (bx != by)
		return by - bx;
	return (x->p > y->p) - (x->p < y->p);
}

static struct row *rows_make(const struct process_report *r, size_t *n)
{
	struct row *rows = calloc(r->tree->n, sizeof(*rows));

	*n = 0;
	for (size_t i = 0; rows && i < r->tree->n; i++) {
		const struct process *p = &r->tree->v[i];
		const struct process_verdict *v = &r->verdict->v[i];
		size_t at = 0;

		while (at < *n && !alike(&rows[at], p, v))
			at++;
		if (at == *n)
			rows[(*n)++] = (struct row){ .p = p, .v = v, .share = NAN };
		row_add(&rows[at], p, v);
	}
	if (rows)
		qsort(rows, *n, sizeof(*rows), worst_first);
	return rows;
}

static const char *const short_names[] = {
	[PROCESS_WELL] = "well",
	[PROCESS_NEEDLESS] = "-",
	[PROCESS_UNKNOWN] = "not known",
	[PROCESS_MEMORY_ONLY] = "memory only",
	[PROCESS_CPU_ONLY] = "CPU only",
	[PROCESS_UNBOUND] = "not bound",
	[PROCESS_WRONG_NODE] = "wrong node",
};

static void row_cells(struct table *t, const struct row *row)
{
	char list[LIST_ROOM];

	if (row->processes > 1)
		table_cell(t, "%d +%zu", row->p->pid, row->processes - 1);
	else
		table_cell(t, "%d", row->p->pid);
	table_cell(t, "%s", row->p->name);
	table_cell(t, "%s",
		   row->p->ngpus && idset_empty(&row->v->gpus) ? "other"
							       : set_text(&row->v->gpus, list));
	table_cell(t, "%zu", row->threads);
	table_cell(t, "%s", set_text(&row->v->cpu_nodes, list));
	table_cell(t, "%s", set_text(&row->ran, list));
	table_cell(t, "%s", set_text(&row->v->memory_nodes, list));
	if (isnan(row->share))
		table_cell(t, "-");
	else
		table_cell(t, "%.0f %%", 100 * row->share);
	table_cell(t, "%s",
		   row->v->judged  ? short_names[row->v->binding]
		   : row->p->ended ? "ended"
				   : "launcher");
}

static int print_processes(const struct process_report *r, int width, FILE *out)
{
	static const struct {
		const char *head;
		char align;
	} columns[] = {
		{ "PID", 'l' },     { "name", 'l' },    { "GPU", 'l' },
		{ "threads", 'r' }, { "may run", 'l' }, { "ran", 'l' },
		{ "kept", 'l' },    { "there", 'r' },   { "verdict", 'l' },
	};
	struct table *t = table_new();
	size_t n;
	struct row *rows = rows_make(r, &n);
	int rc = t && rows ? 0 : -ENOMEM;

	for (size_t i = 0; t && i < sizeof(columns) / sizeof(columns[0]); i++)
		table_column(t, columns[i].head, columns[i].align);
	for (size_t i = 0; rc == 0 && i < n && i < MOST_ROWS; i++)
		row_cells(t, &rows[i]);
	if (rc == 0) {
		heading("Nodes where threads may run and ran, and to which memory is kept "
			"(there: share)",
			width, out);
		rc = table_print(t, out, width, INDENT);
	}
	if (rc == 0 && n > MOST_ROWS)
		fprintf(out, "%*sand %zu other kinds of process, none worse: see --json\n", INDENT,
			"", n - MOST_ROWS);
	free(rows);
	table_free(t);
	return rc;
}

/* ---- memory ---- */

static const char *const kind_heads[PROCESS_MEMORY_KINDS] = {
	[PROCESS_HUGE] = "huge",       [PROCESS_HEAP] = "heap",     [PROCESS_STACK] = "stack",
	[PROCESS_PRIVATE] = "private", [PROCESS_SHARED] = "shared", [PROCESS_FILES] = "files",
};

/* Bytes of the whole tree on one node. */
static bool sum_node(const struct process_tree *t, int node, uint64_t bytes[PROCESS_MEMORY_KINDS])
{
	bool any = false;

	memset(bytes, 0, PROCESS_MEMORY_KINDS * sizeof(*bytes));
	for (size_t i = 0; i < t->n; i++)
		for (size_t j = 0; j < t->v[i].nnodes; j++) {
			if (t->v[i].nodes[j].node != node)
				continue;
			for (int k = 0; k < PROCESS_MEMORY_KINDS; k++) {
				bytes[k] += t->v[i].nodes[j].bytes[k];
				any |= t->v[i].nodes[j].bytes[k] > 0;
			}
		}
	return any;
}

static void memory_row(struct table *t, const uint64_t bytes[PROCESS_MEMORY_KINDS])
{
	uint64_t all = 0;

	for (int k = 0; k < PROCESS_MEMORY_KINDS; k++) {
		table_cell(t, "%.2f", (double)bytes[k] / MIB);
		all += bytes[k];
	}
	table_cell(t, "%.2f", (double)all / MIB);
}

static int print_memory(const struct process_report *r, int width, FILE *f)
{
	uint64_t bytes[PROCESS_MEMORY_KINDS], total[PROCESS_MEMORY_KINDS] = { 0 };
	struct table *t = table_new();
	struct idset nodes = { 0 };
	size_t unread = 0;
	int rc = 0;

	for (size_t i = 0; i < r->tree->n; i++)
		unread += r->tree->v[i].memory_why || r->tree->v[i].ended;
	if (unread == r->tree->n)
		goto out;
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->tree->n; i++)
		for (size_t j = 0; j < r->tree->v[i].nnodes; j++)
			idset_add(&nodes, r->tree->v[i].nodes[j].node);
	table_column(t, "node", 'l');
	for (int k = 0; k < PROCESS_MEMORY_KINDS; k++)
		table_column(t, kind_heads[k], 'r');
	table_column(t, "total", 'r');
	for (int node = -1; (node = idset_next(&nodes, node)) >= 0;) {
		if (!sum_node(r->tree, node, bytes) && !machine_node(r->m, node))
			continue;
		for (int k = 0; k < PROCESS_MEMORY_KINDS; k++)
			total[k] += bytes[k];
		table_cell(t, "%d", node);
		memory_row(t, bytes);
	}
	table_cell(t, "total");
	memory_row(t, total);
	heading(r->tree->n > 1 ? "Memory in MiB (the MB of numastat -p); what processes share is "
				 "counted in each"
			       : "Memory in MiB (the MB of numastat -p)",
		width, f);
	rc = table_print(t, f, width, INDENT);
out:
	table_free(t);
	return rc;
}

/* ---- policies, GPUs ---- */

/* One policy in the whole tree. */
struct policy_row {
	const struct memory_policy *policy;
	size_t areas, processes;
	uint64_t own;
};

static void policy_add(struct policy_row *rows, size_t *n, const struct process_areas *a)
{
	size_t at = 0;

	while (at < *n && !(rows[at].policy->mode == a->policy.mode &&
			    idset_equal(&rows[at].policy->nodes, &a->policy.nodes)))
		at++;
	if (at == *n)
		rows[(*n)++] = (struct policy_row){ .policy = &a->policy };
	rows[at].areas += a->areas;
	rows[at].processes++;
	rows[at].own += a->own_bytes;
}

static struct policy_row *policies_make(const struct process_tree *t, size_t *n)
{
	struct policy_row *rows;
	size_t room = 0;

	for (size_t i = 0; i < t->n; i++)
		room += t->v[i].nareas;
	rows = calloc(room ? room : 1, sizeof(*rows));
	*n = 0;
	for (size_t i = 0; rows && i < t->n; i++)
		for (size_t a = 0; a < t->v[i].nareas; a++)
			policy_add(rows, n, &t->v[i].areas[a]);
	return rows;
}

/* How many areas are under each policy, and how much of the processes' own memory. */
static int print_policies(const struct process_report *r, int width, FILE *out)
{
	static const char *const heads[] = { "areas", "own MiB", "processes" };
	struct table *t = table_new();
	size_t n;
	struct policy_row *rows = policies_make(r->tree, &n);
	int rc = t && rows ? 0 : -ENOMEM;
	char text[300];

	if (rc == 0)
		table_column(t, "policy", 'l');
	for (size_t i = 0; rc == 0 && i < sizeof(heads) / sizeof(heads[0]); i++)
		table_column(t, heads[i], 'r');
	for (size_t i = 0; rc == 0 && i < n; i++) {
		table_cell(t, "%s", memory_policy_text(rows[i].policy, text, sizeof(text)));
		table_cell(t, "%zu", rows[i].areas);
		table_cell(t, "%.2f", (double)rows[i].own / MIB);
		table_cell(t, "%zu", rows[i].processes);
	}
	if (rc == 0 && n) {
		heading("Memory policies (areas without one follow the main thread's)", width, out);
		rc = table_print(t, out, width, INDENT);
	}
	free(rows);
	table_free(t);
	return rc;
}

/* The declared node, and where a measurement says otherwise that one. */
static void gpu_node_cell(struct table *t, const struct process_report *r,
			  const struct process_gpu *g)
{
	struct known fed = g->gpu >= 0 ? process_gpu_node(r->want, g->gpu) : g->node;
	bool differ = fed.is && (!g->node.is || g->node.value != fed.value);

	if (!fed.is)
		table_cell(t, "node not known: %s", fed.why);
	else if (differ && g->node.is)
		table_cell(t, "node %lld as measured (node %lld declared)", fed.value,
			   g->node.value);
	else
		table_cell(t, "node %lld%s", fed.value, differ ? " as measured" : "");
}

static int print_gpus(const struct process_report *r, int width, FILE *out)
{
	struct table *t = table_new();
	struct process_gpu *gpus = NULL;
	size_t n = 0;
	int rc = t ? process_all_gpus(r->tree, &gpus, &n) : -ENOMEM;

	for (int i = 0; t && i < 4; i++)
		table_column(t, "", 'l');
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (gpus[i].gpu >= 0)
			table_cell(t, "GPU %d", gpus[i].gpu);
		else
			table_cell(t, "GPU");
		table_cell(t, "%s", gpus[i].pci);
		gpu_node_cell(t, r, &gpus[i]);
		table_cell(t, "%s", gpus[i].path);
	}
	if (rc == 0 && n) {
		heading("GPUs open", width, out);
		rc = table_print(t, out, width, INDENT);
	}
	free(gpus);
	table_free(t);
	return rc;
}

int process_text(const struct process_report *r, int width, FILE *out)
{
	int rc;

	print_verdict(r, width, out);
	rc = print_processes(r, width, out);
	if (rc == 0)
		rc = print_memory(r, width, out);
	if (rc == 0)
		rc = print_policies(r, width, out);
	if (rc == 0)
		rc = print_gpus(r, width, out);
	if (rc == 0)
		rc = process_notes(r, width, out);
	return rc == 0 && ferror(out) ? -EIO : rc;
}
