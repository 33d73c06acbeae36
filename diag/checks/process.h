/* process.h - `numabench check --pid PID`: a process that runs already, and all that it started.
 *
 * Read by machine/process.h, judged by result/process_verdict.h (as `bind --verify` does), and
 * told here. Its rows stand apart from the other checks: they look at somebody else's process.
 */
#ifndef NB_DIAG_CHECKS_PROCESS_H
#define NB_DIAG_CHECKS_PROCESS_H

#include <stdbool.h>
#include <stdio.h>

#include "machine/machine.h"
#include "machine/process.h"
#include "machine/sysroot.h"
#include "result/process_verdict.h"
#include "result/result.h"
#include "util/err.h"

struct process_check {
	int pid;
	struct idset gpus; /* it is to feed these (--gpus); empty: those that it has open */
	/* A result of this machine whose recommendations say where GPUs are fed best; NULL: where
	 * they are declared to hang. */
	const struct result *measured;
	bool json, strict;
	int width; /* of text; 80 where unknown */
};

/* Reads, judges and prints. Returns the exit code: 0 where it is bound well, where there is
 * nothing to bind to, and with a warning where it is bound by half or not at all (strict: 1); 1
 * where it is bound to the wrong node; 3 where what the kernel shows us does not suffice to
 * judge. Or, with e: -ESRCH where there is no such process (exit 3: it could exist), -EINVAL for
 * what is no process number (exit 2), -EACCES where the kernel hides it (exit 3), -ENOMEM and
 * -EIO (exit 2). The root is the live one; a recorded machine has no processes. */
int check_process(const struct process_check *c, const struct machine *m,
		  const struct sysroot *root, FILE *out, struct err *e);

/* ---- its parts ---- */

/* All that is told. */
struct process_report {
	const struct machine *m;
	const struct process_tree *tree;
	const struct tree_verdict *verdict;
	const struct process_want *want;
	/* Commands that mend the worst: from its start, and as it runs; empty where there is none.
	 */
	char start[160], running[2][2304];
	struct result findings; /* "process.binding" of the whole tree, "process.cores" */
};

/* process_text.c. 0, -ENOMEM, -EIO. */
int process_text(const struct process_report *r, int width, FILE *out);
/* process_notes.c. What else is to be known, and what cannot be seen; as process_text. */
int process_notes(const struct process_report *r, int width, FILE *out);
/* process_json.c. A new object { "process", "checks" }, or NULL: out of memory. */
json_t *process_json(const struct process_report *r);

/* All GPUs that the tree has open and may see, by address. *gpus is the caller's. -ENOMEM. */
int process_all_gpus(const struct process_tree *t, struct process_gpu **gpus, size_t *n);

#endif
