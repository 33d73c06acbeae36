#include "result/physics.h"

#include <math.h>
#include <stddef.h>

/* Transfers a second of one lane, and what the line code leaves of them. */
static const struct {
	double transfers, code;
} generations[] = {
	[1] = { 2.5e9, 8 / 10.0 },   [2] = { 5e9, 8 / 10.0 },     [3] = { 8e9, 128 / 130.0 },
	[4] = { 16e9, 128 / 130.0 }, [5] = { 32e9, 128 / 130.0 },
};
enum { GENERATIONS = sizeof generations / sizeof *generations };

/* Bytes around the payload of a packet: framing, sequence number, header, LCRC. */
static const int overhead[] = { [DIR_H2D] = 20, [DIR_D2H] = 24 };

double pcie_ceiling(int gen, int width, int mps, enum direction d)
{
	double raw;

	if (gen < 1 || gen >= GENERATIONS || width < 1 || d == DIR_BIDIRECTIONAL)
		return NAN;
	raw = generations[gen].transfers * generations[gen].code * width / 8;
	return mps > 0 ? raw * mps / (mps + overhead[d]) : raw;
}

double pcie_bound(int gen, int width, enum direction d)
{
	return pcie_ceiling(gen, width, 0, d);
}
