/* NVLinks between the GPUs of an hwloc XML file. */
#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <string.h>

#include "machine/parts.h"

/* The PCI device of an object that NVLinks end at. */
static hwloc_obj_t pci_of(hwloc_obj_t o)
{
	while (o && o->type != HWLOC_OBJ_PCI_DEVICE)
		o = o->parent;
	return o;
}

static bool is_switch(hwloc_obj_t pci)
{
	return pci && pci->subtype && strcmp(pci->subtype, "NVSwitch") == 0;
}

/* hwloc counts 25000 MB/s for each link of NVLink 2 and later, 20000 for one of
 * NVLink 1, of which a GPU has four at most (its topology-nvml.c). */
static unsigned links_of(hwloc_uint64_t bandwidth)
{
	return (unsigned)(bandwidth % 25000 == 0 ? bandwidth / 25000 : bandwidth / 20000);
}

/* Links from i to switches. */
static unsigned to_switches(const struct hwloc_distances_s *d, unsigned i)
{
	unsigned n = 0;

	for (unsigned j = 0; j < d->nbobjs; j++)
		if (is_switch(pci_of(d->objs[j])))
			n += links_of(d->values[i * d->nbobjs + j]);
	return n;
}

static int add_word(json_t *words, hwloc_obj_t a, hwloc_obj_t b, unsigned links)
{
	char x[16], y[16], key[40], word[16];

	hwtopo_pci(x, pci_of(a));
	hwtopo_pci(y, pci_of(b));
	snprintf(key, sizeof(key), "%s %s", x, y);
	snprintf(word, sizeof(word), "NV%u", links);
	return json_object_set_new(words, key, json_string(word)) < 0 ? -ENOMEM : 0;
}

int xml_nvlinks(json_t **words, const struct source *s)
{
	struct hwloc_distances_s *d;
	unsigned one = 1;
	int rc = 0;

	*words = json_object();
	if (!*words)
		return -ENOMEM;
	if (hwloc_distances_get_by_name(s->topo, "NVLinkBandwidth", &one, &d, 0) < 0 || one != 1)
		return 0;
	for (unsigned i = 0; rc == 0 && i < d->nbobjs; i++)
		for (unsigned j = 0; rc == 0 && j < d->nbobjs; j++) {
			hwloc_obj_t a = d->objs[i], b = d->objs[j];
			unsigned links, from, to;

			if (i == j || !pci_of(a) || !pci_of(b) || is_switch(pci_of(a)) ||
			    is_switch(pci_of(b)))
				continue;
			links = links_of(d->values[i * d->nbobjs + j]);
			from = to_switches(d, i);
			to = to_switches(d, j);
			if (!links)
				links = from < to ? from : to;
			if (links)
				rc = add_word(*words, a, b, links);
		}
	hwloc_distances_release(s->topo, d);
	return rc;
}
