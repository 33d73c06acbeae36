/* cudart.c - doubles of the CUDA runtime functions that lib/machine/gpu_cuda.c uses:
 * errors and devices. The other parts: memory.c, streams.c, copies.c, gates.c, peers.c.
 */
#include "cudart.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared.h"
#include "simclock.h"

/* CUDA's functions have no handle: this is the process's one. */
static struct sim {
	pid_t pid;             /* that started CUDA; 0: nobody has */
	int visible[SIM_GPUS]; /* scenario numbers, by CUDA's */
	int nvisible;
	struct used_gpu used[SIM_GPUS];
} sim;
static pthread_mutex_t the_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static _Thread_local struct {
	int current; /* scenario number + 1 */
	cudaError_t last;
} mine;

static cudaError_t use(int gpu, uint64_t *now);

uint64_t sim_enter(void)
{
	uint64_t now = simclock_call();

	pthread_mutex_lock(&the_lock);
	return now;
}

uint64_t sim_enter_at(uint64_t then_ns)
{
	bool realtime = scenario()->realtime;

	if (realtime)
		simclock_set(then_ns);
	pthread_mutex_lock(&the_lock);
	if (!realtime)
		simclock_set(then_ns);
	return realtime ? simclock_call() : then_ns;
}

void sim_leave(uint64_t now_ns)
{
	pthread_mutex_unlock(&the_lock);
	simclock_set(now_ns);
}

void sim_pause(bool hung)
{
	if (hung)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	else
		simclock_yield();
}

struct used_gpu *sim_used(int gpu)
{
	return &sim.used[gpu];
}

int sim_current(void)
{
	return mine.current - 1;
}

