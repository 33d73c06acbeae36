/* evidence.h - the nodes of a GPU against each other, one kind of cell at a time.
 * Private to lib/result; recommend.c decides with it. */
#ifndef NB_RESULT_EVIDENCE_H
#define NB_RESULT_EVIDENCE_H

#include "result/result.h"

/* Cells that differ in their nodes alone: the same test, metric, direction,
 * memory and size on one GPU. */
struct kind {
	const struct record **cells; /* one a node; owned */
	size_t ncells;
	size_t best;        /* index of the cell that no other beats */
	struct idset worse; /* nodes that the best is better than, for certain */
	bool undecided;     /* of some node it cannot be said */
};

/* All kinds of one GPU with two nodes or more, in the order of the records;
 * *measured gets every node with a cell. Free with kinds_free. -ENOMEM. */
int kinds_of_gpu(const struct result *res, int gpu, struct kind **kinds, size_t *n,
		 struct idset *measured);
void kinds_free(struct kind *kinds, size_t n);

/* What the kind says for `node` against each other node, or for its best node
 * where `node` is not measured or is worse. Adds to r->evidence. -ENOMEM. */
int kind_testify(const struct kind *k, int node, struct recommendation *r);

/* Strongest first: what matters, then by advantage. */
void evidence_sort(struct evidence *v, size_t n);

/* "pinned h2d", "pinned d2h latency of 4 KiB". Returns buf. */
char *evidence_name(const struct evidence *ev, char *buf, size_t size);

#endif
