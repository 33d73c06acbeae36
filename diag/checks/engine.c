/* engine.c - runs the checks, and what their functions share. */
#include <stdio.h>
#include <string.h>

#include "families.h"

const struct family families[] = {
	{ .name = "gpu", .rows = gpu_checks },
	{ .name = "gpu", .rows = gpu_health_checks },
	{ .name = "gpu", .rows = gpu_sharing_checks },
	{ .name = "pcie", .rows = pcie_checks },
	{ .name = "pcie", .rows = pcie_setting_checks },
	{ .name = "memory", .rows = memory_checks },
	{ .name = "memory", .rows = memory_use_checks },
	{ .name = "cpu", .rows = cpu_checks },
	{ .name = "kernel", .rows = kernel_checks },
	{ .name = "container", .rows = container_checks },
	{ .name = "container", .rows = container_limit_checks },
	{ .name = "vm", .rows = vm_checks },
	{ .name = "process", .rows = process_checks, .apart = true },
};
const size_t nfamilies = sizeof families / sizeof *families;

const char *check_status_name(enum check_status s)
{
	static const char *const names[] = { [CHECK_PASS] = "pass",
					     [CHECK_SKIP] = "skip",
					     [CHECK_WARN] = "warn",
					     [CHECK_FAIL] = "fail" };

	return names[s];
}

const char *check_word(size_t i)
{
	for (size_t f = 0; f < nfamilies; f++)
		for (const struct check *row = families[f].rows; row->id; row++)
			if (i-- == 0)
				return row->id;
	return NULL;
}

const struct check *check_find(const char *id, const char **family)
{
	for (size_t f = 0; f < nfamilies; f++)
		for (const struct check *row = families[f].rows; row->id; row++) {
			if (strcmp(row->id, id) != 0)
				continue;
			if (family)
				*family = families[f].name;
			return row;
		}
	return NULL;
}

/* Rows name files from the root without its slash, as sysroot does. */
void check_source(const struct check *row, char text[120])
{
	size_t n = 0;

	for (const char *p = row->source; *p && n + 2 < 120; p++) {
		bool begins = p == row->source || p[-1] == ' ';

		if (begins && (strncmp(p, "sys/", 4) == 0 || strncmp(p, "proc/", 5) == 0))
			text[n++] = '/';
		text[n++] = *p;
	}
	text[n] = '\0';
}

struct known known_lesser(struct known a, struct known b)
{
	if (!a.is || !b.is)
		return a.is ? a : b;
	return a.value < b.value ? a : b;
}

/* ---- GPUs ---- */

bool judged(const struct look *l, const struct gpu *g)
{
	return g->state != GPU_HIDDEN && g->state != GPU_VFIO &&
	       (!l->chosen || idset_has(&l->gpus, g->index));
}

const struct gpu *next_gpu(const struct look *l, const struct gpu *after)
{
	for (size_t i = after ? (size_t)(after - l->m->gpus) + 1 : 0; i < l->m->ngpus; i++)
		if (judged(l, &l->m->gpus[i]))
			return &l->m->gpus[i];
	return NULL;
}

size_t judged_gpus(const struct look *l)
{
	size_t n = 0;

	for (const struct gpu *g = NULL; (g = next_gpu(l, g));)
		n++;
	return n;
}

const char *gpu_name(struct checking *c, const struct gpu *g)
{
	const struct node *home = gpu_home(c->l, g);
	char cpus[64];

	snprintf(c->name, sizeof c->name, "GPU %d (%s)", g->index, g->pci);
	value(c, "gpu", "%d", g->index);
	value(c, "address", "%s", g->pci);
	if (home) {
		idset_format(&home->cpus, cpus, sizeof cpus);
		value(c, "node", "%d", home->id);
		value(c, "cpus", "%s", cpus);
	}
	return c->name;
}

const char *node_name(struct checking *c, const struct node *n)
{
	snprintf(c->name, sizeof c->name, "node %d", n->id);
	value(c, "node", "%d", n->id);
	return c->name;
}

const struct nvml_facts *gpu_facts_of(struct checking *c, const struct gpu *g)
{
	const struct nvml_facts *f = driver_gpu(c->l->driver, g->pci);

	if (!f)
		found(c, CHECK_SKIP, gpu_name(c, g), "NVML does not see it");
	return f;
}

const struct node *gpu_home(const struct look *l, const struct gpu *g)
{
	struct known k = gpu_declared_node(l->m, g);

	return k.is ? machine_node(l->m, (int)k.value) : NULL;
}

const struct record *next_record(const struct look *l, int gpu, const struct record *after)
{
	const struct result *res = l->res;

	for (size_t i = after ? (size_t)(after - res->records) + 1 : 0; i < res->nrecords; i++)
		if (record_has(&res->records[i], "gpu") && res->records[i].gpu == gpu)
			return &res->records[i];
	return NULL;
}

uint64_t largest_buffers(const struct result *res, int node)
{
	enum { BASE_PAGE = 4096 }; /* of struct resident's pages; 64 KiB ones are rare */
	uint64_t most = 0;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		uint64_t bytes = 0;

		if (!record_has(r, "placement") ||
		    (node >= 0 && (!record_has(r, "mem_node") || r->mem_node != node)))
			continue;
		for (size_t j = 0; j < r->placement.nresident; j++)
			bytes += r->placement.resident[j].pages * BASE_PAGE;
		most = bytes > most ? bytes : most;
	}
	return most;
}

const char *condition(const struct look *l, const char *key)
{
	const json_t *conditions = json_object_get(l->m->host, "conditions");

	return json_string_value(json_object_get(conditions, key));
}

/* ---- running ---- */

/* Why a row cannot be judged here, with what it is about; NULL: it can. */
static const char *obstacle(const struct look *l, unsigned needs, const char **subject)
{
	const struct {
		unsigned need;
		bool there;
		const char *subject, *why;
	} rows[] = {
		{ NEEDS_GPU, judged_gpus(l) > 0, "GPUs",
		  l->m->ngpus ? "no GPU here that this process may use" : "no NVIDIA GPU here" },
		{ NEEDS_NODES, l->m->nnodes > 1, "machine", "there is one NUMA node" },
		{ NEEDS_RUN, l->res, "readings under load", "needs a run" },
		{ NEEDS_FILES, l->root, "machine", l->no_files },
		{ NEEDS_NVML, l->driver->nnvml > 0, "GPUs",
		  l->driver->why[0] ? l->driver->why : "NVML tells of no GPU" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if ((needs & rows[i].need) && !rows[i].there) {
			*subject = rows[i].subject;
			return rows[i].why;
		}
	return NULL;
}

int check_run(const struct look *l, const struct check *row, const char *family, struct result *out)
{
	struct checking c = { .l = l, .row = row, .family = family, .out = out };
	const char *subject, *why = obstacle(l, row->needs, &subject);

	if (why)
		found(&c, CHECK_SKIP, subject, "%s", why);
	else
		row->look(&c);
	return c.rc;
}

int checks_run(const struct look *l, struct result *out)
{
	int rc = 0;

	for (size_t f = 0; f < nfamilies; f++)
		for (const struct check *row = families[f].rows;
		     rc == 0 && !families[f].apart && row->id; row++)
			rc = check_run(l, row, families[f].name, out);
	return rc;
}
