/* memory.c - host memory: how much, where, and in which state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"
#include "machine/dimms.h"

#define EACH_NODE(c, n)                                                                            \
	for (const struct node *n = (c)->l->m->nodes; n < (c)->l->m->nodes + (c)->l->m->nnodes; n++)

static const char *node_name(char buf[32], const struct node *n)
{
	snprintf(buf, 32, "node %d", n->id);
	return buf;
}

/* ---- what nodes there are ---- */

static void look_nodes(struct checking *c)
{
	char name[32];

	EACH_NODE(c, n)
	{
		const struct node *driver = machine_driver(c->l->m, n->id);
		const struct node *memory = machine_memory_for(c->l->m, n->id);

		if (n->kind == NODE_CPULESS && driver)
			found(c, CHECK_PASS, node_name(name, n),
			      "it has no CPUs; those of node %d are the nearest", driver->id);
		else if (n->kind == NODE_MEMORYLESS && memory && memory->kind == NODE_CPULESS)
			found(c, CHECK_PASS, node_name(name, n),
			      "its memory is a node of its own, %d, which has no CPUs", memory->id);
		else if (n->kind == NODE_MEMORYLESS)
			found(c, CHECK_WARN, node_name(name, n), "it has CPUs and no memory");
		else
			found(c, CHECK_PASS, node_name(name, n), "it has %s",
			      n->kind == NODE_CPULESS ? "memory and no CPUs" : "CPUs and memory");
	}
}

/* ---- equal nodes ---- */

/* Firmware and kernel take a little of one node: so much may it differ. */
static bool much_less(const struct known *a, const struct known *b)
{
	return a->is && b->is && a->value < b->value - b->value / 8;
}

static void look_sizes(struct checking *c)
{
	const struct node *largest = NULL;
	char name[32], size[32], most[32];

	EACH_NODE(c, n)
	if (n->kind == NODE_ORDINARY && n->memory_bytes.is &&
	    (!largest || n->memory_bytes.value > largest->memory_bytes.value))
		largest = n;
	if (!largest) {
		found(c, CHECK_SKIP, "nodes", "the memory of the nodes is not known");
		return;
	}
	snprintf(most, sizeof most, "%.4g GiB", (double)largest->memory_bytes.value / 0x1p30);
	EACH_NODE(c, n)
	{
		bool less = much_less(&n->memory_bytes, &largest->memory_bytes);

		if (n->kind != NODE_ORDINARY || !n->memory_bytes.is)
			continue;
		snprintf(size, sizeof size, "%.4g GiB", (double)n->memory_bytes.value / 0x1p30);
		expect(c, "about %s, as node %d has", most, largest->id);
		found(c, less ? CHECK_WARN : CHECK_PASS, node_name(name, n), "%s", size);
	}
}

static void look_channels(struct checking *c)
{
	const struct dimm_group *most;
	struct dimms d;

	dimms_read(&d, c->l->root);
	if (!d.n)
		found(c, CHECK_SKIP, "channels", "%s", d.why);
	most = d.group;
	for (size_t i = 1; i < d.n; i++)
		if (d.group[i].channels > most->channels)
			most = &d.group[i];
	for (size_t i = 0; i < d.n; i++) {
		expect(c, "%zu channels with a module, as %s has", most->channels, most->name);
		found(c, d.group[i].channels < most->channels ? CHECK_WARN : CHECK_PASS,
		      d.group[i].name, "%zu channels with a module, %zu modules",
		      d.group[i].channels, d.group[i].modules);
	}
	if (!d.slowest.is) {
		if (strstr(d.slowest.why, "root"))
			needs_root(c);
		found(c, CHECK_SKIP, "speed of modules", "%s", d.slowest.why);
		return;
	}
	expect(c, "one speed for all of them");
	if (d.slowest.value == d.fastest.value)
		found(c, CHECK_PASS, "speed of modules", "%lld MT/s", d.slowest.value);
	else
		found(c, CHECK_WARN, "speed of modules", "from %lld to %lld MT/s", d.slowest.value,
		      d.fastest.value);
}

/* ---- distances ---- */

/* ACPI's distance of a node to itself; every other is larger. */
enum { LOCAL_DISTANCE = 10 };

