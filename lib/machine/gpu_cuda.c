/* gpu_cuda.c - gpu.h over the CUDA runtime, CUDA 11.0 to 13.x. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cuda_runtime_api.h>

#include "machine/gpu.h"

/* To start a copy takes the host 2 to 3 us, longer than a small copy takes. So timed copies are
 * queued in batches behind lead copies that are not counted: LEAD_BYTES last 80 us at the 55 GB/s
 * of PCIe Gen5 x16, 10 us over NVLink-C2C. A batch with its leads stays far from what a stream
 * can hold (about 1000 operations). */
enum { LEAD_BYTES = 4 << 20, LEADS_LEAST = 2, LEADS_MOST = 64, BATCH = 32, TRIES = 8 };

struct gpu_dev {
	int ordinal; /* CUDA's own number of it, in this process */
	cudaStream_t stream;
	cudaEvent_t begin, end;
	void *lead_device, *lead_host; /* LEAD_BYTES each */
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
	if (rc == 0)
		rc = gpu_alloc(d, &d->lead_device, LEAD_BYTES, e);
	if (rc == 0)
		rc = gpu_host_alloc(d, &d->lead_host, LEAD_BYTES, e);
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
	gpu_free(d, d->lead_device);
	gpu_host_free(d, d->lead_host);
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

static cudaError_t queue_copy(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host,
			      size_t bytes)
{
	if (dir == GPU_H2D)
		return cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, d->stream);
	return cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, d->stream);
}

/* What one call of gpu_time_copies copies, and how many lead copies go ahead of each batch. */
struct copies {
	enum gpu_direction dir;
	void *device, *host;
	size_t bytes;
	unsigned leads;
};

static int queue(struct gpu_dev *d, const struct copies *c, void *device, void *host, size_t bytes,
		 unsigned n, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = check(queue_copy(d, c->dir, device, host, bytes), "cudaMemcpyAsync", e);
	return rc;
}

/* Lead copies, an event, n copies, an event. *hidden: the first event was still to come when the
 * last had been queued, so that no copy between them had to wait for its start. */
static int queue_batch(struct gpu_dev *d, const struct copies *c, unsigned n, bool *hidden,
		       struct err *e)
{
	cudaError_t begun;
	int rc = queue(d, c, d->lead_device, d->lead_host, LEAD_BYTES, c->leads, e);

	if (rc == 0)
		rc = check(cudaEventRecord(d->begin, d->stream), "cudaEventRecord", e);
	if (rc == 0)
		rc = queue(d, c, c->device, c->host, c->bytes, n, e);
	if (rc == 0)
		rc = check(cudaEventRecord(d->end, d->stream), "cudaEventRecord", e);
	if (rc < 0)
		return rc;
	begun = cudaEventQuery(d->begin);
	*hidden = begun == cudaErrorNotReady;
	if (*hidden)
		(void)cudaGetLastError();
	return *hidden ? 0 : check(begun, "cudaEventQuery", e);
}

/* Again behind a longer lead, until the host is fast enough. A copy of as much as a lead outlasts
 * the start of the next by itself. */
static int time_batch(struct gpu_dev *d, struct copies *c, unsigned n, double *seconds,
		      struct err *e)
{
	bool hidden = false;

	for (int i = 0; i < TRIES && !hidden; i++) {
		float ms = 0;
		int rc = queue_batch(d, c, n, &hidden, e);

		if (rc == 0)
			rc = check(cudaEventSynchronize(d->end), "cudaEventSynchronize", e);
		if (rc == 0)
			rc = check(cudaEventElapsedTime(&ms, d->begin, d->end),
				   "cudaEventElapsedTime", e);
		if (rc < 0)
			return rc;
		*seconds = (double)ms * 1e-3;
		if (!hidden && c->leads < LEADS_MOST)
			c->leads *= 2;
	}
	if (hidden || c->bytes >= LEAD_BYTES)
		return 0;
	return err_set(e, -EIO,
		       "copies of %zu bytes are started more slowly than the GPU makes them, so "
		       "that its events do not time them: copies of %d MiB or more can be timed",
		       c->bytes, LEAD_BYTES >> 20);
}

int gpu_time_copies(struct gpu_dev *d, enum gpu_direction dir, void *device, void *host,
		    size_t bytes, unsigned repeat, double *seconds, struct err *e)
{
	struct copies c = {
		.dir = dir, .device = device, .host = host, .bytes = bytes, .leads = LEADS_LEAST
	};
	int rc = use(d, e);

	*seconds = 0;
	for (unsigned left = repeat, n; rc == 0 && left > 0; left -= n) {
		double batch = 0;

		n = left < BATCH ? left : BATCH;
		rc = time_batch(d, &c, n, &batch, e);
		*seconds += batch;
	}
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
