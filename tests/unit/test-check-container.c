/* The checks of families container and vm: every status of each; and the table as a whole. */
#include "scene.h"

#define CHANGE(name, what)                                                                         \
	static void name(struct scene *s)                                                          \
	{                                                                                          \
		what;                                                                              \
	}

CHANGE(no_cpus_of_1,
       (s->m.allowed_cpus = s->nodes[0].cpus, s->nodes[1].allowed_cpus = (struct idset){ 0 }))
CHANGE(no_memory_of_1, s->nodes[1].allowed = false)
CHANGE(no_cpus_guest, (no_cpus_of_1(s), in_guest(s)))
CHANGE(undeclared, (s->gpus[0].node_sysfs = s->gpus[0].node_nvml = s->gpus[0].node_cuda =
			    UNKNOWN("not declared")))
CHANGE(one_gpu_one_node, (one_gpu(s), no_cpus_of_1(s)))
CHANGE(small_quota, s->m.cpu_quota_milli = KNOWN(1500))
CHANGE(large_quota, s->m.cpu_quota_milli = KNOWN(4000))
CHANGE(small_limit, s->m.memory_left = KNOWN(1LL << 30))
CHANGE(all_refused, (s->look.policy.set = s->look.policy.bind = s->look.policy.move = false))
CHANGE(move_refused, s->look.policy.move = false)
CHANGE(not_tried, s->look.policy.tried = false)
CHANGE(one_gpu_guest, (one_gpu(s), in_guest(s)))
CHANGE(one_node_guest, (one_node(s), in_guest(s)))
CHANGE(one_each_guest, (one_gpu(s), one_node_guest(s)))
CHANGE(virtual, (in_guest(s), json_object_set_new(json_object_get(s->m.host, "conditions"),
						  "virtualisation", json_string("KVM"))))
CHANGE(not_recorded, json_object_del(json_object_get(s->m.host, "conditions"), "virtualisation"))

/* The run began when the quota had run out so many times. */
static void throttled(struct scene *s, int times)
{
	s->res.host = json_pack("{s:{s:i}}", "rest", "cgroup_throttled", times);
	with_result(s);
}
CHANGE(none_since, throttled(s, 7))
CHANGE(two_since, throttled(s, 5))
CHANGE(another_group, throttled(s, 900))
CHANGE(uncounted, with_result(s))

static void buffers(struct scene *s, uint64_t gib)
{
	struct record r;

	record_init(&r);
	r.placement.resident = calloc(1, sizeof(*r.placement.resident));
	r.placement.nresident = 1;
	r.placement.resident[0].pages = gib << 18;
	record_set(&r, "placement", NULL);
	assert_int_equal(result_add(&s->res, &r), 0);
	record_release(&r);
	with_result(s);
	s->m.memory_left = KNOWN(4LL << 30);
}
CHANGE(small_buffers, buffers(s, 1))
CHANGE(large_buffers, buffers(s, 16))

static void on_root_bus(struct scene *s)
{
	in_guest(s);
	assert_int_equal(unlinkat(s->root.fd, DEVICE GPU0, 0), 0);
	scene_function(s, "pci0000:00/" GPU0, GPU0);
}

#define LIMITS "proc/self/limits"
#define OWN    "proc/self/cgroup"
#define GROUPS "sys/fs/cgroup/"
#define JOB    GROUPS "job"
#define ID64   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MOUNTS "proc/self/mountinfo"
#define PASS   .status = CHECK_PASS
#define WARN   .status = CHECK_WARN
#define FAIL   .status = CHECK_FAIL
#define SKIP   .status = CHECK_SKIP

