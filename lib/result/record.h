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
/* Cells that are measured at one and the same time. */
enum together {
	TOGETHER_BOTH_WAYS, /* the two directions of one GPU, or of one pair of peers */
	TOGETHER_OWN_NODES, /* all GPUs, each from the node that it is declared to hang on */
	TOGETHER_ONE_NODE,  /* all GPUs from one node */
	TOGETHER_CROSSED,   /* all GPUs, each from another node than its own */
};
enum mempolicy {
	MEMPOLICY_DEFAULT, /* first touch */
	MEMPOLICY_BIND,
	MEMPOLICY_PREFERRED,
	MEMPOLICY_INTERLEAVE, /* over all nodes with memory */
	MEMPOLICY_WEIGHTED,   /* likewise, by the kernel's weights (Linux 6.9 and later) */
};
/* Of a process that is moved from one node to another. */
enum phase {
	PHASE_BEFORE,
	PHASE_AFTER,    /* the first windows after it: the transient */
	PHASE_SETTLED,  /* when it has come to rest; the pages are where they were */
	PHASE_FOLLOWED, /* the pages are on the new node too */
	PHASE_RETURNED, /* moved back to where it was */
};
/* What a process is bound to when bindings are compared. */
enum bound { BOUND_NOT, BOUND_CPU, BOUND_MEMORY, BOUND_BOTH };
/* What moved the pages. */
enum mover { MOVER_MOVE_PAGES, MOVER_MIGRATE_PAGES, MOVER_BALANCING };
/* How pages are held while somebody tries to move them. */
enum page_lock { LOCK_MLOCK, LOCK_IO_URING, LOCK_REGISTERED };
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

/* How a policy spreads pages over several nodes: each one's weight, in order of node. */
enum { SPREAD_MOST = 64 };
struct spread {
	size_t n; /* 0: it does not */
	struct node_weight {
		int node;
		unsigned weight;
	} of[SPREAD_MOST];
};
bool spread_same(const struct spread *a, const struct spread *b);
double spread_share(const struct spread *s, int node); /* that is to lie there: 0 .. 1 */

/* Where the buffers' pages were found and which CPU nodes the threads ran on. */
struct placement {
	int requested;        /* memory node; where spread.n > 0 it says nothing */
	struct spread spread; /* that was asked for instead of a single node */
	uint64_t slack; /* base pages by which a node's part may be off: the spread's last turn */
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
	enum together together;
	struct series gpus; /* of a sum over several: their numbers */
	int peer;           /* the other GPU of a pair; direction d2h: gpu to peer */
	bool peer_access;   /* gpu may reach peer's memory itself */
	char path[8]; /* between gpu and peer, in nvidia-smi's words: X NV# PIX PXB PHB NODE SYS */
	enum page_kind pages_asked; /* where a bench measures several kinds; else absent */
	enum page_kind pages;       /* what was obtained, not what was asked for */
	uint64_t bytes;             /* of one array or one copy */
	int threads;
	enum mempolicy policy;
	struct series cpu_pair; /* two */
	int to_node; /* that threads or pages were moved to; before: cpu_node, mem_node */
	enum phase phase;
	enum bound binding;
	bool competing; /* other processes load the other cores meanwhile */
	enum mover mover;
	enum page_lock locked;
	double moved; /* share of the pages found on to_node afterwards, 0 .. 1 */
	/* How long, and over how many bytes, a process must run on until it has paid to move its
	 * pages after it (payback.h). */
	double pays_after, pays_bytes;
	int load_step;
	double injected;       /* bytes per second by the other cores at that step */
	double bus_factor;     /* bytes on the bus for each counted */
	char kernel[32];       /* the inner loop: "triad-avx512-nt" */
	struct series samples; /* raw, in the order taken */
	struct series at;      /* per sample: seconds since the run of the test began */
	struct series round;   /* per sample */
	struct series fresh;   /* per sample: which allocation of the buffers, from 0 */
	double median, low, high, best, spread; /* spread: mad_of (statistics.h) / median */
	struct placement placement;
	bool verified; /* the data were checked and right */
	/* What the link could carry, bytes per second (physics.h): as negotiated under load, and
	 * at what both its ends could do. */
	double ceiling_negotiated, ceiling_capable;
	char ceiling_why[120]; /* where there is no such reference: why */
	double of_alone; /* of joint cells: median over that of the same cell, or cells, alone */
	/* Start-up time (s), rate (B/s) and the size at which half the rate is reached (bytes),
	 * fitted over the sizes of one series; at its largest size. */
	double fit_start, fit_rate, fit_half;
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
void record_unset(struct record *r, ...) __attribute__((sentinel)); /* absent from here on */
bool record_has(const struct record *r, const char *field);
/* Their bits. */
uint64_t record_fields(const char *field, ...) __attribute__((sentinel));

/* How the reason of a skipped cell begins that could have been measured with more time or memory;
 * any other cannot be measured on this machine. */
#define LEFT_OUT "left out: "

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
/* The same, but for what some fields say (record_fields). */
bool record_same_but(const struct record *a, const struct record *b, uint64_t fields_apart);
/* The same came of them: test, status and reason, so that one line tells of both. */
bool record_same_outcome(const struct record *a, const struct record *b);
/* "pinned h2d, node 1, GPU 3", "GPU 2 of all at once from node 0, pinned h2d", "GPU 0 to GPU 3
 * (NV12), peer access on": names a cell for a person. Returns buf. */
char *record_name(const struct record *r, char *buf, size_t size);
/* What is measured, without where: "pinned h2d while d2h runs too", "pinned d2h host-latency of
 * 4 KiB". A copy says its size unless it is one of RECORD_USUAL_COPY for bandwidth. Returns buf. */
char *record_what(const struct record *r, char *buf, size_t size);
enum { RECORD_USUAL_COPY = 64 << 20 };

const char *status_name(enum status s);
const char *direction_name(enum direction d);
const char *memory_kind_name(enum memory_kind m);
const char *page_kind_name(enum page_kind p);
const char *together_name(enum together t);
const char *policy_name(enum mempolicy p);
const char *phase_name(enum phase p);
const char *bound_name(enum bound b);
const char *mover_name(enum mover m);
const char *page_lock_name(enum page_lock l);
/* All of them, in the order of the enum, then NULL: the choices of an option. */
extern const char *const page_kind_words[];

#endif
