/* GPUs put together from the bus, the driver's folder, NVML and CUDA: numbers,
 * nodes, links, states and paths. */
#include "gpu_bus.h"

static void numbers_follow_the_bus(void **state)
{
	static const struct {
		const char *pci;
		enum gpu_state state;
		const char *why;
	} rows[] = {
		{ "0000:17:00.0", GPU_USABLE, "" },
		{ "0000:18:00.0", GPU_VFIO, "vfio-pci" },
		{ "0000:b1:00.0", GPU_USABLE, "" },
		{ "0000:c1:00.0", GPU_NO_DRIVER, "nouveau" },
		{ "0000:d1:00.0", GPU_NO_DRIVER, "no driver is bound" },
		{ "0001:01:00.0", GPU_USABLE, "" },
	};
	struct bench *b = *state;

	cuda_sees(b, "0000:17:00.0", 1);
	cuda_sees(b, "0000:b1:00.0", 1);
	cuda_sees(b, "0001:01:00.0", 0);
	nvml_sees(b, "0000:b1:00.0", 0);
	nvml_sees(b, "0000:17:00.0", 0);
	merge(b);
	assert_int_equal(b->m.ngpus, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(b->m.gpus[i].index, i);
		assert_string_equal(b->m.gpus[i].pci, rows[i].pci);
		assert_int_equal(b->m.gpus[i].state, rows[i].state);
		assert_non_null(strstr(b->m.gpus[i].state_why, rows[i].why));
	}
	/* Who says what stays apart. */
	assert_int_equal(b->m.gpus[0].node_sysfs.value, 0);
	assert_int_equal(b->m.gpus[0].node_nvml.value, 0);
	assert_int_equal(b->m.gpus[0].node_cuda.value, 1);
	assert_string_equal(b->m.gpus[0].name, "by NVML");
	assert_string_equal(b->m.gpus[0].uuid, "GPU-0000:17:00.0");
	assert_string_equal(b->m.gpus[5].name, "by CUDA");
	assert_string_equal(b->m.gpus[5].node_sysfs.why, "not in sysfs");
	assert_false(b->m.gpus[1].node_sysfs.is);
	assert_string_equal(b->m.gpus[0].render_node, "renderD129");
	assert_string_equal(b->m.gpus[2].render_node, "");
	assert_string_equal(b->m.cuda_why, "");
}

static void links_are_the_smaller_of_both_ends(void **state)
{
	struct bench *b = *state;

	merge(b);
	assert_int_equal(b->m.gpus[0].max_gen.value, 4);
	assert_int_equal(b->m.gpus[0].max_width.value, 8);
	assert_int_equal(b->m.gpus[0].link_gen.value, 1);
	assert_int_equal(b->m.gpus[2].max_gen.value, 5);
	assert_int_equal(b->m.gpus[2].max_width.value, 16);
	assert_false(b->m.gpus[0].mps.is);
}

/* The GPU has x16 below its switch, and the switch hangs on x8, of which one end says more. */
static void a_switch_may_hang_on_less(void **state)
{
	static const char *const hops[][2] = { { "0000:00:05.0", "16" },
					       { "0000:00:05.0/0000:e0:00.0", "8" },
					       { "0000:00:05.0/0000:e0:00.0/0000:e1:00.0", "16" } };
	struct bench *b = *state;
	char path[200], to[200];

	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++) {
		snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/max_link_speed",
			 hops[i][0]);
		tree_file(&b->t, path, "32.0 GT/s PCIe\n");
		snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/max_link_width",
			 hops[i][0]);
		tree_file(&b->t, path, hops[i][1]);
		snprintf(path, sizeof(path), DEVICE "%s", strrchr(hops[i][0], '0') - 11);
		snprintf(to, sizeof(to), "../../../devices/pci0000:00/%s", hops[i][0]);
		tree_link(&b->t, path, to);
	}
	put_gpu(&b->t, "0000:e2:00.0", hops[2][0], "nvidia", "0\n");
	merge(b);
	assert_false(b->m.gpus[0].way_width.is);
	assert_int_equal(b->m.gpus[5].max_width.value, 16);
	assert_int_equal(b->m.gpus[5].way_width.value, 8);
	assert_int_equal(b->m.gpus[5].way_gen.value, 5);
}

