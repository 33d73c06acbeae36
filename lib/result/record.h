/* record.h - one cell and all that came of it.
 *
 * A record is plain data; which fields it has is told by `has`, one bit a row
 * of the field table (field.c). That table drives reading, writing, checking
 * and every format: adding a metric or a field is adding a row.
 */
#ifndef NB_RESULT_RECORD_H
#define NB_RESULT_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum direction { DIR_H2D, DIR_D2H, DIR_BIDIRECTIONAL };
enum memory_kind {
	MEM_PINNED,     /* page-locked by the driver */
	MEM_REGISTERED, /* our pages, page-locked in place */
	MEM_PAGEABLE,
	MEM_WRITE_COMBINED,
	MEM_MANAGED,
	MEM_MAPPED, /* the GPU loads and stores host memory itself */
};
enum page_kind { PAGES_4K, PAGES_THP, PAGES_HUGETLB };
enum better { BETTER_HIGHER, BETTER_LOWER };
enum status {
	STATUS_OK,
	STATUS_SKIPPED,   /* not asked for here, or not possible; the reason says why */
	STATUS_MISPLACED, /* pages or threads were not where the record says */
	STATUS_UNPROVEN,  /* nothing could prove where they were */
	STATUS_UNSTABLE,  /* a quota, a neighbour or a clock distorted it */
	STATUS_FAILED,
	STATUS_TIMEOUT,
	STATUS_CRASHED,
	STATUS_CORRUPT, /* data did not arrive as sent */
};
enum proof { PROOF_NONE, PROOF_MOVE_PAGES, PROOF_NUMA_MAPS };

/* Where the buffers' pages were found and which CPU nodes the threads ran on. */
struct placement {
	int requested; /* memory node */
	struct resident {
		int node;
		uint64_t pages; /* base pages */
	} * resident;           /* owned; in order of node */
	size_t nresident;
	int *ran_on; /* CPU nodes seen; owned */
	size_t nran_on;
	enum proof proof;
};

int placement_copy(struct placement *to, const struct placement *from); /* -ENOMEM */
void placement_release(struct placement *p);                            /* leaves an empty one */

/* A list of numbers that a record owns. */
struct series {
	double *v;
	size_t n;
};

struct record {
	uint64_t has;    /* bit i: the i-th row of the field table is set */
	char test[32];   /* "mem-bandwidth" */
	char metric[32]; /* "triad", "bandwidth", "latency" */
	char unit[8];    /* "B/s", "s" */
	enum better better;
	int cpu_node, mem_node, gpu;
	enum direction direction;
	enum memory_kind memory;
	enum page_kind pages; /* what was obtained, not what was asked for */
	uint64_t bytes;       /* of one array or one copy */
	int threads;
	char kernel[32];       /* the inner loop: "triad-avx512-nt" */
	struct series samples; /* raw, in the order taken */
	struct series at;      /* per sample: seconds since the run of the test began */
	struct series round;   /* per sample */
	struct series fresh;   /* per sample: which allocation of the buffers, from 0 */
	double median, low, high, best, spread; /* spread: mad_of (statistics.h) / median */
	struct placement placement;
	bool verified;   /* the data were checked and right */
	bool undersized; /* working set under four times the caches */
	json_t *more;    /* every other key, kept as it came; owned, may be NULL */
	enum status status;
	char reason[300]; /* empty when there is none */
};

/* An empty record with status ok. */
void record_init(struct record *r);
void record_release(struct record *r);

/* The table's view of a record: a set bit for each named field. Field names are
 * those of JSON. record_set marks fields as present: record_set(r, "gpu",
 * "bytes", NULL). A name that is not in the table aborts: it is a programmer's error. */
void record_set(struct record *r, ...) __attribute__((sentinel));
bool record_has(const struct record *r, const char *field);

/* Sets status and its reason. */
void record_status(struct record *r, enum status s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends one sample. -ENOMEM. */
int record_sample(struct record *r, double value, double at, int round, int fresh);

/* Fills median, low, high, best and spread from the samples (statistics.h);
 * without samples they stay absent, low and high below six samples too. A sample
 * that is not finite makes the record failed, and all of them absent. */
void record_summarise(struct record *r);

/* A new JSON object (NULL: out of memory). What is not finite becomes null, and
 * the reason says why. */
json_t *record_to_json(const struct record *r);
/* Fills an initialised record. -EINVAL with the key in e for a wrong type, an
 * unknown word or a list that does not go with the samples; unknown keys are kept
 * in more. A figure that is null is absent. -ENOMEM. */
int record_from_json(struct record *r, const json_t *object, struct err *e);
/* Takes over every field that `part` has (status among them), but for samples and
 * what belongs to them. -ENOMEM. */
int record_merge(struct record *r, const struct record *part);

/* True for a record whose figure may be shown: ok, or unstable (and marked).
 * Nothing else ever stands as a figure. */
bool record_has_figure(const struct record *r);

/* The same cell: all identifying fields alike (rows marked so in the table). */
bool record_same_cell(const struct record *a, const struct record *b);
/* The same came of them: test, status and reason, so that one line tells of both. */
bool record_same_outcome(const struct record *a, const struct record *b);
/* "pinned h2d, node 1, GPU 3": names a cell for a person. Returns buf. */
char *record_name(const struct record *r, char *buf, size_t size);

const char *status_name(enum status s);
const char *direction_name(enum direction d);
const char *memory_kind_name(enum memory_kind m);
const char *page_kind_name(enum page_kind p);
/* All of them, in the order of the enum, then NULL: the choices of an option. */
extern const char *const page_kind_words[];

#endif
