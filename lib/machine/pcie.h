/* pcie.h - the way from a root port down to a PCI device, hop by hop.
 *
 * From sysfs alone. What lies behind the first 64 bytes of configuration space
 * the kernel shows to root only: it is then unknown, with that as its reason.
 */
#ifndef NB_MACHINE_PCIE_H
#define NB_MACHINE_PCIE_H

#include <stddef.h>

#include "machine/sysroot.h"
#include "util/known.h"

/* What a function's configuration space says (PCI Express Base Specification, 7.5.3.3
 * Device Capabilities, 7.5.3.4 Device Control, 7.7.11 Access Control Services). */
struct pcie_settings {
	struct known payload;      /* max payload size in use, bytes */
	struct known payload_able; /* the largest that it can */
	struct known read_request; /* max read request size, bytes */
	struct known redirect;     /* 1: ACS sends peer-to-peer requests up to the root; 0: not */
};
struct pcie_settings pcie_settings(const struct sysroot *r, const char *pci);

enum { PCIE_HOPS = 16 };
struct pcie_hop {
	char pci[16];
	/* Of the one link that it is an end of: now, and at the most. */
	struct known gen, width, max_gen, max_width;
	struct pcie_settings set;
};

/* The functions from the root port to the device itself, which is the last; 1 where it
 * hangs on the root bus (or sysfs does not tell what is above it). 0: there is no such
 * device. The two ends of one link are hop 0 and 1, 2 and 3, and so on: between 1 and 2
 * is the inside of a switch. */
size_t pcie_path(const struct sysroot *r, const char *pci, struct pcie_hop hop[PCIE_HOPS]);

/* How many functions of a vendor and class (0x0680) are on the bus. */
size_t pcie_count(const struct sysroot *r, unsigned vendor, unsigned class);

/* "DMA", "DMA-FQ", "identity", "blocked": how the IOMMU treats a device
 * (Documentation/ABI/testing/sysfs-kernel-iommu_groups). 0, -ENOENT where no IOMMU
 * has it, -EIO where the type cannot be read. */
int pcie_iommu_type(const struct sysroot *r, const char *pci, char *buf, size_t size);

/* A render node of any driver, in order of number. */
struct render_node {
	int number;      /* 128: /dev/dri/renderD128 */
	char pci[16];    /* empty: no PCI device */
	char driver[32]; /* empty: not told */
	struct known node;
};
/* How many there are; v[i] is filled for i < min(that, max). */
size_t render_nodes(const struct sysroot *r, struct render_node *v, size_t max);

#endif
