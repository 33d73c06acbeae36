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
	size_t threads;  /* the first so many of the team share them out; 0: all */
	/* Elements that each thread goes over, from the beginning of its share on; 0: all of it. */
	size_t each;
	unsigned repeat; /* passes; an update makes an odd number of it */
	double seconds;  /* out: from the first thread's start to the last one's end */
	/* out: what a read found, and what it had to find; equal for other operations */
	double sum, expected_sum;
};

/* What stream_set_open takes on the memory node, for arrays of `bytes` each. */
uint64_t stream_set_bytes(uint64_t bytes);

/* The bytes of an array of such a set. */
uint64_t stream_set_array(uint64_t set_bytes);

/* Places three arrays of `bytes` each; each thread of the team touches and fills what it will
 * work on. As memory_place. */
int stream_set_open(struct stream_set **out, struct team *team, size_t bytes,
		    const struct memory_want *want, uint64_t seed, struct err *e);
void stream_set_close(struct stream_set *set); /* NULL is fine */
int stream_set_prove(const struct stream_set *set, struct placement *p);

/* A new scalar, for a run: 2 to 62. */
void stream_set_scalar(struct stream_set *set);
/* Runs with a new scalar. -ENOMEM. */
int stream_set_run(struct stream_run *r, struct team *team);
/* The share of one of `size` threads: whole pages, but for the last one's. */
void stream_share(size_t n, size_t rank, size_t size, size_t *first, size_t *count);
/* The fewest elements that are some thread's share, of n that `threads` share out. */
size_t stream_share_least(size_t n, size_t threads);
/* As often as makes a sample: *repeat times, which is found by runs of its own while it is 0, and
 * raised where it has become too few. */
int stream_set_sample(struct stream_run *r, struct team *team, unsigned *repeat);
double stream_run_rate(const struct stream_run *r); /* counted bytes a second */

/* Compares array a, or the part of each thread that a run went over, with the definition of the
 * operation that ran last over all of it. */
void stream_set_check(const struct stream_run *run, struct team *team, struct stream_mismatch *m);

/* Tells a record of a run over whole arrays, or over a part of each thread's share: kernel, bus
 * factor (of whole arrays), pages, threads, and whether the result is right: verified, or the
 * status corrupt with offset, expected and found; and where the arrays could not be placed. A sum
 * and parts of shares are compared always, whole arrays once for each operation of a set. Returns
 * the seconds of that comparison. */
double stream_set_tell(const struct stream_run *run, struct team *team, struct record *r);

#endif
