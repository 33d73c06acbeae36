/* scene.h - a healthy made-up machine for the checks to look at: two nodes of two CPUs, a GPU on
 * each, files of /sys and /proc in a folder. Rows of a test change something and say what is to be
 * found; scenes_run runs them, and scenes_cover fails where a check of a table has a status that no
 * row reaches. */
#ifndef NB_TESTS_SCENE_H
#define NB_TESTS_SCENE_H

#include <ctype.h>
#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>

#include "checks/check.h"
#include "checks/families.h"
#include "tree.h"
#include "unit.h"

#define GPU0  "0000:17:00.0"
#define GPU1  "0000:b1:00.0"
#define PORT0 "0000:16:01.0"
#define PORT1 "0000:b0:01.0"
#define NIC   "0000:18:00.0"

struct scene {
	struct tree t;
	struct sysroot root;
	struct machine m;
	struct node nodes[2];
	struct core cores[2];
	struct gpu gpus[2];
	struct device nic;
	int distances[4];
	struct nvml_facts facts[2];
	struct driver_facts driver;
	struct result res;
	struct recommendation recommendations[2];
	struct look look;
};

/* Parts of the files' paths: */
#define CPU    "sys/devices/system/cpu/"
#define NODE   "sys/devices/system/node/"
#define DEVICE "sys/bus/pci/devices/"

static inline void scene_nodes(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		struct node *n = &s->nodes[i];

		*n = (struct node){ .id = i,
				    .package = KNOWN(i),
				    .cores = &s->cores[i],
				    .ncores = 1,
				    .memory_bytes = KNOWN(64LL << 30),
				    .free_bytes = KNOWN(60LL << 30),
				    .giveable_bytes = KNOWN(60LL << 30),
				    .allowed = true };
		for (int cpu = 2 * i; cpu < 2 * i + 2; cpu++) {
			idset_add(&n->cpus, cpu);
			idset_add(&n->allowed_cpus, cpu);
			idset_add(&s->m.allowed_cpus, cpu);
		}
		s->cores[i].cpus = n->cpus;
		for (int j = 0; j < 2; j++)
			s->distances[2 * i + j] = i == j ? 10 : 21;
	}
}

static inline void scene_gpus(struct scene *s)
{
	static const char *const pci[] = { GPU0, GPU1 };
	const struct known none = UNKNOWN("not told");

	for (int i = 0; i < 2; i++) {
		struct gpu *g = &s->gpus[i];
		struct nvml_facts *f = &s->facts[i];

		*g = (struct gpu){ .index = i,
				   .name = "NVIDIA H100",
				   .state = GPU_USABLE,
				   .node_sysfs = KNOWN(i),
				   .node_nvml = KNOWN(i),
				   .node_cuda = KNOWN(i),
				   .own_memory_node = UNKNOWN("its memory is no NUMA node"),
				   .link_gen = KNOWN(1),
				   .link_width = KNOWN(16),
				   .max_gen = KNOWN(5),
				   .max_width = KNOWN(16),
				   .mps = KNOWN(256),
				   .memory_bytes = KNOWN(80LL << 30),
				   .exclusive = KNOWN(0) };
		snprintf(g->pci, sizeof(g->pci), "%s", pci[i]);
		snprintf(g->render_node, sizeof(g->render_node), "renderD%d", 129 - i);
		*f = (struct nvml_facts){ .memory_bytes = KNOWN(80LL << 30),
					  .vbios = "96.00.1",
					  .ecc = KNOWN(1),
					  .mig = KNOWN(0),
					  .persistence = KNOWN(1),
					  .bar1_bytes = KNOWN(128LL << 30),
					  .ecc_uncorrected = KNOWN(0),
					  .repair_pending = KNOWN(0),
					  .repair_failed = KNOWN(0),
					  .power_limit_mw = KNOWN(700000),
					  .power_default_mw = KNOWN(700000),
					  .clock_mhz = KNOWN(1980),
					  .clock_default_mhz = KNOWN(1980),
					  .clock_most_mhz = KNOWN(1980),
					  .nvlinks = KNOWN(18),
					  .nvlinks_up = KNOWN(18),
					  .processes = none };
		snprintf(f->pci, sizeof(f->pci), "%s", pci[i]);
	}
}

