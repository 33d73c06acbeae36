/* trials.h - a command of somebody else's, run again and again in each of four ways.
 *
 * Every run is a process group of its own with a deadline (util/child.h). What it leaves behind,
 * in whatever session it hides, is ended before the next one starts: the calling process adopts
 * orphans (PR_SET_CHILD_SUBREAPER) and must have no other children.
 */
#ifndef NB_PLACE_TRIALS_H
#define NB_PLACE_TRIALS_H

#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine/sysroot.h"
#include "place/launch.h"
#include "result/record.h"
#include "util/child.h"
#include "util/err.h"

enum { TRIAL_WAYS = BOUND_BOTH + 1 };

/* One way; in the order of enum bound. */
struct trial_way {
	struct launch_place place;
	char *const *env;
	const char *left_out; /* not NULL: it is not run, and why */
};

struct trial_order {
	char *const *argv;
	struct trial_way way[TRIAL_WAYS];
	int rounds;
	double deadline_s; /* of one run */
	const volatile sig_atomic_t *stop;
	/* What is measured: the first group of the last match in stdout and stderr; NULL: the time
	 * from start to end. */
	const regex_t *metric;
	bool warm_up;  /* a run before all others, unbound, that counts nowhere */
	uint64_t seed; /* of the order within a round */
	int log;       /* all that the runs say, and a line before each */
	const struct sysroot *root;
	void (*tell)(int done, int all, enum bound way, void *arg); /* before each run; or NULL */
	void *arg;
};

/* How the first run that was not well ended. */
struct trial_failure {
	bool is;
	enum bound way;
	int run;  /* its number in the log, from 1 */
	int code; /* an exit status for whoever asked; LAUNCH_OWN where that is not the command's */
	char why[300];
};

/* Fills the samples, status and reason of records that the caller has begun, one for each way. A
 * way with a run that fails, hangs or does not say its figure has no figure and is not run again;
 * where that is the unbound one, nothing is. Stopped: what there is. A way whose memory policy the
 * kernel refuses is skipped. -errno with e for an error of our own. */
int trials_run(const struct trial_order *o, struct record records[TRIAL_WAYS],
	       struct trial_failure *failure, struct err *e);

#endif
