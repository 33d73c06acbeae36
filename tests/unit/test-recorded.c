/* Recorded machines: what ../shared/machines has, when it is there, and folders
 * and files that are broken in every way. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine/probe.h"
#include "tree.h"

/* The folder beside the repository; the programs are run from its root. */
#define MACHINES "../shared/machines"

/* hwloc 2.9 forgets what it had built when an XML file ends too soon. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libhwloc.so\n";
}

static struct idset ids(const char *list)
{
	struct idset s = { 0 };

	assert_int_equal(idset_parse_kernel(&s, list), 0);
	return s;
}

static void is_list(struct idset s, const char *list)
{
	char text[1024];

	idset_format(&s, text, sizeof(text));
	assert_string_equal(text, list);
}

static int load(struct machine *m, const char *path, struct err *e)
{
	struct probe_spec spec = probe_spec_default();

	spec.recorded = path;
	return machine_probe(m, &spec, e);
}

/* Unpacks an archive into t and fills path with the one folder in it. */
static void unpack(struct tree *t, const char *name, char path[512])
{
	char command[512];
	struct dirent *de;
	DIR *d;

	snprintf(command, sizeof(command), "%s/%s", MACHINES, name);
	if (access(command, R_OK) != 0) {
		print_message("# no %s\n", command);
		fail();
	}
	tree_new(t);
	snprintf(command, sizeof(command), "tar -xjf %s/%s -C %s", MACHINES, name, t->path);
	assert_int_equal(system(command), 0);
	d = opendir(t->path);
	assert_non_null(d);
	while ((de = readdir(d)))
		if (de->d_name[0] != '.')
			snprintf(path, 512, "%s/%s", t->path, de->d_name);
	closedir(d);
}

static void load_archive(struct machine *m, struct tree *t, const char *name)
{
	struct err e = { "" };
	char path[512];

	unpack(t, name, path);
	if (load(m, path, &e) != 0)
		fail_msg("%s: %s", name, e.text);
	assert_false(m->live);
	assert_non_null(m->host);
}

static struct idset node_ids(const struct machine *m)
{
	struct idset s = { 0 };

	for (size_t i = 0; i < m->nnodes; i++)
		idset_add(&s, m->nodes[i].id);
	return s;
}

/* ---- the five machines ---- */

static void dgx2(void **state)
{
	static const char *const first[] = { "0000:34:00.0", "0000:36:00.0", "0000:39:00.0",
					     "0000:3b:00.0", "0000:57:00.0" };
	struct machine m;
	struct err e = { "" };
	bool shared = false;

	(void)state;
	assert_int_equal(load(&m, MACHINES "/nvidia-dgx2.xml", &e), 0);
	assert_int_equal(m.nnodes, 2);
	assert_int_equal(m.ngpus, 16);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(m.gpus[i].pci, first[i]);
	for (size_t i = 0; i < 16; i++) {
		struct known k = gpu_declared_node(&m, &m.gpus[i]);

		assert_int_equal(m.gpus[i].index, i);
		assert_true(k.is);
		assert_int_equal(k.value, i / 8);
		assert_int_equal(m.gpus[i].state, GPU_UNPROBED);
		assert_string_equal(m.gpus[i].name, "Tesla V100-SXM3-32GB-H");
		assert_int_equal(strncmp(m.gpus[i].uuid, "GPU-", 4), 0);
	}
	is_list(m.nodes[0].cpus, "0-1");
	is_list(m.nodes[1].cpus, "24-25");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(m.nodes[i].ncores, 2);
		assert_in_range(m.nodes[i].memory_bytes.value, 750LL << 30, 760LL << 30);
		assert_int_equal(m.nodes[i].package.value, i);
		machine_share_cores(&m.nodes[i], 0, 8, &shared);
		assert_true(shared);
	}
	assert_int_equal(machine_distance(&m, 0, 1).value, 21);
	/* Six NVLinks each, through the switches. */
	assert_string_equal(m.gpu_paths[1], "NV6");
	assert_string_equal(m.gpu_paths[15], "NV6");
	assert_string_equal(m.gpu_paths[17], "X");
	machine_release(&m);
}

