/* session.h - drives a bench, so that its source holds only what it measures.
 *
 * A bench names its cells and says how one is opened, sampled and closed. The
 * session does the rest: it finds the machine, forks one worker process for
 * each CPU node (bound before anything else happens in it), interleaves rounds
 * over all cells in random order under the time budget, gives every step a
 * deadline, survives a worker's crash or hang, and turns it all into records.
 *
 *   parent   plan -> order -> ask a worker -> collect -> summarise -> record
 *   worker             open(site) .. sample(cell) .. close
 *
 * A *site* is a set of buffers: one CPU node, one memory node, perhaps a GPU.
 * All cells of a site share its buffers. Each site is opened afresh at least
 * three times in a run.
 *
 * *Joint* cells are measured at one and the same time, on sites of one or of
 * several workers: the two directions of a GPU, or all GPUs at once. Each has a
 * record of its own, and one more has their sum.
 *
 * A *group* of cells is filled by one experiment of one worker, such as the rates
 * before a move, after it and settled.
 *
 * Where a GPU takes one process at a time, workers run one after another, buffers are
 * opened afresh in every round, joint cells of several workers are skipped, and every
 * record has "one_after_another": true in `more`.
 */
#ifndef NB_MEASURE_SESSION_H
#define NB_MEASURE_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"
#include "measure/meeting.h"
#include "place/threads.h"
#include "result/record.h"
#include "util/err.h"
#include "util/idset.h"
#include "util/options.h"

/* How much is to be measured: in a bench's tables, from which depth on. */
enum depth { DEPTH_NEVER, DEPTH_QUICK, DEPTH_NORMAL, DEPTH_THOROUGH };

/* What the caller of a session wants; the common options of every bench. */
struct session_options {
	double budget_s;          /* of the whole session; 0: that of its depth */
	const char *nodes, *gpus; /* lists; NULL: all that are allowed */
	const char *cell;         /* only these of the cells planned, in JSON; NULL: all */
	uint64_t size;            /* working set: one array, one copy; 0: the bench's own */
	int pages;                /* enum page_kind, or -1: the bench's own */
	int rounds;               /* at most; 0: as many as the budget gives */
	int seed;                 /* of the random order; 0: from the clock */
	bool quick, thorough;     /* at most one; see session_depth */
	bool busy;                /* measure GPUs that others use, too */
	bool dry_run;             /* plan only: the records come with status skipped, "dry run" */
};
extern const struct opt session_option_table[];
struct session_options session_options_default(void);

struct site {
	int cpu_node;
	int mem_node; /* -1: no host buffer, and no placement to prove, or several nodes: spread */
	int gpu;      /* -1: none */
	uint64_t bytes;       /* that its buffers take on mem_node, or on all of spread together */
	uint64_t gpu_bytes;   /* and on the GPU */
	int kind;             /* the bench's own: which buffers */
	struct spread spread; /* over which nodes, where mem_node is -1; else n is 0 */
};

/* One cell to be: identity in rec (record_init, record_set), the bench's own
 * variant, and how dearly it is wanted. */
struct cell {
	struct record rec; /* the session owns it once added */
	size_t site;
	int variant;
	int worth;       /* when the budget is short, lower ones go first */
	unsigned repeat; /* worker: calibrated repetitions of one sample; 0 before */
};

enum { HANDS = 8 };

/* What a worker knows while it works. */
struct worker {
	const struct machine *machine;
	const struct session_options *options;
	const struct node *node; /* its CPU node */
	/* One thread for each physical core, or what the quota gives, in the order of
	 * machine_spread_cores: its first n threads are spread over the node's caches. Of a GPU
	 * bench HANDS at most, which fill and compare buffers. */
	struct team *team;
	void *bench_state; /* the bench's own, for as long as the worker lives; see bench.stop */
	struct meeting *meeting; /* of all workers of the session (measure/meeting.h) */
	unsigned party;          /* this worker's number in it */
	uint64_t seed;
	int fresh; /* which opening of the site this is, from 0 */
	/* The bench adds the seconds of this step that a later one like it will not
	 * take, so that the forecast is right: of an opening, what is done once in a
	 * worker's life (a driver's start, the choice of a kernel); of a sample, what
	 * is done once an opening (verifying in full). */
	double aside_s;
};

