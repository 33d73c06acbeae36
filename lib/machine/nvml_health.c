/* What NVML says of a GPU's health and settings: BAR1, ECC errors, power, clocks, NVLinks. Each
 * entry point is looked up by itself, for drivers of some years lack this one or that. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "machine/nvml_parts.h"

/* Of NVML's reference manual. */
enum {
	CLOCK_SM = 1,         /* nvmlClockType_t */
	UNCORRECTED = 1,      /* nvmlMemoryErrorType_t */
	SINCE_DRIVER_LOAD = 0 /* nvmlEccCounterType_t: volatile */
};

struct bar1 { /* nvmlBAR1Memory_t */
	unsigned long long total, free, used;
};

static struct known one(void *library, const char *name, nvml_device d)
{
	int (*get)(nvml_device, unsigned *) =
		(int (*)(nvml_device, unsigned *))dlsym(library, name);
	unsigned v = 0;

	return get && get(d, &v) == NVML_SUCCESS ? KNOWN(v) : UNKNOWN(NVML_SILENT);
}

static struct known sm_clock(void *library, const char *name, nvml_device d)
{
	int (*get)(nvml_device, int, unsigned *) =
		(int (*)(nvml_device, int, unsigned *))dlsym(library, name);
	unsigned v = 0;

	return get && get(d, CLOCK_SM, &v) == NVML_SUCCESS ? KNOWN(v) : UNKNOWN(NVML_SILENT);
}

static struct known bar1(void *library, nvml_device d)
{
	int (*get)(nvml_device, struct bar1 *) =
		(int (*)(nvml_device, struct bar1 *))dlsym(library, "nvmlDeviceGetBAR1MemoryInfo");
	struct bar1 v = { 0 };

	return get && get(d, &v) == NVML_SUCCESS ? KNOWN((long long)v.total) : UNKNOWN(NVML_SILENT);
}

static struct known uncorrected(void *library, nvml_device d)
{
	int (*get)(nvml_device, int, int, unsigned long long *) =
		(int (*)(nvml_device, int, int, unsigned long long *))dlsym(
			library, "nvmlDeviceGetTotalEccErrors");
	unsigned long long v = 0;

	return get && get(d, UNCORRECTED, SINCE_DRIVER_LOAD, &v) == NVML_SUCCESS
		       ? KNOWN((long long)v)
		       : UNKNOWN(NVML_SILENT);
}

/* Ampere and later replace rows of memory; older ones retire pages. */
static void repairs(void *library, nvml_device d, struct nvml_facts *f)
{
	int (*get)(nvml_device, unsigned *, unsigned *, unsigned *, unsigned *) =
		(int (*)(nvml_device, unsigned *, unsigned *, unsigned *, unsigned *))dlsym(
			library, "nvmlDeviceGetRemappedRows");
	unsigned corrected = 0, uncorrectable = 0, pending = 0, failed = 0;

	f->repair_failed = UNKNOWN(NVML_SILENT);
	f->repair_pending = one(library, "nvmlDeviceGetRetiredPagesPendingStatus", d);
	if (!get || get(d, &corrected, &uncorrectable, &pending, &failed) != NVML_SUCCESS)
		return;
	f->repair_pending = KNOWN(pending != 0);
	f->repair_failed = KNOWN(failed != 0);
}

