/* dimms.h - the memory modules that are plugged in, and where.
 *
 * From the kernel's EDAC driver (Documentation/admin-guide/ras.rst), which everybody may read
 * where one is loaded; their speed from the firmware's SMBIOS table (DMTF DSP0134, type 17),
 * which the kernel shows to root only.
 */
#ifndef NB_MACHINE_DIMMS_H
#define NB_MACHINE_DIMMS_H

#include <stddef.h>
#include <stdint.h>

#include "machine/sysroot.h"
#include "util/known.h"

enum { DIMM_GROUPS = 32 };

/* The modules of one package, or where controllers do not name theirs of one controller. */
struct dimm_group {
	char name[32];   /* "package 0", "controller 3" */
	size_t channels; /* that hold a module */
	size_t modules;
	uint64_t mib; /* all of them together */
};

struct dimms {
	struct dimm_group group[DIMM_GROUPS];
	size_t n;
	const char *why; /* where n is 0 */
	/* MT/s as configured, over all modules; unknown with a reason. */
	struct known slowest, fastest;
};
void dimms_read(struct dimms *d, const struct sysroot *r);

#endif
