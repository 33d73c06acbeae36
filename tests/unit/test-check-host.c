/* The checks of families memory, cpu and kernel: every status of each, from made-up machines. */
#include "scene.h"

#define CHANGE(name, what)                                                                         \
	static void name(struct scene *s)                                                          \
	{                                                                                          \
		what;                                                                              \
	}

CHANGE(cpuless, (s->nodes[1].kind = NODE_CPULESS, s->nodes[1].allowed_cpus = (struct idset){ 0 }))
CHANGE(memoryless, s->nodes[1].kind = NODE_MEMORYLESS)
CHANGE(memory_apart, (memoryless(s), s->nodes[1].allowed = false, s->nodes[0].kind = NODE_CPULESS,
		      s->nodes[0].allowed_cpus = (struct idset){ 0 }))
CHANGE(less_memory, s->nodes[1].memory_bytes = KNOWN(48LL << 30))
CHANGE(little_less, s->nodes[1].memory_bytes = KNOWN(60LL << 30))
CHANGE(memory_unknown,
       (s->nodes[0].memory_bytes = s->nodes[1].memory_bytes = UNKNOWN("not recorded")))
CHANGE(no_distances, s->m.distances = NULL)
CHANGE(lopsided, s->distances[1] = 31)
CHANGE(no_distance, (s->distances[1] = s->distances[2] = 10))
CHANGE(far_from_itself, s->distances[3] = 20)
CHANGE(package_unknown, (s->nodes[0].package = s->nodes[1].package = UNKNOWN("not recorded")))
CHANGE(one_package, s->nodes[1].package = KNOWN(0))
CHANGE(undeclared, (s->gpus[0].node_sysfs = s->gpus[0].node_nvml = s->gpus[0].node_cuda =
			    UNKNOWN("not declared")))

/* Buffers of the run: so many GiB lay on a node. */
static void buffers(struct scene *s, int node, uint64_t gib)
{
	struct record r;

	record_init(&r);
	strcpy(r.test, "mem-bandwidth");
	r.mem_node = node;
	r.placement.resident = calloc(1, sizeof(*r.placement.resident));
	r.placement.nresident = 1;
	r.placement.resident[0] = (struct resident){ .node = node, .pages = gib << 18 };
	record_set(&r, "test", "mem_node", "placement", NULL);
	assert_int_equal(result_add(&s->res, &r), 0);
	record_release(&r);
	with_result(s);
}
CHANGE(enough_room, (buffers(s, 0, 10), buffers(s, 1, 10)))
CHANGE(no_buffers, with_result(s))

static void too_full(struct scene *s)
{
	buffers(s, 0, 10);
	s->nodes[1].giveable_bytes = KNOWN(2LL << 30);
}
CHANGE(too_full_guest, (too_full(s), in_guest(s)))
CHANGE(held_it, (too_full(s), buffers(s, 1, 10)))
CHANGE(room_unknown, (enough_room(s), s->nodes[0].giveable_bytes = UNKNOWN("no zoneinfo")))

/* Controllers of EDAC: package, and how many channels of each hold a module. */
static void edac(struct scene *s, const int *channels, size_t n)
{
	char path[160], text[64];

	for (size_t mc = 0; mc < n; mc++) {
		snprintf(path, sizeof(path), "sys/devices/system/edac/mc/mc%zu/mc_name", mc);
		snprintf(text, sizeof(text), "Skylake Socket#%zu IMC#%zu", mc / 2, mc % 2);
		tree_file(&s->t, path, text);
		for (int i = 0; i < 4; i++) {
			snprintf(path, sizeof(path), "sys/devices/system/edac/mc/mc%zu/dimm%d/size",
				 mc, i);
			tree_file(&s->t, path, i < channels[mc] ? "32768" : "0");
			snprintf(path, sizeof(path),
				 "sys/devices/system/edac/mc/mc%zu/dimm%d/dimm_location", mc, i);
			snprintf(text, sizeof(text), "channel %d slot 0 ", i);
			tree_file(&s->t, path, text);
		}
	}
}
CHANGE(equal_channels, edac(s, (const int[]){ 3, 3, 3, 3 }, 4))
CHANGE(fewer_channels, edac(s, (const int[]){ 3, 3, 3, 1 }, 4))