static void look_distances(struct checking *c)
{
	const struct machine *m = c->l->m;
	size_t wrong = 0;

	if (!m->distances) {
		found(c, CHECK_SKIP, "distances", "the kernel gives none");
		return;
	}
	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t j = 0; j <= i; j++) {
			int there = m->distances[i * m->nnodes + j];
			int back = m->distances[j * m->nnodes + i];
			char pair[48];

			snprintf(pair, sizeof pair, "nodes %d and %d", m->nodes[j].id,
				 m->nodes[i].id);
			if (i == j && there != LOCAL_DISTANCE) {
				expect(c, "%d from a node to itself", LOCAL_DISTANCE);
				found(c, CHECK_WARN, pair, "%d", there);
			} else if (there != back) {
				found(c, CHECK_WARN, pair, "%d one way, %d the other", back, there);
			} else if (i != j && there <= LOCAL_DISTANCE) {
				expect(c, "more than %d between two nodes", LOCAL_DISTANCE);
				found(c, CHECK_WARN, pair, "%d", there);
			} else {
				continue;
			}
			wrong++;
		}
	if (!wrong)
		found(c, CHECK_PASS, "distances", "symmetric, %zu x %zu", m->nnodes, m->nnodes);
}

/* ---- room for the buffers ---- */

static void look_free(struct checking *c)
{
	uint64_t need = largest_buffers(c->l->res, -1);
	char name[32];

	EACH_NODE(c, n)
	{
		if (!n->allowed || n->kind == NODE_MEMORYLESS)
			continue;
		if (!need || !n->giveable_bytes.is) {
			found(c, CHECK_SKIP, node_name(name, n), "%s",
			      need ? n->giveable_bytes.why : "the result has no buffers");
			continue;
		}
		/* What it has held already it can hold. */
		bool short_of = (uint64_t)n->giveable_bytes.value < need &&
				largest_buffers(c->l->res, n->id) < need;

		expect(c, "%.4g GiB or more, the largest buffers of the run",
		       (double)need / 0x1p30);
		found(c, short_of ? CHECK_FAIL : CHECK_PASS, node_name(name, n),
		      "%.4g GiB could be had", (double)n->giveable_bytes.value / 0x1p30);
	}
}

/* ---- huge pages ---- */

static long long huge_bytes(const struct look *l, const struct node *n)
{
	static const int kinds[] = { 2048, 1048576 }; /* KiB */
	long long bytes = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct known k = sysroot_number(
			l->root,
			"sys/devices/system/node/node%d/hugepages/hugepages-%dkB/nr_hugepages",
			n->id, kinds[i]);

		bytes += k.is ? k.value * kinds[i] * 1024 : 0;
	}
	return bytes;
}

static void look_huge_pages(struct checking *c)
{
	char name[32];
	bool some = false;

	EACH_NODE(c, n) some |= huge_bytes(c->l, n) > 0;
	if (!some) {
		found(c, CHECK_PASS, "huge pages", "none are reserved");
		return;
	}
	EACH_NODE(c, n)
	{
		long long bytes = huge_bytes(c->l, n);

		if (n->kind == NODE_MEMORYLESS)
			continue;
		mend(c,
		     "echo N | sudo tee /sys/devices/system/node/node%d/hugepages/"
		     "hugepages-2048kB/nr_hugepages",
		     n->id);
		found(c, bytes ? CHECK_PASS : CHECK_WARN, node_name(name, n), "%.4g GiB reserved",
		      (double)bytes / 0x1p30);
	}
}

/* ---- swap, and locked memory ---- */

static long long kib(const char *text, const char *key)
{
	char value[64];

	return text_field(text, key, value, sizeof value) ? strtoll(value, NULL, 10) : -1;
}

/* So little, KiB, is left over from start-up and stays there. */
enum { SWAP_LITTLE = 64 << 10 };

static void look_swap(struct checking *c)
{
	char text[16384];
	long long total, left;

	sysroot_text(c->l->root, text, sizeof text, "proc/meminfo");
	total = kib(text, "SwapTotal");
	left = kib(text, "SwapFree");
	if (total < 0 || left < 0)
		found(c, CHECK_SKIP, "swap", "the kernel does not tell");
	else if (total - left > SWAP_LITTLE)
		found(c, CHECK_WARN, "swap", "%.3g of %.3g GiB in use",
		      (double)(total - left) / 0x1p20, (double)total / 0x1p20);
	else
		found(c, CHECK_PASS, "swap", total ? "as good as none in use" : "there is none");
}

