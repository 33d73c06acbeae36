/* evidence.h - the nodes of a GPU against each other, one kind of cell at a time.
 * Private to lib/result; recommend.c decides with it. */
#ifndef NB_RESULT_EVIDENCE_H
#define NB_RESULT_EVIDENCE_H

#include "result/result.h"

/* Cells that differ in their nodes alone: the same test, metric, direction, memory, pages and
 * size on one GPU, both ways or not. */
struct kind {
	const struct record **cells; /* one a node; owned */
	size_t ncells;
	size_t best;        /* index of the cell that no other beats */
	struct idset worse; /* nodes that the best is better than, for certain */
	bool undecided;     /* of some node it cannot be said */
	/* What most programs do: pinned or pageable copies, and the time of small ones as the
	 * host sees it. The other kinds are heard where these find no difference. */
	bool main;
};

/* All kinds of one GPU with two nodes or more, in the order of the records; of kinds that
 * differ in size alone the largest for a rate, the smallest for a time;
 * *measured gets every node with a cell. Free with kinds_free. -ENOMEM. */
int kinds_of_gpu(const struct result *res, int gpu, struct kind **kinds, size_t *n,
		 struct idset *measured);
void kinds_free(struct kind *kinds, size_t n);

/* What the kind says for `node` against each other node, or for its best node
 * where `node` is not measured or is worse. Adds to r->evidence. -ENOMEM. */
int kind_testify(const struct kind *k, int node, struct recommendation *r);

/* Strongest first: what matters, what speaks for `node` (-1: none) before the rest, then by the
 * lower end of the advantage's interval. Of those that are as strong as the strongest within
 * RECOMMEND_BAR, the first that was given leads, so that noise does not choose which kind is
 * quoted. */
void evidence_sort(struct evidence *v, size_t n, int node);

#endif
