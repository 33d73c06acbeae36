/* container.c - the CPUs, the nodes, the time and the memory that this process may use. */
#include <stdio.h>
#include <string.h>

#include "families.h"
#include "groups.h"

/* ---- the GPU's node ---- */

/* What this process may use, and what it would need for all of its GPUs. */
static void wanted(const struct look *l, struct idset *cpus, struct idset *nodes)
{
	*cpus = l->m->allowed_cpus;
	*nodes = machine_memory_nodes(l->m);
	for (const struct gpu *g = NULL; (g = next_gpu(l, g));) {
		const struct node *home = gpu_home(l, g);

		if (home)
			*cpus = idset_or(cpus, &home->cpus);
		if (home && home->kind != NODE_MEMORYLESS)
			idset_add(nodes, home->id);
	}
}

enum { MOST_GROUPS = 3 };

/* Each group in turn, for one below has no more than those above. */
static void widen_by_hand(struct checking *c, const struct limit_group *groups, size_t n)
{
	static const struct step steps[MOST_GROUPS][2] = {
		{ { "widen the control group, to the nodes of all GPUs that this "
		    "process may use",
		    "echo {allcpus} | sudo tee {groupa}/cpuset.cpus" },
		  { NULL, "echo {allnodes} | sudo tee {groupa}/cpuset.mems" } },
		{ { NULL, "echo {allcpus} | sudo tee {groupb}/cpuset.cpus" },
		  { NULL, "echo {allnodes} | sudo tee {groupb}/cpuset.mems" } },
		{ { NULL, "echo {allcpus} | sudo tee {groupc}/cpuset.cpus" },
		  { NULL, "echo {allnodes} | sudo tee {groupc}/cpuset.mems" } },
	};
	static const char *const names[MOST_GROUPS] = { "groupa", "groupb", "groupc" };

	for (size_t i = 0; i < n && i < MOST_GROUPS; i++) {
		value(c, names[i], "%.1000s", groups[i].path);
		for (size_t j = 0; j < 2; j++)
			mend(c, steps[i][j].say, steps[i][j].run);
	}
}

static void widen_container(struct checking *c, const struct limit_group *g)
{
	if (g->id[0])
		mend(c, "on the host, for all GPUs that this container may use",
		     "sudo {engine} update --cpuset-cpus={allcpus} "
		     "--cpuset-mems={allnodes} {id}");
	mend(c,
	     "and in what starts it: --cpuset-cpus={allcpus} "
	     "--cpuset-mems={allnodes} of {engine} run, or neither of them",
	     NULL);
}

/* Where no group does it, a mask of the process itself is left. */
static void widen_mask(struct checking *c, bool memory)
{
	if (memory)
		mend(c,
		     "the control group that leaves out the memory cannot be seen from "
		     "here: ask who starts this process for memory of node {node}",
		     NULL);
	mend(c,
	     "no control group leaves out the CPUs: taskset, numactl or a "
	     "launcher did; before the job starts, in the shell that starts it",
	     "taskset -cp {allcpus} $$");
}

/* How to widen what leaves out the GPU's node, by whoever made it. */
static void widen(struct checking *c, bool memory)
{
	struct limit_group groups[MOST_GROUPS];
	struct idset cpus, nodes;
	char list[256];
	size_t n;

	wanted(c->l, &cpus, &nodes);
	idset_format(&cpus, list, sizeof list);
	value(c, "allcpus", "%s", list);
	idset_format(&nodes, list, sizeof list);
	value(c, "allnodes", "%s", list);
	n = groups_of_cpuset(c->l->root, &cpus, &nodes, groups, MOST_GROUPS);
	if (n)
		group_values(c, &groups[0]);
	if (!n)
		widen_mask(c, memory);
	else if (groups[0].maker == MADE_BY_HAND)
		widen_by_hand(c, groups, n);
	else if (groups[0].maker == MADE_BY_CONTAINER)
		widen_container(c, &groups[0]);
	else if (groups[0].maker == MADE_BY_SYSTEMD)
		mend(c, "for all GPUs that this process may use",
		     "{systemctl} set-property {unit} AllowedCPUs={allcpus} "
		     "AllowedMemoryNodes={allnodes}");
	else if (groups[0].maker == MADE_BY_SLURM)
		mend(c,
		     "Slurm: let gres.conf name the Cores= of each GPU, and submit with "
		     "--gres-flags=enforce-binding",
		     NULL);
	else
		mend(c,
		     "Kubernetes: the kubelet's cpuManagerPolicy static and "
		     "topologyManagerPolicy single-numa-node; in the pod whole CPUs, as "
		     "many requested as the limit",
		     NULL);
	if (idset_count(&nodes) > 1)
		mend(c,
		     "a job with GPUs of node {node} alone needs that node alone: CPUs "
		     "{cpus} and its memory",
		     NULL);
}

