/* launch_shell.c - bindings as command lines. */
#include <errno.h>

#include "render/launch_parts.h"
#include "util/quote.h"

static const char chooses[] = "env CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=";

bool write_gpu_choice(FILE *out, const struct launch *l, const struct binding *b)
{
	char quoted[512];

	if (l->visible && !l->visible[0])
		return false;
	fputs(chooses, out);
	if (l->visible)
		fputs(shell_quote(quoted, sizeof quoted, l->visible), out);
	else
		write_gpu(out, b->gpu);
	fputc(' ', out);
	return true;
}

void write_numactl(FILE *out, const struct binding *b)
{
	static const char *const options[] = { [BINDING_BIND] = "membind",
					       [BINDING_PREFERRED] = "preferred",
					       [BINDING_INTERLEAVE] = "interleave" };

	fputs("numactl --physcpubind=", out);
	write_list(out, &b->cpus);
	if (b->memory == BINDING_NONE)
		return;
	fprintf(out, " --%s=", options[b->memory]);
	write_list(out, &b->memory_nodes);
}

int launch_numactl(FILE *out, const struct launch *l, struct err *e)
{
	(void)e;
	write_gpu_choice(out, l, &l->bindings[0]);
	write_numactl(out, &l->bindings[0]);
	write_command(out, l, "COMMAND");
	fputc('\n', out);
	return 0;
}

/* Its numbers are its own unless --physical; without --strict it prefers where it says "bind". */
int launch_hwloc(FILE *out, const struct launch *l, struct err *e)
{
	const struct binding *b = &l->bindings[0];

	(void)e;
	write_gpu_choice(out, l, b);
	fprintf(out, "hwloc-bind --physical%s --cpubind ",
		b->memory == BINDING_BIND ? " --strict" : "");
	write_ranges(out, &b->cpus, "pu:", " ");
	if (b->memory != BINDING_NONE) {
		fprintf(out, "%s --membind ",
			b->memory == BINDING_INTERLEAVE ? " --mempolicy interleave" : "");
		write_ranges(out, &b->memory_nodes, "numanode:", " ");
	}
	fputs(" --", out);
	write_command(out, l, "COMMAND");
	fputc('\n', out);
	return 0;
}

int launch_taskset(FILE *out, const struct launch *l, struct err *e)
{
	(void)e;
	write_gpu_choice(out, l, &l->bindings[0]);
	fputs("taskset -c ", out);
	write_list(out, &l->bindings[0].cpus);
	write_command(out, l, "COMMAND");
	fputc('\n', out);
	return 0;
}

/* ---- OpenMP ---- */

struct places {
	FILE *out;
	const char *between;
};

static void write_place(const struct idset *core, void *arg)
{
	struct places *p = arg;

	fprintf(p->out, "%s{", p->between);
	for (int cpu = -1, n = 0; (cpu = idset_next(core, cpu)) >= 0; n++)
		fprintf(p->out, n ? ",%d" : "%d", cpu);
	fputc('}', p->out);
	p->between = ",";
}

/* For this command alone: exported, its processes would all be put on one core (libgomp places
 * the first thread of each). The last variable is for libgomp where it does not know the others. */
int launch_openmp(FILE *out, const struct launch *l, struct err *e)
{
	const struct binding *b = &l->bindings[0];
	struct idset first = binding_first_siblings(l->machine, &b->cpus);
	struct places places = { .out = out, .between = "" };

	(void)e;
	if (!write_gpu_choice(out, l, b))
		fputs("env ", out);
	fprintf(out, "OMP_NUM_THREADS=%zu OMP_PROC_BIND=close OMP_PLACES='", idset_count(&first));
	each_core(l->machine, &b->cpus, write_place, &places);
	fputs("' GOMP_CPU_AFFINITY=", out);
	write_list(out, &first);
	write_command(out, l, "COMMAND");
	fputc('\n', out);
	return 0;
}

/* ---- containers ---- */

/* cpuset-mems is a fence, not a policy: what does not fit inside is killed. */
static int container(FILE *out, const struct launch *l, const char *run, const char *gpu,
		     struct err *e)
{
	const struct binding *b = &l->bindings[0];

