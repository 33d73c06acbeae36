/* ranks.h - which process of a launch this one is, which GPU that makes its own, and which cores.
 *
 * What launchers and CUDA say stands in environment variables: the main hands the environment
 * over. Pure functions otherwise.
 */
#ifndef NB_FRONT_RANKS_H
#define NB_FRONT_RANKS_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/machine.h"
#include "result/binding.h"
#include "util/err.h"

/* The value of a variable, or NULL. */
const char *environment_value(char *const *env, const char *name);
/* The list as it is now, before something changes that; the texts stay where they are. free() it.
 * NULL: out of memory. */
char **environment_copy(char *const *env);
/* env, but for what a command is told of its GPU: CUDA_DEVICE_ORDER=PCI_BUS_ID (CUDA counts the
 * fastest first otherwise), CUDA_VISIBLE_DEVICES where `visible` is not empty, and, where threads
 * is not 0 and env has none, OMP_NUM_THREADS. Of OpenMP's variables no other: with OMP_PROC_BIND
 * libgomp puts the first thread on one place, which all that it forks inherit. free() it; it
 * lives no longer than env. NULL: out of memory. */
char **launch_environment(char *const *env, const char *visible, size_t threads);

struct rank {
	int number;       /* among the processes on this host, from 0 */
	const char *from; /* the variable that says so; NULL: it was given as a number */
};

/* "auto": by the first of rank_variables (binding.h) that is set. Else a number.
 * -EINVAL with e: none is set, or what is said is no rank. */
int rank_find(struct rank *r, const char *said, char *const *env, struct err *e);

/* A GPU as CUDA offers it to a process, in the order in which CUDA counts. */
struct offered {
	const struct gpu *gpu; /* of the machine */
	char name[96]; /* for CUDA_VISIBLE_DEVICES: a UUID where known, or a MIG instance's */
};

/* What CUDA_VISIBLE_DEVICES (NULL: it is not set) offers: numbers (by PCI address among those that
 * this process may use), UUIDs or their beginnings, MIG instances' names. Like CUDA it ends at the
 * first that it cannot find. *list is the caller's to free(). -EINVAL with e: one is named twice
 * (CUDA offers none then), or none is offered; -ENOMEM. */
int gpus_offered(struct offered **list, size_t *n, const struct machine *m, const char *visible,
		 struct err *e);

/* The place of a rank's own among n that are offered: its number. Where there is but one GPU, every
 * rank has that: its launcher has given each rank one of its own. -EINVAL with e for a rank that is
 * left without. */
int rank_offered(const struct rank *r, size_t n, struct err *e);

/* Several processes on one GPU (MIG instances) share out what the GPU's binding has: whole cores,
 * the part-th of so many parts. With fewer cores than parts they share them. */
struct idset cores_part(const struct machine *m, const struct idset *cpus, size_t part,
			size_t parts);

/* How many cores these CPUs are of: threads for OMP_NUM_THREADS. */
size_t cores_of(const struct machine *m, const struct idset *cpus);

#endif