static void look_gpu_node(struct checking *c)
{
	char cpus[64];

	idset_format(&c->l->m->allowed_cpus, cpus, sizeof cpus);
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		const struct node *home = gpu_home(c->l, g);
		const char *name = gpu_name(c, g);
		bool no_cpus, no_memory;

		if (!home) {
			found(c, CHECK_SKIP, name, "its node is not known");
			continue;
		}
		no_cpus = home->kind != NODE_CPULESS && idset_empty(&home->allowed_cpus);
		no_memory = home->kind != NODE_MEMORYLESS && !home->allowed;
		if (!no_cpus && !no_memory) {
			found(c, CHECK_PASS, name, "node %d may be used", home->id);
			continue;
		}
		expect(c, "CPUs and memory of node %d, where the GPU hangs", home->id);
		value(c, "what", "%s",
		      !no_memory ? "CPUs"
		      : no_cpus  ? "CPUs and memory"
				 : "memory");
		widen(c, no_memory);
		found(c, CHECK_FAIL, name,
		      "its node is %d, of which this process may use no %s%s%s (CPUs "
		      "allowed: %s)",
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
		value(c, "gpu", "%d", g->index);
		value(c, "nodes", "%s", list);
		found(c, CHECK_WARN, "this process", "it may run on nodes %s", list);
	}
}

/* ---- quota and throttling ---- */

/* How to raise it, by whoever made the group. */
static void raise_quota(struct checking *c)
{
	static const struct step second = { "it prints max first", "cat {group}/cpu.max" },
				 first = { "it prints -1", "cat {group}/cpu.cfs_quota_us" };
	struct limit_group g;

	if (!group_of_quota(c->l->root, &g))
		return;
	group_values(c, &g);
	verify(c, g.v2 ? &second : &first);
	if (g.maker == MADE_BY_KUBERNETES)
		mend(c,
		     "Kubernetes: take the CPU limit off the container and keep its "
		     "request; or the kubelet's static CPU manager and whole CPUs",
		     NULL);
	else if (g.maker == MADE_BY_CONTAINER && g.id[0])
		mend(c, "on the host, and in what starts it without --cpus",
		     "sudo {engine} update --cpu-quota=-1 {id}");
	else if (g.maker == MADE_BY_CONTAINER)
		mend(c, "start the container without --cpus and --cpu-quota ({engine} run)", NULL);
	else if (g.maker == MADE_BY_SLURM)
		mend(c, "Slurm: ask for more CPUs (--cpus-per-task); the quota goes by them", NULL);
	else if (g.maker == MADE_BY_SYSTEMD)
		mend(c, NULL, "{systemctl} set-property {unit} CPUQuota=");
	else if (g.v2)
		mend(c, "take the quota off the control group that carries it",
		     "echo max | sudo tee {group}/cpu.max");
	else
		mend(c, "take the quota off the control group that carries it",
		     "echo -1 | sudo tee {group}/cpu.cfs_quota_us");
}

static void look_quota(struct checking *c)
{
	struct known k = c->l->m->cpu_quota_milli;
	size_t cpus = idset_count(&c->l->m->allowed_cpus);
	struct cgroup_throttling t = cgroup_throttling(c->l->root);
	bool small;
	char text[120] = "";

	if (!k.is) {
		found(c, CHECK_PASS, "CPU quota", "%s", k.why);
		return;
	}
	if (t.throttled.is && t.periods.is)
		snprintf(text, sizeof text,
			 "; it ran out in %lld of the %lld periods of 100 ms in which its "
			 "group ran, this check's own among them",
			 t.throttled.value, t.periods.value);
	small = k.value < (long long)cpus * 1000;
	value(c, "quota", "%.3g", (double)k.value / 1000);
	if (small)
		raise_quota(c);
	found(c, small ? CHECK_WARN : CHECK_PASS, "CPU quota", "the time of %.3g CPU%s for %zu%s",
	      (double)k.value / 1000, k.value == 1000 ? "" : "s", cpus, text);
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
	else if (!grown)
		found(c, CHECK_PASS, "CPU quota", "it did not run out since the run began");
	else {
		raise_quota(c);
		found(c, CHECK_WARN, "CPU quota", "it ran out in %lld periods since the run began",
		      grown);
	}
}

