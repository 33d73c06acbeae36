/* migration_part.h - what the parts of the migration bench have in common.
 *
 * Each part is a small bench of its own: it plans sites and cells, and opens, samples and closes
 * what it planned. migration.c holds the table of them and hands every call of the session
 * (measure/session.h, struct bench) to the part whose site it is; what is not said here is as
 * there. In a part w->bench_state is the part's own.
 */
#ifndef NB_KERNELS_MIGRATION_PART_H
#define NB_KERNELS_MIGRATION_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/plan_cost.h"
#include "measure/session.h"

/* The bench's own options, the same for all parts. */
struct migration_options {
	bool allow_sysctl; /* kernel.numa_balancing may be switched on, and is restored */
	const char *only;  /* parts, "threads,pages,balancing,feed"; NULL: all of them */
};

/* In order: a part is known by its row. */
enum migration_row {
	MIGRATION_THREADS,   /* threads move, pages stay; from node to node, from core to core */
	MIGRATION_PAGES,     /* pages follow */
	MIGRATION_BALANCING, /* the kernel moves them */
	MIGRATION_FEED,      /* a process that feeds a GPU */
	MIGRATION_ROWS
};

/* site.kind: the row, and below it a number of the part's own, 0 to 65535. */
#define MIGRATION_KIND(row, own) ((int)(row) << 16 | (own))
#define MIGRATION_ROW(kind)      ((enum migration_row)((kind) >> 16))
#define MIGRATION_OWN(kind)      ((kind)&0xffff)

/* How much a cell is wanted: the lower ones are left out first where the budget is short. Within a
 * band a part orders its own by adding up to WORTH_BAND - 1; within that of the first pair the
 * threads come first, then what moves pages, held ones too, then who feeds a GPU. */
enum { WORTH_BAND = 100 };
enum migration_worth {
	WORTH_AGAIN = 0 * WORTH_BAND,       /* with --thorough: on further nodes, pairs and GPUs */
	WORTH_POLICIES = 1 * WORTH_BAND,    /* part 8 */
	WORTH_WITHIN_NODE = 2 * WORTH_BAND, /* part 2 */
	WORTH_BINDINGS = 3 * WORTH_BAND,    /* part 7 */
	WORTH_BALANCING = 4 * WORTH_BAND,   /* part 4 */
	WORTH_MORE_PAIRS = 5 * WORTH_BAND,  /* parts 1, 3 and 6, all further pairs */
	WORTH_FIRST_PAIR = 6 * WORTH_BAND,  /* parts 1, 3 and 6, the pair that --quick measures */
};

struct migration_part {
	const char *name;
	/* Adds its sites (kind by MIGRATION_KIND) and cells, and to c what their rounds take; or
	 * says with session_skip why not. */
	int (*plan)(struct session *s, const struct migration_options *o, struct plan_cost *c,
		    struct err *e);
	/* As those of struct bench. Of sample and together one is enough; last and stop may be
	 * NULL, and prove where no site has a mem_node or a spread. begin and end are called in the
	 * parent, whether or not the part planned anything, never in a dry run; both may be NULL.
	 */
	int (*begin)(struct session *s, const struct migration_options *o, struct err *e);
	void (*end)(struct session *s, const struct migration_options *o);
	int (*open)(struct worker *w, const struct site *site, void **buffers, struct err *e);
	int (*sample)(struct worker *w, void *buffers, struct cell *c, double *value,
		      struct err *e);
	int (*together)(struct worker *w, struct member *members, size_t n, size_t *at,
			struct err *e);
	int (*prove)(struct worker *w, void *buffers, struct placement *p);
	void (*last)(struct worker *w, void *buffers, struct record *r);
	void (*close)(struct worker *w, void *buffers);
	void (*stop)(struct worker *w);
	void (*list)(void (*line)(const char *text, void *to), void *to);
};

extern const struct migration_part migration_threads, migration_pages, migration_balancing,
	migration_feed;

/* What migration.c gives to the session: each goes to the part that it concerns, or to all. */
int migration_plan(struct session *s, const struct migration_options *o, struct err *e);
int migration_begin(struct session *s, const struct migration_options *o, struct err *e);
void migration_end(struct session *s, const struct migration_options *o);
int migration_open(struct worker *w, const struct site *site, void **buffers, struct err *e);
int migration_sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e);
int migration_together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e);
int migration_prove(struct worker *w, void *buffers, struct placement *p);
void migration_last(struct worker *w, void *buffers, struct record *r);
void migration_close(struct worker *w, void *buffers);
void migration_stop(struct worker *w);
void migration_list(void (*line)(const char *text, void *to), void *to);

/* What a cell tells. */
struct migration_figure {
	const char *metric, *unit;
	enum better better;
};
/* Makes the record of one that tells f. */
void migration_record(struct record *r, const struct migration_figure *f);

/* The i-th ordered pair of different nodes that a process may be moved between: cpu_node with its
 * memory is where it was, to_node where it goes. The first is the one that --quick measures. False
 * past the end. */
struct migration_move {
	int cpu_node, mem_node; /* mem_node: the memory that serves cpu_node */
	int to_node, to_mem;    /* to_mem: the memory that serves to_node; may be mem_node */
};
bool migration_pair(const struct session *s, size_t i, struct migration_move *m);
/* How many of them are to be measured: one with --quick, else all. */
size_t migration_pairs(const struct session *s);

/* The band of parts 1, 3 and 6 for a pair: the 0th first. The others are few and short beside the
 * other parts' cells but with --thorough, where there is time for one of each of these. */
int migration_worth(const struct session *s, size_t pair);

/* The parts' names, for an option; NULL behind the last. */
const char *migration_word(size_t i);

#endif
