/* train.h - transfers back to back: alone, or several trains at once.
 *
 * A train is one transfer made again and again in a stream of its own. What the
 * GPU can time stands behind a gate, so that the host's cost of starting it stays
 * out; what it cannot (pageable memory: the call may block) is timed by the host's
 * clock, and has a thread of its own where other trains run too.
 */
#ifndef NB_MEASURE_TRAIN_H
#define NB_MEASURE_TRAIN_H

#include "machine/gpu.h"
#include "measure/meeting.h"

/* Where trains depart from: one in each worker process. */
struct station {
	struct gpu_gate *gate; /* over the meeting's flag */
	struct meeting *meeting;
	unsigned party;
};

struct train {
	struct gpu_stream *stream;
	struct gpu_transfer what;
	bool host_timed; /* each transfer with the end of its stream, by the host's clock */
	/* Of a host-timed train alone: what must be done before each transfer and is not
	 * timed, such as moving managed memory back. No queue: nothing. */
	struct gpu_transfer back;
	int gpu; /* its number, to be named when it hangs */
	/* What came of trains_together: */
	double rate;  /* bytes per second while all trains of all parties ran */
	double lag_s; /* from the gate's release to the train's start, as the host saw it */
};

/* n transfers of one train, in seconds: all of them together. Device-timed ones
 * in batches behind the gate (as many as GPU_GATE_MOST allows), host-timed ones
 * one after the other. As gpu.h; -EAGAIN: it stood at its gate until the meeting was
 * broken off, and what it took says nothing. */
int train_time(const struct train *t, const struct station *at, unsigned n, double *seconds,
	       struct err *e);

/* One sample in bytes per second, of *repeat transfers; where that is 0 it is made so many that a
 * sample lasts SAMPLE_SECONDS (timing.h) or a little more. As train_time. */
int train_rate(const struct train *t, const struct station *at, unsigned *repeat, double *rate,
	       struct err *e);

/* As train_time, with the time of each transfer: from one mark on the GPU to the next, or
 * by the host's clock. */
int train_time_each(const struct train *t, const struct station *at, unsigned n, double *seconds,
		    struct err *e);

/* All trains of this party, and those of the meeting's other parties, at once:
 * each goes on until every one has made at least `quota` transfers, and only the
 * interval in which all ran counts. A train that started later after the gate's
 * release than LAG_MOST of that interval and LAG_FREE_S makes the sample void:
 * -EAGAIN with e. -ECANCELED when the meeting was broken off; as gpu.h, then the
 * meeting is broken off and *at is the train that failed (n: not known). -ENOMEM. */
#define LAG_MOST   0.02
#define LAG_FREE_S 50e-6
int trains_together(struct train *t, size_t n, const struct station *from, unsigned quota,
		    size_t *at, struct err *e);

#endif
