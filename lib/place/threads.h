/* threads.h - who runs where. */
#ifndef NB_PLACE_THREADS_H
#define NB_PLACE_THREADS_H

#include <stddef.h>

#include "util/err.h"
#include "util/idset.h"

/* The CPUs that the calling thread is bound to. -EINVAL with e. */
int thread_cpus(struct idset *cpus, struct err *e);

/* Binds the calling thread to CPUs and reads the mask back: -EINVAL when it did
 * not take (not allowed), with e. */
int thread_bind(const struct idset *cpus, struct err *e);

/* A team of threads, each pinned to one CPU. */
struct team;

/* One thread for each of cpus[0..n-1], n >= 1; the calling thread is not one of
 * them. Starts them, pins them, reads back. */
int team_start(struct team **t, const int *cpus, size_t n, struct err *e);
void team_stop(struct team *t); /* NULL is fine */
size_t team_size(const struct team *t);

/* Runs fn(arg, rank, size) on every thread and returns when all are done. The
 * threads leave a barrier together. Memory that fn touches first is placed by
 * that thread. */
void team_run(struct team *t, void (*fn)(void *arg, size_t rank, size_t size), void *arg);

/* The same on the first n threads alone, rank 0 .. n-1 of n; the others stay where they are. */
void team_run_first(struct team *t, size_t n, void (*fn)(void *arg, size_t rank, size_t size),
		    void *arg);

/* CPUs that the threads were seen on since the last call: read before and after
 * every fn. */
struct idset team_ran_on(struct team *t);

/* Lets the kernel's OOM killer take this process before any other. Best effort. */
void process_offer_to_oom(void);

#endif
