/* memory.c - host memory: how much, where, and in which state. */
#include <stdio.h>
#include <string.h>

#include "families.h"
#include "machine/dimms.h"

/* ---- what nodes there are ---- */

static void look_nodes(struct checking *c)
{

	EACH_NODE(c, n)
	{
		const struct node *driver = machine_driver(c->l->m, n->id);
		const struct node *memory = machine_memory_for(c->l->m, n->id);

		if (n->kind == NODE_CPULESS && driver)
			found(c, CHECK_PASS, node_name(c, n),
			      "it has no CPUs; those of node %d are the nearest", driver->id);
		else if (n->kind == NODE_MEMORYLESS && memory && memory->kind == NODE_CPULESS)
			found(c, CHECK_PASS, node_name(c, n),
			      "its memory is a node of its own, %d, which has no CPUs", memory->id);
		else if (n->kind == NODE_MEMORYLESS)
			found(c, CHECK_WARN, node_name(c, n), "it has CPUs and no memory");
		else
			found(c, CHECK_PASS, node_name(c, n), "it has %s",
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
	char size[32], most[32];

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
		found(c, less ? CHECK_WARN : CHECK_PASS, node_name(c, n), "%s", size);
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
		value(c, "uneven", "Memory channels are not filled alike");
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
	value(c, "uneven", "Memory modules run at different speeds");
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

	EACH_NODE(c, n)
	{
		if (!n->allowed || n->kind == NODE_MEMORYLESS)
			continue;
		if (!need || !n->giveable_bytes.is) {
			found(c, CHECK_SKIP, node_name(c, n), "%s",
			      need ? n->giveable_bytes.why : "the result has no buffers");
			continue;
		}
		/* What it has held already it can hold. */
		bool short_of = (uint64_t)n->giveable_bytes.value < need &&
				largest_buffers(c->l->res, n->id) < need;

		expect(c, "%.4g GiB or more, the largest buffers of the run",
		       (double)need / 0x1p30);
		found(c, short_of ? CHECK_FAIL : CHECK_PASS, node_name(c, n),
		      "%.4g GiB could be had", (double)n->giveable_bytes.value / 0x1p30);
	}
}

const struct check memory_checks[] = {
	{ .id = "memory.nodes",
	  .title = "Every node has memory",
	  .fault = "Node {node} has CPUs and no memory",
	  .tells = MAY_PASS | MAY_WARN,
	  .physical = true,
	  .good = "memory on every node that has CPUs; a node without CPUs (CXL, "
		  "Grace) is fine",
	  .about = "Threads on a node without memory have all of theirs on another "
		   "one, however well they are bound.",
	  .harm = HARM_FACTOR,
	  .cost = "all memory of its cores is remote",
	  .measured = COST_MEMORY,
	  .see = { { NULL, "numactl --hardware" } },
	  .mend = { { "see which sockets have modules, and whether one has failed",
		      "sudo dmidecode -t memory | grep -E 'Locator|Size'" },
		    { "put modules into that socket, as the server's manual says, or "
		      "replace what failed",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "the size of node {node} is not 0 any more", "numactl --hardware" },
	  .source = "sys/devices/system/node/{has_cpu,has_memory}, "
		    "node*/{cpulist,meminfo}",
	  .authority = "kernel Documentation/mm/numa.rst, memoryless nodes",
	  .look = look_nodes },
	{ .id = "memory.sizes",
	  .title = "Nodes have equal memory",
	  .fault = "Node {node} has less memory than another",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .physical = true,
	  .needs = NEEDS_NODES,
	  .good = "equal within an eighth",
	  .about = "Where one node has less, jobs bound to it run out of memory, or "
		   "spill to the other node, while those on the other do not.",
	  .harm = HARM_FACTOR,
	  .cost = "jobs that fit on one node and spill, or die, on the other",
	  .measured = COST_MEMORY,
	  .see = { { "the size of each node", "numactl --hardware" } },
	  .mend = { { "a module may have failed or been mapped out",
		      "sudo dmidecode -t memory | grep -E 'Locator|Size'" },
		    { "errors that the kernel counted", "sudo ras-mc-ctl --error-count" },
		    { "replace it, or plug in as much memory at every socket", NULL } },
	  .lasts = "for good",
	  .verify = { "all sizes are alike", "numactl --hardware" },
	  .source = "sys/devices/system/node/node*/meminfo",
	  .authority = "the server maker's memory population rules",
	  .look = look_sizes },
	{ .id = "memory.channels",
	  .title = "Memory channels are filled alike, at one speed",
	  .fault = "{uneven}",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .physical = true,
	  .needs = NEEDS_FILES,
	  .good = "as many channels with a module everywhere",
	  .about = "Memory bandwidth is in proportion to the channels that hold a "
		   "module. A node with fewer feeds its GPUs more slowly, and one slow "
		   "module slows all down.",
	  .harm = HARM_FACTOR,
	  .cost = "bandwidth in proportion: 4 channels of 8 is half",
	  .measured = COST_MEMORY,
	  .see = { { "modules, slots and speeds",
		     "sudo dmidecode -t memory | grep -E 'Locator|Size|Configured'" },
		   { "as the memory controllers see them",
		     "grep . /sys/devices/system/edac/mc/mc*/dimm*/dimm_location" } },
	  .mend = { { "see which slots are empty, or slow",
		      "sudo dmidecode -t memory | grep -E 'Locator|Size|Configured'" },
		    { "fill the same channels at every socket with equal modules, as the "
		      "server's manual says",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "numabench check finds the same number everywhere",
		      "numabench check --explain memory.channels" },
	  .source = "sys/devices/system/edac/mc, sys/firmware/dmi/entries/17-*/raw",
	  .authority = "kernel Documentation/admin-guide/ras.rst; DMTF DSP0134, 7.18 "
		       "Memory Device",
	  .look = look_channels },
	{ .id = "memory.distances",
	  .title = "The firmware's node distances make sense",
	  .fault = "The firmware's node distances make no sense",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_NODES,
	  .good = "10 to itself, more to others, the same both ways",
	  .about = "The kernel chooses where memory comes from, and where balancing "
		   "moves it, by these numbers; so do MPI launchers and schedulers.",
	  .harm = HARM_PERCENT,
	  .cost = "memory from the farther node, where the nearer one is full",
	  .see = { { NULL, "grep . /sys/devices/system/node/node*/distance" } },
	  .mend = { { "update the BIOS: its ACPI table SLIT is wrong", NULL },
		    { "of a virtual machine: correct the <distances> of its NUMA cells "
		      "(libvirt), on the host",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "10 from each node to itself, and the same both ways", "numactl --hardware" },
	  .source = "sys/devices/system/node/node*/distance",
	  .authority = "ACPI 6.5, 5.2.17 System Locality Information Table",
	  .look = look_distances },
	{ .id = "memory.free",
	  .title = "Every node has room for the buffers",
	  .fault = "Node {node} has no room for the buffers",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .needs = NEEDS_RUN,
	  .good = "more than the largest buffers of the run",
	  .about = "A buffer that is bound to a full node does not spill to another: "
		   "the kernel's OOM killer ends the process.",
	  .harm = HARM_FAILURE,
	  .cost = "jobs that the kernel kills, though other nodes have room",
	  .see = { { NULL, "numastat -m | grep -E 'MemFree|FilePages|Inactive.file|HugePages'" } },
	  .mend = { { "drop the page cache", "sync; echo 1 | sudo tee /proc/sys/vm/drop_caches" },
		    { "see who holds memory there, and end what need not run",
		      "sudo numastat -z python" },
		    { "huge pages that are reserved there and not used count, too",
		      "grep . "
		      "/sys/devices/system/node/node{node}/hugepages/*/*_hugepages" } },
	  .lasts = "the page cache fills again with what is read",
	  .verify = { "MemFree of node {node} is larger", "numastat -m | grep MemFree" },
	  .source = "the result: giveable_bytes of each node, placement of its records",
	  .authority = "kernel Documentation/admin-guide/mm/numa_memory_policy.rst, "
		       "MPOL_BIND",
	  .look = look_free },
	{ .id = NULL },
};
