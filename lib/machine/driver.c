#include "machine/driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"

const struct nvml_facts *driver_gpu(const struct driver_facts *d, const char *pci)
{
	for (size_t i = 0; i < d->nnvml; i++)
		if (strcmp(d->nvml[i].pci, pci) == 0)
			return &d->nvml[i];
	return NULL;
}

void driver_facts_release(struct driver_facts *d)
{
	free(d->nvml);
	*d = (struct driver_facts){ 0 };
}

void driver_facts_take(struct driver_facts *d, struct gpu_answers *a)
{
	*d = (struct driver_facts){ .asked = a->asked,
				    .cuda_driver = a->driver_version,
				    .cuda_runtime = gpu_runtime_version(),
				    .nvml = a->nvml,
				    .nnvml = a->nnvml };
	a->nvml = NULL;
	a->nnvml = 0;
	if (!a->asked)
		snprintf(d->why, sizeof(d->why), "NVML was not asked");
	else if (!a->nvml_answered)
		snprintf(d->why, sizeof(d->why), "%s",
			 a->ended[0] ? a->ended : "NVML gave no answer");
	else if (a->nvml_rc < 0)
		snprintf(d->why, sizeof(d->why), "%.239s", a->nvml_text);
}
