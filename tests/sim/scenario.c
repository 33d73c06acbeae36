/* scenario.c - reads the scenario. Also part of the NVML double: needs jansson only. */
#include "scenario.h"

#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void refuse(const char *fmt, ...)
{
	va_list ap;

	fputs("simulator: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(2);
}

enum { MOST_KEYS = 64 };

/* An object of the file by its place in it, so that what is wrong can be named,
 * and a key that nobody asked for is found to be a mistake. */
struct place {
	const char *name;
	json_t *object;
	const char *known[MOST_KEYS];
	size_t nknown;
};

static json_t *take(struct place *p, const char *key)
{
	json_t *v = json_object_get(p->object, key);

	if (p->nknown < MOST_KEYS)
		p->known[p->nknown++] = key;
	return json_is_null(v) ? NULL : v;
}

static double number(struct place *p, const char *key, double otherwise)
{
	json_t *v = take(p, key);

	if (v && !json_is_number(v))
		refuse("%s: %s is not a number", p->name, key);
	return v ? json_number_value(v) : otherwise;
}

static int whole(struct place *p, const char *key, int otherwise)
{
	json_t *v = take(p, key);

	if (v && !json_is_integer(v))
		refuse("%s: %s is not a whole number", p->name, key);
	return v ? (int)json_integer_value(v) : otherwise;
}

static bool truth(struct place *p, const char *key, bool otherwise)
{
	json_t *v = take(p, key);

	if (v && !json_is_boolean(v))
		refuse("%s: %s is not true or false", p->name, key);
	return v ? json_is_true(v) : otherwise;
}

static void text(struct place *p, const char *key, char *out, size_t size, const char *otherwise)
{
	json_t *v = take(p, key);

	if (v && !json_is_string(v))
		refuse("%s: %s is not a text", p->name, key);
	if (v || otherwise)
		snprintf(out, size, "%s", v ? json_string_value(v) : otherwise);
	else
		refuse("%s: %s is missing", p->name, key);
}

static int word(struct place *p, const char *key, const char *const *words, int otherwise)
{
	json_t *v = take(p, key);
	const char *t = json_string_value(v);

	if (!v)
		return otherwise;
	for (int i = 0; t && words[i]; i++)
		if (strcmp(words[i], t) == 0)
			return i;
	refuse("%s: %s is not one of its words", p->name, key);
}

static void done(const struct place *p)
{
	const char *key;
	json_t *v;

	json_object_foreach(p->object, key, v)
	{
		size_t i = 0;

		while (i < p->nknown && strcmp(p->known[i], key) != 0)
			i++;
		if (i == p->nknown)
			refuse("%s: '%s' is no key of it", p->name, key);
	}
}

/* 1, 0, or -1 where it is null or absent: not supported. */
static int on_off(struct place *p, const char *key)
{
	return json_is_boolean(json_object_get(p->object, key)) ? truth(p, key, false)
								: whole(p, key, -1);
}

static void read_link(struct sim_link *l, json_t *o)
{
	struct place p = { .name = "link", .object = o };

	l->gen = whole(&p, "gen", 5);
	l->width = whole(&p, "width", 16);
	l->idle_gen = whole(&p, "idle_gen", l->gen);
	l->max_gen = whole(&p, "max_gen", l->gen);
	l->max_width = whole(&p, "max_width", l->width);
	take(&p, "mps"); /* for tests/sim/overlay */
	done(&p);
}

static void read_processes(struct sim_processes *p, json_t *list)
{
	p->n = json_array_size(list);
	if (p->n > SIM_PROCESSES)
		refuse("gpus: more than %d processes", SIM_PROCESSES);
	for (size_t i = 0; i < p->n; i++)
		p->pid[i] = (pid_t)json_integer_value(json_array_get(list, i));
}

static void read_health(struct sim_health *h, json_t *o)
{
	struct place p = { .name = "health", .object = o };

	h->bar1 = (long long)number(&p, "bar1", -1);
	h->ecc_errors = whole(&p, "ecc_errors", -1);
	h->repair_pending = on_off(&p, "repair_pending");
	h->repair_failed = on_off(&p, "repair_failed");
	h->power_limit = whole(&p, "power_limit", -1);
	h->power_default = whole(&p, "power_default", -1);
	h->clock = whole(&p, "clock", -1);
	h->clock_default = whole(&p, "clock_default", -1);
	h->clock_most = whole(&p, "clock_most", -1);
	h->clock_now = whole(&p, "clock_now", -1);
	h->links_down = whole(&p, "links_down", 0);
	done(&p);
}

/* What NVML says of a GPU's use; all of it is nothing where the scenario is silent. */
static void read_use(struct sim_gpu *g, struct place *p)
{
	static const char *const modes[] = { "default", "exclusive-thread", "prohibited",
					     "exclusive-process", NULL };
	json_t *replays = take(p, "replays");

	if (replays && json_array_size(replays) != 2)
		refuse("gpus: replays is not [first, later]");
	for (size_t i = 0; i < 2; i++)
		g->replays[i] = (unsigned)json_integer_value(json_array_get(replays, i));
	g->clock_reasons = (uint64_t)whole(p, "clock_reasons", 0);
	g->memory_used = (uint64_t)number(p, "memory_used", 0);
	if (g->memory_used > g->memory - g->memory / 100)
		refuse("gpus: memory_used is more than there is beside the driver's 1 %%");
	g->utilisation = whole(p, "utilisation", 0);
	g->compute_mode = word(p, "compute_mode", modes, 0);
}

/* A bit for each place that a list of them names. */
static uint64_t places(struct place *p, const char *key, uint64_t otherwise)
{
	json_t *list = take(p, key);
	uint64_t bits = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *v = json_array_get(list, i);

		if (!json_is_integer(v) || json_integer_value(v) < 0 ||
		    json_integer_value(v) >= SIM_GPUS)
			refuse("%s: %s is not a list of places in gpus", p->name, key);
		bits |= (uint64_t)1 << json_integer_value(v);
	}
	return list ? bits : otherwise;
}

