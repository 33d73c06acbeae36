/* irq.h - which CPUs serve a device's interrupts. */
#ifndef NB_MACHINE_IRQ_H
#define NB_MACHINE_IRQ_H

#include <stddef.h>

#include "machine/sysroot.h"
#include "util/idset.h"

struct irqs {
	size_t n;                     /* interrupts that the device has */
	size_t known;                 /* those whose CPUs the kernel tells */
	size_t elsewhere;             /* of these: served by no CPU of `near` */
	struct idset cpus;            /* that serve any of them */
	struct idset away, away_cpus; /* those elsewhere by number, and the CPUs that serve them */
};

/* The message-signalled interrupts of a PCI device (its folder msi_irqs), each with the
 * CPUs that serve it (/proc/irq/N/effective_affinity_list, on kernels before 4.14
 * smp_affinity_list, and also where the former does not follow the latter yet). An interrupt that
 * nothing uses yet has none and counts as not known. */
struct irqs irqs_of(const struct sysroot *r, const char *pci, const struct idset *near);

#endif
