/* session_parts.h - what the parts of a session share. Private to lib/measure.
 *
 *   session.c   the story: plan, rounds, records
 *   cells.c     the cells and sites that a bench adds
 *   plan.c      which of them there are to be, and what fits into memory
 *   choose.c    of these, the cells that --cell names
 *   rounds.c    rounds in random order, and how long they took
 *   visit.c     a sample of one cell, and what was learnt by it
 *   joint.c     a sample of joint cells, and who is to blame when there is none
 *   sites.c     opening and closing buffers; giving up on what fails
 *   budget.c    how many rounds, of which cells
 *   crew.c      the worker processes as the parent sees them
 *   worker.c    what a worker does: opens, samples, proves, closes
 *   meeting.c   how several workers begin and end together (meeting.h)
 *
 * What is visited, forecast and left out are *units*: a cell by itself, the sum of joint
 * cells, or the first of a group, which stands for them all.
 */
#ifndef NB_MEASURE_SESSION_PARTS_H
#define NB_MEASURE_SESSION_PARTS_H

#include <sys/types.h>

#include "measure/clock.h"
#include "measure/meeting.h"
#include "measure/session.h"

/* At least six rounds make an interval (statistics.h), at least three openings
 * of the buffers a comparison (recommend.h). */
enum { ROUNDS_MIN = 6, OPENINGS_MIN = 3, STRIKES_MAX = 2 };
/* A void sample is made again, so often in a round; after so many rounds in a row without a good
 * one the unit is unstable. */
enum { TRIES_MAX = 3, VOIDS_MAX = 3 };
/* cell.site of a sum. */
#define NO_SITE SIZE_MAX

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
	size_t unit;       /* of a joint cell: its sum; of a group: its first; else itself */
	bool joint;        /* a sum, or the first of a group */
	size_t nmembers;   /* of one of these: so many cells after it */
	size_t comparison; /* its first cell: the same but for the nodes */
	int voids;         /* of a unit: rounds in a row without a good sample */
	char void_why[200];
	bool visited; /* a unit that is joint: it had a good sample, whoever got a figure of it */
	bool placed;  /* member.placed */
	bool done;    /* takes no more samples */
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
	bool keep_open;           /* all buffers fit at once, and workers may live side by side */
	int exclusive;            /* a GPU that one process at a time may use; -1: none */
	bool one_at_a_time;       /* so only one worker lives at a time */
	struct meeting *meeting;  /* made before the first worker */
	uint64_t seed, random;
	struct instant began;
	double budget_s; /* what was asked for, or the depth's own */
	double step_deadline_s;
	double hung_s; /* waiting for what hung, or stood at a gate: no part of the budget */
	int rounds;    /* made so far */
};

/* cells.c */
bool site_has_memory(const struct site *t);
uint64_t site_bytes_on(const struct site *t, int node);
bool session_is_unit(const struct session *s, size_t cell);
bool session_active(const struct session *s, size_t cell);            /* takes samples still */
bool session_void(const struct session *s, size_t cell);              /* its last samples were */
bool session_uses(const struct session *s, size_t cell, size_t site); /* a sum: its members do */
/* The cell's own; of a sum its members tell. */
bool session_uses_gpu(const struct session *s, size_t cell, int gpu);
/* Of a joint unit: which cell from it on is the first member; 1 of a sum, 0 of a group. */
size_t session_first(const struct cell_state *unit);
/* The site of a cell; of a sum: of its first member. */
size_t session_site_of(const struct session *s, size_t cell);
/* No more samples, for all cells of its unit; statuses stay those of the first call. */
void session_end_cell(struct session *s, size_t cell, enum status status, const char *why);
void session_end_unit(struct session *s, size_t cell); /* and the statuses stay */

/* plan.c */
int plan_make(struct session *s, struct err *e);
int plan_choose(struct session *s, struct err *e); /* choose.c: --cell */
void plan_fit(struct session *s); /* to memory, and to GPUs that one process may use */
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
enum verb { VERB_START, VERB_OPEN, VERB_SAMPLE, VERB_TOGETHER, VERB_CLOSE };

