/* session_parts.h - what the parts of a session share. Private to lib/measure.
 *
 *   session.c   the story: plan, rounds, records
 *   plan.c      which cells there are to be, and what fits into memory
 *   rounds.c    rounds in random order; what goes wrong in them
 *   budget.c    how many rounds, of which cells
 *   crew.c      the worker processes as the parent sees them
 *   worker.c    what a worker does: opens, samples, proves, closes
 */
#ifndef NB_MEASURE_SESSION_PARTS_H
#define NB_MEASURE_SESSION_PARTS_H

#include <sys/types.h>

#include "measure/clock.h"
#include "measure/session.h"

/* At least six rounds make an interval (statistics.h), at least three openings
 * of the buffers a comparison (design.md 5.6). */
enum { ROUNDS_MIN = 6, OPENINGS_MIN = 3, STRIKES_MAX = 2 };

struct site_state {
	struct site site;
	bool open;
	bool lost;     /* could not be opened, or its worker died in it too often */
	int fresh;     /* openings so far */
	int strikes;   /* failures seen in it */
	double open_s; /* forecast of an opening with its closing and what its samples set aside */
};

struct cell_state {
	struct cell cell;
	size_t comparison; /* its first cell: same metric, direction, memory, size and GPU */
	bool done;         /* takes no more samples */
	double sample_s; /* forecast of a sample: what the last one took, less what it set aside */
};

struct worker_process {
	int cpu_node;
	pid_t pid;    /* 0: not running */
	int to, from; /* pipes */
};

struct session {
	const struct bench *bench;
	const struct session_options *options;
	const struct machine *machine;
	const struct session_sink *sink;
	struct idset nodes, gpus; /* asked for and there */
	struct site_state *sites;
	size_t nsites;
	struct cell_state *cells;
	size_t ncells;
	struct worker_process *workers;
	size_t nworkers;
	struct idset closed_gpus; /* a hang or repeated failures closed them */
	bool keep_open;           /* all buffers fit at once */
	uint64_t seed, random;
	struct instant began;
	double step_deadline_s;
	double hung_s; /* waiting for what hung: no part of the budget */
	int rounds;    /* made so far */
};

/* plan.c */
int plan_make(struct session *s, struct err *e);
void plan_fit_memory(struct session *s);
void plan_say(struct session *s);

/* rounds.c */
int rounds_run(struct session *s);

/* budget.c. Which opening of the buffers a round uses; whether the first round
 * ends before order[next]; leaves out what does not fit; whether to make another
 * round. */
int session_opening(int round);
bool budget_first_round_ends(const struct session *s, const size_t *order, size_t next);
void budget_fit(struct session *s);
bool budget_another(const struct session *s);

/* worker.c: the worker's life: bound first, then one request after another.
 * Returns the process's exit status. */
enum verb { VERB_OPEN, VERB_SAMPLE, VERB_CLOSE };

struct request {
	enum verb verb;
	size_t index; /* of the site or cell */
	int fresh;
};

int worker_run(struct session *s, const struct node *node, int in, int out);

/* crew.c: every answer of a worker. */
enum answer {
	ANSWER_OK,      /* and done as asked */
	ANSWER_FAILED,  /* the bench said no; why is filled */
	ANSWER_TIMEOUT, /* the worker was killed, or left behind */
	ANSWER_DIED,    /* the worker ended by itself */
	ANSWER_STOPPED, /* the session was told to stop meanwhile; the worker was ended */
};

struct reply {
	json_t *record; /* fields learnt; owned by the caller, may be NULL */
	double value;   /* a sample; NaN where there is none */
	double aside_s; /* session.h, struct worker */
	int code;       /* ANSWER_FAILED: -errno */
	char why[300];
};

enum answer crew_open(struct session *s, size_t site, struct reply *r);
enum answer crew_sample(struct session *s, size_t cell, struct reply *r);
enum answer crew_close(struct session *s, size_t site, struct reply *r);
void crew_end_worker(struct session *s, int cpu_node); /* and all that it has open */
void crew_end(struct session *s);

/* session.c */
bool session_stopped(const struct session *s);
double session_elapsed(const struct session *s);
double session_spent(const struct session *s); /* of the budget */
void session_note(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool session_active(const struct session *s, size_t cell); /* takes samples still */
/* No more samples; the status stays that of the first call. */
void session_end_cell(struct cell_state *c, enum status status, const char *why);
uint64_t session_random(struct session *s); /* splitmix64 */

#endif
