/* What a result is compared by (identity), judged beside (conditions), and what
 * decides nothing (the rest). results/README.md has all of them. */
#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "machine/cgroup.h"
#include "machine/parts.h"
#include "util/json.h"

enum { TEXT_ROOM = 16384 };

/* A text, or null and why it is not known. */
static int put_text(json_t *o, const char *key, const char *text, const char *why)
{
	char why_key[48];

	if (text[0])
		return json_put(o, key, json_text(text));
	snprintf(why_key, sizeof(why_key), "%s_why", key);
	return json_put(o, key, json_null()) | json_put(o, why_key, json_string(why));
}

/* Files whose whole text is a condition. */
static const struct {
	const char *key, *path;
} files[] = {
	{ "kernel", "proc/sys/kernel/osrelease" },
	{ "cmdline", "proc/cmdline" },
	{ "numa_balancing", "proc/sys/kernel/numa_balancing" },
	{ "zone_reclaim_mode", "proc/sys/vm/zone_reclaim_mode" },
	{ "governor", "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor" },
	{ "smt", "sys/devices/system/cpu/smt/control" },
	{ "isolated_cpus", "sys/devices/system/cpu/isolated" },
};

/* Files that show a choice in brackets, "always [madvise] never". */
static const struct {
	const char *key, *path;
} choices[] = {
	{ "thp", "sys/kernel/mm/transparent_hugepage/enabled" },
	{ "thp_defrag", "sys/kernel/mm/transparent_hugepage/defrag" },
};

static void chosen(char *text)
{
	char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;

	if (!close)
		return;
	*close = '\0';
	memmove(text, open + 1, strlen(open + 1) + 1);
}

static int put_files(json_t *o, const struct source *s)
{
	char text[TEXT_ROOM] = "";
	int bad = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int n = s->xml ? -ENOENT
			       : sysroot_text(&s->root, text, sizeof(text), "%s", files[i].path);

		/* An empty file is an answer: no CPU is isolated, no argument given. */
		bad |= n >= 0 ? json_put(o, files[i].key, json_text(text))
			      : put_text(o, files[i].key, "", "the kernel has no such file");
	}
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		text[0] = '\0';
		if (!s->xml)
			sysroot_text(&s->root, text, sizeof(text), "%s", choices[i].path);
		chosen(text);
		bad |= put_text(o, choices[i].key, text, "the kernel has no such file");
	}
	return bad;
}

/* A line of /proc/cpuinfo under the names that architectures give it. */
static void cpu_model(char *buf, size_t size, const struct source *s)
{
	static const char *const keys[] = { "model name", "cpu", "Model", "CPU part", "Hardware" };
	char text[TEXT_ROOM] = "";
	const char *model;

	buf[0] = '\0';
	if (!s->xml)
		sysroot_text(&s->root, text, sizeof(text), "proc/cpuinfo");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (text_field(text, keys[i], buf, size))
			return;
	for (hwloc_obj_t o = NULL;
	     (o = hwloc_get_next_obj_by_type(s->topo, HWLOC_OBJ_PACKAGE, o));) {
		model = hwloc_obj_get_info_by_name(o, "CPUModel");
		if (model)
			snprintf(buf, size, "%s", model);
	}
}

static void architecture(char *buf, size_t size, const struct source *s)
{
	const char *told = hwloc_obj_get_info_by_name(hwloc_get_root_obj(s->topo), "Architecture");
	struct utsname u;

	buf[0] = '\0';
	if (s->root.live && uname(&u) == 0)
		snprintf(buf, size, "%s", u.machine);
	else if (told)
		snprintf(buf, size, "%s", told);
}

/* What NVML says of one GPU, or NULL. */
static const struct nvml_facts *nvml_of(const struct gpu_answers *a, const char *pci)
{
	for (size_t i = 0; i < a->nnvml; i++)
		if (strcmp(a->nvml[i].pci, pci) == 0)
			return &a->nvml[i];
	return NULL;
}

static const struct known not_asked = { .why = "NVML does not tell" };

static json_t *identity(const struct machine *m, const struct source *s,
			const struct gpu_answers *a)
{
	json_t *o = json_object(), *nodes = json_array(), *gpus = json_array();
	char text[256];
	int bad = 0;

	cpu_model(text, sizeof(text), s);
	bad |= put_text(o, "cpu", text, "no CPU model in /proc/cpuinfo");
	architecture(text, sizeof(text), s);
	bad |= put_text(o, "architecture", text, "not recorded");
	for (size_t i = 0; i < m->nnodes; i++) {
		const struct node *n = &m->nodes[i];
		json_t *v = json_pack("{s:i, s:s}", "id", n->id, "kind", node_kind_name(n->kind));

		bad |= json_put(v, "cpus", json_idset(&n->cpus));
		bad |= json_array_append_new(nodes, v);
	}
	for (size_t i = 0; i < m->ngpus; i++) {
		const struct gpu *g = &m->gpus[i];
		const struct nvml_facts *f = nvml_of(a, g->pci);
		json_t *v = json_pack("{s:i}", "index", g->index);

		bad |= put_text(v, "name", g->name, "neither NVML nor CUDA tells");
		bad |= json_put_known(v, "max_gen", &g->max_gen);
		bad |= json_put_known(v, "max_width", &g->max_width);
		bad |= json_put_known(v, "mig", f ? &f->mig : &not_asked);
		bad |= json_array_append_new(gpus, v);
	}
	bad |= json_put(o, "nodes", nodes);
	bad |= json_put(o, "gpus", gpus);
	return json_or_null(o, bad);
}

