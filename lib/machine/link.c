/* A GPU's PCIe link, from sysfs. */
#include <stdio.h>
#include <string.h>

#include "machine/parts.h"

/* "16.0 GT/s PCIe" -> 4. */
static struct known generation(const struct sysroot *r, const char *pci, const char *file)
{
	static const double rates[] = { 2.5, 5.0, 8.0, 16.0, 32.0, 64.0, 128.0 };
	char text[64];
	double rate;

	if (sysroot_text(r, text, sizeof(text), "sys/bus/pci/devices/%s/%s", pci, file) <= 0)
		return UNKNOWN("sysfs does not give the link's speed");
	if (sscanf(text, "%lf GT/s", &rate) == 1)
		for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
			if (rate > rates[i] * 0.99 && rate < rates[i] * 1.01)
				return KNOWN((long long)i + 1);
	return UNKNOWN("sysfs gives an unknown link speed");
}

static struct known width(const struct sysroot *r, const char *pci, const char *file)
{
	struct known k = sysroot_number(r, "sys/bus/pci/devices/%s/%s", pci, file);

	if (!k.is)
		return UNKNOWN("sysfs does not give the link's width");
	/* 0 and 255: no link, or not told. */
	return k.value >= 1 && k.value <= 32 ? k : UNKNOWN("sysfs gives an unknown link width");
}

static struct known smaller(struct known a, struct known b)
{
	if (!a.is || !b.is)
		return a.is ? a : b;
	return a.value < b.value ? a : b;
}

/* Max payload size out of the PCI Express capability (id 0x10) in configuration
 * space: Device Control is at offset 8, its bits 7:5 are the power of two above 128
 * (PCI Express Base Specification, section 7.5.3.4). */
static struct known max_payload(const struct sysroot *r, const char *pci)
{
	unsigned char c[272] = { 0 };
	/* sysroot_text takes trailing blanks off, never more: what is cut is left 0. */
	int n = sysroot_text(r, (char *)c, sizeof(c), "sys/bus/pci/devices/%s/config", pci);
	unsigned at;

	if (n < 64)
		return UNKNOWN("no PCI configuration space to read");
	at = c[0x34] & 0xfcU;
	for (int hops = 0; at >= 0x40 && hops < 48; hops++) {
		if (at + 12 > (unsigned)n)
			return UNKNOWN("the kernel shows it to root only");
		if (c[at] == 0x10)
			return KNOWN(128LL << (c[at + 8] >> 5 & 7));
		at = c[at + 1] & 0xfcU;
	}
	return UNKNOWN("no PCI Express capability");
}

/* The bridge directly above, out of the chain; false at a root bus. */
static bool upstream_port(const struct gpu_entry *g, char pci[16])
{
	char chain[sizeof(g->chain)], *slash;

	snprintf(chain, sizeof(chain), "%s", g->chain);
	slash = strrchr(chain, '/');
	if (!slash)
		return false;
	*slash = '\0';
	slash = strrchr(chain, '/');
	return slash && pci_normalise(pci, slash + 1);
}

void link_read(struct gpu_entry *e, const struct sysroot *r, bool guest)
{
	struct gpu *g = &e->gpu;
	char port[16];

	g->link_gen = generation(r, g->pci, "current_link_speed");
	g->link_width = width(r, g->pci, "current_link_width");
	g->max_gen = generation(r, g->pci, "max_link_speed");
	g->max_width = width(r, g->pci, "max_link_width");
	g->mps = max_payload(r, g->pci);
	/* A guest's upstream port is the emulator's: not an end of the real link. */
	if (guest || !upstream_port(e, port))
		return;
	g->max_gen = smaller(g->max_gen, generation(r, port, "max_link_speed"));
	g->max_width = smaller(g->max_width, width(r, port, "max_link_width"));
}
