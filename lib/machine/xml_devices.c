/* GPUs, NICs and NVMe drives out of an hwloc XML file. */
#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <string.h>

#include "machine/parts.h"

/* The one node whose CPUs are near an I/O object. */
static struct known node_of(const struct machine *m, hwloc_obj_t o)
{
	struct known k = UNKNOWN("not declared in the XML file");

	while (o && !o->cpuset)
		o = o->parent;
	if (!o)
		return k;
	struct idset cpus = hwtopo_ids(o->cpuset);

	for (size_t i = 0; i < m->nnodes; i++) {
		struct idset both = idset_and(&cpus, &m->nodes[i].cpus);

		if (!idset_empty(&both) && k.is)
			return UNKNOWN("not declared (near several nodes)");
		if (!idset_empty(&both))
			k = KNOWN(m->nodes[i].id);
	}
	return k;
}

/* Puts the bridges above an object in front of what chain holds, root first. */
static void spell_chain(char *chain, size_t size, hwloc_obj_t o)
{
	hwloc_obj_t above[32];
	size_t n = 0, used = 0;

	for (; o && n < 32; o = o->parent)
		if (o->type == HWLOC_OBJ_PCI_DEVICE || o->type == HWLOC_OBJ_BRIDGE)
			above[n++] = o;
	while (n-- > 0 && used < size) {
		char pci[16];

		if (above[n]->type == HWLOC_OBJ_BRIDGE &&
		    above[n]->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_HOST)
			snprintf(pci, sizeof(pci), "pci%04x:%02x",
				 (unsigned)above[n]->attr->bridge.downstream.pci.domain & 0xffff,
				 (unsigned)above[n]->attr->bridge.downstream.pci.secondary_bus);
		else
			hwtopo_pci(pci, above[n]);
		used += (size_t)snprintf(chain + used, size - used, "%s%s", used ? "/" : "", pci);
	}
}

static const char *info(hwloc_obj_t o, const char *key)
{
	const char *v = hwloc_obj_get_info_by_name(o, key);

	return v ? v : "";
}

/* What NVML or CUDA told the recorder of the device stands in objects below it. */
static bool has_nvidia_child(hwloc_obj_t o)
{
	for (hwloc_obj_t c = o->io_first_child; c; c = c->next_sibling)
		if (strcmp(info(c, "GPUVendor"), "NVIDIA Corporation") == 0)
			return true;
	return false;
}

static bool is_nvidia_gpu(hwloc_obj_t o)
{
	return pci_is_nvidia_gpu(o->attr->pcidev.vendor_id, o->attr->pcidev.class_id) ||
	       has_nvidia_child(o);
}

static int add_gpu(struct gpu_list *l, const struct machine *m, hwloc_obj_t o)
{
	struct gpu_entry *g;
	char pci[16];

	hwtopo_pci(pci, o);
	if (gpu_list_find(l, pci))
		return 0;
	g = gpu_list_add(l, pci);
	if (!g)
		return -ENOMEM;
	g->on_bus = true;
	g->gpu.link_gen = g->gpu.link_width = g->gpu.max_gen = g->gpu.max_width = g->gpu.mps =
		g->gpu.memory_bytes = UNKNOWN("not in an hwloc XML file");
	g->gpu.node_sysfs = node_of(m, o);
	spell_chain(g->chain, sizeof(g->chain), o);
	for (hwloc_obj_t c = o->io_first_child; c; c = c->next_sibling) {
		if (info(c, "GPUModel")[0])
			snprintf(g->gpu.name, sizeof(g->gpu.name), "%.95s", info(c, "GPUModel"));
		if (info(c, "NVIDIAUUID")[0])
			snprintf(g->gpu.uuid, sizeof(g->gpu.uuid), "%.47s", info(c, "NVIDIAUUID"));
		if (c->name && strncmp(c->name, "renderD", 7) == 0)
			snprintf(g->gpu.render_node, sizeof(g->gpu.render_node), "%.15s", c->name);
	}
	return 0;
}

static int add_device(struct machine *m, hwloc_obj_t o)
{
	hwloc_obj_osdev_type_t type = o->attr->osdev.type;
	bool nic = type == HWLOC_OBJ_OSDEV_NETWORK || type == HWLOC_OBJ_OSDEV_OPENFABRICS;
	bool nvme = type == HWLOC_OBJ_OSDEV_BLOCK && o->name && strncmp(o->name, "nvme", 4) == 0;
	hwloc_obj_t pci = o->parent;
	struct device *d;

	while (pci && pci->type != HWLOC_OBJ_PCI_DEVICE)
		pci = pci->parent;
	if ((!nic && !nvme) || !o->name || !pci)
		return 0;
	d = device_add(m, nic ? DEVICE_NIC : DEVICE_NVME, o->name);
	if (!d)
		return -ENOMEM;
	/* "nvme0n1" is a namespace of the drive nvme0. */
	if (nvme)
		d->name[4 + strspn(d->name + 4, "0123456789")] = '\0';
	hwtopo_pci(d->pci, pci);
	d->node = node_of(m, pci);
	return 0;
}

int xml_find(struct gpu_list *l, struct machine *m, const struct source *s)
{
	int rc = 0;

	for (hwloc_obj_t o = NULL; rc == 0 && (o = hwloc_get_next_pcidev(s->topo, o));)
		if (is_nvidia_gpu(o))
			rc = add_gpu(l, m, o);
	for (hwloc_obj_t o = NULL; rc == 0 && (o = hwloc_get_next_osdev(s->topo, o));)
		rc = add_device(m, o);
	return rc;
}
