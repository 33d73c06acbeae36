/* process_parts.h - the parts of process.h, as they see one another. Private to lib/machine. */
#ifndef NB_MACHINE_PROCESS_PARTS_H
#define NB_MACHINE_PROCESS_PARTS_H

#include "machine/process.h"

/* What is read, and where from. */
struct process_source {
	const struct sysroot *root;
	const struct machine *m;
};

/* process_maps.c. p's nodes and areas out of its numa_maps, line by line; memory_why where the
 * kernel does not show it. -ESRCH where the process has ended, -ENOMEM. */
int process_read_memory(struct process *p, const struct process_source *s);
/* A thread's own policy: that of an area which has none, the program's text. */
struct memory_policy process_thread_policy(const struct process_source *s, int pid, int tid);
/* The entry of a node, made where there is none; NULL: out of memory. */
struct process_node *process_node(struct process *p, int node);

/* process_gpus.c. p's open GPUs, and its CUDA_VISIBLE_DEVICES. -ENOMEM. */
int process_read_gpus(struct process *p, const struct process_source *s);

#endif
