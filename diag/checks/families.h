/* families.h - the tables of checks, one a file. */
#ifndef NB_DIAG_CHECKS_FAMILIES_H
#define NB_DIAG_CHECKS_FAMILIES_H

#include "check.h"

/* Each is ended by a row without an id. A family that takes several files has several tables. */
extern const struct check gpu_checks[], gpu_health_checks[], gpu_sharing_checks[], pcie_checks[],
	pcie_setting_checks[], memory_checks[], memory_use_checks[], cpu_checks[], kernel_checks[],
	container_checks[], container_limit_checks[], vm_checks[], process_checks[];

#endif
