/* driver.h - all that NVML and CUDA told of the GPUs, for those who look at more than
 * machine.h holds. Plain data; probe.h fills it. */
#ifndef NB_MACHINE_DRIVER_H
#define NB_MACHINE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/nvml.h"

/* Reasons of what is unknown live as long as the machine that was probed with it. */
struct driver_facts {
	bool asked;              /* false: a recorded machine, or nobody wished to */
	char why[240];           /* where NVML told nothing: the reason in one line; else empty */
	int cuda_driver;         /* what the driver supports, 13000 style; 0: no driver */
	int cuda_runtime;        /* that this program was built with; 0: without CUDA */
	struct nvml_facts *nvml; /* in NVML's order; owned */
	size_t nnvml;
};

/* Of one GPU; NULL where NVML does not see it. */
const struct nvml_facts *driver_gpu(const struct driver_facts *d, const char *pci);
void driver_facts_release(struct driver_facts *d); /* leaves an empty one */

#endif