static const struct scene_row container[] = {
	{ "container.gpu-node", PASS, "node 1 may be used" },
	/* What is to be had is that of all GPUs, by whoever made the group. */
	{ "container.gpu-node", FAIL, "no CPU (CPUs allowed: 0-1)", "taskset -cp 0-3 $$",
	  no_cpus_of_1 },
	{ "container.gpu-node", FAIL, "no memory",
	  "ask who starts this process for memory of node 1", no_memory_of_1 },
	{ "container.gpu-node",
	  FAIL,
	  "no CPU",
	  "echo 0-3 | sudo tee /sys/fs/cgroup/job/cpuset.cpus",
	  no_cpus_of_1,
	  { { JOB "/cpuset.cpus", "0-1" } } },
	{ "container.gpu-node",
	  FAIL,
	  "no memory",
	  "echo 0-1 | sudo tee /sys/fs/cgroup/job/cpuset.mems",
	  no_memory_of_1,
	  { { JOB "/cpuset.mems", "0" } } },
	{ "container.gpu-node",
	  FAIL,
	  "no CPU",
	  "echo 0-3 | sudo tee /sys/fs/cgroup/a/b/cpuset.cpus",
	  no_cpus_of_1,
	  { { OWN, "0::/a/b" },
	    { GROUPS "a/b/cpuset.cpus", "0-1" },
	    { GROUPS "a/cpuset.cpus", "0" } } },
	{ "container.gpu-node",
	  FAIL,
	  "no CPU",
	  "sudo docker update --cpuset-cpus=0-3 --cpuset-mems=0-1 0123456789ab",
	  no_cpus_of_1,
	  { { OWN, "0::/system.slice/docker-" ID64 ".scope" },
	    { GROUPS "system.slice/docker-" ID64 ".scope/cpuset.cpus", "0-1" } } },
	{ "container.gpu-node",
	  FAIL,
	  "no CPU",
	  "sudo podman update",
	  no_cpus_of_1,
	  { { JOB "/cpuset.cpus", "0-1" },
	    { "run/.containerenv", "" },
	    { "proc/sys/kernel/hostname", "ba9876543210" } } },
	{ "container.gpu-node",
	  FAIL,
	  "no CPU",
	  "of docker run, or neither",
	  no_cpus_of_1,
	  { { JOB "/cpuset.cpus", "0-1" }, { ".dockerenv", "" } } },
	{ "container.gpu-node",
	  FAIL,
	  "no CPU",
	  "topologyManagerPolicy",
	  no_cpus_of_1,
	  { { OWN, "0::/kubepods/pod1" }, { GROUPS "kubepods/pod1/cpuset.cpus", "0-1" } } },
	{ "container.gpu-node",
	  FAIL,
	  "no CPU",
	  "gres-flags",
	  no_cpus_of_1,
	  { { OWN, "0::/slurm/job_7" }, { GROUPS "slurm/job_7/cpuset.cpus", "0-1" } } },
	{ "container.gpu-node",
	  FAIL,
	  "no CPU",
	  "sudo systemctl set-property job.service AllowedCPUs=0-3 AllowedMemoryNodes=0-1",
	  no_cpus_of_1,
	  { { OWN, "0::/system.slice/job.service" },
	    { GROUPS "system.slice/job.service/cpuset.cpus", "0-1" } } },
	{ "container.gpu-node", WARN, "no CPU", NULL, no_cpus_guest },
	{ "container.gpu-node", SKIP, "not known", NULL, undeclared },
	{ "container.spread", PASS, "node 0 alone", NULL, one_gpu_one_node },
	{ "container.spread", WARN, "nodes 0-1", "numabench bind --gpu 0", one_gpu },
	{ "container.spread", SKIP, "several GPUs" },
	{ "container.spread", SKIP, "one NUMA node", NULL, one_node },
	{ "container.cpu-quota", PASS, "no CPU quota" },
	{ "container.cpu-quota", PASS, "the time of 4 CPUs for 4", NULL, large_quota },
	{ "container.cpu-quota", WARN,
	  "the time of 1.5 CPUs for 4; it ran out in 7 of the 100 periods", "--cpus", small_quota },
	{ "container.cpu-quota",
	  WARN,
	  "1.5 CPUs",
	  "echo max | sudo tee /sys/fs/cgroup/job/cpu.max",
	  small_quota,
	  { { JOB "/cpu.max", "150000 100000" } } },
	{ "container.cpu-quota",
	  WARN,
	  "1.5 CPUs",
	  "echo max | sudo tee /sys/fs/cgroup/a/cpu.max",
	  small_quota,
	  { { OWN, "0::/a/b" },
	    { GROUPS "a/b/cpu.max", "300000 100000" },
	    { GROUPS "a/cpu.max", "150000 100000" } } },
	{ "container.cpu-quota",
	  WARN,
	  "1.5 CPUs",
	  "echo -1 | sudo tee /sys/fs/cgroup/job/cpu.cfs_quota_us",
	  small_quota,
	  { { OWN, "4:cpu,cpuacct:/job" },
	    { MOUNTS, "30 20 0:26 / /sys/fs/cgroup rw - cgroup cgroup rw,cpu,cpuacct" },
	    { JOB "/cpu.cfs_quota_us", "150000" },
	    { JOB "/cpu.cfs_period_us", "100000" } } },
	{ "container.cpu-quota",
	  WARN,
	  "1.5 CPUs",
	  "sudo docker update --cpu-quota=-1 0123456789ab",
	  small_quota,
	  { { OWN, "0::/docker/" ID64 }, { GROUPS "docker/" ID64 "/cpu.max", "15 10" } } },
	{ "container.cpu-quota",
	  WARN,
	  "1.5 CPUs",
	  "Kubernetes",
	  small_quota,
	  { { JOB "/cpu.max", "15 10" }, { "var/run/secrets/kubernetes.io/x", "" } } },
	{ "container.cpu-quota",
	  WARN,
	  "1.5 CPUs",
	  "systemctl --user set-property app-1.scope CPUQuota=",
	  small_quota,
	  { { OWN, "0::/user.slice/user@7.service/app-1.scope" },
	    { GROUPS "user.slice/user@7.service/app-1.scope/cpu.max", "15 10" } } },
	{ "container.cpu-quota", SKIP, "XML", NULL, no_files },
	{ "container.throttling", PASS, "it did not run out", NULL, none_since },
	{ "container.throttling", WARN, "2 periods", "container.cpu-quota", two_since },
	{ "container.throttling",
	  WARN,
	  "2 periods",
	  "echo max | sudo tee /sys/fs/cgroup/job/cpu.max",
	  two_since,
	  { { JOB "/cpu.max", "150000 100000" } } },
	{ "container.throttling", SKIP, "another control group", NULL, another_group },
	{ "container.throttling", SKIP, "no control group counts", NULL, uncounted },
	{ "container.throttling", SKIP, "needs a run" },
	{ "container.memory-limit", PASS, "no memory limit" },
	{ "container.memory-limit", PASS, "4 GiB may still be used", NULL, small_buffers },
	{ "container.memory-limit", WARN, "4 GiB may still be used", "--memory", large_buffers },
	{ "container.memory-limit",
	  WARN,
	  "4 GiB may still be used",
	  "echo max | sudo tee /sys/fs/cgroup/job/memory.max",
	  large_buffers,
	  { { JOB "/memory.max", "4294967296" } } },
	{ "container.memory-limit", SKIP, "1 GiB may still be used; needs a run", NULL,
	  small_limit },
};

