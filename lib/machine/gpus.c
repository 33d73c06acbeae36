/* Brings together what the bus, NVML and CUDA say of the same GPUs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"

/* The entry of a GPU that a library reports; a new one where the bus lacks it. */
static struct gpu_entry *entry_for(struct gpu_list *l, const char *pci)
{
	struct gpu_entry *g = gpu_list_find(l, pci);

	return g ? g : gpu_list_add(l, pci);
}

static void fill_text(char *to, const char *from, size_t size)
{
	if (from[0])
		snprintf(to, size, "%s", from);
}

static void fill(struct known *to, struct known from)
{
	if (!to->is)
		*to = from;
}

/* A driver keeps some memory of every GPU for itself, and a desktop takes some. More than this is
 * somebody's work, though no process is listed for it. */
#define OTHERS_LEAST (1LL << 30)
#define OTHERS_SHARE 0.03

/* A display server that only shows its picture takes no more of the GPU's time, in percent. */
enum { SHOWS_MOST = 5 };

static const char *uses[] = { "uses", "use" }, *draws_on[] = { "draws on", "draw on" };

/* "process 77 (python) uses it, and others" */
static void say_processes(char *buf, size_t size, const struct sysroot *r, const char *kind,
			  const char *does[2], const struct known *number, const struct known *pid)
{
	char name[32] = "";

	if (pid->is)
		sysroot_text(r, name, sizeof(name), "proc/%lld/comm", pid->value);
	if (!pid->is)
		snprintf(buf, size, "%lld %sprocesses %s it", number->value, kind, does[1]);
	else
		snprintf(buf, size, "%sprocess %lld%s%s%s %s it%s", kind, pid->value,
			 name[0] ? " (" : "", name, name[0] ? ")" : "", does[0],
			 number->value > 1 ? ", and others" : "");
}

/* Where the GPU's memory is a NUMA node the kernel uses it too, and what is in use says nothing. */
static bool memory_in_use(const struct gpu *g, const struct nvml_facts *f)
{
	if (g->own_memory_node.is || !f->memory_used.is || !f->memory_bytes.is)
		return false;
	return f->memory_used.value > OTHERS_LEAST &&
	       (double)f->memory_used.value > OTHERS_SHARE * (double)f->memory_bytes.value;
}

static void add_load(char *why, size_t size, const struct nvml_facts *f)
{
	size_t used = strlen(why);

	if (f->memory_used.is && f->memory_bytes.is)
		used += (size_t)snprintf(why + used, size - used, "memory in use: %.1f of %.4g GiB",
					 (double)f->memory_used.value / 0x1p30,
					 (double)f->memory_bytes.value / 0x1p30);
	if (f->utilisation.is && used < size)
		snprintf(why + used, size - used, "%s%lld %% utilised",
			 why[0] && why[used - 1] != ' ' ? ", " : "", f->utilisation.value);
}

/* Where nobody computes: what draws, or what no list shows. */
static void say_load(struct gpu *g, const struct nvml_facts *f, const struct sysroot *r, bool draws)
{
	size_t used;

	if (draws) {
		say_processes(g->busy_why, sizeof(g->busy_why), r, "graphics ", uses, &f->drawing,
			      &f->drawing_pid);
		used = strlen(g->busy_why);
		snprintf(g->busy_why + used, sizeof(g->busy_why) - used, "; ");
		add_load(g->busy_why, sizeof(g->busy_why), f);
		return;
	}
	add_load(g->busy_why, sizeof(g->busy_why), f);
	used = strlen(g->busy_why);
	snprintf(g->busy_why + used, sizeof(g->busy_why) - used, ", %s",
		 f->processes.is ? "though no process is listed (a container hides other processes)"
				 : "though NVML does not list processes here");
}

/* Others use it. Without processes utilisation alone says nothing: it is of the last second, and
 * may be of a bench of ours that has just ended. A display server that only shows its
 * picture takes nothing that is measured: a desktop, which is told and measured. */
static void judge_busy(struct gpu *g, const struct nvml_facts *f, const struct sysroot *r)
{
	bool listed = f->processes.is && f->processes.value > 0;
	bool draws = f->drawing.is && f->drawing.value > 0;
	bool works = draws && f->utilisation.is && f->utilisation.value > SHOWS_MOST;

	g->busy_why[0] = g->desktop[0] = '\0';
	g->busy = listed || works || memory_in_use(g, f);
	if (listed)
		say_processes(g->busy_why, sizeof(g->busy_why), r, "", uses, &f->processes,
			      &f->busy_pid);
	else if (g->busy)
		say_load(g, f, r, draws);
	else if (draws)
		say_processes(g->desktop, sizeof(g->desktop), r, "", draws_on, &f->drawing,
			      &f->drawing_pid);
}

static struct known exclusive(struct known mode)
{
	if (!mode.is)
		return mode;
	if (mode.value > NVML_EXCLUSIVE_PROCESS)
		return UNKNOWN("NVML names a compute mode that is not known here");
	return KNOWN(mode.value != NVML_SHARED);
}

