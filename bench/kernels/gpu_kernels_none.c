/* gpu_kernels_none.c - a build without nvcc: no kernel runs on a GPU. */
#include <errno.h>

#include "kernels/gpu_kernels.h"

bool gpu_kernels_built(void)
{
	return false;
}

static int not_built(struct err *e)
{
	return err_set(e, -ENOTSUP,
		       "built without GPU kernels: nvcc was not found when numabench was built");
}

int gpu_queue_kernel_copy(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	(void)s;
	(void)t;
	return not_built(e);
}

int gpu_queue_nothing(struct gpu_stream *s, struct err *e)
{
	(void)s;
	return not_built(e);
}

int gpu_queue_chase(struct gpu_stream *s, const void *start, uint32_t steps, uint32_t warm,
		    uint32_t *clocks, uint64_t *whole, struct err *e)
{
	(void)s;
	(void)start;
	(void)steps;
	(void)warm;
	(void)clocks;
	(void)whole;
	return not_built(e);
}