/* The names of its MIG instances, separated by commas. Indices may have gaps. */
static void instances(void *library, nvml_device d, struct nvml_facts *f)
{
	int (*most)(nvml_device, unsigned *) = (int (*)(nvml_device, unsigned *))dlsym(
		library, "nvmlDeviceGetMaxMigDeviceCount");
	int (*get)(nvml_device, unsigned, nvml_device *) =
		(int (*)(nvml_device, unsigned, nvml_device *))dlsym(
			library, "nvmlDeviceGetMigDeviceHandleByIndex");
	int (*uuid)(nvml_device, char *, unsigned) = (int (*)(nvml_device, char *, unsigned))dlsym(
		library, "nvmlDeviceGetUUID");
	size_t used = 0;
	unsigned n = 0;

	f->instances[0] = '\0';
	if (!most || !get || !uuid || most(d, &n) != NVML_SUCCESS)
		return;
	for (unsigned i = 0; i < n; i++) {
		char name[80] = "";
		nvml_device instance;

		if (get(d, i, &instance) != NVML_SUCCESS ||
		    uuid(instance, name, sizeof(name)) != NVML_SUCCESS ||
		    used + strlen(name) + 2 > sizeof(f->instances))
			continue;
		used += (size_t)snprintf(f->instances + used, sizeof(f->instances) - used, "%s%s",
					 used ? "," : "", name);
	}
}

static void nvlinks(void *library, nvml_device d, struct nvml_facts *f)
{
	int (*state)(nvml_device, unsigned, unsigned *) =
		(int (*)(nvml_device, unsigned, unsigned *))dlsym(library,
								  "nvmlDeviceGetNvLinkState");
	long long there = 0, up = 0;

	for (unsigned link = 0; state && link < NVML_LINKS; link++) {
		unsigned active = 0;

		if (state(d, link, &active) != NVML_SUCCESS)
			continue;
		there++;
		up += active != 0;
	}
	f->nvlinks = f->nvlinks_up = UNKNOWN(NVML_SILENT);
	if (there) {
		f->nvlinks = KNOWN(there);
		f->nvlinks_up = KNOWN(up);
	}
}

/* nvmlFieldValue_t; the value is a union of eight bytes. */
struct field_value {
	unsigned id, scope;
	long long timestamp, latency_us;
	unsigned type; /* nvmlValueType_t: 1 is unsigned int */
	int answer;
	union {
		unsigned u;
		unsigned long long room;
	} value;
};

/* How many NVLink-C2C links tie a GPU to its CPU: it may have them though its memory is no NUMA
 * node (driver R580 and later can hide it: "coherent driver-based memory management"). */
static struct known c2c(void *library, nvml_device d)
{
	enum { C2C_LINK_COUNT = 170, UNSIGNED_INT = 1 }; /* NVML_FI_DEV_C2C_LINK_COUNT */
	int (*get)(nvml_device, int, struct field_value *) =
		(int (*)(nvml_device, int, struct field_value *))dlsym(library,
								       "nvmlDeviceGetFieldValues");
	struct field_value v = { .id = C2C_LINK_COUNT };

	if (!get || get(d, 1, &v) != NVML_SUCCESS || v.answer != NVML_SUCCESS ||
	    v.type != UNSIGNED_INT)
		return UNKNOWN(NVML_SILENT);
	return KNOWN(v.value.u);
}

void nvml_read_clocks(void *library, nvml_device d, struct nvml_clocks *c)
{
	*c = (struct nvml_clocks){
		.set = sm_clock(library, "nvmlDeviceGetApplicationsClock", d),
		.usual = sm_clock(library, "nvmlDeviceGetDefaultApplicationsClock", d),
		.most = sm_clock(library, "nvmlDeviceGetMaxClockInfo", d),
		.now = sm_clock(library, "nvmlDeviceGetClockInfo", d),
	};
}

void nvml_read_health(void *library, nvml_device d, struct nvml_facts *f)
{
	struct nvml_clocks clocks;

	f->bar1_bytes = bar1(library, d);
	f->ecc_uncorrected = uncorrected(library, d);
	f->power_limit_mw = one(library, "nvmlDeviceGetPowerManagementLimit", d);
	f->power_default_mw = one(library, "nvmlDeviceGetPowerManagementDefaultLimit", d);
	nvml_read_clocks(library, d, &clocks);
	f->clock_mhz = clocks.set;
	f->clock_default_mhz = clocks.usual;
	f->clock_most_mhz = clocks.most;
	repairs(library, d, f);
	nvlinks(library, d, f);
	instances(library, d, f);
	f->c2c_links = c2c(library, d);
}
