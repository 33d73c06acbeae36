/* The checks of families container and vm: every status of each; and the table as a whole. */
#include "scene.h"

#define CHANGE(name, what)                                                                         \
	static void name(struct scene *s)                                                          \
	{                                                                                          \
		what;                                                                              \
	}

CHANGE(no_cpus_of_1, s->nodes[1].allowed_cpus = (struct idset){ 0 })
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
#define MOUNTS "proc/self/mountinfo"
#define PASS   .status = CHECK_PASS
#define WARN   .status = CHECK_WARN
#define FAIL   .status = CHECK_FAIL
#define SKIP   .status = CHECK_SKIP

static const struct scene_row container[] = {
	{ "container.gpu-node", PASS, "node 1 may be used" },
	{ "container.gpu-node", FAIL, "no CPU (CPUs allowed: 0-3)", "--cpuset-cpus=2-3",
	  no_cpus_of_1 },
	{ "container.gpu-node", FAIL, "no memory", "--cpuset-mems=1", no_memory_of_1 },
	{ "container.gpu-node", WARN, "no CPU", NULL, no_cpus_guest },
	{ "container.gpu-node", SKIP, "not known", NULL, undeclared },
	{ "container.spread", PASS, "node 0 alone", NULL, one_gpu_one_node },
	{ "container.spread", WARN, "nodes 0-1", "numabench bind --gpu 0", one_gpu },
	{ "container.spread", SKIP, "several GPUs" },
	{ "container.spread", SKIP, "one NUMA node", NULL, one_node },
	{ "container.cpu-quota", PASS, "no CPU quota" },
	{ "container.cpu-quota", PASS, "4 CPUs' time", NULL, large_quota },
	{ "container.cpu-quota", WARN, "1.5 CPUs' time; it ran out in 7 of 100 periods", "--cpus",
	  small_quota },
	{ "container.cpu-quota", SKIP, "XML", NULL, no_files },
	{ "container.throttling", PASS, "0 periods", NULL, none_since },
	{ "container.throttling", WARN, "2 periods", "--cpus", two_since },
	{ "container.throttling", SKIP, "another control group", NULL, another_group },
	{ "container.throttling", SKIP, "no control group counts", NULL, uncounted },
	{ "container.throttling", SKIP, "needs a run" },
	{ "container.memory-limit", PASS, "no memory limit" },
	{ "container.memory-limit", PASS, "4 GiB may still be used", NULL, small_buffers },
	{ "container.memory-limit", WARN, "4 GiB may still be used", "--memory", large_buffers },
	{ "container.memory-limit", SKIP, "1 GiB may still be used; needs a run", NULL,
	  small_limit },
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
}

static void every_status_of_vm(void **state)
{
	(void)state;
	scenes_run(vm, sizeof(vm) / sizeof(vm[0]));
	scenes_cover(vm, sizeof(vm) / sizeof(vm[0]), vm_checks);
}

/* The house rules of a row: it says everything, its id begins with its family and is its own, and
 * its words fit into a finding. */
static void rows_are_complete(void **state)
{
	struct finding f;

	(void)state;
	for (size_t i = 0; i < nfamilies; i++)
		for (const struct check *row = families[i].rows; row->id; row++) {
			const char *const texts[] = { row->title,  row->good,     row->about,
						      row->see,    row->mend,     row->cost,
						      row->source, row->authority };
			size_t n = strlen(families[i].name);

			for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
				if (!texts[t] || !texts[t][0])
					fail_msg("%s: text %zu is missing", row->id, t);
			if (strncmp(row->id, families[i].name, n) != 0 || row->id[n] != '.' ||
			    strlen(row->id) >= sizeof(f.id) || check_find(row->id, NULL) != row)
				fail_msg("%s: not an id of family %s alone", row->id,
					 families[i].name);
			if (strlen(row->good) >= sizeof(f.expected) ||
			    strlen(row->mend) >= sizeof(f.fix) ||
			    strlen(row->source) >= sizeof(f.source) ||
			    strlen(row->authority) >= sizeof(f.authority))
				fail_msg("%s: its words do not fit into a finding", row->id);
			if (row->guest_warns && !(row->tells & MAY_FAIL))
				fail_msg("%s: it never fails, so nothing is to be lowered",
					 row->id);
		}
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
