/* A GPU's PCIe link, from sysfs. */
#include "machine/link.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"
#include "machine/pcie.h"

/* "16.0 GT/s PCIe" -> 4. */
struct known link_generation(const struct sysroot *r, const char *pci, const char *file)
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

struct known link_width(const struct sysroot *r, const char *pci, const char *file)
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

/* The bridge directly above, out of the chain; false at a root bus. */
static bool upstream_port(const char *chain, char pci[16])
{
	const char *last = strrchr(chain, '/'), *port = last;
	char name[16];

	while (port && port > chain && port[-1] != '/')
		port--;
	if (!port || port == chain || last - port >= (long)sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(last - port), port);
	return pci_normalise(pci, name);
}

/* The slowest link between a switch and the root, by what both its ends can, if it is slower than
 * the GPU's own. */
static void read_way(struct gpu *g, const struct sysroot *r)
{
	struct pcie_hop hop[PCIE_HOPS];
	size_t n = pcie_path(r, g->pci, hop);
	double least;

	if (!g->max_gen.is || !g->max_width.is || n % 2)
		return;
	least = ldexp((double)g->max_width.value, (int)g->max_gen.value);
	for (size_t i = 0; i + 3 < n; i += 2) {
		struct known gen = smaller(hop[i].max_gen, hop[i + 1].max_gen);
		struct known width = smaller(hop[i].max_width, hop[i + 1].max_width);

		if (!gen.is || !width.is || ldexp((double)width.value, (int)gen.value) >= least)
			continue;
		least = ldexp((double)width.value, (int)gen.value);
		g->way_gen = gen;
		g->way_width = width;
	}
}

void link_read(struct gpu_entry *e, const struct sysroot *r, bool guest)
{
	struct gpu *g = &e->gpu;
	char port[16];

	g->link_gen = link_generation(r, g->pci, "current_link_speed");
	g->link_width = link_width(r, g->pci, "current_link_width");
	g->max_gen = link_generation(r, g->pci, "max_link_speed");
	g->max_width = link_width(r, g->pci, "max_link_width");
	g->mps = pcie_settings(r, g->pci).payload;
	/* A guest's upstream port is the emulator's: not an end of the real link. */
	if (guest || !upstream_port(e->chain, port))
		return;
	g->max_gen = smaller(g->max_gen, link_generation(r, port, "max_link_speed"));
	g->max_width = smaller(g->max_width, link_width(r, port, "max_link_width"));
	read_way(g, r);
}

int link_now(const struct sysroot *r, const char *pci, int *gen, int *lanes)
{
	struct known g = link_generation(r, pci, "current_link_speed");
	struct known w = link_width(r, pci, "current_link_width");

	if (!g.is || !w.is)
		return -EIO;
	*gen = (int)g.value;
	*lanes = (int)w.value;
	return 0;
}

/* A line's number behind its last blank: "Receiver Error 2", "RxErr 2". */
static bool line_count(const char *line, long long *count)
{
	const char *number = strrchr(line, ' ');
	char *end;

	if (!number || number[1] < '0' || number[1] > '9')
		return false;
	*count = strtoll(number + 1, &end, 10);
	return !*end;
}

/* The file's "TOTAL_.." line, which counts messages; where a kernel leaves it out, the sum of
 * the other lines, one for each kind of error. */
static struct known errors_of(const struct sysroot *r, const char *pci, const char *file)
{
	char text[4096], *rest = text, *line;
	struct known sum = UNKNOWN("the kernel's list of PCIe errors cannot be read");
	long long count;
	int rc = sysroot_text(r, text, sizeof(text), "sys/bus/pci/devices/%s/%s", pci, file);

	if (rc == -ENOENT || rc == -ENOTDIR)
		return UNKNOWN("the kernel reports no PCIe errors of it (no AER)");
	while (rc > 0 && (line = strsep(&rest, "\n"))) {
		if (!line_count(line, &count))
			return UNKNOWN("the kernel's list of PCIe errors is in an unknown form");
		if (strncmp(line, "TOTAL_", 6) == 0)
			return KNOWN(count);
		sum = KNOWN(sum.is ? sum.value + count : count);
	}
	return sum;
}

static struct known both(struct known a, struct known b)
{
	if (!a.is || !b.is)
		return b.is ? b : a;
	return KNOWN(a.value + b.value);
}

void link_errors(const struct sysroot *r, const char *pci, struct link_errors *errors)
{
	const struct {
		const char *file;
		struct known *count;
	} rows[] = {
		{ "aer_dev_correctable", &errors->correctable },
		{ "aer_dev_nonfatal", &errors->nonfatal },
		{ "aer_dev_fatal", &errors->fatal },
	};
	char chain[CHAIN_ROOM], port[16];

	pci_chain(r, pci, chain);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		*rows[i].count = errors_of(r, pci, rows[i].file);
		if (upstream_port(chain, port))
			*rows[i].count = both(*rows[i].count, errors_of(r, port, rows[i].file));
	}
}
