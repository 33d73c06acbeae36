/* tally.h - the single operations behind the samples of a cell, for quantiles.
 *
 * A sample is one figure for many operations; what the slowest of them took
 * would be lost. A tally keeps them all for as long as its worker lives.
 */
#ifndef NB_MEASURE_TALLY_H
#define NB_MEASURE_TALLY_H

#include <stddef.h>

#include "measure/session.h"

struct tally; /* a list, one element a cell; NULL is an empty one */

/* Adds n figures to those of this cell and puts the quantiles of all of them into
 * c->rec.more: "quantiles": { "p50", "p90", "p99", "max", "operations" }. -ENOMEM. */
int tally_add(struct tally **t, struct cell *c, const double *v, size_t n);
void tally_free(struct tally *t);

#endif