static void power9(void **state)
{
	static const char *const pci[] = { "0004:05:00.0", "0004:06:00.0", "0006:00:00.0",
					   "0007:00:00.0", "0035:04:00.0", "0035:05:00.0" };
	struct machine m;
	struct tree t;

	(void)state;
	load_archive(&m, &t, "power9-gpu-memory-nodes.tar.bz2");
	is_list(node_ids(&m), "0,8");
	is_list(m.nodes[0].cpus, "0-15");
	is_list(m.nodes[1].cpus, "88-103");
	assert_int_equal(m.nodes[0].ncores, 4);
	is_list(m.nodes[0].cores[0].cpus, "0-3");
	assert_int_equal(machine_distance(&m, 0, 8).value, 40);
	assert_int_equal(m.ngpus, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(m.gpus[i].pci, pci[i]);
		assert_int_equal(gpu_declared_node(&m, &m.gpus[i]).value, i < 3 ? 0 : 8);
		assert_true(m.gpus[i].own_memory_node.is);
		assert_int_equal(m.gpus[i].own_memory_node.value, 255 - (int)i);
	}
	assert_string_equal(m.gpu_paths[5], "SYS");
	assert_string_equal(m.gpu_paths[2], "NODE");
	machine_release(&m);
	tree_remove(&t);
}

static void xeon(void **state)
{
	struct machine m;
	struct tree t;
	size_t nics = 0, on_node_2 = 0;

	(void)state;
	load_archive(&m, &t, "xeon-4node-pci.tar.bz2");
	is_list(node_ids(&m), "0-3");
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(m.nodes[i].ncores, 10);
		assert_in_range(m.nodes[i].memory_bytes.value, 127LL << 30, 129LL << 30);
		assert_true(m.nodes[i].allowed);
		assert_false(m.nodes[i].giveable_bytes.is);
	}
	is_list(m.nodes[1].cpus, "1,5,9,13,17,21,25,29,33,37");
	/* Its Matrox VGA adapter is no NVIDIA GPU. */
	assert_int_equal(m.ngpus, 0);
	assert_null(m.gpu_paths);
	for (size_t i = 0; i < m.ndevices; i++) {
		nics += m.devices[i].kind == DEVICE_NIC;
		on_node_2 += m.devices[i].node.is && m.devices[i].node.value == 2;
		if (strcmp(m.devices[i].name, "qib0") == 0)
			assert_string_equal(m.devices[i].pci, "0000:43:00.0");
	}
	assert_int_equal(nics, 6);
	assert_int_equal(on_node_2, 2);
	assert_int_equal(machine_llc_bytes(&m, &m.nodes[0].cpus), 30 << 20);
	assert_int_equal(machine_llc_bytes(&m, &m.allowed_cpus), 120 << 20);
	machine_release(&m);
	tree_remove(&t);
}

static void opteron(void **state)
{
	struct machine m;
	struct tree t;
	struct idset s;

	(void)state;
	load_archive(&m, &t, "opteron-8node-cpuset.tar.bz2");
	is_list(node_ids(&m), "0-7");
	/* The cpuset has CPUs 0-6,12-15 and memory 1-4; CPU 4 is offline. */
	is_list(m.allowed_cpus, "0-3,5-6,12-15");
	is_list(machine_cpu_nodes(&m), "0-3,6-7");
	is_list(machine_memory_nodes(&m), "1-4");
	assert_int_equal(m.nodes[4].ncores, 0);
	assert_int_equal(m.nodes[3].ncores, 1);
	assert_int_equal(machine_memory_for(&m, 0)->id, 1);
	assert_int_equal(machine_driver(&m, 4)->id, 0);
	assert_int_equal(machine_parse_nodes(&m, "5", &s, NULL), -ENODEV);
	assert_int_equal(machine_parse_nodes(&m, "0,4", &s, NULL), 0);
	machine_release(&m);
	tree_remove(&t);
}

static void cpuless(void **state)
{
	static const struct {
		int node, driver;
	} rows[] = { { 5, 0 }, { 6, 2 }, { 7, 0 }, { 8, 1 }, { 9, 3 }, { 10, 1 } };
	struct machine m;
	struct tree t;

	(void)state;
	load_archive(&m, &t, "cpuless-memory-nodes.tar.bz2");
	is_list(node_ids(&m), "0-3,5-10");
	for (int id = 0; id < 4; id++) {
		const struct node *n = machine_node(&m, id);

		assert_int_equal(n->kind, NODE_MEMORYLESS);
		assert_int_equal(n->ncores, 2);
		assert_false(n->allowed);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct node *n = machine_node(&m, rows[i].node);

		assert_int_equal(n->kind, NODE_CPULESS);
		assert_int_equal(n->ncores, 0);
		assert_true(n->memory_bytes.value > 90LL << 30);
		assert_int_equal(machine_driver(&m, rows[i].node)->id, rows[i].driver);
	}
	assert_int_equal(machine_memory_for(&m, 1)->id, 8);
	assert_int_equal(machine_distance(&m, 0, 10).value, 28);
	machine_release(&m);
	tree_remove(&t);
}