static void speeds(struct scene *s, unsigned first, unsigned second)
{
	for (unsigned i = 0; i < 3; i++) {
		unsigned speed = i ? second : first;
		unsigned char v[0x28] = { [0x0c] = 0xff,
					  [0x0d] = 0x7f,
					  [0x20] = (unsigned char)speed,
					  [0x21] = (unsigned char)(speed >> 8),
					  [0x27] = 1 };
		char path[80];

		if (i == 2) /* an empty slot */
			v[0x0c] = v[0x0d] = v[0x20] = v[0x21] = 0;
		snprintf(path, sizeof(path), "sys/firmware/dmi/entries/17-%u/raw", i);
		tree_bytes(&s->t, path, v, sizeof(v));
	}
}
CHANGE(one_speed, speeds(s, 4800, 4800))
CHANGE(two_speeds, speeds(s, 4800, 4400))

#define HUGE0    NODE "node0/hugepages/hugepages-2048kB/nr_hugepages"
#define HUGE1    NODE "node1/hugepages/hugepages-1048576kB/nr_hugepages"
#define LIMITS   "proc/self/limits"
#define GOVERNOR CPU "cpu2/cpufreq/scaling_governor"

static void no_governors(struct scene *s)
{
	char path[128];

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), CPU "cpu%d/cpufreq/scaling_governor", i);
		assert_int_equal(unlinkat(s->root.fd, path, 0), 0);
	}
}

static void no_idle_states(struct scene *s)
{
	char path[128];

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), CPU "cpu%d/cpuidle/state1/latency", i);
		assert_int_equal(unlinkat(s->root.fd, path, 0), 0);
	}
}

static void deep_but_off(struct scene *s)
{
	tree_file(&s->t, CPU "cpu3/cpuidle/state2/latency", "133");
	tree_file(&s->t, CPU "cpu3/cpuidle/state2/name", "C6");
	tree_file(&s->t, CPU "cpu3/cpuidle/state2/disable", "1");
}

/* The measured worth of huge pages. */
static void thp_measured(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		struct record r;

		record_init(&r);
		strcpy(r.test, "gpu-bandwidth");
		strcpy(r.metric, "bandwidth");
		r.gpu = 0;
		r.direction = DIR_H2D;
		r.memory = MEM_PAGEABLE;
		r.bytes = RECORD_USUAL_COPY;
		r.better = BETTER_HIGHER;
		r.pages_asked = i ? PAGES_THP : PAGES_4K;
		r.median = i ? 12e9 : 8e9;
		record_set(&r, "test", "metric", "gpu", "direction", "memory", "bytes", "better",
			   "pages_asked", "median", "status", NULL);
		for (int k = 0; k < 6; k++)
			assert_int_equal(record_sample(&r, r.median, k, k, 0), 0);
		assert_int_equal(result_add(&s->res, &r), 0);
		record_release(&r);
	}
	with_result(s);
}

static void no_thp(struct scene *s)
{
	json_object_del(json_object_get(s->m.host, "conditions"), "thp");
}

static void two_in_one_package(struct scene *s)
{
	static struct node more[3]; /* lives as long as the scene looks at it */

	memcpy(more, s->nodes, sizeof(s->nodes));
	more[2] = s->nodes[1];
	more[2].id = 2;
	s->m.nodes = more;
	s->m.nnodes = 3;
}

#define PASS .status = CHECK_PASS
#define WARN .status = CHECK_WARN
#define FAIL .status = CHECK_FAIL
#define SKIP .status = CHECK_SKIP