static void a_guests_port_is_no_end_of_the_link(void **state)
{
	struct bench *b = *state;

	tree_file(&b->t, "sys/class/dmi/id/sys_vendor", "QEMU\n");
	merge(b);
	assert_int_equal(b->m.gpus[0].max_gen.value, 5);
	assert_int_equal(b->m.gpus[0].max_width.value, 16);
}

/* Device Control at offset 8 of capability 0x10, here behind another one. */
static void payload_size_from_config_space(void **state)
{
	unsigned char c[256] = { [0x34] = 0x40, [0x40] = 0x05, [0x41] = 0x60,
				 [0x60] = 0x10, [0x61] = 0x00, [0x68] = 0x2f };
	struct bench *b = *state;

	tree_bytes(&b->t, DEVICE "0000:17:00.0/config", c, sizeof(c));
	tree_bytes(&b->t, DEVICE "0000:b1:00.0/config", c, 64);
	merge(b);
	assert_true(b->m.gpus[0].mps.is);
	assert_int_equal(b->m.gpus[0].mps.value, 256);
	assert_string_equal(b->m.gpus[2].mps.why, "the kernel shows it to root only");
}

static void a_loop_of_capabilities_ends(void **state)
{
	unsigned char c[256] = { [0x34] = 0x40, [0x40] = 0x05, [0x41] = 0x40 };
	struct bench *b = *state;

	tree_bytes(&b->t, DEVICE "0000:17:00.0/config", c, sizeof(c));
	merge(b);
	assert_string_equal(b->m.gpus[0].mps.why, "no PCI Express capability");
}