struct request {
	enum verb verb;
	size_t index; /* of the site or cell; together: of the sum; start: the GPU */
	int fresh;
};

int worker_run(struct session *s, const struct worker_process *p, int in, int out);

/* crew.c: every answer of a worker. */
enum answer {
	ANSWER_OK,      /* and done as asked */
	ANSWER_FAILED,  /* the bench said no; why is filled */
	ANSWER_TIMEOUT, /* the worker was killed, or left behind */
	ANSWER_DIED,    /* the worker ended by itself */
	ANSWER_STOPPED, /* the session was told to stop meanwhile; the worker was ended */
};

struct reply {
	json_t *record;  /* fields learnt; owned by the caller, may be NULL */
	json_t *members; /* of a joint sample: a list of { "cell", "value", "record" }; likewise */
	double value;    /* a sample; NaN where there is none */
	double aside_s;  /* session.h, struct worker */
	int code;        /* ANSWER_FAILED: -errno */
	size_t at; /* ANSWER_FAILED of a joint sample: the cell that failed; ncells: unknown */
	char why[300];
};

/* bench.start on a GPU of each worker's (-1: on none), all at the same time; starts workers that do
 * not run. v has room for all workers; how many were asked. As crew_together. */
struct party;
size_t crew_start(struct session *s, const int *gpus, struct party *v);
enum answer crew_open(struct session *s, size_t site, struct reply *r);
enum answer crew_sample(struct session *s, size_t cell, struct reply *r);
enum answer crew_close(struct session *s, size_t site, struct reply *r);
void crew_release(struct reply *r);

/* A joint sample of a sum's members, all of whose sites are open: every worker that
 * it takes is asked at once, and the meeting broken off when one of them fails. v has
 * room for all workers. Returns how many were asked. */
struct party {
	size_t worker; /* and its number in the meeting */
	enum answer a;
	struct reply r;
};
size_t crew_together(struct session *s, size_t sum, struct party *v);

void crew_end_worker(struct session *s, int cpu_node); /* and all that it has open */
void crew_end(struct session *s);

/* visit.c: one sample of a cell by itself. */
void visit_cell(struct session *s, size_t cell, int opening);
/* For a record: what the worker learnt, the first bad status staying. For a
 * cell: a new sample, which the sink is told of. */
void visit_learn(struct record *rec, const json_t *learnt);
void visit_sampled(struct session *s, size_t cell, double value, int opening);
/* All tries of a round were void. */
void visit_voided(struct session *s, size_t unit);
/* A simulated clock may set more aside than really passed. */
double visit_less(double seconds, double aside_s);

/* joint.c: the same for a sum and its members. */
void joint_visit(struct session *s, size_t sum, int opening);

/* sites.c */
/* True when the site is open with the buffers of this opening. Otherwise `wanted`, a
 * unit that was to be sampled, is ended where the site's worker was not just stopped. */
bool site_ensure_open(struct session *s, size_t site, int opening, size_t wanted);
void site_close(struct session *s, size_t site);
/* A site, or its GPU, that failed too often is not tried again. A hang counts
 * as often enough: whatever hung is likely to hang again. */
void site_strike(struct session *s, size_t site, enum answer a, const struct reply *r);
/* The same for a GPU by its number; nothing for -1. */
void site_strike_gpu(struct session *s, int gpu, enum answer a, const struct reply *r);
enum status site_status_of(enum answer a);
/* `why` with the site's GPU in front, which joint cells do not name. Returns buf. */
const char *site_blame(const struct session *s, size_t site, const char *why, char *buf,
		       size_t size);

/* session.c */
bool session_stopped(const struct session *s);
double session_elapsed(const struct session *s);
double session_spent(const struct session *s); /* of the budget */
uint64_t session_random(struct session *s);    /* splitmix64 */

#endif
