/* stream_together.h - a kernel over a set while the teams of other processes do the same. */
#ifndef NB_KERNELS_STREAM_TOGETHER_H
#define NB_KERNELS_STREAM_TOGETHER_H

#include "kernels/stream_set.h"
#include "measure/meeting.h"

/* The team meets those of all other parties (measure/meeting.h), and each of its threads goes over
 * its share of the whole arrays, again and again, until every thread of every party has made `run->
 * repeat` passes, and to the end of that pass. *rate gets the counted bytes a second in the
 * interval in which all threads of all parties ran: from the last one's start to the first one's
 * end. run->seconds is that interval; run->sum, run->expected_sum and the arrays are as after
 * stream_set_run.
 *
 * -EAGAIN with e: they ran together for less than half of SAMPLE_SECONDS. -ECANCELED with e: the
 * meeting was broken off. -ENOMEM with e; then it is broken off here. */
int stream_together(struct stream_run *run, struct team *team, struct meeting *m, double *rate,
		    struct err *e);

#endif
