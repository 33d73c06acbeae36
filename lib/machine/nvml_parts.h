/* nvml_parts.h - what nvml.c and nvml_health.c share. Private to lib/machine. */
#ifndef NB_MACHINE_NVML_PARTS_H
#define NB_MACHINE_NVML_PARTS_H

#include "machine/nvml.h"

typedef struct nvml_device_s *nvml_device;

enum {
	NVML_SUCCESS = 0,
	NVML_LINKS = 18, /* NVML_NVLINK_MAX_LINKS */
};

#define NVML_SILENT "NVML does not tell"

/* nvml_health.c. Fills the health of a device; library: the dlopen handle. */
void nvml_read_health(void *library, nvml_device d, struct nvml_facts *f);
void nvml_read_clocks(void *library, nvml_device d, struct nvml_clocks *c);

#endif
