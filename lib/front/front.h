/* front.h - what the front door is made of: the tests there are, the children
 * that run them, the folder for what comes of it, and the lock.
 *
 * Nothing here starts CUDA: every look at a driver happens in a child.
 */
#ifndef NB_FRONT_FRONT_H
#define NB_FRONT_FRONT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "machine/machine.h"
#include "result/result.h"
#include "util/err.h"
#include "util/idset.h"
#include "util/progress.h"

/* ---- tests.c: one row for each test that --all runs ---- */

struct test {
	const char *name; /* of the executable, too */
	const char *summary;
	bool needs_gpu;
	bool takes_gpus;      /* where there are some */
	bool not_quick;       /* --quick leaves it out */
	bool quick_elsewhere; /* with --quick it needs another node, or a GPU */
	/* Its share of the budget: whatever the machine; for each node pair, each GPU and node,
	 * each GPU and other GPU; for each of the ways from a CPU node to another, of which two
	 * count: more of them have the time that is left, or are left out. */
	double once, per_pair, per_gpu, per_peer, per_move;
	double thorough; /* times as much with --thorough; 0: as much */
};
extern const struct test tests[];
extern const size_t ntests;
const char *test_word(size_t i); /* their names, for an option; NULL behind the last */

/* The tests that "mem-bandwidth,gpu-latency" names, as a set of rows. -EINVAL
 * with e, which lists those there are. NULL: all; quick: but for those that are not. */
int tests_parse(const char *list, bool quick, struct idset *rows, struct err *e);

/* Whether it has anything to measure on this machine, and hence needs time at all. */
bool test_has_work(const struct test *t, const struct machine *m, bool quick);

/* How much of the budget a test needs on this machine with so many GPUs, against the others. */
double test_weight(const struct test *t, const struct machine *m, size_t ngpus, bool thorough);

/* ---- programs.c: where the executables are ---- */

/* Fills path with libexec/numabench/NAME beside the running program's bin/
 * (also from within libexec/numabench itself). -ENOENT with e when there is no such executable. */
int program_path(char *path, size_t size, const char *name, struct err *e);

/* Fills path with share/numabench/NAME beside the folder bin/ or libexec/ from which this runs.
 * -ENOENT with e when nothing is there. */
int data_path(char *path, size_t size, const char *name, struct err *e);

/* ---- collect.c: runs a child, takes over what it reports ---- */

struct child_order {
	const char *program;     /* "mem-bandwidth" */
	const char *const *args; /* NULL-terminated, without argv[0] */
	double deadline_s;
	const volatile sig_atomic_t *stop;
	struct progress *progress;   /* may be NULL */
	double share_from, share_to; /* of the whole run that this child is */
	double left_after_s;         /* budget of what comes after it */
	bool quiet;                  /* no notes */
	FILE *log;                   /* notes go here; NULL: nowhere */
};

/* Runs a bench with --json and adds its records to res. Cells that were planned
 * and not reported become records with the status of how the child ended
 * (crashed, timeout, failed); a child that reported nothing at all becomes one
 * record. 0; -ENOMEM; -ENOENT and the like with e when there is no such program. */
int collect_records(struct result *res, const struct child_order *order, struct err *e);

/* Runs `topology --json` and fills res->machine and res->host. -EIO with e where
 * it fails. */
int collect_machine(struct result *res, const struct child_order *order, struct err *e);

struct check_order {
	const char *rules;  /* the file of --rules; NULL: none */
	const char *gpus;   /* only these are judged; NULL: all */
	const char *result; /* with readings under load; NULL: none yet */
	const volatile sig_atomic_t *stop;
	FILE *log; /* what fails is told there at once; NULL: nowhere */
};

/* Runs `check --json`; its findings take the place of those in res. Where it crashes, hangs or says
 * what makes no sense, a record tells, and the findings stay. -ENOMEM, -ENOENT, and -EIO where
 * it refused what it was asked (rules that cannot be read), with e. */
int collect_checks(struct result *res, const struct check_order *order, struct err *e);

/* ---- folder.c: where results go, and the lock ---- */

struct surroundings { /* what main read from the environment and the system */
	const char *host, *xdg_state_home, *home, *tmpdir, *xdg_runtime_dir;
};

/* Makes the folder: `asked`, else a new ./results/<id> (or <id>-2 and so on), else under
 * $XDG_STATE_HOME (or
 * ~/.local/state)/numabench, else $TMPDIR; proves that a file can be made in
 * it. -errno with e; for `asked` there is no second choice. */
int folder_make(char *path, size_t size, const char *asked, const char *id,
		const struct surroundings *from, struct err *e);

/* Proves that a file can be made beside `path`, which may be a device. -errno with e. */
int file_prove(const char *path, struct err *e);

/* Takes the one lock of the machine; the descriptor to keep open, or -EBUSY with
 * e that says who holds it. A place where no lock file can be made is no error
 * (the answer is then a descriptor of /dev/null). */
int run_lock(const struct surroundings *from, const char *what, struct err *e);

#endif
