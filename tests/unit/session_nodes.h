/* session_nodes.h - a machine of NODES nodes on which a session can run: the first has the CPUs of
 * this process, as one core. */
#ifndef NB_TESTS_SESSION_NODES_H
#define NB_TESTS_SESSION_NODES_H

#include <sched.h>
#include <stdlib.h>

#include "machine/machine.h"

enum { NODES = 2 };

static inline struct machine two_nodes(void)
{
	struct machine m = { .live = true, .nnodes = NODES };

	m.nodes = calloc(NODES, sizeof *m.nodes);
	for (int i = 0; i < NODES; i++) {
		struct node *n = &m.nodes[i];

		*n = (struct node){ .id = i, .allowed = true };
		n->giveable_bytes = n->memory_bytes = n->free_bytes = KNOWN(1 << 20);
	}
	sched_getaffinity(0, sizeof m.nodes[0].cpus, (cpu_set_t *)(void *)&m.nodes[0].cpus);
	m.nodes[0].allowed_cpus = m.allowed_cpus = m.nodes[0].cpus;
	m.nodes[0].cores = calloc(1, sizeof *m.nodes[0].cores);
	m.nodes[0].ncores = 1;
	idset_add(&m.nodes[0].cores[0].cpus, idset_next(&m.nodes[0].cpus, -1));
	return m;
}

#endif