/* MIG's; NVML's handle of one is its place in the list. */
static void read_instances(struct sim_gpu *g, const json_t *list)
{
	if (!list)
		return;
	if (json_array_size(list) > SIM_INSTANCES)
		refuse("gpus: more than %d instances", SIM_INSTANCES);
	g->instances = calloc(SIM_INSTANCES, sizeof *g->instances);
	if (!g->instances)
		refuse("out of memory");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		snprintf(g->instances[i].uuid, sizeof g->instances[i].uuid, "%s", name ? name : "");
	}
}

/* What only CUDA asks. */
static void read_device(struct sim_gpu *g, struct place *p)
{
	g->memory_free = (uint64_t)number(p, "memory_free", (double)(g->memory - g->memory_used));
	g->l2_bytes = (uint64_t)number(p, "l2_bytes", 0x1p22);
	g->sm_hz = number(p, "sm_hz", 1.7e9);
	g->managed = truth(p, "managed", true);
	g->peers = places(p, "peers", UINT64_MAX);
}

static void read_gpu(struct scenario *s, json_t *o)
{
	struct place p = { .name = "gpus", .object = o };
	struct sim_gpu *g = &s->gpus[s->ngpus++];

	text(&p, "pci", g->pci, sizeof g->pci, NULL);
	text(&p, "uuid", g->uuid, sizeof g->uuid, NULL);
	text(&p, "name", g->name, sizeof g->name, "NVIDIA Simulated");
	text(&p, "vbios", g->vbios, sizeof g->vbios, "00.00.00.00.00");
	g->memory = (uint64_t)number(&p, "memory", 0x1p34);
	g->node_cuda = whole(&p, "node_cuda", SIM_NO_NODE);
	g->node_nvml = whole(&p, "node_nvml", SIM_NO_NODE);
	g->own_node = whole(&p, "own_node", SIM_NO_NODE);
	g->cuda = truth(&p, "cuda", true);
	g->nvml = truth(&p, "nvml", true);
	g->ecc = on_off(&p, "ecc");
	g->mig = on_off(&p, "mig");
	read_instances(g, take(&p, "instances"));
	g->persistence = on_off(&p, "persistence");
	g->switch_links = whole(&p, "switch_links", 0);
	g->c2c_links = whole(&p, "c2c_links", -1);
	read_link(&g->link, take(&p, "link"));
	read_processes(&g->computing, take(&p, "processes"));
	read_processes(&g->drawing, take(&p, "graphics"));
	read_use(g, &p);
	read_health(&g->health, take(&p, "health"));
	read_device(g, &p);
	take(&p, "node_sysfs"); /* for tests/sim/overlay, as are: */
	take(&p, "driver");
	take(&p, "device_file");
	done(&p);
	if (s->ngpus > 1 && strcmp(g[-1].pci, g->pci) >= 0)
		refuse("gpus: %s is not behind %s: they stand in PCI order", g->pci, g[-1].pci);
}

