/* run.h - one run of --all: what was asked for, what was found, and the tests one after another.
 *
 *   run_plan       the machine looked at, what cannot be refused
 *   run_identify   the run's name, seed and command
 *   run_tests      each test in a process of its own
 *   run_compare    with a baseline, what seems slower measured again
 *   run_check      `numabench check`, in one too
 *   run_judge      against physics, peers and the files that were given
 *
 * The main prints and exits; here nothing does but on the streams that it hands over.
 */
#ifndef NB_FRONT_RUN_H
#define NB_FRONT_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "front/front.h"
#include "front/load.h"
#include "front/request.h"
#include "render/render.h"
#include "result/baseline.h"
#include "result/compare.h"
#include "result/expect.h"
#include "result/result.h"

enum { TESTS_MAX = 16 }; /* rows of tests[] at most */

struct run {
	struct request ask;
	const char *host; /* its name */
	struct result res;
	struct baseline baseline; /* of --baseline; an empty one without */
	struct runs now;          /* and what is set against it: this run */
	struct comparison comparison;
	struct expect expect;     /* of --expect; an empty one without */
	json_t *rules;            /* of --rules; NULL without */
	struct idset rows;        /* of tests[] */
	struct idset gpus;        /* asked for */
	struct idset closed_gpus; /* hung in an earlier test */
	struct progress progress;
	double began;                      /* seconds_now */
	double shares[TESTS_MAX];          /* of the budget, by row: what each test was given */
	struct load load;                  /* of the CPUs, while tests measured */
	const volatile sig_atomic_t *stop; /* the signal that ends it */
};

double run_elapsed(const struct run *r); /* seconds since it began */

/* Finds the machine through a child (a driver that hangs takes only that one) into r->res. */
int run_look(struct run *r, struct err *e);
/* The same, and fills rows and gpus of what was asked for. What cannot be is refused before
 * anything is measured: -EINVAL; -ENODEV for a GPU that could be and is not. */
int run_plan(struct run *r, struct err *e);
/* Fills r->res.run but for seconds and complete. */
void run_identify(struct run *r, int argc, char **argv);

/* All tests that were asked for, until a signal. -errno with e. */
int run_tests(struct run *r, struct err *e);
/* Before anything is measured (result NULL), what fails on `log`; again with what the file has
 * read under load. -errno with e. */
int run_check(struct run *r, const char *result, FILE *log, struct err *e);

/* references.c: reads the files that the run is to be judged against, before anything is measured.
 * -errno with e, which names the option and the file. */
int run_read_references(struct run *r, struct err *e);
/* All that there is to judge: physics, peers and what was ordered. -ENOMEM with e. */
int run_judge(struct run *r, struct err *e);
/* The exit code of the verdict, as --strict, --on-unknown and --nagios have it; a signal's where
 * there was one. */
int run_exit_code(const struct run *r);
void run_release(struct run *r);

/* One cell of a test once more, or several (--cell), in a fresh process; `to` gets its records. */
int run_again(struct run *r, const char *test, const char *cell, struct result *to, struct err *e);
/* With --baseline: sets what was measured against it, and measures again what seems slower. What is
 * measured again is told on log (NULL: nowhere). run_judge keeps what came of it among the
 * findings. -errno with e. */
int run_compare(struct run *r, FILE *log, struct err *e);

/* What --dry-run prints, for a person or (--json -) as a result. */
void run_print_plan(const struct run *r, FILE *out);
/* What `numabench` alone prints: the machine, its declared bindings, what to try. -errno with e. */
int run_print_overview(const struct run *r, const struct render_options *look, FILE *out,
		       struct err *e);

#endif