static void hidden_by_cuda_visible_devices(void **state)
{
	static const struct {
		const char *value;
		bool first, second; /* of those two that the nvidia driver has: listed? */
	} rows[] = {
		{ "CUDA_VISIBLE_DEVICES=", false, false },
		{ "CUDA_VISIBLE_DEVICES=1", false, true },
		{ "CUDA_VISIBLE_DEVICES=1,0", true, true },
		{ "CUDA_VISIBLE_DEVICES=GPU-0000:17", true, false },
		{ "CUDA_VISIBLE_DEVICES=-1,0", false, false },
		{ "CUDA_VISIBLE_DEVICES=0,x,1", true, false },
		{ "CUDA_VISIBLE_DEVICES=MIG-1234", false, false },
		{ "CUDA_VISIBLE_DEVICESX=1", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench *b;
		void *fresh;

		set_up(&fresh);
		b = fresh;
		environment(b, rows[i].value);
		nvml_sees(b, "0000:17:00.0", 0);
		nvml_sees(b, "0000:b1:00.0", 0);
		merge(b);
		/* CUDA offers neither: a listed one is lost, another hidden. */
		assert_int_equal(b->m.gpus[0].state, rows[i].first ? GPU_LOST : GPU_HIDDEN);
		assert_int_equal(b->m.gpus[2].state, rows[i].second ? GPU_LOST : GPU_HIDDEN);
		if (!rows[i].first)
			assert_non_null(strstr(b->m.gpus[0].state_why, rows[i].value));
		tear_down(&fresh);
	}
}

static void hidden_by_a_container(void **state)
{
	struct bench *b = *state;

	tree_file(&b->t, "proc/driver/nvidia/gpus/0000:17:00.0/information",
		  "Model: \t\t NVIDIA H100\nGPU UUID: \t GPU-1\nDevice Minor: \t 3\n");
	merge(b);
	assert_int_equal(b->m.gpus[0].state, GPU_HIDDEN);
	assert_non_null(strstr(b->m.gpus[0].state_why, "/dev/nvidia3"));
	assert_string_equal(b->m.gpus[0].name, "NVIDIA H100");
	/* The driver's folder, mounted by the container runtime, lacks the other. */
	assert_int_equal(b->m.gpus[2].state, GPU_HIDDEN);
}

static void hidden_by_a_device_cgroup(void **state)
{
	struct bench *b = *state;

	tree_file(&b->t, "proc/driver/nvidia/gpus/0000:17:00.0/information", "Device Minor: 3\n");
	tree_file(&b->t, "dev/nvidia3", "");
	idset_add(&b->a.refused, 3);
	merge(b);
	assert_int_equal(b->m.gpus[0].state, GPU_HIDDEN);
	assert_non_null(strstr(b->m.gpus[0].state_why, "device cgroup"));
}

static void hidden_by_nvidia_visible_devices(void **state)
{
	struct bench *b = *state;

	environment(b, "NVIDIA_VISIBLE_DEVICES=0");
	nvml_sees(b, "0000:17:00.0", 0);
	cuda_sees(b, "0000:17:00.0", 0);
	merge(b);
	assert_int_equal(b->m.gpus[0].state, GPU_USABLE);
	assert_int_equal(b->m.gpus[2].state, GPU_HIDDEN);
}

static void lost_with_the_reason(void **state)
{
	struct bench *b = *state;

	nvml_sees(b, "0000:17:00.0", 0);
	b->a.cuda_rc = -EIO;
	strcpy(b->a.cuda_text, "cudaGetDeviceCount: cudaErrorSystemNotReady");
	merge(b);
	assert_int_equal(b->m.gpus[0].state, GPU_LOST);
	assert_string_equal(b->m.gpus[0].state_why, b->a.cuda_text);
	assert_string_equal(b->m.cuda_why, b->a.cuda_text);
}

static void off_the_bus(void **state)
{
	struct bench *b = *state;

	nvml_sees(b, "0000:17:00.0", 0);
	cuda_sees(b, "0000:17:00.0", 0);
	merge(b);
	assert_int_equal(b->m.gpus[2].state, GPU_LOST);
	assert_non_null(strstr(b->m.gpus[2].state_why, "fallen off the bus"));
}

static void a_driver_that_hangs(void **state)
{
	struct bench *b = *state;

	b->a.cuda_answered = b->a.nvml_answered = false;
	strcpy(b->a.ended, "the NVIDIA driver did not answer within 30 s");
	merge(b);
	assert_int_equal(b->m.gpus[0].state, GPU_LOST);
	assert_string_equal(b->m.gpus[0].state_why, b->a.ended);
	assert_string_equal(b->m.cuda_why, b->a.ended);
	/* What never belonged to the driver is not its victim. */
	assert_int_equal(b->m.gpus[1].state, GPU_VFIO);
}

static void nobody_asked(void **state)
{
	struct bench *b = *state;

	b->a.asked = false;
	merge(b);
	assert_int_equal(b->m.gpus[0].state, GPU_UNPROBED);
	assert_false(b->m.cuda_asked);
}

static void built_without_cuda(void **state)
{
	struct bench *b = *state;

	b->m.cuda_build = false;
	b->a.cuda_rc = -ENOSYS;
	strcpy(b->a.cuda_text, "built without CUDA");
	merge(b);
	assert_int_equal(b->m.gpus[0].state, GPU_NO_CUDA);
	assert_string_equal(b->m.gpus[0].state_why, "this build has no CUDA");
	assert_string_equal(b->m.cuda_why, "built without CUDA");
	/* CUDA could not have used these either. */
	assert_int_equal(b->m.gpus[1].state, GPU_VFIO);
	assert_int_equal(b->m.gpus[3].state, GPU_NO_DRIVER);
}

/* Of another machine, this build says nothing. */
static void recorded_and_built_without_cuda(void **state)
{
	struct bench *b = *state;

	b->m.live = b->m.cuda_build = false;
	b->a.asked = false;
	merge(b);
	for (size_t i = 0; i < b->m.ngpus; i++) {
		assert_int_equal(b->m.gpus[i].state, GPU_UNPROBED);
		assert_string_equal(b->m.gpus[i].state_why, "a recorded machine");
	}
}

static void busy_gpus(void **state)
{
	struct bench *b = *state;
	struct nvml_facts *f = nvml_sees(b, "0000:17:00.0", 0);

	f->processes = KNOWN(2);
	f->busy_pid = KNOWN(4711);
	tree_file(&b->t, "proc/4711/comm", "python\n");
	f = nvml_sees(b, "0000:b1:00.0", 0);
	f->processes = KNOWN(0);
	merge(b);
	assert_true(b->m.gpus[0].busy);
	assert_string_equal(b->m.gpus[0].busy_why, "process 4711 (python) uses it, and others");
	assert_false(b->m.gpus[2].busy);
}

static void paths_from_the_bridges(void **state)
{
	static const struct {
		const char *a, *b, *word;
		int node_a, node_b;
	} rows[] = {
		/* below one port; below one switch; below two; below two ports; two roots */
		{ "pci0:0/p1/a", "pci0:0/p1/b", "PIX", 0, 0 },
		{ "pci0:0/p1/up/d1/a", "pci0:0/p1/up/d2/b", "PIX", 0, 0 },
		{ "pci0:0/p1/up/d1/u/d/a", "pci0:0/p1/up/d2/u/d/b", "PXB", 0, 0 },
		{ "pci0:0/p1/a", "pci0:0/p2/b", "PHB", 0, 0 },
		{ "pci0:0/p1/a", "pci1:0/p2/b", "NODE", 0, 0 },
		{ "pci0:0/p1/a", "pci1:0/p2/b", "SYS", 0, 1 },
		{ "", "pci1:0/p2/b", "SYS", 0, 1 },
		{ "", "", "", 0, 0 },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gpu_list l = { 0 };
		struct machine *m = &b->m;

		strcpy(gpu_list_add(&l, "0000:01:00.0")->chain, rows[i].a);
		strcpy(gpu_list_add(&l, "0000:02:00.0")->chain, rows[i].b);
		l.v[0].gpu.node_sysfs = KNOWN(rows[i].node_a);
		l.v[1].gpu.node_sysfs = KNOWN(rows[i].node_b);
		m->ngpus = 2;
		assert_int_equal(gpus_paths(m, &l, &b->a), 0);
		assert_string_equal(m->gpu_paths[0], "X");
		assert_string_equal(m->gpu_paths[1], rows[i].word);
		assert_string_equal(m->gpu_paths[2], rows[i].word);
		free(m->gpu_paths);
		m->gpu_paths = NULL;
		m->ngpus = 0;
		free(l.v);
	}
}

/* GPU memory that only CUDA knows of goes out of the nodes, and of the distances. */
static void own_memory_is_no_host_node(void **state)
{
	static const int distances[9] = { 10, 20, 80, 20, 10, 81, 80, 81, 10 };
	struct bench *b = *state;

	b->m.nodes = realloc(b->m.nodes, 3 * sizeof(*b->m.nodes));
	b->m.nodes[2] = (struct node){ .id = 8, .kind = NODE_CPULESS };
	b->m.nnodes = 3;
	b->m.distances = calloc(9, sizeof(int));
	memcpy(b->m.distances, distances, sizeof(distances));
	cuda_sees(b, "0000:17:00.0", 0);
	b->a.cuda[0].own_node = KNOWN(8);
	merge(b);
	assert_int_equal(b->m.nnodes, 2);
	assert_int_equal(machine_distance(&b->m, 0, 1).value, 20);
	assert_int_equal(machine_distance(&b->m, 1, 1).value, 10);
	assert_int_equal(b->m.gpus[0].own_memory_node.value, 8);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(numbers_follow_the_bus),
		EACH(links_are_the_smaller_of_both_ends),
		EACH(a_switch_may_hang_on_less),
		EACH(a_guests_port_is_no_end_of_the_link),
		EACH(payload_size_from_config_space),
		EACH(a_loop_of_capabilities_ends),
		EACH(hidden_by_cuda_visible_devices),
		EACH(hidden_by_a_container),
		EACH(hidden_by_a_device_cgroup),
		EACH(hidden_by_nvidia_visible_devices),
		EACH(lost_with_the_reason),
		EACH(off_the_bus),
		EACH(a_driver_that_hangs),
		EACH(nobody_asked),
		EACH(built_without_cuda),
		EACH(recorded_and_built_without_cuda),
		EACH(busy_gpus),
		EACH(paths_from_the_bridges),
		EACH(own_memory_is_no_host_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
