/* process_verdict.h - whether a process runs, and keeps its memory, where its GPUs are.
 *
 * A pure function of what was read of the process (machine/process.h) and of the machine.
 * The node to be on is that of the GPUs which a process has open: measured, where there is a
 * recommendation, else declared. A process without a GPU is to be where its nearest ancestor
 * with one is, else where all of its descendants' are. Where no GPU tells, it is to be on the
 * one node that it keeps itself to, if there is such.
 */
#ifndef NB_RESULT_PROCESS_VERDICT_H
#define NB_RESULT_PROCESS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/machine.h"
#include "machine/process.h"
#include "result/result.h"

/* In order of how bad it is. */
enum process_binding {
	PROCESS_WELL,
	PROCESS_NEEDLESS, /* one node, or GPUs on all of them: there is nothing to bind to */
	PROCESS_UNKNOWN,
	PROCESS_MEMORY_ONLY,
	PROCESS_CPU_ONLY,
	PROCESS_UNBOUND,
	PROCESS_WRONG_NODE,
};

/* Whether something is kept to the nodes where it should be. */
enum keeping {
	KEPT_UNKNOWN,
	KEPT_IN,    /* to them or some of them */
	KEPT_LOOSE, /* it may be there, and elsewhere */
	KEPT_AWAY,  /* it is on others */
};

/* Of a process's own memory this much counts as all of it: the rest was allocated before the
 * binding, or by others (the loader, a parent). */
#define PROCESS_MOST 0.9

struct process_want {
	const struct machine *m;
	struct idset gpus; /* the GPUs that it is to feed; empty: those that each has open */
	const struct recommendation *measured; /* of a result; NULL: the declared nodes */
	size_t nmeasured;
};

struct process_verdict {
	bool judged; /* false: a launcher, or ended; why says so */
	enum process_binding binding;
	struct idset gpus;  /* those it is to feed, by number */
	struct idset nodes; /* where it is to be; empty: nothing tells */
	bool by_gpus;       /* GPUs tell so; false: its own binding */
	enum keeping cpus, memory;
	struct idset cpu_nodes; /* nodes of the CPUs that its threads may use */
	struct idset
		memory_nodes; /* nodes to which cpuset or policy keep its memory; empty: none */
	size_t threads;       /* that count: a guest's vCPUs, else all */
	size_t threads_out;   /* threads that may run outside of `nodes` */
	double share;         /* of its own memory on `nodes`; NaN: not known */
	char why[360];        /* one sentence without a full stop */
};

/* Threads pinned to one CPU each which have to share a core. */
struct core_sharing {
	struct idset cpus; /* the CPUs of the core that have such threads: two or more SMT siblings,
			    * or one CPU for several processes */
	size_t threads, processes;
	size_t idle_cores; /* of the same node, without any pinned thread of the tree */
};

struct tree_verdict {
	enum process_binding binding; /* the worst of those judged */
	size_t worst;                 /* whose it is */
	struct process_verdict *v;    /* for each process of the tree, in its order */
	size_t n;
	struct core_sharing *sharing;
	size_t nsharing;
};

/* Fills v (released by tree_verdict_release). -ENOMEM. */
int process_judge(struct tree_verdict *v, const struct process_tree *t,
		  const struct process_want *w);
void tree_verdict_release(struct tree_verdict *v);

/* Cores that pinned threads of the tree share: *sharing is the caller's to free. -ENOMEM. */
int process_cores(struct core_sharing **sharing, size_t *nsharing, const struct process_tree *t,
		  const struct machine *m);

/* The node on which a GPU is to be fed: recommended by a measurement, else declared. */
struct known process_gpu_node(const struct process_want *w, int gpu);

/* "bound well", "nothing to bind", "not known", "memory only", "CPU only", "not bound",
 * "bound to the wrong node" */
const char *binding_name(enum process_binding b);

#endif
