/* gpu_cuda.c - gpu.h over the CUDA runtime, CUDA 11.0 to 13.x. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cuda_runtime_api.h>

#include "machine/gpu.h"

struct gpu_dev {
	int ordinal; /* CUDA's own number of it, in this process */
	cudaStream_t stream;
	cudaEvent_t begin, end;
};

/* What is not listed is -EIO. */
static const struct {
	cudaError_t cuda;
	int code;
} codes[] = {
	{ cudaErrorMemoryAllocation, -ENOMEM }, { cudaErrorInsufficientDriver, -ENODEV },
	{ cudaErrorStubLibrary, -ENODEV },      { cudaErrorNoDevice, -ENODEV },
	{ cudaErrorInvalidDevice, -ENODEV },    { cudaErrorDevicesUnavailable, -ENODEV },
};

/* CUDA answers 35 both where there is no driver and where there is an old one. */
static int no_driver(struct err *e)
{
	int version = gpu_driver_version();

	if (version == 0)
		return err_set(e, -ENODEV, "no NVIDIA driver is loaded (%s)",
			       cudaGetErrorName(cudaErrorInsufficientDriver));
	return err_set(e, -ENODEV,
		       "driver too old for this build: the driver supports CUDA %d.%d, numabench "
		       "was built with CUDA %d.%d (%s)",
		       version / 1000, version % 1000 / 10, CUDART_VERSION / 1000,
		       CUDART_VERSION % 1000 / 10, cudaGetErrorName(cudaErrorInsufficientDriver));
}

/* 0 for success; else clears CUDA's error state and says what could not be done. */
static int check(cudaError_t rc, const char *what, struct err *e)
{
	int code = -EIO;

	if (rc == cudaSuccess)
		return 0;
	(void)cudaGetLastError();
	if (rc == cudaErrorInsufficientDriver)
		return no_driver(e);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].cuda == rc)
			code = codes[i].code;
	return err_set(e, code, "%s: %s (CUDA error %d: %s)", what, cudaGetErrorName(rc), (int)rc,
		       cudaGetErrorString(rc));
}

int gpu_runtime_version(void)
{
	return CUDART_VERSION;
}

int gpu_driver_version(void)
{
	int version = 0;

	if (cudaDriverGetVersion(&version) != cudaSuccess) {
		(void)cudaGetLastError();
		return 0;
	}
	return version;
}

#if CUDART_VERSION >= 12020
static struct known node_attribute(enum cudaDeviceAttr attribute, int ordinal)
{
	int node = -1;

	if (cudaDeviceGetAttribute(&node, attribute, ordinal) != cudaSuccess) {
		(void)cudaGetLastError();
		return UNKNOWN("the driver does not tell CUDA");
	}
	return node < 0 ? UNKNOWN("not declared (CUDA says -1)") : KNOWN(node);
}
#define HOST_NODE(ordinal) node_attribute(cudaDevAttrHostNumaId, ordinal)
#define OWN_NODE(ordinal)  node_attribute(cudaDevAttrNumaId, ordinal)
#else
#define HOST_NODE(ordinal) UNKNOWN("CUDA before 12.2 does not tell")
#define OWN_NODE(ordinal)  UNKNOWN("CUDA before 12.2 does not tell")
#endif

static void spell_uuid(char out[48], const cudaUUID_t *u)
{
	size_t used = (size_t)sprintf(out, "GPU-");

	for (size_t i = 0; i < sizeof u->bytes; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[used++] = '-';
		used += (size_t)sprintf(out + used, "%02x", (unsigned char)u->bytes[i]);
	}
}

/* Properties and attributes create no context, so that nothing is left on any GPU. */
static int describe(struct gpu_facts *f, int ordinal, struct err *e)
{
	struct cudaDeviceProp p;
	int rc = check(cudaGetDeviceProperties(&p, ordinal), "cudaGetDeviceProperties", e);

	if (rc < 0)
		return err_within(e, rc, "CUDA device %d", ordinal);
	*f = (struct gpu_facts){
		.host_node = HOST_NODE(ordinal),
		.own_node = OWN_NODE(ordinal),
		.memory_bytes = KNOWN((long long)p.totalGlobalMem),
	};
	snprintf(f->pci, sizeof f->pci, "%04x:%02x:%02x.0", (unsigned)p.pciDomainID,
		 (unsigned)p.pciBusID & 0xff, (unsigned)p.pciDeviceID & 0xff);
	snprintf(f->name, sizeof f->name, "%.*s", (int)sizeof f->name - 1, p.name);
	spell_uuid(f->uuid, &p.uuid);
	return 0;
}

int gpu_enumerate(struct gpu_facts *facts, size_t max, size_t *n, struct err *e)
{
	int count = 0;
	int rc = check(cudaGetDeviceCount(&count), "cudaGetDeviceCount", e);

	*n = rc < 0 ? 0 : (size_t)count;
	for (size_t i = 0; rc == 0 && i < *n && i < max; i++)
		rc = describe(&facts[i], (int)i, e);
	return rc;
}

