/* container.c - what this process may use: CPUs, memory, calls, limits. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"
#include "machine/cgroup.h"

/* ---- the GPU's node ---- */

static void look_gpu_node(struct checking *c)
{
	char cpus[64];

	idset_format(&c->l->m->allowed_cpus, cpus, sizeof cpus);
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		const struct node *home = gpu_home(c->l, g);
		bool no_cpus, no_memory;
		char list[64];

		if (!home) {
			found(c, CHECK_SKIP, gpu_name(c, g), "its node is not known");
			continue;
		}
		no_cpus = home->kind != NODE_CPULESS && idset_empty(&home->allowed_cpus);
		no_memory = home->kind != NODE_MEMORYLESS && !home->allowed;
		if (!no_cpus && !no_memory) {
			found(c, CHECK_PASS, gpu_name(c, g), "node %d may be used", home->id);
			continue;
		}
		idset_format(&home->cpus, list, sizeof list);
		expect(c, "CPUs and memory of node %d, where the GPU hangs", home->id);
		mend(c,
		     "docker run --cpuset-cpus=%.50s --cpuset-mems=%d ..; Slurm: "
		     "--gpu-bind=closest with gres.conf Cores=; Kubernetes: static CPU manager and "
		     "topologyManagerPolicy single-numa-node",
		     list, home->id);
		found(c, CHECK_FAIL, gpu_name(c, g),
		      "its node is %d, of which this process may use no %s%s%s (CPUs allowed: %s)",
		      home->id, no_cpus ? "CPU" : "", no_cpus && no_memory ? " and no " : "",
		      no_memory ? "memory" : "", cpus);
	}
}

/* ---- spread ---- */

static void look_spread(struct checking *c)
{
	struct idset cpu_nodes = machine_cpu_nodes(c->l->m);
	const struct gpu *g = next_gpu(c->l, NULL);
	const struct node *home = gpu_home(c->l, g);
	char list[64];

	idset_format(&cpu_nodes, list, sizeof list);
	if (judged_gpus(c->l) != 1) {
		found(c, CHECK_SKIP, "this process", "it may use several GPUs");
	} else if (idset_count(&cpu_nodes) == 1) {
		found(c, CHECK_PASS, "this process", "it runs on node %s alone", list);
	} else {
		if (home)
			expect(c, "node %d alone, where the one GPU hangs that it may use",
			       home->id);
		mend(c, "numabench bind --gpu %d -- COMMAND", g->index);
		found(c, CHECK_WARN, "this process", "it may run on nodes %s", list);
	}
}

/* ---- quota and throttling ---- */

static void look_quota(struct checking *c)
{
	struct known k = c->l->m->cpu_quota_milli;
	size_t cpus = idset_count(&c->l->m->allowed_cpus);
	struct cgroup_throttling t = cgroup_throttling(c->l->root);
	char text[80] = "";

	if (!k.is) {
		found(c, CHECK_PASS, "CPU quota", "%s", k.why);
		return;
	}
	if (t.throttled.is && t.periods.is)
		snprintf(text, sizeof text, "; it ran out in %lld of %lld periods",
			 t.throttled.value, t.periods.value);
	expect(c, "none, or as many as the %zu CPUs that may be used", cpus);
	found(c, k.value < (long long)cpus * 1000 ? CHECK_WARN : CHECK_PASS, "CPU quota",
	      "%.3g CPUs' time%s", (double)k.value / 1000, text);
}

static void look_throttling(struct checking *c)
{
	const json_t *rest = json_object_get(c->l->res->host, "rest");
	const json_t *then = json_object_get(rest, "cgroup_throttled");
	struct cgroup_throttling now = cgroup_throttling(c->l->root);
	long long grown;

	if (!now.throttled.is || !json_is_integer(then)) {
		found(c, CHECK_SKIP, "CPU quota", "no control group counts it");
		return;
	}
	grown = now.throttled.value - json_integer_value(then);
	if (grown < 0)
		found(c, CHECK_SKIP, "CPU quota", "this is another control group than the run's");
	else
		found(c, grown ? CHECK_WARN : CHECK_PASS, "CPU quota",
		      "it ran out in %lld periods since the run began", grown);
}

/* ---- memory limit ---- */

static void look_memory_limit(struct checking *c)
{
	struct known k = c->l->m->memory_left;
	uint64_t need = c->l->res ? largest_buffers(c->l->res, -1) : 0;

	if (!k.is) {
		found(c, CHECK_PASS, "memory limit", "%s", k.why);
	} else if (!need) {
		found(c, CHECK_SKIP, "memory limit", "%.4g GiB may still be used; needs a run",
		      (double)k.value / 0x1p30);
	} else {
		expect(c, "%.4g GiB, the largest buffers of the run", (double)need / 0x1p30);
		found(c, (uint64_t)k.value < need ? CHECK_WARN : CHECK_PASS, "memory limit",
		      "%.4g GiB may still be used", (double)k.value / 0x1p30);
	}
}