/* ---- made up ---- */

/* A machine of two CPUs without NUMA. */
static void small_machine(struct tree *t)
{
	tree_new(t);
	tree_file(t, "sys/devices/system/cpu/online", "0-1\n");
	for (int i = 0; i < 2; i++) {
		char path[128];

		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/topology/core_id", i);
		tree_file(t, path, i ? "1\n" : "0\n");
		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%d/topology/thread_siblings", i);
		tree_file(t, path, i ? "2\n" : "1\n");
	}
	tree_file(t, "proc/meminfo", "MemTotal:        1000 kB\nMemFree:          600 kB\n");
}

static void no_numa_is_one_node(void **state)
{
	struct machine m;
	struct err e = { "" };
	struct tree t;

	(void)state;
	small_machine(&t);
	assert_int_equal(load(&m, t.path, &e), 0);
	assert_int_equal(m.nnodes, 1);
	assert_int_equal(m.nodes[0].id, 0);
	is_list(m.nodes[0].cpus, "0-1");
	assert_int_equal(m.nodes[0].ncores, 2);
	assert_int_equal(m.nodes[0].memory_bytes.value, 1000 * 1024);
	assert_int_equal(m.nodes[0].free_bytes.value, 600 * 1024);
	machine_release(&m);
	tree_remove(&t);
}

static void rubbish_files_are_survived(void **state)
{
	static const char *const files[] = {
		"sys/devices/system/node/online",
		"sys/devices/system/node/has_memory",
		"sys/devices/system/node/node0/cpulist",
		"sys/devices/system/node/node0/cpumap",
		"sys/devices/system/node/node0/meminfo",
		"sys/devices/system/node/node0/distance",
		"sys/bus/pci/devices/0000:01:00.0/vendor",
		"sys/bus/pci/devices/0000:01:00.0/class",
		"sys/bus/pci/devices/0000:01:00.0/config",
		"sys/bus/pci/devices/0000:01:00.0/max_link_speed",
		"sys/bus/pci/devices/0000:01:00.0/numa_node",
		"proc/driver/nvidia/gpus/0000:01:00.0/information",
		"proc/driver/nvidia/gpus/0000:01:00.0/numa_status",
		"proc/driver/nvidia/version",
		"proc/self/status",
		"proc/self/cgroup",
		"proc/self/mountinfo",
		"proc/zoneinfo",
		"proc/cpuinfo",
		"sys/class/net/eth0",
		"sys/kernel/mm/transparent_hugepage/enabled",
	};
	static const char *const texts[] = {
		"",
		"\n",
		"rubbish",
		"Node: 99999999999999999999\nDevice Minor: 88888888888\nCpus_allowed_list: 0-\n",
		"4294967295,-1,:::[[\xff\x01\xfe madvise",
		"0-8191",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct machine m;
		struct err e = { "" };
		struct tree t;

		small_machine(&t);
		for (size_t j = 0; j < sizeof(files) / sizeof(files[0]); j++)
			tree_file(&t, files[j], texts[i]);
		if (load(&m, t.path, &e) == 0) {
			assert_true(m.nnodes >= 1);
			machine_release(&m);
		} else {
			assert_true(e.text[0] != '\0');
		}
		tree_remove(&t);
	}
}

