#include "machine/irq.h"

#include "machine/parts.h"

/* Where it is served; where a change of what it may be served by has not taken effect yet, for
 * that waits for the next interrupt, by these. Empty: not known. */
static struct idset serving(const struct sysroot *r, int irq)
{
	struct idset now, may, both;

	sysroot_list(r, &now, "proc/irq/%d/effective_affinity_list", irq);
	sysroot_list(r, &may, "proc/irq/%d/smp_affinity_list", irq);
	both = idset_and(&now, &may);
	return idset_empty(&both) && !idset_empty(&may) ? may : now;
}

struct irqs irqs_of(const struct sysroot *r, const char *pci, const struct idset *near)
{
	struct irqs all = { 0 };
	char folder[64];
	struct idset numbers;

	snprintf(folder, sizeof(folder), "sys/bus/pci/devices/%s/msi_irqs", pci);
	numbers = numbered_entries(r, folder, "");
	all.n = idset_count(&numbers);
	for (int i = -1; (i = idset_next(&numbers, i)) >= 0;) {
		struct idset cpus = serving(r, i), both = idset_and(&cpus, near);

		if (idset_empty(&cpus))
			continue;
		all.known++;
		all.cpus = idset_or(&all.cpus, &cpus);
		if (idset_empty(&both)) {
			all.elsewhere++;
			idset_add(&all.away, i);
			all.away_cpus = idset_or(&all.away_cpus, &cpus);
		}
	}
	return all;
}
