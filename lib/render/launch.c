#include "render/launch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/launch_parts.h"
#include "util/quote.h"

static const char *const tried_names[] = {
	[EXERCISED] = "exercised", [VALIDATED] = "validated", [NOT_EXERCISED] = "not exercised"
};
#define FIRST_TOUCH                                                                                \
	"memory: it lies where it is touched first, on the node of the CPUs while that has some"

const struct notation notations[] = {
	{ .name = "lines",
	  .summary =
		  "all that is worth pasting: each GPU, all at once, lowest latency, large memory",
	  .tried = EXERCISED,
	  .write = launch_lines },
	{ .name = "numactl",
	  .summary = "numactl's command line",
	  .tried = EXERCISED,
	  .one = true,
	  .write = launch_numactl },
	{ .name = "hwloc-bind",
	  .summary = "hwloc-bind's command line",
	  .tried = EXERCISED,
	  .one = true,
	  .write = launch_hwloc },
	{ .name = "taskset",
	  .summary = "taskset's command line",
	  .tried = EXERCISED,
	  .one = true,
	  .leaves_out = FIRST_TOUCH,
	  .write = launch_taskset },
	{ .name = "openmp",
	  .summary = "variables of OpenMP's before the command, one thread a core",
	  .tried = EXERCISED,
	  .one = true,
	  .leaves_out = FIRST_TOUCH
	  "; and processes that the program forks stay on its first thread's core",
	  .write = launch_openmp },
	{ .name = "systemd",
	  .summary = "a drop-in for the unit of a service",
	  .tried = EXERCISED,
	  .one = true,
	  .write = launch_systemd },
	{ .name = "slurm",
	  .summary = "gres.conf, and the options of srun",
	  .tried = EXERCISED,
	  .write = launch_slurm },
	{ .name = "python",
	  .summary = "a piece of Python, with a worker_init_fn for PyTorch's DataLoader",
	  .tried = EXERCISED,
	  .write = launch_python },
	{ .name = "docker",
	  .summary = "docker run",
	  .tried = VALIDATED,
	  .one = true,
	  .write = launch_docker },
	{ .name = "podman",
	  .summary = "podman run",
	  .tried = VALIDATED,
	  .one = true,
	  .write = launch_podman },
	{ .name = "kubernetes",
	  .summary = "the kubelet's configuration, and a pod",
	  .tried = NOT_EXERCISED,
	  .write = launch_kubernetes },
	{ .name = "torchrun",
	  .summary = "torchrun, with numabench as wrapper or its own --numa-binding",
	  .tried = NOT_EXERCISED,
	  .write = launch_torchrun },
	{ .name = "libvirt",
	  .summary = "a virtual machine with these GPUs",
	  .tried = VALIDATED,
	  .write = launch_libvirt },
	{ .name = "openmpi",
	  .summary = "mpirun of Open MPI on one host",
	  .tried = VALIDATED,
	  .write = launch_openmpi },
	{ .name = "mpich",
	  .summary = "mpiexec of MPICH on one host",
	  .tried = VALIDATED,
	  .write = launch_mpich },
	{ .name = "openstack",
	  .summary = "Nova's configuration, and the properties of a flavor",
	  .tried = NOT_EXERCISED,
	  .write = launch_openstack },
};
const size_t nnotations = sizeof notations / sizeof notations[0];

const char *notation_word(size_t i)
{
	return i < nnotations ? notations[i].name : NULL;
}

const struct notation *notation_find(const char *name)
{
	for (size_t i = 0; i < nnotations; i++)
		if (strcmp(notations[i].name, name) == 0)
			return &notations[i];
	return NULL;
}

const char *tried_name(enum tried t)
{
	return tried_names[t];
}

void notations_list(FILE *out)
{
	for (size_t i = 0; i < nnotations; i++)
		fprintf(out, "%-11s %-13s  %s\n", notations[i].name, tried_name(notations[i].tried),
			notations[i].summary);
}

static int write_each(const struct notation *t, FILE *out, const struct launch *l, struct err *e)
{
	struct launch one = *l;
	int rc = 0;

	one.n = 1;
	for (size_t i = 0; i < l->n && rc == 0; i++) {
		one.bindings = &l->bindings[i];
		if (l->n > 1)
			fprintf(out, "# GPU %d\n", one.bindings->gpu->index);
		rc = t->write(out, &one, e);
	}
	return rc;
}

/* What cannot be said to its end is not begun either. */
int notation_write(const struct notation *t, FILE *out, const struct launch *l, struct err *e)
{
	char *text = NULL;
	size_t size;
	FILE *whole = open_memstream(&text, &size);
	int rc;

	if (!whole)
		return err_set(e, -ENOMEM, "out of memory");
	rc = t->one ? write_each(t, whole, l, e) : t->write(whole, l, e);
	if (fclose(whole) != 0 && rc == 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0 && (fwrite(text, 1, size, out) != size || fflush(out) != 0))
		rc = err_set(e, -EIO, "the output cannot be written");
	free(text);
	return rc;
}

