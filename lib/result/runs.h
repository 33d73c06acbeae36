/* runs.h - several runs of one machine, or of equal ones, cell by cell: the medians of runs.
 *
 * A baseline is such a thing, and so is what is compared with it.
 */
#ifndef NB_RESULT_RUNS_H
#define NB_RESULT_RUNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "result/result.h"

/* What is compared is in one of these units; figures outside of its ends cannot be, and are
 * written in others. */
struct runs_unit {
	const char *unit, *name;
	enum better better;
	double low, high;
};
/* NULL: another unit. */
const struct runs_unit *runs_unit_of(const struct record *r);
bool runs_is_figure(const struct runs_unit *u, double v);

struct run_label {
	char id[64], started[32], host[64], version[64];
};

/* One and the same run; of one without a name nobody knows. */
bool run_label_same(const struct run_label *a, const struct run_label *b);

/* What a figure is set against before it is compared (runs_ratios). */
enum against {
	AGAINST_NOTHING,
	AGAINST_NODES, /* the median of the same cell on the other nodes */
	AGAINST_GPUS,  /* the median of the same cell on the other GPUs, or pairs */
};

struct runs_cell {
	struct record rec; /* what identifies it, unit and better; no samples */
	enum against against;
	double *medians; /* one a run; NaN: that run has none */
	double *retests; /* likewise: what a retest of the run gave */
	/* Of the last run that planned it and has no figure, or of the first whose data arrived
	 * corrupt; empty: none. */
	char why[300];
};

/* A test, or a GPU in it, of which no cell came to be. */
struct run_trouble {
	char test[32];
	int gpu; /* -1: all */
	char why[300];
};

struct runs {
	struct run_label *runs;
	size_t n;
	struct runs_cell *cells;
	size_t ncells;
	struct run_trouble *troubles;
	size_t ntroubles;
	/* Of the first run: host.identity and host.conditions; owned. */
	json_t *identity, *conditions;
	bool simulated;
	bool pooled;        /* of several equal machines */
	size_t undersized;  /* cells left out for that: never judged */
	size_t interrupted; /* runs of which parts are missing that were planned */
};

void runs_init(struct runs *r);
void runs_release(struct runs *r);

/* Joins one run. Records that are ok and not undersized give their medians, if in bytes per second
 * or seconds; what was planned and has none is kept with its reason. -ENOMEM. */
int runs_add(struct runs *r, const struct result *res);

/* The figures of a cell that there are, into v (room for r->n). Returns how many. */
size_t runs_medians(const struct runs *r, const struct runs_cell *c, double *v);
size_t runs_retests(const struct runs *r, const struct runs_cell *c, double *v);

/* The same cell (and against) in r, looked for from *from on and then from the start; *from is then
 * the one after it. NULL: there is none. */
struct runs_cell *runs_find(const struct runs *r, const struct runs_cell *c, size_t *from);

/* The reason of a cell, or of a test, is that data arrived corrupt. */
bool runs_is_corrupt(const char *why);

/* Why a cell is not there, though its test was to run: NULL where it was not. */
const char *runs_why_missing(const struct runs *r, const struct record *rec);

/* Adds an empty cell that is identified as `rec`. NULL: out of memory. */
struct runs_cell *runs_new_cell(struct runs *r, const struct record *rec, enum against against);

/* Figures formed within each run, in the place of absolute ones: each cell over the median of the
 * same one on the other nodes, and on the other GPUs. What no run can set against others is left
 * out. `to` is initialised; it gets runs, identity and conditions, too. -ENOMEM. */
int runs_ratios(struct runs *to, const struct runs *from);

/* The cells that one is set against, as indices, into `peers` (room for r->ncells). Returns how
 * many. */
size_t runs_peers(const struct runs *r, const struct record *rec, enum against against,
		  size_t *peers);

/* "pinned h2d, node 0, GPU 3", "pinned h2d, node 0, GPU 3 to the median of the other GPUs".
 * Returns buf. */
char *runs_cell_name(const struct runs_cell *c, char *buf, size_t size);

#endif
