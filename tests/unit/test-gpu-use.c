/* Who may use a GPU and who does: busy GPUs and compute modes, from what NVML and CUDA say. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "machine/parts.h"
#include "tree.h"

#define MIB (1LL << 20)
#define GIB (1LL << 30)

static const char pci[] = "0000:17:00.0";

struct bench {
	struct tree t;
	struct source s;
	struct machine m;
	struct gpu_answers a;
	struct nvml_facts *nvml;
	struct gpu_facts *cuda;
};

/* One GPU of 80 GiB, which NVML and CUDA see. */
static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	*state = b;
	tree_new(&b->t);
	tree_file(&b->t, "sys/devices/system/cpu/online", "0-3\n");
	tree_file(&b->t, "proc/4711/comm", "python\n");
	assert_int_equal(sysroot_open_recorded(&b->s.root, b->t.path, NULL), 0);
	b->m.live = b->m.cuda_build = true;
	b->m.nnodes = 1;
	b->m.nodes = calloc(1, sizeof(*b->m.nodes));
	b->a = (struct gpu_answers){ .asked = true,
				     .cuda_answered = true,
				     .nvml_answered = true,
				     .driver_version = 13000,
				     .nnvml = 1,
				     .ncuda = 1 };
	b->a.nvml = b->nvml = calloc(1, sizeof(*b->nvml));
	b->a.cuda = b->cuda = calloc(1, sizeof(*b->cuda));
	*b->nvml = (struct nvml_facts){ .memory_bytes = KNOWN(80 * GIB),
					.memory_used = KNOWN(0),
					.utilisation = KNOWN(0),
					.compute_mode = KNOWN(NVML_SHARED),
					.processes = KNOWN(0) };
	strcpy(b->nvml->pci, pci);
	*b->cuda = (struct gpu_facts){ .memory_bytes = KNOWN(79 * GIB),
				       .exclusive = UNKNOWN("not told") };
	strcpy(b->cuda->pci, pci);
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	machine_release(&b->m);
	gpu_answers_release(&b->a);
	sysroot_close(&b->s.root);
	tree_remove(&b->t);
	free(b);
	return 0;
}

static const struct gpu *merge(struct bench *b)
{
	struct gpu_list l = { 0 };

	assert_int_equal(gpus_merge(&b->m, &l, &b->a, &b->s), 0);
	free(l.v);
	assert_int_equal(b->m.ngpus, 1);
	return &b->m.gpus[0];
}