static const struct scene_row limits[] = {
	{ "container.mempolicy", PASS, "all are permitted" },
	{ "container.mempolicy", WARN, "refuses set_mempolicy, mbind, move_pages",
	  "--cap-add SYS_NICE", all_refused },
	{ "container.mempolicy", WARN, "refuses move_pages", NULL, move_refused },
	{ "container.mempolicy", SKIP, "running machine", NULL, not_tried },
	{ "container.open-files", PASS, "65536" },
	{ "container.open-files", PASS, "unlimited",
	  .files = { { LIMITS, "Max open files unlimited unlimited files" } } },
	{ "container.open-files", PASS, "1024, which it may raise to 4096",
	  .files = { { LIMITS, "Max open files 1024 4096 files" } } },
	{ "container.open-files", WARN, "512, which it may raise to 4096", "ulimit -n",
	  .files = { { LIMITS, "Max open files 512 4096 files" } } },
	{ "container.open-files", WARN, "1024", "ulimit -n",
	  .files = { { LIMITS, "Max open files 1024 1024 files" } } },
	{ "container.open-files", SKIP, "cannot be read", .files = { { LIMITS, NULL } } },
	{ "container.shm", PASS, "2048 MiB" },
	{ "container.shm", PASS, "half of the memory",
	  .files = { { MOUNTS, "25 20 0:22 / /dev/shm rw - tmpfs tmpfs rw" } } },
	{ "container.shm", PASS, "2048 MiB",
	  .files = { { MOUNTS, "25 20 0:22 / /dev/shm rw - tmpfs tmpfs rw,size=2g,x" } } },
	{ "container.shm", WARN, "64 MiB", "--shm-size",
	  .files = { { MOUNTS, "25 20 0:22 / /dev/shm rw - tmpfs shm rw,size=65536k" } } },
	{ "container.shm", SKIP, "not mounted", .files = { { MOUNTS, "" } } },
	{ "container.shm", SKIP, "no NVIDIA GPU", NULL, no_gpus },
};

static const struct scene_row vm[] = {
	{ "vm.guest", PASS, "no virtual machine" },
	{ "vm.guest", PASS, "a virtual machine (KVM)", NULL, virtual },
	{ "vm.guest", SKIP, "not recorded", NULL, not_recorded },
	{ "vm.nodes", PASS, "it shows 2 nodes", NULL, in_guest },
	{ "vm.nodes", PASS, "cannot be seen", NULL, one_each_guest },
	{ "vm.nodes", WARN, "one node for 2 GPUs", "pcie-expander-bus", one_node_guest },
	{ "vm.nodes", SKIP, "no virtual machine" },
	{ "vm.pcie", PASS, "each has a port above it", NULL, in_guest },
	{ "vm.pcie", PASS, "there is one", NULL, one_gpu_guest },
	{ "vm.pcie", WARN, "1 of 2 hang on the root bus", "NCCL_TOPO_FILE", on_root_bus },
	{ "vm.pcie", SKIP, "no virtual machine" },
	{ "vm.pcie", SKIP, "XML", NULL, no_files },
};

