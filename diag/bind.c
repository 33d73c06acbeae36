/* bind.c - `numabench bind`: a command on the cores and memory that feed its GPU best. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/probe.h"
#include "place/memory.h"
#include "place/threads.h"
#include "result/recommend.h"
#include "result/result.h"
#include "util/options.h"
#include "util/quote.h"

/* As env(1) does. */
enum { EXIT_OWN = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

enum print { PRINT_NOTHING, PRINT_NUMACTL };
static const char *const print_names[] = { "numactl", NULL };

struct bind {
	const char *gpu, *from, *machine;
	int print; /* index in print_names, or -1 */
};

static const struct opt bind_options[] = {
	{ .kind = OPT_TEXT,
	  .name = "gpu",
	  .arg = "GPU",
	  .help = "number (nvidia-smi's), PCI address or UUID",
	  .offset = offsetof(struct bind, gpu) },
	{ .kind = OPT_TEXT,
	  .name = "from",
	  .arg = "RESULT",
	  .help = "follow what a run on this machine measured; without it the node that firmware "
		  "and driver declare",
	  .offset = offsetof(struct bind, from) },
	{ .kind = OPT_CHOICE,
	  .name = "print",
	  .arg = "WHAT",
	  .help = "numactl: print its command line that binds alike, and run nothing",
	  .offset = offsetof(struct bind, print),
	  .choices = print_names },
	{ .kind = OPT_TEXT,
	  .name = "machine",
	  .arg = "PATH",
	  .help = "a recorded machine instead of this one; with --print only",
	  .offset = offsetof(struct bind, machine) },
	{ .kind = OPT_END },
};

static const struct command command = {
	.name = "numabench bind",
	.summary = "run a command on the NUMA node that feeds a GPU best",
	.usage = "--gpu GPU [OPTION]... -- COMMAND [ARGUMENT]...",
	.about = "The command gets the node's cores (this GPU's share of them), memory of that "
		 "node only, CUDA_VISIBLE_DEVICES for the one GPU and "
		 "CUDA_DEVICE_ORDER=PCI_BUS_ID, and takes this process's place.\n\n"
		 "Ends as env does: 127 where the command is not found, 126 where it cannot be "
		 "executed, 125 for an error of its own, else as the command does.",
	.options = (const struct opt *const[]){ bind_options, NULL },
	.stop_at_operand = true,
};

static void note(const char *text)
{
	fprintf(stderr, "%s: %s\n", command.name, text);
}

/* The one GPU that --gpu names. */
static int find_gpu(const struct machine *m, const char *text, const struct gpu **g, struct err *e)
{
	struct idset gpus;
	int rc;

	if (!text)
		return err_set(e, -EINVAL, "which GPU? --gpu GPU; see --help");
	rc = machine_parse_gpus(m, text, &gpus, e);
	if (rc < 0)
		return rc;
	if (idset_count(&gpus) != 1)
		return err_set(e, -EINVAL, "option '--gpu %.40s': one GPU at a time", text);
	*g = machine_gpu(m, idset_next(&gpus, -1));
	return 0;
}

/* A result of another machine must not place a command on this one. */
static int same_machine(const struct machine *here, const struct machine *there, const char *path,
			struct err *e)
{
	if (here->nnodes != there->nnodes || here->ngpus != there->ngpus)
		return err_set(
			e, -EINVAL,
			"%s is of another machine: %zu nodes and %zu GPUs there, %zu and %zu here",
			path, there->nnodes, there->ngpus, here->nnodes, here->ngpus);
	for (size_t i = 0; i < here->nnodes; i++)
		if (here->nodes[i].id != there->nodes[i].id ||
		    !idset_equal(&here->nodes[i].cpus, &there->nodes[i].cpus))
			return err_set(e, -EINVAL,
				       "%s is of another machine: node %d has other CPUs there",
				       path, there->nodes[i].id);
	for (size_t i = 0; i < here->ngpus; i++) {
		const struct gpu *a = &here->gpus[i], *b = &there->gpus[i];
		bool other_part = a->uuid[0] && b->uuid[0] && strcmp(a->uuid, b->uuid) != 0;

		if (a->index != b->index || strcmp(a->pci, b->pci) != 0 || other_part)
			return err_set(
				e, -EINVAL,
				"%s is of another machine: GPU %d is %s %s there, %s %s here", path,
				b->index, b->pci, b->uuid, a->pci, a->uuid);
	}
	return 0;
}

static const struct recommendation *pick(const struct recommendation *all, size_t n, int gpu)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].gpu == gpu)
			return &all[i];
	return NULL;
}

/* Where to run: `res` owns what r points to when there is a result, `declared` otherwise. */
struct choice {
	struct result res;
	struct recommendation *declared;
	size_t ndeclared;
	struct recommendation r; /* a copy; its pointers belong to the above */
};

static int choose(struct choice *c, const struct machine *m, const struct gpu *g, const char *from,
		  struct err *e)
{
	const struct recommendation *r;
	int rc = 0;

