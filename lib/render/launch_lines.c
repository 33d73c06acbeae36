/* launch_lines.c - all that is worth pasting about the bindings of a machine, with why. */
#include <stdlib.h>
#include <string.h>

#include "render/launch_parts.h"
#include "util/units.h"

static void write_ours(FILE *out, const struct launch *l, int gpu)
{
	write_bind(out, l, gpu);
	write_command(out, l, "COMMAND");
	fputc('\n', out);
}

static void write_line(FILE *out, const struct launch *l, const struct binding *b)
{
	write_gpu_choice(out, l, b);
	write_numactl(out, b);
	write_command(out, l, "COMMAND");
	fputc('\n', out);
}

/* The binding of one GPU made anew: of another node, or with a need. NULL: there is none. */
static struct binding *another(const struct launch *l, const struct binding *b, int node,
			       uint64_t need)
{
	struct recommendation *all = calloc(l->nrecommended + 1, sizeof *all);
	struct binding_want want = l->want;
	struct binding *v = NULL;
	size_t n;

	if (!all)
		return NULL;
	memcpy(all, l->recommended, l->nrecommended * sizeof *all);
	for (size_t i = 0; i < l->nrecommended; i++)
		if (all[i].gpu == b->gpu->index)
			all[i].node = node;
	want.gpus = (struct idset){ { 0 } };
	idset_add(&want.gpus, b->gpu->index);
	want.memory = need ? BINDING_BIND : want.memory;
	want.need = need;
	if (bindings_make(&v, &n, l->machine, all, l->nrecommended, l->measured, &want, NULL) < 0)
		v = NULL;
	if (v)
		v->from = b->from; /* what it points to ends here */
	free(all);
	return v;
}

/* The strongest that was measured of small copies, as the GPU or the host sees them. */
static const struct evidence *of_latency(const struct recommendation *r)
{
	for (size_t i = 0; i < r->nevidence; i++)
		if (strcmp(r->evidence[i].test, "gpu-latency") == 0 &&
		    r->evidence[i].matters == MATTERS_YES)
			return &r->evidence[i];
	return NULL;
}

static void write_latency(FILE *out, const struct launch *l, const struct binding *b)
{
	const struct evidence *ev = of_latency(b->from);
	struct binding *other;
	char name[160];

	if (!ev)
		return;
	evidence_name(ev, name, sizeof name);
	fprintf(out, "# GPU %d, lowest latency: node %d, where %s is %.2fx as good as on node %d\n",
		b->gpu->index, ev->best, name, ev->advantage, ev->other);
	other = ev->best == b->node ? NULL : another(l, b, ev->best, l->want.need);
	if (ev->best == b->node)
		fputs("# as above\n", out);
	else if (other)
		write_line(out, l, other);
	free(other);
}

static void write_large(FILE *out, const struct launch *l, const struct binding *b)
{
	struct binding *large;
	char has[32], cost[64];

	if (b->memory != BINDING_BIND || !b->room.is)
		return;
	large = another(l, b, b->node, (uint64_t)b->room.value + 1);
	if (!large)
		return;
	fprintf(out, "# GPU %d, more memory than node %d gives (%s)", b->gpu->index, b->node,
		format_size(has, sizeof has, (uint64_t)b->room.value));
	binding_cost(large, cost, sizeof cost);
	fprintf(out, "%s%s\n", cost[0] ? ": " : "", cost);
	write_line(out, l, large);
	free(large);
}

static void write_one(FILE *out, const struct launch *l, const struct binding *b)
{
	const struct gpu *g = b->gpu;

	fprintf(out, "# GPU %d%s%s (%s): %s\n", g->index, g->name[0] ? ", " : "", g->name, g->pci,
		b->from->why);
	if (b->note[0])
		fprintf(out, "# %s\n", b->note);
	if (b->cpus_shared)
		fputs("# its cores are other GPUs' too: there are more of these\n", out);
	fputs("# NICs near it: ", out);
	if (!write_nics(out, l->machine, b->node))
		fputs("none", out);
	fputc('\n', out);
	write_ours(out, l, g->index);
	write_line(out, l, b);
	write_latency(out, l, b);
	write_large(out, l, b);
}

int launch_lines(FILE *out, const struct launch *l, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < l->n; i++)
		write_one(out, l, &l->bindings[i]);
	if (l->n < 2)
		return 0;
	fputs("# all of them: one process each, started by torchrun, srun or mpirun\n", out);
	write_ours(out, l, -1);
	return 0;
}
