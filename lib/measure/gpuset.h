/* gpuset.h - the GPUs that one worker process uses.
 *
 * Each is opened once in a worker's life, when a site first needs it, and then
 * copies until its rate stops rising: links and clocks of an idle GPU are slow.
 * Lives in worker.bench_state.
 */
#ifndef NB_MEASURE_GPUSET_H
#define NB_MEASURE_GPUSET_H

#include "machine/gpu.h"
#include "measure/gpuwatch.h"
#include "measure/session.h"
#include "measure/train.h"

enum { SEAT_BYTES = 4 << 20 };

/* One GPU of the worker, with a stream for each direction. */
struct seat {
	int gpu; /* its number */
	struct gpu_dev *dev;
	struct gpu_stream *stream[2]; /* by enum gpu_direction */
	void *bounce;                 /* SEAT_BYTES of page-locked memory, for what is not timed */
};

/* The GPU with this number, opened and warm; it stays where it is while the worker
 * lives. As gpu_open. */
int gpuset_open(struct worker *w, int gpu, const struct seat **seat, struct err *e);

/* A bench's start: opens it, whatever comes of it. */
void gpuset_start(struct worker *w, int gpu);

/* The gate and the meeting of this worker. Only after a gpuset_open that went well. */
const struct station *gpuset_station(struct worker *w);

/* gpuwatch_during, gpuwatch_errors and gpuwatch_after for a GPU of the set. */
void gpuset_note(struct worker *w, int gpu, struct record *r);
void gpuset_errors(struct worker *w, int gpu, struct gpuerrors *now); /* or as it was */
void gpuset_note_last(struct worker *w, int gpu, const struct gpuerrors *since, struct record *r);

/* Where a bench keeps something of its own as long as the worker lives: a pointer,
 * NULL at first. Release it before gpuset_stop. Only after a gpuset_open that went well. */
void **gpuset_own(struct worker *w);

/* Closes all; this is a bench's `stop`. */
void gpuset_stop(struct worker *w);

#endif