	if (from) {
		rc = result_read(&c->res, from, e);
		if (rc == 0)
			rc = same_machine(m, &c->res.machine, from, e);
		if (rc == 0 && !c->res.nrecommendations && recommend(&c->res) < 0)
			rc = err_set(e, -ENOMEM, "out of memory");
		r = pick(c->res.recommendations, c->res.nrecommendations, g->index);
	} else {
		if (recommend_declared(m, &c->declared, &c->ndeclared) < 0)
			rc = err_set(e, -ENOMEM, "out of memory");
		r = pick(c->declared, c->ndeclared, g->index);
	}
	if (rc < 0)
		return rc;
	if (!r || !r->has_node)
		return err_set(e, -ENODEV,
			       "GPU %d: no node is declared for it (%s), and %s; measure with "
			       "`numabench --all`, then give --from RESULT",
			       g->index, gpu_declared_node(m, g).why,
			       from ? "the result recommends none" : "no result was given");
	c->r = *r;
	/* What a result was allowed to use may be more than this process may. */
	c->r.cpus = idset_and(&r->cpus, &m->allowed_cpus);
	if (idset_empty(&c->r.cpus))
		return err_set(e, -EINVAL, "GPU %d: none of the CPUs of node %d may be used here",
			       g->index, r->node);
	return 0;
}

static int print_line(const struct choice *c, char **argv, struct err *e)
{
	char line[16384];

	fputs(recommendation_numactl(&c->r, line, sizeof line), stdout);
	for (; *argv; argv++) {
		size_t size = 4 * strlen(*argv) + 3;
		char *word = malloc(size);

		printf(" %s", word ? shell_quote(word, size, *argv) : *argv);
		free(word);
	}
	putchar('\n');
	return fclose(stdout) == 0 ? 0 : err_set(e, -errno, "standard output: %s", strerror(errno));
}

/* The environment of the command: ours before the probe touched it, with two more variables. */
static char **environment(char *const *ours, const struct gpu *g, struct err *e)
{
	static const char *const names[] = { "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER" };
	char visible[24];
	const char *values[] = { visible, "PCI_BUS_ID" };
	size_t n = 0, kept = 0;
	char **env;

	snprintf(visible, sizeof visible, "%d", g->index);
	if (g->uuid[0])
		values[0] = g->uuid;
	while (ours[n])
		n++;
	env = calloc(n + 3, sizeof *env);
	for (size_t i = 0; env && i < n; i++) {
		bool replaced = false;

		for (size_t j = 0; j < 2; j++)
			replaced = replaced || (strncmp(ours[i], names[j], strlen(names[j])) == 0 &&
						ours[i][strlen(names[j])] == '=');
		if (!replaced)
			env[kept++] = ours[i];
	}
	for (size_t j = 0; env && j < 2; j++)
		if (asprintf(&env[kept++], "%s=%s", names[j], values[j]) < 0)
			return err_set(e, -ENOMEM, "out of memory"), NULL;
	if (!env)
		err_set(e, -ENOMEM, "out of memory");
	return env;
}

/* Returns only where the command could not be started: an exit code. */
static int run(const struct choice *c, const struct gpu *g, char **argv, char *const *ours)
{
	struct err e = { "" };
	char **env = environment(ours, g, &e);
	int rc = env ? thread_bind(&c->r.cpus, &e) : -ENOMEM;

	if (rc < 0) {
		note(e.text);
		return EXIT_OWN;
	}
	rc = c->r.cpus_only ? 0 : policy_bind_thread(c->r.node);
	if (rc < 0)
		fprintf(stderr,
			"%s: memory is not bound (%s); the CPUs are, and memory follows "
			"them while the node has some\n",
			command.name, strerror(-rc));
	execvpe(argv[0], argv, env);
	rc = errno;
	fprintf(stderr, "%s: %s: %s\n", command.name, argv[0], strerror(rc));
	return rc == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

static int bind_command(const struct bind *own, const struct operands *rest, char *const *ours)
{
	struct probe_spec spec = probe_spec_default();
	struct machine m = { 0 };
	struct choice c = { 0 };
	const struct gpu *g = NULL;
	struct err e = { "" };
	int rc = 0, code = EXIT_OWN;

	result_init(&c.res);
	spec.recorded = own->machine;
	spec.gpus = !own->machine;
	spec.provenance = false;
	if (own->machine && own->print < 0)
		rc = err_set(&e, -EINVAL,
			     "option '--machine' goes with --print only: nothing can "
			     "run on a recorded machine");
	else if (!rest->n && own->print < 0)
		rc = err_set(&e, -EINVAL, "which command? --gpu GPU -- COMMAND; see --help");
	else
		rc = machine_probe(&m, &spec, &e);
	if (rc == 0)
		rc = find_gpu(&m, own->gpu, &g, &e);
	if (rc == 0)
		rc = choose(&c, &m, g, own->from, &e);
	if (rc == 0 && own->print >= 0) {
		rc = print_line(&c, rest->v, &e);
		code = rc == 0 ? 0 : EXIT_OWN;
	} else if (rc == 0) {
		if (g->state == GPU_LOST || g->state == GPU_NO_DRIVER || g->state == GPU_VFIO)
			fprintf(stderr, "%s: GPU %d cannot be used: %s\n", command.name, g->index,
				g->state_why);
		code = run(&c, g, rest->v, ours);
	}
	if (rc < 0)
		note(e.text);
	recommendations_free(c.declared, c.ndeclared);
	result_release(&c.res);
	machine_release(&m);
	return code;
}

int main(int argc, char **argv)
{
	struct bind own = { .print = -1 };
	void *const contexts[] = { &own };
	struct operands rest;
	struct err e = { "" };
	char **ours;
	size_t n = 0;
	int rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);

	if (rc < 0) {
		note(e.text);
		return EXIT_OWN;
	}
	if (rc > 0)
		return 0;
	/* The strings stay; the list itself is the library's to change. */
	while (environ[n])
		n++;
	ours = calloc(n + 1, sizeof *ours);
	if (!ours) {
		note("out of memory");
		return EXIT_OWN;
	}
	memcpy(ours, environ, n * sizeof *ours);
	rc = bind_command(&own, &rest, ours);
	free(ours);
	return rc;
}
