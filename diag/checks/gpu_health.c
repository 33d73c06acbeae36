/* gpu_health.c - the GPU's own settings and state, as NVML tells them. Family gpu, too. */
#include <stdio.h>
#include <string.h>

#include "families.h"
#include "machine/pcie.h"
#include "machine/services.h"

#define EACH_GPU(c, g, f)                                                                          \
	for (const struct gpu *g = NULL; (g = next_gpu((c)->l, g));)                               \
		for (const struct nvml_facts *f = gpu_facts_of(c, g); f; f = NULL)

static void look_persistence(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		if (!f->persistence.is)
			found(c, CHECK_SKIP, gpu_name(c, g), "%s", f->persistence.why);
		else
			found(c, f->persistence.value ? CHECK_PASS : CHECK_WARN, gpu_name(c, g),
			      f->persistence.value ? "on" : "off");
	}
}

/* ---- ECC ---- */

/* A GPU of the same name that has ECC on; NULL: none. */
static const struct gpu *with_ecc(const struct look *l, const struct gpu *like)
{
	for (const struct gpu *g = NULL; (g = next_gpu(l, g));) {
		const struct nvml_facts *f = driver_gpu(l->driver, g->pci);

		if (strcmp(g->name, like->name) == 0 && f && f->ecc.is && f->ecc.value)
			return g;
	}
	return NULL;
}

static void look_ecc(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		const struct gpu *other = with_ecc(c->l, g);

		if (!f->ecc.is) {
			found(c, CHECK_SKIP, gpu_name(c, g),
			      "it has no ECC, or NVML does not tell");
		} else if (f->ecc.value) {
			found(c, CHECK_PASS, gpu_name(c, g), "on");
		} else if (other) {
			expect(c, "on, as on GPU %d, which has the same name", other->index);
			mend(c,
			     "sudo nvidia-smi -i %d -e 1, then reboot or sudo nvidia-smi "
			     "--gpu-reset -i %d",
			     g->index, g->index);
			found(c, CHECK_FAIL, gpu_name(c, g), "off");
		} else {
			mend(c,
			     "sudo nvidia-smi -i %d -e 1, then reboot; if it is off on purpose, "
			     "silence this with --rules",
			     g->index);
			found(c, CHECK_WARN, gpu_name(c, g), "off");
		}
	}
}

static void judge_errors(struct checking *c, const struct gpu *g, const struct nvml_facts *f)
{
	if (f->repair_failed.is && f->repair_failed.value) {
		mend(c, "replace the GPU: it has no spare memory left (NVIDIA's RMA policy)");
		found(c, CHECK_FAIL, gpu_name(c, g),
		      "bad memory could not be replaced by spare rows");
	} else if (f->repair_pending.is && f->repair_pending.value) {
		mend(c, "end what runs on it, then sudo nvidia-smi --gpu-reset -i %d (or reboot)",
		     g->index);
		found(c, CHECK_FAIL, gpu_name(c, g),
		      "bad memory was found and stays in use until the GPU is reset");
	} else if (f->ecc_uncorrected.is && f->ecc_uncorrected.value) {
		mend(c,
		     "sudo nvidia-smi --gpu-reset -i %d; if errors come back run sudo dcgmi diag "
		     "-r 3 and replace the GPU",
		     g->index);
		found(c, CHECK_FAIL, gpu_name(c, g),
		      "%lld uncorrectable errors since the driver was loaded",
		      f->ecc_uncorrected.value);
	} else if (!f->ecc_uncorrected.is && !f->repair_pending.is) {
		found(c, CHECK_SKIP, gpu_name(c, g), "it counts no errors, or NVML does not tell");
	} else {
		found(c, CHECK_PASS, gpu_name(c, g), "none since the driver was loaded");
	}
}

static void look_errors(struct checking *c)
{
	EACH_GPU(c, g, f)
	judge_errors(c, g, f);
}

/* ---- clocks and power ---- */

struct reason {
	const char *word;
	enum check_status status;
	const char *means;
};

/* Words of nvml_reasons; the first that was seen is told. */
static const struct reason reasons[] = {
	{ "hw-thermal", CHECK_FAIL, "the hardware slowed it down: too hot" },
	{ "power-brake", CHECK_FAIL, "an external power brake slowed it down" },
	{ "hw-slowdown", CHECK_FAIL,
	  "the hardware slowed it down: heat, power brake or board power" },
	{ "sw-thermal", CHECK_WARN, "the driver slowed it down: too hot" },
	{ "sw-power-cap", CHECK_PASS, "at its power limit, which is usual under full load" },
};

static bool seen(const struct look *l, int gpu, const char *word, size_t *told)
{
	bool any = false;

	for (const struct record *r = NULL; (r = next_record(l, gpu, r));) {
		const json_t *words = json_object_get(r->more, "clock_reasons"), *v;
		size_t i;

		*told += json_is_array(words);
		json_array_foreach(words, i, v) any |=
			json_is_string(v) && strcmp(json_string_value(v), word) == 0;
	}
	return any;
}

