/* nvml.c - the double of libnvidia-ml.so.1: the functions that lib/machine/nvml.c
 * looks up, answering as the scenario says. A shared object of its own. */
#include <stdio.h>
#include <string.h>

#include "scenario.h"

#define EXPORT __attribute__((visibility("default")))

/* Of NVML's reference manual. */
enum {
	NVML_SUCCESS = 0,
	NVML_INVALID_ARGUMENT = 2,
	NVML_NOT_SUPPORTED = 3,
	NVML_NOT_FOUND = 6,
	NVML_INSUFFICIENT_SIZE = 7,
	NVML_DRIVER_NOT_LOADED = 9,
	NVML_SWITCH = 2,
	NVML_SAME_NODE = 40,
	NVML_SYSTEM = 50,
};

struct pci_info {
	char bus_id_legacy[16];
	unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
	char bus_id[32];
};

struct memory_info_v2 {
	unsigned version;
	unsigned long long total, reserved, free, used;
};

struct utilization {
	unsigned gpu, memory;
};

struct process_info {
	unsigned pid;
	unsigned long long used;
	unsigned gpu_instance, compute_instance;
};

typedef const struct sim_gpu *device;

static int put(char *out, unsigned size, const char *text)
{
	if (strlen(text) >= size)
		return NVML_INSUFFICIENT_SIZE;
	strcpy(out, text);
	return NVML_SUCCESS;
}

static int mode(int value, unsigned *now, unsigned *pending)
{
	if (value < 0)
		return NVML_NOT_SUPPORTED;
	*now = (unsigned)value;
	if (pending)
		*pending = *now;
	return NVML_SUCCESS;
}

EXPORT int nvmlInit_v2(void)
{
	const struct scenario *s = scenario();

	return s->nvml && s->driver_version ? NVML_SUCCESS : NVML_DRIVER_NOT_LOADED;
}

EXPORT int nvmlShutdown(void)
{
	return NVML_SUCCESS;
}

EXPORT const char *nvmlErrorString(int code)
{
	return code == NVML_DRIVER_NOT_LOADED ? "Driver Not Loaded"
	       : code == NVML_NOT_FOUND       ? "Not Found"
	       : code == NVML_NOT_SUPPORTED   ? "Not Supported"
					      : "Unknown Error";
}

EXPORT int nvmlSystemGetDriverVersion(char *out, unsigned size)
{
	return put(out, size, scenario()->driver);
}

EXPORT int nvmlDeviceGetCount_v2(unsigned *n)
{
	const struct scenario *s = scenario();

	*n = 0;
	for (size_t i = 0; i < s->ngpus; i++)
		*n += s->gpus[i].nvml;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, device *d)
{
	const struct scenario *s = scenario();

	for (size_t i = 0; i < s->ngpus; i++)
		if (s->gpus[i].nvml && index-- == 0) {
			*d = &s->gpus[i];
			return NVML_SUCCESS;
		}
	return NVML_NOT_FOUND;
}

EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char *pci, device *d)
{
	const struct scenario *s = scenario();

	for (size_t i = 0; i < s->ngpus; i++)
		if (s->gpus[i].nvml && strcmp(s->gpus[i].pci, pci) == 0) {
			*d = &s->gpus[i];
			return NVML_SUCCESS;
		}
	return NVML_NOT_FOUND;
}