static const struct scene_row memory[] = {
	{ "memory.nodes", PASS, "CPUs and memory" },
	{ "memory.nodes", PASS, "those of node 0 are the nearest", NULL, cpuless },
	{ "memory.nodes", PASS, "a node of its own, 0", NULL, memory_apart },
	{ "memory.nodes", WARN, "no memory", "put modules into that socket", memoryless },
	{ "memory.sizes", PASS, "64 GiB" },
	{ "memory.sizes", PASS, "60 GiB", NULL, little_less },
	{ "memory.sizes", WARN, "48 GiB", "dmidecode", less_memory },
	{ "memory.sizes", SKIP, "one NUMA node", NULL, one_node },
	{ "memory.sizes", SKIP, "not known", NULL, memory_unknown },
	{ "memory.channels", PASS, "6 channels with a module, 6 modules", NULL, equal_channels },
	{ "memory.channels", WARN, "4 channels with a module", "dmidecode", fewer_channels },
	{ "memory.channels", PASS, "4800 MT/s", NULL, one_speed },
	{ "memory.channels", WARN, "from 4400 to 4800 MT/s", "dmidecode", two_speeds },
	{ "memory.channels", SKIP, "no EDAC driver" },
	{ "memory.channels", SKIP, "no memory modules", NULL, equal_channels },
	{ "memory.channels", SKIP, "XML", NULL, no_files },
	{ "memory.distances", PASS, "symmetric, 2 x 2" },
	{ "memory.distances", WARN, "31 one way, 21 the other", NULL, lopsided },
	{ "memory.distances", WARN, "10", "SLIT", no_distance },
	{ "memory.distances", WARN, "20", "SLIT", far_from_itself },
	{ "memory.distances", SKIP, "gives none", NULL, no_distances },
	{ "memory.free", PASS, "60 GiB", NULL, enough_room },
	{ "memory.free", PASS, "2 GiB", NULL, held_it },
	{ "memory.free", FAIL, "2 GiB could be had", "drop_caches", too_full },
	{ "memory.free", WARN, "2 GiB could be had", NULL, too_full_guest },
	{ "memory.free", SKIP, "needs a run" },
	{ "memory.free", SKIP, "no buffers", NULL, no_buffers },
	{ "memory.free", SKIP, "no zoneinfo", NULL, room_unknown },
};

static const struct scene_row memory_use[] = {
	{ "memory.huge-pages", PASS, "none are reserved" },
	{ "memory.huge-pages", PASS, "2 GiB", .files = { { HUGE0, "1024" }, { HUGE1, "2" } } },
	{ "memory.huge-pages", WARN, "0 GiB", "node1/hugepages", .files = { { HUGE0, "1024" } } },
	{ "memory.huge-pages", SKIP, "XML", NULL, no_files },
	{ "memory.swap", PASS, "there is none" },
	{ "memory.swap", PASS, "as good as none in use",
	  .files = { { "proc/meminfo", "SwapTotal: 8 kB\nSwapFree: 8 kB" } } },
	{ "memory.swap", WARN, "1 of 8 GiB", "swapoff",
	  .files = { { "proc/meminfo", "SwapTotal: 8388608 kB\nSwapFree: 7340032 kB" } } },
	{ "memory.swap", SKIP, "does not tell", .files = { { "proc/meminfo", NULL } } },
	{ "memory.memlock", PASS, "unlimited" },
	{ "memory.memlock", PASS, "exempt",
	  .files = { { LIMITS, "Max locked memory 8388608 8388608 bytes" },
		     { "proc/self/status", "CapEff:\t0000000000004000" } } },
	{ "memory.memlock", WARN, "64 KiB", "ulimit -l",
	  .files = { { LIMITS, "Max locked memory 65536 65536 bytes" } } },
	{ "memory.memlock", WARN, "64 KiB; it is exempt itself", "90-memlock.conf",
	  .files = { { LIMITS, "Max locked memory 65536 65536 bytes" },
		     { "proc/self/status", "CapEff:\t000001ffffffffff" } } },
	{ "memory.memlock", SKIP, "cannot be read", .files = { { LIMITS, "nothing" } } },
	{ "memory.memlock", SKIP, "no NVIDIA GPU", NULL, no_gpus },
};

