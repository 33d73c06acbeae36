/* gpu.c - which GPUs there are, whether they can be used, and where they say they are. */
#include <stdio.h>
#include <string.h>

#include "families.h"

/* ---- present ---- */

/* What a GPU's state comes to, and what mends it where the row does not say. */
static const struct state {
	enum check_status status;
	const char *observed;
	struct step mend[2], verify;
} states[] = {
	[GPU_USABLE] = { .status = CHECK_PASS, .observed = "CUDA runs on it" },
	[GPU_HIDDEN] = { .status = CHECK_SKIP,
			 .observed = "hidden from this process, so not judged" },
	[GPU_LOST] = { .status = CHECK_FAIL, .observed = "CUDA cannot use it" },
	[GPU_NO_DRIVER] = { .status = CHECK_WARN,
			    .observed = "the nvidia driver does not hold it",
			    .mend = { { "install NVIDIA's driver, then load it",
					"sudo modprobe nvidia" },
				      { "if nouveau holds the GPU: blacklist that (Debian, "
					"Ubuntu), and "
					"reboot",
					"echo blacklist nouveau | sudo tee "
					"/etc/modprobe.d/nouveau.conf && "
					"sudo update-initramfs -u" } },
			    .verify = { "nvidia is the kernel driver in use",
					"lspci -ks {address}" } },
	[GPU_VFIO] = { .status = CHECK_PASS,
		       .observed = "handed to a virtual machine, as intended" },
	[GPU_UNPROBED] = { .status = CHECK_SKIP, .observed = "CUDA was not asked" },
	[GPU_NO_CUDA] = { .status = CHECK_WARN,
			  .observed = "CUDA was not asked: this build has none",
			  .mend = { { "build numabench where there is a toolkit",
				      "make CUDA_HOME=/usr/local/cuda" } },
			  .verify = { "it names a CUDA version", "numabench --version" } },
};

static void look_present(struct checking *c)
{
	const struct machine *m = c->l->m;

	if (!m->ngpus)
		found(c, CHECK_SKIP, "GPUs", "no NVIDIA GPU here");
	for (size_t i = 0; i < m->ngpus; i++) {
		const struct gpu *g = &m->gpus[i];
		const struct state *state = &states[g->state];
		bool more = g->state_why[0] && g->state != GPU_NO_CUDA && g->state != GPU_UNPROBED;

		if (c->l->chosen && !idset_has(&c->l->gpus, g->index)) {
			found(c, CHECK_SKIP, gpu_name(c, g), "not asked for (--gpus)");
			continue;
		}
		for (size_t j = 0; j < 2 && state->mend[j].run; j++)
			mend(c, state->mend[j].say, state->mend[j].run);
		if (state->verify.run)
			verify(c, &state->verify);
		found(c, state->status, gpu_name(c, g), "%s%s%.110s", state->observed,
		      more ? ": " : "", more ? g->state_why : "");
	}
}

/* ---- driver ---- */

/* The first driver of each major version of CUDA (CUDA Toolkit Release Notes, table "CUDA
 * Toolkit and Minimum Required Driver Version"). */
static int driver_release(int cuda_major)
{
	static const int releases[] = { [11] = 450, [12] = 525, [13] = 580 };

	return cuda_major > 0 && (size_t)cuda_major < sizeof releases / sizeof *releases
		       ? releases[cuda_major]
		       : 0;
}

static void look_driver(struct checking *c)
{
	const struct driver_facts *d = c->l->driver;
	int needed = d->cuda_runtime / 1000;
	char versions[80], release[32] = "";

	if (!d->asked) {
		found(c, CHECK_SKIP, "driver", "CUDA was not asked");
		return;
	}
	if (!d->cuda_runtime || !d->cuda_driver) {
		found(c, CHECK_SKIP, "driver", "%s",
		      d->cuda_runtime ? "no NVIDIA driver here"
				      : "numabench was built without CUDA");
		return;
	}
	snprintf(versions, sizeof versions,
		 "driver for CUDA %d.%d, numabench built with CUDA %d.%d", d->cuda_driver / 1000,
		 d->cuda_driver % 1000 / 10, needed, d->cuda_runtime % 1000 / 10);
	if (driver_release(needed))
		snprintf(release, sizeof release, " (R%d)", driver_release(needed));
	expect(c,
	       "a driver for CUDA %d%s or newer: within a major version any driver "
	       "will do",
	       needed, release);
	value(c, "major", "%d", needed);
	found(c, d->cuda_driver / 1000 < needed ? CHECK_FAIL : CHECK_PASS, "driver", "%s",
	      versions);
}