static int use(const struct gpu_dev *d, struct err *e)
{
	return check(cudaSetDevice(d->ordinal), "cudaSetDevice", e);
}

/* Whoever waits spins, so that what a copy takes holds no scheduler's wake-up. */
static int start(struct gpu_dev *d, struct err *e)
{
	int rc = use(d, e);

	if (rc == 0)
		rc = check(cudaSetDeviceFlags(cudaDeviceScheduleSpin), "cudaSetDeviceFlags", e);
	if (rc == 0)
		rc = check(cudaStreamCreateWithFlags(&d->stream, cudaStreamNonBlocking),
			   "cudaStreamCreateWithFlags", e);
	if (rc == 0)
		rc = check(cudaEventCreate(&d->begin), "cudaEventCreate", e);
	if (rc == 0)
		rc = check(cudaEventCreate(&d->end), "cudaEventCreate", e);
	return rc;
}

int gpu_open(struct gpu_dev **out, const char *pci, struct err *e)
{
	struct gpu_dev *d = calloc(1, sizeof *d);
	int rc;

	*out = NULL;
	if (!d)
		return err_set(e, -ENOMEM, "out of memory");
	rc = check(cudaDeviceGetByPCIBusId(&d->ordinal, pci), "cudaDeviceGetByPCIBusId", e);
	if (rc == 0)
		rc = start(d, e);
	if (rc < 0) {
		gpu_close(d);
		return err_within(e, rc, "GPU %s", pci);
	}
	*out = d;
	return 0;
}

void gpu_close(struct gpu_dev *d)
{
	if (!d)
		return;
	if (d->stream && cudaSetDevice(d->ordinal) == cudaSuccess) {
		if (d->begin)
			cudaEventDestroy(d->begin);
		if (d->end)
			cudaEventDestroy(d->end);
		cudaStreamDestroy(d->stream);
	}
	(void)cudaGetLastError();
	free(d);
}

int gpu_alloc(struct gpu_dev *d, void **device, size_t bytes, struct err *e)
{
	int rc = use(d, e);

	*device = NULL;
	if (rc == 0)
		rc = check(cudaMalloc(device, bytes), "cudaMalloc", e);
	return rc < 0 ? err_within(e, rc, "%zu bytes of GPU memory", bytes) : 0;
}

void gpu_free(struct gpu_dev *d, void *device)
{
	if (device && cudaSetDevice(d->ordinal) == cudaSuccess)
		cudaFree(device);
	(void)cudaGetLastError();
}

int gpu_host_alloc(struct gpu_dev *d, void **host, size_t bytes, struct err *e)
{
	int rc = use(d, e);

	*host = NULL;
	if (rc == 0)
		rc = check(cudaHostAlloc(host, bytes, cudaHostAllocDefault), "cudaHostAlloc", e);
	return rc < 0 ? err_within(e, rc, "%zu bytes of pinned host memory", bytes) : 0;
}

void gpu_host_free(struct gpu_dev *d, void *host)
{
	if (host && cudaSetDevice(d->ordinal) == cudaSuccess)
		cudaFreeHost(host);
	(void)cudaGetLastError();
}

static cudaError_t queue_copy(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host,
			      size_t bytes)
{
	if (dir == GPU_H2D)
		return cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, d->stream);
	return cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, d->stream);
}

/* A copy of at most this much goes ahead of the first event. While it runs (0.1 ms
 * and more) the others are queued behind it, so that the cost of starting them,
 * 2 to 3 us each, stays out of what the events see. */
enum { LEAD_BYTES = 8 << 20 };

int gpu_time_copies(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host,
		    size_t bytes, unsigned repeat, double *seconds, struct err *e)
{
	size_t lead = bytes < LEAD_BYTES ? bytes : LEAD_BYTES;
	float ms = 0;
	int rc = use(d, e);

	if (rc == 0)
		rc = check(queue_copy(d, dir, device, host, lead), "cudaMemcpyAsync", e);
	if (rc == 0)
		rc = check(cudaEventRecord(d->begin, d->stream), "cudaEventRecord", e);
	for (unsigned i = 0; rc == 0 && i < repeat; i++)
		rc = check(queue_copy(d, dir, device, host, bytes), "cudaMemcpyAsync", e);
	if (rc == 0)
		rc = check(cudaEventRecord(d->end, d->stream), "cudaEventRecord", e);
	if (rc == 0)
		rc = check(cudaEventSynchronize(d->end), "cudaEventSynchronize", e);
	if (rc == 0)
		rc = check(cudaEventElapsedTime(&ms, d->begin, d->end), "cudaEventElapsedTime", e);
	*seconds = (double)ms * 1e-3;
	return rc;
}

/* Does not set the current device: the stream decides where a copy goes, and the
 * caller's clock runs. */
int gpu_copy(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host, size_t bytes,
	     struct err *e)
{
	int rc = check(queue_copy(d, dir, device, host, bytes), "cudaMemcpyAsync", e);

	if (rc == 0)
		rc = check(cudaStreamSynchronize(d->stream), "cudaStreamSynchronize", e);
	return rc;
}
