/* dram.h - what a node's memory could carry: the sum of its channels. */
#ifndef NB_MACHINE_DRAM_H
#define NB_MACHINE_DRAM_H

#include "machine/dimms.h"
#include "machine/machine.h"

/* Bytes a second of node `id`'s memory: channels that hold modules x configured speed (MT/s) x 8
 * bytes, the width of a channel of DDR3, 4 and 5 (JEDEC JESD79-5: two halves of 32 bits). The
 * slowest module counts. Where controllers tell their package, its channels go to the package's
 * nodes; where they do not, all channels to all nodes; in equal parts, or it is not known. Unknown
 * with the reason, too, for a node without CPUs: nobody knows what it is made of. */
struct known dram_rate(const struct dimms *d, const struct machine *m, int id);

#endif