static int take_nvml(struct gpu_list *l, const struct gpu_answers *a)
{
	for (size_t i = 0; i < l->n && a->asked; i++)
		l->v[i].gpu.node_nvml =
			UNKNOWN(a->nvml_answered && a->nvml_rc == 0 ? "NVML does not see it"
								    : "NVML is not available");
	for (size_t i = 0; i < a->nnvml; i++) {
		const struct nvml_facts *f = &a->nvml[i];
		struct gpu_entry *g = entry_for(l, f->pci);

		if (!g)
			return -ENOMEM;
		g->nvml = true;
		fill_text(g->gpu.uuid, f->uuid, sizeof(g->gpu.uuid));
		fill_text(g->gpu.name, f->name, sizeof(g->gpu.name));
		fill_text(g->gpu.instances, f->instances, sizeof(g->gpu.instances));
		g->gpu.node_nvml = f->node;
		fill(&g->gpu.link_gen, f->link_gen);
		fill(&g->gpu.link_width, f->link_width);
		fill(&g->gpu.max_gen, f->max_gen);
		fill(&g->gpu.max_width, f->max_width);
		g->gpu.memory_bytes = f->memory_bytes;
		g->gpu.exclusive = exclusive(f->compute_mode);
		g->gpu.c2c_links = f->c2c_links;
		g->prohibited = f->compute_mode.is && f->compute_mode.value == NVML_PROHIBITED;
	}
	return 0;
}

static int take_cuda(struct gpu_list *l, const struct gpu_answers *a)
{
	for (size_t i = 0; i < l->n && a->asked; i++)
		l->v[i].gpu.node_cuda = UNKNOWN("CUDA does not see it");
	for (size_t i = 0; i < a->ncuda; i++) {
		const struct gpu_facts *f = &a->cuda[i];
		struct gpu_entry *g = entry_for(l, f->pci);

		if (!g)
			return -ENOMEM;
		g->cuda = true;
		/* With MIG on, CUDA's UUID is that of an instance: NVML's comes first. */
		if (!g->gpu.uuid[0])
			fill_text(g->gpu.uuid, f->uuid, sizeof(g->gpu.uuid));
		if (!g->gpu.name[0])
			fill_text(g->gpu.name, f->name, sizeof(g->gpu.name));
		g->gpu.node_cuda = f->host_node;
		if (f->own_node.is)
			g->gpu.own_memory_node = f->own_node;
		fill(&g->gpu.memory_bytes, f->memory_bytes);
		fill(&g->gpu.exclusive, f->exclusive);
	}
	return 0;
}

static int by_address(const void *a, const void *b)
{
	return pci_compare(((const struct gpu_entry *)a)->gpu.pci,
			   ((const struct gpu_entry *)b)->gpu.pci);
}

/* One line for when no GPU is usable through CUDA. */
static void say_why_not(struct machine *m, const struct gpu_list *l, const struct gpu_answers *a)
{
	const size_t room = sizeof(m->cuda_why);

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].gpu.state == GPU_USABLE)
			return;
	if (!m->live)
		snprintf(m->cuda_why, room, "a recorded machine");
	else if (a->asked && a->cuda_rc == -ENOSYS)
		snprintf(m->cuda_why, room, "%.239s", a->cuda_text);
	else if (!a->asked)
		snprintf(m->cuda_why, room, "CUDA was not asked");
	else if (!a->cuda_answered && a->ended[0])
		snprintf(m->cuda_why, room, "%s", a->ended);
	else if (l->n == 0 && a->driver_version == 0)
		snprintf(m->cuda_why, room, "no NVIDIA GPU on the PCI bus, and no NVIDIA driver");
	else if (l->n == 0)
		snprintf(m->cuda_why, room, "no NVIDIA GPU on the PCI bus");
	else if (a->driver_version > 0 && a->cuda_rc < 0)
		snprintf(m->cuda_why, room, "%.239s", a->cuda_text);
	else
		snprintf(m->cuda_why, room, "GPU %s: %s", l->v[0].gpu.pci, l->v[0].gpu.state_why);
}

int gpus_merge(struct machine *m, struct gpu_list *l, const struct gpu_answers *a,
	       const struct source *s)
{
	struct idset own = { 0 };
	int rc = take_nvml(l, a);

	if (rc == 0)
		rc = take_cuda(l, a);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < a->nnvml; i++)
		judge_busy(&gpu_list_find(l, a->nvml[i].pci)->gpu, &a->nvml[i], &s->root);
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), by_address);
	m->gpus = l->n ? calloc(l->n, sizeof(*m->gpus)) : NULL;
	if (l->n && !m->gpus)
		return -ENOMEM;
	m->ngpus = l->n;
	m->cuda_asked = a->asked && a->cuda_rc != -ENOSYS;
	m->reasons = json_incref(a->lines);
	for (size_t i = 0; i < l->n; i++) {
		gpu_judge_state(&l->v[i], l, a, m, s);
		m->gpus[i] = l->v[i].gpu;
		m->gpus[i].index = (int)i;
		if (m->gpus[i].own_memory_node.is && m->gpus[i].own_memory_node.value < IDSET_MAX)
			idset_add(&own, (int)m->gpus[i].own_memory_node.value);
	}
	topology_drop_nodes(m, &own);
	say_why_not(m, l, a);
	return gpus_paths(m, l, a);
}