/* ---- declared node ---- */

struct declaration {
	const char *who;
	struct known node;
};

static const struct recommendation *recommendation_of(const struct look *l, int gpu)
{
	for (size_t i = 0; l->res && i < l->res->nrecommendations; i++)
		if (l->res->recommendations[i].gpu == gpu)
			return &l->res->recommendations[i];
	return NULL;
}

/* What the measured matrix says against the declaration; false where it agrees. */
static bool measured_elsewhere(struct checking *c, const struct gpu *g)
{
	const struct recommendation *r = recommendation_of(c->l, g->index);

	if (!r || !r->measured || r->agreement != DISAGREES)
		return false;
	expect(c, "the declared node is the one that feeds it best");
	value(c, "wrong", "not the one that feeds it best");
	value(c, "best", "%d", r->node);
	mend(c,
	     "now: bind by the measured node, as numabench bind --from RESULT "
	     "does; here a shell and what it starts",
	     "numactl --cpunodebind={best} --membind={best} bash");
	mend(c,
	     "for good: firmware that declares node {best} (_PXM), or on the "
	     "host of a virtual machine <node> of its pcie-expander-bus",
	     NULL);
	found(c, CHECK_WARN, gpu_name(c, g),
	      "node %d feeds it best as measured, %.3g times as fast; node %lld "
	      "is declared",
	      r->node, r->advantage, gpu_declared_node(c->l->m, g).value);
	return true;
}

static void judge_declared(struct checking *c, const struct gpu *g)
{
	const struct machine *m = c->l->m;
	const struct declaration say[] = { { "sysfs", g->node_sysfs },
					   { "NVML", g->node_nvml },
					   { "CUDA", g->node_cuda } };
	const struct declaration *first = NULL;
	bool differ = false, absent = false;
	char text[120] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof say / sizeof *say; i++) {
		if (!say[i].node.is)
			continue;
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s node %lld",
					 used ? ", " : "", say[i].who, say[i].node.value);
		differ |= first && first->node.value != say[i].node.value;
		absent |= !machine_node(m, (int)say[i].node.value);
		first = first ? first : &say[i];
	}
	value(c, "wrong", "%s",
	      !first   ? "not declared"
	      : differ ? "declared in different ways"
		       : "none that this machine has");
	if (!first && m->nnodes > 1)
		found(c, CHECK_FAIL, gpu_name(c, g), "no node is known: %.100s", g->node_sysfs.why);
	else if (!first)
		found(c, CHECK_PASS, gpu_name(c, g),
		      "there is one node, so it needs no declaration");
	else if (differ)
		found(c, CHECK_FAIL, gpu_name(c, g), "they disagree: %s", text);
	else if (absent)
		found(c, CHECK_FAIL, gpu_name(c, g), "%s: this machine has no such node", text);
	else if (!measured_elsewhere(c, g))
		found(c, CHECK_PASS, gpu_name(c, g), "%s", text);
}

static void look_declared(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));)
		judge_declared(c, g);
}

/* ---- memory and render nodes ---- */

static void look_memory_node(struct checking *c)
{
	size_t n = 0;

	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		if (!g->own_memory_node.is)
			continue;
		n++;
		found(c, CHECK_PASS, gpu_name(c, g), "its memory is NUMA node %lld",
		      g->own_memory_node.value);
	}
	if (!n)
		found(c, CHECK_SKIP, "GPUs", "no GPU's memory is a NUMA node here");
}

static void look_render_node(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		const struct node *home = gpu_home(c->l, g);

		if (!g->render_node[0])
			found(c, CHECK_SKIP, gpu_name(c, g), "it has no render node");
		else if (home)
			found(c, CHECK_PASS, gpu_name(c, g), "/dev/dri/%s, node %d", g->render_node,
			      home->id);
		else
			found(c, CHECK_PASS, gpu_name(c, g), "/dev/dri/%s, no node declared",
			      g->render_node);
	}
}