static const char *const directions[] = { "h2d", "d2h", NULL };
static const char *const memories[] = { "pinned",  "pageable", "registered", "write-combined",
					"managed", "mapped",   "peer",       NULL };
static const char *const pages[] = { "4k", "thp", "hugetlb", NULL };
static const char *const faults[] = { "flip",          "hang",      "crash",      "off-bus",
				      "out-of-memory", "late-gate", "stuck-gate", NULL };

static struct sim_way read_way(struct place *p)
{
	return (struct sim_way){
		.cpu_node = whole(p, "cpu_node", SIM_ANY),
		.mem_node = whole(p, "mem_node", SIM_ANY),
		.gpu = whole(p, "gpu", SIM_ANY),
		.peer = whole(p, "peer", SIM_ANY),
		.peer_access = on_off(p, "peer_access"),
		.direction = word(p, "direction", directions, SIM_ANY),
		.memory = word(p, "memory", memories, SIM_ANY),
		.pages = word(p, "pages", pages, SIM_ANY),
	};
}

static void read_plant(struct scenario *s, json_t *o)
{
	struct place p = { .name = "plants", .object = o };

	s->plants[s->nplants++] = (struct sim_plant){
		.way = read_way(&p),
		.bytes_from = (uint64_t)number(&p, "bytes_from", 0),
		.bytes_below = (uint64_t)number(&p, "bytes_below", 0x1p62),
		.bandwidth = number(&p, "bandwidth", 0),
		.latency = number(&p, "latency", 0),
		.start = number(&p, "start", 0),
		.launch = number(&p, "launch", 0),
		.load = number(&p, "load", 0),
		.load_tail = number(&p, "load_tail", 0),
		.load_tail_every = (unsigned)whole(&p, "load_tail_every", 0),
	};
	done(&p);
}

static void read_shared(struct scenario *s, json_t *o)
{
	struct place p = { .name = "shared", .object = o };

	take(&p, "name"); /* for the reader */
	s->shared[s->nshared++] = (struct sim_shared){
		.way = read_way(&p),
		.gpus = places(&p, "gpus", UINT64_MAX),
		.bandwidth = number(&p, "bandwidth", 0),
	};
	done(&p);
	if (s->shared[s->nshared - 1].bandwidth <= 0)
		refuse("shared: bandwidth is missing");
}

static void read_fault(struct scenario *s, json_t *o)
{
	struct place p = { .name = "faults", .object = o };

	s->faults[s->nfaults++] = (struct sim_fault){
		.kind = (enum sim_fault_kind)word(&p, "kind", faults, -1),
		.gpu = whole(&p, "gpu", SIM_ANY),
		.direction = word(&p, "direction", directions, SIM_ANY),
		.after = (unsigned long)whole(&p, "after", 0),
		.at_once = (unsigned)whole(&p, "at_once", 0),
		.offset = (uint64_t)number(&p, "offset", 0),
		.bit = (unsigned)whole(&p, "bit", 0) & 7,
		.times = (unsigned long)whole(&p, "times", INT_MAX),
		.seconds = number(&p, "seconds", 0),
		.mem_node = whole(&p, "mem_node", SIM_ANY),
	};
	done(&p);
	if (!json_object_get(o, "kind"))
		refuse("faults: kind is missing");
}

