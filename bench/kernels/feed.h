/* feed.h - what a process does that feeds a GPU: produce, copy to it, copy back, consume.
 *
 * The four steps follow each other and overlap in nothing, so that each can be timed by itself.
 * Produce writes every word of one host buffer, never the same twice; the copies take it through
 * the GPU into a second one; consume reads all of that and compares its sum with that of what was
 * produced. One thread does it all, as a data loader's worker would.
 *
 * It starts CUDA in the calling process: see feed_process.h.
 */
#ifndef NB_KERNELS_FEED_H
#define NB_KERNELS_FEED_H

#include "machine/gpu.h"
#include "machine/machine.h"
#include "measure/pattern.h"
#include "place/hostmem.h"

enum feed_step { FEED_PRODUCE, FEED_H2D, FEED_D2H, FEED_CONSUME, FEED_STEPS };
const char *feed_step_name(enum feed_step s); /* "produce", "h2d", "d2h", "consume" */

struct feed;

struct feed_spec {
	const struct machine *machine;
	struct gpu_dev *dev;
	enum memory_kind memory; /* pinned, registered or pageable */
	size_t bytes;            /* of a buffer: a whole number of FEED_UNIT */
	enum page_kind pages;    /* of registered and pageable buffers */
	int node;                /* they are bound to; -1: as the process's own policy has it */
	uint64_t seed;
};
enum { FEED_UNIT = 64 };

/* Allocates and touches the buffers. As hostmem_alloc and gpu.h. */
int feed_open(struct feed **f, const struct feed_spec *spec, struct err *e);
void feed_close(struct feed *f); /* NULL is fine */

/* Where a process was seen, and how often it was found moved since the look before. */
enum { FEED_NODES = 64 };
struct feed_seen {
	unsigned looks, moves, node_moves; /* from CPU to CPU; those among them from node to node */
	size_t n;
	struct {
		int node;
		unsigned looks;
	} on[FEED_NODES];
};

struct feed_run {
	double seconds; /* of all passes */
	double step[FEED_STEPS];
	unsigned passes;
	struct feed_seen seen;
	bool wrong; /* a sum was: `where` tells the first word, `way` the copy that did it */
	enum direction way;
	struct mismatch where;
};

/* Passes until they took so many seconds, `least` at the least; more(arg), where there is one, is
 * asked for others that are made after them and counted nowhere. Ends at the first wrong sum. The
 * CPU is looked at after every FEED_LOOK bytes that it wrote or read and after every copy. As
 * gpu.h. */
enum { FEED_LOOK = 1 << 20 };
int feed_run(struct feed *f, double seconds, unsigned least, bool (*more)(void *arg), void *arg,
	     struct feed_run *r, struct err *e);

/* memory_prove of both host buffers. */
int feed_prove(struct feed *f, struct placement *p);
/* Whether pages of ours stand in for pinned ones of the driver's (struct hostmem). */
bool feed_stand_in(const struct feed *f);

#endif
