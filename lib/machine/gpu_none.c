/* gpu_none.c - a build without a CUDA toolkit: every answer is -ENOSYS. */
#include <errno.h>

#include "machine/gpu.h"

static int none(struct err *e)
{
	return err_set(e, -ENOSYS,
		       "built without CUDA: no toolkit was found when numabench was built "
		       "(make CUDA_HOME=/usr/local/cuda)");
}

int gpu_enumerate(struct gpu_facts *facts, size_t max, size_t *n, struct err *e)
{
	(void)facts;
	(void)max;
	*n = 0;
	return none(e);
}

int gpu_runtime_version(void)
{
	return 0;
}

int gpu_driver_version(void)
{
	return 0;
}

int gpu_open(struct gpu_dev **d, const char *pci, struct err *e)
{
	(void)pci;
	*d = NULL;
	return none(e);
}

void gpu_close(struct gpu_dev *d)
{
	(void)d;
}

int gpu_alloc(struct gpu_dev *d, void **device, size_t bytes, struct err *e)
{
	(void)d;
	(void)bytes;
	*device = NULL;
	return none(e);
}

void gpu_free(struct gpu_dev *d, void *device)
{
	(void)d;
	(void)device;
}

int gpu_host_alloc(struct gpu_dev *d, void **host, size_t bytes, struct err *e)
{
	return gpu_alloc(d, host, bytes, e);
}

void gpu_host_free(struct gpu_dev *d, void *host)
{
	gpu_free(d, host);
}

int gpu_time_copies(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host,
		    size_t bytes, unsigned repeat, double *seconds, struct err *e)
{
	(void)repeat;
	*seconds = 0;
	return gpu_copy(d, dir, device, host, bytes, e);
}

int gpu_copy(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host, size_t bytes,
	     struct err *e)
{
	(void)d;
	(void)dir;
	(void)device;
	(void)host;
	(void)bytes;
	return none(e);
}