/* CAP_IPC_LOCK (capabilities(7)) exempts from the limit. */
static bool may_lock_all(const struct look *l)
{
	enum { IPC_LOCK = 14 };
	char text[16384], value[64];

	return sysroot_text(l->root, text, sizeof text, "proc/self/status") > 0 &&
	       text_field(text, "CapEff", value, sizeof value) &&
	       (strtoull(value, NULL, 16) >> IPC_LOCK & 1);
}

/* What systemd gives every service: less was set by somebody. */
enum { USUAL_LOCK = 8 << 20 };

static void look_memlock(struct checking *c)
{
	char text[8192], *line;
	unsigned long long bytes;
	bool exempt = may_lock_all(c->l);

	sysroot_text(c->l->root, text, sizeof text, "proc/self/limits");
	line = strstr(text, "Max locked memory");
	if (!line) {
		found(c, CHECK_SKIP, "this process", "its limits cannot be read");
	} else if (sscanf(line, "Max locked memory %llu", &bytes) != 1) {
		found(c, CHECK_PASS, "this process", "unlimited");
	} else if (exempt && bytes >= USUAL_LOCK) {
		found(c, CHECK_PASS, "this process", "%llu KiB, but it is exempt (CAP_IPC_LOCK)",
		      bytes >> 10);
	} else {
		found(c, CHECK_WARN, "this process", "%llu KiB%s", bytes >> 10,
		      exempt ? " (it is exempt, having CAP_IPC_LOCK; other users' are not)" : "");
	}
}