/* ---- memory limit ---- */

static void raise_memory_limit(struct checking *c)
{
	static const struct step second = { "it prints max", "cat {group}/memory.max" },
				 first = { "it prints the new limit",
					   "cat {group}/memory.limit_in_bytes" };
	struct limit_group g;

	if (!group_of_memory_limit(c->l->root, &g))
		return;
	group_values(c, &g);
	verify(c, g.v2 ? &second : &first);
	if (g.maker == MADE_BY_KUBERNETES)
		mend(c,
		     "Kubernetes: raise the container's memory limit to twice the "
		     "buffers",
		     NULL);
	else if (g.maker == MADE_BY_CONTAINER && g.id[0])
		mend(c, "on the host, and in what starts it a larger --memory, or none",
		     "sudo {engine} update --memory=-1 --memory-swap=-1 {id}");
	else if (g.maker == MADE_BY_CONTAINER)
		mend(c, "start the container with a larger --memory, or none ({engine} run)", NULL);
	else if (g.maker == MADE_BY_SLURM)
		mend(c, "Slurm: ask for more (--mem)", NULL);
	else if (g.maker == MADE_BY_SYSTEMD)
		mend(c, NULL, "{systemctl} set-property {unit} MemoryMax=infinity");
	else if (g.v2)
		mend(c, "take the limit off the control group that carries it",
		     "echo max | sudo tee {group}/memory.max");
	else
		mend(c, "take the limit off the control group that carries it",
		     "echo -1 | sudo tee {group}/memory.limit_in_bytes");
}

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
		bool small = (uint64_t)k.value < need;

		expect(c, "%.4g GiB, the largest buffers of the run", (double)need / 0x1p30);
		if (small)
			raise_memory_limit(c);
		found(c, small ? CHECK_WARN : CHECK_PASS, "memory limit",
		      "%.4g GiB may still be used", (double)k.value / 0x1p30);
	}
}