static const struct scene_row cpu[] = {
	{ "cpu.governor", PASS, "performance" },
	{ "cpu.governor", WARN, "powersave", "cpupower", .files = { { GOVERNOR, "powersave" } } },
	{ "cpu.governor", SKIP, "does not set", NULL, no_governors },
	{ "cpu.idle-states", PASS, "C1, takes 2 us" },
	{ "cpu.idle-states", PASS, "C1, takes 2 us", NULL, deep_but_off },
	{ "cpu.idle-states", WARN, "C6, takes 133 us", "idle-set",
	  .files = { { CPU "cpu3/cpuidle/state2/latency", "133" },
		     { CPU "cpu3/cpuidle/state2/name", "C6" } } },
	{ "cpu.idle-states", SKIP, "no sleep states", NULL, no_idle_states },
	{ "cpu.smt", PASS, "on" },
	{ "cpu.smt", SKIP, "does not tell", .files = { { CPU "smt/control", NULL } } },
	{ "cpu.nodes-per-package", PASS, "1 node in each" },
	{ "cpu.nodes-per-package", PASS, "2 nodes in each", NULL, one_package },
	{ "cpu.nodes-per-package", WARN, "1 nodes in one, 2 in another", "SNC",
	  two_in_one_package },
	{ "cpu.nodes-per-package", SKIP, "not known", NULL, package_unknown },
	{ "cpu.isolated", PASS, "none is isolated" },
	{ "cpu.isolated", PASS, "on no GPU's node", NULL, undeclared,
	  .files = { { CPU "isolated", "1" } } },
	{ "cpu.isolated", WARN, "feeds a GPU",
	  "isolcpus=", .files = { { CPU "isolated", "2-3" } } },
	{ "cpu.isolated", WARN, "feeds a GPU",
	  "nohz_full=", .files = { { "proc/cmdline", "quiet nohz_full=1 x" } } },
	{ "cpu.isolated", WARN, "feeds a GPU", NULL,
	  .files = { { "proc/cmdline", "isolcpus=domain,managed_irq,1-3 x" },
		     { CPU "isolated", NULL } } },
	{ "cpu.isolated", SKIP, "XML", NULL, no_files },
	{ "cpu.interrupts", PASS, "1 interrupt, served by CPU 0" },
	{ "cpu.interrupts", PASS, "2 interrupts, served by CPUs 1,3" },
	{ "cpu.interrupts", WARN, "1 of its 1 interrupts are served elsewhere: irq 40 by CPU 3",
	  "for i in 40; do echo 0-1 | sudo tee",
	  .files = { { "proc/irq/40/effective_affinity_list", "3" } } },
	{ "cpu.interrupts", WARN, "irq 40", "irqbalance runs and moves them back",
	  .files = { { "proc/irq/40/effective_affinity_list", "3" },
		     { "proc/77/comm", "irqbalance" } } },
	{ "cpu.interrupts", WARN,
	  "2 of its 2 interrupts are served elsewhere: irq 42-43 by CPUs 2-3", "for i in 42 43; do",
	  .files = { { "proc/irq/42/effective_affinity_list", "2" } } },
	{ "cpu.interrupts", PASS, "served by CPUs 0-1",
	  .files = { { "proc/irq/40/effective_affinity_list", NULL },
		     { "proc/irq/40/smp_affinity_list", "0-1" } } },
	{ "cpu.interrupts", WARN, "irq 40", NULL,
	  .files = { { "proc/irq/40/smp_affinity_list", "2" } } },
	{ "cpu.interrupts", PASS, "served by CPUs 0-1",
	  .files = { { "proc/irq/40/effective_affinity_list", "3" },
		     { "proc/irq/40/smp_affinity_list", "0-1" } } },
	{ "cpu.interrupts", SKIP, "nobody tells",
	  .files = { { "proc/irq/40/effective_affinity_list", "" } } },
	{ "cpu.interrupts", SKIP, "no interrupts in use",
	  .files = { { DEVICE GPU0 "/msi_irqs/40", NULL } } },
	{ "cpu.interrupts", SKIP, "node is not known", NULL, undeclared },
	{ "cpu.interrupts", SKIP, "one NUMA node", NULL, one_node },
};

