/* core_pairs.h - what two cores have in common, and which cores tell most of a machine. */
#ifndef NB_RESULT_CORE_PAIRS_H
#define NB_RESULT_CORE_PAIRS_H

#include <stddef.h>

#include "machine/machine.h"

enum core_bond {
	BOND_CACHE,        /* one last-level cache, on one node */
	BOND_CACHE_ACROSS, /* one last-level cache, on two nodes */
	BOND_NODE,         /* one node, two last-level caches, or none is known */
	BOND_PACKAGE,      /* two nodes of one package */
	BOND_NONE,         /* two nodes: of two packages, or these are not known */
	BONDS
};
enum core_bond core_bond(const struct machine *m, int a, int b);
/* "same last-level cache", "same node", .. */
const char *core_bond_name(enum core_bond b);

/* The cores of some nodes, each by its first CPU, in an order in which any first few of them tell
 * most: from each node in turn, and there as machine_spread_cores has it. Returns how many there
 * are; at most `room` are written. */
size_t cores_spread(const struct machine *m, const struct idset *nodes, int *cpus, size_t room);

#endif
