/* choice.h - what the processes of a launch are bound to: by what a result has measured on this
 * machine, or as firmware and driver declare. */
#ifndef NB_FRONT_CHOICE_H
#define NB_FRONT_CHOICE_H

#include "front/ranks.h"
#include "machine/machine.h"
#include "result/binding.h"
#include "result/result.h"
#include "util/err.h"

struct choice {
	struct result res; /* of the file; empty without */
	struct recommendation *declared;
	size_t ndeclared;
	/* One for every GPU; of either. */
	const struct recommendation *recommended;
	size_t n;
	const struct result *measured; /* &res where there is a file, else NULL */
};

/* From a result file, or what m declares where that is NULL. -EINVAL with e for a result of another
 * machine; as result_read; -ENOMEM. To be closed however it ends. */
int choice_open(struct choice *c, const struct machine *m, const char *from, struct err *e);
void choice_close(struct choice *c);

/* The GPUs among which the cores of each node are shared out, whichever of them a launch is for:
 * all, for each may get a process by another launch, and no two are to meet on a core. But where
 * this process may use only a part of a node's cores that part is its own: there none that is
 * hidden. */
struct idset choice_among(const struct choice *c, const struct machine *m);

/* The process of one GPU, whose cores are its share (choice_among). want->gpus is not looked at,
 * want->need is of this process alone. As bindings_make. */
int choice_one(struct binding *b, const struct choice *c, const struct machine *m, int gpu,
	       const struct binding_want *want, struct err *e);

/* The CPUs that a rank's launcher has for all its ranks, whatever it has bound each of them to, and
 * that this process's cpuset allows. false where that cannot be seen. */
bool choice_launcher(struct idset *cpus, const struct rank *r);

/* The process of a rank, of all that the GPUs in CUDA_VISIBLE_DEVICES (ranks.h) are for: *own is
 * its GPU. The cores of a node are shared out among these GPUs, and among the ranks on one of them.
 * `had` (NULL: not known) is what the launcher has bound this rank to, of m->allowed_cpus. Some
 * cores of the GPU's node: then they have been shared out already, and it keeps those; all of them,
 * or another node's: it gets its share. As choice_one, gpus_offered and rank_offered. */
int choice_rank(struct binding *b, struct offered *own, const struct choice *c,
		const struct machine *m, const struct rank *r, const char *visible,
		const struct idset *had, const struct binding_want *want, struct err *e);

#endif
