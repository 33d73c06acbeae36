#include "machine/pcie.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine/link.h"
#include "machine/parts.h"

enum {
	CONFIG_ROOM = 4096 + 1,
	HEADER = 64,        /* what everybody may read */
	CONVENTIONAL = 256, /* extended capabilities begin here */
	CAPABILITY_PCIE = 0x10,
	EXTENDED_ACS = 0x0d,
	/* P2P request redirect, completion redirect, upstream forwarding. */
	ACS_REDIRECTS = 1 << 2 | 1 << 3 | 1 << 4,
	MOST_CAPABILITIES = 96,
};

#define ROOT_ONLY "the kernel shows it to root only"

struct config {
	unsigned char byte[CONFIG_ROOM];
	unsigned n;
};

static unsigned word(const struct config *c, unsigned at)
{
	return c->byte[at] | (unsigned)c->byte[at + 1] << 8;
}

static struct known power(unsigned bits)
{
	return KNOWN(128LL << (bits & 7));
}

/* Where the PCI Express capability begins; 0: why not is in *why. */
static unsigned express(const struct config *c, const char **why)
{
	unsigned at = c->byte[0x34] & 0xfcU;

	for (int i = 0; at >= HEADER && i < MOST_CAPABILITIES; i++) {
		*why = ROOT_ONLY;
		if (at + 12 > c->n)
			return 0;
		if (c->byte[at] == CAPABILITY_PCIE)
			return at;
		at = c->byte[at + 1] & 0xfcU;
	}
	*why = "no PCI Express capability";
	return 0;
}

static struct known redirect(const struct config *c)
{
	unsigned at = CONVENTIONAL;

	if (c->n <= CONVENTIONAL)
		return UNKNOWN(ROOT_ONLY);
	for (int i = 0; at >= CONVENTIONAL && at + 8 <= c->n && i < MOST_CAPABILITIES; i++) {
		if (word(c, at) == EXTENDED_ACS)
			return KNOWN((word(c, at + 6) & ACS_REDIRECTS) != 0);
		at = word(c, at + 2) >> 4 & 0xffcU;
	}
	return KNOWN(0);
}

struct pcie_settings pcie_settings(const struct sysroot *r, const char *pci)
{
	const char *why = "no PCI configuration space to read";
	struct pcie_settings s;
	struct config c = { .byte = { 0 } };
	/* sysroot_text takes trailing blanks off, never more: what is cut is left 0. */
	int n = sysroot_text(r, (char *)c.byte, sizeof(c.byte), "sys/bus/pci/devices/%s/config",
			     pci);
	unsigned at = 0;

	c.n = n > 0 ? (unsigned)n : 0;
	if (n >= HEADER)
		at = express(&c, &why);
	s.payload = s.payload_able = s.read_request = s.redirect = UNKNOWN(why);
	if (n >= HEADER)
		s.redirect = redirect(&c);
	if (!at)
		return s;
	s.payload_able = power(c.byte[at + 4]);
	s.payload = power(word(&c, at + 8) >> 5);
	s.read_request = power(word(&c, at + 8) >> 12);
	return s;
}

size_t pcie_path(const struct sysroot *r, const char *pci, struct pcie_hop hop[PCIE_HOPS])
{
	char chain[CHAIN_ROOM], *rest = chain, *item;
	size_t n = 0;

	if (!sysroot_exists(r, "sys/bus/pci/devices/%s", pci))
		return 0;
	pci_chain(r, pci, chain);
	while ((item = strsep(&rest, "/")) && n < PCIE_HOPS)
		n += pci_normalise(hop[n].pci, item);
	if (!n || strcmp(hop[n - 1].pci, pci) != 0) {
		n = 1;
		snprintf(hop[0].pci, sizeof(hop[0].pci), "%s", pci);
	}
	for (size_t i = 0; i < n; i++) {
		struct pcie_hop *h = &hop[i];

		h->gen = link_generation(r, h->pci, "current_link_speed");
		h->width = link_width(r, h->pci, "current_link_width");
		h->max_gen = link_generation(r, h->pci, "max_link_speed");
		h->max_width = link_width(r, h->pci, "max_link_width");
		h->set = pcie_settings(r, h->pci);
	}
	return n;
}

size_t pcie_count(const struct sysroot *r, unsigned vendor, unsigned class)
{
	DIR *d = sysroot_dir(r, "sys/bus/pci/devices");
	struct dirent *de;
	char pci[16];
	size_t n = 0;

	while (d && (de = readdir(d))) {
		struct known v, k;

		if (!pci_normalise(pci, de->d_name))
			continue;
		v = sysroot_number(r, "sys/bus/pci/devices/%s/vendor", pci);
		k = sysroot_number(r, "sys/bus/pci/devices/%s/class", pci);
		n += v.is && k.is && v.value == vendor && k.value >> 8 == class;
	}
	if (d)
		closedir(d);
	return n;
}

int pcie_iommu_type(const struct sysroot *r, const char *pci, char *buf, size_t size)
{
	char group[32];

	buf[0] = '\0';
	if (sysroot_link_name(r, group, sizeof(group), "sys/bus/pci/devices/%s/iommu_group", pci) <
	    0)
		return -ENOENT;
	return sysroot_text(r, buf, size, "sys/kernel/iommu_groups/%s/type", group) > 0 ? 0 : -EIO;
}

size_t render_nodes(const struct sysroot *r, struct render_node *v, size_t max)
{
	struct idset numbers = numbered_entries(r, "sys/class/drm", "renderD");
	size_t n = 0;

	for (int i = -1; (i = idset_next(&numbers, i)) >= 0; n++) {
		struct render_node one = { .number = i };
		char name[24];

		if (n >= max)
			continue;
		snprintf(name, sizeof(name), "renderD%d", i);
		one.node = UNKNOWN("it is no PCI device");
		if (pci_of_class(r, "drm", name, one.pci)) {
			one.node = sysroot_number(r, "sys/bus/pci/devices/%s/numa_node", one.pci);
			if (one.node.is && one.node.value < 0)
				one.node = UNKNOWN("not declared (numa_node is -1)");
			sysroot_link_name(r, one.driver, sizeof(one.driver),
					  "sys/bus/pci/devices/%s/driver", one.pci);
		}
		v[n] = one;
	}
	return n;
}
