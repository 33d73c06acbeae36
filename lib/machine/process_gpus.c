/* process_gpus.c - which GPUs a process has open, by the device files behind its descriptors:
 * the NVIDIA driver's, render nodes, and what VFIO hands to a virtual machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "machine/parts.h"
#include "machine/process_parts.h"

enum { ENVIRONMENT_ROOM = 1 << 20, GPUS_ROOM = 64 };

/* PCI addresses that one device file stands for. */
struct addresses {
	char pci[GPUS_ROOM][16];
	size_t n;
};

static void add_address(struct addresses *a, const char *text)
{
	if (a->n < GPUS_ROOM && pci_normalise(a->pci[a->n], text))
		a->n++;
}

/* A display controller (base class 03) or a processing accelerator (12). */
static bool is_gpu(const struct sysroot *r, const char *pci)
{
	struct known class = sysroot_number(r, "sys/bus/pci/devices/%s/class", pci);

	return class.is && (class.value >> 16 == 0x03 || class.value >> 16 == 0x12);
}

/* /dev/nvidiaN: the driver's folder says whose minor N is. */
static void by_minor(struct addresses *a, const struct sysroot *r, int minor)
{
	DIR *d = sysroot_dir(r, "proc/driver/nvidia/gpus");
	char text[2048], value[32];
	struct dirent *de;

	while (d && (de = readdir(d)))
		if (sysroot_text(r, text, sizeof(text), "proc/driver/nvidia/gpus/%s/information",
				 de->d_name) > 0 &&
		    text_field(text, "Device Minor", value, sizeof(value)) && value[0] >= '0' &&
		    value[0] <= '9' && atoi(value) == minor)
			add_address(a, de->d_name);
	if (d)
		closedir(d);
}

/* /dev/dri/renderDN and cardN. */
static void by_drm(struct addresses *a, const struct sysroot *r, const char *name)
{
	char device[64];

	if (sysroot_link_name(r, device, sizeof(device), "sys/class/drm/%s/device", name) > 0)
		add_address(a, device);
}

/* /dev/vfio/N: the functions of IOMMU group N, bridges and sound devices among them. */
static void by_group(struct addresses *a, const struct sysroot *r, int group)
{
	DIR *d = sysroot_dir(r, "sys/kernel/iommu_groups/%d/devices", group);
	struct dirent *de;

	while (d && (de = readdir(d)))
		if (is_gpu(r, de->d_name))
			add_address(a, de->d_name);
	if (d)
		closedir(d);
}

/* /dev/vfio/devices/vfioN, which needs no group (iommufd). */
static void by_vfio_device(struct addresses *a, const struct sysroot *r, const char *name)
{
	char device[64];

	if (sysroot_link_name(r, device, sizeof(device), "sys/class/vfio-dev/%s/device", name) >
		    0 &&
	    is_gpu(r, device))
		add_address(a, device);
}

static void find_addresses(struct addresses *a, const struct sysroot *r, const char *path)
{
	int n, end = 0;

	if (sscanf(path, "/dev/nvidia%d%n", &n, &end) == 1 && !path[end])
		by_minor(a, r, n);
	else if (sscanf(path, "/dev/dri/renderD%d%n", &n, &end) == 1 && !path[end])
		by_drm(a, r, path + strlen("/dev/dri/"));
	else if (sscanf(path, "/dev/dri/card%d%n", &n, &end) == 1 && !path[end])
		by_drm(a, r, path + strlen("/dev/dri/"));
	else if (sscanf(path, "/dev/vfio/devices/vfio%d%n", &n, &end) == 1 && !path[end])
		by_vfio_device(a, r, path + strlen("/dev/vfio/devices/"));
	else if (sscanf(path, "/dev/vfio/%d%n", &n, &end) == 1 && !path[end])
		by_group(a, r, n);
}

static struct known node_of(const struct process_source *s, const struct gpu *g, const char *pci)
{
	struct known k;

	if (g)
		return gpu_declared_node(s->m, g);
	k = sysroot_number(s->root, "sys/bus/pci/devices/%s/numa_node", pci);
	if (k.is && k.value < 0)
		return UNKNOWN("not declared (numa_node is -1)");
	return k;
}

static const struct gpu *gpu_at(const struct machine *m, const char *pci)
{
	for (size_t i = 0; i < m->ngpus; i++)
		if (strcmp(m->gpus[i].pci, pci) == 0)
			return &m->gpus[i];
	return NULL;
}

