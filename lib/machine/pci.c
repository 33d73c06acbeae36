/* GPUs, NICs and NVMe drives on the PCI bus, from sysfs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"

struct gpu_entry *gpu_list_find(const struct gpu_list *l, const char *pci)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].gpu.pci, pci) == 0)
			return &l->v[i];
	return NULL;
}

struct gpu_entry *gpu_list_add(struct gpu_list *l, const char *pci)
{
	struct gpu_entry *v = realloc(l->v, (l->n + 1) * sizeof(*v));
	const struct known none = UNKNOWN("not told");

	if (!v)
		return NULL;
	l->v = v;
	v += l->n++;
	*v = (struct gpu_entry){
		.gpu = { .node_sysfs = UNKNOWN("not in sysfs"),
			 .node_nvml = UNKNOWN("NVML was not asked"),
			 .node_cuda = UNKNOWN("CUDA was not asked"),
			 .own_memory_node = UNKNOWN("its memory is no NUMA node"),
			 .link_gen = none,
			 .link_width = none,
			 .max_gen = none,
			 .max_width = none,
			 .mps = none,
			 .memory_bytes = none,
			 .exclusive = none,
			 .c2c_links = UNKNOWN("NVML was not asked"),
			 .minor = UNKNOWN("the driver does not list it") },
	};
	snprintf(v->gpu.pci, sizeof(v->gpu.pci), "%s", pci);
	return v;
}

struct device *device_add(struct machine *m, enum device_kind kind, const char *name)
{
	struct device *v = realloc(m->devices, (m->ndevices + 1) * sizeof(*v));

	if (!v)
		return NULL;
	m->devices = v;
	v += m->ndevices++;
	*v = (struct device){ .kind = kind, .node = UNKNOWN("not in sysfs") };
	snprintf(v->name, sizeof(v->name), "%.31s", name);
	return v;
}

/* The node that a PCI device declares: numa_node, else the one node that
 * local_cpus lie in. */
static struct known declared_node(const struct sysroot *r, const struct machine *m, const char *pci)
{
	struct known k = sysroot_number(r, "sys/bus/pci/devices/%s/numa_node", pci);
	struct idset cpus, both;
	char text[8192];

	if (k.is)
		return k.value >= 0 ? k : UNKNOWN("not declared (numa_node is -1)");
	if (sysroot_text(r, text, sizeof(text), "sys/bus/pci/devices/%s/local_cpus", pci) <= 0)
		return UNKNOWN("sysfs has no numa_node for it");
	cpus = cpumap_parse(text);
	for (size_t i = 0; i < m->nnodes && !idset_empty(&cpus); i++) {
		both = idset_and(&cpus, &m->nodes[i].cpus);
		if (idset_equal(&both, &cpus))
			return KNOWN(m->nodes[i].id);
	}
	return UNKNOWN("not declared (local_cpus span several nodes)");
}

void pci_chain(const struct sysroot *r, const char *pci, char chain[CHAIN_ROOM])
{
	char target[CHAIN_ROOM];
	const char *root = NULL;

	chain[0] = '\0';
	if (sysroot_link(r, target, sizeof(target), "sys/bus/pci/devices/%s", pci) >= 0)
		root = strstr(target, "/pci");
	if (root)
		strcpy(chain, root + 1);
}

/* What the NVIDIA driver's own folder says of a GPU. */
static void read_driver_folder(struct gpu_entry *g, const struct sysroot *r)
{
	char text[2048], value[96];
	struct gpu *gpu = &g->gpu;

	g->in_driver = sysroot_exists(r, "proc/driver/nvidia/gpus/%s", gpu->pci);
	if (sysroot_text(r, text, sizeof(text), "proc/driver/nvidia/gpus/%s/information",
			 gpu->pci) > 0) {
		if (text_field(text, "Model", value, sizeof(value)) && !strchr(value, '?'))
			snprintf(gpu->name, sizeof(gpu->name), "%.95s", value);
		if (text_field(text, "GPU UUID", value, sizeof(value)) && !strchr(value, '?'))
			snprintf(gpu->uuid, sizeof(gpu->uuid), "%.47s", value);
		if (text_field(text, "Device Minor", value, sizeof(value)))
			gpu->minor = KNOWN(strtoll(value, NULL, 10));
	}
	if (sysroot_text(r, text, sizeof(text), "proc/driver/nvidia/gpus/%s/numa_status",
			 gpu->pci) > 0 &&
	    text_field(text, "Node", value, sizeof(value)) && value[0] >= '0' && value[0] <= '9')
		gpu->own_memory_node = KNOWN(strtoll(value, NULL, 10));
}

