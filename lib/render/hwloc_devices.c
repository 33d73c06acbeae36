/* hwloc_devices.c - GPUs and devices of a result as hwloc's I/O objects. See hwloc_tree.h. */
#include <string.h>

#include "render/hwloc_tree.h"

/* hwloc's words: a PCI function of which the class is known and the part is not (zeros); vendor
 * 10de is NVIDIA. The kind of display controller, or of network card, is not in a result: 80 is
 * PCI's "other". */
static const char gpu_type[] = "0380 [10de:0000] [0000:0000] 00";
static const char *const device_types[] = { [DEVICE_NIC] = "0280 [0000:0000] [0000:0000] 00",
					    [DEVICE_NVME] = "0108 [0000:0000] [0000:0000] 00" };

/* "0000:17:00.0", as hwloc takes it: a domain of at most eight digits. */
static bool is_address(const char *pci)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = strspn(pci, hex);

	return n >= 4 && n <= 8 && pci[n] == ':' && strspn(pci + n + 1, hex) == 2 &&
	       pci[n + 3] == ':' && strspn(pci + n + 4, hex) == 2 && pci[n + 6] == '.' &&
	       pci[n + 7] >= '0' && pci[n + 7] <= '7' && !pci[n + 8];
}

static void begin_pci(struct hwloc_tree *t, const char *pci, const char *type, int depth, FILE *out)
{
	fprintf(out,
		"%*s<object type=\"PCIDev\" gp_index=\"%lu\" pci_busid=\"%s\" pci_type=\"%s\">\n",
		2 * depth, "", ++t->last_index, pci, type);
}

static void end(int depth, FILE *out)
{
	fprintf(out, "%*s</object>\n", 2 * depth, "");
}

/* NVML's, and nvidia-smi's, count those that the driver has. */
static int nvml_number(const struct machine *m, const struct gpu *g)
{
	int n = 0;

	for (const struct gpu *before = m->gpus; before < g; before++)
		n += before->state != GPU_NO_DRIVER && before->state != GPU_VFIO;
	return n;
}

/* As hwloc names what it finds by NVML; osdev_type 1 is a GPU. */
static void put_nvml(struct hwloc_tree *t, const struct gpu *g, int depth, FILE *out)
{
	if (g->state == GPU_NO_DRIVER || g->state == GPU_VFIO)
		return;
	fprintf(out,
		"%*s<object type=\"OSDev\" gp_index=\"%lu\" name=\"nvml%d\" subtype=\"NVML\" "
		"osdev_type=\"1\">\n",
		2 * depth, "", ++t->last_index, nvml_number(t->machine, g));
	hwloc_put_info(out, depth + 1, "GPUVendor", "NVIDIA Corporation");
	hwloc_put_info(out, depth + 1, "GPUModel", g->name);
	hwloc_put_info(out, depth + 1, "NVIDIAUUID", g->uuid);
	end(depth, out);
}

static void put_known(FILE *out, int depth, const char *name, const char *fmt,
		      const struct known *a, const struct known *b)
{
	char text[64];

	if (!a->is || (b && !b->is))
		return;
	snprintf(text, sizeof text, fmt, a->value, b ? b->value : 0);
	hwloc_put_info(out, depth, name, text);
}

/* "X NV18 NV18": the paths to GPU 0, 1, 2 .. */
static void put_paths(FILE *out, int depth, const struct machine *m, const struct gpu *g)
{
	char text[2048] = "";
	size_t used = 0;

	for (size_t i = 0; m->gpu_paths && i < m->ngpus && used < sizeof text; i++) {
		const char *path = machine_gpu_path(m, g->index, m->gpus[i].index);

		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "",
					 path[0] ? path : "?");
	}
	hwloc_put_info(out, depth, "numabench:paths", text);
}

static void put_gpu(struct hwloc_tree *t, const struct gpu *g, int depth, FILE *out)
{
	static const struct known one = { .is = true };
	const struct known number = KNOWN(g->index), node = gpu_declared_node(t->machine, g);

	begin_pci(t, g->pci, gpu_type, depth, out);
	depth++;
	put_known(out, depth, "numabench:gpu", "%lld", &number, NULL);
	hwloc_put_info(out, depth, "numabench:state", gpu_state_name(g->state));
	put_known(out, depth, "numabench:declared-node", "%lld", &node, &one);
	put_known(out, depth, "numabench:own-memory-node", "%lld", &g->own_memory_node, &one);
	put_known(out, depth, "numabench:link-ability", "Gen%lld x%lld", &g->max_gen,
		  &g->max_width);
	put_known(out, depth, "numabench:memory-bytes", "%lld", &g->memory_bytes, &one);
	hwloc_put_info(out, depth, "numabench:render-node", g->render_node);
	put_paths(out, depth, t->machine, g);
	put_nvml(t, g, depth, out);
	end(depth - 1, out);
}

/* All devices of one function: a card is a network interface and an InfiniBand port. Whether a
 * name is the one or the other is not in a result, so none is an object of hwloc's. */
static void put_device(struct hwloc_tree *t, size_t i, int depth, FILE *out)
{
	const struct machine *m = t->machine;

	for (size_t j = 0; j < i; j++)
		if (strcmp(m->devices[j].pci, m->devices[i].pci) == 0)
			return;
	begin_pci(t, m->devices[i].pci, device_types[m->devices[i].kind], depth, out);
	for (size_t j = i; j < m->ndevices; j++)
		if (strcmp(m->devices[j].pci, m->devices[i].pci) == 0) {
			char name[64];

			snprintf(name, sizeof name, "numabench:%s",
				 device_kind_name(m->devices[j].kind));
			hwloc_put_info(out, depth + 1, name, m->devices[j].name);
		}
	end(depth, out);
}

void hwloc_put_devices(struct hwloc_tree *t, const struct hwloc_object *at, int depth, FILE *out)
{
	const struct machine *m = t->machine;

	for (size_t i = 0; i < m->ngpus; i++) {
		struct known node = gpu_declared_node(m, &m->gpus[i]);

		if (hwloc_tree_near(t, &node) == at && is_address(m->gpus[i].pci))
			put_gpu(t, &m->gpus[i], depth, out);
	}
	for (size_t i = 0; i < m->ndevices; i++)
		if (hwloc_tree_near(t, &m->devices[i].node) == at && is_address(m->devices[i].pci))
			put_device(t, i, depth, out);
}
