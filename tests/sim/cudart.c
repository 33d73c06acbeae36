/* cudart.c - doubles of the CUDA runtime functions that lib/machine/gpu_cuda.c uses:
 * errors, devices, memory. GPU memory is host memory. One thread at a time, as
 * numabench's workers use CUDA.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cudart.h"
#include "simclock.h"
#include "where.h"

enum { BLOCKS = 1024 };

/* CUDA's functions have no handle: this is the process's one. */
static struct sim {
	pid_t pid;             /* that started CUDA; 0: nobody has */
	int visible[SIM_GPUS]; /* scenario numbers, by CUDA's */
	int nvisible, current; /* current: scenario number, or -1 */
	cudaError_t last;
	uint64_t random;
	struct block blocks[BLOCKS];
	struct used_gpu used[SIM_GPUS];
} sim;

struct used_gpu *sim_used(int gpu)
{
	return &sim.used[gpu];
}

uint64_t *sim_random(void)
{
	return &sim.random;
}

int sim_current(void)
{
	return sim.current;
}

/* --- errors ------------------------------------------------------------------ */

static const struct {
	cudaError_t code;
	const char *name, *text;
} errors[] = {
	{ cudaSuccess, "cudaSuccess", "no error" },
	{ cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument" },
	{ cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory" },
	{ cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
	  "CUDA driver version is insufficient for CUDA runtime version" },
	{ cudaErrorDevicesUnavailable, "cudaErrorDevicesUnavailable",
	  "CUDA-capable device(s) is/are busy or unavailable" },
	{ cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected" },
	{ cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal" },
	{ cudaErrorNotReady, "cudaErrorNotReady", "device not ready" },
};

static size_t error_row(cudaError_t code)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].code == code)
			return i;
	fprintf(stderr, "simulator: CUDA error %d has no name here\n", (int)code);
	abort();
}

const char *cudaGetErrorName(cudaError_t code)
{
	return errors[error_row(code)].name;
}

const char *cudaGetErrorString(cudaError_t code)
{
	return errors[error_row(code)].text;
}

cudaError_t sim_give(cudaError_t code)
{
	if (code != cudaSuccess)
		sim.last = code;
	return code;
}

cudaError_t cudaGetLastError(void)
{
	cudaError_t last = sim.last;

	sim.last = cudaSuccess;
	return last;
}

/* --- faults ------------------------------------------------------------------ */

static bool struck(const struct sim_fault *f, int gpu, int direction)
{
	return (f->gpu == SIM_ANY || f->gpu == gpu) &&
	       (f->direction == SIM_ANY || direction == SIM_ANY || f->direction == direction) &&
	       sim.used[gpu].copies >= f->after;
}

const struct sim_fault *sim_fault(enum sim_fault_kind kind, int gpu, int direction)
{
	const struct scenario *s = scenario();

	for (size_t i = 0; gpu >= 0 && i < s->nfaults; i++)
		if (s->faults[i].kind == kind && struck(&s->faults[i], gpu, direction))
			return &s->faults[i];
	return NULL;
}

/* What a call to this GPU runs into. */
cudaError_t sim_reach(int gpu)
{
	return sim_fault(SIM_OFF_BUS, gpu, SIM_ANY) ? cudaErrorDevicesUnavailable : cudaSuccess;
}

/* --- devices ----------------------------------------------------------------- */

static bool names(const char *item, size_t length, int gpu, int number)
{
	char *end;

	if (strncmp(item, "GPU-", 4) == 0)
		return length > 4 && strncmp(scenario()->gpus[gpu].uuid, item, length) == 0;
	return length > 0 && strtol(item, &end, 10) == number && end == item + length;
}

/* CUDA_VISIBLE_DEVICES: numbers or (beginnings of) UUIDs; the first that names
 * nothing ends the list. */
static void choose(const int *all, int n, const char *list)
{
	while (sim.nvisible < n) {
		size_t length = strcspn(list, ",");
		int i = 0;

		while (i < n && !names(list, length, all[i], i))
			i++;
		if (i == n)
			return;
		sim.visible[sim.nvisible++] = all[i];
		list += length;
		if (*list++ != ',')
			return;
	}
}

static cudaError_t ready(void)
{
	const struct scenario *s = scenario();
	const char *list = getenv("CUDA_VISIBLE_DEVICES");
	int all[SIM_GPUS], n = 0;

	if (sim.pid && sim.pid != getpid()) {
		fputs("simulator: CUDA was started before this process was forked\n", stderr);
		abort();
	}
	if (!sim.pid) {
		sim.pid = getpid();
		sim.random = s->seed * 2 + 1;
		sim.current = -1;
		for (size_t i = 0; i < s->ngpus; i++)
			if (s->gpus[i].cuda)
				all[n++] = (int)i;
		if (list)
			choose(all, n, list);
		else
			memcpy(sim.visible, all, (size_t)(sim.nvisible = n) * sizeof *all);
	}
	if (s->driver_version < CUDART_VERSION / 1000 * 1000)
		return cudaErrorInsufficientDriver;
	return sim.nvisible ? cudaSuccess : cudaErrorNoDevice;
}

static cudaError_t device(int ordinal, int *gpu)
{
	cudaError_t rc = ready();

	if (rc == cudaSuccess && (ordinal < 0 || ordinal >= sim.nvisible))
		rc = cudaErrorInvalidDevice;
	if (rc == cudaSuccess)
		*gpu = sim.visible[ordinal];
	return rc;
}

cudaError_t cudaDriverGetVersion(int *version)
{
	*version = scenario()->driver_version;
	return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
	cudaError_t rc = ready();

	*count = rc == cudaSuccess ? sim.nvisible : 0;
	return sim_give(rc);
}

static void parse_uuid(char bytes[16], const char *text)
{
	size_t n = 0;

	for (text += 4; *text && n < 16; text += 2) {
		unsigned value;

		text += *text == '-';
		if (sscanf(text, "%2x", &value) != 1)
			break;
		bytes[n++] = (char)value;
	}
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int ordinal)
{
	int gpu;
	cudaError_t rc = device(ordinal, &gpu);

	if (rc != cudaSuccess)
		return sim_give(rc);
	const struct sim_gpu *g = &scenario()->gpus[gpu];

	memset(p, 0, sizeof *p);
	snprintf(p->name, sizeof p->name, "%s", g->name);
	parse_uuid(p->uuid.bytes, g->uuid);
	p->totalGlobalMem = g->memory;
	sscanf(g->pci, "%x:%x:%x", (unsigned *)&p->pciDomainID, (unsigned *)&p->pciBusID,
	       (unsigned *)&p->pciDeviceID);
	return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int ordinal)
{
	int gpu;
	cudaError_t rc = device(ordinal, &gpu);

	*value = SIM_NO_NODE;
	if (rc != cudaSuccess)
		return sim_give(rc);
#if CUDART_VERSION >= 12020
	if (attribute == cudaDevAttrHostNumaId)
		*value = scenario()->gpus[gpu].node_cuda;
	else if (attribute == cudaDevAttrNumaId)
		*value = scenario()->gpus[gpu].own_node;
	else
#endif
		return sim_give(cudaErrorInvalidValue);
	return cudaSuccess;
}

cudaError_t cudaDeviceGetByPCIBusId(int *ordinal, const char *pci)
{
	cudaError_t rc = ready();

	for (int i = 0; rc == cudaSuccess && i < sim.nvisible; i++)
		if (strcmp(scenario()->gpus[sim.visible[i]].pci, pci) == 0) {
			*ordinal = i;
			return cudaSuccess;
		}
	return sim_give(rc == cudaSuccess ? cudaErrorInvalidDevice : rc);
}

cudaError_t cudaSetDevice(int ordinal)
{
	int gpu;
	cudaError_t rc = device(ordinal, &gpu);

	if (rc == cudaSuccess)
		rc = sim_reach(gpu);
	if (rc == cudaSuccess)
		sim.current = gpu;
	return sim_give(rc);
}

cudaError_t cudaSetDeviceFlags(unsigned flags)
{
	return sim_give(flags == cudaDeviceScheduleSpin ? sim_reach(sim.current)
							: cudaErrorInvalidValue);
}

/* --- memory ------------------------------------------------------------------ */

/* Between guard pages: the driver's mappings, too, are areas of their own in numa_maps. */
static size_t guarded_bytes(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page + 2 * page;
}

static void *map_guarded(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), all = guarded_bytes(bytes);
	char *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
	if (mprotect(base + page, all - 2 * page, PROT_READ | PROT_WRITE) == 0)
		return base + page;
	munmap(base, all);
	return NULL;
}

