/* nvml.h - what the driver's management library says, by dlopen.
 *
 * libnvidia-ml.so.1 comes with the driver and is never linked. Every field has
 * its own validity. Called in the probe's child (it may hang with the driver).
 */
#ifndef NB_MACHINE_NVML_H
#define NB_MACHINE_NVML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"
#include "util/err.h"

struct nvml; /* the library, opened and initialised */

/* -ENOENT: no such library; -EIO: it does not start, with its own words in e. */
int nvml_open(struct nvml **n, struct err *e);
void nvml_close(struct nvml *n);

/* nvmlComputeMode_t. */
enum nvml_compute_mode {
	NVML_SHARED,           /* default: any number of processes */
	NVML_EXCLUSIVE_THREAD, /* one thread; no driver of today sets it */
	NVML_PROHIBITED,       /* none */
	NVML_EXCLUSIVE_PROCESS,
};

struct nvml_facts {
	char pci[16], uuid[48], name[96];
	struct known node; /* memory affinity */
	struct known link_gen, link_width, max_gen, max_width;
	struct known memory_bytes;
	struct known memory_used; /* bytes; the driver's own reserve left out where it is told */
	/* Percent of the last second or less. Where processes draw on it, and none computes, the
	 * lesser of two looks more than a second apart: the first may be of what just ended. */
	struct known utilisation;
	struct known compute_mode; /* enum nvml_compute_mode */
	struct known processes;    /* compute processes on it other than ours */
	struct known busy_pid;     /* one of them */
	struct known drawing;      /* processes that draw on it: a display server, a game */
	struct known drawing_pid;  /* one of them */
	char driver[32], vbios[40];
	struct known ecc, mig, persistence; /* 1 on, 0 off */
	char instances[GPU_INSTANCES_ROOM]; /* as in struct gpu */
	/* Health and settings. */
	struct known bar1_bytes;      /* the window through which CPU and NICs reach its memory */
	struct known ecc_uncorrected; /* errors since the driver was loaded */
	struct known repair_pending;  /* 1: memory was found bad; a reset takes it out of use */
	struct known repair_failed;   /* 1: there was no spare memory left to take its place */
	struct known c2c_links;       /* NVLink-C2C to its CPU */
	struct known power_limit_mw, power_default_mw;
	struct known clock_mhz, clock_default_mhz; /* applications clock of the multiprocessors */
	struct known clock_most_mhz;
	struct known nvlinks, nvlinks_up; /* that it has, and of these active */
};

/* All devices that NVML sees, in its order. *count may exceed max. */
int nvml_enumerate(struct nvml *n, struct nvml_facts *facts, size_t max, size_t *count,
		   struct err *e);

/* ---- of one device, now; for reading under load ----
 *
 * 0; -ENODEV: NVML does not find the device (any more), -EIO: it does not tell. */

/* Negotiated generation and width. */
int nvml_link(struct nvml *n, const char *pci, int *gen, int *width);

/* PCIe packets sent again since the driver was loaded: a link with errors. Only its
 * growth means something. */
int nvml_replays(struct nvml *n, const char *pci, uint64_t *count);

/* Clocks of its multiprocessors, MHz. */
struct nvml_clocks {
	struct known set, usual; /* applications clock: as it is set, and by default */
	struct known most, now;
};
void nvml_clocks(struct nvml *n, const char *pci, struct nvml_clocks *c);

/* Why its clocks are not higher: bits of nvml_reasons. 0: nothing holds them back. hw-slowdown
 * alone may show for a moment while clocks change: believe it when it is seen again. */
int nvml_clock_reasons(struct nvml *n, const char *pci, uint64_t *mask);

struct nvml_reason {
	uint64_t bit; /* nvmlClocksEventReasons */
	const char *word;
	bool fault; /* the GPU is slowed down by heat or power supply: something is wrong */
};
extern const struct nvml_reason nvml_reasons[];
extern const size_t nvml_nreasons;
enum { NVML_REASON_SET = 0x2 }; /* applications-clocks: somebody set them */

/* The path between two devices in nvidia-smi's words, or "" when unknown. */
void nvml_path(struct nvml *n, const char *pci_a, const char *pci_b, char word[8]);

#endif
