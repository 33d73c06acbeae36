/* recommend.h - which node feeds each GPU best, and how sure that is.
 *
 * The advantage of one node over another is the median of ratios paired within
 * a round (samples of the same round and of both cells), with its 95 %
 * interval. It matters when the lower end exceeds RECOMMEND_BAR, makes no
 * difference when both ends are within the bar either way (from 1/RECOMMEND_BAR
 * to RECOMMEND_BAR: neither node is better), and is undecided otherwise.
 * It needs buffers allocated afresh at least three times and
 * six pairs; otherwise it is undecided.
 */
#ifndef NB_RESULT_RECOMMEND_H
#define NB_RESULT_RECOMMEND_H

#include "result/result.h"

#define RECOMMEND_BAR 1.03

/* Derives what follows from the records (derive.h), then fills
 * res->recommendations, one for every GPU of res->machine, in order.
 * Considered are the gpu-bandwidth and gpu-latency records with status ok in
 * which a CPU node goes with the memory that serves it, and one GPU works by itself,
 * one way or both; of several sizes one (evidence.h). Recommended is a node
 * that no other beats, where some kind of cell shows that others are beaten; of
 * several such the declared one, else the one with the strongest evidence. The main
 * kinds decide by themselves (pinned and pageable copies, small copies as the host sees
 * them); where they show no node beaten, the others do, and why names what they
 * say against a node that the main ones chose.
 * Where no node is beaten, or each is in some kind (they contradict each
 * other), the declared node is followed and why says so. Without records of two
 * nodes: the declared node, measured = false. A node that is declared but whose
 * CPUs may not be used is replaced by the nearest; without a declared node to
 * follow there is none (has_node is false). GPUs of one node get disjoint shares
 * of its cores. -ENOMEM. */
int recommend(struct result *res);

/* The same without any result: every GPU's declared binding. */
int recommend_declared(const struct machine *m, struct recommendation **all, size_t *n);
void recommendations_free(struct recommendation *all, size_t n);

/* One line for a shell: "numactl --physcpubind=0-3 --membind=0", or with only
 * CPUs when the node has no memory. r->has_node is needed. Returns buf. */
char *recommendation_numactl(const struct recommendation *r, char *buf, size_t size);
/* Stands beside such lines. */
#define NUMACTL_REMARK                                                                             \
	"numactl binds; CUDA_VISIBLE_DEVICES chooses the GPU; numabench bind does both."

/* What speaks for cell `a` against cell `b` of the same kind: the ratio of their samples,
 * paired within a round. best and other are their CPU nodes, where they have such. */
struct evidence cells_compare(const struct record *a, const struct record *b);
/* "pinned h2d", "pinned d2h host-latency of 4 KiB" (record_what). Returns buf. */
char *evidence_name(const struct evidence *ev, char *buf, size_t size);

const char *matters_name(enum matters m); /* "no", "yes", "undecided", "unmeasured", "one-node" */
const char *agreement_name(enum agreement a); /* "agrees", "disagrees", "undeclared" */

#endif
