/* bound.h - `numabench bind`: the proof that a binding took effect, by the code of `check --pid`.
 *
 * Of a command while it runs (--verify), and of a tree that runs already (--pid).
 */
#ifndef NB_DIAG_CHECKS_BOUND_H
#define NB_DIAG_CHECKS_BOUND_H

#include <stdio.h>

#include "machine/machine.h"
#include "machine/sysroot.h"
#include "place/launch.h"
#include "result/result.h"

struct bound_order {
	const struct machine *m;
	const struct sysroot *root;
	int gpu;
	struct launch_place place;
	const struct result *measured; /* that it follows; NULL: as declared */
	bool strict;
	int width;      /* of text */
	const char *by; /* the program's name, before its messages */
	FILE *out;      /* the proof */
};

/* Runs the command in this process's place (launch_attend), which has the binding already, looks at
 * it again and again, and tells what was seen last. Ends as the command did: its exit status, or
 * dies by the signal that it died by. What could not be started: LAUNCH_NOT_FOUND and
 * LAUNCH_NOT_EXECUTABLE. LAUNCH_OWN for an error, with e, and where strict and the command ended
 * well, but was not seen bound well. */
int bound_command(const struct bound_order *o, char *const *argv, char *const *env, struct err *e);

/* Moves a tree that runs (place/rebind.h), tells what came of it and what stayed behind, and proves
 * it. 0: all its threads and nine tenths of the memory of each process are where they should be (or
 * memory was not to be moved); 1: they are not; -errno with e: there is no such process, no thread
 * could be moved. */
int bound_running(const struct bound_order *o, int pid, struct err *e);

#endif
