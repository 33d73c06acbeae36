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

/* How a result tells what it costs here to leave things as they are (explain.c). */
enum check_cost { COST_UNTOLD, COST_NODE, COST_LINK, COST_MEMORY };

struct checking;

struct check {
	const char *id, *title;
	unsigned tells;    /* of enum check_tells */
	bool guest_warns;  /* in a virtual machine it does not fail */
	unsigned needs;    /* of enum check_needs */
	const char *good;  /* what is expected, and why in a word; in every finding */
	const char *about; /* why it matters for feeding a GPU */
	const char *see;   /* how to see it by hand */
	const char *mend;  /* in every finding that warns or fails */
	const char *cost;  /* what it costs if left */
	enum check_cost measured;
	const char *source;    /* the file or call that was read */
	const char *authority; /* who says so */
	void (*look)(struct checking *c);
};

struct family {
	const char *name;
	const struct check *rows; /* ended by one without an id */
};
extern const struct family families[];
extern const size_t nfamilies;

/* The row of an id and its family's name (which may be NULL); NULL: there is none. */
const struct check *check_find(const char *id, const char **family);

/* What a row reads, with the slashes of its files. */
void check_source(const struct check *row, char text[120]);

/* ---- for those who run them ---- */

/* Runs every check and adds its findings to out. -ENOMEM. */
int checks_run(const struct look *l, struct result *out);
/* One of them alone. */
int check_run(const struct look *l, const struct check *row, const char *family,
	      struct result *out);

/* ---- for those who write them ---- */

struct checking {
	const struct look *l;
	const struct check *row;
	const char *family;
	struct result *out;
	/* Of the next finding alone, where the row's words will not do. */
	char expected[160], fix[240];
	bool root; /* root would see more */
	int rc;
	char name[64]; /* of gpu_name */
};

/* One finding. A status that the row cannot tell is a programmer's
 * error and aborts. */
void found(struct checking *c, enum check_status s, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Before found: what would be right, and what mends it, for this finding alone. */
void expect(struct checking *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void mend(struct checking *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Before found: the kernel shows it to root only. */
void needs_root(struct checking *c);

/* The smaller of two figures; the known one where only one is. */
struct known known_lesser(struct known a, struct known b);

/* The GPUs to judge: those that this process may use, or whose use nobody knows. NULL after the
 * last one; begin with NULL. */
const struct gpu *next_gpu(const struct look *l, const struct gpu *after);
bool judged(const struct look *l, const struct gpu *g);
size_t judged_gpus(const struct look *l);
/* "GPU 3 (0000:17:00.0)"; until the next call. */
const char *gpu_name(struct checking *c, const struct gpu *g);
/* What NVML said of it; where it says nothing, one skip is told and NULL returned. */
const struct nvml_facts *gpu_facts_of(struct checking *c, const struct gpu *g);
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