/* ---- calls ---- */

static void look_policy(struct checking *c)
{
	const struct {
		bool may;
		const char *name;
	} calls[] = {
		{ c->l->policy.set, "set_mempolicy" },
		{ c->l->policy.bind, "mbind" },
		{ c->l->policy.move, "move_pages" },
	};
	char refused[80] = "";
	size_t used = 0;

	if (!c->l->policy.tried) {
		found(c, CHECK_SKIP, "this process", "tried on a running machine only");
		return;
	}
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (!calls[i].may)
			used += (size_t)snprintf(refused + used, sizeof refused - used, "%s%s",
						 used ? ", " : "", calls[i].name);
	found(c, used ? CHECK_WARN : CHECK_PASS, "this process",
	      used ? "the kernel refuses %s" : "all are permitted%s", refused);
}

/* ---- descriptors and shared memory ---- */

/* What programs get may be raised by them to what they may have. */
enum { FILES_LEAST = 1024, FILES_ENOUGH = 4096 };

static void look_files(struct checking *c)
{
	char text[8192], *line;
	long long files, most;
	int n;

	sysroot_text(c->l->root, text, sizeof text, "proc/self/limits");
	line = strstr(text, "Max open files");
	if (!line)
		found(c, CHECK_SKIP, "this process", "its limits cannot be read");
	else if ((n = sscanf(line, "Max open files %lld %lld", &files, &most)) < 1)
		found(c, CHECK_PASS, "this process", "unlimited");
	else if (n == 2 && most > files)
		found(c, files < FILES_LEAST || most < FILES_ENOUGH ? CHECK_WARN : CHECK_PASS,
		      "this process", "%lld, which it may raise to %lld", files, most);
	else
		found(c, files < FILES_ENOUGH ? CHECK_WARN : CHECK_PASS, "this process", "%lld",
		      files);
}

/* A number with k, m or g, in KiB as the kernel prints it. -1: none. */
static long long size_option(const char *options)
{
	const char *at = options ? strstr(options, "size=") : NULL;
	char *end;
	long long v;

	if (!at)
		return -1;
	v = strtoll(at + strlen("size="), &end, 10);
	return *end == 'k' ? v : *end == 'm' ? v << 10 : *end == 'g' ? v << 20 : v >> 10;
}

/* Docker gives 64 MiB; workers of data loaders share batches there. */
enum { SHM_ENOUGH_KIB = 1 << 20 };

static void look_shm(struct checking *c)
{
	char *text = malloc(1 << 20), *line, *dash;
	long long kib;

	if (!text) {
		c->rc = -ENOMEM;
		return;
	}
	sysroot_text(c->l->root, text, 1 << 20, "proc/self/mountinfo");
	line = strstr(text, " /dev/shm ");
	if (line)
		line[strcspn(line, "\n")] = '\0';
	dash = line ? strstr(line, " - ") : NULL;
	kib = size_option(dash);
	if (!dash)
		found(c, CHECK_SKIP, "/dev/shm", "it is not mounted by itself");
	else if (kib < 0)
		found(c, CHECK_PASS, "/dev/shm", "half of the memory, the kernel's default");
	else
		found(c, kib < SHM_ENOUGH_KIB ? CHECK_WARN : CHECK_PASS, "/dev/shm", "%lld MiB",
		      kib >> 10);
	free(text);
}

