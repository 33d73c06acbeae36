#include "machine/nvml.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/nvml_parts.h"
#include "machine/parts.h"

/* What is used of NVML's interface, as its reference manual declares it; the header
 * comes with a toolkit only, the library with every driver. */
struct nvml_pci {
	char bus_id_legacy[16];
	unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
	char bus_id[32];
};

struct nvml_memory {
	unsigned long long total, free, used;
};

/* nvmlMemory_v2_t, of R510 and later. */
struct nvml_memory_v2 {
	unsigned version;
	unsigned long long total, reserved, free, used;
};

struct nvml_utilisation {
	unsigned gpu, memory; /* percent */
};

/* nvmlProcessInfo_t of the _v2 and _v3 entry points. */
struct nvml_process {
	unsigned pid;
	unsigned long long used;
	unsigned gpu_instance, compute_instance;
};

enum {
	NVML_INSUFFICIENT_SIZE = 7,
	NVML_REMOTE_SWITCH = 2, /* NVML_NVLINK_DEVICE_TYPE_SWITCH */
	NVML_SCOPE_NODE = 0,    /* NVML_AFFINITY_SCOPE_NODE */
	NODE_WORDS = 32,        /* 2048 nodes in the mask of memory affinity */
	MOST_PROCESSES = 256,
};

struct nvml {
	void *library;
	int (*init)(void);
	int (*shutdown)(void);
	const char *(*error)(int rc);
	int (*driver)(char *text, unsigned length);
	int (*count)(unsigned *n);
	int (*by_index)(unsigned index, nvml_device *d);
	int (*by_pci)(const char *pci, nvml_device *d);
	int (*pci)(nvml_device d, struct nvml_pci *pci);
	int (*uuid)(nvml_device d, char *text, unsigned length);
	int (*name)(nvml_device d, char *text, unsigned length);
	int (*vbios)(nvml_device d, char *text, unsigned length);
	int (*gen)(nvml_device d, unsigned *v);
	int (*width)(nvml_device d, unsigned *v);
	int (*max_gen)(nvml_device d, unsigned *v);
	int (*max_width)(nvml_device d, unsigned *v);
	int (*persistence)(nvml_device d, unsigned *v);
	int (*memory)(nvml_device d, struct nvml_memory *memory);
	int (*memory_v2)(nvml_device d, struct nvml_memory_v2 *memory);
	int (*utilisation)(nvml_device d, struct nvml_utilisation *u);
	int (*compute_mode)(nvml_device d, unsigned *v);
	int (*replays)(nvml_device d, unsigned *v);
	int (*reasons)(nvml_device d, unsigned long long *mask);
	int (*ecc)(nvml_device d, unsigned *now, unsigned *pending);
	int (*mig)(nvml_device d, unsigned *now, unsigned *pending);
	int (*nodes)(nvml_device d, unsigned words, unsigned long *mask, unsigned scope);
	int (*processes)(nvml_device d, unsigned *n, struct nvml_process *list);
	int (*drawing)(nvml_device d, unsigned *n, struct nvml_process *list);
	int (*ancestor)(nvml_device a, nvml_device b, unsigned *level);
	int (*nvlink)(nvml_device d, unsigned link, unsigned *active);
	int (*nvlink_pci)(nvml_device d, unsigned link, struct nvml_pci *pci);
	int (*nvlink_type)(nvml_device d, unsigned link, unsigned *type);
};