/* One PCI function with what sysfs has of its link. */
static inline void scene_function(struct scene *s, const char *path, const char *pci)
{
	static const char *const files[][2] = { { "current_link_speed", "2.5 GT/s PCIe" },
						{ "current_link_width", "16" },
						{ "max_link_speed", "32.0 GT/s PCIe" },
						{ "max_link_width", "16" } };
	char file[256], target[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(file, sizeof(file), "sys/devices/%s/%s", path, files[i][0]);
		tree_file(&s->t, file, files[i][1]);
	}
	snprintf(file, sizeof(file), DEVICE "%s", pci);
	snprintf(target, sizeof(target), "../../../devices/%s", path);
	tree_link(&s->t, file, target);
}

/* PCI Express capability at 0x40: Device Capabilities 256 bytes, Device Control 256 bytes of
 * payload and requests of 512; ACS at 0x100 with nothing turned on. */
static inline void scene_config(struct scene *s, const char *pci, unsigned payload,
				unsigned request, unsigned acs)
{
	unsigned char c[512] = { [0x34] = 0x40,
				 [0x40] = 0x10,
				 [0x44] = 1,
				 [0x48] = (unsigned char)(payload << 5),
				 [0x49] = (unsigned char)(request << 4),
				 [0x100] = 0x0d,
				 [0x106] = (unsigned char)acs };
	char path[96];

	snprintf(path, sizeof(path), DEVICE "%s/config", pci);
	tree_bytes(&s->t, path, c, sizeof(c));
}

static inline void scene_files(struct scene *s)
{
	static const char *const files[][2] = {
		{ "proc/1/comm", "systemd" },
		{ "proc/2/comm", "kthreadd" },
		{ "proc/cmdline", "BOOT_IMAGE=/vmlinuz quiet" },
		{ "proc/irq/40/effective_affinity_list", "0" },
		{ "proc/irq/41/effective_affinity_list", "2-3" },
		{ "proc/irq/42/effective_affinity_list", "1" },
		{ "proc/irq/43/effective_affinity_list", "3" },
		{ "proc/meminfo", "SwapTotal: 0 kB\nSwapFree: 0 kB" },
		{ "proc/self/limits", "Limit Soft Hard Units\n"
				      "Max open files            65536   65536   files\n"
				      "Max locked memory         unlimited unlimited bytes" },
		{ "proc/self/mountinfo", "25 20 0:22 / /dev/shm rw - tmpfs shm rw,size=2097152k\n"
					 "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw" },
		{ "proc/self/cgroup", "0::/job" },
		{ "proc/self/status", "Name: x\nCapEff:\t0000000000000000" },
		{ "proc/swaps", "Filename Type Size Used Priority" },
		{ "proc/sys/kernel/numa_balancing", "0" },
		{ "proc/sys/vm/swappiness", "60" },
		{ "proc/sys/vm/zone_reclaim_mode", "0" },
		{ "sys/fs/cgroup/job/cpu.stat", "nr_periods 100\nnr_throttled 7" },
		{ "sys/kernel/iommu_groups/1/type", "identity" },
		{ CPU "isolated", "" },
		{ CPU "smt/control", "on" },
		{ DEVICE NIC "/msi_irqs/42", "msix" },
		{ DEVICE NIC "/msi_irqs/43", "msix" },
	};
	char path[128];

	scene_function(s, "pci0000:16/" PORT0, PORT0);
	scene_function(s, "pci0000:16/" PORT0 "/" GPU0, GPU0);
	scene_function(s, "pci0000:b0/" PORT1, PORT1);
	scene_function(s, "pci0000:b0/" PORT1 "/" GPU1, GPU1);
	scene_function(s, "pci0000:16/0000:16:02.0/" NIC, NIC);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tree_file(&s->t, files[i][0], files[i][1]);
	tree_file(&s->t, DEVICE GPU0 "/msi_irqs/40", "msi");
	tree_file(&s->t, DEVICE GPU1 "/msi_irqs/41", "msi");
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), CPU "cpu%d/cpufreq/scaling_governor", i);
		tree_file(&s->t, path, "performance");
		snprintf(path, sizeof(path), CPU "cpu%d/cpuidle/state1/latency", i);
		tree_file(&s->t, path, "2");
		snprintf(path, sizeof(path), CPU "cpu%d/cpuidle/state1/name", i);
		tree_file(&s->t, path, "C1");
	}
	for (size_t i = 0; i < 4; i++)
		scene_config(s, (const char *const[]){ GPU0, GPU1, PORT0, PORT1 }[i], 1, 2, 0);
}

