/* compare.h - a candidate against a baseline: what got worse, what cannot be told, what is missing.
 *
 * Pure: no I/O. The rule for a cell is regress.h's. What differs in its identity (machine.h, host)
 * is not comparable; changed conditions are compared, and named.
 */
#ifndef NB_RESULT_COMPARE_H
#define NB_RESULT_COMPARE_H

#include "result/differences.h"
#include "result/judge.h"
#include "result/regress.h"
#include "result/runs.h"

enum cell_outcome {
	CELL_SAME,
	CELL_SLOWER,    /* fails */
	CELL_SUSPECTED, /* would, but for a retest */
	CELL_CLEARED,   /* the retest did not show it */
	CELL_UNSURE,    /* worse, and more runs are needed to claim it */
	CELL_BETTER,
	CELL_MISSING,  /* planned, and not measured */
	CELL_LEFT_OUT, /* not in the candidate's plan */
	CELL_NEW,      /* not in the baseline */
	CELL_OUTCOMES
};

struct compared {
	const struct runs_cell *before, *after; /* NULL: there it is not; borrowed */
	struct trial trial;                     /* of cells that both have */
	double retest;                          /* NaN: none */
	enum cell_outcome outcome;
	char why[300]; /* of what is missing */
};

struct comparison {
	const struct runs *before, *after; /* what was compared: ratios, or what was given */
	struct runs ratios[2];
	bool of_ratios;
	struct difference *identity, *conditions; /* owned */
	size_t nidentity, nconditions;
	struct compared *cells; /* owned; none where the identities differ */
	size_t ncells;
	size_t count[CELL_OUTCOMES];
	size_t judged;    /* cells that both have */
	size_t claimable; /* of these: so many could have failed */
	double *figures;  /* owned */
};

/* Sets `after` against `before`, both of which must outlive c; of_ratios: only figures formed
 * within a run (runs_ratios). -ENOMEM; c is to be released all the same. */
int compare(struct comparison *c, const struct runs *before, const struct runs *after,
	    bool of_ratios);
void comparison_release(struct comparison *c);

/* The cells that a retest can decide: suspected or unsure, without one. Into `cells` (room for
 * c->ncells), the worst of each family first. Returns how many. */
size_t comparison_suspects(const struct comparison *c, size_t *cells);
/* What a fresh process measured of a cell. */
void comparison_retest(struct comparison *c, size_t cell, double median);
/* All suspects for which `again` has a figure: later runs of the candidate, or of single cells.
 * -ENOMEM. */
int comparison_retests(struct comparison *c, const struct runs *again);
/* No more retests come: a suspected cell fails without one where baseline and candidate have the
 * runs that are recommended (regress.h). */
void comparison_settle(struct comparison *c);

/* It got worse, or its data arrived corrupt. */
bool compared_fails(const struct compared *cell);

/* Whether it has an answer: fail where a cell fails; unknown where the machines are not comparable,
 * a cell is suspected, unsure or missing, a run was interrupted, or there is nothing that could
 * have failed. */
enum verdict_status comparison_verdict(const struct comparison *c);

/* Keeps what came of it among the result's findings, in the place of those of an earlier
 * comparison. `source` is the baseline's name. -ENOMEM. */
int comparison_find(const struct comparison *c, struct result *res, const char *source);

/* "history.gpu-bandwidth.h2d.pinned". Returns buf. */
char *compared_id(const struct compared *cell, char *buf, size_t size);
/* "node 0, GPU 3". Returns buf. */
char *compared_place(const struct compared *cell, char *buf, size_t size);
/* A sentence that begins with the cell. Returns buf. */
char *compared_text(const struct compared *cell, char *buf, size_t size);

#endif