void launch_remarks(FILE *out, const struct notation *t, const struct launch *l, const char *prefix)
{
	if (t->leaves_out && l->n && l->bindings[0].memory != BINDING_NONE)
		fprintf(out, "%s%s leaves out %s\n", prefix, t->name, t->leaves_out);
	for (size_t i = 0; i < l->n; i++) {
		const struct binding *b = &l->bindings[i];

		if (binding_needless(b))
			fprintf(out, "%sGPU %d: %s\n", prefix, b->gpu->index, b->from->why);
		if (b->note[0])
			fprintf(out, "%sGPU %d: %s\n", prefix, b->gpu->index, b->note);
	}
	if (t->tried == NOT_EXERCISED)
		fprintf(out,
			"%s%s: written by the documentation of the tool; no test of ours has run "
			"it\n",
			prefix, t->name);
}

/* ---- for the writers ---- */

void write_list(FILE *out, const struct idset *s)
{
	write_ranges(out, s, "", ",");
}

void write_ranges(FILE *out, const struct idset *s, const char *prefix, const char *separator)
{
	const char *between = "";

	for (int from = -1; (from = idset_next(s, from)) >= 0;) {
		int to = from;

		while (idset_has(s, to + 1))
			to++;
		fprintf(out, to > from ? "%s%s%d-%d" : "%s%s%d", between, prefix, from, to);
		between = separator;
		from = to;
	}
}

void write_span(FILE *out, size_t from, size_t to)
{
	fprintf(out, to > from ? "%zu-%zu" : "%zu", from, to);
}

void write_mask(FILE *out, const struct idset *s)
{
	size_t top = sizeof s->word / sizeof s->word[0];

	while (top > 1 && !s->word[top - 1])
		top--;
	fprintf(out, "%llx", (unsigned long long)s->word[top - 1]);
	while (--top > 0)
		fprintf(out, "%016llx", (unsigned long long)s->word[top - 1]);
}

void write_command(FILE *out, const struct launch *l, const char *example)
{
	if (!l->command || !l->command[0])
		fprintf(out, " %s", example);
	for (char *const *word = l->command; word && *word; word++) {
		size_t size = 4 * strlen(*word) + 3;
		char *quoted = malloc(size);

		fprintf(out, " %s", quoted ? shell_quote(quoted, size, *word) : *word);
		free(quoted);
	}
}

void write_bind(FILE *out, const struct launch *l, int gpu)
{
	const struct binding_want *want = &l->want;
	char quoted[4096];

	if (gpu >= 0)
		fprintf(out, "numabench bind --gpu %d", gpu);
	else
		fputs("numabench bind --rank auto", out);
	if (l->from)
		fprintf(out, " --from %s", shell_quote(quoted, sizeof quoted, l->from));
	if (want->memory != BINDING_BIND)
		fprintf(out, " --memory %s", binding_memory_words[want->memory]);
	if (want->smt != SMT_ALL)
		fprintf(out, " --smt %s", binding_smt_words[want->smt]);
	if (want->need)
		fprintf(out, " --need %llu", (unsigned long long)want->need);
	fputs(" --", out);
}

void each_core(const struct machine *m, const struct idset *cpus,
	       void (*f)(const struct idset *core, void *arg), void *arg)
{
	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t k = 0; k < m->nodes[i].ncores; k++) {
			struct idset core = idset_and(&m->nodes[i].cores[k].cpus, cpus);

			if (!idset_empty(&core))
				f(&core, arg);
		}
}

static void count_one(const struct idset *core, void *arg)
{
	(void)core;
	*(size_t *)arg += 1;
}

size_t count_cores(const struct machine *m, const struct idset *cpus)
{
	size_t n = 0;

	each_core(m, cpus, count_one, &n);
	return n;
}

void write_gpu(FILE *out, const struct gpu *g)
{
	if (g->uuid[0])
		fputs(g->uuid, out);
	else
		fprintf(out, "%d", g->index);
}

bool write_nics(FILE *out, const struct machine *m, int node)
{
	const char *between = "";

	for (size_t i = 0; i < m->ndevices; i++) {
		const struct device *d = &m->devices[i];

		if (d->kind != DEVICE_NIC || !d->node.is || d->node.value != node)
			continue;
		fprintf(out, "%s%s", between, d->name);
		between = ", ";
	}
	return *between;
}

const char *memory_remark(const struct launch *l)
{
	return l->want.need ? "" : "; memory: half of what is free there, for no need was told";
}

uint64_t memory_of(const struct launch *l, const struct binding *b)
{
	size_t users = 0;

	if (b->need)
		return b->need;
	for (size_t i = 0; i < l->n; i++)
		users += l->bindings[i].node == b->node;
	return b->room.is && users ? (uint64_t)b->room.value / users / 2 : 0;
}