static inline void scene_open(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	tree_new(&s->t);
	scene_nodes(s);
	scene_gpus(s);
	scene_files(s);
	s->nic = (struct device){
		.kind = DEVICE_NIC, .name = "mlx5_0", .pci = NIC, .node = KNOWN(0)
	};
	s->m.nodes = s->nodes;
	s->m.nnodes = 2;
	s->m.distances = s->distances;
	s->m.gpus = s->gpus;
	s->m.ngpus = 2;
	s->m.devices = &s->nic;
	s->m.ndevices = 1;
	s->m.live = true;
	s->m.cpu_quota_milli = UNKNOWN("no CPU quota");
	s->m.memory_left = UNKNOWN("no memory limit");
	s->m.host = json_pack("{s:{s:s}, s:{s:s, s:s, s:s}}", "identity", "architecture", "x86_64",
			      "conditions", "virtualisation", "none", "thp", "madvise",
			      "thp_defrag", "madvise");
	s->driver = (struct driver_facts){ .asked = true,
					   .cuda_driver = 13000,
					   .cuda_runtime = 13000,
					   .nvml = s->facts,
					   .nnvml = 2 };
	result_init(&s->res);
	s->look = (struct look){ .m = &s->m,
				 .root = &s->root,
				 .no_files = "an XML file holds none",
				 .driver = &s->driver,
				 .policy = { true, true, true, true } };
	assert_int_equal(sysroot_open_recorded(&s->root, s->t.path, NULL), 0);
}

static inline void scene_close(struct scene *s)
{
	json_decref(s->m.host);
	s->res.recommendations = NULL;
	s->res.nrecommendations = 0;
	result_release(&s->res);
	sysroot_close(&s->root);
	tree_remove(&s->t);
}

/* ---- what rows change ---- */

static inline void no_gpus(struct scene *s)
{
	s->m.ngpus = 0;
}
static inline void one_gpu(struct scene *s)
{
	s->m.ngpus = 1;
}
static inline void no_files(struct scene *s)
{
	s->look.root = NULL;
}
static inline void no_nvml(struct scene *s)
{
	s->driver.nnvml = 0;
	snprintf(s->driver.why, sizeof(s->driver.why), "NVML was not asked");
}
static inline void one_node(struct scene *s)
{
	s->m.nnodes = 1;
}
static inline void in_guest(struct scene *s)
{
	s->look.guest = true;
	strcpy(s->look.hypervisor, "KVM");
}
static inline void with_result(struct scene *s)
{
	s->look.res = &s->res;
}
/* A record of a copy of a GPU, with what is in `more`. */
static inline void with_record(struct scene *s, int gpu, const char *more)
{
	struct record r;

	record_init(&r);
	strcpy(r.test, "gpu-bandwidth");
	r.gpu = gpu;
	record_set(&r, "test", "gpu", NULL);
	r.more = json_loads(more, 0, NULL);
	assert_non_null(r.more);
	assert_int_equal(result_add(&s->res, &r), 0);
	record_release(&r);
	with_result(s);
}

/* ---- rows ---- */

struct scene_row {
	const char *id;
	enum check_status status;
	const char *observed; /* a part of what is found */
	const char *fix;      /* a part of what mends it; NULL: whatever it is */
	void (*change)(struct scene *s);
	const char *files[4][2]; /* path, text; NULL: the path is removed */
};

static inline void scene_apply(struct scene *s, const struct scene_row *row)
{
	for (size_t i = 0; i < 4 && row->files[i][0]; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", s->t.path, row->files[i][0]);
		if (row->files[i][1])
			tree_file(&s->t, row->files[i][0], row->files[i][1]);
		else if (remove(path) != 0)
			fail_msg("%s: no such file to remove", row->files[i][0]);
	}
	if (row->change)
		row->change(s);
}