static int add_gpu(struct gpu_list *l, const struct sysroot *r, const struct machine *m,
		   const char *pci, bool guest)
{
	struct gpu_entry *g;

	if (gpu_list_find(l, pci))
		return 0;
	g = gpu_list_add(l, pci);
	if (!g)
		return -ENOMEM;
	g->on_bus = sysroot_exists(r, "sys/bus/pci/devices/%s", pci);
	read_driver_folder(g, r);
	if (!g->on_bus)
		return 0;
	g->gpu.node_sysfs = declared_node(r, m, pci);
	sysroot_link_name(r, g->driver, sizeof(g->driver), "sys/bus/pci/devices/%s/driver", pci);
	pci_chain(r, pci, g->chain);
	link_read(g, r, guest);
	return 0;
}

static bool is_nvidia_gpu(const struct sysroot *r, const char *pci)
{
	struct known vendor = sysroot_number(r, "sys/bus/pci/devices/%s/vendor", pci);
	struct known class = sysroot_number(r, "sys/bus/pci/devices/%s/class", pci);

	return vendor.is && class.is && pci_is_nvidia_gpu(vendor.value, class.value >> 8);
}

/* Calls fn for every entry of a folder that is a PCI address. */
static int each_address(struct gpu_list *l, const struct machine *m, const struct sysroot *r,
			const char *folder, bool all, bool guest)
{
	DIR *d = sysroot_dir(r, "%s", folder);
	struct dirent *de;
	char pci[16];
	int rc = 0;

	if (!d)
		return 0;
	while (rc == 0 && (de = readdir(d)))
		if (pci_normalise(pci, de->d_name) && (all || is_nvidia_gpu(r, pci)))
			rc = add_gpu(l, r, m, pci, guest);
	closedir(d);
	return rc;
}

/* The last PCI address in a path such as ".../0000:02:00.0/virtio1/net/eth0". */
static bool last_address(const char *path, char pci[16])
{
	char copy[4096], *save = NULL;
	bool found = false;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = strtok_r(copy, "/", &save); p; p = strtok_r(NULL, "/", &save))
		found |= pci_normalise(pci, p);
	return found;
}

bool pci_of_class(const struct sysroot *r, const char *class, const char *name, char pci[16])
{
	static const char *const tails[] = { "", "/device" };
	char target[4096];

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		if (sysroot_link(r, target, sizeof(target), "sys/class/%s/%s%s", class, name,
				 tails[i]) > 0 &&
		    last_address(target, pci))
			return true;
	return false;
}

static int find_devices(struct machine *m, const struct sysroot *r)
{
	static const struct {
		const char *class;
		enum device_kind kind;
	} classes[] = {
		{ "net", DEVICE_NIC },
		{ "infiniband", DEVICE_NIC },
		{ "nvme", DEVICE_NVME },
	};
	struct dirent *de;
	char pci[16];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(classes) / sizeof(classes[0]); i++) {
		DIR *d = sysroot_dir(r, "sys/class/%s", classes[i].class);

		while (rc == 0 && d && (de = readdir(d))) {
			struct device *v;

			if (de->d_name[0] == '.' ||
			    !pci_of_class(r, classes[i].class, de->d_name, pci))
				continue;
			v = device_add(m, classes[i].kind, de->d_name);
			if (!v) {
				rc = -ENOMEM;
				break;
			}
			strcpy(v->pci, pci);
			v->node = declared_node(r, m, pci);
		}
		if (d)
			closedir(d);
	}
	return rc;
}

static void find_render_nodes(struct gpu_list *l, const struct sysroot *r)
{
	DIR *d = sysroot_dir(r, "sys/class/drm");
	struct dirent *de;
	char pci[16];

	while (d && (de = readdir(d))) {
		struct gpu_entry *g;

		if (strncmp(de->d_name, "renderD", 7) != 0 ||
		    !pci_of_class(r, "drm", de->d_name, pci))
			continue;
		g = gpu_list_find(l, pci);
		if (g)
			snprintf(g->gpu.render_node, sizeof(g->gpu.render_node), "%.15s",
				 de->d_name);
	}
	if (d)
		closedir(d);
}

int pci_find(struct gpu_list *l, struct machine *m, const struct source *s)
{
	const struct sysroot *r = &s->root;
	char which[64];
	bool guest = guest_of(r, which, sizeof(which));
	int rc = each_address(l, m, r, "sys/bus/pci/devices", false, guest);

	if (rc == 0)
		rc = each_address(l, m, r, "proc/driver/nvidia/gpus", true, guest);
	if (rc == 0)
		rc = find_devices(m, r);
	find_render_nodes(l, r);
	return rc;
}

struct idset pci_gpu_memory_nodes(const struct source *s)
{
	struct idset nodes = { 0 };
	DIR *d = s->xml ? NULL : sysroot_dir(&s->root, "proc/driver/nvidia/gpus");
	struct gpu_entry g;
	struct dirent *de;

	while (d && (de = readdir(d))) {
		g = (struct gpu_entry){ 0 };
		if (!pci_normalise(g.gpu.pci, de->d_name))
			continue;
		read_driver_folder(&g, &s->root);
		if (g.gpu.own_memory_node.is && g.gpu.own_memory_node.value < IDSET_MAX)
			idset_add(&nodes, (int)g.gpu.own_memory_node.value);
	}
	if (d)
		closedir(d);
	return nodes;
}