static void read_node(struct scenario *s, json_t *cpus)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < json_array_size(cpus); i++) {
		json_int_t cpu = json_integer_value(json_array_get(cpus, i));

		if (cpu >= 0 && cpu < 64)
			bits |= (uint64_t)1 << cpu;
	}
	if (!bits)
		refuse("nodes: node %zu is not a list of CPUs from 0 to 63", s->nnodes);
	s->nodes[s->nnodes++] = bits;
}

static void read_list(struct scenario *s, struct place *p, const char *key, size_t most,
		      void (*one)(struct scenario *s, json_t *o))
{
	json_t *list = take(p, key);

	if ((list && !json_is_array(list)) || json_array_size(list) > most)
		refuse("%s is not a list of at most %zu", key, most);
	for (size_t i = 0; i < json_array_size(list); i++)
		one(s, json_array_get(list, i));
}

/* A relative folder is so to the scenario's own. */
static void place_overlay(struct scenario *s, const char *path)
{
	char folder[sizeof s->overlay / 2], rest[sizeof s->overlay / 2 - 1];
	const char *slash = strrchr(path, '/');

	if (!s->overlay[0] || s->overlay[0] == '/' || !slash)
		return;
	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	snprintf(rest, sizeof rest, "%.*s", (int)sizeof rest - 1, s->overlay);
	snprintf(s->overlay, sizeof s->overlay, "%s/%s", folder, rest);
}

static void read_scenario(struct scenario *s, const char *path)
{
	json_error_t e;
	json_t *doc = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
	struct place p = { .name = path, .object = doc };

	if (!json_is_object(doc))
		refuse("%s: line %d: %s", path, e.line, doc ? "not an object" : e.text);
	s->seed = (uint64_t)number(&p, "seed", 1);
	s->noise = number(&p, "noise", 0.005);
	s->cold_s = number(&p, "cold_s", 0);
	s->cold_factor = number(&p, "cold_factor", 1);
	s->launch_s = number(&p, "launch_s", 0);
	s->realtime = truth(&p, "realtime", false);
	s->context_s = number(&p, "context_s", 0);
	s->pin_s_per_gib = number(&p, "pin_s_per_gib", 0);
	s->stream_wait = !truth(&p, "no_stream_wait", false);
	s->pinned_unseen = truth(&p, "pinned_unseen", false);
	s->lazy_load_s = number(&p, "lazy_load_s", 0);
	s->late_party_s = number(&p, "late_party_s", 0);
	s->numa_attributes = truth(&p, "numa_attributes", true);
	s->driver_version = whole(&p, "driver_version", 13000);
	s->nvml = truth(&p, "nvml", true);
	text(&p, "driver", s->driver, sizeof s->driver, "580.65.06");
	text(&p, "overlay", s->overlay, sizeof s->overlay, "");
	place_overlay(s, path);
	take(&p, "about");
	take(&p, "bare_metal"); /* for tests/sim/overlay */
	read_list(s, &p, "nodes", SIM_NODES, read_node);
	read_list(s, &p, "gpus", SIM_GPUS, read_gpu);
	read_list(s, &p, "plants", SIM_PLANTS, read_plant);
	read_list(s, &p, "shared", SIM_SHARED, read_shared);
	read_list(s, &p, "faults", SIM_FAULTS, read_fault);
	done(&p);
	json_decref(doc);
}

const struct scenario *scenario(void)
{
	static struct scenario *once; /* CUDA and NVML have no handle to hang it on */
	const char *path = getenv("NUMABENCH_SIM");

	if (once)
		return once;
	once = calloc(1, sizeof *once);
	if (!once)
		refuse("out of memory");
	if (path)
		read_scenario(once, path);
	return once;
}
