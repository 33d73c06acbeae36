/* launch_libvirt.c - bindings as a virtual machine: a guest node for each node of the host, its
 * vCPUs on that node's cores, its memory there, and the GPUs behind a bridge of that node. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/launch_parts.h"

/* A node of the guest. */
struct cell {
	const struct binding *first; /* of those that it is made of */
	struct idset cpus;           /* the host's */
	size_t cores;
	uint64_t mib;
	size_t gpus;
};

/* The machine that QEMU makes for an architecture, and what in it belongs to a node. */
struct platform {
	const char *architecture, *machine;
	bool express; /* an expander bus with root ports; else a host bridge that takes devices */
};

static const struct platform *platform_of(const struct machine *m)
{
	static const struct platform all[] = {
		{ "x86_64", "q35", true },
		{ "aarch64", "virt", true },
		{ "riscv64", "virt", true },
		{ "ppc64le", "pseries", false },
	};
	const char *told = json_string_value(
		json_object_get(json_object_get(m->host, "identity"), "architecture"));

	for (size_t i = 0; told && i < sizeof all / sizeof all[0]; i++)
		if (strcmp(all[i].architecture, told) == 0)
			return &all[i];
	return all; /* of a machine that does not tell: nearly all with GPUs are */
}

struct guest {
	FILE *out;
	const struct platform *platform;
	const struct launch *l;
	struct cell *cells;
	size_t ncells;
	size_t threads; /* of every core; 0: not the same everywhere */
	size_t cpu;     /* vCPUs written so far */
};

static struct cell *cell_of(struct guest *g, const struct binding *b)
{
	for (size_t i = 0; i < g->ncells; i++)
		if (g->cells[i].first->node == b->node)
			return &g->cells[i];
	g->cells[g->ncells].first = b;
	return &g->cells[g->ncells++];
}

static void look_at_core(const struct idset *core, void *arg)
{
	struct guest *g = arg;

	if (g->threads != idset_count(core))
		g->threads = g->threads == SIZE_MAX ? idset_count(core) : 0;
}

static int plan(struct guest *g, struct err *e)
{
	const struct launch *l = g->l;

	for (size_t i = 0; i < l->n; i++) {
		const struct binding *b = &l->bindings[i];
		struct cell *c = cell_of(g, b);

		c->cpus = idset_or(&c->cpus, &b->cpus);
		c->mib += memory_of(l, b) >> 20;
		c->gpus++;
	}
	g->threads = SIZE_MAX;
	for (size_t i = 0; i < g->ncells; i++) {
		struct cell *c = &g->cells[i];

		if (c->mib == 0)
			return err_set(e, -ENOTSUP, UNKNOWN_MEMORY, c->first->node);
		c->cores = count_cores(l->machine, &c->cpus);
		each_core(l->machine, &c->cpus, look_at_core, g);
		if (c->cores != g->cells[0].cores)
			g->threads = 0;
	}
	return 0;
}

static void pin_core(const struct idset *core, void *arg)
{
	struct guest *g = arg;

	for (int cpu = -1; (cpu = idset_next(core, cpu)) >= 0;)
		fprintf(g->out, "    <vcpupin vcpu='%zu' cpuset='%d'/>\n", g->cpu++, cpu);
}

static void write_tuning(struct guest *g)
{
	static const char *const modes[] = { [BINDING_BIND] = "strict",
					     [BINDING_PREFERRED] = "preferred",
					     [BINDING_INTERLEAVE] = "interleave" };
	struct idset cpus = { { 0 } };
	bool memory = false;

	fputs("  <cputune>\n", g->out);
	for (size_t i = 0; i < g->ncells; i++) {
		each_core(g->l->machine, &g->cells[i].cpus, pin_core, g);
		cpus = idset_or(&cpus, &g->cells[i].cpus);
		memory = memory || g->cells[i].first->memory != BINDING_NONE;
	}
	fputs("    <emulatorpin cpuset='", g->out);
	write_list(g->out, &cpus);
	fputs("'/>\n  </cputune>\n", g->out);
	if (!memory)
		return;
	fputs("  <numatune>\n", g->out);
	for (size_t i = 0; i < g->ncells; i++) {
		const struct binding *b = g->cells[i].first;

		if (b->memory == BINDING_NONE)
			continue;
		fprintf(g->out, "    <memnode cellid='%zu' mode='%s' nodeset='", i,
			modes[b->memory]);
		write_list(g->out, &b->memory_nodes);
		fputs("'/>\n", g->out);
	}
	fputs("  </numatune>\n", g->out);
}

