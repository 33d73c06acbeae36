#include "machine/vmstat.h"

#include "machine/cgroup.h"

/* The file is about 200 short lines; new kernels add some. */
enum { VMSTAT_BYTES = 32768 };

static const char *const names[] = {
	[VMSTAT_MIGRATED] = "pgmigrate_success",   [VMSTAT_NOT_MIGRATED] = "pgmigrate_fail",
	[VMSTAT_HUGE] = "thp_migration_success",   [VMSTAT_BALANCED] = "numa_pages_migrated",
	[VMSTAT_HINT_FAULTS] = "numa_hint_faults",
};

const char *vmstat_name(enum vmstat_counter c)
{
	return names[c];
}

void vmstat_read(struct vmstat *v, const struct sysroot *r)
{
	char text[VMSTAT_BYTES];
	int length = sysroot_text(r, text, sizeof text, "proc/vmstat");

	for (int c = 0; c < VMSTAT_COUNTERS; c++) {
		if (length >= 0) /* the same lines as a control group's */
			v->of[c] = cgroup_stat(text, names[c]);
		if (length < 0 || !v->of[c].is)
			v->of[c] = UNKNOWN("this kernel does not count it (vmstat)");
	}
}

struct vmstat vmstat_growth(const struct vmstat *from, const struct vmstat *to)
{
	struct vmstat grown;

	for (int c = 0; c < VMSTAT_COUNTERS; c++) {
		if (!from->of[c].is || !to->of[c].is)
			grown.of[c] = from->of[c].is ? to->of[c] : from->of[c];
		else
			grown.of[c] = KNOWN(to->of[c].value - from->of[c].value);
	}
	return grown;
}