static void look_clock_reasons(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		const struct reason *worst = NULL;
		size_t told = 0;

		for (size_t i = 0; !worst && i < sizeof reasons / sizeof *reasons; i++)
			if (seen(c->l, g->index, reasons[i].word, &told))
				worst = &reasons[i];
		if (!told)
			found(c, CHECK_SKIP, gpu_name(c, g),
			      "the result does not tell for this GPU");
		else if (worst)
			found(c, worst->status, gpu_name(c, g), "%s (%s)", worst->means,
			      worst->word);
		else
			found(c, CHECK_PASS, gpu_name(c, g), "nothing held its clocks back");
	}
}

static void look_power_limit(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		bool told = f->power_limit_mw.is && f->power_default_mw.is;
		bool low = told && f->power_limit_mw.value < f->power_default_mw.value;

		if (!told) {
			found(c, CHECK_SKIP, gpu_name(c, g), "NVML does not tell");
			continue;
		}
		expect(c, "%lld W, its default, or more", f->power_default_mw.value / 1000);
		mend(c, "sudo nvidia-smi -i %d -pl %lld", g->index,
		     f->power_default_mw.value / 1000);
		found(c, low ? CHECK_WARN : CHECK_PASS, gpu_name(c, g), "%lld W",
		      f->power_limit_mw.value / 1000);
	}
}

static void look_clocks(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		if (!f->clock_mhz.is || !f->clock_default_mhz.is)
			found(c, CHECK_SKIP, gpu_name(c, g), "it has no applications clocks");
		else if (f->clock_mhz.value == f->clock_default_mhz.value)
			found(c, CHECK_PASS, gpu_name(c, g), "default, %lld MHz",
			      f->clock_mhz.value);
		else
			found(c, CHECK_PASS, gpu_name(c, g),
			      "set to %lld MHz, the default is %lld MHz", f->clock_mhz.value,
			      f->clock_default_mhz.value);
	}
}

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

