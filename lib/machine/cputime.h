/* cputime.h - how long CPUs have worked, by the kernel's count (/proc/stat). */
#ifndef NB_MACHINE_CPUTIME_H
#define NB_MACHINE_CPUTIME_H

#include "machine/sysroot.h"
#include "util/idset.h"

/* Of some CPUs together, in seconds since the machine started. */
struct cputime {
	double busy;   /* for whomever: programs, kernel, interrupts, guests */
	double stolen; /* wanted to work, and the hypervisor let others (steal) */
};

/* -ENOENT where the kernel does not count one of the CPUs, or shows other numbers (a container's
 * own /proc/stat); -ENOMEM. */
int cputime_read(struct cputime *t, const struct sysroot *r, const struct idset *cpus);

#endif