/* Which function is which, newest version first. */
static const struct symbol {
	size_t offset;
	const char *names[3];
	bool needed;
} symbols[] = {
#define AT(member) offsetof(struct nvml, member)
	{ AT(init), { "nvmlInit_v2", "nvmlInit" }, true },
	{ AT(shutdown), { "nvmlShutdown" }, true },
	{ AT(error), { "nvmlErrorString" }, false },
	{ AT(driver), { "nvmlSystemGetDriverVersion" }, false },
	{ AT(count), { "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount" }, true },
	{ AT(by_index), { "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex" }, true },
	{ AT(by_pci),
	  { "nvmlDeviceGetHandleByPciBusId_v2", "nvmlDeviceGetHandleByPciBusId" },
	  false },
	{ AT(pci), { "nvmlDeviceGetPciInfo_v3" }, true },
	{ AT(uuid), { "nvmlDeviceGetUUID" }, false },
	{ AT(name), { "nvmlDeviceGetName" }, false },
	{ AT(vbios), { "nvmlDeviceGetVbiosVersion" }, false },
	{ AT(gen), { "nvmlDeviceGetCurrPcieLinkGeneration" }, false },
	{ AT(width), { "nvmlDeviceGetCurrPcieLinkWidth" }, false },
	{ AT(max_gen), { "nvmlDeviceGetMaxPcieLinkGeneration" }, false },
	{ AT(max_width), { "nvmlDeviceGetMaxPcieLinkWidth" }, false },
	{ AT(persistence), { "nvmlDeviceGetPersistenceMode" }, false },
	{ AT(memory), { "nvmlDeviceGetMemoryInfo" }, false },
	{ AT(memory_v2), { "nvmlDeviceGetMemoryInfo_v2" }, false },
	{ AT(utilisation), { "nvmlDeviceGetUtilizationRates" }, false },
	{ AT(compute_mode), { "nvmlDeviceGetComputeMode" }, false },
	{ AT(replays), { "nvmlDeviceGetPcieReplayCounter" }, false },
	{ AT(reasons),
	  { "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons" },
	  false },
	{ AT(ecc), { "nvmlDeviceGetEccMode" }, false },
	{ AT(mig), { "nvmlDeviceGetMigMode" }, false },
	{ AT(nodes), { "nvmlDeviceGetMemoryAffinity" }, false },
	{ AT(processes),
	  { "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2" },
	  false },
	{ AT(drawing),
	  { "nvmlDeviceGetGraphicsRunningProcesses_v3",
	    "nvmlDeviceGetGraphicsRunningProcesses_v2" },
	  false },
	{ AT(ancestor), { "nvmlDeviceGetTopologyCommonAncestor" }, false },
	{ AT(nvlink), { "nvmlDeviceGetNvLinkState" }, false },
	{ AT(nvlink_pci), { "nvmlDeviceGetNvLinkRemotePciInfo_v2" }, false },
	{ AT(nvlink_type), { "nvmlDeviceGetNvLinkRemoteDeviceType" }, false },
#undef AT
};

static const char *resolve(struct nvml *n, const struct symbol *s)
{
	void *p = NULL;

	for (size_t i = 0; !p && i < 3 && s->names[i]; i++)
		p = dlsym(n->library, s->names[i]);
	memcpy((char *)n + s->offset, &p, sizeof(p));
	return p || !s->needed ? NULL : s->names[0];
}

static const char *words(const struct nvml *n, int rc)
{
	return n->error ? n->error(rc) : "no text for it";
}

int nvml_open(struct nvml **out, struct err *e)
{
	struct nvml *n = calloc(1, sizeof(*n));
	int rc;

	*out = NULL;
	if (!n)
		return err_set(e, -ENOMEM, "out of memory");
	n->library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!n->library) {
		free(n);
		return err_set(e, -ENOENT, "no NVML: %s", dlerror());
	}
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		const char *missing = resolve(n, &symbols[i]);

		if (!missing)
			continue;
		dlclose(n->library);
		free(n);
		return err_set(e, -EIO, "NVML is too old: it lacks %s", missing);
	}
	rc = n->init();
	if (rc != NVML_SUCCESS) {
		err_set(e, -EIO, "NVML does not start: %s (error %d)", words(n, rc), rc);
		dlclose(n->library);
		free(n);
		return -EIO;
	}
	*out = n;
	return 0;
}

void nvml_close(struct nvml *n)
{
	if (!n)
		return;
	n->shutdown();
	dlclose(n->library);
	free(n);
}