static void what_is_no_machine_is_refused(void **state)
{
	struct machine m;
	struct err e = { "" };
	struct tree t;
	char path[256];

	(void)state;
	assert_int_equal(load(&m, "/nonexistent/machine", &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/machine"));
	tree_new(&t);
	assert_int_equal(load(&m, t.path, &e), -EINVAL);
	tree_file(&t, "sys/devices/system/cpu/online", "\n");
	assert_int_equal(load(&m, t.path, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no CPUs"));
	assert_int_equal(m.nnodes, 0);
	tree_file(&t, "empty.xml", "");
	tree_file(&t, "rubbish.xml", "this is no XML at all\n");
	tree_file(&t, "other.xml", "<?xml version=\"1.0\"?>\n<html><body/></html>\n");
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "empty", "rubbish", "other" };

		snprintf(path, sizeof(path), "%s/%s.xml", t.path, names[i]);
		assert_int_equal(load(&m, path, &e), -EINVAL);
		assert_non_null(strstr(e.text, names[i]));
	}
	tree_remove(&t);
}

/* The XML file cut at many places: an error, or a machine, never a crash. */
static void a_truncated_xml_file_is_refused(void **state)
{
	static char text[1 << 20];
	FILE *f = fopen(MACHINES "/nvidia-dgx2.xml", "r");
	size_t n, refused = 0;
	struct tree t;
	char path[256];

	(void)state;
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	tree_new(&t);
	snprintf(path, sizeof(path), "%s/cut.xml", t.path);
	for (size_t i = 1; i < 20; i++) {
		struct machine m;
		struct err e = { "" };

		tree_bytes(&t, "cut.xml", text, n * i / 20);
		if (load(&m, path, &e) == 0) {
			machine_release(&m);
			continue;
		}
		refused++;
		assert_non_null(strstr(e.text, "cut.xml"));
	}
	assert_true(refused >= 18);
	tree_remove(&t);
}

/* A variable of the user's must not make us describe another machine. */
static void hwloc_variables_are_not_obeyed(void **state)
{
	struct machine m;
	struct tree t;

	(void)state;
	small_machine(&t);
	setenv("HWLOC_SYNTHETIC", "numa:7 core:3 pu:2", 1);
	assert_int_equal(load(&m, t.path, NULL), 0);
	assert_int_equal(m.nnodes, 1);
	assert_int_equal(m.nodes[0].ncores, 2);
	assert_string_equal(getenv("HWLOC_SYNTHETIC"), "numa:7 core:3 pu:2");
	assert_null(getenv("HWLOC_FSROOT"));
	unsetenv("HWLOC_SYNTHETIC");
	machine_release(&m);
	tree_remove(&t);
}

static void this_machine(void **state)
{
	struct probe_spec spec = probe_spec_default();
	struct machine m;
	struct err e = { "" };
	struct idset everyone = ids("");

	(void)state;
	spec.gpus = false;
	assert_int_equal(machine_probe(&m, &spec, &e), 0);
	assert_true(m.live);
	assert_true(m.nnodes >= 1);
	for (size_t i = 0; i < m.nnodes; i++) {
		struct idset cores = { 0 };

		for (size_t j = 0; j < m.nodes[i].ncores; j++)
			cores = idset_or(&cores, &m.nodes[i].cores[j].cpus);
		assert_true(idset_equal(&cores, &m.nodes[i].allowed_cpus));
		everyone = idset_or(&everyone, &m.nodes[i].allowed_cpus);
		if (m.nodes[i].kind != NODE_MEMORYLESS) {
			assert_true(m.nodes[i].memory_bytes.value > 0);
			assert_true(m.nodes[i].giveable_bytes.is);
		}
	}
	assert_true(idset_equal(&everyone, &m.allowed_cpus));
	assert_string_equal(m.cuda_why, "CUDA was not asked");
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest shared[] = {
		cmocka_unit_test(dgx2),    cmocka_unit_test(power9),
		cmocka_unit_test(xeon),    cmocka_unit_test(opteron),
		cmocka_unit_test(cpuless), cmocka_unit_test(a_truncated_xml_file_is_refused),
	};
	const struct CMUnitTest own[] = {
		cmocka_unit_test(no_numa_is_one_node),
		cmocka_unit_test(rubbish_files_are_survived),
		cmocka_unit_test(what_is_no_machine_is_refused),
		cmocka_unit_test(hwloc_variables_are_not_obeyed),
		cmocka_unit_test(this_machine),
	};
	struct CMUnitTest tests[sizeof shared / sizeof *shared + sizeof own / sizeof *own];
	size_t n = 0;

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		tests[n++] = own[i];
	for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
		if (access(MACHINES, R_OK) == 0)
			tests[n++] = shared[i];
		else
			print_message("# %s skipped: no %s here\n", shared[i].name, MACHINES);
	}
	return _cmocka_run_group_tests("recorded", tests, n, NULL, NULL);
}
