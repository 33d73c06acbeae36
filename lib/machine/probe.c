#include "machine/probe.h"

#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "machine/parts.h"

/* A driver that has not answered by then will not. */
#define DRIVER_DEADLINE_S 30.0

struct probe_spec probe_spec_default(void)
{
	return (struct probe_spec){
		.gpus = true,
		.provenance = true,
		.gpu_deadline_s = DRIVER_DEADLINE_S,
	};
}

/* Opens what the machine is read from: live, a folder, or an XML file. */
static int open_source(struct source *s, const char *recorded, struct err *e)
{
	struct stat st;
	int rc;

	*s = (struct source){ .root = { .fd = -1, .overlay = -1 } };
	if (!recorded)
		rc = sysroot_open_live(&s->root, e);
	else if (stat(recorded, &st) < 0)
		rc = err_set(e, -errno, "%s: %s", recorded, strerror(errno));
	else if (S_ISREG(st.st_mode))
		rc = 0;
	else
		rc = sysroot_open_recorded(&s->root, recorded, e);
	if (rc < 0)
		return rc;
	s->xml = recorded && S_ISREG(st.st_mode);
	return hwtopo_load(s, s->xml ? recorded : NULL, e);
}

static void close_source(struct source *s)
{
	if (s->topo)
		hwloc_topology_destroy(s->topo);
	sysroot_close(&s->root);
}

static struct idset minors_of(const struct gpu_list *l)
{
	struct idset minors = { 0 };

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].gpu.minor.is && l->v[i].gpu.minor.value < IDSET_MAX)
			idset_add(&minors, (int)l->v[i].gpu.minor.value);
	return minors;
}

static int device_order(const void *a, const void *b)
{
	const struct device *x = a, *y = b;
	int by_pci = pci_compare(x->pci, y->pci);

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return by_pci ? by_pci : strcmp(x->name, y->name);
}

static int read_gpus(struct machine *m, const struct source *s, const struct probe_spec *spec,
		     struct gpu_answers *a, struct err *e)
{
	struct gpu_list l = { 0 };
	struct idset minors;
	int rc = s->xml ? xml_find(&l, m, s) : pci_find(&l, m, s);

	minors = minors_of(&l);
	if (rc == 0 && s->xml)
		rc = xml_nvlinks(&a->words, s);
	if (rc == 0 && m->ndevices > 1)
		qsort(m->devices, m->ndevices, sizeof(*m->devices), device_order);
	if (rc == 0 && m->live && spec->gpus)
		rc = gpus_ask(a, &s->root, &minors, spec->gpu_deadline_s, e);
	if (rc == 0)
		rc = gpus_merge(m, &l, a, s);
	free(l.v);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

int machine_probe(struct machine *m, const struct probe_spec *spec, struct err *e)
{
	struct gpu_answers answers = { 0 };
	struct limits limits = { 0 };
	struct idset gpu_memory;
	struct source source;
	int rc = open_source(&source, spec->recorded, e);

	*m = (struct machine){ .live = source.root.live, .simulated = source.root.simulated };
	if (rc < 0)
		goto out;
	m->cuda_build = gpu_runtime_version() > 0;
	rc = limits_read(&limits, &source);
	if (rc < 0) {
		err_set(e, rc, "out of memory");
		goto out;
	}
	m->cpu_quota_milli = limits.quota_milli;
	m->memory_left = limits.memory_left;
	gpu_memory = pci_gpu_memory_nodes(&source);
	rc = topology_read(m, &source, &limits, &gpu_memory, e);
	if (rc == 0)
		rc = read_gpus(m, &source, spec, &answers, e);
	if (rc == 0 && spec->provenance) {
		m->host = provenance_read(m, &source, &limits, &answers);
		if (!m->host)
			rc = err_set(e, -ENOMEM, "out of memory");
	}
	if (rc == 0 && spec->driver)
		driver_facts_take(spec->driver, &answers);
out:
	gpu_answers_release(&answers);
	limits_release(&limits);
	close_source(&source);
	if (rc < 0)
		machine_release(m);
	return rc;
}
