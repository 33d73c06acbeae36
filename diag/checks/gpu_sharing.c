/* gpu_sharing.c - how a GPU is reached by others, and shared out. Family gpu, too. */
#include <stdio.h>
#include <string.h>

#include "families.h"
#include "machine/pcie.h"
#include "machine/services.h"

/* ---- BAR1 ---- */

static void look_bar1(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		struct known memory = f->memory_bytes;

		if (g->own_memory_node.is) {
			found(c, CHECK_SKIP, gpu_name(c, g),
			      "its memory is a NUMA node: the CPU needs no BAR1 to reach it");
		} else if (!f->bar1_bytes.is || !memory.is) {
			found(c, CHECK_SKIP, gpu_name(c, g), "NVML does not tell");
		} else {
			bool small = f->bar1_bytes.value < memory.value;

			expect(c, "%.4g GiB or more, all of its memory",
			       (double)memory.value / 0x1p30);
			found(c, small ? CHECK_WARN : CHECK_PASS, gpu_name(c, g), "%.4g GiB",
			      (double)f->bar1_bytes.value / 0x1p30);
		}
	}
}

/* ---- sharing ---- */

static void look_mig(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		if (!f->mig.is)
			found(c, CHECK_SKIP, gpu_name(c, g), "it has no MIG");
		else
			found(c, CHECK_PASS, gpu_name(c, g),
			      f->mig.value ? "on: results hold for this layout only" : "off");
	}
}

static void look_mps(struct checking *c)
{
	struct known k = services_running(c->l->root, "nvidia-cuda-mps");

	if (!k.is)
		found(c, CHECK_SKIP, "MPS daemon", "%s", k.why);
	else
		found(c, CHECK_PASS, "MPS daemon",
		      k.value ? "runs: processes share GPUs through it" : "does not run");
}

/* ---- NVLink ---- */

enum { NVIDIA = 0x10de, OTHER_BRIDGE = 0x0680 };

/* The most links that a GPU of this name has up. */
static long long most_up(const struct look *l, const struct gpu *like)
{
	long long most = 0;

	for (const struct gpu *g = NULL; (g = next_gpu(l, g));) {
		const struct nvml_facts *f = driver_gpu(l->driver, g->pci);

		if (strcmp(g->name, like->name) == 0 && f && f->nvlinks_up.is &&
		    f->nvlinks_up.value > most)
			most = f->nvlinks_up.value;
	}
	return most;
}

static void look_nvlink(struct checking *c)
{
	size_t switches = c->l->root ? pcie_count(c->l->root, NVIDIA, OTHER_BRIDGE) : 0;

	EACH_GPU(c, g, f)
	{
		long long most = most_up(c->l, g);

		if (!f->nvlinks.is) {
			found(c, CHECK_SKIP, gpu_name(c, g), "it has no NVLink");
		} else if (f->nvlinks_up.value < most) {
			expect(c, "%lld links up, as on an equal GPU", most);
			found(c, CHECK_WARN, gpu_name(c, g), "%lld of %lld links are up",
			      f->nvlinks_up.value, f->nvlinks.value);
		} else if (!f->nvlinks_up.value && switches) {
			expect(c, "links up: there are %zu NVSwitches", switches);
			found(c, CHECK_WARN, gpu_name(c, g), "none of %lld links is up",
			      f->nvlinks.value);
		} else {
			found(c, CHECK_PASS, gpu_name(c, g), "%lld of %lld links are up",
			      f->nvlinks_up.value, f->nvlinks.value);
		}
	}
}

const struct check gpu_sharing_checks[] = {
	{ .id = "gpu.bar1",
	  .title = "BAR1 shows all of the GPU's memory",
	  .fault = "BAR1 shows a part of the GPU's memory only",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "as large as the GPU's memory",
	  .about = "Through BAR1 the CPU, NICs (GPUDirect RDMA) and NVMe drives "
		   "(GPUDirect Storage) reach GPU memory by themselves. A small one "
		   "must be mapped piece by piece, or falls back to copies through "
		   "host memory.",
	  .harm = HARM_PERCENT,
	  .cost = "peer-to-peer with NICs and drives falls back to host memory",
	  .see = { { "FB and BAR1 are alike", "nvidia-smi -i {gpu} -q -d MEMORY" } },
	  .mend = { { "bare metal: in the BIOS turn on Above 4G Decoding and Resizable "
		      "BAR (Large BAR), and reboot",
		      NULL },
		    { "virtual machine: on its host give the firmware a 64-bit window "
		      "(OVMF: X-PciMmio64Mb)",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "BAR1's total is the memory's or more", "nvidia-smi -i {gpu} -q -d MEMORY" },
	  .source = "nvmlDeviceGetBAR1MemoryInfo, nvmlDeviceGetMemoryInfo",
	  .authority = "GPUDirect RDMA guide, BAR size; PCIe Base Specification, Resizable "
		       "BAR",
	  .look = look_bar1 },
	{ .id = "gpu.mig",
	  .title = "MIG",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "recorded: a result holds for one layout of instances only",
	  .about = "MIG cuts a GPU into instances. There are no peer copies and no "
		   "CUDA IPC between them, and each has a share of the copy engines.",
	  .cost = "a share of the GPU's bandwidth, as the layout gives",
	  .see = { { NULL, "nvidia-smi mig -lgi" } },
	  .source = "nvmlDeviceGetMigMode",
	  .authority = "NVIDIA Multi-Instance GPU User Guide",
	  .look = look_mig },
	{ .id = "gpu.mps",
	  .title = "MPS daemon",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "recorded: with it the server's CPU node counts, beside the "
		  "process's own",
	  .about = "With MPS, work of all processes goes through one server process, "
		   "which runs where it was started.",
	  .cost = "launch latency of another node, where the server runs there",
	  .see = { { NULL, "pgrep -a nvidia-cuda-mps" } },
	  .mend = { { "start its control daemon bound to the GPU's node",
		      "numabench bind --gpu {gpu} -- nvidia-cuda-mps-control -d" } },
	  .source = "proc/*/comm",
	  .authority = "NVIDIA Multi-Process Service guide",
	  .look = look_mps },
	{ .id = "gpu.nvlink",
	  .title = "NVLinks are up",
	  .fault = "NVLinks are down",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "as many up as on equal GPUs; with NVSwitches all of them",
	  .about = "Where NVLinks are down, peer copies go over PCIe and through the "
		   "CPUs, at a tenth of the rate, and take the bandwidth that feeds "
		   "the GPUs.",
	  .harm = HARM_FACTOR,
	  .cost = "peer copies go at PCIe's rate, a tenth, and take from what feeds "
		  "the GPUs",
	  .see = { { NULL, "nvidia-smi nvlink --status -i {gpu}" },
		   { NULL, "systemctl status nvidia-fabricmanager" } },
	  .mend = { { "with NVSwitches: the fabric manager, whose version must be the "
		      "driver's",
		      "sudo systemctl enable --now nvidia-fabricmanager" },
		    { "if single links stay down, read what the driver says, and look at "
		      "the bridges",
		      "sudo dmesg | grep -i nvlink | tail -n 20" } },
	  .lasts = "for good; after an update of the driver update the fabric manager, "
		   "too",
	  .verify = { "a rate for every link, and none inactive",
		      "nvidia-smi nvlink --status -i {gpu}" },
	  .source = "nvmlDeviceGetNvLinkState, sys/bus/pci/devices/*/class",
	  .authority = "NVIDIA Fabric Manager User Guide",
	  .look = look_nvlink },
	{ .id = NULL },
};
