/* The checks of family gpu: every status of each, from made-up machines. */
#include "scene.h"

/* A named change of the scene `s` in one line. */
#define CHANGE(name, what)                                                                         \
	static void name(struct scene *s)                                                          \
	{                                                                                          \
		what;                                                                              \
	}

CHANGE(lost, (s->gpus[1].state = GPU_LOST, strcpy(s->gpus[1].state_why, "fell off the bus")))
CHANGE(hidden, (s->gpus[0].state = s->gpus[1].state = GPU_HIDDEN))
CHANGE(no_driver, s->gpus[0].state = GPU_NO_DRIVER)
CHANGE(vfio, s->gpus[0].state = GPU_VFIO)
CHANGE(unprobed, s->gpus[0].state = GPU_UNPROBED)
CHANGE(no_cuda, s->gpus[0].state = GPU_NO_CUDA)
CHANGE(not_asked, s->driver.asked = false)
CHANGE(built_without, s->driver.cuda_runtime = 0)
CHANGE(without_driver, s->driver.cuda_driver = 0)
CHANGE(old_driver, s->driver.cuda_driver = 12080)
CHANGE(older_runtime, s->driver.cuda_runtime = 12040)
CHANGE(disagree, s->gpus[0].node_cuda = KNOWN(1))
CHANGE(no_such_node,
       (s->gpus[0].node_sysfs = s->gpus[0].node_nvml = s->gpus[0].node_cuda = KNOWN(3)))
CHANGE(undeclared, (s->gpus[1].node_sysfs = s->gpus[1].node_nvml = s->gpus[1].node_cuda =
			    UNKNOWN("not declared (numa_node is -1)")))
CHANGE(undeclared_guest, (undeclared(s), in_guest(s)))
CHANGE(undeclared_one_node, (undeclared(s), one_node(s)))
CHANGE(own_memory, s->gpus[0].own_memory_node = KNOWN(8))
CHANGE(no_render_node, s->gpus[0].render_node[0] = '\0')
CHANGE(undeclared_render, (undeclared(s), s->gpus[0].render_node[0] = '\0'))
CHANGE(other_vbios, strcpy(s->facts[1].vbios, "95.00.9"))
CHANGE(other_width, s->gpus[1].max_width = KNOWN(8))
CHANGE(other_name, strcpy(s->gpus[1].name, "NVIDIA A100"))
CHANGE(busy, (s->gpus[1].busy = true, strcpy(s->gpus[1].busy_why, "process 77 (python) uses it")))
CHANGE(desktop, strcpy(s->gpus[1].desktop, "process 77 (Xorg) draws on it"))
CHANGE(unseen, (s->driver.nnvml = 1))
CHANGE(persistence_off, s->facts[0].persistence = KNOWN(0))
CHANGE(persistence_unknown, s->facts[0].persistence = UNKNOWN("NVML does not tell"))
CHANGE(ecc_off_one, s->facts[1].ecc = KNOWN(0))
CHANGE(ecc_off, (s->facts[0].ecc = s->facts[1].ecc = KNOWN(0)))
CHANGE(ecc_none, s->facts[0].ecc = UNKNOWN("NVML does not tell"))
CHANGE(ecc_errors, s->facts[1].ecc_uncorrected = KNOWN(3))
CHANGE(ecc_pending, s->facts[1].repair_pending = KNOWN(1))
CHANGE(ecc_failed, s->facts[1].repair_failed = KNOWN(1))
CHANGE(ecc_uncounted,
       (s->facts[0].ecc_uncorrected = s->facts[0].repair_pending = UNKNOWN("NVML does not tell")))
CHANGE(clocks_free, with_record(s, 0, "{\"clock_reasons\": []}"))
CHANGE(clocks_hot, with_record(s, 0, "{\"clock_reasons\": [\"hw-slowdown\", \"hw-thermal\"]}"))
CHANGE(clocks_brake, with_record(s, 1, "{\"clock_reasons\": [\"power-brake\"]}"))
CHANGE(clocks_warm, with_record(s, 0, "{\"clock_reasons\": [\"sw-thermal\"]}"))
CHANGE(clocks_capped, with_record(s, 0, "{\"clock_reasons\": [\"sw-power-cap\"]}"))
CHANGE(power_low, s->facts[1].power_limit_mw = KNOWN(350000))
CHANGE(power_unknown, s->facts[1].power_limit_mw = UNKNOWN("NVML does not tell"))
CHANGE(clock_set, s->facts[1].clock_mhz = KNOWN(1200))
CHANGE(clock_none, s->facts[1].clock_mhz = UNKNOWN("NVML does not tell"))
CHANGE(bar1_small, s->facts[0].bar1_bytes = KNOWN(256LL << 20))
CHANGE(bar1_unknown, s->facts[0].bar1_bytes = UNKNOWN("NVML does not tell"))
CHANGE(mig_on, s->facts[0].mig = KNOWN(1))
CHANGE(mig_none, s->facts[0].mig = UNKNOWN("NVML does not tell"))
CHANGE(links_down, s->facts[1].nvlinks_up = KNOWN(12))
CHANGE(links_none, (s->facts[0].nvlinks = s->facts[0].nvlinks_up = UNKNOWN("NVML does not tell")))
CHANGE(links_all_down, (s->facts[0].nvlinks_up = s->facts[1].nvlinks_up = KNOWN(0)))

