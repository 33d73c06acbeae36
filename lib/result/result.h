/* result.h - the document of one run ("schema": "numabench/1").
 *
 * results/README.md explains it, results/schema.json is its JSON Schema.
 */
#ifndef NB_RESULT_RESULT_H
#define NB_RESULT_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "machine/machine.h"
#include "result/record.h"
#include "util/err.h"

#define RESULT_SCHEMA "numabench/1"
#define RESULT_FILE   "result.json" /* in the folder of a run */

struct run_info {
	char id[64];      /* "<host>-<UTC time>" */
	char started[32]; /* "2026-11-21T01:28:06Z" */
	double seconds;
	json_t *command; /* array of strings; owned */
	char version[64];
	uint64_t seed; /* below 2^63: JSON has no more */
	bool simulated;
	bool complete;   /* false: interrupted, or parts are missing */
	json_t *options; /* what was asked for that judging needs: require_gpus, busy, .. ; owned,
			    may be NULL */
	json_t *more; /* unknown keys of a result read back, here and below; owned, may be NULL */
};

struct finding { /* an element of "checks" */
	char id[64], family[24];
	char status[8]; /* "pass", "warn", "fail", "skip" or "unknown" */
	char subject[64];
	char observed[300], expected[160], fix[240], source[120];
	char authority[160]; /* whose word it rests on */
	json_t *more;
};

enum verdict_status { VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN };
struct verdict {
	enum verdict_status status;
	char (*reasons)[300]; /* owned */
	size_t nreasons;
	size_t nwarnings; /* findings with status warn; --strict counts them */
	json_t *more;
};

enum matters { MATTERS_NO, MATTERS_YES, MATTERS_UNDECIDED, MATTERS_UNMEASURED, MATTERS_ONE_NODE };
enum agreement { AGREES, DISAGREES, UNDECLARED };

/* Node `best` against node `other` on one kind of cell of one GPU. */
struct evidence {
	char test[32], metric[32];
	/* What the records do not say has has_.. false: a kernel's launch has no direction. */
	bool has_direction, has_memory, has_together, has_pages_asked;
	enum direction direction;
	enum memory_kind memory;
	enum together together; /* both ways: of a sum, or of one direction while the other runs */
	enum page_kind pages_asked;
	uint64_t bytes;       /* of one copy; 0: the records do not say */
	int best, other;      /* nodes */
	double advantage;     /* median of ratios paired within a round; above 1: best is better */
	double low, high;     /* NaN when there is no interval */
	enum matters matters; /* YES, NO or UNDECIDED */
};

struct recommendation {
	int gpu;
	bool has_node;
	int node;
	struct idset cpus;         /* this GPU's share of the node's cores */
	bool cpus_shared;          /* more GPUs than cores: shared with others */
	bool cpus_only;            /* the node has no memory: bind to its CPUs alone */
	bool measured;             /* basis: measured, else declared */
	struct evidence *evidence; /* owned; strongest first */
	size_t nevidence;
	double advantage, low, high; /* of the strongest; NaN when unmeasured */
	enum agreement agreement;
	enum matters matters;
	char why[300]; /* one sentence for a person, without a full stop */
	json_t *more;
};

struct result {
	struct run_info run;
	json_t *host;           /* provenance; owned */
	struct machine machine; /* "topology" */
	struct record *records;
	size_t nrecords, room;
	struct finding *findings;
	size_t nfindings;
	struct recommendation *recommendations;
	size_t nrecommendations;
	struct verdict verdict;
	json_t *more; /* unknown keys at the top, kept */
};

void result_init(struct result *r);
void result_release(struct result *r);

/* Takes the record over (r is left initialised empty). -ENOMEM. */
int result_add(struct result *res, struct record *r);
/* Copies the finding, and takes a reference to its more. -ENOMEM. */
int result_find(struct result *res, const struct finding *f);

/* The same of one in JSON, an element of "checks". -EINVAL with e. */
int result_find_json(struct result *res, const json_t *o, struct err *e);
/* Takes all of them out. */
void result_forget_findings(struct result *res);
/* How many have this status: "warn". */
size_t count_findings(const struct result *res, const char *status);

/* Measured: the GPU has a record with a figure (record_has_figure). */
bool result_gpu_measured(const struct result *res, int gpu);
size_t result_gpus_measured(const struct result *res); /* how many of the machine's */
/* What the machine is a guest of: "kvm"; "none": of nothing; NULL: nobody knows. */
const char *result_guest(const struct result *res);

/* A new reference, or NULL: out of memory. host is that of the machine when the
 * result has none of its own. */
json_t *result_to_json(const struct result *r);

/* Fills an initialised result from a document. -EINVAL with place
 * ("records[4].median") and reason in e: another schema, missing keys, wrong
 * types, nesting deeper than 64; -ENOMEM. r is then to be released all the same. */
int result_from_json(struct result *r, const json_t *doc, struct err *e);

/* Reads a file ("-": standard input; a folder: the result.json in it), at most 256 MiB,
 * into an initialised result. -ENOENT and so on, -EFBIG, and -EINVAL as above or with
 * "line 3, column 14" for what is no JSON: empty, cut off, duplicate keys, numbers that
 * are not finite. e names the path. */
int result_read(struct result *r, const char *path, struct err *e);

/* Writes to a temporary name beside path, syncs, renames, syncs the folder. Where
 * it fails nothing is left behind and what stood there stays. What is no regular
 * file (a pipe, a terminal) is written to as it is; a link is followed. -ENOSPC
 * and so on with path and reason in e. The caller ignores SIGXFSZ, and SIGPIPE where it is to
 * outlive whoever reads. */
int result_write(const struct result *r, const char *path, struct err *e);
/* The same for any text, such as a report. */
int write_file_atomically(const char *path, const char *text, size_t length, struct err *e);

/* Prints the document to a stream, with a newline. -EIO, -ENOMEM. */
int result_print(const struct result *r, FILE *out);

#endif
