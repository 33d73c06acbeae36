/* process_notes.c - what is to be known beside a process's verdict: GPUs that may not be the
 * ones meant, cores that are shared, and what cannot be seen from outside. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "render/table.h"
#include "util/units.h"

/* Of notes that are alike: of how many processes, and cores. */
enum { LIST_ROOM = 1024, MOST_CORES = 8, MOST_ALIKE = 4 };

struct notes {
	const struct process_report *r;
	struct table *t;
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void note(struct notes *s, const char *fmt, ...)
{
	char text[1600];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	table_cell(s->t, "-");
	table_cell(s->t, "%s", text);
	s->n++;
}

/* ---- GPUs ---- */

static void note_gpus(struct notes *s)
{
	const struct process_tree *t = s->r->tree;
	bool any = s->r->verdict->binding == PROCESS_NEEDLESS;

	for (size_t i = 0; i < t->n; i++)
		any |= t->v[i].ngpus > 0 || t->v[i].gpus_why;
	for (size_t i = 0; !any && i < s->r->verdict->n; i++)
		any |= !idset_empty(&s->r->verdict->v[i].gpus);
	if (!any)
		note(s, "No GPU is open: what is judged is whether threads and memory keep to one "
			"node together. --gpus GPU says which GPU it is to feed.");
}

/* GPUs whose node nobody tells. */
static void note_unknown(struct notes *s)
{
	struct process_gpu *gpus = NULL;
	size_t n = 0;

	if (process_all_gpus(s->r->tree, &gpus, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (!gpus[i].node.is)
			note(s,
			     "GPU %s: its node is not known (%s): measure with numabench --all, "
			     "and give the result.",
			     gpus[i].pci, gpus[i].node.why);
	free(gpus);
}

static void note_more(struct notes *s, size_t n)
{
	if (n > MOST_ALIKE)
		note(s, "The same holds for %zu more process%s.", n - MOST_ALIKE,
		     n - MOST_ALIKE == 1 ? "" : "es");
}

/* CUDA opens the device files of all GPUs: which of them a process works on. */
static void note_visible(struct notes *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->r->tree->n; i++) {
		const struct process *p = &s->r->tree->v[i];
		size_t hidden = 0;

		for (size_t g = 0; g < p->ngpus; g++)
			hidden += !p->gpus[g].visible;
		if (hidden && n++ < MOST_ALIKE)
			note(s,
			     "Process %d has %zu GPUs open, as CUDA opens all; it was started with "
			     "CUDA_VISIBLE_DEVICES=%.100s, and judged by that.",
			     p->pid, p->ngpus, p->visible);
	}
	note_more(s, n);
}

/* Nodes of the GPUs that a process has open. */
static struct idset open_on(const struct process *p)
{
	struct idset on = { 0 };

	for (size_t g = 0; g < p->ngpus; g++)
		if (p->gpus[g].visible && p->gpus[g].node.is)
			idset_add(&on, (int)p->gpus[g].node.value);
	return on;
}

static void note_several(struct notes *s)
{
	char gpus[LIST_ROOM], nodes[LIST_ROOM];
	size_t n = 0;

	if (!idset_empty(&s->r->want->gpus))
		return;
	for (size_t i = 0; i < s->r->tree->n; i++) {
		struct idset on = open_on(&s->r->tree->v[i]);

		if (idset_count(&on) < 2 || n++ >= MOST_ALIKE)
			continue;
		idset_format(&s->r->verdict->v[i].gpus, gpus, sizeof(gpus));
		idset_format(&on, nodes, sizeof(nodes));
		note(s,
		     "Process %d has GPUs %s open, which hang on nodes %s. If it works on some of "
		     "them only, --gpus LIST judges it by those.",
		     s->r->tree->v[i].pid, gpus, nodes);
	}
	note_more(s, n);
}

/* ---- cores ---- */

static void note_cores(struct notes *s)
{
	const struct tree_verdict *v = s->r->verdict;
	char cpus[LIST_ROOM];

	for (size_t i = 0; i < v->nsharing && i < MOST_CORES; i++) {
		const struct core_sharing *c = &v->sharing[i];
		bool siblings = idset_count(&c->cpus) > 1;

		idset_format(&c->cpus, cpus, sizeof(cpus));
		note(s, "%s%s%s: %zu threads%s are pinned there%s.", siblings ? "CPUs " : "CPU ",
		     cpus, siblings ? ", SMT siblings of one core" : "", c->threads,
		     c->processes > 1 && !siblings ? " of several processes" : "",
		     c->idle_cores ? ", while other cores of the node have none" : "");
	}
	if (v->nsharing > MOST_CORES)
		note(s, "and %zu more cores that pinned threads share.", v->nsharing - MOST_CORES);
}

/* ---- what cannot be seen ---- */

/* One note for each reason, with how many processes it is of. */
static void note_why(struct notes *s, const char *what, bool gpus)
{
	const struct process_tree *t = s->r->tree;

	for (size_t i = 0; i < t->n; i++) {
		const char *why = gpus ? t->v[i].gpus_why : t->v[i].memory_why;
		size_t n = 0;
		bool first = true;

		for (size_t j = 0; why && j < t->n; j++) {
			const char *other = gpus ? t->v[j].gpus_why : t->v[j].memory_why;

			if (!other || strcmp(other, why) != 0)
				continue;
			first &= j >= i;
			n++;
		}
		if (why && first)
			note(s, "%s of process %d%s cannot be seen: %s.", what, t->v[i].pid,
			     n > 1 ? " and others" : "", why);
	}
}

/* Threads with a policy of their own, and those whose policy nothing tells. */
static void note_policies(struct notes *s)
{
	const struct process_tree *t = s->r->tree;
	size_t unread = 0, n = 0;
	char text[300];

	for (size_t i = 0; i < t->n; i++) {
		const struct process *p = &t->v[i];

		for (size_t k = 0; k < p->nkinds; k++) {
			const struct memory_policy *own = &p->threads[k].policy;

			unread +=
				own->mode == POLICY_UNREAD && !p->memory_why ? p->threads[k].n : 0;
			if (own->mode == POLICY_UNREAD || own->mode == p->threads[0].policy.mode ||
			    n++ >= MOST_ALIKE)
				continue;
			note(s,
			     "Process %d: %zu thread%s (%d) %s the policy %s, not the main one's.",
			     p->pid, p->threads[k].n, plural(p->threads[k].n), p->threads[k].first,
			     p->threads[k].n == 1 ? "has" : "have",
			     memory_policy_text(own, text, sizeof(text)));
		}
	}
	note_more(s, n);
	if (unread)
		note(s,
		     "The policy of %zu thread%s is not told by the kernel: from outside only that "
		     "of areas can be seen.",
		     unread, plural(unread));
}

/* Of the whole tree. */
static void note_bytes(struct notes *s)
{
	static const struct {
		size_t offset; /* of a struct known of a process */
		const char *what;
	} kinds[] = {
		{ offsetof(struct process, pinned_bytes),
		  "pinned by devices (VFIO, RDMA): it does not move" },
		{ offsetof(struct process, locked_bytes), "locked (mlock)" },
		{ offsetof(struct process, swapped_bytes), "swapped out, and on no node" },
	};
	const struct process_tree *t = s->r->tree;
	size_t driver_areas = 0;
	char size[32];

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		uint64_t bytes = 0;

		for (size_t i = 0; i < t->n; i++) {
			const struct known *one =
				(const struct known *)((const char *)&t->v[i] + kinds[k].offset);

			bytes += one->is ? (uint64_t)one->value : 0;
		}
		if (bytes)
			note(s, "%s of memory is %s.", format_size(size, sizeof(size), bytes),
			     kinds[k].what);
	}
	for (size_t i = 0; i < t->n; i++)
		driver_areas += t->v[i].driver_areas;
	if (driver_areas)
		note(s,
		     "%zu area%s mapped from the NVIDIA driver: where memory that the driver "
		     "allocated lies cannot be seen from outside.",
		     driver_areas, driver_areas == 1 ? " is" : "s are");
}

int process_notes(const struct process_report *r, int width, FILE *out)
{
	struct notes s = { .r = r, .t = table_new() };
	int rc = 0;

	if (!s.t)
		return -ENOMEM;
	table_column(s.t, "", 'l');
	table_column(s.t, "", 'l');
	note_gpus(&s);
	note_unknown(&s);
	note_visible(&s);
	note_several(&s);
	note_cores(&s);
	note_why(&s, "The memory", false);
	note_why(&s, "The open files", true);
	note_policies(&s);
	note_bytes(&s);
	if (s.n) {
		fprintf(out, "\nNotes\n");
		rc = table_print(s.t, out, width, 2);
	}
	table_free(s.t);
	return rc;
}