static void measured_elsewhere(struct scene *s)
{
	s->recommendations[0] = (struct recommendation){ .gpu = 0,
							 .has_node = true,
							 .node = 1,
							 .measured = true,
							 .advantage = 1.35,
							 .agreement = DISAGREES };
	s->res.recommendations = s->recommendations;
	s->res.nrecommendations = 1;
	with_result(s);
}

static void a_switch(struct scene *s)
{
	tree_file(&s->t, "sys/devices/pci0000:20/0000:20:00.0/vendor", "0x10de");
	tree_file(&s->t, "sys/devices/pci0000:20/0000:20:00.0/class", "0x068000");
	tree_link(&s->t, DEVICE "0000:20:00.0", "../../../devices/pci0000:20/0000:20:00.0");
	links_all_down(s);
}

#define PASS .status = CHECK_PASS
#define WARN .status = CHECK_WARN
#define FAIL .status = CHECK_FAIL
#define SKIP .status = CHECK_SKIP

static const struct scene_row rows[] = {
	{ "gpu.present", PASS, "CUDA runs on it" },
	{ "gpu.present", PASS, "virtual machine", .change = vfio },
	{ "gpu.present", FAIL, "fell off the bus", "dmesg", lost },
	{ "gpu.present", SKIP, "hidden", NULL, hidden },
	{ "gpu.present", SKIP, "not asked", NULL, unprobed },
	{ "gpu.present", SKIP, "no NVIDIA GPU", NULL, no_gpus },
	{ "gpu.present", WARN, "does not hold it", "modprobe nvidia", no_driver },
	{ "gpu.present", WARN, "this build has none", "make CUDA_HOME", no_cuda },
	{ "gpu.driver", PASS, "CUDA 13.0" },
	{ "gpu.driver", PASS, "CUDA 12.4", NULL, older_runtime },
	{ "gpu.driver", FAIL, "driver for CUDA 12.8", "R580", old_driver },
	{ "gpu.driver", SKIP, "CUDA was not asked", NULL, not_asked },
	{ "gpu.driver", SKIP, "without CUDA", NULL, built_without },
	{ "gpu.driver", SKIP, "no NVIDIA driver", NULL, without_driver },
	{ "gpu.declared-node", PASS, "sysfs node 0, NVML node 0, CUDA node 0" },
	{ "gpu.declared-node", PASS, "one node", NULL, undeclared_one_node },
	{ "gpu.declared-node", FAIL, "CUDA node 1", "_PXM", disagree },
	{ "gpu.declared-node", FAIL, "no such node", "_PXM", no_such_node },
	{ "gpu.declared-node", FAIL, "numa_node is -1", "numabench --all", undeclared },
	{ "gpu.declared-node", WARN, "numa_node is -1", "<node>", undeclared_guest },
	{ "gpu.declared-node", WARN, "node 1 feeds it best",
	  "numactl --cpunodebind=1 --membind=1 bash", measured_elsewhere },
	{ "gpu.declared-node", SKIP, "no NVIDIA GPU", NULL, no_gpus },
	{ "gpu.declared-node", SKIP, "that this process may use", NULL, hidden },
	{ "gpu.memory-node", PASS, "NUMA node 8", NULL, own_memory },
	{ "gpu.memory-node", SKIP, "no GPU's memory" },
	{ "gpu.render-node", PASS, "/dev/dri/renderD129, node 0" },
	{ "gpu.render-node", PASS, "no node declared", NULL, undeclared_render },
	{ "gpu.render-node", SKIP, "no render node", NULL, no_render_node },
	{ "gpu.equal", PASS, "as the others" },
	{ "gpu.equal", WARN, "VBIOS: 95.00.9", "VBIOS", other_vbios },
	{ "gpu.equal", WARN, "link ability: Gen5 x8", "slot", other_width },
	{ "gpu.equal", SKIP, "no other GPU", NULL, other_name },
	{ "gpu.idle", PASS, "nobody else" },
	{ "gpu.idle", WARN, "python", "--busy", busy },
	{ "gpu.idle", WARN, "draws on it", "--busy", desktop },
	{ "gpu.idle", SKIP, "NVML was not asked", NULL, no_nvml },
};