cudaError_t sim_begin(uint64_t *now)
{
	int gpu = 0;
	cudaError_t rc = mine.current ? cudaSuccess : sim_device(0, &gpu);

	if (rc == cudaSuccess && !mine.current)
		rc = use(gpu, now);
	if (rc == cudaSuccess && !mine.current)
		mine.current = gpu + 1;
	return rc;
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
	{ cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle",
	  "invalid resource handle" },
	{ cudaErrorHostMemoryAlreadyRegistered, "cudaErrorHostMemoryAlreadyRegistered",
	  "part or all of the requested memory range is already mapped" },
	{ cudaErrorHostMemoryNotRegistered, "cudaErrorHostMemoryNotRegistered",
	  "pointer does not correspond to a registered memory region" },
	{ cudaErrorPeerAccessUnsupported, "cudaErrorPeerAccessUnsupported",
	  "peer access is not supported between these two devices" },
	{ cudaErrorPeerAccessAlreadyEnabled, "cudaErrorPeerAccessAlreadyEnabled",
	  "peer access is already enabled" },
	{ cudaErrorPeerAccessNotEnabled, "cudaErrorPeerAccessNotEnabled",
	  "peer access has not been enabled" },
	{ cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
	  "an illegal memory access was encountered" },
	{ cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported" },
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
		mine.last = code;
	return code;
}

cudaError_t cudaGetLastError(void)
{
	cudaError_t last = mine.last;

	mine.last = cudaSuccess;
	return last;
}

/* --- faults ------------------------------------------------------------------ */

static bool struck(const struct sim_fault *f, int gpu, int direction)
{
	bool of_gates = f->kind == SIM_LATE_GATE || f->kind == SIM_STUCK_GATE;
	unsigned long so_far = of_gates ? sim.used[gpu].gates : sim.used[gpu].copies;

	return (f->gpu == SIM_ANY || f->gpu == gpu) &&
	       (f->direction == SIM_ANY || direction == SIM_ANY || f->direction == direction) &&
	       so_far >= f->after && sim.used[gpu].at_once >= f->at_once &&
	       so_far - f->after < f->times;
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
	const struct sim_gpu *g = &scenario()->gpus[gpu];
	char *end;

	for (size_t i = 0; g->instances && i < SIM_INSTANCES; i++)
		if (strlen(g->instances[i].uuid) == length &&
		    strncmp(g->instances[i].uuid, item, length) == 0)
			return length > 0;
	if (strncmp(item, "GPU-", 4) == 0)
		return length > 4 && strncmp(g->uuid, item, length) == 0;
	return length > 0 && strtol(item, &end, 10) == number && end == item + length;
}

/* CUDA_VISIBLE_DEVICES: numbers, (beginnings of) UUIDs, MIG instances' names; the first that names
 * nothing ends the list, and so does an instance, of which CUDA offers no more than one. */
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
		if (strncmp(list, "MIG-", 4) == 0 || list[length] != ',')
			return;
		list += length + 1;
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

cudaError_t sim_device(int ordinal, int *gpu)
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
	uint64_t now = sim_enter();
	cudaError_t rc = ready();

	*count = rc == cudaSuccess ? sim.nvisible : 0;
	sim_leave(now);
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

static void describe(struct cudaDeviceProp *p, const struct sim_gpu *g)
{
	memset(p, 0, sizeof *p);
	snprintf(p->name, sizeof p->name, "%s", g->name);
	parse_uuid(p->uuid.bytes, g->uuid);
	p->totalGlobalMem = g->memory;
	sscanf(g->pci, "%x:%x:%x", (unsigned *)&p->pciDomainID, (unsigned *)&p->pciBusID,
	       (unsigned *)&p->pciDeviceID);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int ordinal)
{
	uint64_t now = sim_enter();
	int gpu;
	cudaError_t rc = sim_device(ordinal, &gpu);

	if (rc == cudaSuccess)
		describe(p, &scenario()->gpus[gpu]);
	sim_leave(now);
	return sim_give(rc);
}

static cudaError_t attribute_of(const struct sim_gpu *g, enum cudaDeviceAttr attribute, int *value)
{
	switch (attribute) {
	case cudaDevAttrComputeMode:
		*value = g->compute_mode;
		return cudaSuccess;
	case cudaDevAttrL2CacheSize:
		*value = (int)g->l2_bytes;
		return cudaSuccess;
	case cudaDevAttrMultiProcessorCount:
		*value = 132; /* an H100's; decides how many threads a kernel has, which none has
				 here */
		return cudaSuccess;
	case cudaDevAttrConcurrentManagedAccess:
		*value = g->managed;
		return cudaSuccess;
#if CUDART_VERSION >= 12020
	case cudaDevAttrHostNumaId:
		*value = g->node_cuda;
		return scenario()->numa_attributes ? cudaSuccess : cudaErrorInvalidValue;
	case cudaDevAttrNumaId:
		*value = g->own_node;
		return scenario()->numa_attributes ? cudaSuccess : cudaErrorInvalidValue;
#endif
	default:
		return cudaErrorInvalidValue;
	}
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int ordinal)
{
	uint64_t now = sim_enter();
	int gpu;
	cudaError_t rc = sim_device(ordinal, &gpu);

	if (rc == cudaSuccess)
		rc = attribute_of(&scenario()->gpus[gpu], attribute, value);
	sim_leave(now);
	return sim_give(rc);
}

cudaError_t cudaDeviceGetByPCIBusId(int *ordinal, const char *pci)
{
	uint64_t now = sim_enter();
	cudaError_t rc = ready();
	int i = 0;

	while (i < sim.nvisible && strcmp(scenario()->gpus[sim.visible[i]].pci, pci) != 0)
		i++;
	if (rc == cudaSuccess && i == sim.nvisible)
		rc = cudaErrorInvalidDevice;
	*ordinal = i;
	sim_leave(now);
	return sim_give(rc);
}

/* The first use of a GPU in a process makes its context there. *now moves on by what it takes. */
static cudaError_t use(int gpu, uint64_t *now)
{
	int mode = scenario()->gpus[gpu].compute_mode;
	cudaError_t rc = sim_reach(gpu);

	if (rc != cudaSuccess || sim.used[gpu].context)
		return rc;
	if (mode == cudaComputeModeProhibited ||
	    (mode != cudaComputeModeDefault && !flow_hold(gpu)))
		return cudaErrorDevicesUnavailable;
	sim.used[gpu].context = true;
	*now += (uint64_t)llround(scenario()->context_s * 1e9);
	return cudaSuccess;
}

cudaError_t cudaSetDevice(int ordinal)
{
	uint64_t now = sim_enter();
	int gpu;
	cudaError_t rc = sim_device(ordinal, &gpu);

	if (rc == cudaSuccess)
		rc = use(gpu, &now);
	if (rc == cudaSuccess)
		mine.current = gpu + 1;
	sim_leave(now);
	return sim_give(rc);
}

cudaError_t cudaSetDeviceFlags(unsigned flags)
{
	uint64_t now = sim_enter();
	cudaError_t rc = flags != cudaDeviceScheduleSpin || sim_current() < 0
				 ? cudaErrorInvalidValue
				 : sim_reach(sim_current());

	sim_leave(now);
	return sim_give(rc);
}
