/* cgroup.h - the control groups of this process and all above them, v1 and v2. */
#ifndef NB_MACHINE_CGROUP_H
#define NB_MACHINE_CGROUP_H

#include <stdbool.h>

#include "machine/sysroot.h"
#include "util/idset.h"
#include "util/known.h"

enum { CGROUP_PATH = 4096 };

/* Where one controller's files of a group are. */
struct cgroup {
	bool v2;
	char mount[CGROUP_PATH]; /* without the leading slash */
	char below[CGROUP_PATH]; /* of the group below it, "/a/b" or empty */
};

/* Our group in one hierarchy; false where there is none. */
bool cgroup_find(struct cgroup *c, const struct sysroot *r, bool v2, const char *controller);
/* Goes to the group above; false when the mount point itself was reached. */
bool cgroup_parent(struct cgroup *c);

/* The CPUs that our cpuset has (all that are online where there is none): what affinity may be
 * widened to. False where nothing tells. */
bool cgroup_cpus(const struct sysroot *r, struct idset *cpus);

/* How often groups used up their CPU quota (cpu.stat: Documentation/admin-guide/cgroup-v2.rst
 * and Documentation/scheduler/sched-bwc.rst), of the group among ours and those above for which
 * it was most often. */
struct cgroup_throttling {
	struct known periods;   /* of the quota, in which the group wanted to run */
	struct known throttled; /* in which it had to stop */
};
struct cgroup_throttling cgroup_throttling(const struct sysroot *r);

/* "name 123" of a memory.stat or cpu.stat; unknown where it has no such line. */
struct known cgroup_stat(const char *text, const char *name);

#endif
