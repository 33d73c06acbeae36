/* check.h - what is looked at without timing it: one function and one row of a table each.
 *
 * A family of checks is one file with a const table of rows (engine.c lists the tables). A
 * row's function looks at a struct look and tells what it found, any number of times; the words
 * that every finding of it shares stand in the row. Nothing here changes anything.
 *
 * To add a check: a function and a row in the table of its family, and rows in
 * tests/unit/test-check-FAMILY.c that reach every status which it can tell.
 */
#ifndef NB_DIAG_CHECKS_CHECK_H
#define NB_DIAG_CHECKS_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/driver.h"
#include "machine/machine.h"
#include "machine/sysroot.h"
#include "result/result.h"

/* What the checks look at. */
struct look {
	const struct machine *m;
	const struct sysroot *root;        /* NULL: there are no files to read, and */
	const char *no_files;              /* why */
	const struct driver_facts *driver; /* an empty one where nobody was asked */
	const struct result *res;          /* readings under load; or NULL */
	bool chosen;                       /* only these GPUs are to be judged: */
	struct idset gpus;
	bool guest; /* a virtual machine, as far as can be told */
	char hypervisor[64];
	/* Which calls of the memory policy the kernel lets this process make. */
	struct {
		bool tried, set, bind, move; /* set_mempolicy, mbind, move_pages */
	} policy;
};

enum check_status { CHECK_PASS, CHECK_SKIP, CHECK_WARN, CHECK_FAIL };
/* Which of them a row can tell. Only rows that may fail ever do; a test reaches each. */
enum check_tells {
	MAY_PASS = 1 << CHECK_PASS,
	MAY_SKIP = 1 << CHECK_SKIP,
	MAY_WARN = 1 << CHECK_WARN,
	MAY_FAIL = 1 << CHECK_FAIL,
};
const char *check_status_name(enum check_status s); /* "pass" .. */

/* What a row needs; where it is not there, the check is skipped with that reason. */
enum check_needs {
	NEEDS_FILES = 1 << 0, /* sysfs and procfs */
	NEEDS_GPU = 1 << 1,   /* at least one that is not hidden or handed away */
	NEEDS_NVML = 1 << 2,  /* NVML's word on the GPUs */
	NEEDS_RUN = 1 << 3,   /* a result's readings under load */
	NEEDS_NODES = 1 << 4, /* more than one NUMA node */
};

/* What it does to work if it is left, the worst last: some per cent; a factor; work that stands
 * still for milliseconds to seconds; jobs that fail, or results that are wrong. */
enum check_harm { HARM_PERCENT, HARM_FACTOR, HARM_STALL, HARM_FAILURE };
const char *check_harm_name(enum check_harm h); /* "percent", "factor", "stall", "failure" */

/* How a result tells what it costs here to leave things as they are (cost.c). */
enum check_cost { COST_UNTOLD, COST_NODE, COST_LINK, COST_MEMORY, COST_BALANCING };

/* Whom a finding holds for, and who is to be asked for another one. */
enum check_scope {
	OF_MACHINE,
	OF_LIMITS,  /* this process's limits and control group: another's are its own */
	OF_BINDING, /* where this process may run: --pid tells of another one */
};

/* A step of what is to be done, or looked at: in words, by a command, or by both (then the words
 * say when, or what it shows). A command is one line, for a shell as it stands. In both,
 * a name in braces stands for a value of the finding: {gpu}, {address}, {node} and {cpus} of the
 * GPU that gpu_name named last are there of themselves, others are set by value(). */
struct step {
	const char *say, *run;
};
enum { STEPS = 8 }; /* ended by an empty one */

struct checking;

struct check {
	const char *id;
	const char *title; /* the good state */
	const char *fault; /* the title of what warns or fails, with values; NULL: it never does */
	unsigned tells;    /* of enum check_tells */
	bool guest_warns;  /* in a virtual machine it does not fail */
	bool physical;     /* a virtual machine cannot mend it: its host can */
	enum check_scope scope;
	unsigned needs;    /* of enum check_needs */
	const char *good;  /* what is expected, and why in a word; in every finding */
	const char *about; /* why it matters for feeding a GPU */
	enum check_harm harm;
	const char *cost; /* what it costs if left, in a line */
	enum check_cost measured;
	struct step see[STEPS]; /* how to see it by hand */
	struct step
		mend[STEPS];   /* in every finding that warns or fails, but where it has its own */
	const char *lasts;     /* how long that holds, and what undoes it */
	struct step verify;    /* how to see that it is mended */
	const char *source;    /* the file or call that was read */
	const char *authority; /* who says so */
	void (*look)(struct checking *c);
};