static void who_makes_a_gpu_busy(void **state)
{
	static const struct {
		struct known processes, pid, used, memory, utilisation;
		bool own_node;   /* its memory is a NUMA node */
		const char *why; /* NULL: not busy */
	} rows[] = {
#define NOT_TOLD       UNKNOWN("NVML does not tell")
#define USES(used, of) KNOWN(0), NOT_TOLD, KNOWN(used), KNOWN(of)
		{ KNOWN(1), KNOWN(4711), KNOWN(0), KNOWN(80 * GIB), KNOWN(0), false,
		  "process 4711 (python) uses it" },
		{ KNOWN(2), KNOWN(4712), KNOWN(60 * GIB), KNOWN(80 * GIB), KNOWN(9), false,
		  "process 4712 uses it, and others" },
		{ KNOWN(300), NOT_TOLD, KNOWN(0), KNOWN(80 * GIB), KNOWN(0), false,
		  "300 processes use it" },
		/* nobody is listed */
		{ USES(0, 80 * GIB), KNOWN(0), false, NULL },
		{ USES(44130 * MIB, 80 * GIB), KNOWN(97), false,
		  "memory in use: 43.1 of 80 GiB, 97 % utilised, though no process is listed "
		  "(a container hides other processes)" },
		{ USES(44130 * MIB, 80 * GIB), NOT_TOLD, false,
		  "memory in use: 43.1 of 80 GiB, though no process is listed "
		  "(a container hides other processes)" },
		{ NOT_TOLD, NOT_TOLD, KNOWN(44130 * MIB), KNOWN(80 * GIB), KNOWN(0), false,
		  "memory in use: 43.1 of 80 GiB, 0 % utilised, though NVML does not list "
		  "processes here" },
		/* a bench of ours that has just ended leaves its utilisation behind */
		{ USES(500 * MIB, 80 * GIB), KNOWN(100), false, NULL },
		/* 1 GiB decides for small GPUs, 3 % for large ones: 2.4 GiB of 80 */
		{ USES(GIB, 16 * GIB), KNOWN(0), false, NULL },
		{ USES(GIB + MIB, 16 * GIB), KNOWN(0), false, "memory in use: 1.0 of 16 GiB" },
		{ USES(2400 * MIB, 80 * GIB), KNOWN(0), false, NULL },
		{ USES(2500 * MIB, 80 * GIB), KNOWN(0), false, "memory in use: 2.4 of 80 GiB" },
		/* the kernel uses such memory too */
		{ USES(44130 * MIB, 80 * GIB), KNOWN(97), true, NULL },
		{ KNOWN(0), NOT_TOLD, NOT_TOLD, KNOWN(80 * GIB), KNOWN(97), false, NULL },
		{ KNOWN(0), NOT_TOLD, KNOWN(2 * GIB), NOT_TOLD, KNOWN(97), false, NULL },
		{ NOT_TOLD, NOT_TOLD, NOT_TOLD, NOT_TOLD, NOT_TOLD, false, NULL },
#undef NOT_TOLD
#undef USES
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct gpu *g;
		struct bench *b;
		void *fresh;

		set_up(&fresh);
		b = fresh;
		b->nvml->processes = rows[i].processes;
		b->nvml->busy_pid = rows[i].pid;
		b->nvml->memory_used = rows[i].used;
		b->nvml->memory_bytes = rows[i].memory;
		b->nvml->utilisation = rows[i].utilisation;
		if (rows[i].own_node)
			b->cuda->own_node = KNOWN(9);
		g = merge(b);
		if (g->busy != (rows[i].why != NULL) ||
		    (!g->busy ? g->busy_why[0] : strstr(g->busy_why, rows[i].why) != g->busy_why))
			fail_msg("row %zu: %d '%s'", i, g->busy, g->busy_why);
		tear_down(&fresh);
	}
}

/* Processes that only draw: an idle desktop is told and measured, whatever works is busy. */
static void who_draws_on_a_gpu(void **state)
{
	static const struct {
		struct known computing, drawing, pid, used, utilisation;
		const char *busy, *desktop; /* what is said; NULL: nothing */
	} rows[] = {
#define NOT_TOLD UNKNOWN("NVML does not tell")
		{ KNOWN(0), KNOWN(0), NOT_TOLD, KNOWN(0), KNOWN(0), NULL, NULL },
		{ KNOWN(0), NOT_TOLD, NOT_TOLD, KNOWN(0), KNOWN(90), NULL, NULL },
		{ KNOWN(0), KNOWN(1), KNOWN(4711), KNOWN(200 * MIB), KNOWN(0), NULL,
		  "process 4711 (python) draws on it" },
		{ KNOWN(0), KNOWN(3), KNOWN(4712), KNOWN(900 * MIB), KNOWN(5), NULL,
		  "process 4712 draws on it, and others" },
		{ KNOWN(0), KNOWN(300), NOT_TOLD, KNOWN(200 * MIB), NOT_TOLD, NULL,
		  "300 processes draw on it" },
		{ NOT_TOLD, KNOWN(1), KNOWN(4712), NOT_TOLD, NOT_TOLD, NULL,
		  "process 4712 draws on it" },
		/* it works */
		{ KNOWN(0), KNOWN(1), KNOWN(4711), KNOWN(200 * MIB), KNOWN(6),
		  "graphics process 4711 (python) uses it; memory in use: 0.2 of 80 GiB, 6 % "
		  "utilised",
		  NULL },
		{ KNOWN(0), KNOWN(2), KNOWN(4712), KNOWN(9 * GIB), KNOWN(0),
		  "graphics process 4712 uses it, and others; memory in use: 9.0 of 80 GiB, 0 % "
		  "utilised",
		  NULL },
		{ KNOWN(0), KNOWN(1), KNOWN(4712), NOT_TOLD, KNOWN(50),
		  "graphics process 4712 uses it; 50 % utilised", NULL },
		/* one that computes says more */
		{ KNOWN(1), KNOWN(1), KNOWN(4712), KNOWN(0), KNOWN(0), "1 processes use it", NULL },
#undef NOT_TOLD
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *busy = rows[i].busy ? rows[i].busy : "";
		const char *desktop = rows[i].desktop ? rows[i].desktop : "";
		const struct gpu *g;
		struct bench *b;
		void *fresh;

		set_up(&fresh);
		b = fresh;
		b->nvml->processes = rows[i].computing;
		b->nvml->drawing = rows[i].drawing;
		b->nvml->drawing_pid = rows[i].pid;
		b->nvml->memory_used = rows[i].used;
		b->nvml->utilisation = rows[i].utilisation;
		g = merge(b);
		if (g->busy != (rows[i].busy != NULL) || strcmp(g->busy_why, busy) != 0 ||
		    strcmp(g->desktop, desktop) != 0)
			fail_msg("row %zu: %d '%s' '%s'", i, g->busy, g->busy_why, g->desktop);
		tear_down(&fresh);
	}
}