	if (b->memory == BINDING_PREFERRED)
		return err_set(e, -ENOTSUP,
			       "a container's memory can be confined to a node, not kept near it: "
			       "--memory bind or none; or in the container "
			       "numabench bind --memory preferred");
	if (b->memory == BINDING_INTERLEAVE)
		fputs("# confined to these nodes; that pages are spread evenly takes\n"
		      "# `numactl --interleave=all` in the container, with --cap-add SYS_NICE\n",
		      out);
	fprintf(out, "%s --cpuset-cpus=", run);
	write_list(out, &b->cpus);
	if (b->memory != BINDING_NONE) {
		fputs(" --cpuset-mems=", out);
		write_list(out, &b->memory_nodes);
	}
	fputs(gpu, out);
	write_gpu(out, b->gpu);
	fputs(" IMAGE", out);
	write_command(out, l, "COMMAND");
	fputc('\n', out);
	return 0;
}

int launch_docker(FILE *out, const struct launch *l, struct err *e)
{
	return container(out, l, "docker run --rm", " --gpus device=", e);
}

/* The names of the Container Device Interface, as `nvidia-ctk cdi generate` makes them. */
int launch_podman(FILE *out, const struct launch *l, struct err *e)
{
	return container(out, l, "podman run --rm", " --device nvidia.com/gpu=", e);
}

/* ---- launchers of ranks ---- */

/* All GPUs of the machine have a process of their own, so that local rank n is GPU n. */
static bool whole(const struct launch *l)
{
	return l->n == l->machine->ngpus;
}

/* The GPUs of the launch, where they are not all of the machine's. */
static void write_visible(FILE *out, const struct launch *l)
{
	if (whole(l))
		return;
	fputs(chooses, out);
	for (size_t i = 0; i < l->n; i++) {
		fputs(i ? "," : "", out);
		write_gpu(out, l->bindings[i].gpu);
	}
	fputc(' ', out);
}

/* torchrun's own binds CPUs alone, to the node that is declared for cuda:n. */
int launch_torchrun(FILE *out, const struct launch *l, struct err *e)
{
	bool declared = true;

	(void)e;
	for (size_t i = 0; i < l->n; i++)
		declared = declared && l->bindings[i].from->agreement == AGREES;
	write_visible(out, l);
	fprintf(out, "torchrun --nproc-per-node=%zu --no-python ", l->n);
	write_bind(out, l, -1);
	write_command(out, l, "python TRAIN.py");
	fputs("\n# CPUs alone, by torchrun itself (PyTorch 2.9 or later)", out);
	fputs(declared ? ":\n# " : "; it follows what is declared, which is another node here:\n# ",
	      out);
	write_visible(out, l);
	fprintf(out, "torchrun --nproc-per-node=%zu --numa-binding=%s TRAIN.py\n", l->n,
		l->n > 1 ? "exclusive" : "node");
	return 0;
}

/* Each rank in the words of numactl: what MPI's own binding cannot say of memory. Other hosts have
 * other results, and a command of several lines would not be a comment. */
static int mpi(FILE *out, const struct launch *l, const char *run, const char *count)
{
	struct launch elsewhere = *l;

	elsewhere.from = NULL;
	write_visible(out, l);
	fputs(run, out);
	for (size_t i = 0; i < l->n; i++) {
		fprintf(out, "%s %s ", i ? " :" : "", count);
		write_numactl(out, &l->bindings[i]);
		write_command(out, l, "COMMAND");
	}
	fprintf(out, "\n# on several hosts: %s ", run);
	write_bind(out, &elsewhere, -1);
	fputs(" COMMAND\n", out);
	return 0;
}

int launch_openmpi(FILE *out, const struct launch *l, struct err *e)
{
	(void)e;
	return mpi(out, l, "mpirun --bind-to none", "-np 1");
}

int launch_mpich(FILE *out, const struct launch *l, struct err *e)
{
	(void)e;
	return mpi(out, l, "mpiexec -bind-to none", "-n 1");
}
