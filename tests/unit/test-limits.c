/* What a process may use: cgroup v1 and v2 with their ancestors, and a node's room. */
#include "unit.h"

#include <hwloc.h>
#include <string.h>

#include "machine/parts.h"
#include "tree.h"

enum { MIB = 1 << 20 };

struct file {
	const char *path, *text;
};

/* Reads the limits of a tree of files (ended by one without a path). */
static struct limits read_tree(struct tree *t, const struct file *files)
{
	struct source s = { .root = { .fd = -1, .overlay = -1 } };
	struct limits l;
	struct err e = { "" };

	tree_new(t);
	tree_file(t, "sys/devices/system/cpu/online", "0-3\n");
	for (; files->path; files++)
		tree_file(t, files->path, files->text);
	assert_int_equal(sysroot_open_recorded(&s.root, t->path, &e), 0);
	assert_int_equal(hwtopo_load(&s, NULL, &e), 0);
	assert_int_equal(limits_read(&l, &s), 0);
	hwloc_topology_destroy(s.topo);
	sysroot_close(&s.root);
	return l;
}

static void v2_takes_the_tightest_ancestor(void **state)
{
	static const struct file files[] = {
		{ "proc/self/cgroup", "0::/a/b\n" },
		{ "proc/self/mountinfo",
		  "25 20 0:22 / /proc rw - proc proc rw\n"
		  "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n" },
		{ "sys/fs/cgroup/a/b/cpu.max", "max 100000\n" },
		{ "sys/fs/cgroup/a/cpu.max", "150000 100000\n" },
		{ "sys/fs/cgroup/a/b/memory.max", "104857600\n" },
		{ "sys/fs/cgroup/a/b/memory.current", "52428800\n" },
		{ "sys/fs/cgroup/a/b/memory.stat",
		  "anon 1\ninactive_file 10485760\nslab_reclaimable 1048576\n" },
		{ "sys/fs/cgroup/a/memory.max", "max\n" },
		{ "sys/fs/cgroup/a/memory.current", "1\n" },
		{ "proc/self/status",
		  "Name:\tx\nCpus_allowed_list:\t1-2\nMems_allowed_list:\t0\n" },
		{ NULL, NULL },
	};
	struct tree t;
	struct limits l = read_tree(&t, files);

	(void)state;
	assert_true(l.quota_milli.is);
	assert_int_equal(l.quota_milli.value, 1500);
	assert_int_equal(l.memory_left.value, (50 + 10 + 1) * MIB);
	assert_int_equal(idset_count(&l.cpus), 2);
	assert_true(idset_has(&l.mems, 0));
	limits_release(&l);
	tree_remove(&t);
}

static void v1_takes_the_tightest_ancestor(void **state)
{
	static const struct file files[] = {
		{ "proc/self/cgroup", "5:cpu,cpuacct:/job\n4:memory:/job/step\n0::/\n" },
		{ "proc/self/mountinfo",
		  "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
		  "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		  "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" },
		{ "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n" },
		{ "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n" },
		{ "sys/fs/cgroup/memory/job/step/memory.limit_in_bytes", "9223372036854771712\n" },
		{ "sys/fs/cgroup/memory/job/step/memory.usage_in_bytes", "1048576\n" },
		{ "sys/fs/cgroup/memory/job/memory.limit_in_bytes", "20971520\n" },
		{ "sys/fs/cgroup/memory/job/memory.usage_in_bytes", "31457280\n" },
		{ "sys/fs/cgroup/memory/job/memory.stat", "total_inactive_file 12582912\n" },
		{ NULL, NULL },
	};
	struct tree t;
	struct limits l = read_tree(&t, files);

	(void)state;
	assert_false(l.quota_milli.is);
	assert_string_equal(l.quota_milli.why, "no CPU quota");
	assert_true(l.memory_left.is);
	assert_int_equal(l.memory_left.value, 2 * MIB);
	limits_release(&l);
	tree_remove(&t);
}

/* In a container the mount shows its own group as the root. */
static void a_container_sees_its_group_as_root(void **state)
{
	static const char *const paths[] = { "0::/docker/abc\n", "0::/\n", "0::/../other\n" };
	struct file files[] = {
		{ "proc/self/cgroup", NULL },
		{ "proc/self/mountinfo",
		  "30 20 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n" },
		{ "sys/fs/cgroup/cpu.max", "50000 100000\n" },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct tree t;
		struct limits l;

		files[0].text = paths[i];
		l = read_tree(&t, files);
		assert_true(l.quota_milli.is);
		assert_int_equal(l.quota_milli.value, 500);
		limits_release(&l);
		tree_remove(&t);
	}
}

static void nothing_is_limited(void **state)
{
	static const struct file files[] = { { NULL, NULL } };
	struct tree t;
	struct limits l = read_tree(&t, files);

	(void)state;
	assert_false(l.quota_milli.is);
	assert_false(l.memory_left.is);
	limits_release(&l);
	tree_remove(&t);
}

/* MemFree + inactive file pages + reclaimable slab - low watermarks. */
static void a_nodes_room(void **state)
{
	static const char meminfo[] = "Node 1 MemTotal:     500000 kB\n"
				      "Node 1 MemFree:      100000 kB\n"
				      "Node 1 Inactive(file): 3000 kB\n"
				      "Node 1 SReclaimable:    500 kB\n";
	static char zones[] = "Node 0, zone      DMA\n  pages free     10\n        low      999\n"
			      "Node 1, zone   Normal\n  per-node stats\n      nr_low 7\n"
			      "  pages free     10\n        min      5\n        low      20\n"
			      "Node 1, zone  Movable\n        low      5\n        high     9\n";
	struct limits l = { .zoneinfo = zones, .memory_left = UNKNOWN("no memory limit") };
	long long page = sysconf(_SC_PAGESIZE);
	struct known k = node_giveable(&l, 1, meminfo, "Node 1 ");

	(void)state;
	assert_true(k.is);
	assert_int_equal(k.value, 103500LL * 1024 - 25 * page);
	/* A cgroup that leaves less caps it; what is below the watermark is 0, not less. */
	l.memory_left = KNOWN(4096);
	assert_int_equal(node_giveable(&l, 1, meminfo, "Node 1 ").value, 4096);
	assert_int_equal(node_giveable(&l, 1, "Node 1 MemFree: 1 kB\n", "Node 1 ").value, 0);
	/* Without watermarks or without MemFree nothing is claimed. */
	assert_false(node_giveable(&l, 2, meminfo, "Node 2 ").is);
	assert_false(node_giveable(&l, 1, "", "Node 1 ").is);
}

static void cpu_masks(void **state)
{
	static const struct {
		const char *mask, *list;
	} rows[] = {
		{ "", "" },
		{ "0", "" },
		{ "3", "0-1" },
		{ "0000,00000000,000000c0", "6-7" },
		{ "000000ff,ff000000,00000000,00000000", "88-103" },
		{ "8000000000000000", "63" },
		{ "x", "" },
		{ "12g4", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct idset s = cpumap_parse(rows[i].mask);
		char text[64];

		idset_format(&s, text, sizeof(text));
		assert_string_equal(text, rows[i].list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_takes_the_tightest_ancestor),
		cmocka_unit_test(v1_takes_the_tightest_ancestor),
		cmocka_unit_test(a_container_sees_its_group_as_root),
		cmocka_unit_test(nothing_is_limited),
		cmocka_unit_test(a_nodes_room),
		cmocka_unit_test(cpu_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
