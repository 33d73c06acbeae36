/* gpu_cuda.c - gpu.h over the CUDA runtime (11.0 to 13.x): what is there, devices and memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "machine/gpu_parts.h"

/* What is not listed is -EIO. */
static const struct {
	cudaError_t cuda;
	int code;
} codes[] = {
	{ cudaErrorMemoryAllocation, -ENOMEM },
	{ cudaErrorInsufficientDriver, -ENODEV },
	{ cudaErrorStubLibrary, -ENODEV },
	{ cudaErrorNoDevice, -ENODEV },
	{ cudaErrorInvalidDevice, -ENODEV },
	{ cudaErrorDevicesUnavailable, -ENODEV },
	{ cudaErrorSystemNotReady, -ENODEV }, /* the fabric manager is not running */
	{ cudaErrorSystemDriverMismatch, -ENODEV },
	{ cudaErrorCompatNotSupportedOnDevice, -ENODEV },
	{ cudaErrorNotSupported, -ENOTSUP },
	{ cudaErrorNotPermitted, -ENOTSUP },
	{ cudaErrorPeerAccessUnsupported, -ENOTSUP },
	/* No GPU kernel in this build fits the device or its driver. */
	{ cudaErrorNoKernelImageForDevice, -ENOTSUP },
	{ cudaErrorInvalidKernelImage, -ENOTSUP },
	{ cudaErrorJitCompilerNotFound, -ENOTSUP },
#if CUDART_VERSION >= 11010
	{ cudaErrorUnsupportedPtxVersion, -ENOTSUP },
	{ cudaErrorCallRequiresNewerDriver, -ENOTSUP },
#endif
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

int gpu_answer(int cuda_error, const char *what, struct err *e)
{
	cudaError_t rc = (cudaError_t)cuda_error;
	int code = -EIO;

	if (rc == cudaSuccess)
		return 0;
	(void)cudaGetLastError(); /* clears it */
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

static struct known exclusive(int ordinal)
{
	int mode = cudaComputeModeDefault;

	if (cudaDeviceGetAttribute(&mode, cudaDevAttrComputeMode, ordinal) != cudaSuccess) {
		(void)cudaGetLastError();
		return UNKNOWN("the driver does not tell CUDA");
	}
	return KNOWN(mode != cudaComputeModeDefault);
}

/* Properties and attributes create no context, so that nothing is left on any GPU. */
static int describe(struct gpu_facts *f, int ordinal, struct err *e)
{
	struct cudaDeviceProp p;
	int rc = gpu_check(cudaGetDeviceProperties(&p, ordinal), "cudaGetDeviceProperties", e);

	if (rc < 0)
		return err_within(e, rc, "CUDA device %d", ordinal);
	*f = (struct gpu_facts){
		.host_node = HOST_NODE(ordinal),
		.own_node = OWN_NODE(ordinal),
		.memory_bytes = KNOWN((long long)p.totalGlobalMem),
		.exclusive = exclusive(ordinal),
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
	int rc = gpu_check(cudaGetDeviceCount(&count), "cudaGetDeviceCount", e);

	*n = rc < 0 ? 0 : (size_t)count;
	for (size_t i = 0; rc == 0 && i < *n && i < max; i++)
		rc = describe(&facts[i], (int)i, e);
	return rc;
}

int gpu_use(const struct gpu_dev *d, struct err *e)
{
	return gpu_check(cudaSetDevice(d->ordinal), "cudaSetDevice", e);
}

/* For what releases: nobody is told when it fails, as it does when the device is lost. */
static bool usable(const struct gpu_dev *d)
{
	return d && gpu_use(d, NULL) == 0;
}

/* 0 where the device does not tell. */
static unsigned attribute(enum cudaDeviceAttr which, int ordinal)
{
	int value = 0;

	if (cudaDeviceGetAttribute(&value, which, ordinal) != cudaSuccess) {
		(void)cudaGetLastError();
		return 0;
	}
	return value > 0 ? (unsigned)value : 0;
}

/* Whoever waits spins, so that what a transfer takes holds no scheduler's wake-up. */
static int start(struct gpu_dev *d, struct err *e)
{
	cudaError_t flags;
	int rc = gpu_use(d, e);

	if (rc < 0)
		return rc;
	/* Before CUDA 12 a device that was opened earlier keeps the flags that it got then: these.
	 */
	flags = cudaSetDeviceFlags(cudaDeviceScheduleSpin);
	if (flags == cudaErrorSetOnActiveProcess)
		(void)cudaGetLastError();
	else if (flags != cudaSuccess)
		return gpu_check(flags, "cudaSetDeviceFlags", e);
	d->cache_bytes = attribute(cudaDevAttrL2CacheSize, d->ordinal);
	d->processors = attribute(cudaDevAttrMultiProcessorCount, d->ordinal);
	return 0;
}

int gpu_open(struct gpu_dev **out, const char *pci, struct err *e)
{
	struct gpu_dev *d = calloc(1, sizeof *d);
	int rc;

	*out = NULL;
	if (!d)
		return err_set(e, -ENOMEM, "out of memory");
	snprintf(d->pci, sizeof d->pci, "%s", pci);
	rc = gpu_check(cudaDeviceGetByPCIBusId(&d->ordinal, pci), "cudaDeviceGetByPCIBusId", e);
	if (rc == 0)
		rc = start(d, e);
	if (rc < 0) {
		free(d);
		return err_within(e, rc, "GPU %s", pci);
	}
	*out = d;
	return 0;
}

/* The context stays until the process ends. */
void gpu_close(struct gpu_dev *d)
{
	free(d);
}

int gpu_memory_left(struct gpu_dev *d, uint64_t *left, uint64_t *all, struct err *e)
{
	size_t free_bytes = 0, total = 0;
	int rc = gpu_use(d, e);

	if (rc == 0)
		rc = gpu_check(cudaMemGetInfo(&free_bytes, &total), "cudaMemGetInfo", e);
	*left = free_bytes;
	*all = total;
	return rc;
}

uint64_t gpu_cache_bytes(const struct gpu_dev *d)
{
	return d->cache_bytes;
}

unsigned gpu_processors(const struct gpu_dev *d)
{
	return d->processors ? d->processors : 1;
}

/* ---- memory ---- */

int gpu_alloc(struct gpu_dev *d, void **device, size_t bytes, struct err *e)
{
	int rc = gpu_use(d, e);

	*device = NULL;
	if (rc == 0)
		rc = gpu_check(cudaMalloc(device, bytes), "cudaMalloc", e);
	return rc < 0 ? err_within(e, rc, "%zu bytes of GPU memory", bytes) : 0;
}

void gpu_free(struct gpu_dev *d, void *device)
{
	if (device && usable(d))
		(void)gpu_check(cudaFree(device), "cudaFree", NULL);
}

static const struct {
	const char *name;
	unsigned flags;
} host_kinds[] = {
	[GPU_HOST_PINNED] = { "pinned", cudaHostAllocDefault },
	[GPU_HOST_WRITE_COMBINED] = { "write-combined", cudaHostAllocWriteCombined },
	[GPU_HOST_MAPPED] = { "mapped", cudaHostAllocMapped },
};

int gpu_host_alloc(struct gpu_dev *d, enum gpu_host kind, void **host, size_t bytes, struct err *e)
{
	int rc = gpu_use(d, e);

	*host = NULL;
	if (rc == 0)
		rc = gpu_check(cudaHostAlloc(host, bytes, host_kinds[kind].flags), "cudaHostAlloc",
			       e);
	return rc < 0 ? err_within(e, rc, "%zu bytes of %s host memory", bytes,
				   host_kinds[kind].name)
		      : 0;
}

void gpu_host_free(struct gpu_dev *d, void *host)
{
	if (host && usable(d))
		(void)gpu_check(cudaFreeHost(host), "cudaFreeHost", NULL);
}

int gpu_host_register(struct gpu_dev *d, void *host, size_t bytes, struct err *e)
{
	int rc = gpu_use(d, e);

	if (rc == 0)
		rc = gpu_check(cudaHostRegister(host, bytes,
						cudaHostRegisterPortable | cudaHostRegisterMapped),
			       "cudaHostRegister", e);
	return rc < 0 ? err_within(e, rc, "page-locking %zu bytes of host memory in place", bytes)
		      : 0;
}

void gpu_host_unregister(struct gpu_dev *d, void *host)
{
	if (host && usable(d))
		(void)gpu_check(cudaHostUnregister(host), "cudaHostUnregister", NULL);
}

int gpu_host_address(struct gpu_dev *d, void *host, void **device, struct err *e)
{
	int rc = gpu_use(d, e);

	*device = NULL;
	if (rc == 0)
		rc = gpu_check(cudaHostGetDevicePointer(device, host, 0),
			       "cudaHostGetDevicePointer", e);
	return rc;
}

int gpu_managed_alloc(struct gpu_dev *d, void **p, size_t bytes, struct err *e)
{
	int rc = gpu_use(d, e);

	*p = NULL;
	if (rc == 0 && !attribute(cudaDevAttrConcurrentManagedAccess, d->ordinal))
		rc = err_set(e, -ENOTSUP,
			     "this GPU and driver cannot move managed memory by prefetching (no "
			     "concurrent managed access)");
	if (rc == 0)
		rc = gpu_check(cudaMallocManaged(p, bytes, cudaMemAttachGlobal),
			       "cudaMallocManaged", e);
	return rc < 0 ? err_within(e, rc, "%zu bytes of managed memory", bytes) : 0;
}

void gpu_managed_free(struct gpu_dev *d, void *p)
{
	gpu_free(d, p);
}

/* ---- peers ---- */

static int enable(struct gpu_dev *d, struct gpu_dev *peer, struct err *e)
{
	cudaError_t answer;
	int can = 0;
	int rc = gpu_check(cudaDeviceCanAccessPeer(&can, d->ordinal, peer->ordinal),
			   "cudaDeviceCanAccessPeer", e);

	if (rc < 0)
		return rc;
	if (!can)
		return err_set(e, -ENOTSUP, "there is no way for peer access between them");
	answer = cudaDeviceEnablePeerAccess(peer->ordinal, 0);
	if (answer != cudaErrorPeerAccessAlreadyEnabled)
		return gpu_check(answer, "cudaDeviceEnablePeerAccess", e);
	(void)cudaGetLastError();
	return 0;
}

static int disable(struct gpu_dev *peer, struct err *e)
{
	cudaError_t answer = cudaDeviceDisablePeerAccess(peer->ordinal);

	if (answer != cudaErrorPeerAccessNotEnabled)
		return gpu_check(answer, "cudaDeviceDisablePeerAccess", e);
	(void)cudaGetLastError();
	return 0;
}

int gpu_peer_access(struct gpu_dev *d, struct gpu_dev *peer, bool on, struct err *e)
{
	int rc = gpu_use(d, e);

	if (rc == 0)
		rc = on ? enable(d, peer, e) : disable(peer, e);
	return rc < 0 ? err_within(e, rc, "peer access of GPU %s to GPU %s", d->pci, peer->pci) : 0;
}
