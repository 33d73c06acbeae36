#include "machine/irq.h"

#include "machine/parts.h"

struct irqs irqs_of(const struct sysroot *r, const char *pci, const struct idset *near)
{
	static const char *const files[] = { "effective_affinity_list", "smp_affinity_list" };
	struct irqs all = { 0 };
	char folder[64];
	struct idset numbers;

	snprintf(folder, sizeof(folder), "sys/bus/pci/devices/%s/msi_irqs", pci);
	numbers = numbered_entries(r, folder, "");
	all.n = idset_count(&numbers);
	for (int i = -1; (i = idset_next(&numbers, i)) >= 0;) {
		struct idset cpus = { 0 }, both;
		int rc = -1;

		for (size_t f = 0; rc < 0 && f < sizeof(files) / sizeof(files[0]); f++)
			rc = sysroot_list(r, &cpus, "proc/irq/%d/%s", i, files[f]);
		if (rc < 0 || idset_empty(&cpus))
			continue;
		both = idset_and(&cpus, near);
		all.known++;
		all.cpus = idset_or(&all.cpus, &cpus);
		if (idset_empty(&both)) {
			all.elsewhere++;
			all.example = i;
		}
	}
	return all;
}