#define BALANCING "proc/sys/kernel/numa_balancing"
#define SWAPS     "proc/swaps"

static const struct scene_row kernel[] = {
	{ "kernel.numa-balancing", PASS, "0, off" },
	{ "kernel.numa-balancing", WARN, "1", "kernel.numa_balancing=0",
	  .files = { { BALANCING, "1" } } },
	{ "kernel.numa-balancing", PASS, "with one node", NULL, one_node, { { BALANCING, "1" } } },
	{ "kernel.numa-balancing", PASS, "no GPU", NULL, no_gpus, { { BALANCING, "1" } } },
	{ "kernel.numa-balancing", SKIP, "no such file", .files = { { BALANCING, NULL } } },
	{ "kernel.zone-reclaim", PASS, "0" },
	{ "kernel.zone-reclaim", WARN, "1", "vm.zone_reclaim_mode=0",
	  .files = { { "proc/sys/vm/zone_reclaim_mode", "1" } } },
	{ "kernel.zone-reclaim", SKIP, "holds no number",
	  .files = { { "proc/sys/vm/zone_reclaim_mode", "x" } } },
	{ "kernel.swappiness", PASS, "60, and there is no swap" },
	{ "kernel.swappiness", WARN, "60, with swap on", "vm.swappiness=1",
	  .files = { { SWAPS, "Filename Type\n/dev/sda2 partition" } } },
	{ "kernel.swappiness", PASS, "10, with swap on",
	  .files = { { SWAPS, "Filename Type\n/dev/sda2 partition" },
		     { "proc/sys/vm/swappiness", "10" } } },
	{ "kernel.swappiness", SKIP, "no such file",
	  .files = { { "proc/sys/vm/swappiness", NULL } } },
	{ "kernel.thp", PASS, "madvise, defrag madvise" },
	{ "kernel.thp", PASS, "1.50x 4k pages (pageable h2d", NULL, thp_measured },
	{ "kernel.thp", SKIP, "has none", NULL, no_thp },
};

