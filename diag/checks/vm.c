/* vm.c - what a virtual machine hides. */
#include <stdio.h>
#include <string.h>

#include "families.h"
#include "machine/pcie.h"

static void look_guest(struct checking *c)
{
	if (!condition(c->l, "virtualisation"))
		found(c, CHECK_SKIP, "machine", "it is not recorded");
	else if (c->l->guest)
		found(c, CHECK_PASS, "machine",
		      "a virtual machine (%s): nodes and links as it shows them", c->l->hypervisor);
	else
		found(c, CHECK_PASS, "machine", "no virtual machine");
}

static void look_nodes(struct checking *c)
{
	size_t gpus = judged_gpus(c->l);

	if (!c->l->guest)
		found(c, CHECK_SKIP, "machine", "no virtual machine, as far as can be told");
	else if (c->l->m->nnodes > 1)
		found(c, CHECK_PASS, "machine", "it shows %zu nodes", c->l->m->nnodes);
	else if (gpus > 1)
		found(c, CHECK_WARN, "machine", "it shows one node for %zu GPUs", gpus);
	else
		found(c, CHECK_PASS, "machine",
		      "it shows one node; whether the host backs it by one cannot be seen");
}

static void look_pcie(struct checking *c)
{
	struct pcie_hop hop[PCIE_HOPS];
	size_t bare = 0, n = judged_gpus(c->l);

	if (!c->l->guest) {
		found(c, CHECK_SKIP, "machine", "no virtual machine, as far as can be told");
		return;
	}
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));)
		bare += pcie_path(c->l->root, g->pci, hop) < 2;
	if (bare && n > 1)
		found(c, CHECK_WARN, "GPUs", "%zu of %zu hang on the root bus, without any port",
		      bare, n);
	else
		found(c, CHECK_PASS, "GPUs",
		      n > 1 ? "each has a port above it" : "there is one: no path between GPUs");
}

const struct check vm_checks[] = {
	{ .id = "vm.guest",
	  .title = "Virtual machine or bare metal",
	  .tells = MAY_PASS | MAY_SKIP,
	  .good = "recorded: in a virtual machine topology is what its maker chose to "
		  "show",
	  .about = "Nodes, distances and PCIe ports of a virtual machine are made up "
		   "by the hypervisor, and may have nothing to do with the machine "
		   "below. What is measured still holds.",
	  .cost = "confidence in what is declared",
	  .see = { { NULL, "systemd-detect-virt" }, { NULL, "cat /sys/class/dmi/id/sys_vendor" } },
	  .source = "proc/cpuinfo: flag hypervisor; sys/class/dmi/id, "
		    "sys/hypervisor/type",
	  .authority = "CPUID leaf 1, ECX bit 31; SMBIOS (DMTF DSP0134), 7.2",
	  .look = look_guest },
	{ .id = "vm.nodes",
	  .title = "The virtual machine shows the nodes of the host",
	  .fault = "The virtual machine shows one node for several GPUs",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU,
	  .good = "as many nodes as the host gives it CPUs, memory and GPUs of",
	  .about = "A guest with GPUs of two sockets and one node of its own cannot be "
		   "bound from within: its memory may lie on either socket.",
	  .harm = HARM_FACTOR,
	  .cost = "all GPUs are fed as if nobody bound anything",
	  .measured = COST_NODE,
	  .see = { { "in here", "numactl --hardware" },
		   { "on the host, of each guest: pinned CPUs and memory",
		     "for d in $(virsh list --name); do virsh vcpupin $d; virsh numatune "
		     "$d; done" } },
	  .mend = { { "on the host, libvirt: <cpu><numa><cell>, <numatune><memnode> and <vcputune> "
		      "as "
		      "on the host, GPUs behind a pcie-expander-bus with <node>",
		      NULL },
		    { "until then bind by measurement", "numabench --all" } },
	  .lasts = "for good, from the guest's next start on",
	  .verify = { "as many nodes as the host gave", "numactl --hardware" },
	  .source = "sys/devices/system/node",
	  .authority = "libvirt: Domain XML format, NUMA; QEMU documentation, pxb-pcie",
	  .look = look_nodes },
	{ .id = "vm.pcie",
	  .title = "The virtual machine shows which GPUs share a switch",
	  .fault = "The virtual machine hides which GPUs share a switch",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "ports above each GPU, as on the host",
	  .about = "NCCL chooses between switch, NVLink and host memory by the PCIe "
		   "topology; where all GPUs hang on one root bus it takes them for "
		   "neighbours, or for strangers.",
	  .harm = HARM_FACTOR,
	  .cost = "peer copies by a longer way, which takes the bandwidth that feeds "
		  "GPUs",
	  .see = { { NULL, "lspci -tv" }, { NULL, "nvidia-smi topo -m" } },
	  .mend = { { "on the host: each GPU behind a pcie-root-port, those of one switch "
		      "behind one virtual switch",
		      NULL },
		    { "in here: give NCCL the topology by NCCL_TOPO_FILE, which clouds "
		      "supply; see whether yours does",
		      "ls /etc/nccl* /opt/*/nccl* /var/run/nvidia-topologyd/ 2>/dev/null" } },
	  .lasts = "ports: for good, from the guest's next start on; NCCL_TOPO_FILE: "
		   "for jobs that have it in their environment",
	  .verify = { "every GPU hangs below a port", "lspci -tv" },
	  .source = "sys/bus/pci/devices",
	  .authority = "NCCL User Guide, NCCL_TOPO_FILE; QEMU docs/pcie.txt",
	  .look = look_pcie },
	{ .id = NULL },
};