static struct known one(int (*get)(nvml_device, unsigned *), nvml_device d)
{
	unsigned v = 0;

	return get && get(d, &v) == NVML_SUCCESS ? KNOWN(v) : UNKNOWN(NVML_SILENT);
}

static struct known mode(int (*get)(nvml_device, unsigned *, unsigned *), nvml_device d)
{
	unsigned now = 0, pending = 0;

	return get && get(d, &now, &pending) == NVML_SUCCESS ? KNOWN(now) : UNKNOWN(NVML_SILENT);
}

static void text_of(int (*get)(nvml_device, char *, unsigned), nvml_device d, char *buf,
		    size_t size)
{
	if (!get || get(d, buf, (unsigned)size) != NVML_SUCCESS)
		buf[0] = '\0';
	buf[size - 1] = '\0';
}

/* The node of the device's memory affinity, where it is exactly one. */
static struct known affinity(const struct nvml *n, nvml_device d)
{
	unsigned long mask[NODE_WORDS] = { 0 };
	struct known k = UNKNOWN("not declared (NVML names no node)");
	const size_t bits = sizeof(mask[0]) * 8;

	if (!n->nodes || n->nodes(d, NODE_WORDS, mask, NVML_SCOPE_NODE) != NVML_SUCCESS)
		return UNKNOWN(NVML_SILENT);
	for (size_t i = 0; i < NODE_WORDS * bits; i++) {
		if (!(mask[i / bits] >> (i % bits) & 1))
			continue;
		if (k.is)
			return UNKNOWN("not declared (NVML names several nodes)");
		k = KNOWN((long long)i);
	}
	return k;
}

/* The old entry point counts as used what the driver reserves for itself. The new one tells it
 * apart; whether its own `used` has it in, the manuals of two drivers say differently. */
static void read_memory(const struct nvml *n, nvml_device d, struct nvml_facts *f)
{
	struct nvml_memory_v2 v2 = { .version = sizeof(v2) | 2U << 24 }; /* NVML_STRUCT_VERSION */
	struct nvml_memory v1 = { 0 };

	f->memory_bytes = f->memory_used = UNKNOWN(NVML_SILENT);
	if (n->memory_v2 && n->memory_v2(d, &v2) == NVML_SUCCESS &&
	    v2.free + v2.reserved <= v2.total) {
		f->memory_bytes = KNOWN((long long)v2.total);
		f->memory_used = KNOWN((long long)(v2.total - v2.free - v2.reserved));
	} else if (n->memory && n->memory(d, &v1) == NVML_SUCCESS) {
		f->memory_bytes = KNOWN((long long)v1.total);
		f->memory_used = KNOWN((long long)v1.used);
	}
}

/* How many but ourselves, and one of them. */
static void read_processes(int (*get)(nvml_device, unsigned *, struct nvml_process *),
			   nvml_device d, struct known *number, struct known *pid)
{
	struct nvml_process list[MOST_PROCESSES];
	unsigned count = MOST_PROCESSES;
	long long others = 0;
	int rc = get ? get(d, &count, list) : -1;

	*number = *pid = UNKNOWN(NVML_SILENT);
	if (rc != NVML_SUCCESS && rc != NVML_INSUFFICIENT_SIZE)
		return;
	for (unsigned i = 0; rc == NVML_SUCCESS && i < count && i < MOST_PROCESSES; i++) {
		if ((pid_t)list[i].pid == getpid())
			continue;
		others++;
		*pid = KNOWN(list[i].pid);
	}
	*number = KNOWN(rc == NVML_SUCCESS ? others : count);
}

static struct known utilisation(const struct nvml *n, nvml_device d)
{
	struct nvml_utilisation use = { 0 };

	return n->utilisation && n->utilisation(d, &use) == NVML_SUCCESS ? KNOWN(use.gpu)
									 : UNKNOWN(NVML_SILENT);
}

