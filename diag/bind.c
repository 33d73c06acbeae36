/* bind.c - `numabench bind`: a command, or a process that runs, on the cores and memory that feed
 * its GPU best. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks/bound.h"
#include "front/choice.h"
#include "front/print.h"
#include "front/ranks.h"
#include "machine/probe.h"
#include "place/launch.h"
#include "place/threads.h"
#include "render/launch.h"
#include "render/render.h"
#include "util/options.h"
#include "util/units.h"

enum { NO_PID = 0, MOST_PID = 1 << 22 };

struct bind {
	const char *gpu, *rank, *from, *print, *machine;
	int memory, smt, pid;
	uint64_t need;
	bool isolate, strict, verify, quiet;
};

#define AT(member) .offset = offsetof(struct bind, member)
static const struct opt bind_options[] = {
	{ .kind = OPT_TEXT,
	  .name = "gpu",
	  .arg = "GPU",
	  .help = "number (nvidia-smi's), PCI address or UUID",
	  AT(gpu) },
	{ .kind = OPT_TEXT,
	  .name = "rank",
	  .arg = "N|auto",
	  .help = "the GPU of this rank: by position among those that CUDA_VISIBLE_DEVICES leaves "
		  "(which stays as it is). auto: the rank that torchrun, mpirun, mpiexec or srun "
		  "says (LOCAL_RANK, OMPI_COMM_WORLD_LOCAL_RANK, MPI_LOCALRANKID, SLURM_LOCALID)",
	  AT(rank) },
	{ .kind = OPT_FLAG,
	  .name = "isolate",
	  .help = "with --rank: let the command see no other GPU (CUDA_VISIBLE_DEVICES)",
	  AT(isolate) },
	{ .kind = OPT_TEXT,
	  .name = "from",
	  .arg = "RESULT",
	  .help = "follow what a run on this machine measured; without it the node that firmware "
		  "and driver declare",
	  AT(from) },
	{ .kind = OPT_CHOICE,
	  .name = "memory",
	  .arg = "WORD",
	  .choices = binding_memory_words,
	  .help = "bind: to the node, and no other (the default; when the node is full the kernel "
		  "kills the command); preferred: to others once it is full; interleave: over all "
		  "nodes in turn; none: CPUs alone",
	  AT(memory) },
	{ .kind = OPT_SIZE,
	  .name = "need",
	  .arg = "SIZE",
	  .help = "host memory that the command (of ranks: each) wants; what the node cannot give "
		  "is interleaved over it and the nearest others",
	  AT(need) },
	{ .kind = OPT_CHOICE,
	  .name = "smt",
	  .arg = "WORD",
	  .choices = binding_smt_words,
	  .help = "all: all siblings of its cores (the default); one: the first of each",
	  AT(smt) },
	{ .kind = OPT_FLAG,
	  .name = "strict",
	  .help = "stop where the kernel refuses to bind memory, and not only say so; with "
		  "--verify, end with 125 where the command was not bound well",
	  AT(strict) },
	{ .kind = OPT_FLAG,
	  .name = "verify",
	  .help = "look at the command while it runs, as `check --pid` does, and tell on standard "
		  "error what was seen last",
	  AT(verify) },
	{ .kind = OPT_INT,
	  .name = "pid",
	  .arg = "PID",
	  .help = "instead of a command: a process that runs already, and all that it started; "
		  "moves its threads and pages, and tells what stayed behind",
	  AT(pid),
	  .low = 1,
	  .high = MOST_PID },
	{ .kind = OPT_TEXT,
	  .name = "print",
	  .arg = "WHAT",
	  .word = notation_word,
	  .help = "run nothing, and print what binds alike in the language of another launcher: "
		  "numactl, hwloc-bind, taskset, openmp, systemd, slurm, python, docker, podman, "
		  "kubernetes, torchrun, libvirt, openmpi, mpich, openstack; lines: all that is "
		  "worth pasting; list: what each of them is, and how it was tried. --gpu may name "
		  "several then (0,2-3), or all",
	  AT(print) },
	{ .kind = OPT_FLAG,
	  .name = "quiet",
	  .help = "say nothing of what it is bound to",
	  AT(quiet) },
	{ .kind = OPT_TEXT,
	  .name = "machine",
	  .arg = "PATH",
	  .help = "a recorded machine instead of this one; with --print only",
	  AT(machine) },
	{ .kind = OPT_END },
};
#undef AT

static const struct note examples[] = {
	{ "--gpu 4 -- python train.py", "on the cores and the memory that feed GPU 4 best" },
	{ "--rank auto --from result.json -- python train.py",
	  "within mpirun, srun or torchrun: each rank by its GPU, as a run on this machine "
	  "measured it" },
	{ "--gpu 4 --print slurm", "how Slurm would be told; `--print list` has all launchers" },
	{ "--gpu 4 --pid 4711", "a process that runs already, and its pages" },
	{ NULL, NULL },
};

static const struct note environment[] = {
	{ "CUDA_VISIBLE_DEVICES",
	  "which GPUs there are to choose from; with --gpu the command gets the one GPU" },
	{ "LOCAL_RANK, OMPI_COMM_WORLD_LOCAL_RANK, MPI_LOCALRANKID, SLURM_LOCALID",
	  "the rank of --rank auto" },
	{ "OMP_NUM_THREADS", "set to the number of cores for the command, where it is not set" },
	{ NULL, NULL },
};

static const struct note ends[] = {
	{ "0", "with --print: it was printed; with --pid: all was moved" },
	{ "1", "with --pid: something stayed behind" },
	{ "125", "an error of its own, wrong usage included; with --strict: what it was to bind "
		 "was not bound" },
	{ "126", "the command was found and could not be executed" },
	{ "127", "the command was not found" },
	{ "otherwise", "as the command did" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench bind",
	.summary = "run a command on the NUMA node that feeds a GPU best",
	.usage = "--gpu GPU|--rank N|auto [OPTION]... -- COMMAND [ARGUMENT]...",
	.about =
		"The command gets the node's cores (this GPU's share of them), memory of that node "
		"only, CUDA_DEVICE_ORDER=PCI_BUS_ID, with --gpu CUDA_VISIBLE_DEVICES for the one "
		"GPU, and, where it is not set, OMP_NUM_THREADS: one for each core. Other "
		"variables "
		"of OpenMP are left alone: with OMP_PROC_BIND whatever the command forks would be "
		"squeezed on one core. It takes this process's place, and all that it starts has "
		"the "
		"binding, too.\n\n"
		"Ends as env does: 127 where the command is not found, 126 where it cannot be "
		"executed, 125 for an error of its own, else as the command does. With --pid: 0 "
		"where all was moved, 1 where something stayed behind, 125 for an error.",
	.options = (const struct opt *const[]){ bind_options, NULL },
	.stop_at_operand = true,
	.ends = ends,
	.examples = examples,
	.environment = environment,
	.see = "numabench-try(1), numabench-check(1), numactl(8), hwloc-bind(1), taskset(1)",
};

static void note(const char *text)
{
	fprintf(stderr, "%s: %s\n", command.name, text);
}

/* All that is known of the launch. */
struct launching {
	const struct bind *own;
	char *const *argv, *const *ours; /* the command; our environment before the probe's */
	struct machine m;
	struct choice choice;
	struct binding b;
	struct rank rank;
	struct idset had; /* the CPUs that a rank's launcher has bound it to */
	char visible[96]; /* for CUDA_VISIBLE_DEVICES; empty: left alone */
	struct launch_place place;
};

