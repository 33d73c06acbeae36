/* gpuset.h - the GPUs that one worker process uses.
 *
 * Each is opened once in a worker's life, when a site first needs it, and then
 * copies until its rate stops rising: links and clocks of an idle GPU are slow.
 * Lives in worker.bench_state.
 */
#ifndef NB_MEASURE_GPUSET_H
#define NB_MEASURE_GPUSET_H

#include "machine/gpu.h"
#include "measure/session.h"

/* The GPU with this number, opened and warm. As gpu_open. */
int gpuset_open(struct worker *w, int gpu, struct gpu_dev **d, struct err *e);

/* Puts what NVML says of the link now, and said before the first copy, into
 * r->more: "link_before" and "link_during", { "gen", "width" }. Call right after
 * copying. Without NVML there is nothing to say. */
void gpuset_note_link(struct worker *w, int gpu, struct record *r);

/* Where a bench keeps something of its own as long as the worker lives: a pointer,
 * NULL at first. Release it before gpuset_stop. Only after a gpuset_open that went well. */
void **gpuset_own(struct worker *w);

/* Closes all; this is a bench's `stop`. */
void gpuset_stop(struct worker *w);

#endif