static const struct scene_row health[] = {
	{ "gpu.persistence", PASS, "on" },
	{ "gpu.persistence", WARN, "off", "nvidia-persistenced", persistence_off },
	{ "gpu.persistence", SKIP, "does not tell", NULL, persistence_unknown },
	{ "gpu.persistence", SKIP, "does not see it", NULL, unseen },
	{ "gpu.ecc", PASS, "on" },
	{ "gpu.ecc", FAIL, "off", "nvidia-smi -i 1 -e 1", ecc_off_one },
	{ "gpu.ecc", WARN, "off", "--rules", ecc_off },
	{ "gpu.ecc", SKIP, "no ECC", NULL, ecc_none },
	{ "gpu.ecc-errors", PASS, "none" },
	{ "gpu.ecc-errors", FAIL, "3 uncorrectable", "--gpu-reset -i 1", ecc_errors },
	{ "gpu.ecc-errors", FAIL, "until the GPU is reset", "reset", ecc_pending },
	{ "gpu.ecc-errors", FAIL, "could not be replaced", "replace the GPU", ecc_failed },
	{ "gpu.ecc-errors", SKIP, "no errors", NULL, ecc_uncounted },
	{ "gpu.clock-reasons", PASS, "nothing held", NULL, clocks_free },
	{ "gpu.clock-reasons", PASS, "power limit", NULL, clocks_capped },
	{ "gpu.clock-reasons", FAIL, "too hot", "fans", clocks_hot },
	{ "gpu.clock-reasons", FAIL, "power brake", "supplies", clocks_brake },
	{ "gpu.clock-reasons", WARN, "the driver slowed it down", "air flow", clocks_warm },
	{ "gpu.clock-reasons", SKIP, "needs a run" },
	{ "gpu.clock-reasons", SKIP, "does not tell for this GPU", NULL, clocks_free },
	{ "gpu.power-limit", PASS, "700 W" },
	{ "gpu.power-limit", WARN, "350 W", "nvidia-smi -i 1 -pl 700", power_low },
	{ "gpu.power-limit", SKIP, "does not tell", NULL, power_unknown },
	{ "gpu.clocks", PASS, "default, 1980 MHz" },
	{ "gpu.clocks", PASS, "1200 MHz, the default is 1980", NULL, clock_set },
	{ "gpu.clocks", SKIP, "no applications clocks", NULL, clock_none },
};

static const struct scene_row sharing[] = {
	{ "gpu.bar1", PASS, "128 GiB" },
	{ "gpu.bar1", WARN, "0.25 GiB", "Above 4G Decoding", bar1_small },
	{ "gpu.bar1", SKIP, "does not tell", NULL, bar1_unknown },
	{ "gpu.bar1", SKIP, "NUMA node", NULL, own_memory },
	{ "gpu.mig", PASS, "off" },
	{ "gpu.mig", PASS, "this layout only", NULL, mig_on },
	{ "gpu.mig", SKIP, "no MIG", NULL, mig_none },
	{ "gpu.mps", PASS, "does not run" },
	{ "gpu.mps", PASS, "runs:", .files = { { "proc/90/comm", "nvidia-cuda-mps" } } },
	{ "gpu.mps", SKIP, "cannot be seen", .files = { { "proc/2/comm", "x" } } },
	{ "gpu.mps", SKIP, "XML", NULL, no_files },
	{ "gpu.nvlink", PASS, "18 of 18" },
	{ "gpu.nvlink", PASS, "0 of 18", NULL, links_all_down },
	{ "gpu.nvlink", WARN, "12 of 18", "fabricmanager", links_down },
	{ "gpu.nvlink", WARN, "none of 18", "fabricmanager", a_switch },
	{ "gpu.nvlink", SKIP, "no NVLink", NULL, links_none },
};

static void every_status(void **state)
{
	(void)state;
	scenes_run(rows, sizeof(rows) / sizeof(rows[0]));
	scenes_cover(rows, sizeof(rows) / sizeof(rows[0]), gpu_checks);
}

static void every_status_of_health(void **state)
{
	(void)state;
	scenes_run(health, sizeof(health) / sizeof(health[0]));
	scenes_cover(health, sizeof(health) / sizeof(health[0]), gpu_health_checks);
}

static void every_status_of_sharing(void **state)
{
	(void)state;
	scenes_run(sharing, sizeof(sharing) / sizeof(sharing[0]));
	scenes_cover(sharing, sizeof(sharing) / sizeof(sharing[0]), gpu_sharing_checks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status),
		cmocka_unit_test(every_status_of_health),
		cmocka_unit_test(every_status_of_sharing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