const struct check container_checks[] = {
	{ .id = "container.gpu-node",
	  .title = "The GPU's node may be used",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .needs = NEEDS_GPU,
	  .good = "CPUs and memory of the node that the GPU hangs on",
	  .about = "A container or a job with a GPU of one socket and the cores of the other "
		   "cannot be "
		   "bound well by anybody: everything goes across sockets.",
	  .see = "grep _allowed_list /proc/self/status; cat /sys/bus/pci/devices/ADDRESS/numa_node",
	  .mend = "widen the cpuset: --cpuset-cpus and --cpuset-mems, or the job's CPU list",
	  .cost = "On two sockets, local against remote: nothing to 3 times.",
	  .measured = COST_NODE,
	  .source = "proc/self/status: Cpus_allowed_list, Mems_allowed_list; numa_node",
	  .authority =
		  "kernel Documentation/admin-guide/cgroup-v2.rst, Cpuset; Kubernetes: Topology "
		  "Manager policies",
	  .look = look_gpu_node },
	{ .id = "container.spread",
	  .title = "A process with one GPU is bound to one node",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NODES,
	  .good = "the CPUs of one node, that of its one GPU",
	  .about = "A process that may run on all nodes is moved between them, and its memory "
		   "stays where "
		   "it was when it was first touched.",
	  .see = "taskset -cp $$; numactl --show",
	  .mend = "numabench bind --gpu N -- COMMAND",
	  .cost = "1.35 times on one machine with eight A100, for a job on one of them.",
	  .measured = COST_NODE,
	  .source = "proc/self/status: Cpus_allowed_list",
	  .authority = "sched_setaffinity(2); numactl(8)",
	  .look = look_spread },
	{ .id = "container.cpu-quota",
	  .title = "No CPU quota stops the threads that feed GPUs",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "none, or as many CPUs as may be used",
	  .about = "When a group has used up its quota all of its threads stand still until the "
		   "next "
		   "period (100 ms), and the GPU with them.",
	  .see = "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu.stat",
	  .mend = "docker: raise or drop --cpus; Kubernetes: drop the CPU limit, keep the request "
		  "(or the "
		  "static CPU manager); by hand: echo max | sudo tee GROUP/cpu.max",
	  .cost = "Pauses of up to 100 ms.",
	  .source =
		  "cpu.max (v1: cpu.cfs_quota_us) and cpu.stat of our control group and all above",
	  .authority = "kernel Documentation/admin-guide/cgroup-v2.rst, CPU; "
		       "Documentation/scheduler/sched-bwc.rst",
	  .look = look_quota },
	{ .id = "container.throttling",
	  .title = "The CPU quota did not run out during the run",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES | NEEDS_RUN,
	  .good = "no growth of nr_throttled",
	  .about = "Figures that were taken while threads stood still are those of the quota.",
	  .see = "grep nr_throttled /sys/fs/cgroup/cpu.stat, before and after",
	  .mend = "docker: raise or drop --cpus; Kubernetes: drop the CPU limit, keep the request",
	  .cost = "Pauses of up to 100 ms.",
	  .source = "cpu.stat: nr_throttled, against the result's host.rest.cgroup_throttled",
	  .authority = "kernel Documentation/scheduler/sched-bwc.rst",
	  .look = look_throttling },
	{ .id = "container.memory-limit",
	  .title = "The memory limit is above the buffers",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .good = "none, or more than the largest buffers",
	  .about = "Pinned buffers count towards the limit and cannot be swapped out; past the "
		   "limit the "
		   "kernel ends a process of the group.",
	  .see = "cat /sys/fs/cgroup/memory.{max,current,events}",
	  .mend = "docker: raise --memory; Kubernetes: raise the memory limit; Slurm: --mem",
	  .cost = "Jobs that are killed.",
	  .source = "memory.max, memory.current (v1: memory.limit_in_bytes) of our groups",
	  .authority = "kernel Documentation/admin-guide/cgroup-v2.rst, Memory",
	  .look = look_memory_limit },
	{ .id = "container.mempolicy",
	  .title = "Memory policy calls are permitted",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .good = "set_mempolicy, mbind and move_pages permitted",
	  .about = "Docker's default seccomp profile refuses them without CAP_SYS_NICE: numactl "
		   "and NCCL "
		   "then cannot bind memory, some of them without a word.",
	  .see = "numactl --membind=0 true; grep Seccomp /proc/self/status",
	  .mend = "docker run --cap-add SYS_NICE; Kubernetes: securityContext.capabilities.add: "
		  "[SYS_NICE]; "
		  "or bind CPUs alone and let first touch place memory, as numabench bind does",
	  .cost = "Memory that is not bound.",
	  .measured = COST_MEMORY,
	  .source = "the calls themselves, tried on one page",
	  .authority = "Docker manual, Seccomp security profiles; set_mempolicy(2)",
	  .look = look_policy },
	{ .id = "container.open-files",
	  .title = "Enough file descriptors for data loaders",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "1024 or more, and leave to raise it to 4096 or more",
	  .about = "Every worker of a data loader keeps files, and every batch that it shares a "
		   "descriptor.",
	  .see = "ulimit -n",
	  .mend = "ulimit -n 65536 (docker: --ulimit nofile=65536; systemd: LimitNOFILE=65536)",
	  .cost = "\"Too many open files\" after hours.",
	  .source = "proc/self/limits: Max open files",
	  .authority = "getrlimit(2), RLIMIT_NOFILE; PyTorch, torch.multiprocessing",
	  .look = look_files },
	{ .id = "container.shm",
	  .title = "Enough shared memory for data loaders",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "1 GiB or more",
	  .about = "Workers of data loaders hand batches over in /dev/shm, NCCL its buffers; "
		   "Docker gives "
		   "64 MiB.",
	  .see = "df -h /dev/shm",
	  .mend = "docker run --shm-size=16g (or --ipc=host); Kubernetes: an emptyDir with medium "
		  "Memory at "
		  "/dev/shm; by hand: sudo mount -o remount,size=16g /dev/shm",
	  .cost = "\"Bus error\" of workers, or NCCL that does not start.",
	  .source = "proc/self/mountinfo: /dev/shm",
	  .authority =
		  "NCCL User Guide, Troubleshooting, Shared memory; PyTorch README, Docker Image",
	  .look = look_shm },
	{ .id = NULL },
};