static void read_use(const struct nvml *n, nvml_device d, struct nvml_facts *f)
{
	enum { LATER_US = 1200000 }; /* NVML looks at a second, at the most */

	read_processes(n->processes, d, &f->processes, &f->busy_pid);
	read_processes(n->drawing, d, &f->drawing, &f->drawing_pid);
	f->utilisation = utilisation(n, d);
	if (f->drawing.is && f->drawing.value > 0 && f->processes.is && f->processes.value == 0 &&
	    f->utilisation.is && f->utilisation.value > 0) {
		struct known later = (usleep(LATER_US), utilisation(n, d));

		if (later.is && later.value < f->utilisation.value)
			f->utilisation = later;
	}
}

static void read_device(const struct nvml *n, nvml_device d, const struct nvml_pci *pci,
			struct nvml_facts *f)
{
	char bus_id[33];

	snprintf(bus_id, sizeof(bus_id), "%.32s", pci->bus_id);
	if (!pci_normalise(f->pci, bus_id))
		snprintf(f->pci, sizeof(f->pci), "%04x:%02x:%02x.0", pci->domain & 0xfffffff,
			 pci->bus & 0xff, pci->device & 0x1f);
	text_of(n->uuid, d, f->uuid, sizeof(f->uuid));
	text_of(n->name, d, f->name, sizeof(f->name));
	text_of(n->vbios, d, f->vbios, sizeof(f->vbios));
	if (!n->driver || n->driver(f->driver, sizeof(f->driver)) != NVML_SUCCESS)
		f->driver[0] = '\0';
	f->node = affinity(n, d);
	f->link_gen = one(n->gen, d);
	f->link_width = one(n->width, d);
	f->max_gen = one(n->max_gen, d);
	f->max_width = one(n->max_width, d);
	f->persistence = one(n->persistence, d);
	f->ecc = mode(n->ecc, d);
	f->mig = mode(n->mig, d);
	f->compute_mode = one(n->compute_mode, d);
	read_memory(n, d, f);
	read_use(n, d, f);
	nvml_read_health(n->library, d, f);
}

int nvml_enumerate(struct nvml *n, struct nvml_facts *facts, size_t max, size_t *count,
		   struct err *e)
{
	unsigned devices = 0;
	int rc = n->count(&devices);

	*count = 0;
	if (rc != NVML_SUCCESS)
		return err_set(e, -EIO, "NVML cannot count the GPUs: %s (error %d)", words(n, rc),
			       rc);
	/* A GPU that fell off the bus has no handle or no address; the others count. */
	for (unsigned i = 0; i < devices; i++) {
		struct nvml_pci pci = { .bus_id = "" };
		nvml_device d;

		if (n->by_index(i, &d) != NVML_SUCCESS || n->pci(d, &pci) != NVML_SUCCESS)
			continue;
		if (*count < max) {
			facts[*count] = (struct nvml_facts){ .pci = "" };
			read_device(n, d, &pci, &facts[*count]);
		}
		(*count)++;
	}
	return 0;
}

static bool handle(const struct nvml *n, const char *pci, nvml_device *d)
{
	return n->by_pci && n->by_pci(pci, d) == NVML_SUCCESS;
}

int nvml_link(struct nvml *n, const char *pci, int *gen, int *width)
{
	struct known g, w;
	nvml_device d;

	if (!handle(n, pci, &d))
		return -ENODEV;
	g = one(n->gen, d);
	w = one(n->width, d);
	if (!g.is || !w.is)
		return -EIO;
	*gen = (int)g.value;
	*width = (int)w.value;
	return 0;
}

int nvml_replays(struct nvml *n, const char *pci, uint64_t *count)
{
	struct known k;
	nvml_device d;

	if (!handle(n, pci, &d))
		return -ENODEV;
	k = one(n->replays, d);
	if (!k.is)
		return -EIO;
	*count = (uint64_t)k.value;
	return 0;
}