static int refuse(const struct bind *own, const struct operands *rest, struct err *e)
{
	bool runs = !own->print && own->pid == NO_PID;
	const struct {
		bool wrong;
		const char *text;
	} rules[] = {
		{ !own->gpu && !own->rank, "which GPU? --gpu GPU or --rank auto; see --help" },
		{ own->gpu && own->rank, "--gpu and --rank exclude each other" },
		{ own->isolate && !own->rank, "--isolate goes with --rank; --gpu lets the command "
					      "see that GPU alone as it is" },
		{ own->machine && !own->print, "option '--machine' goes with --print only: "
					       "nothing can run on a recorded machine" },
		{ own->pid != NO_PID && (rest->n || own->rank || own->verify || own->print),
		  "--pid takes --gpu, and no command, --rank, --verify or --print" },
		{ own->pid != NO_PID && (own->memory == BINDING_INTERLEAVE || own->need),
		  "--pid: pages that are there already are not interleaved; no --need, and "
		  "--memory bind, preferred or none" },
		{ own->verify && own->print, "--verify runs the command, --print does not" },
		{ runs && !rest->n, "which command? --gpu GPU -- COMMAND; see --help" },
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].wrong)
			return err_set(e, -EINVAL, "%s", rules[i].text);
	return 0;
}

/* ---- which binding ---- */

static struct binding_want wanted(const struct bind *own)
{
	return (struct binding_want){ .smt = (enum binding_smt)own->smt,
				      .memory = (enum binding_memory)own->memory,
				      .need = own->need };
}