/* A shell takes the command as it stands: one line, nothing left to fill in, no syntax error. */
static inline void scene_check_command(const char *id, const char *command)
{
	static const char *const blanks[] = { "ADDRESS", "COMMAND", "DEFAULT", "FILE",
					      "GPU",     "GROUP",   "ID",      "N",
					      "PID",     "PORT",    "RESULT",  "UNIT" };
	char *const words[] = { "bash", "-n", "-c", (char *)(uintptr_t)command, NULL };
	pid_t pid;
	int status;

	if (strpbrk(command, "\n\r"))
		fail_msg("%s: a command of several lines: %s", id, command);
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		const char *at = strstr(command, blanks[i]);
		size_t n = strlen(blanks[i]);

		if (at && !isalnum((unsigned char)at[n]) &&
		    (at == command || !isalnum((unsigned char)at[-1])))
			fail_msg("%s: %s is left to fill in: %s", id, blanks[i], command);
	}
	if (strstr(command, " .. ") || strstr(command, "..."))
		fail_msg("%s: something is left out: %s", id, command);
	assert_int_equal(posix_spawnp(&pid, "bash", NULL, NULL, words, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s: bash does not take it: %s", id, command);
}

static inline void scene_check_step(const char *id, const json_t *step)
{
	const char *say = json_string_value(json_object_get(step, "text"));
	const char *run = json_string_value(json_object_get(step, "command"));

	if (!say && !run)
		fail_msg("%s: an empty step", id);
	if (run)
		scene_check_command(id, run);
}

/* What warns or fails says what it is, what it costs, how to mend it and how to see that it is
 * mended; and no name is left unfilled anywhere. */
static inline void scene_check_more(const struct finding *f)
{
	static const char *const keys[] = { "title", "harm", "cost" };
	const json_t *remedy = json_object_get(f->more, "remedy"), *step;
	char *text = json_dumps(f->more, 0);
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!json_string_length(json_object_get(f->more, keys[i])))
			fail_msg("%s: no %s", f->id, keys[i]);
	if (!json_array_size(remedy))
		fail_msg("%s: nothing mends it", f->id);
	json_array_foreach(remedy, i, step) scene_check_step(f->id, step);
	scene_check_step(f->id, json_object_get(f->more, "verify"));
	for (const char *p = text; (p = strchr(p, '{')); p++) {
		size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz");

		if (n && p[n + 1] == '}')
			fail_msg("%s: nothing fills %.*s", f->id, (int)n + 2, p);
	}
	free(text);
}

/* Every text is whole, and there is one where there must be. */
static inline void scene_check_words(const struct finding *f)
{
	bool bad = strcmp(f->status, "warn") == 0 || strcmp(f->status, "fail") == 0;
	const struct {
		const char *text;
		size_t room;
		bool needed;
	} texts[] = {
		{ f->subject, sizeof(f->subject), true },
		{ f->observed, sizeof(f->observed), true },
		{ f->expected, sizeof(f->expected), true },
		{ f->fix, sizeof(f->fix), bad },
		{ f->source, sizeof(f->source), true },
		{ f->authority, sizeof(f->authority), true },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strlen(texts[i].text) + 1 >= texts[i].room ||
		    !texts[i].text[0] == texts[i].needed)
			fail_msg("%s, %s: text %zu is cut or missing: '%s'", f->id, f->status, i,
				 texts[i].text);
	if (bad)
		scene_check_more(f);
	else
		assert_null(json_object_get(f->more, "remedy"));
}

/* A part of what mends it: of any of its words and commands. */
static inline bool scene_mends(const struct finding *f, const char *part)
{
	const json_t *step, *text;
	const char *key;
	size_t i;

	json_array_foreach(json_object_get(f->more, "remedy"), i, step)
		json_object_foreach((json_t *)(uintptr_t)step, key,
				    text) if (strstr(json_string_value(text), part)) return true;
	return false;
}

static inline void scene_run(const struct scene_row *row, size_t i)
{
	const char *family;
	const struct check *check = check_find(row->id, &family);
	struct scene s;
	struct result out;
	bool any = false;

	if (!check)
		fail_msg("row %zu: no check %s", i, row->id);
	scene_open(&s);
	scene_apply(&s, row);
	result_init(&out);
	assert_int_equal(check_run(&s.look, check, family, &out), 0);
	assert_true(out.nfindings > 0);
	for (size_t j = 0; j < out.nfindings; j++) {
		const struct finding *f = &out.findings[j];

		scene_check_words(f);
		any |= strcmp(f->status, check_status_name(row->status)) == 0 &&
		       strstr(f->observed, row->observed) &&
		       (!row->fix || scene_mends(f, row->fix));
	}
	if (!any)
		fail_msg("row %zu: %s does not find '%s' (%s): %s: %s; mend: %s", i, row->id,
			 row->observed, check_status_name(row->status), out.findings[0].status,
			 out.findings[0].observed, out.findings[0].fix);
	result_release(&out);
	scene_close(&s);
}

static inline void scenes_run(const struct scene_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		scene_run(&rows[i], i);
}

/* Every status that a row of the table can tell is reached, and no other. */
static inline void scenes_cover(const struct scene_row *rows, size_t n, const struct check *table)
{
	for (; table->id; table++)
		for (unsigned status = CHECK_PASS; status <= CHECK_FAIL; status++) {
			bool reached = false;

			for (size_t i = 0; i < n; i++)
				reached |= strcmp(rows[i].id, table->id) == 0 &&
					   rows[i].status == status;
			if (reached != !!(table->tells & 1U << status))
				fail_msg("%s: status %s is %s", table->id,
					 check_status_name((enum check_status)status),
					 reached ? "reached and not told" : "told and not reached");
		}
}

#endif