/* Of nvmlClocksEventReasons in NVML's reference manual. hw-slowdown is set with hw-thermal and
 * power-brake, and alone where the board draws too much. */
const struct nvml_reason nvml_reasons[] = {
	{ .bit = 0x001, .word = "idle" },
	{ .bit = NVML_REASON_SET, .word = "applications-clocks" },
	{ .bit = 0x004, .word = "sw-power-cap" },
	{ .bit = 0x008, .word = "hw-slowdown", .fault = true },
	{ .bit = 0x010, .word = "sync-boost" },
	{ .bit = 0x020, .word = "sw-thermal", .fault = true },
	{ .bit = 0x040, .word = "hw-thermal", .fault = true },
	{ .bit = 0x080, .word = "power-brake", .fault = true },
	{ .bit = 0x100, .word = "display-clock" },
};
const size_t nvml_nreasons = sizeof(nvml_reasons) / sizeof(nvml_reasons[0]);

int nvml_clock_reasons(struct nvml *n, const char *pci, uint64_t *mask)
{
	unsigned long long now = 0;
	nvml_device d;

	if (!handle(n, pci, &d))
		return -ENODEV;
	if (!n->reasons || n->reasons(d, &now) != NVML_SUCCESS)
		return -EIO;
	*mask = now;
	return 0;
}

void nvml_clocks(struct nvml *n, const char *pci, struct nvml_clocks *c)
{
	const struct known none = UNKNOWN(NVML_SILENT);
	nvml_device d;

	*c = (struct nvml_clocks){ none, none, none, none };
	if (handle(n, pci, &d))
		nvml_read_clocks(n->library, d, c);
}

/* Active NVLinks of a device: those that end at `peer`, and those at a switch. */
static void count_links(const struct nvml *n, nvml_device d, const char *peer, int *direct,
			int *to_switch)
{
	*direct = *to_switch = 0;
	for (unsigned link = 0; n->nvlink && link < NVML_LINKS; link++) {
		unsigned active = 0, type = 0;
		struct nvml_pci remote = { .bus_id = "" };
		char bus_id[33], pci[16];

		if (n->nvlink(d, link, &active) != NVML_SUCCESS || !active)
			continue;
		if (n->nvlink_type && n->nvlink_type(d, link, &type) == NVML_SUCCESS &&
		    type == NVML_REMOTE_SWITCH) {
			(*to_switch)++;
			continue;
		}
		if (!n->nvlink_pci || n->nvlink_pci(d, link, &remote) != NVML_SUCCESS)
			continue;
		snprintf(bus_id, sizeof(bus_id), "%.32s", remote.bus_id);
		if (pci_normalise(pci, bus_id) && strcmp(pci, peer) == 0)
			(*direct)++;
	}
}

void nvml_path(struct nvml *n, const char *pci_a, const char *pci_b, char word[8])
{
	static const struct {
		unsigned level; /* nvmlGpuTopologyLevel_t */
		const char *word;
	} levels[] = {
		{ 0, "PIX" },  /* on one board */
		{ 10, "PIX" }, /* a single switch */
		{ 20, "PXB" }, { 30, "PHB" }, { 40, "NODE" }, { 50, "SYS" },
	};
	int direct, to_switch, peer_direct, peer_to_switch, links;
	unsigned level;
	nvml_device a, b;

	word[0] = '\0';
	if (!handle(n, pci_a, &a) || !handle(n, pci_b, &b))
		return;
	count_links(n, a, pci_b, &direct, &to_switch);
	count_links(n, b, pci_a, &peer_direct, &peer_to_switch);
	links = to_switch < peer_to_switch ? to_switch : peer_to_switch;
	if (direct)
		links = direct;
	if (links)
		snprintf(word, 8, "NV%d", links);
	else if (n->ancestor && n->ancestor(a, b, &level) == NVML_SUCCESS)
		for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
			if (levels[i].level == level)
				strcpy(word, levels[i].word);
}
