/* launch_services.c - bindings as configuration of systemd and OpenStack. */
#include <errno.h>

#include "render/launch_parts.h"

int launch_systemd(FILE *out, const struct launch *l, struct err *e)
{
	const struct binding *b = &l->bindings[0];

	(void)e;
	fprintf(out,
		"# /etc/systemd/system/SERVICE.service.d/gpu%d.conf\n[Service]\n"
		"# Lists are added to those of the unit, but behind an empty one.\n"
		"CPUAffinity=\nCPUAffinity=",
		b->gpu->index);
	write_list(out, &b->cpus);
	if (b->memory != BINDING_NONE) {
		fprintf(out,
			"\nNUMAPolicy=%s\nNUMAMask=\nNUMAMask=", binding_memory_words[b->memory]);
		write_list(out, &b->memory_nodes);
	}
	fputs("\nEnvironment=CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=", out);
	write_gpu(out, b->gpu);
	fputc('\n', out);
	return 0;
}

/* ---- OpenStack ---- */

/* Nova chooses host cores itself, out of those that it is given, on the nodes of the GPUs that the
 * guest gets: what can be said is how many, how much, and that it must be the GPU's node. */
struct flavor {
	struct idset nodes;
	size_t vcpus;
	unsigned long long mib;
};

/* What the guest has of a node of the host. */
static struct flavor part_of(const struct launch *l, int node)
{
	struct flavor f = { .vcpus = 0 };
	struct idset cpus = { { 0 } };

	for (size_t i = 0; i < l->n; i++) {
		if (l->bindings[i].node != node)
			continue;
		cpus = idset_or(&cpus, &l->bindings[i].cpus);
		f.mib += memory_of(l, &l->bindings[i]) >> 20;
	}
	f.vcpus = idset_count(&cpus);
	return f;
}

static void write_flavor(FILE *out, const struct launch *l)
{
	struct flavor whole = { .vcpus = 0 };
	size_t n = 0, from = 0;

	for (size_t i = 0; i < l->n; i++)
		idset_add(&whole.nodes, l->bindings[i].node);
	for (int node = -1; (node = idset_next(&whole.nodes, node)) >= 0;) {
		struct flavor part = part_of(l, node);

		whole.vcpus += part.vcpus;
		whole.mib += part.mib;
	}
	fprintf(out,
		"openstack flavor create --ram %llu --vcpus %zu FLAVOR\n"
		"openstack flavor set FLAVOR \\\n"
		"    --property hw:cpu_policy=dedicated \\\n"
		"    --property hw:cpu_thread_policy=%s \\\n"
		"    --property hw:numa_nodes=%zu \\\n",
		whole.mib, whole.vcpus, l->want.smt == SMT_ONE ? "isolate" : "prefer",
		idset_count(&whole.nodes));
	for (int node = -1; (node = idset_next(&whole.nodes, node)) >= 0; n++) {
		struct flavor part = part_of(l, node);

		fprintf(out, "    --property hw:numa_cpus.%zu=", n);
		write_span(out, from, from + part.vcpus - 1);
		fprintf(out, " --property hw:numa_mem.%zu=%llu \\\n", n, part.mib);
		from += part.vcpus;
	}
	fprintf(out,
		"    --property hw:pci_numa_affinity_policy=required \\\n"
		"    --property pci_passthrough:alias=gpu:%zu\n",
		l->n);
}

int launch_openstack(FILE *out, const struct launch *l, struct err *e)
{
	struct idset cpus = { { 0 } };

	for (size_t i = 0; i < l->n; i++) {
		cpus = idset_or(&cpus, &l->bindings[i].cpus);
		if (l->bindings[i].memory == BINDING_PREFERRED ||
		    idset_count(&l->bindings[i].memory_nodes) > 1)
			return err_set(e, -ENOTSUP,
				       "Nova confines each node of a guest to one node of the "
				       "host: --memory bind or none, and no more --need than a "
				       "node has");
		if (memory_of(l, &l->bindings[i]) == 0)
			return err_set(e, -ENOTSUP, UNKNOWN_MEMORY, l->bindings[i].node);
	}
	fputs("# /etc/nova/nova.conf of the compute host\n[compute]\ncpu_dedicated_set = ", out);
	write_list(out, &cpus);
	fputs("\n[pci]\n", out);
	for (size_t i = 0; i < l->n; i++)
		fprintf(out, "device_spec = { \"address\": \"%s\" }\n", l->bindings[i].gpu->pci);
	fputs("# PRODUCT: the four digits behind 10de: in `lspci -nn`; with SR-IOV type-PF or "
	      "type-VF\n"
	      "alias = { \"name\": \"gpu\", \"vendor_id\": \"10de\", \"product_id\": \"PRODUCT\", "
	      "\"device_type\": \"type-PCI\", \"numa_policy\": \"required\" }\n\n"
	      "# The flavor",
	      out);
	fprintf(out, "%s\n", memory_remark(l));
	write_flavor(out, l);
	return 0;
}
