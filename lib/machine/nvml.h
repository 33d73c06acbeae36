/* nvml.h - what the driver's management library says, by dlopen.
 *
 * libnvidia-ml.so.1 comes with the driver and is never linked. Every field has
 * its own validity. Called in the probe's child (it may hang with the driver).
 */
#ifndef NB_MACHINE_NVML_H
#define NB_MACHINE_NVML_H

#include <stddef.h>

#include "machine/machine.h"
#include "util/err.h"

struct nvml; /* the library, opened and initialised */

/* -ENOENT: no such library; -EIO: it does not start, with its own words in e. */
int nvml_open(struct nvml **n, struct err *e);
void nvml_close(struct nvml *n);

struct nvml_facts {
	char pci[16], uuid[48], name[96];
	struct known node; /* memory affinity */
	struct known link_gen, link_width, max_gen, max_width;
	struct known memory_bytes;
	struct known processes; /* compute processes on it other than ours */
	struct known busy_pid;  /* one of them */
	char driver[32], vbios[40];
	struct known ecc, mig, persistence; /* 1 on, 0 off */
};

/* All devices that NVML sees, in its order. *count may exceed max. */
int nvml_enumerate(struct nvml *n, struct nvml_facts *facts, size_t max, size_t *count,
		   struct err *e);

/* Negotiated generation and width of one device now; for reading a link under
 * load. -errno. */
int nvml_link(struct nvml *n, const char *pci, int *gen, int *width);

/* The path between two devices in nvidia-smi's words, or "" when unknown. */
void nvml_path(struct nvml *n, const char *pci_a, const char *pci_b, char word[8]);

#endif