static void every_status_of_container(void **state)
{
	(void)state;
	scenes_run(container, sizeof(container) / sizeof(container[0]));
	scenes_cover(container, sizeof(container) / sizeof(container[0]), container_checks);
	scenes_run(limits, sizeof(limits) / sizeof(limits[0]));
	scenes_cover(limits, sizeof(limits) / sizeof(limits[0]), container_limit_checks);
}

static void every_status_of_vm(void **state)
{
	(void)state;
	scenes_run(vm, sizeof(vm) / sizeof(vm[0]));
	scenes_cover(vm, sizeof(vm) / sizeof(vm[0]), vm_checks);
}

static bool is_empty(const struct step *s)
{
	return !s->say && !s->run;
}

/* The house rules of a row: it says everything, its id begins with its family and is its own, and
 * its words fit into a finding; what may warn has a title for that, and something that mends it. */
static void row_is_complete(const struct family *family, const struct check *row)
{
	const char *const texts[] = { row->title, row->good,   row->about,
				      row->cost,  row->source, row->authority };
	static const struct values none;
	json_t *steps = values_steps(&none, row->mend, true);
	bool bad = row->tells & (MAY_WARN | MAY_FAIL);
	size_t n = strlen(family->name);
	struct finding f;

	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
		if (!texts[t] || !texts[t][0])
			fail_msg("%s: text %zu is missing", row->id, t);
	if (strncmp(row->id, family->name, n) != 0 || row->id[n] != '.' ||
	    strlen(row->id) >= sizeof(f.id) || check_find(row->id, NULL) != row)
		fail_msg("%s: not an id of family %s alone", row->id, family->name);
	if (strlen(row->good) >= sizeof(f.expected) || strlen(row->source) >= sizeof(f.source) ||
	    strlen(row->authority) >= sizeof(f.authority))
		fail_msg("%s: its words do not fit into a finding", row->id);
	steps_line(steps, f.fix, sizeof(f.fix));
	if (bad && (!row->fault || !row->lasts || is_empty(&row->verify) || !f.fix[0]))
		fail_msg("%s: it may warn, and says not how, or what mends it, or how to see that",
			 row->id);
	if (is_empty(&row->see[0]) || !is_empty(&row->see[STEPS - 1]) ||
	    !is_empty(&row->mend[STEPS - 1]))
		fail_msg("%s: no way to see it by hand, or too many steps", row->id);
	if (bad && strcmp(row->fault, row->title) == 0)
		fail_msg("%s: the good state stands for the bad one", row->id);
	if (row->guest_warns && !(row->tells & MAY_FAIL))
		fail_msg("%s: it never fails, so nothing is to be lowered", row->id);
	if (!row->look != family->apart)
		fail_msg("%s: nothing looks", row->id);
	json_decref(steps);
}

static void rows_are_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < nfamilies; i++)
		for (const struct check *row = families[i].rows; row->id; row++)
			row_is_complete(&families[i], row);
}

/* Nothing is wrong with the healthy machine, and all of it at once is no more than its parts. */
static void a_healthy_machine(void **state)
{
	struct result out;
	struct scene s;

	(void)state;
	scene_open(&s);
	result_init(&out);
	assert_int_equal(checks_run(&s.look, &out), 0);
	for (size_t i = 0; i < out.nfindings; i++)
		if (strcmp(out.findings[i].status, "pass") != 0 &&
		    strcmp(out.findings[i].status, "skip") != 0)
			fail_msg("%s %s: %s", out.findings[i].id, out.findings[i].status,
				 out.findings[i].observed);
	result_release(&out);
	scene_close(&s);
}

/* No files at all, and nothing but the folder: every check says something, and none crashes. */
static void an_empty_machine(void **state)
{
	static struct machine nothing;
	static const struct driver_facts nobody;
	struct look look = { .m = &nothing, .driver = &nobody, .no_files = "nothing is here" };
	struct result out;
	struct scene s;

	(void)state;
	for (int i = 0; i < 2; i++) {
		scene_open(&s);
		if (i) {
			tree_remove(&s.t);
			look = s.look;
		}
		result_init(&out);
		assert_int_equal(checks_run(&look, &out), 0);
		assert_true(out.nfindings > 0);
		result_release(&out);
		scene_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_of_container), cmocka_unit_test(every_status_of_vm),
		cmocka_unit_test(rows_are_complete),         cmocka_unit_test(a_healthy_machine),
		cmocka_unit_test(an_empty_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