struct family {
	const char *name;
	const struct check *rows; /* ended by one without an id */
	bool apart;               /* of a process that runs (--pid): not looked for otherwise */
};
extern const struct family families[];
extern const size_t nfamilies;

/* The row of an id and its family's name (which may be NULL); NULL: there is none. */
const struct check *check_find(const char *id, const char **family);

/* Their ids, for an option; NULL behind the last. */
const char *check_word(size_t i);

/* What a row reads, with the slashes of its files. */
void check_source(const struct check *row, char text[120]);

/* What it costs here to leave it, in a sentence; false where the result has no figure. Of a finding
 * about one GPU (its subject: "GPU 5") that GPU's own cost, else, or with NULL, the worst there is.
 */
bool check_cost_here(const struct check *row, const struct result *res, const char *subject,
		     char *text, size_t size);

/* ---- for those who run them ---- */

/* Runs every check and adds its findings to out. -ENOMEM. */
int checks_run(const struct look *l, struct result *out);
/* One of them alone. */
int check_run(const struct look *l, const struct check *row, const char *family,
	      struct result *out);

/* ---- for those who write them ---- */

/* What the names in braces stand for. */
struct values {
	size_t n;
	struct {
		char name[12], text[1100];
	} v[20];
};

struct checking {
	const struct look *l;
	const struct check *row;
	const char *family;
	struct result *out;
	struct values values; /* of the next finding alone, as is all of this: */
	char expected[160];
	struct step steps[STEPS]; /* none: the row's */
	const struct step *verify;
	bool has_harm;
	enum check_harm harm;
	bool root; /* root would see more */
	int rc;
	char name[64]; /* of gpu_name and node_name */
};

/* One finding. A status that the row cannot tell is a programmer's error and aborts. */
void found(struct checking *c, enum check_status s, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Before found, for this finding alone: what would be right; what a name in braces stands for; a
 * step that mends it, or how to see that it is mended, in the place of the row's (the texts are
 * constants, or live until then); how bad it is. */
void expect(struct checking *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void value(struct checking *c, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void mend(struct checking *c, const char *say, const char *run);
void verify(struct checking *c, const struct step *step);
void harm(struct checking *c, enum check_harm h);
/* Before found: the kernel shows it to root only. */
void needs_root(struct checking *c);

/* The text with its values. A name that has none stays as it is; capitals: it is written large,
 * for a reader to fill in. */
void values_fill(const struct values *v, const char *text, bool capitals, char *buf, size_t size);
/* The steps with their values, as findings have them: [ { "text", "command" }, .. ]. NULL: out of
 * memory. */
json_t *values_steps(const struct values *v, const struct step *steps, bool capitals);
/* As many as fit, in one line: none is cut. */
void steps_line(const json_t *steps, char *buf, size_t size);
/* What a scope means, in a sentence; NULL: it is the machine's. */
const char *check_scope_text(enum check_scope s);

/* The smaller of two figures; the known one where only one is. */
struct known known_lesser(struct known a, struct known b);

/* The GPUs to judge: those that this process may use, or whose use nobody knows. NULL after the
 * last one; begin with NULL. */
const struct gpu *next_gpu(const struct look *l, const struct gpu *after);
bool judged(const struct look *l, const struct gpu *g);
size_t judged_gpus(const struct look *l);
/* "GPU 3 (0000:17:00.0)"; until the next call. */
const char *gpu_name(struct checking *c, const struct gpu *g);
/* "node 3"; likewise, for {node}. */
const char *node_name(struct checking *c, const struct node *n);
#define EACH_NODE(c, n)                                                                            \
	for (const struct node *n = (c)->l->m->nodes; n < (c)->l->m->nodes + (c)->l->m->nnodes; n++)
/* What NVML said of it; where it says nothing, one skip is told and NULL returned. */
const struct nvml_facts *gpu_facts_of(struct checking *c, const struct gpu *g);
#define EACH_GPU(c, g, f)                                                                          \
	for (const struct gpu *g = NULL; (g = next_gpu((c)->l, g));)                               \
		for (const struct nvml_facts *f = gpu_facts_of(c, g); f; f = NULL)
/* The node that it is declared to hang on, as a row of the machine; NULL: none, or none that
 * there is. */
const struct node *gpu_home(const struct look *l, const struct gpu *g);

/* The records of one GPU in the result, one after another; begin with NULL. */
const struct record *next_record(const struct look *l, int gpu, const struct record *after);

/* Bytes of the largest buffers, of one record, on a node; node -1: on any. */
uint64_t largest_buffers(const struct result *res, int node);

/* A text of the machine's provenance ("thp"): as /proc and /sys had it. NULL: not known. */
const char *condition(const struct look *l, const char *key);

#endif
