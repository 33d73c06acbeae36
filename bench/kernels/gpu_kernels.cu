/* gpu_kernels.cu - see gpu_kernels.h. C++ as little as nvcc allows, so that the
 * object links without its runtime library. */
#include <cerrno>

#include <cuda_runtime_api.h>

extern "C" {
#include "kernels/gpu_kernels.h"
}

namespace
{

/* 8 blocks of 256 threads are all that a multiprocessor runs at once (2048 threads since compute
 * capability 3.0, 1024 or 1536 on some); each thread has 4 loads of 16 bytes under way. */
enum { THREADS = 256, BLOCKS = 8, UNROLL = 4 };

/* Loads that go to memory each time (ld.cv): what lies in host memory may have changed there, and
 * the caches of an earlier pass are not what is measured. */
__global__ void copy(uint4 *__restrict__ to, const uint4 *__restrict__ from, size_t n)
{
	const size_t stride = (size_t)gridDim.x * blockDim.x;
	size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;

	for (; i + (UNROLL - 1) * stride < n; i += UNROLL * stride) {
		uint4 v[UNROLL];

#pragma unroll
		for (int k = 0; k < UNROLL; k++)
			v[k] = __ldcv(&from[i + k * stride]);
#pragma unroll
		for (int k = 0; k < UNROLL; k++)
			to[i + k * stride] = v[k];
	}
	for (; i < n; i += stride)
		to[i] = __ldcv(&from[i]);
}

__global__ void nothing()
{
}

__device__ uint64_t nanoseconds()
{
	uint64_t t;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t)::"memory");
	return t;
}

/* Volatile: each is made, in its place, and past the multiprocessor's own cache. */
__device__ uint64_t load(uint64_t at)
{
	uint64_t value;

	asm volatile("ld.volatile.global.u64 %0, [%1];" : "=l"(value) : "l"(at) : "memory");
	return value;
}

/* A thread's instructions start in their order, and one that needs a value waits until it is
 * there. The store of what was loaded stands between load and clock for this: the clock is read
 * when the load is done. */
__global__ void chase(uint64_t at, uint32_t steps, uint32_t warm, uint32_t *clocks, uint64_t *whole)
{
	__shared__ volatile uint64_t arrived;
	uint64_t began_ns, began;

#pragma unroll 1
	for (uint32_t i = 0; i < warm; i++)
		at = load(at);
	arrived = at;
	began_ns = nanoseconds();
	began = (uint64_t)clock64();
#pragma unroll 1 /* each load stands in the same code */
	for (uint32_t i = warm; i < steps; i++) {
		uint64_t before = (uint64_t)clock64();

		at = load(at);
		arrived = at;
		clocks[i - warm] = (uint32_t)((uint64_t)clock64() - before);
	}
	whole[1] = (uint64_t)clock64() - began;
	whole[0] = nanoseconds() - began_ns;
	whole[2] = at;
}

cudaStream_t native(const struct gpu_stream *s)
{
	return static_cast<cudaStream_t>(gpu_stream_native(s));
}

/* What the launch just made says. */
int launched(const char *what, struct err *e)
{
	return gpu_answer(cudaGetLastError(), what, e);
}

} // namespace

bool gpu_kernels_built(void)
{
	return true;
}

int gpu_queue_kernel_copy(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	const bool in = t->dir == GPU_H2D;
	const size_t n = t->bytes / sizeof(uint4), wanted = (n + THREADS - 1) / THREADS;
	const size_t most = (size_t)BLOCKS * gpu_processors(gpu_stream_dev(s));
	void *to = in ? t->device : t->host;
	const void *from = in ? t->host : t->device;
	int rc;

	if (((uintptr_t)to | (uintptr_t)from | t->bytes) % sizeof(uint4) || n == 0)
		return err_set(e, -EINVAL,
			       "a GPU kernel copies whole pieces of 16 bytes, not %zu bytes from "
			       "%p to %p",
			       t->bytes, from, to);
	rc = gpu_stream_current(s, e);
	if (rc < 0)
		return rc;
	copy<<<(unsigned)(wanted < most ? wanted : most), THREADS, 0, native(s)>>>(
		static_cast<uint4 *>(to), static_cast<const uint4 *>(from), n);
	return launched("GPU kernel copy", e);
}

int gpu_queue_nothing(struct gpu_stream *s, struct err *e)
{
	int rc = gpu_stream_current(s, e);

	if (rc < 0)
		return rc;
	nothing<<<1, 1, 0, native(s)>>>();
	return launched("GPU kernel that does nothing", e);
}

int gpu_queue_chase(struct gpu_stream *s, const void *start, uint32_t steps, uint32_t warm,
		    uint32_t *clocks, uint64_t *whole, struct err *e)
{
	int rc = gpu_stream_current(s, e);

	if (rc < 0)
		return rc;
	if (warm >= steps)
		return err_set(e, -EINVAL, "a chase of %u steps keeps none of them after %u", steps,
			       warm);
	chase<<<1, 1, 0, native(s)>>>((uint64_t)(uintptr_t)start, steps, warm, clocks, whole);
	return launched("GPU kernel chase", e);
}
