/* judge_cells.h - which cells may be set against each other, or against a reference. */
#ifndef NB_RESULT_JUDGE_CELLS_H
#define NB_RESULT_JUDGE_CELLS_H

#include "result/result.h"

enum { CELL_LARGE = 16 << 20 }; /* bytes from which starting a copy no longer counts */

/* A result, not of a working set that caches hold. */
bool cell_is_sound(const struct record *r);
bool cell_is_large(const struct record *r); /* of a copy */
/* The memory is the CPUs' own: their node's, or that of the node which they drive. */
bool cell_is_near(const struct machine *m, const struct record *r);
/* The same thing measured, on whatever node and GPU. */
bool cell_same_kind(const struct record *a, const struct record *b);
/* Of GPU `gpu` and the kind of `like`: the best near cell over all nodes, where the node that
 * it is declared to hang on is among them (or nobody declares one). NULL without. */
const struct record *cell_at_home(const struct result *res, const struct record *like, int gpu);
/* A rate or latency of memory by CPUs alone, in the usual pages, by all of a node's cores. */
bool cell_is_memory(const struct result *res, const struct record *r);

/* "55.1 GB/s", "141 ns"; returns buf. */
char *figure_text(char *buf, size_t size, const char *unit, double v);

#endif
