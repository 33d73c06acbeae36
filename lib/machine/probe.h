/* probe.h - finds out what is there. */
#ifndef NB_MACHINE_PROBE_H
#define NB_MACHINE_PROBE_H

#include <signal.h>
#include <stdbool.h>

#include "machine/driver.h"
#include "machine/machine.h"
#include "util/err.h"

struct probe_spec {
	const char *recorded;  /* a gathered folder or an hwloc XML file; NULL: this machine */
	bool gpus;             /* ask CUDA and NVML too (in a child with a deadline) */
	bool provenance;       /* fill host */
	double gpu_deadline_s; /* for that child */
	struct driver_facts *driver; /* filled with its answers where not NULL */
};

/* Everything of this machine, 30 s for the driver. */
struct probe_spec probe_spec_default(void);

/* Fills m (released by machine_release). -ENOENT, -EINVAL and so on with e for
 * a recorded machine that cannot be read; for the live one only what leaves
 * nothing to work with is an error: no CPU, no topology. A driver that does not
 * answer is not: the GPUs are then GPU_LOST with the reason. */
int machine_probe(struct machine *m, const struct probe_spec *spec, struct err *e);

#endif
