/* binding.h - what a launcher must know to put processes beside their GPUs.
 *
 * A recommendation says which node feeds a GPU best; a binding is that made usable for the
 * processes of one launch: cores shared out among them, and the nodes that their memory is to come
 * from. Pure functions over the machine, its recommendations and, where there is one, a result.
 */
#ifndef NB_RESULT_BINDING_H
#define NB_RESULT_BINDING_H

#include "result/recommend.h"

enum binding_memory {
	BINDING_BIND,       /* these nodes and no others: what is full kills */
	BINDING_PREFERRED,  /* the node, and others once it is full */
	BINDING_INTERLEAVE, /* over these nodes in turn, page by page */
	BINDING_NONE,       /* CPUs alone are bound; memory follows by first touch */
};
extern const char *const binding_memory_words[]; /* "bind" .., then NULL */

enum binding_smt { SMT_ALL, SMT_ONE };        /* all siblings of a core, or its first one alone */
extern const char *const binding_smt_words[]; /* "all", "one", then NULL */

struct binding_want {
	struct idset gpus; /* one process for each of them */
	/* GPUs among which the cores are shared out; empty: those wanted. With all of the machine
	 * two launches side by side do not meet on any core. */
	struct idset among;
	enum binding_smt smt;
	enum binding_memory memory;
	uint64_t need; /* bytes of host memory for each process; 0: not told */
};

/* The process of one GPU. */
struct binding {
	const struct gpu *gpu;             /* of the machine */
	const struct recommendation *from; /* has_node is true */
	int node;                          /* whose cores and memory feed the GPU best */
	struct idset cpus;                 /* never empty */
	bool cpus_shared; /* with another process: there are more of them than cores */
	enum binding_memory memory;
	struct idset memory_nodes; /* empty with BINDING_NONE; several only where interleaved */
	uint64_t need;             /* as it was wanted, for this process */
	struct known room; /* bytes that the processes of this launch together can have there */
	/* With interleaving: the copy rate (pinned, host to device) out of those nodes in turn
	 * over that out of the node alone, reckoned from what was measured: the harmonic mean.
	 * NaN: not measured. */
	double rate;
	char note[256]; /* what a person should know, one line without a full stop; or empty */
};

/* One for each wanted GPU, in order of index, from recommendations of that machine (recommend.h;
 * `res` is where they were measured, or NULL). Memory nodes with a need, bound: the node where all
 * of its processes fit; else the fewest nodes, the nearest first, of which each has room for its
 * part beside what is already given away, interleaved, and note says so. Preferred memory may
 * spill, and note says that it will. -ENODEV with e: a GPU has no node to be bound to; -ENOSPC: no
 * nodes of this machine have so much, or the cgroup's limit is lower; -EINVAL: none of the node's
 * CPUs may be used; -ENOMEM. Free with free(). Where memory is interleaved the note says what that
 * costs, if it was measured. */
int bindings_make(struct binding **all, size_t *n, const struct machine *m,
		  const struct recommendation *recommended, size_t nrecommended,
		  const struct result *res, const struct binding_want *want, struct err *e);

/* "node 1 (measured)", "node 1 (declared, not measured: --from RESULT would tell)": which node, and
 * who says so. Returns buf. */
char *binding_origin(const struct binding *b, char *buf, size_t size);
/* Binding makes no difference to this GPU, and from->why says so. */
bool binding_needless(const struct binding *b);
/* "copies to the GPU run at 50 % of the rate", or empty where rate is not known. Returns buf. */
char *binding_cost(const struct binding *b, char *buf, size_t size);

/* Where launchers say which process of this host one is, from 0: the first of them that is set, for
 * Slurm's stands in the environment of a batch script too, always 0, and in that of what mpirun
 * starts from there. torchrun, Open MPI, MPICH and Intel MPI, srun; then NULL. */
extern const char *const rank_variables[];

/* The first CPU of each of the binding's cores: what one thread a core runs on. */
struct idset binding_first_siblings(const struct machine *m, const struct idset *cpus);

#endif