/* ---- equal GPUs ---- */

enum { TRAITS = 6, TRAIT_ROOM = 48 };
static const char *const trait_names[TRAITS] = { "link ability",  "memory",
						 "VBIOS",         "BAR1",
						 "highest clock", "default power limit" };

static void known_trait(char text[TRAIT_ROOM], const struct known *k, double unit, const char *name)
{
	if (k->is)
		snprintf(text, TRAIT_ROOM, "%.6g %s", (double)k->value / unit, name);
}

/* What GPUs of one name should have in common; empty where it is not known. */
static void traits_of(char text[TRAITS][TRAIT_ROOM], const struct look *l, const struct gpu *g)
{
	const struct nvml_facts *f = driver_gpu(l->driver, g->pci);

	memset(text, 0, TRAITS * TRAIT_ROOM);
	if (g->max_gen.is && g->max_width.is)
		snprintf(text[0], TRAIT_ROOM, "Gen%lld x%lld", g->max_gen.value,
			 g->max_width.value);
	known_trait(text[1], &g->memory_bytes, 0x1p30, "GiB");
	if (!f)
		return;
	snprintf(text[2], TRAIT_ROOM, "%s", f->vbios);
	known_trait(text[3], &f->bar1_bytes, 0x1p30, "GiB");
	known_trait(text[4], &f->clock_most_mhz, 1, "MHz");
	known_trait(text[5], &f->power_default_mw, 1000, "W");
}

/* The one that most of the GPUs of g's name share in place t, and one that has it. */
static const struct gpu *usual_trait(const struct look *l, const struct gpu *g, size_t t,
				     char usual[TRAIT_ROOM])
{
	char mine[TRAITS][TRAIT_ROOM], other[TRAITS][TRAIT_ROOM];
	const struct gpu *best = g;
	size_t most = 0;

	usual[0] = '\0';
	for (const struct gpu *a = NULL; (a = next_gpu(l, a));) {
		size_t n = 0;

		traits_of(mine, l, a);
		if (strcmp(a->name, g->name) != 0 || !mine[t][0])
			continue;
		for (const struct gpu *b = NULL; (b = next_gpu(l, b));) {
			traits_of(other, l, b);
			n += strcmp(b->name, g->name) == 0 && strcmp(mine[t], other[t]) == 0;
		}
		if (n > most) {
			most = n;
			best = a;
			memcpy(usual, mine[t], TRAIT_ROOM);
		}
	}
	return best;
}

static bool is_alone(const struct look *l, const struct gpu *g)
{
	for (const struct gpu *o = NULL; (o = next_gpu(l, o));)
		if (o != g && strcmp(o->name, g->name) == 0)
			return false;
	return true;
}

static void look_equal(struct checking *c)
{
	char mine[TRAITS][TRAIT_ROOM], usual[TRAIT_ROOM];

	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		bool same = true;

		if (!g->name[0] || is_alone(c->l, g)) {
			found(c, CHECK_SKIP, gpu_name(c, g),
			      g->name[0] ? "no other GPU has its name" : "its name is not known");
			continue;
		}
		traits_of(mine, c->l, g);
		for (size_t t = 0; t < TRAITS; t++) {
			const struct gpu *like = usual_trait(c->l, g, t, usual);

			if (!mine[t][0] || strcmp(mine[t], usual) == 0)
				continue;
			same = false;
			expect(c, "as GPU %d and most others of its name: %s", like->index, usual);
			value(c, "trait", "%s", trait_names[t]);
			found(c, CHECK_WARN, gpu_name(c, g), "%s: %s", trait_names[t], mine[t]);
		}
		if (same)
			found(c, CHECK_PASS, gpu_name(c, g), "as the others of its name");
	}
}

/* ---- idle ---- */

static void look_idle(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));)
		found(c, g->busy || g->desktop[0] ? CHECK_WARN : CHECK_PASS, gpu_name(c, g), "%s",
		      g->busy         ? g->busy_why
		      : g->desktop[0] ? g->desktop
				      : "nobody else uses it");
}

