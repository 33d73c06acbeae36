/* gpu_operations.h - things that a GPU does in microseconds, timed one by one.
 *
 * A sample is the median of as many operations as fill 10 ms, 1000 at least; the
 * record's quantiles are of all operations of all samples.
 */
#ifndef NB_KERNELS_GPU_OPERATIONS_H
#define NB_KERNELS_GPU_OPERATIONS_H

#include "kernels/gpu_loads.h"
#include "measure/gpuset.h"

struct gpu_operation {
	enum {
		OPERATION_TRANSFER, /* of the train: by its marks, or by the host's clock */
		OPERATION_LAUNCH,   /* an empty kernel in the train's stream, to its end */
		OPERATION_LOAD,     /* a dependent load, by the GPU's own clocks */
	} kind;
	struct train train;
	struct gpu_loads *loads;
};

/* One sample of a cell. A walk of loads that did not end where it must makes the record
 * corrupt; one that did makes it verified. As gpu.h, -ENOTSUP without GPU kernels. */
int gpu_operation_sample(struct worker *w, const struct gpu_operation *o, struct cell *cell,
			 double *value, struct err *e);

/* A bench's stop; calls gpuset_stop. */
void gpu_operations_stop(struct worker *w);

#endif