/* The driver's version: NVML's word, else the module's, else the proc file's. */
static void driver_version(char *buf, size_t size, const struct source *s,
			   const struct gpu_answers *a)
{
	char text[512], *p;

	buf[0] = '\0';
	if (a->nnvml && a->nvml[0].driver[0])
		snprintf(buf, size, "%s", a->nvml[0].driver);
	else if (!s->xml &&
		 sysroot_text(&s->root, text, sizeof(text), "sys/module/nvidia/version") > 0)
		snprintf(buf, size, "%.60s", text);
	else if (!s->xml &&
		 sysroot_text(&s->root, text, sizeof(text), "proc/driver/nvidia/version") > 0 &&
		 (p = strstr(text, "Kernel Module")))
		sscanf(p + strlen("Kernel Module"), "%60s", buf);
}

/* 13000 -> "13.0" */
static int put_version(json_t *o, const char *key, int version, const char *why)
{
	char text[32] = "";

	if (version > 0)
		snprintf(text, sizeof(text), "%d.%d", version / 1000, version % 1000 / 10);
	return put_text(o, key, text, why);
}

static json_t *gpu_conditions(const struct machine *m, const struct gpu_answers *a)
{
	json_t *gpus = json_array();
	int bad = 0;

	for (size_t i = 0; i < m->ngpus; i++) {
		const struct nvml_facts *f = nvml_of(a, m->gpus[i].pci);
		json_t *v = json_pack("{s:i}", "index", m->gpus[i].index);

		bad |= put_text(v, "vbios", f ? f->vbios : "", "NVML does not tell");
		bad |= json_put_known(v, "ecc", f ? &f->ecc : &not_asked);
		bad |= json_put_known(v, "persistence", f ? &f->persistence : &not_asked);
		bad |= json_array_append_new(gpus, v);
	}
	return json_or_null(gpus, bad);
}

static json_t *conditions(const struct machine *m, const struct source *s, const struct limits *l,
			  const struct gpu_answers *a)
{
	json_t *o = json_object();
	char text[64], which[64];
	int bad = 0;

	driver_version(text, sizeof(text), s, a);
	bad |= put_text(o, "driver", text, "no NVIDIA driver");
	bad |= put_version(o, "cuda_driver", a->driver_version, "no NVIDIA driver");
	bad |= put_version(o, "cuda_runtime", gpu_runtime_version(), "built without CUDA");
	bad |= json_put(o, "gpus", gpu_conditions(m, a));
	bad |= put_files(o, s);
	bad |= json_put(o, "allowed_cpus", json_idset(&m->allowed_cpus));
	bad |= json_put(o, "allowed_mems", json_idset(&l->mems));
	bad |= json_put_known(o, "cpu_quota_milli", &m->cpu_quota_milli);
	bad |= json_put(o, "version", json_string(NB_VERSION));
	if (s->xml)
		bad |= put_text(o, "virtualisation", "", "not recorded");
	else
		bad |= json_put(
			o, "virtualisation",
			json_string(guest_of(&s->root, which, sizeof(which)) ? which : "none"));
	return json_or_null(o, bad);
}

static json_t *rest(const struct machine *m, const struct source *s, const struct limits *l)
{
	json_t *o = json_object(), *gpus = json_array(), *nodes = json_array();
	struct cgroup_throttling throttling = { .throttled = UNKNOWN("not recorded") };
	char text[256] = "";
	int bad = 0;

	if (!s->xml) {
		throttling = cgroup_throttling(&s->root);
		sysroot_text(&s->root, text, sizeof(text), "proc/sys/kernel/hostname");
	}
	bad |= put_text(o, "hostname", text, "not recorded");
	for (size_t i = 0; i < m->ngpus; i++) {
		json_t *v =
			json_pack("{s:i, s:s}", "index", m->gpus[i].index, "pci", m->gpus[i].pci);

		bad |= put_text(v, "uuid", m->gpus[i].uuid, "neither NVML nor CUDA tells");
		bad |= json_array_append_new(gpus, v);
	}
	for (size_t i = 0; i < m->nnodes; i++) {
		json_t *v = json_pack("{s:i}", "id", m->nodes[i].id);

		bad |= json_put_known(v, "free_bytes", &m->nodes[i].free_bytes);
		bad |= json_array_append_new(nodes, v);
	}
	bad |= json_put(o, "gpus", gpus);
	bad |= json_put(o, "nodes", nodes);
	bad |= json_put_known(o, "cgroup_memory_left_bytes", &l->memory_left);
	bad |= json_put_known(o, "cgroup_throttled", &throttling.throttled);
	text[0] = '\0';
	if (!s->xml)
		sysroot_text(&s->root, text, sizeof(text), "proc/loadavg");
	bad |= put_text(o, "loadavg", text, "not recorded");
	return json_or_null(o, bad);
}

json_t *provenance_read(const struct machine *m, const struct source *s, const struct limits *l,
			const struct gpu_answers *a)
{
	json_t *o = json_object();
	int bad = json_put(o, "identity", identity(m, s, a));

	bad |= json_put(o, "conditions", conditions(m, s, l, a));
	bad |= json_put(o, "rest", rest(m, s, l));
	return json_or_null(o, bad);
}