#define COVER(name)                                                                                \
	static void every_status_of_##name(void **state)                                           \
	{                                                                                          \
		(void)state;                                                                       \
		scenes_run(name, sizeof(name) / sizeof(name[0]));                                  \
		scenes_cover(name, sizeof(name) / sizeof(name[0]), name##_checks);                 \
	}
COVER(memory)
COVER(memory_use)
COVER(cpu)
COVER(kernel)

/* What balancing costs is told from the moves that were watched; where none was, by how far the
 * memory is that it would bring near; else not at all. */
static void what_balancing_costs(void **state)
{
	static const struct {
		const char *test, *metric;
		int cpu_node, mem_node, to_node;
		double median;
	} rows[] = {
		{ "mem-latency", "latency", 0, 0, -1, 90e-9 },
		{ "mem-latency", "latency", 0, 1, -1, 150e-9 },
		{ "migration", "balancing-time", 1, 0, 1, 2.0 },
		{ "migration", "balancing-time", 0, 1, 0, 7.5 },
	};
	const struct check *row = check_find("kernel.numa-balancing", NULL);
	struct result res;
	char text[400];

	(void)state;
	result_init(&res);
	assert_false(check_cost_here(row, NULL, NULL, text, sizeof(text)));
	assert_false(check_cost_here(row, &res, NULL, text, sizeof(text)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r;

		record_init(&r);
		strcpy(r.test, rows[i].test);
		strcpy(r.metric, rows[i].metric);
		r.cpu_node = rows[i].cpu_node;
		r.mem_node = rows[i].mem_node;
		r.to_node = rows[i].to_node;
		r.median = rows[i].median;
		record_set(&r, "test", "metric", "cpu_node", "mem_node", "median", "status", NULL);
		if (r.to_node >= 0)
			r.more = json_pack("{s:{s:i}}", "balancing", "numa_hint_faults", 4711);
		assert_int_equal(result_add(&res, &r), 0);
		record_release(&r);
		if (i == 1) {
			assert_true(check_cost_here(row, &res, NULL, text, sizeof(text)));
			assert_non_null(strstr(text, "90 ns"));
			assert_non_null(strstr(text, "150 ns"));
			/* What may show caches is no evidence. */
			record_set(&res.records[1], "undersized", NULL);
			res.records[1].undersized = true;
			assert_false(check_cost_here(row, &res, NULL, text, sizeof(text)));
			res.records[1].undersized = false;
		}
	}
	assert_true(check_cost_here(row, &res, NULL, text, sizeof(text)));
	assert_string_equal(
		text, "The pages of a process that was moved from node 1 to node 0 took 7.5 s "
		      "to come after it, with 4711 page faults.");
	result_release(&res);
}

/* What is found of one GPU costs what it costs there, not on another. */
static void costs_of_one_gpu(void **state)
{
	static struct gpu gpus[3];
	struct recommendation best[] = {
		{ .gpu = 2, .measured = true, .advantage = 2.5, .why = "two" },
		{ .gpu = 5, .measured = true, .advantage = 1.4, .why = "five" },
		{ .gpu = 7, .measured = false, .advantage = 9, .why = "seven" },
	};
	static const struct {
		const char *subject, *wanted;
	} cases[] = {
		{ NULL, "GPU 2 2.5 times" },    { "", "GPU 2 2.5 times" },
		{ "GPUs", "GPU 2 2.5 times" },  { "GPU 2 (0000:ab:00.0)", "GPU 2 2.5 times" },
		{ "GPU 5", "GPU 5 1.4 times" }, { "GPU 7", NULL },
	};
	const struct check *node = check_find("gpu.declared-node", NULL),
			   *link = check_find("pcie.link-width", NULL);
	struct result res;
	char text[400];

	(void)state;
	result_init(&res);
	res.recommendations = best;
	res.nrecommendations = sizeof(best) / sizeof(best[0]);
	res.machine.gpus = gpus;
	res.machine.ngpus = 3;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(check_cost_here(node, &res, cases[i].subject, text, sizeof(text)),
				 cases[i].wanted != NULL);
		if (cases[i].wanted)
			assert_non_null(strstr(text, cases[i].wanted));
	}
	for (int g = 0; g < 3; g++) {
		struct record r;

		gpus[g].index = g;
		gpus[g].max_gen = (struct known)KNOWN(5);
		gpus[g].max_width = (struct known)KNOWN(16);
		record_init(&r);
		r.gpu = g;
		record_set(&r, "gpu", NULL);
		r.more = json_pack("{s:{s:i,s:i}}", "link_during", "gen", g ? 5 : 3, "width", 16);
		assert_int_equal(result_add(&res, &r), 0);
		record_release(&r);
	}
	assert_true(check_cost_here(link, &res, NULL, text, sizeof(text)));
	assert_non_null(strstr(text, "The link of GPU 0 can"));
	assert_true(check_cost_here(link, &res, "GPU 1 (0000:ac:00.0)", text, sizeof(text)));
	assert_non_null(strstr(text, "Nothing: its link"));
	res.recommendations = NULL;
	res.nrecommendations = 0;
	res.machine = (struct machine){ .nnodes = 0 };
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs_of_one_gpu),
		cmocka_unit_test(every_status_of_memory),
		cmocka_unit_test(every_status_of_memory_use),
		cmocka_unit_test(every_status_of_cpu),
		cmocka_unit_test(every_status_of_kernel),
		cmocka_unit_test(what_balancing_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