static void compute_modes(void **state)
{
	static const struct {
		struct known nvml, cuda;
		bool is;
		long long exclusive;
		enum gpu_state state;
	} rows[] = {
		{ KNOWN(NVML_SHARED), UNKNOWN("x"), true, 0, GPU_USABLE },
		{ KNOWN(NVML_EXCLUSIVE_PROCESS), UNKNOWN("x"), true, 1, GPU_USABLE },
		{ KNOWN(NVML_EXCLUSIVE_THREAD), KNOWN(0), true, 1, GPU_USABLE },
		{ KNOWN(NVML_PROHIBITED), KNOWN(0), true, 1, GPU_HIDDEN },
		{ KNOWN(7), UNKNOWN("x"), false, 0, GPU_USABLE },
		{ UNKNOWN("x"), KNOWN(1), true, 1, GPU_USABLE },
		{ UNKNOWN("x"), KNOWN(0), true, 0, GPU_USABLE },
		{ UNKNOWN("x"), UNKNOWN("y"), false, 0, GPU_USABLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct gpu *g;
		struct bench *b;
		void *fresh;

		set_up(&fresh);
		b = fresh;
		b->nvml->compute_mode = rows[i].nvml;
		b->cuda->exclusive = rows[i].cuda;
		g = merge(b);
		if (g->exclusive.is != rows[i].is || g->state != rows[i].state ||
		    (g->exclusive.is && g->exclusive.value != rows[i].exclusive))
			fail_msg("row %zu: %d %lld %s", i, g->exclusive.is, g->exclusive.value,
				 gpu_state_name(g->state));
		tear_down(&fresh);
	}
}

/* Nothing is broken, and it says how to mend it. */
static void a_prohibited_gpu(void **state)
{
	struct bench *b = *state;
	struct idset gpus;
	struct err e = { "" };

	b->nvml->compute_mode = KNOWN(NVML_PROHIBITED);
	merge(b);
	assert_non_null(strstr(b->m.gpus[0].state_why, "nvidia-smi -i 0000:17:00.0 -c DEFAULT"));
	assert_non_null(strstr(b->m.cuda_why, "prohibited"));
	assert_int_equal(machine_parse_gpus(&b->m, "0", &gpus, &e), -EINVAL);
	assert_non_null(strstr(e.text, "prohibited"));
}

static void json_there_and_back(void **state)
{
	struct bench *b = *state;
	struct machine back;
	json_t *o, *gpu;

	b->nvml->compute_mode = KNOWN(NVML_EXCLUSIVE_PROCESS);
	merge(b);
	o = machine_to_json(&b->m);
	gpu = json_array_get(json_object_get(o, "gpus"), 0);
	assert_int_equal(json_integer_value(json_object_get(gpu, "exclusive")), 1);
	assert_int_equal(machine_from_json(&back, o, NULL), 0);
	assert_true(back.gpus[0].exclusive.is);
	assert_int_equal(back.gpus[0].exclusive.value, 1);
	machine_release(&back);
	/* A result of before it was told. */
	json_object_del(gpu, "exclusive");
	assert_int_equal(machine_from_json(&back, o, NULL), 0);
	assert_false(back.gpus[0].exclusive.is);
	machine_release(&back);
	json_object_set_new(gpu, "exclusive", json_true());
	assert_int_equal(machine_from_json(&back, o, NULL), -EINVAL);
	json_decref(o);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_makes_a_gpu_busy),
		cmocka_unit_test(who_draws_on_a_gpu),
		cmocka_unit_test(compute_modes),
		EACH(a_prohibited_gpu),
		EACH(json_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
