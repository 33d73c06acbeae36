/* vmstat.h - what the kernel counts of moved pages (/proc/vmstat), over the whole machine. */
#ifndef NB_MACHINE_VMSTAT_H
#define NB_MACHINE_VMSTAT_H

#include <stdint.h>

#include "machine/sysroot.h"
#include "util/known.h"

/* All but the huge pages are counted in base pages, a huge one as all that it holds (Linux 5.9 and
 * later: mm/migrate.c, migrate_pages). */
enum vmstat_counter {
	VMSTAT_MIGRATED,     /* pgmigrate_success: by whomever */
	VMSTAT_NOT_MIGRATED, /* pgmigrate_fail */
	VMSTAT_HUGE,         /* thp_migration_success: huge pages moved as such */
	VMSTAT_BALANCED,     /* numa_pages_migrated: moved by automatic balancing */
	VMSTAT_HINT_FAULTS,  /* numa_hint_faults: by which balancing sees who uses a page */
	VMSTAT_COUNTERS
};

struct vmstat {
	struct known of[VMSTAT_COUNTERS]; /* since the machine started */
};

/* The kernel's name of a counter. */
const char *vmstat_name(enum vmstat_counter c);

/* Reads all of them; what the kernel does not count is unknown. */
void vmstat_read(struct vmstat *v, const struct sysroot *r);
/* What came to each between two readings. */
struct vmstat vmstat_growth(const struct vmstat *from, const struct vmstat *to);

#endif