/* The one GPU that --gpu names. */
static int take_gpu(struct launching *l, struct err *e)
{
	struct binding_want want = wanted(l->own);
	struct idset gpus;
	int rc = machine_parse_gpus(&l->m, l->own->gpu, &gpus, e);

	if (rc == 0 && idset_count(&gpus) != 1)
		rc = err_set(e, -EINVAL, "option '--gpu %.40s': one GPU at a time", l->own->gpu);
	if (rc == 0)
		rc = choice_one(&l->b, &l->choice, &l->m, idset_next(&gpus, -1), &want, e);
	if (rc == 0)
		snprintf(l->visible, sizeof l->visible, "%.*s", (int)sizeof l->visible - 1,
			 l->b.gpu->uuid);
	if (rc == 0 && !l->visible[0])
		snprintf(l->visible, sizeof l->visible, "%d", l->b.gpu->index);
	return rc;
}

/* To what a rank's launcher has bound it is known, and is but its wish: mpirun and srun bind ranks
 * without regard to GPUs. This process takes what the launcher has for all of them. */
static int find_rank(struct launching *l, struct err *e)
{
	struct launch_place place = { .memory = MEMPOLICY_DEFAULT };
	int rc = rank_find(&l->rank, l->own->rank, l->ours, e);

	if (rc == 0)
		rc = thread_cpus(&l->had, e);
	if (rc == 0 && choice_launcher(&place.cpus, &l->rank)) {
		place.cpus = idset_or(&place.cpus, &l->had);
		launch_bind(&place, NULL); /* refused: it keeps what it has */
	}
	return rc;
}

static int take_rank(struct launching *l, struct err *e)
{
	struct binding_want want = wanted(l->own);
	struct offered own;
	int rc = choice_rank(&l->b, &own, &l->choice, &l->m, &l->rank,
			     environment_value(l->ours, "CUDA_VISIBLE_DEVICES"), &l->had, &want, e);

	if (rc == 0 && l->own->isolate)
		snprintf(l->visible, sizeof l->visible, "%s", own.name);
	return rc;
}

static struct launch_place place_of(const struct binding *b)
{
	static const enum mempolicy policies[] = {
		[BINDING_BIND] = MEMPOLICY_BIND,
		[BINDING_PREFERRED] = MEMPOLICY_PREFERRED,
		[BINDING_INTERLEAVE] = MEMPOLICY_INTERLEAVE,
		[BINDING_NONE] = MEMPOLICY_DEFAULT,
	};

	return (struct launch_place){ .cpus = b->cpus,
				      .memory = policies[b->memory],
				      .nodes = b->memory_nodes };
}

/* ---- what is said of it ---- */

static void say_memory(const struct binding *b, char *buf, size_t size)
{
	char nodes[128], room[32], gives[64];

	idset_format(&b->memory_nodes, nodes, sizeof nodes);
	if (b->room.is)
		snprintf(gives, sizeof gives, "%s free for it",
			 format_size(room, sizeof room, (uint64_t)b->room.value));
	else
		snprintf(gives, sizeof gives, "free memory not known");
	if (b->memory == BINDING_NONE)
		snprintf(buf, size, "memory not bound");
	else
		snprintf(buf, size, "memory %s node%s %s (%s)",
			 b->memory == BINDING_BIND        ? "of"
			 : b->memory == BINDING_PREFERRED ? "rather of"
							  : "in turn of",
			 idset_count(&b->memory_nodes) > 1 ? "s" : "", nodes, gives);
}

static void say(const struct launching *l)
{
	const struct gpu *g = l->b.gpu;
	char cpus[512], origin[96], memory[256];

	if (g->state == GPU_LOST || g->state == GPU_NO_DRIVER || g->state == GPU_VFIO)
		fprintf(stderr, "%s: GPU %d cannot be used: %s\n", command.name, g->index,
			g->state_why);
	if (gpu_out_of_reach(&l->m, g))
		fprintf(stderr,
			"%s: GPU %d hangs on a node of which this process may not use the CPUs or "
			"the "
			"memory\n",
			command.name, g->index);
	if (l->own->quiet || l->own->pid != NO_PID)
		return;
	idset_format(&l->b.cpus, cpus, sizeof cpus);
	say_memory(&l->b, memory, sizeof memory);
	fprintf(stderr, "%s: GPU %d: CPUs %s of %s%s; %s%s%s%s%s\n", command.name, g->index, cpus,
		binding_origin(&l->b, origin, sizeof origin),
		l->b.cpus_shared ? " (shared with other GPUs: there are more of them than cores)"
				 : "",
		memory, l->b.note[0] ? "; " : "", l->b.note, binding_needless(&l->b) ? "; " : "",
		binding_needless(&l->b) ? l->b.from->why : "");
}

/* ---- a command ---- */

/* What proves it, and where to. */
static int open_order(struct bound_order *o, const struct launching *l, struct sysroot *root,
		      FILE *out, struct err *e)
{
	*o = (struct bound_order){
		.m = &l->m,
		.root = root,
		.gpu = l->b.gpu->index,
		.place = l->place,
		.measured = l->choice.measured,
		.strict = l->own->strict,
		.width = render_options_for(fileno(out), getenv("COLUMNS"), NULL).width,
		.by = command.name,
		.out = out,
	};
	return sysroot_open_live(root, e);
}