const struct check container_checks[] = {
	{ .id = "container.gpu-node",
	  .title = "The GPU's node may be used",
	  .fault = "{what} of the GPU's own node may not be used",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .scope = OF_BINDING,
	  .needs = NEEDS_GPU,
	  .good = "CPUs and memory of the node that the GPU hangs on",
	  .about = "A container or a job with a GPU of one socket and the cores of the "
		   "other cannot be bound well by anybody: everything goes across "
		   "sockets.",
	  .harm = HARM_FACTOR,
	  .cost = "every copy goes across sockets: on two sockets, nothing to 3 times "
		  "slower",
	  .measured = COST_NODE,
	  .see = { { "what may be used", "grep _allowed_list /proc/self/status" },
		   { "the GPU's node", "cat /sys/bus/pci/devices/{address}/numa_node" } },
	  .mend = { { "docker or podman run: --cpuset-cpus and --cpuset-mems with all "
		      "GPUs' nodes, or neither",
		      NULL },
		    { "Slurm: Cores= of each GPU in gres.conf, and "
		      "--gres-flags=enforce-binding",
		      NULL },
		    { "Kubernetes: cpuManagerPolicy static, topologyManagerPolicy "
		      "single-numa-node",
		      NULL } },
	  .lasts = "as long as the group, container or shell; what starts the job has "
		   "to ask for it. Memory that lies elsewhere already stays there: "
		   "start the job anew",
	  .verify = { "in the job it lists the GPU's node and its CPUs",
		      "grep _allowed_list /proc/self/status" },
	  .source = "proc/self/status: Cpus_allowed_list, Mems_allowed_list; numa_node",
	  .authority = "kernel Documentation/admin-guide/cgroup-v2.rst, Cpuset; "
		       "Kubernetes: Topology Manager policies",
	  .look = look_gpu_node },
	{ .id = "container.spread",
	  .title = "A process with one GPU is bound to one node",
	  .fault = "A process with one GPU may run on nodes {nodes}",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .scope = OF_BINDING,
	  .needs = NEEDS_GPU | NEEDS_NODES,
	  .good = "the CPUs of one node, that of its one GPU",
	  .about = "A process that may run on all nodes is moved between them, and its "
		   "memory stays where it was when it was first touched.",
	  .harm = HARM_FACTOR,
	  .cost = "1.35 times on one machine with eight A100, for a job on one of "
		  "them",
	  .measured = COST_NODE,
	  .see = { { NULL, "taskset -cp $$" }, { NULL, "numactl --show" } },
	  .mend = { { "a shell that binds all that it starts; or with the job in bash's "
		      "place",
		      "numabench bind --gpu {gpu} -- bash" } },
	  .lasts = "as long as the job: it belongs into what starts it",
	  .verify = { "it names the node of the GPU alone",
		      "numabench bind --gpu {gpu} -- numactl --show" },
	  .source = "proc/self/status: Cpus_allowed_list",
	  .authority = "sched_setaffinity(2); numactl(8)",
	  .look = look_spread },
	{ .id = "container.cpu-quota",
	  .title = "No CPU quota stops the threads that feed GPUs",
	  .fault = "A quota of {quota} CPUs stops all threads once it is used up",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .scope = OF_LIMITS,
	  .needs = NEEDS_FILES,
	  .good = "no quota, or one CPU's time for each thread that is busy at once",
	  .about = "When a group has used up its quota all of its threads stand still "
		   "until the next period (100 ms), and the GPU with them.",
	  .harm = HARM_STALL,
	  .cost = "all threads, and the GPUs with them, stand still for up to 100 ms "
		  "at a time",
	  .see = { { NULL, "grep . /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu.stat" },
		   { "which group this shell is in", "cat /proc/self/cgroup" } },
	  .mend = { { "docker or podman run: without --cpus and --cpu-quota", NULL },
		    { "Kubernetes: take the CPU limit off, keep the request; or the static CPU "
		      "manager and whole CPUs",
		      NULL },
		    { "a systemd service: CPUQuota= without a value (systemctl set-property)",
		      NULL },
		    { "a group made by hand: max into its cpu.max (v1: -1 into cpu.cfs_quota_us)",
		      NULL } },
	  .lasts = "as long as the group or container; what makes it has to make it "
		   "so. set-property holds for good",
	  .verify = { "nr_throttled grows no more while the job runs",
		      "cat /sys/fs/cgroup/cpu.stat" },
	  .source = "cpu.max (v1: cpu.cfs_quota_us) and cpu.stat of our control group "
		    "and all above",
	  .authority = "kernel Documentation/admin-guide/cgroup-v2.rst, CPU; "
		       "Documentation/scheduler/sched-bwc.rst",
	  .look = look_quota },
	{ .id = "container.throttling",
	  .title = "The CPU quota did not run out during the run",
	  .fault = "The CPU quota ran out during the run",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .scope = OF_LIMITS,
	  .needs = NEEDS_FILES | NEEDS_RUN,
	  .good = "no growth of nr_throttled",
	  .about = "Figures that were taken while threads stood still are those of the "
		   "quota.",
	  .harm = HARM_STALL,
	  .cost = "pauses of up to 100 ms, and figures that say nothing about the "
		  "machine",
	  .see = { { "before and after the run", "grep nr_throttled /sys/fs/cgroup/cpu.stat" } },
	  .mend = { { "as for container.cpu-quota: take the quota off, then measure anew", NULL } },
	  .lasts = "as long as the group or container; what makes it has to make it so",
	  .verify = { "a new run does not find it any more", "numabench --all" },
	  .source = "cpu.stat: nr_throttled, against the result's "
		    "host.rest.cgroup_throttled",
	  .authority = "kernel Documentation/scheduler/sched-bwc.rst",
	  .look = look_throttling },
	{ .id = "container.memory-limit",
	  .title = "The memory limit is above the buffers",
	  .fault = "The memory limit is below the largest buffers",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .scope = OF_LIMITS,
	  .good = "none, or more than the largest buffers",
	  .about = "Pinned buffers count towards the limit and cannot be swapped out; "
		   "past the limit the kernel ends a process of the group.",
	  .harm = HARM_FAILURE,
	  .cost = "jobs that the kernel kills",
	  .see = { { NULL, "grep . /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current" } },
	  .mend = { { "docker or podman run: a larger --memory", NULL },
		    { "Kubernetes: a larger memory limit", NULL },
		    { "Slurm: --mem", NULL } },
	  .lasts = "as long as the group or container; what makes it has to make it so",
	  .verify = { "it prints what may be used",
		      "grep . /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current" },
	  .source = "memory.max, memory.current (v1: memory.limit_in_bytes) of our "
		    "groups",
	  .authority = "kernel Documentation/admin-guide/cgroup-v2.rst, Memory",
	  .look = look_memory_limit },
	{ .id = NULL },
};