static void unmap_guarded(char *p, size_t bytes)
{
	munmap(p - sysconf(_SC_PAGESIZE), guarded_bytes(bytes));
}

static cudaError_t add_block(void **p, size_t bytes, bool pinned)
{
	uint64_t *used = &sim.used[sim.current].bytes;
	struct block *b = sim.blocks;

	while (b < sim.blocks + BLOCKS && b->p)
		b++;
	if (b == sim.blocks + BLOCKS || bytes == 0 || sim_fault(SIM_OOM, sim.current, SIM_ANY) ||
	    (!pinned && *used + bytes > scenario()->gpus[sim.current].memory))
		return cudaErrorMemoryAllocation;
	*p = map_guarded(bytes);
	if (!*p)
		return cudaErrorMemoryAllocation;
	if (pinned) {
		memset(*p, 0, bytes); /* by the caller, on its policy: as the driver does */
		where_hold(*p, bytes);
	} else {
		*used += bytes;
	}
	*b = (struct block){ .p = *p, .bytes = bytes, .gpu = sim.current, .pinned = pinned };
	return cudaSuccess;
}

static cudaError_t allocate(void **p, size_t bytes, bool pinned)
{
	cudaError_t rc = sim.current < 0 ? cudaErrorInvalidDevice : sim_reach(sim.current);
	uint64_t now = simclock_read();

	if (rc == cudaSuccess)
		rc = add_block(p, bytes, pinned);
	simclock_set(now);
	return sim_give(rc);
}

static struct block *find(const void *p, size_t bytes)
{
	for (struct block *b = sim.blocks; b < sim.blocks + BLOCKS; b++)
		if (b->p && (const char *)p >= b->p && (const char *)p + bytes <= b->p + b->bytes)
			return b;
	return NULL;
}

const struct block *sim_block(const void *p, size_t bytes)
{
	return find(p, bytes);
}

static cudaError_t release(void *p, bool pinned)
{
	struct block *b = p ? find(p, 1) : NULL;

	if (!p)
		return cudaSuccess;
	if (!b || b->p != p || b->pinned != pinned)
		return sim_give(cudaErrorInvalidValue);
	if (!pinned)
		sim.used[b->gpu].bytes -= b->bytes;
	unmap_guarded(b->p, b->bytes);
	b->p = NULL;
	return sim_give(sim_reach(b->gpu));
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
	return allocate(p, bytes, false);
}

cudaError_t cudaFree(void *p)
{
	return release(p, false);
}

cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned flags)
{
	return flags == cudaHostAllocDefault ? allocate(p, bytes, true)
					     : sim_give(cudaErrorInvalidValue);
}

cudaError_t cudaFreeHost(void *p)
{
	return release(p, true);
}
