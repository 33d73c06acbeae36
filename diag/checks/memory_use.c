/* memory_use.c - huge pages, swap and locked memory. Family memory, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"
#include "util/units.h"

/* ---- huge pages ---- */

static const int kinds[] = { 2048, 1048576 }; /* KiB */

/* All bytes in huge pages of a node; *kind is the last one that there are some of. */
static long long huge_bytes(const struct look *l, const struct node *n, int *kind)
{
	long long bytes = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct known k = sysroot_number(
			l->root,
			"sys/devices/system/node/node%d/hugepages/hugepages-%dkB/nr_hugepages",
			n->id, kinds[i]);

		bytes += k.is ? k.value * kinds[i] * 1024 : 0;
		*kind = k.is && k.value ? kinds[i] : *kind;
	}
	return bytes;
}

static void look_huge_pages(struct checking *c)
{
	long long most = 0;
	int kind = kinds[0], other;

	EACH_NODE(c, n)
	{
		long long bytes = huge_bytes(c->l, n, &kind);

		most = bytes > most ? bytes : most;
	}
	if (!most) {
		found(c, CHECK_PASS, "huge pages", "none are reserved");
		return;
	}
	EACH_NODE(c, n)
	{
		long long bytes = huge_bytes(c->l, n, &other);

		if (n->kind == NODE_MEMORYLESS)
			continue;
		value(c, "kind", "%d", kind);
		value(c, "pages", "%lld", most / ((long long)kind * 1024));
		found(c, bytes ? CHECK_PASS : CHECK_WARN, node_name(c, n), "%.4g GiB reserved",
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
	char limit[32];
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
		format_size(limit, sizeof limit, bytes);
		value(c, "limit", "%s", limit);
		found(c, CHECK_WARN, "this process", "%s%s", limit,
		      exempt ? "; it is exempt itself, having CAP_IPC_LOCK (root), but what runs "
			       "as another user with this limit is not"
			     : "");
	}
}

const struct check memory_use_checks[] = {
	{ .id = "memory.huge-pages",
	  .title = "Huge pages are reserved on every node, or on none",
	  .fault = "Huge pages are reserved on other nodes, but not on node {node}",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "on every node that has memory, or none at all",
	  .about = "Who asks for huge pages (DPDK, databases, virtual machines) and is "
		   "bound to a node that has none reserved fails, or gets those of "
		   "another node.",
	  .harm = HARM_FACTOR,
	  .cost = "remote memory, or jobs that do not start",
	  .measured = COST_MEMORY,
	  .see = { { NULL, "grep . /sys/devices/system/node/node*/hugepages/*/nr_hugepages" } },
	  .mend = { { "as many as the node that has most of them",
		      "echo {pages} | sudo tee "
		      "/sys/devices/system/node/node{node}/hugepages/hugepages-{kind}kB/"
		      "nr_hugepages" },
		    { "if the job that needs them is bound to the other node for good, "
		      "leave it",
		      NULL } },
	  .lasts = "until the next boot; from then on by hugepages= with nodes on the "
		   "kernel command line (hugepages=0:512,1:512), for memory that is "
		   "free then",
	  .verify = { "it prints as many as were asked for, or fewer where memory is in "
		      "pieces",
		      "cat "
		      "/sys/devices/system/node/node{node}/hugepages/hugepages-{kind}kB/"
		      "nr_hugepages" },
	  .source = "sys/devices/system/node/node*/hugepages/*/nr_hugepages",
	  .authority = "kernel Documentation/admin-guide/mm/hugetlbpage.rst",
	  .look = look_huge_pages },
	{ .id = "memory.swap",
	  .title = "No swap is in use",
	  .fault = "Memory has been swapped out",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "as good as none in use (64 MiB)",
	  .about = "Memory that was swapped out comes back page by page from a disk, "
		   "in the middle of work, and it shows that memory was short.",
	  .harm = HARM_STALL,
	  .cost = "pauses of milliseconds to seconds when it is touched",
	  .see = { { NULL, "swapon --show" },
		   { "whose it is, KiB", "grep VmSwap /proc/[0-9]*/status | sort -k2n | tail" } },
	  .mend = { { "see whose it is, and end what does not fit",
		      "grep VmSwap /proc/[0-9]*/status | sort -k2n | tail" },
		    { "bring the rest back, where there is room for it",
		      "sudo swapoff -a && sudo swapon -a" },
		    { "on a GPU server leave swap off: take it out of /etc/fstab", NULL } },
	  .lasts = "until memory is short again",
	  .verify = { "nothing is used", "free -h" },
	  .source = "proc/meminfo: SwapTotal, SwapFree",
	  .authority = "kernel Documentation/admin-guide/sysctl/vm.rst",
	  .look = look_swap },
	{ .id = "memory.memlock",
	  .title = "Memory may be locked",
	  .fault = "Locked memory is limited to {limit}",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .scope = OF_LIMITS,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "unlimited, where large buffers are locked (RDMA, io_uring, mlock)",
	  .about = "RDMA (NCCL over InfiniBand), io_uring and some data loaders lock "
		   "the buffers that feed the GPU. With a small limit they fail, or "
		   "fall back to slower ways without a word.",
	  .harm = HARM_FAILURE,
	  .cost = "RDMA jobs fail with ENOMEM, or go by TCP without a word",
	  .see = { { "in KiB, as it is and as far as it may be raised",
		     "ulimit -Sl; ulimit -Hl" } },
	  .mend = { { "where the limit was set for a shell or job alone, as root before "
		      "it starts",
		      "ulimit -l unlimited" },
		    { "users who log in (root too: * leaves it out)",
		      "printf '%s - memlock unlimited\\n' '*' root | sudo tee "
		      "/etc/security/limits.d/90-memlock.conf" },
		    { "a systemd service: LimitMEMLOCK=infinity in [Service], then "
		      "daemon-reload and restart; Slurm's jobs take that of "
		      "slurmd.service",
		      NULL },
		    { "docker or podman run: --ulimit memlock=-1:-1", NULL } },
	  .lasts = "ulimit: that shell and what it starts; limits.d: from the next "
		   "login, for good, but not for services, Slurm's jobs or containers",
	  .verify = { "in the job, after a new login, it prints unlimited", "ulimit -l" },
	  .source = "proc/self/limits: Max locked memory",
	  .authority = "getrlimit(2), RLIMIT_MEMLOCK; NCCL User Guide, Troubleshooting",
	  .look = look_memlock },
	{ .id = NULL },
};
