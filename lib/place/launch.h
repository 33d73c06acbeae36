/* launch.h - a command on the CPUs and memory that it is given.
 *
 * CPU affinity and memory policy survive fork and exec, so that whatever the command starts has
 * them too (sched_setaffinity(2), set_mempolicy(2)).
 */
#ifndef NB_PLACE_LAUNCH_H
#define NB_PLACE_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "result/record.h"
#include "util/err.h"
#include "util/idset.h"

struct launch_place {
	struct idset cpus; /* empty: as this process */
	/* MEMPOLICY_DEFAULT: whatever policy this process has. Bind and preferred take the one node
	 * of nodes. */
	enum mempolicy memory;
	struct idset nodes;
};

/* Binds the calling thread, and what it starts later. -EINVAL: the CPUs were not taken; -ENOTSUP:
 * they were, but the kernel refuses memory policies here; both with e. */
int launch_bind(const struct launch_place *p, struct err *e);

/* As env(1) ends. */
enum { LAUNCH_OWN = 125, LAUNCH_NOT_EXECUTABLE = 126, LAUNCH_NOT_FOUND = 127 };

/* Becomes the command, found as a shell does. Returns only where it could not: LAUNCH_NOT_FOUND or
 * LAUNCH_NOT_EXECUTABLE, with e. */
int launch_exec(char *const *argv, char *const *env, struct err *e);

/* How a command that is attended is looked at: after 20 ms, then whenever it has run twice as long,
 * and at last every minute. */
struct launch_watch {
	void (*look)(pid_t pid, double seconds, void *arg);
	void *arg;
};

/* Runs the command as a child of this process until it ends; *status is as waitpid has it. The
 * child has this process's terminal, descriptors and place, gets the signals that somebody sends to
 * this process, and dies with it. 0; as launch_exec where it cannot become the command; -errno
 * where there is no child; both with e. */
int launch_attend(char *const *argv, char *const *env, const struct launch_watch *watch,
		  int *status, struct err *e);

#endif