const struct check gpu_health_checks[] = {
	{ .id = "gpu.persistence",
	  .title = "Persistence mode is on",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "on: the driver keeps the GPU initialised between jobs",
	  .about =
		  "Without it the driver lets go of a GPU when its last process ends; the next one "
		  "waits seconds for it to start, and clock and power settings are lost.",
	  .see = "nvidia-smi --query-gpu=index,persistence_mode --format=csv",
	  .mend = "sudo systemctl enable --now nvidia-persistenced (or sudo nvidia-smi -pm 1, "
		  "until "
		  "the next boot)",
	  .cost = "1 to 3 s at the start of every process that finds the GPU idle.",
	  .source = "nvmlDeviceGetPersistenceMode",
	  .authority = "NVIDIA Driver Persistence guide",
	  .look = look_persistence },
	{ .id = "gpu.ecc",
	  .title = "ECC is on",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "on where the part has it",
	  .about = "Without ECC a flipped bit in GPU memory goes into the result, and nothing says "
		   "so.",
	  .see = "nvidia-smi --query-gpu=index,ecc.mode.current,ecc.mode.pending --format=csv",
	  .mend = "sudo nvidia-smi -e 1, then reboot",
	  .cost = "Wrong results, unnoticed.",
	  .source = "nvmlDeviceGetEccMode",
	  .authority = "NVIDIA GPU Memory Error Management guide",
	  .look = look_ecc },
	{ .id = "gpu.ecc-errors",
	  .title = "No uncorrectable memory errors",
	  .tells = MAY_PASS | MAY_FAIL | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "no uncorrectable error, no repair that waits or failed",
	  .about = "An uncorrectable error ends the process that meets it, and memory that has had "
		   "one "
		   "is likely to have more.",
	  .see = "nvidia-smi -q -d ECC,ROW_REMAPPER",
	  .mend = "sudo nvidia-smi --gpu-reset -i N; if errors come back, replace the GPU",
	  .cost = "Jobs that end with Xid 48, 63, 64 or 94.",
	  .source =
		  "nvmlDeviceGetTotalEccErrors (uncorrected, volatile), nvmlDeviceGetRemappedRows",
	  .authority = "NVIDIA GPU Memory Error Management guide; Tesla/Data Center GPU RMA policy",
	  .look = look_errors },
	{ .id = "gpu.clock-reasons",
	  .title = "Heat and power do not hold the GPU back under load",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_RUN,
	  .good = "no hardware slowdown (0x8), thermal slowdown (0x40) or power brake (0x80)",
	  .about = "A GPU that is slowed down by heat or power works at a fraction of its clock; "
		   "its "
		   "figures are those of the cooling, not of the machine.",
	  .see = "nvidia-smi -q -d PERFORMANCE while work runs",
	  .mend = "check fans, air flow and dust, power cables and supplies, and the rack's power "
		  "cap; "
		  "nvidia-smi -q -d TEMPERATURE,POWER shows which it is",
	  .cost = "Half of the clock or less while it lasts.",
	  .source =
		  "clock_reasons of the result's records (nvmlDeviceGetCurrentClocksEventReasons)",
	  .authority = "NVML API Reference, nvmlClocksEventReasons",
	  .look = look_clock_reasons },
	{ .id = "gpu.power-limit",
	  .title = "The power limit is the default one",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "not below the default",
	  .about = "A lowered power limit caps the clocks under load.",
	  .see = "nvidia-smi --query-gpu=index,power.limit,power.default_limit --format=csv",
	  .mend = "sudo nvidia-smi -pl DEFAULT",
	  .cost = "Roughly in proportion for work that computes; little for copies.",
	  .source = "nvmlDeviceGetPowerManagementLimit, ..DefaultLimit",
	  .authority = "NVML API Reference, power management",
	  .look = look_power_limit },
	{ .id = "gpu.clocks",
	  .title = "Applications clocks",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "recorded: figures with other clocks are not comparable",
	  .about = "Clocks that somebody set stay until they are reset, and change what the GPU "
		   "delivers.",
	  .see = "nvidia-smi -q -d CLOCK",
	  .mend = "sudo nvidia-smi -rac",
	  .cost = "In proportion, for work that computes.",
	  .source = "nvmlDeviceGetApplicationsClock, nvmlDeviceGetDefaultApplicationsClock",
	  .authority = "NVML API Reference, clocks",
	  .look = look_clocks },
	{ .id = "gpu.bar1",
	  .title = "BAR1 shows all of the GPU's memory",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "as large as the GPU's memory",
	  .about =
		  "Through BAR1 the CPU, NICs (GPUDirect RDMA) and NVMe drives (GPUDirect Storage) "
		  "reach GPU memory by themselves. A small one must be mapped piece by piece, or "
		  "falls back to copies through host memory.",
	  .see = "nvidia-smi -q -d MEMORY (BAR1); lspci -vs ADDRESS (Region 1)",
	  .mend = "in the BIOS turn on Above 4G Decoding and Resizable BAR (Large BAR); in a "
		  "virtual "
		  "machine give firmware a 64-bit window: OVMF's X-PciMmio64Mb",
	  .cost = "Peer-to-peer with NICs and drives falls back to host memory.",
	  .source = "nvmlDeviceGetBAR1MemoryInfo, nvmlDeviceGetMemoryInfo",
	  .authority = "GPUDirect RDMA guide, BAR size; PCIe Base Specification, Resizable BAR",
	  .look = look_bar1 },
	{ .id = "gpu.mig",
	  .title = "MIG",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "recorded: a result holds for one layout of instances only",
	  .about =
		  "MIG cuts a GPU into instances. There are no peer copies and no CUDA IPC between "
		  "them, and each has a share of the copy engines.",
	  .see = "nvidia-smi mig -lgi",
	  .mend = "nothing to mend",
	  .cost = "A share of the GPU's bandwidth, as the layout gives.",
	  .source = "nvmlDeviceGetMigMode",
	  .authority = "NVIDIA Multi-Instance GPU User Guide",
	  .look = look_mig },
	{ .id = "gpu.mps",
	  .title = "MPS daemon",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "recorded: with it the server's CPU node counts, beside the process's own",
	  .about = "With MPS, work of all processes goes through one server process, which runs "
		   "where it "
		   "was started.",
	  .see = "pgrep -a nvidia-cuda-mps",
	  .mend = "nothing to mend; start its control daemon bound to the GPU's node",
	  .cost = "Launch latency of another node, where the server runs there.",
	  .source = "proc/*/comm",
	  .authority = "NVIDIA Multi-Process Service guide",
	  .look = look_mps },
	{ .id = "gpu.nvlink",
	  .title = "NVLinks are up",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "as many up as on equal GPUs; with NVSwitches all of them",
	  .about = "Where NVLinks are down, peer copies go over PCIe and through the CPUs, at a "
		   "tenth of "
		   "the rate, and take the bandwidth that feeds the GPUs.",
	  .see = "nvidia-smi nvlink --status; systemctl status nvidia-fabricmanager",
	  .mend = "sudo systemctl enable --now nvidia-fabricmanager (its version must be the "
		  "driver's); "
		  "if single links stay down, check bridges and sudo dmesg | grep -i nvlink",
	  .cost = "Peer copies at PCIe's rate.",
	  .source = "nvmlDeviceGetNvLinkState, sys/bus/pci/devices/*/class",
	  .authority = "NVIDIA Fabric Manager User Guide",
	  .look = look_nvlink },
	{ .id = NULL },
};