static int attend(const struct launching *l, char *const *env, struct err *e)
{
	struct bound_order order;
	struct sysroot root;
	int code;

	if (open_order(&order, l, &root, stderr, e) < 0)
		return LAUNCH_OWN;
	code = bound_command(&order, l->argv, env, e);
	sysroot_close(&root);
	return code;
}

/* Comes back only where the command could not be started, or was attended: with an exit code, and
 * with e where something went wrong. */
static int run(struct launching *l, struct err *e)
{
	char **env = launch_environment(l->ours, l->visible, cores_of(&l->m, &l->b.cpus));
	int rc = env ? launch_bind(&l->place, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc == -ENOTSUP && !l->own->strict) {
		fprintf(stderr,
			"%s: memory is not bound (%s); the CPUs are, and memory follows them while "
			"the node has some\n",
			command.name, e->text);
		e->text[0] = '\0';
		rc = 0;
	}
	if (rc < 0)
		rc = LAUNCH_OWN;
	else
		rc = l->own->verify ? attend(l, env, e) : launch_exec(l->argv, env, e);
	free(env);
	return rc;
}

/* ---- a process that runs ---- */

static int move(const struct launching *l, struct err *e)
{
	struct bound_order order;
	struct sysroot root;
	int rc = open_order(&order, l, &root, stdout, e);

	if (rc < 0)
		return LAUNCH_OWN;
	rc = bound_running(&order, l->own->pid, e);
	sysroot_close(&root);
	if (rc >= 0 && fflush(stdout) != 0)
		rc = err_set(e, -errno, "standard output: %s", strerror(errno));
	return rc < 0 ? LAUNCH_OWN : rc;
}

/* ---- in the language of another launcher ---- */

static int print(struct launching *l, struct err *e)
{
	struct print_order order = { .m = &l->m,
				     .choice = &l->choice,
				     .gpus = l->own->gpu,
				     .want = wanted(l->own),
				     .command = l->argv,
				     .from = l->own->from };
	int rc = print_notation(&order.notation, l->own->print, e);

	if (rc == 0 && l->own->rank) {
		rc = take_rank(l, e);
		order.one = &l->b;
		order.visible = l->visible;
	}
	if (rc == 0)
		rc = print_bindings(&order, stdout, stderr, command.name, e);
	if (rc == 0 && fclose(stdout) != 0)
		rc = err_set(e, -errno, "standard output: %s", strerror(errno));
	return rc < 0 ? LAUNCH_OWN : 0;
}

/* ---- all of it ---- */

static int bind_command(const struct bind *own, const struct operands *rest, char *const *ours)
{
	struct launching l = { .own = own, .argv = rest->v, .ours = ours };
	struct probe_spec spec = probe_spec_default();
	struct err e = { "" };
	int rc = refuse(own, rest, &e), code = LAUNCH_OWN;

	if (own->print && strcmp(own->print, "list") == 0) {
		notations_list(stdout);
		return fclose(stdout) == 0 ? 0 : LAUNCH_OWN;
	}
	result_init(&l.choice.res);
	spec.recorded = own->machine;
	spec.gpus = !own->machine;
	spec.provenance = own->print != NULL; /* a guest is told its architecture */
	if (rc == 0 && own->rank)
		rc = find_rank(&l, &e);
	if (rc == 0)
		rc = machine_probe(&l.m, &spec, &e);
	if (rc == 0)
		rc = choice_open(&l.choice, &l.m, own->from, &e);
	if (rc == 0 && own->print) {
		code = print(&l, &e);
	} else if (rc == 0) {
		rc = own->gpu ? take_gpu(&l, &e) : take_rank(&l, &e);
		l.place = place_of(&l.b);
	}
	if (rc == 0 && !own->print) {
		say(&l);
		code = own->pid != NO_PID ? move(&l, &e) : run(&l, &e);
	}
	if (e.text[0])
		note(e.text);
	choice_close(&l.choice);
	machine_release(&l.m);
	return code;
}

int main(int argc, char **argv)
{
	struct bind own = { .gpu = NULL };
	void *const contexts[] = { &own };
	struct operands rest;
	struct err e = { "" };
	char **ours;
	int rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);

	if (rc < 0) {
		note(e.text);
		return LAUNCH_OWN;
	}
	if (rc > 0)
		return 0;
	ours = environment_copy(environ);
	if (!ours) {
		note("out of memory");
		return LAUNCH_OWN;
	}
	rc = bind_command(&own, &rest, ours);
	free(ours);
	return rc;
}