const struct check memory_checks[] = {
	{ .id = "memory.nodes",
	  .title = "Every node has memory",
	  .tells = MAY_PASS | MAY_WARN,
	  .good = "memory on every node that has CPUs; a node without CPUs (CXL, Grace) is fine",
	  .about = "Threads on a node without memory have all of theirs on another one, however "
		   "well they "
		   "are bound.",
	  .see = "numactl --hardware",
	  .mend = "put memory modules into that socket, or mend those that are there: sudo "
		  "dmidecode -t "
		  "memory lists them",
	  .cost = "All memory of its cores is remote.",
	  .measured = COST_MEMORY,
	  .source = "sys/devices/system/node/{has_cpu,has_memory}, node*/{cpulist,meminfo}",
	  .authority = "kernel Documentation/mm/numa.rst, memoryless nodes",
	  .look = look_nodes },
	{ .id = "memory.sizes",
	  .title = "Nodes have equal memory",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_NODES,
	  .good = "equal within an eighth",
	  .about = "Where one node has less, jobs bound to it run out of memory, or spill to the "
		   "other "
		   "node, while those on the other do not.",
	  .see = "numactl --hardware (size)",
	  .mend = "plug in as much memory at every socket; a module may have failed or been mapped "
		  "out: "
		  "sudo dmidecode -t memory, sudo ras-mc-ctl --error-count",
	  .cost = "Jobs that fit on one node and not on the other.",
	  .measured = COST_MEMORY,
	  .source = "sys/devices/system/node/node*/meminfo",
	  .authority = "the server maker's memory population rules",
	  .look = look_sizes },
	{ .id = "memory.channels",
	  .title = "Memory channels are filled alike, at one speed",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "as many channels with a module everywhere",
	  .about = "Memory bandwidth is in proportion to the channels that hold a module. A node "
		   "with "
		   "fewer feeds its GPUs more slowly, and one slow module slows all down.",
	  .see = "sudo dmidecode -t memory | grep -E 'Locator|Size|Configured'; grep . "
		 "/sys/devices/system/edac/mc/mc*/dimm*/dimm_location",
	  .mend = "fill the same channels at every socket with equal modules, as the server's "
		  "manual "
		  "says; for counts and speed see sudo dmidecode -t memory",
	  .cost = "In proportion to the channels: 4 of 8 is half the bandwidth.",
	  .measured = COST_MEMORY,
	  .source = "sys/devices/system/edac/mc, sys/firmware/dmi/entries/17-*/raw",
	  .authority = "kernel Documentation/admin-guide/ras.rst; DMTF DSP0134, 7.18 Memory Device",
	  .look = look_channels },
	{ .id = "memory.distances",
	  .title = "The firmware's node distances make sense",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_NODES,
	  .good = "10 to itself, more to others, the same both ways",
	  .about = "The kernel chooses where memory comes from, and where balancing moves it, by "
		   "these "
		   "numbers; so do MPI launchers and schedulers.",
	  .see = "numactl --hardware (node distances); cat /sys/devices/system/node/node*/distance",
	  .mend = "update the BIOS (its ACPI SLIT table is wrong), or in a virtual machine correct "
		  "the "
		  "<distances> of its NUMA cells",
	  .cost = "Memory from the farther node.",
	  .source = "sys/devices/system/node/node*/distance",
	  .authority = "ACPI 6.5, 5.2.17 System Locality Information Table",
	  .look = look_distances },
	{ .id = "memory.free",
	  .title = "Every node has room for the buffers",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .needs = NEEDS_RUN,
	  .good = "more than the largest buffers of the run",
	  .about = "A buffer that is bound to a full node does not spill to another: the kernel's "
		   "OOM "
		   "killer ends the process.",
	  .see = "numastat -m | grep -E 'MemFree|FilePages|Inactive.file'",
	  .mend = "drop the page cache (sync; echo 1 | sudo tee /proc/sys/vm/drop_caches) and end "
		  "what "
		  "holds memory there: numastat -p PID; look for hugepages reserved there",
	  .cost = "Jobs that are killed.",
	  .source = "the result: giveable_bytes of each node, placement of its records",
	  .authority = "kernel Documentation/admin-guide/mm/numa_memory_policy.rst, MPOL_BIND",
	  .look = look_free },
	{ .id = "memory.huge-pages",
	  .title = "Huge pages are reserved on every node, or on none",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "on every node that has memory, or none at all",
	  .about = "Who asks for huge pages (DPDK, databases, virtual machines) and is bound to a "
		   "node that "
		   "has none reserved fails, or gets those of another node.",
	  .see = "grep . /sys/devices/system/node/node*/hugepages/*/nr_hugepages",
	  .mend = "echo N | sudo tee "
		  "/sys/devices/system/node/nodeK/hugepages/hugepages-2048kB/nr_hugepages",
	  .cost = "Remote memory, or jobs that do not start.",
	  .measured = COST_MEMORY,
	  .source = "sys/devices/system/node/node*/hugepages/*/nr_hugepages",
	  .authority = "kernel Documentation/admin-guide/mm/hugetlbpage.rst",
	  .look = look_huge_pages },
	{ .id = "memory.swap",
	  .title = "No swap is in use",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "as good as none in use (64 MiB)",
	  .about = "Memory that was swapped out comes back page by page from a disk, in the middle "
		   "of work, "
		   "and it shows that memory was short.",
	  .see = "swapon --show; grep VmSwap /proc/[0-9]*/status | sort -k2n | tail",
	  .mend = "end what does not fit, then bring the rest back: sudo swapoff -a && sudo swapon "
		  "-a; on "
		  "a GPU server leave swap off",
	  .cost = "Pauses of milliseconds to seconds.",
	  .source = "proc/meminfo: SwapTotal, SwapFree",
	  .authority = "kernel Documentation/admin-guide/sysctl/vm.rst",
	  .look = look_swap },
	{ .id = "memory.memlock",
	  .title = "Memory may be locked",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "unlimited, where large buffers are locked (RDMA, io_uring, mlock)",
	  .about = "RDMA (NCCL over InfiniBand), io_uring and some data loaders lock the buffers "
		   "that feed "
		   "the GPU. With a small limit they fail, or fall back to slower ways without a "
		   "word.",
	  .see = "ulimit -l (KiB)",
	  .mend = "shell: ulimit -l unlimited after \"* - memlock unlimited\" in "
		  "/etc/security/limits.conf; "
		  "container: --ulimit memlock=-1; systemd service: LimitMEMLOCK=infinity",
	  .cost = "Jobs that fail with ENOMEM, or go by TCP instead of RDMA.",
	  .source = "proc/self/limits: Max locked memory",
	  .authority = "getrlimit(2), RLIMIT_MEMLOCK; NCCL User Guide, Troubleshooting",
	  .look = look_memlock },
	{ .id = NULL },
};