static int add_gpu(struct process *p, const struct process_source *s, const char *path,
		   const char *pci)
{
	const struct gpu *g = gpu_at(s->m, pci);
	struct process_gpu *more;

	for (size_t i = 0; i < p->ngpus; i++)
		if (strcmp(p->gpus[i].pci, pci) == 0)
			return 0;
	more = reallocarray(p->gpus, p->ngpus + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->gpus = more;
	more += p->ngpus++;
	*more = (struct process_gpu){ .gpu = g ? g->index : -1,
				      .node = node_of(s, g, pci),
				      .visible = true };
	snprintf(more->path, sizeof(more->path), "%.31s", path);
	snprintf(more->pci, sizeof(more->pci), "%.15s", pci);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct process_gpu *x = a, *y = b;

	return pci_compare(x->pci, y->pci);
}

static int read_descriptors(struct process *p, const struct process_source *s)
{
	DIR *d = sysroot_dir(s->root, "proc/%d/fd", p->pid);
	char path[256];
	struct dirent *de;
	int rc = 0;

	if (!d && errno == ENOMEM)
		return -ENOMEM;
	if (!d)
		p->gpus_why = errno == EACCES || errno == EPERM
				      ? "the kernel shows the open files of another user's "
					"process, or of "
					"one with more privileges, to root only (ptrace access)"
				      : "its open files cannot be read";
	while (rc == 0 && d && (de = readdir(d))) {
		struct addresses a = { .n = 0 };

		if (de->d_name[0] == '.' || sysroot_link(s->root, path, sizeof(path),
							 "proc/%d/fd/%s", p->pid, de->d_name) < 0)
			continue;
		find_addresses(&a, s->root, path);
		for (size_t i = 0; rc == 0 && i < a.n; i++)
			rc = add_gpu(p, s, path, a.pci[i]);
	}
	if (d)
		closedir(d);
	if (p->ngpus)
		qsort(p->gpus, p->ngpus, sizeof(*p->gpus), by_address);
	return rc;
}

/* A variable of the environment that the process was started with. */
static void read_variable(const char *all, int used, const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);

	buf[0] = '\0';
	for (int at = 0; at < used; at += (int)strlen(all + at) + 1)
		if (strncmp(all + at, name, n) == 0 && all[at + (int)n] == '=')
			snprintf(buf, size, "%s", all + at + (int)n + 1);
}

/* Numbers are CUDA's: nvidia-smi's with CUDA_DEVICE_ORDER=PCI_BUS_ID, or where equal GPUs
 * leave no other order. -1: it names none that we know. */
static int named_gpu(const struct machine *m, const char *item, bool by_bus)
{
	bool equal = true;
	char *end;
	long n;

	if (strncasecmp(item, "GPU-", 4) == 0) {
		for (size_t i = 0; i < m->ngpus; i++)
			if (strncasecmp(m->gpus[i].uuid, item, strlen(item)) == 0)
				return m->gpus[i].index;
		return -1;
	}
	for (size_t i = 1; i < m->ngpus; i++)
		equal &= strcmp(m->gpus[i].name, m->gpus[0].name) == 0;
	n = strtol(item, &end, 10);
	if (!(by_bus || equal) || end == item || *end || n < 0 || n >= IDSET_MAX)
		return -1;
	return machine_gpu(m, (int)n) ? (int)n : -1;
}

/* CUDA opens every GPU's device file, whichever it is told to use. Where every item of
 * CUDA_VISIBLE_DEVICES is understood, the others are not visible. */
static void hide_others(struct process *p, const struct machine *m, bool by_bus)
{
	char copy[sizeof(p->visible)], *rest = copy, *item;
	struct idset named = { 0 };
	bool any = false;

	snprintf(copy, sizeof(copy), "%s", p->visible);
	while ((item = strsep(&rest, ","))) {
		int gpu = named_gpu(m, item, by_bus);

		if (gpu < 0)
			return;
		idset_add(&named, gpu);
	}
	for (size_t i = 0; i < p->ngpus; i++)
		any |= idset_has(&named, p->gpus[i].gpu);
	for (size_t i = 0; any && i < p->ngpus; i++)
		p->gpus[i].visible = p->gpus[i].gpu < 0 || idset_has(&named, p->gpus[i].gpu);
}

int process_read_gpus(struct process *p, const struct process_source *s)
{
	char *all, order[32];
	int used, rc = read_descriptors(p, s);

	if (rc < 0 || !p->ngpus)
		return rc;
	all = malloc(ENVIRONMENT_ROOM);
	if (!all)
		return -ENOMEM;
	used = sysroot_text(s->root, all, ENVIRONMENT_ROOM, "proc/%d/environ", p->pid);
	read_variable(all, used, "CUDA_VISIBLE_DEVICES", p->visible, sizeof(p->visible));
	read_variable(all, used, "CUDA_DEVICE_ORDER", order, sizeof(order));
	free(all);
	if (p->visible[0])
		hide_others(p, s->m, strcmp(order, "PCI_BUS_ID") == 0);
	return 0;
}
