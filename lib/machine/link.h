/* link.h - a PCIe link as the kernel sees it, read while it is in use.
 *
 * From sysfs alone: it starts no driver, and may be read where NVML is missing.
 */
#ifndef NB_MACHINE_LINK_H
#define NB_MACHINE_LINK_H

#include "machine/sysroot.h"
#include "util/known.h"

/* Negotiated generation and width of a device's link now. 0, or -EIO where sysfs does not
 * tell both. */
int link_now(const struct sysroot *r, const char *pci, int *gen, int *width);

/* One of a device's figures: of the files current_link_speed, max_link_speed; current_link_width,
 * max_link_width. Of the link that it is an end of. */
struct known link_generation(const struct sysroot *r, const char *pci, const char *file);
struct known link_width(const struct sysroot *r, const char *pci, const char *file);

/* Errors that both ends of a device's link have reported since they were last reset (aer_dev_* of
 * Documentation/ABI/testing/sysfs-bus-pci-devices-aer in the kernel's sources): those of the device
 * and of the port above it together, for an error of one may be seen by the other only; of the one
 * end alone that reports any. Unknown with a reason where neither does. Only growth means
 * something, and a smaller count than before that an end was reset or is gone. */
struct link_errors {
	struct known correctable; /* mended by sending again: they cost bandwidth */
	struct known nonfatal;    /* a transaction was lost; the link goes on */
	struct known fatal;       /* the link cannot be relied on until it is reset */
};
void link_errors(const struct sysroot *r, const char *pci, struct link_errors *errors);

#endif
