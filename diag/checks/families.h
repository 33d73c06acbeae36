/* families.h - the tables of checks, one a file. */
#ifndef NB_DIAG_CHECKS_FAMILIES_H
#define NB_DIAG_CHECKS_FAMILIES_H

#include "check.h"

/* Each is ended by a row without an id. */
extern const struct check gpu_checks[], gpu_health_checks[] /* of family gpu, too */, pcie_checks[],
	pcie_setting_checks[], memory_checks[], cpu_checks[], kernel_checks[], container_checks[],
	vm_checks[];

#endif
