/* physics.h - what a link could carry: the bound that no figure can exceed. */
#ifndef NB_RESULT_PHYSICS_H
#define NB_RESULT_PHYSICS_H

#include <stdbool.h>

#include "result/record.h"

/* The payload ceiling of a PCI Express link, bytes per second:
 *
 *     GT/s x 128/130 x lanes / 8 x MPS / (MPS + h)
 *
 * with h = 24 bytes for memory-write requests with a 64-bit address (d2h: the GPU
 * writes) and 20 bytes for completions (h2d: the GPU reads); PCI Express Base
 * Specification 5.0, sections 2.2 and 4.2. Generations 3 to 5: 8, 16, 32 GT/s with
 * 128b/130b; 1 and 2: 2.5 and 5 GT/s with 8b/10b. mps 0: not known, then the raw
 * rate without headers, which is looser. NaN for generation 6 and later (other
 * framing), a width below 1, or a direction of both ways. Acknowledgements and
 * flow control are not taken off: more has been measured than such models give. */
double pcie_ceiling(int gen, int width, int mps, enum direction d);

/* The loosest form, by which a figure is told to be a measuring error: the raw
 * rate, which is more than that with any MPS. NaN as above. */
double pcie_bound(int gen, int width, enum direction d);

#endif
