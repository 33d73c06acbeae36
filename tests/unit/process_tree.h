/* process_tree.h - processes made up in a tree of files, on a machine of two nodes with two cores
 * of two siblings each (CPUs 0-3 and 4-7) and a GPU on each. */
#ifndef NB_TESTS_PROCESS_TREE_H
#define NB_TESTS_PROCESS_TREE_H

#include <stdio.h>
#include <string.h>

#include "planted.h"

#include "machine/process.h"
#include "result/process_verdict.h"
#include "tree.h"

struct thread {
	int tid;
	const char *name, *cpus, *mems, *policy; /* policy NULL: no numa_maps of its own */
	int ran;
};

static inline void plant_thread(const struct tree *t, int pid, const struct thread *th)
{
	char path[100], text[400];

	snprintf(path, sizeof path, "proc/%d/task/%d/status", pid, th->tid);
	snprintf(text, sizeof text,
		 "Name:\t%s\nTgid:\t%d\nCpus_allowed_list:\t%s\nMems_allowed_list:\t%s\n", th->name,
		 pid, th->cpus, th->mems);
	tree_file(t, path, text);
	snprintf(path, sizeof path, "proc/%d/task/%d/stat", pid, th->tid);
	snprintf(text, sizeof text,
		 "%d (a) b) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0 1 1 1 1 1 1 0 0 "
		 "0 0 "
		 "0 0 0 17 %d 0 0 0 0 0\n",
		 th->tid, th->ran);
	tree_file(t, path, text);
	snprintf(path, sizeof path, "proc/%d/task/%d/numa_maps", pid, th->tid);
	snprintf(text, sizeof text,
		 "55aefd04e000 %s file=/bin/x mapped=1 N0=1 kernelpagesize_kB=4\n",
		 th->policy ? th->policy : "");
	if (th->policy)
		tree_file(t, path, text);
}

static inline void plant_process(const struct tree *t, int pid, int parent, const char *name,
				 const char *maps)
{
	char path[100], text[400];

	snprintf(path, sizeof path, "proc/%d/status", pid);
	snprintf(text, sizeof text,
		 "Name:\t%s\nState:\tS (sleeping)\nTgid:\t%d\nPPid:\t%d\nVmLck:\t      64 kB\n"
		 "VmPin:\t       0 kB\nVmRSS:\t    1000 kB\n",
		 name, pid, parent);
	tree_file(t, path, text);
	snprintf(path, sizeof path, "proc/%d/stat", pid);
	snprintf(text, sizeof text, "%d (%s) S %d 1 1 0\n", pid, name, parent);
	tree_file(t, path, text);
	snprintf(path, sizeof path, "proc/%d/numa_maps", pid);
	if (maps)
		tree_file(t, path, maps);
}

static inline void plant_descriptor(const struct tree *t, int pid, int fd, const char *path)
{
	char link[100];

	snprintf(link, sizeof link, "proc/%d/fd/%d", pid, fd);
	tree_link(t, link, path);
}

/* Device files of the two GPUs of plant_machine, and a group of VFIO's. */
static inline void plant_devices(const struct tree *t, const struct machine *m)
{
	static const char *const order[] = { "3", "1" }; /* minors in another order */

	tree_file(t, "sys/devices/system/cpu/online", "0-7\n");
	for (size_t i = 0; i < m->ngpus && i < 2; i++) {
		char path[100], text[100];

		snprintf(path, sizeof path, "proc/driver/nvidia/gpus/%s/information",
			 m->gpus[i].pci);
		snprintf(text, sizeof text, "Model: \t x\nDevice Minor: \t %s\n", order[i]);
		tree_file(t, path, text);
		snprintf(path, sizeof path, "sys/class/drm/renderD%d/device", 128 + (int)i);
		snprintf(text, sizeof text, "../../../%s", m->gpus[i].pci);
		tree_link(t, path, text);
		snprintf(path, sizeof path, "sys/bus/pci/devices/%s/class", m->gpus[i].pci);
		tree_file(t, path, "0x030200\n");
	}
	tree_file(t, "sys/kernel/iommu_groups/27/devices/0000:41:00.0", "");
	tree_file(t, "sys/kernel/iommu_groups/27/devices/0000:41:00.1", "");
	tree_file(t, "sys/bus/pci/devices/0000:41:00.0/class", "0x038000\n");
	tree_file(t, "sys/bus/pci/devices/0000:41:00.0/numa_node", "1\n");
	tree_file(t, "sys/bus/pci/devices/0000:41:00.1/class", "0x040300\n");
	tree_link(t, "sys/class/vfio-dev/vfio0/device", "../../../0000:41:00.0");
}

struct setting {
	struct tree files;
	struct sysroot root;
	struct machine m;
	struct process_tree tree;
	struct tree_verdict verdict;
};

static inline void begin(struct setting *p)
{
	struct err e = { "" };

	memset(p, 0, sizeof *p);
	plant_machine(&p->m, 2, 2, 2);
	tree_new(&p->files);
	plant_devices(&p->files, &p->m);
	assert_int_equal(sysroot_open_recorded(&p->root, p->files.path, &e), 0);
}

static inline void look_at(struct setting *p, int pid, const char *gpus)
{
	struct process_want want = { .m = &p->m };
	struct err e = { "" };

	if (gpus)
		assert_int_equal(idset_parse(&want.gpus, gpus, &e), 0);
	assert_int_equal(process_tree_read(&p->tree, &p->root, &p->m, pid, &e), 0);
	assert_int_equal(process_judge(&p->verdict, &p->tree, &want), 0);
}

static inline void end(struct setting *p)
{
	tree_verdict_release(&p->verdict);
	process_tree_release(&p->tree);
	machine_release(&p->m);
	sysroot_close(&p->root);
	tree_remove(&p->files);
}

/* 64 MiB of heap on a node, 4 MiB of the C library on node 0. */
#define LIBRARY "7f01 default file=/lib/libc.so mapped=1024 N0=1024 kernelpagesize_kB=4\n"
#define HEAP(policy, pages)                                                                        \
	"55af " policy " heap anon=16384 dirty=16384 " pages " kernelpagesize_kB=4\n"

#endif