const struct check gpu_checks[] = {
	{ .id = "gpu.present",
	  .title = "Every GPU on the bus can be used",
	  .fault = "A GPU on the bus cannot be used",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .good = "usable through CUDA where the nvidia driver holds it; vfio-pci "
		  "means that it was given to a virtual machine",
	  .about = "A GPU that fell off the bus, or that no driver took, does no work, "
		   "and jobs that count on it fail late and with an unclear message.",
	  .harm = HARM_FAILURE,
	  .cost = "the whole GPU",
	  .see = { { "which driver holds it", "lspci -ks {address}" }, { NULL, "nvidia-smi -L" } },
	  .mend = { { "read what the driver says of it",
		      "sudo dmesg | grep -E 'NVRM|Xid' | tail -n 20" },
		    { "end what uses GPUs, then reset it",
		      "sudo nvidia-smi --gpu-reset -i {address}" },
		    { "if that is refused: reboot; if it comes back after that: replace "
		      "the GPU",
		      NULL } },
	  .lasts = "until the fault shows again: the messages tell (Xid 79 is a GPU "
		   "that fell off the bus)",
	  .verify = { "it lists the GPU", "nvidia-smi -i {address}" },
	  .source = "sys/bus/pci/devices/*/{vendor,class,driver}, cudaGetDeviceCount",
	  .authority = "NVIDIA driver README, chapter Common Problems; NVIDIA XID Errors "
		       "guide",
	  .look = look_present },
	{ .id = "gpu.driver",
	  .title = "The driver is new enough for CUDA",
	  .fault = "The driver is too old for CUDA {major}",
	  .tells = MAY_PASS | MAY_FAIL | MAY_SKIP,
	  .good = "the driver supports the major version of CUDA that programs are "
		  "built with",
	  .about = "A CUDA program does not start on a driver older than its major "
		   "version; the message (\"driver version is insufficient\") is "
		   "easily taken for a missing GPU.",
	  .harm = HARM_FAILURE,
	  .cost = "no CUDA program of that version runs",
	  .see = { { "\"CUDA Version\" is what the driver supports", "nvidia-smi | head -n 4" } },
	  .mend = { { "install a driver for CUDA {major} or newer and reload it: "
		      "R525 is for CUDA 12, R580 for CUDA 13; then",
		      "sudo reboot" },
		    { "or use a build of numabench, and of the jobs, with an older CUDA", NULL } },
	  .lasts = "for good",
	  .verify = { "the CUDA version is {major} or newer", "nvidia-smi | head -n 4" },
	  .source = "cudaDriverGetVersion, cudaRuntimeGetVersion",
	  .authority = "CUDA Toolkit Release Notes, table of minimum driver versions",
	  .look = look_driver },
	{ .id = "gpu.declared-node",
	  .title = "The GPU's NUMA node is declared, and everybody says the same",
	  .fault = "The GPU's NUMA node is {wrong}",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .needs = NEEDS_GPU,
	  .good = "one node, declared by sysfs, and NVML and CUDA (where they tell) "
		  "agree",
	  .about = "Every tool that binds a process near its GPU goes by this "
		   "declaration. Where it is missing (-1) or wrong, processes land on "
		   "the wrong socket, and nothing says so.",
	  .harm = HARM_FACTOR,
	  .cost = "jobs land on the wrong socket: on two, nothing to 3 times slower "
		  "by machine and kind of copy",
	  .measured = COST_NODE,
	  .see = { { NULL, "cat /sys/bus/pci/devices/{address}/numa_node" },
		   { NULL, "nvidia-smi topo -m" } },
	  .mend = { { "now: measure which node feeds it best, and bind by that (numabench "
		      "bind --from RESULT)",
		      "numabench --all" },
		    { "bare metal: update the BIOS, or ask its maker for _PXM of that "
		      "root port",
		      NULL },
		    { "virtual machine: on its host put the GPU behind a "
		      "pcie-expander-bus with <node>",
		      NULL } },
	  .lasts = "bound by measurement: as long as jobs are started so",
	  .verify = { "the node that was measured to be best",
		      "cat /sys/bus/pci/devices/{address}/numa_node" },
	  .source = "sys/bus/pci/devices/*/numa_node, nvmlDeviceGetMemoryAffinity, "
		    "cudaDevAttrHostNumaId",
	  .authority = "ACPI 6.5, 6.2.15 _PXM; kernel "
		       "Documentation/ABI/testing/sysfs-bus-pci, numa_node",
	  .look = look_declared },
	{ .id = "gpu.memory-node",
	  .title = "GPU memory that is a NUMA node",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_GPU,
	  .good = "recorded: it is not host memory, and never a place for host "
		  "buffers",
	  .about = "On Grace and POWER9 the kernel counts GPU memory as a NUMA node "
		   "without CPUs. An unbound process may get its pages there by "
		   "accident.",
	  .cost = "host buffers on it take GPU memory away from GPU work",
	  .see = { { "nodes without CPUs", "numactl --hardware" },
		   { NULL, "nvidia-smi -q | grep -i 'addressing mode'" } },
	  .source = "proc/driver/nvidia/gpus/*/numa_status, cudaDevAttrNumaId",
	  .authority = "NVIDIA Grace Performance Tuning Guide, chapter on NUMA",
	  .look = look_memory_node },
	{ .id = "gpu.render-node",
	  .title = "Render node of each GPU",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_GPU,
	  .good = "recorded: minor numbers need not follow the order of the GPUs",
	  .about = "Who hands /dev/dri/renderD* to a container or a virtual machine "
		   "picks a GPU by a number that says nothing about which GPU, and "
		   "which node, it is.",
	  .cost = "the wrong GPU, or one on the wrong node",
	  .see = { { NULL, "numabench check --render-nodes" }, { NULL, "ls -l /dev/dri/by-path" } },
	  .source = "sys/class/drm/renderD*/device",
	  .authority = "kernel Documentation/gpu/drm-uapi.rst, Render nodes",
	  .look = look_render_node },
	{ .id = "gpu.equal",
	  .title = "Equal GPUs are equal",
	  .fault = "A GPU differs from others of its name: {trait}",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU,
	  .good = "GPUs of one name have the same link ability, memory, VBIOS, BAR1, "
		  "clocks and power limit",
	  .about = "Work that is split evenly over GPUs goes at the pace of the "
		   "slowest; one with another firmware, or in a narrower slot, holds "
		   "all others back.",
	  .harm = HARM_PERCENT,
	  .cost = "work that is split evenly goes at the pace of the slowest",
	  .measured = COST_LINK,
	  .see = { { NULL, "nvidia-smi "
			   "--query-gpu=index,name,vbios_version,pcie.link.width.max,memory.total "
			   "--format=csv" } },
	  .mend = { { "bring the odd one in line: the same VBIOS (from the server's "
		      "maker), the same slot width, the same BIOS setting for BAR size",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "all rows of one name are alike",
		      "nvidia-smi "
		      "--query-gpu=index,name,vbios_version,pcie.link.width.max,memory.total "
		      "--format=csv" },
	  .source = "sysfs max_link_*, NVML: memory, VBIOS, BAR1, clocks, power limit",
	  .authority = "NVML API Reference, Device Queries",
	  .look = look_equal },
	{ .id = "gpu.idle",
	  .title = "Nobody else uses the GPU",
	  .fault = "Somebody else uses the GPU",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "no other process on it",
	  .about = "Another process takes bandwidth of the link, time of the GPU and "
		   "clocks; figures then say nothing about the machine. One that only "
		   "draws, such as a display server with an idle desktop, hardly does: "
		   "the GPU is measured all the same.",
	  .harm = HARM_FACTOR,
	  .cost = "whatever the other takes; figures are not the machine's",
	  .see = { { NULL, "nvidia-smi -i {gpu}" }, { NULL, "sudo fuser -v /dev/nvidia*" } },
	  .mend = { { "see whose it is, and wait for it or end it", "nvidia-smi -i {gpu}" },
		    { "to measure all the same", "numabench --all --busy" } },
	  .lasts = "until the next one comes: have the scheduler give the GPU to "
		   "nobody else meanwhile",
	  .verify = { "no process is listed", "nvidia-smi -i {gpu}" },
	  .source = "nvmlDeviceGet{Compute,Graphics}RunningProcesses, "
		    "nvmlDeviceGetMemoryInfo, nvmlDeviceGetUtilizationRates",
	  .authority = "NVML API Reference, nvmlDeviceGetComputeRunningProcesses",
	  .look = look_idle },
	{ .id = NULL },
};
