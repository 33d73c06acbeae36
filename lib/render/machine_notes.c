#include "render/machine_notes.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "render/table.h"
#include "util/units.h"

/* Notes are rows of one table: it wraps them. */
struct notes {
	const struct machine *m;
	struct table *t;
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void note(struct notes *s, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	table_cell(s->t, "-");
	table_cell(s->t, "%s", text);
	s->n++;
}

/* sysfs, NVML and CUDA name different nodes for one GPU. */
static void note_disagreement(struct notes *s)
{
	for (size_t i = 0; i < s->m->ngpus; i++) {
		const struct gpu *g = &s->m->gpus[i];
		const struct {
			const char *who;
			const struct known *node;
		} say[] = {
			{ "sysfs", &g->node_sysfs },
			{ "NVML", &g->node_nvml },
			{ "CUDA", &g->node_cuda },
		};
		const struct known *first = NULL;
		bool differ = false;
		char text[120];
		size_t used = 0;

		for (size_t j = 0; j < sizeof(say) / sizeof(say[0]); j++) {
			if (!say[j].node->is)
				continue;
			used += (size_t)snprintf(text + used, sizeof(text) - used,
						 "%s%s says node %lld", used ? ", " : "",
						 say[j].who, say[j].node->value);
			differ |= first && first->value != say[j].node->value;
			first = first ? first : say[j].node;
		}
		if (differ)
			note(s, "GPU %d: the declared nodes disagree: %s.", g->index, text);
		if (g->node_sysfs.is && !machine_node(s->m, (int)g->node_sysfs.value))
			note(s,
			     "GPU %d: sysfs declares node %lld, which this machine does not have.",
			     g->index, g->node_sysfs.value);
	}
}

/* GPUs whose node nobody declares, on a machine where it would matter. */
static void note_undeclared(struct notes *s)
{
	for (size_t i = 0; i < s->m->ngpus; i++) {
		struct known k = gpu_declared_node(s->m, &s->m->gpus[i]);

		if (!k.is)
			note(s, "GPU %d: no node known: %s.", s->m->gpus[i].index, k.why);
	}
}

static void note_states(struct notes *s)
{
	for (size_t i = 0; i < s->m->ngpus; i++) {
		const struct gpu *g = &s->m->gpus[i];

		/* Those of which CUDA was not asked: one line below is for all of them. */
		if (g->state != GPU_USABLE && g->state != GPU_UNPROBED && g->state != GPU_NO_CUDA)
			note(s, "GPU %d is %s: %s.", g->index, gpu_state_name(g->state),
			     g->state_why);
		if (g->busy)
			note(s, "GPU %d is busy: %s.", g->index, g->busy_why);
		if (g->desktop[0])
			note(s, "GPU %d has a desktop: %s.", g->index, g->desktop);
	}
	if (s->m->cuda_why[0] && s->m->live)
		note(s, "No GPU is usable through CUDA: %s.", s->m->cuda_why);
}

/* GPU memory that the kernel counts among its nodes. */
static void note_own_memory(struct notes *s)
{
	struct idset gpus = { 0 }, nodes = { 0 };
	char gpu_list[128], node_list[128];

	for (size_t i = 0; i < s->m->ngpus; i++) {
		const struct gpu *g = &s->m->gpus[i];

		if (!g->own_memory_node.is || g->own_memory_node.value >= IDSET_MAX)
			continue;
		idset_add(&gpus, g->index);
		idset_add(&nodes, (int)g->own_memory_node.value);
	}
	idset_format(&gpus, gpu_list, sizeof(gpu_list));
	idset_format(&nodes, node_list, sizeof(node_list));
	if (!idset_empty(&gpus))
		note(s, "NUMA node%s %s %s the memory of GPU%s %s, not of the host.",
		     plural(idset_count(&nodes)), node_list,
		     idset_count(&nodes) == 1 ? "is" : "are", plural(idset_count(&gpus)), gpu_list);
}

static void note_sharing(struct notes *s)
{
	for (size_t i = 0; i < s->m->nnodes; i++) {
		const struct node *n = &s->m->nodes[i];
		size_t users = 0;

		for (size_t j = 0; j < s->m->ngpus; j++) {
			struct known k = gpu_declared_node(s->m, &s->m->gpus[j]);

			users += k.is && machine_driver(s->m, (int)k.value) == n;
		}
		if (users > n->ncores)
			note(s, "%zu GPUs share the %zu core%s of node %d.", users, n->ncores,
			     plural(n->ncores), n->id);
	}
}

static void note_limits(struct notes *s)
{
	const struct machine *m = s->m;

	if (m->cpu_quota_milli.is)
		note(s, "A cgroup gives this process %.3g CPUs' time.",
		     (double)m->cpu_quota_milli.value / 1000);
	for (size_t i = 0; i < m->nnodes; i++) {
		const struct node *n = &m->nodes[i], *driver = machine_driver(m, n->id);

		if (n->kind != NODE_CPULESS && idset_empty(&n->allowed_cpus))
			note(s, "No CPU of node %d may be used by this process.", n->id);
		if (n->kind != NODE_MEMORYLESS && !n->allowed)
			note(s, "No memory of node %d may be used by this process.", n->id);
		if (n->kind == NODE_CPULESS && n->allowed && driver)
			note(s, "Node %d has no CPUs; node %d's are the nearest.", n->id,
			     driver->id);
	}
	for (size_t i = 0; i < m->ngpus; i++)
		if (gpu_out_of_reach(m, &m->gpus[i]))
			note(s, "GPU %d is out of reach: this process may not use its node, %lld.",
			     m->gpus[i].index, gpu_declared_node(m, &m->gpus[i]).value);
}

/* In a guest a link is what its virtual port states. */
static void note_virtual_links(struct notes *s)
{
	const char *guest = json_string_value(
		json_object_get(json_object_get(s->m->host, "conditions"), "virtualisation"));
	bool stated = false;

	for (size_t i = 0; i < s->m->ngpus; i++)
		stated = stated || s->m->gpus[i].max_gen.is;
	if (stated && guest && strcmp(guest, "none") != 0 && strcmp(guest, "not recorded") != 0)
		note(s,
		     "Links are virtual ones, of a guest (%.40s): they may be able to do other "
		     "than they state.",
		     guest);
}

int machine_notes(const struct machine *m, int width, FILE *out)
{
	struct notes s = { .m = m, .t = table_new() };
	int rc = 0;

	if (!s.t)
		return -ENOMEM;
	table_column(s.t, "", 'l');
	table_column(s.t, "", 'l');
	note_states(&s);
	note_disagreement(&s);
	note_undeclared(&s);
	note_own_memory(&s);
	note_sharing(&s);
	note_limits(&s);
	note_virtual_links(&s);
	if (s.n) {
		fprintf(out, "\nNotes\n");
		rc = table_print(s.t, out, width, 2);
	}
	table_free(s.t);
	return rc;
}