/* NVML spells the domain with eight digits, and in capitals. */
EXPORT int nvmlDeviceGetPciInfo_v3(device d, struct pci_info *p)
{
	memset(p, 0, sizeof *p);
	if (sscanf(d->pci, "%x:%x:%x", &p->domain, &p->bus, &p->device) != 3)
		return NVML_NOT_FOUND;
	snprintf(p->bus_id, sizeof p->bus_id, "%08X:%02X:%02X.0", p->domain, p->bus, p->device);
	snprintf(p->bus_id_legacy, sizeof p->bus_id_legacy, "%04X:%02X:%02X.0", p->domain & 0xffff,
		 p->bus & 0xff, p->device & 0xff);
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetUUID(device d, char *out, unsigned size)
{
	return put(out, size, d->uuid);
}

EXPORT int nvmlDeviceGetName(device d, char *out, unsigned size)
{
	return put(out, size, d->name);
}

EXPORT int nvmlDeviceGetVbiosVersion(device d, char *out, unsigned size)
{
	return put(out, size, d->vbios);
}

/* Whether this is the first question of a kind for a GPU in this process. */
static bool first_time(bool asked[SIM_GPUS], device d)
{
	size_t i = (size_t)(d - scenario()->gpus);
	bool first = !asked[i];

	asked[i] = true;
	return first;
}

/* The first question of a process finds the link idle; later ones come after copies. */
EXPORT int nvmlDeviceGetCurrPcieLinkGeneration(device d, unsigned *v)
{
	static bool asked[SIM_GPUS]; /* NVML has no handle of the caller's */

	*v = (unsigned)(first_time(asked, d) ? d->link.idle_gen : d->link.gen);
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetPcieReplayCounter(device d, unsigned *v)
{
	static bool asked[SIM_GPUS]; /* likewise */

	*v = d->replays[!first_time(asked, d)];
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetCurrentClocksEventReasons(device d, unsigned long long *mask)
{
	*mask = d->clock_reasons;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetCurrPcieLinkWidth(device d, unsigned *v)
{
	*v = (unsigned)d->link.width;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetMaxPcieLinkGeneration(device d, unsigned *v)
{
	*v = (unsigned)d->link.max_gen;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetMaxPcieLinkWidth(device d, unsigned *v)
{
	*v = (unsigned)d->link.max_width;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetPersistenceMode(device d, unsigned *v)
{
	return mode(d->persistence, v, NULL);
}

EXPORT int nvmlDeviceGetEccMode(device d, unsigned *now, unsigned *pending)
{
	return mode(d->ecc, now, pending);
}

EXPORT int nvmlDeviceGetMigMode(device d, unsigned *now, unsigned *pending)
{
	return mode(d->mig, now, pending);
}

EXPORT int nvmlDeviceGetMaxMigDeviceCount(device d, unsigned *n)
{
	*n = d->mig < 0 ? 0 : SIM_INSTANCES;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(device d, unsigned index, device *instance)
{
	if (!d->instances || index >= SIM_INSTANCES || !d->instances[index].uuid[0])
		return NVML_NOT_FOUND;
	*instance = &d->instances[index];
	return NVML_SUCCESS;
}

/* Of R510 and later; the driver of the double reserves 1 % for itself. */
EXPORT int nvmlDeviceGetMemoryInfo_v2(device d, struct memory_info_v2 *m)
{
	const unsigned long long reserved = d->memory / 100;

	if (m->version != (sizeof *m | 2u << 24))
		return NVML_INVALID_ARGUMENT;
	m->total = d->memory;
	m->reserved = reserved;
	m->used = d->memory_used;
	m->free = d->memory - reserved - d->memory_used;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetUtilizationRates(device d, struct utilization *u)
{
	*u = (struct utilization){ .gpu = (unsigned)d->utilisation };
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetComputeMode(device d, unsigned *v)
{
	return mode(d->compute_mode, v, NULL);
}

EXPORT int nvmlDeviceGetMemoryAffinity(device d, unsigned words, unsigned long *mask,
				       unsigned scope)
{
	const unsigned bits = 8 * sizeof *mask;

	(void)scope;
	memset(mask, 0, words * sizeof *mask);
	if (d->node_nvml < 0)
		return NVML_NOT_SUPPORTED;
	if ((unsigned)d->node_nvml / bits >= words)
		return NVML_INSUFFICIENT_SIZE;
	mask[(unsigned)d->node_nvml / bits] = 1ul << (unsigned)d->node_nvml % bits;
	return NVML_SUCCESS;
}

static int put_processes(const struct sim_processes *p, unsigned *n, struct process_info *list)
{
	unsigned room = *n;

	*n = (unsigned)p->n;
	if (room < *n)
		return NVML_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < *n; i++)
		list[i] = (struct process_info){ .pid = (unsigned)p->pid[i], .used = 1u << 30 };
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(device d, unsigned *n, struct process_info *list)
{
	return put_processes(&d->computing, n, list);
}

EXPORT int nvmlDeviceGetGraphicsRunningProcesses_v3(device d, unsigned *n,
						    struct process_info *list)
{
	return put_processes(&d->drawing, n, list);
}

EXPORT int nvmlDeviceGetTopologyCommonAncestor(device a, device b, unsigned *level)
{
	*level = a->node_nvml == b->node_nvml ? NVML_SAME_NODE : NVML_SYSTEM;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetNvLinkState(device d, unsigned link, unsigned *active)
{
	*active = link < (unsigned)(d->switch_links - d->health.links_down);
	return link < (unsigned)d->switch_links ? NVML_SUCCESS : NVML_NOT_SUPPORTED;
}

EXPORT int nvmlDeviceGetNvLinkRemoteDeviceType(device d, unsigned link, unsigned *type)
{
	*type = NVML_SWITCH;
	return link < (unsigned)d->switch_links ? NVML_SUCCESS : NVML_NOT_FOUND;
}

/* ---- health and settings ---- */

struct bar1_info {
	unsigned long long total, free, used;
};

EXPORT int nvmlDeviceGetBAR1MemoryInfo(device d, struct bar1_info *b)
{
	if (d->health.bar1 < 0)
		return NVML_NOT_SUPPORTED;
	b->total = b->free = (unsigned long long)d->health.bar1;
	b->used = 0;
	return NVML_SUCCESS;
}

/* Uncorrected ones since the driver was loaded; there are no others. */
EXPORT int nvmlDeviceGetTotalEccErrors(device d, int type, int counter, unsigned long long *n)
{
	if (d->health.ecc_errors < 0)
		return NVML_NOT_SUPPORTED;
	*n = type == 1 && counter == 0 ? (unsigned long long)d->health.ecc_errors : 0;
	return NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetRemappedRows(device d, unsigned *corrected, unsigned *uncorrected,
				     unsigned *pending, unsigned *failed)
{
	if (d->health.repair_pending < 0 && d->health.repair_failed < 0)
		return NVML_NOT_SUPPORTED;
	*corrected = *uncorrected = 0;
	*pending = d->health.repair_pending > 0;
	*failed = d->health.repair_failed > 0;
	return NVML_SUCCESS;
}

static int figure(int value, unsigned scale, unsigned *v)
{
	if (value < 0)
		return NVML_NOT_SUPPORTED;
	*v = (unsigned)value * scale;
	return NVML_SUCCESS;
}

struct field_value {
	unsigned id, scope;
	long long timestamp, latency_us;
	unsigned type;
	int answer;
	unsigned long long value;
};

EXPORT int nvmlDeviceGetFieldValues(device d, int n, struct field_value *v)
{
	for (int i = 0; i < n; i++) {
		v[i].answer = v[i].id == 170 && d->c2c_links >= 0 ? 0 : 3; /* not supported */
		v[i].type = 1;
		v[i].value = (unsigned)d->c2c_links;
	}
	return 0;
}

EXPORT int nvmlDeviceGetPowerManagementLimit(device d, unsigned *milliwatts)
{
	return figure(d->health.power_limit, 1000, milliwatts);
}

EXPORT int nvmlDeviceGetPowerManagementDefaultLimit(device d, unsigned *milliwatts)
{
	return figure(d->health.power_default, 1000, milliwatts);
}

EXPORT int nvmlDeviceGetApplicationsClock(device d, int which, unsigned *mhz)
{
	(void)which;
	return figure(d->health.clock, 1, mhz);
}

EXPORT int nvmlDeviceGetDefaultApplicationsClock(device d, int which, unsigned *mhz)
{
	(void)which;
	return figure(d->health.clock_default, 1, mhz);
}

EXPORT int nvmlDeviceGetClockInfo(device d, int which, unsigned *mhz)
{
	(void)which;
	return figure(d->health.clock_now, 1, mhz);
}

EXPORT int nvmlDeviceGetMaxClockInfo(device d, int which, unsigned *mhz)
{
	(void)which;
	return figure(d->health.clock_most, 1, mhz);
}
