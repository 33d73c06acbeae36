/* stream_set.h - the three arrays of mem-bandwidth: placed, filled, run over by
 * a team of threads, and checked. */
#ifndef NB_KERNELS_STREAM_SET_H
#define NB_KERNELS_STREAM_SET_H

#include "kernels/stream_data.h"
#include "place/memory.h"
#include "place/threads.h"

enum { STREAM_ARRAYS = 3 }; /* a, b, c */

struct stream_set {
	struct memory memory[STREAM_ARRAYS];
	double *array[STREAM_ARRAYS];
	enum page_kind pages; /* the smallest that any of them has */
	size_t n;             /* elements of each */
	struct stream_data data;
	double s; /* of the latest run */
	unsigned runs;
	size_t cursor; /* where the next trial of stream_choose reads */
	bool checked[STREAM_OPS];
};

/* One pass or more of a kernel over part of a set. */
struct stream_run {
	struct stream_set *set;
	const struct stream_kernel *kernel;
	size_t first, n; /* elements */
	unsigned repeat; /* passes; an update makes an odd number of it */
	double seconds;  /* out: from the first thread's start to the last one's end */
	/* out: what a read found, and what it had to find; equal for other operations */
	double sum, expected_sum;
};

/* What stream_set_open takes on the memory node, for arrays of `bytes` each. */
uint64_t stream_set_bytes(uint64_t bytes);

/* Places three arrays of `bytes` each; each thread of the team touches and fills what it will
 * work on. As memory_place. */
int stream_set_open(struct stream_set **out, struct team *team, size_t bytes,
		    const struct memory_want *want, uint64_t seed, struct err *e);
void stream_set_close(struct stream_set *set); /* NULL is fine */
int stream_set_prove(const struct stream_set *set, struct placement *p);

/* Runs with a new scalar. -ENOMEM. */
int stream_set_run(struct stream_run *r, struct team *team);
/* As often as makes a sample: *repeat times, which is found by runs of its own while it is 0. */
int stream_set_sample(struct stream_run *r, struct team *team, unsigned *repeat);
double stream_run_rate(const struct stream_run *r); /* counted bytes a second */

/* Compares all of array a with the definition of the operation that ran last over all of it. */
void stream_set_check(struct stream_set *set, struct team *team, enum stream_op op,
		      struct stream_mismatch *m);

/* Tells a record of a run over whole arrays: kernel, pages, threads, and whether the result is
 * right: verified, or the status corrupt with offset, expected and found; and where the arrays
 * could not be placed. A sum is compared always, array a once for each operation of a set. Returns
 * the seconds of that comparison. */
double stream_set_tell(const struct stream_run *run, struct team *team, struct record *r);

#endif