static void write_cpu(const struct guest *g)
{
	size_t from = 0;

	fputs("  <cpu mode='host-passthrough'>\n", g->out);
	if (g->threads)
		fprintf(g->out, "    <topology sockets='%zu' cores='%zu' threads='%zu'/>\n",
			g->ncells, g->cells[0].cores, g->threads);
	fputs("    <numa>\n", g->out);
	for (size_t i = 0; i < g->ncells; i++) {
		size_t to = from + idset_count(&g->cells[i].cpus);

		fprintf(g->out, "      <cell id='%zu' cpus='", i);
		write_span(g->out, from, to - 1);
		fprintf(g->out, "' memory='%llu' unit='MiB'/>\n",
			(unsigned long long)g->cells[i].mib);
		from = to;
	}
	fputs("    </numa>\n  </cpu>\n", g->out);
}

/* Buses of an expander are numbered from its own on: they lie far apart. */
static void write_bridge(const struct guest *g, size_t cell, size_t index)
{
	char number[32] = "";

	if (g->platform->express)
		snprintf(number, sizeof number, "busNr='%zu'", 256 / (g->ncells + 1) * (cell + 1));
	else
		snprintf(number, sizeof number, "index='%zu'", index);
	fprintf(g->out,
		"    <controller type='pci' index='%zu' model='%s'>\n"
		"      <target %s>\n        <node>%zu</node>\n      </target>\n"
		"    </controller>\n",
		index, g->platform->express ? "pcie-expander-bus" : "pci-root", number, cell);
}

static void write_port(const struct guest *g, size_t bridge, size_t slot, size_t port)
{
	fprintf(g->out,
		"    <controller type='pci' index='%zu' model='pcie-root-port'>\n"
		"      <address type='pci' domain='0x0000' bus='0x%02zx' slot='0x%02zx' "
		"function='0x0'/>\n"
		"    </controller>\n",
		port, bridge, slot);
}

static void write_hostdev(const struct guest *g, const struct gpu *gpu, size_t bus_in_guest,
			  size_t slot)
{
	unsigned domain = 0, bus = 0, device = 0, function = 0;

	sscanf(gpu->pci, "%x:%x:%x.%x", &domain, &bus, &device, &function);
	fprintf(g->out, "    <!-- GPU %d", gpu->index);
	if (gpu->render_node[0])
		fprintf(g->out,
			"; to render on it without giving it away, instead of the hostdev: "
			"<graphics type='egl-headless'><gl rendernode='/dev/dri/%s'/></graphics>",
			gpu->render_node);
	fprintf(g->out,
		" -->\n"
		"    <hostdev mode='subsystem' type='pci' managed='yes'>\n"
		"      <source>\n"
		"        <address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n"
		"      </source>\n"
		"      <address type='pci' domain='0x0000' bus='0x%02zx' slot='0x%02zx' "
		"function='0x0'/>\n"
		"    </hostdev>\n",
		domain, bus, device, function, bus_in_guest, slot);
}

static void write_devices(const struct guest *g)
{
	bool express = g->platform->express;
	size_t index = 0;

	fprintf(g->out, "  <devices>\n    <controller type='pci' index='0' model='%s'/>\n",
		express ? "pcie-root" : "pci-root");
	for (size_t i = 0; i < g->ncells; i++) {
		size_t bridge = ++index, slot = 0;

		write_bridge(g, i, bridge);
		for (size_t k = 0; k < g->l->n; k++) {
			const struct binding *b = &g->l->bindings[k];

			if (b->node != g->cells[i].first->node)
				continue;
			if (express)
				write_port(g, bridge, slot++, ++index);
			write_hostdev(g, b->gpu, express ? index : bridge, express ? 0 : ++slot);
		}
	}
	fputs("  </devices>\n", g->out);
}

int launch_libvirt(FILE *out, const struct launch *l, struct err *e)
{
	struct guest g = { .out = out,
			   .l = l,
			   .platform = platform_of(l->machine),
			   .cells = calloc(l->n + 1, sizeof *g.cells) };
	uint64_t mib = 0;
	size_t cpus = 0;
	int rc = g.cells ? plan(&g, e) : err_set(e, -ENOMEM, "out of memory");

	for (size_t i = 0; i < g.ncells; i++) {
		mib += g.cells[i].mib;
		cpus += idset_count(&g.cells[i].cpus);
	}
	if (rc == 0) {
		fprintf(out,
			"<!-- virsh define FILE; add disk and network, and <os firmware='efi'> "
			"where a GPU's BAR\n     is larger than the guest's BIOS can place%s -->\n"
			"<domain type='kvm'>\n  <name>gpu-guest</name>\n"
			"  <memory unit='MiB'>%llu</memory>\n  <vcpu "
			"placement='static'>%zu</vcpu>\n",
			memory_remark(l), (unsigned long long)mib, cpus);
		write_tuning(&g);
		fprintf(out, "  <os>\n    <type arch='%s' machine='%s'>hvm</type>\n  </os>\n",
			g.platform->architecture, g.platform->machine);
		write_cpu(&g);
		write_devices(&g);
		fputs("</domain>\n", out);
	}
	free(g.cells);
	return rc;
}