/* One of the joint cells that a worker measures together, or of a group. */
struct member {
	void *buffers;     /* of its site */
	struct cell *cell; /* as in bench.sample */
	double value;      /* to be filled; NaN: none */
	/* To be set where threads or pages were moved: cell->rec.placement is the bench's, and
	 * threads on more than one node are misplaced. Where it holds no pages it gets those of the
	 * site; where it does, it is judged by the bench (placement_judge). */
	bool placed;
};

/* In the more of a record without a figure this time: why. It becomes the record's reason where no
 * later sample has one, and goes in the end. 0, or -ENOMEM. */
int member_no_figure(struct member *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct session;

struct bench {
	const char *name, *summary, *about;
	bool needs_gpu;
	/* Uses GPUs where there are some, from processes of its own: workers never start CUDA. What
	 * keeps GPUs out is told where plan says so (session_skip_gpus). */
	bool takes_gpus;
	double quick_s;            /* budget of --quick; 0: the usual one */
	const struct opt *options; /* of its own, offsets in own; may be NULL */
	void *own; /* the bench's option values: static storage of the bench's main */
	/* Parent: adds sites and cells (session_site, session_cell). */
	int (*plan)(struct session *s, struct err *e);
	/* Parent, before the first worker and after the last (also when the session was stopped;
	 * neither of them in a dry run): what the machine is like then (session_mark_all,
	 * session_note). Less than 0 ends the session with e. Both may be NULL. */
	int (*begin)(struct session *s, struct err *e);
	void (*end)(struct session *s);
	/* Worker, before anything else and in all workers at once, for each of the session's GPUs:
	 * what takes long and is done once, such as a driver's start. What fails is tried again by
	 * open. May be NULL. */
	void (*start)(struct worker *w, int gpu);
	/* Worker: allocates, places, touches and proves the buffers of a site. -ENOTSUP: it
	 * cannot be done on this machine, and its cells are skipped with e as the reason. */
	int (*open)(struct worker *w, const struct site *site, void **buffers, struct err *e);
	/* Worker: one sample of one cell. Puts what it learns into c->rec (kernel,
	 * placement, verified, pages ..) and the figure into *value. May set
	 * c->rec.status to anything but ok instead; less than 0 is STATUS_FAILED with e, but
	 * -EAGAIN as in together. */
	int (*sample)(struct worker *w, void *buffers, struct cell *c, double *value,
		      struct err *e);
	/* Worker: one sample of joint cells, all those of this worker, or of all of a group. While
	 * it runs, the other workers of this meeting do the same for theirs. Less than 0 is
	 * STATUS_FAILED with e for all of them, and *at is the member that failed, where it is
	 * known (n: not). -EAGAIN: this sample is void (e says why), the next may be good; after
	 * several in a row the cells are unstable. -ECANCELED: another party broke the meeting off.
	 * NULL where the bench plans neither joint cells nor groups. */
	int (*together)(struct worker *w, struct member *members, size_t n, size_t *at,
			struct err *e);
	/* Worker: proves the placement of the site's buffers into p (again after the last sample;
	 * where they are spread, p->slack is the bench's to fill). Not asked where the site has
	 * neither mem_node nor spread. */
	int (*prove)(struct worker *w, void *buffers, struct placement *p);
	/* Worker, before a site is closed: what is to be added to the records of all its cells
	 * that have samples (r->more, or a bad status). May be NULL. */
	void (*last)(struct worker *w, void *buffers, struct record *r);
	void (*close)(struct worker *w, void *buffers);
	void (*stop)(struct worker *w); /* releases bench_state; may be NULL */
	/* --list: what it can measure, one line each; may be NULL. */
	void (*list)(void (*line)(const char *text, void *to), void *to);
};

/* What a session hands out as it goes; the caller prints. All may be NULL. */
struct session_sink {
	void (*planned)(const struct record *r, void *to); /* every cell, before the first sample */
	/* a cell's newest sample; cells count from 0 in the order planned */
	void (*sample)(size_t cell, const struct record *r, void *to);
	void (*record)(const struct record *r, void *to); /* finished, in plan order */
	void (*progress)(double share, double left_s, const char *what, void *to);
	void (*note)(const char *line, void *to); /* the plan, what was left out */
	void *to;
	const volatile sig_atomic_t *stop; /* non-zero: end after this step */
};

/* Plans, measures, hands out records. m was probed by the caller. 0 when the
 * session came to its end, whatever became of single cells; -ECANCELED when it
 * was stopped (the records so far were handed out, with fewer samples); -EINVAL for nodes or
 * GPUs that cannot be (e), -ENODEV for what could be and is not here. */
int session_run(const struct bench *b, const struct session_options *o, const struct machine *m,
		const struct session_sink *sink, struct err *e);

/* For plan. The index of the new cell, or of the site (an equal one is the same), or -ENOMEM. The
 * record of a cell gets test, cpu_node, mem_node and gpu from bench and site. */
int session_site(struct session *s, const struct site *site);
int session_cell(struct session *s, size_t site, const struct cell *c);
/* Joint cells: sites[i] is that of members[i]. `sum` gets the sum of their figures, the worst
 * of their statuses, and no site of its own: its nodes and GPUs are what the caller
 * puts into its record. They must differ from all other cells in a field that
 * identifies (record.h, together). The index of the sum, or -ENOMEM. */
int session_joint(struct session *s, const struct cell *sum, const struct cell *members,
		  const size_t *sites, size_t n);
/* A group, n >= 1: sites[i] is that of members[i], all of one CPU node. One experiment, by
 * bench.together, fills them all; a member that stays NaN has no sample of it (member_no_figure
 * says why). The first one stands for them in the plan: its worth is theirs. The index of the
 * first, -ENOMEM, or -EINVAL where the sites are of several CPU nodes. */
int session_group(struct session *s, const struct cell *members, const size_t *sites, size_t n);
/* A cell that this machine does not allow: its record, with status skipped and the reason. It
 * stays the caller's to release. */
void session_skip(struct session *s, struct record *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* For plan, of a bench that takes GPUs: a skipped record of this metric for each GPU that is not
 * measured, with the reason, and one where there is none at all. */
int session_skip_gpus(struct session *s, const char *metric);
/* For end: all cells that have samples and are ok get this status. */
void session_mark_all(struct session *s, enum status status, const char *why);
/* A line for the person who waits. */
void session_note(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const struct machine *session_machine(const struct session *s);
const struct session_options *session_options(const struct session *s);
enum depth session_depth(const struct session *s);
double session_budget(const struct session *s);             /* seconds */
const struct idset *session_nodes(const struct session *s); /* asked for and allowed */
const struct idset *session_gpus(const struct session *s);
/* The node pairs to measure, as lists: the i-th of all (every CPU node with every memory node,
 * within --nodes; CPU-less nodes as memory nodes only), and the i-th of those that go together
 * (every memory node driven from its own CPUs, a CPU-less one from the nearest CPU node, a
 * memory-less one with the nearest memory; for GPU benches). False past the end. */
struct placing {
	int cpu_node, mem_node;
};
bool session_pair(const struct session *s, size_t i, struct placing *p);
bool session_near(const struct session *s, size_t i, struct placing *p);
/* True for one that session_near lists. */
bool session_is_near(const struct session *s, const struct placing *p);

/* How many threads a CPU node runs: its physical cores, within the CPU quota. */
size_t session_threads(const struct session *s, int cpu_node);

#endif
