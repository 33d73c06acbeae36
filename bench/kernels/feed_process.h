/* feed_process.h - one process that feeds one GPU: forked for it, told what to do, gone after it.
 *
 * Whoever forks it must not have started CUDA. It is bound before its first CUDA call, does what
 * it is told and answers, one thing after the other, and is killed with the thread that started it.
 * It has no deadline of its own: the session's steps have one, and where it hangs its worker waits
 * for it and is ended with it. Where it dies its worker dies alike (feed_process_wait).
 */
#ifndef NB_KERNELS_FEED_PROCESS_H
#define NB_KERNELS_FEED_PROCESS_H

#include "kernels/feed.h"
#include "place/pages_found.h"
#include "place/policy.h"

struct feed_process;

/* How it begins. */
struct feed_birth {
	const struct machine *machine;
	int gpu;
	const struct idset *cpus;    /* that it is bound to; it begins on one of them by chance */
	const struct policy *policy; /* of the whole process; NULL: as the program was started */
	size_t bytes;                /* of a buffer, as in struct feed_spec */
	enum page_kind pages;
	uint64_t seed;
};

/* What it is to do, in this order. */
struct feed_order {
	/* Makes buffers of this kind on this node where it has none yet (-1: by its policy), and
	 * takes them. They stay until they are dropped. */
	enum memory_kind memory;
	int node;
	bool bind; /* all its threads to these CPUs */
	struct idset cpus;
	bool move; /* all pages that it has on node `from`, by migrate_pages */
	int from, to;
	double warm_s;  /* passes that count nowhere, one at the least */
	double seconds; /* as feed_run; 0 with least 0: no passes */
	unsigned least;
	bool together; /* and on until feed_process_enough, see there */
	bool drop;     /* the buffers, in the end */
};

struct feed_answer {
	int code; /* 0, or -errno: what went wrong */
	char why[512];
	struct feed_run run;
	bool stand_in;                    /* feed_stand_in */
	struct pages_found before, after; /* of both host buffers: the move, and the run */
	char refused[512];                /* why nothing was moved; empty: the kernel did */
};

/* 0 when it was forked: whatever goes wrong from then on is told in its first answer. */
int feed_process_start(struct feed_process **p, const struct feed_birth *b, struct err *e);
/* It is gone then, or left behind where it cannot be killed. NULL is fine. */
void feed_process_end(struct feed_process *p);

/* Tells it what to do, and waits for the answer: 0, or what its code says, with e. Where the
 * process has died there is no answer: the caller's process ends by the same signal, without a
 * core, so that its session learns that it crashed; where it ended by itself: -EIO. */
int feed_process_send(struct feed_process *p, const struct feed_order *o, struct err *e);
int feed_process_wait(struct feed_process *p, struct feed_answer *a, struct err *e);
int feed_process_do(struct feed_process *p, const struct feed_order *o, struct feed_answer *a,
		    struct err *e);

/* Of an order with `together`: whether it has made what counts, or can be waited for because it
 * has failed; and that it need go on no longer. */
bool feed_process_reached(const struct feed_process *p);
void feed_process_enough(struct feed_process *p);

#endif
