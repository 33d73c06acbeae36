/* launch_slurm.c - bindings as Slurm's gres.conf and srun. */
#include <errno.h>
#include <stdlib.h>

#include "render/launch_parts.h"

/* A core of the machine in Slurm's numbering: package by package, in each node by node, in order of
 * the first CPU (it asks hwloc for logical numbers, without caches). */
struct place {
	int package, node, first; /* the first CPU of each */
	const struct node *of;
};

static int by_place(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;
	const int differences[] = { a->package - b->package, a->node - b->node,
				    a->first - b->first };

	for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++)
		if (differences[i])
			return differences[i];
	return 0;
}

static int first_of_package(const struct machine *m, const struct node *n)
{
	int first = idset_next(&n->cpus, -1);

	for (size_t i = 0; n->package.is && i < m->nnodes; i++) {
		int cpu = idset_next(&m->nodes[i].cpus, -1);

		if (m->nodes[i].package.is && m->nodes[i].package.value == n->package.value &&
		    cpu >= 0 && cpu < first)
			first = cpu;
	}
	return first;
}

/* The numbers that Slurm gives the cores of each node, as a set for each in the order of the
 * machine's nodes. NULL: out of memory. */
static struct idset *slurm_cores(const struct machine *m)
{
	struct idset *of = calloc(m->nnodes + 1, sizeof *of);
	struct place *all;
	size_t n = 0, room = 0;

	for (size_t i = 0; i < m->nnodes; i++)
		room += m->nodes[i].ncores;
	all = calloc(room + 1, sizeof *all);
	if (!of || !all) {
		free(of);
		free(all);
		return NULL;
	}
	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t k = 0; k < m->nodes[i].ncores; k++)
			all[n++] = (struct place){
				.package = first_of_package(m, &m->nodes[i]),
				.node = idset_next(&m->nodes[i].cpus, -1),
				.first = idset_next(&m->nodes[i].cores[k].cpus, -1),
				.of = &m->nodes[i],
			};
	qsort(all, n, sizeof *all, by_place);
	for (size_t i = 0; i < n; i++)
		idset_add(&of[all[i].of - m->nodes], (int)i);
	free(all);
	return of;
}

/* Slurm takes whole sockets for a GPU's cores, or whole nodes where it is told to. */
static bool several_nodes_a_package(const struct machine *m)
{
	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t j = 0; j < i; j++)
			if (m->nodes[i].package.is && m->nodes[j].package.is &&
			    m->nodes[i].ncores && m->nodes[j].ncores &&
			    m->nodes[i].package.value == m->nodes[j].package.value)
				return true;
	return false;
}

/* A GPU of which no binding is made, for Slurm wants to know all of them. */
static const struct recommendation *recommended_for(const struct launch *l, int gpu)
{
	for (size_t i = 0; i < l->nrecommended; i++)
		if (l->recommended[i].gpu == gpu && l->recommended[i].has_node)
			return &l->recommended[i];
	return NULL;
}

static int write_gres(FILE *out, const struct launch *l, struct err *e)
{
	const struct machine *m = l->machine;
	struct idset *cores = slurm_cores(m);
	bool known = true;

	if (!cores)
		return err_set(e, -ENOMEM, "out of memory");
	if (several_nodes_a_package(m))
		fputs("# slurm.conf: packages here have several nodes\n"
		      "SlurmdParameters=numa_node_as_socket\n",
		      out);
	fputs("# gres.conf\nAutoDetect=off\n", out);
	for (size_t i = 0; i < m->ngpus; i++)
		known = known && m->gpus[i].minor.is;
	if (!known)
		fputs("# which device file is whose is not known here: see \"Device Minor\" in\n"
		      "# /proc/driver/nvidia/gpus/*/information\n",
		      out);
	for (size_t i = 0; i < m->ngpus; i++) {
		const struct gpu *g = &m->gpus[i];
		const struct recommendation *r = recommended_for(l, g->index);
		const struct node *driver = r ? machine_driver(m, r->node) : NULL;

		fprintf(out, "Name=gpu File=/dev/nvidia%lld",
			g->minor.is ? g->minor.value : g->index);
		if (driver) {
			fputs(" Cores=", out);
			write_list(out, &cores[driver - m->nodes]);
		}
		fputc('\n', out);
	}
	free(cores);
	return 0;
}

/* "map_mem:0,0,1" names a node for each rank; sets of nodes are masks. */
static void write_memory(FILE *out, const struct launch *l)
{
	bool several = false;

	for (size_t i = 0; i < l->n; i++) {
		if (l->bindings[i].memory == BINDING_NONE)
			return;
		several = several || idset_count(&l->bindings[i].memory_nodes) > 1;
	}
	fprintf(out, " --mem-bind=%s%s",
		l->bindings[0].memory == BINDING_PREFERRED ? "prefer," : "",
		several ? "mask_mem:" : "map_mem:");
	for (size_t i = 0; i < l->n; i++) {
		fputs(i ? "," : "", out);
		if (several) {
			fputs("0x", out);
			write_mask(out, &l->bindings[i].memory_nodes);
		} else {
			write_list(out, &l->bindings[i].memory_nodes);
		}
	}
}

int launch_slurm(FILE *out, const struct launch *l, struct err *e)
{
	const struct machine *m = l->machine;
	int rc;

	for (size_t i = 0; i < m->nnodes; i++)
		if (!idset_equal(&m->nodes[i].cpus, &m->nodes[i].allowed_cpus))
			return err_set(e, -ENOTSUP,
				       "Slurm numbers all cores of the machine, and this process "
				       "may use CPUs of node %d only in part: ask outside of the "
				       "cpuset",
				       m->nodes[i].id);
	rc = write_gres(out, l, e);
	if (rc < 0)
		return rc;
	fputs("# slurm.conf: GresTypes=gpu TaskPlugin=task/affinity SelectType=select/cons_tres\n",
	      out);
	if (l->n < m->ngpus)
		fputs("# Slurm chooses the GPUs of a job: this is right where it gives those named "
		      "here\n",
		      out);
	for (size_t i = 0; i < l->n; i++)
		if (l->bindings[i].memory == BINDING_INTERLEAVE) {
			fputs("# Slurm confines memory to several nodes; `numactl "
			      "--interleave=all` behind it spreads the pages\n",
			      out);
			break;
		}
	/* A step of its own would get no more CPUs than it has tasks, and masks lie outside of
	 * that; of a whole node's job it gets them all. */
	fprintf(out,
		"salloc --nodes=1 --exclusive --gpus-per-node=%zu \\\n"
		"    srun --whole --ntasks=%zu --cpu-bind=mask_cpu:",
		l->n, l->n);
	for (size_t i = 0; i < l->n; i++) {
		fputs(i ? ",0x" : "0x", out);
		write_mask(out, &l->bindings[i].cpus);
	}
	write_memory(out, l);
	write_command(out, l, "COMMAND");
	fputc('\n', out);
	return 0;
}
