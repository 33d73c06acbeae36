/* test-ranks.c - which GPU and which cores are a rank's own, by what launchers and CUDA say. */
#include <errno.h>

#include "planted.h"

#include "front/choice.h"
#include "front/ranks.h"

/* Four GPUs on two nodes of `cores` cores, all usable; GPU 1 has two MIG instances. */
static void make(struct machine *m, int cores)
{
	plant_machine(m, 2, cores, 4);
	for (size_t i = 0; i < m->ngpus; i++) {
		m->gpus[i].state = GPU_USABLE;
		snprintf(m->gpus[i].uuid, sizeof m->gpus[i].uuid, "GPU-%zu0000000-aaaa", i);
	}
	snprintf(m->gpus[1].instances, sizeof m->gpus[1].instances, "MIG-11-a,MIG-12-b");
}

/* ---- ranks ---- */

static void test_rank(void **state)
{
	static const struct {
		const char *said;
		const char *env[4];
		int rank; /* -1: refused */
		const char *words;
	} rows[] = {
		{ "3", { NULL }, 3, NULL },
		{ "0", { "LOCAL_RANK=5" }, 0, NULL },
		{ "auto", { "LOCAL_RANK=5" }, 5, "LOCAL_RANK" },
		{ "auto", { "SLURM_LOCALID=2" }, 2, "SLURM_LOCALID" },
		{ "auto", { "OMPI_COMM_WORLD_LOCAL_RANK=7" }, 7, "OMPI_COMM_WORLD_LOCAL_RANK" },
		{ "auto", { "MPI_LOCALRANKID=1" }, 1, "MPI_LOCALRANKID" },
		/* mpirun out of a batch script, torchrun under srun */
		{ "auto", { "SLURM_LOCALID=0", "OMPI_COMM_WORLD_LOCAL_RANK=3" }, 3, "OMPI" },
		{ "auto", { "SLURM_LOCALID=0", "LOCAL_RANK=4" }, 4, "LOCAL_RANK" },
		{ "auto", { NULL }, -1, "no launcher says which rank" },
		{ "auto", { "XLOCAL_RANK=1", "LOCAL_RANKS=2" }, -1, "no launcher says" },
		{ "auto", { "LOCAL_RANK=" }, -1, "LOCAL_RANK=" },
		{ "auto", { "LOCAL_RANK=-1" }, -1, "LOCAL_RANK=-1: not a whole number" },
		{ "auto", { "LOCAL_RANK=1x" }, -1, "LOCAL_RANK=1x" },
		{ "first", { NULL }, -1, "'--rank first': not a whole number" },
		{ "-1", { NULL }, -1, "'--rank -1'" },
		{ "99999999999", { NULL }, -1, "'--rank 99999999999'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = { "" };
		struct rank r;
		int rc = rank_find(&r, rows[i].said, (char *const *)(uintptr_t)rows[i].env, &e);

		if (rows[i].rank < 0) {
			assert_true(rc == -EINVAL || rc == -ERANGE);
			if (!strstr(e.text, rows[i].words))
				fail_msg("\"%s\" does not say \"%s\"", e.text, rows[i].words);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(r.number, rows[i].rank);
		if (rows[i].words)
			assert_non_null(strstr(r.from, rows[i].words));
		else
			assert_null(r.from);
	}
}

static void test_environment(void **state)
{
	char *const env[] = { "A=1", "CUDA_VISIBLE_DEVICES=3,1", "CUDA_DEVICE_ORDER_X=2",
			      "CUDA_DEVICE_ORDER=FASTEST_FIRST", NULL };
	char *const own[] = { "OMP_NUM_THREADS=2", NULL };
	char **with = launch_environment(env, "GPU-7", 12);

	(void)state;
	assert_string_equal(environment_value(with, "CUDA_VISIBLE_DEVICES"), "GPU-7");
	assert_string_equal(environment_value(with, "CUDA_DEVICE_ORDER"), "PCI_BUS_ID");
	assert_string_equal(environment_value(with, "CUDA_DEVICE_ORDER_X"), "2");
	assert_string_equal(environment_value(with, "OMP_NUM_THREADS"), "12");
	assert_string_equal(with[0], "A=1");
	assert_null(environment_value(with, "OMP_PROC_BIND"));
	assert_null(environment_value(with, "CUDA"));
	free(with);
	with = launch_environment(env, "", 0);
	assert_string_equal(environment_value(with, "CUDA_VISIBLE_DEVICES"), "3,1");
	assert_null(environment_value(with, "OMP_NUM_THREADS"));
	free(with);
	with = launch_environment(own, "0", 8);
	assert_string_equal(environment_value(with, "OMP_NUM_THREADS"), "2");
	free(with);
}

/* ---- what CUDA offers ---- */

static void hide(struct machine *m, const int *gpus)
{
	for (; *gpus >= 0; gpus++)
		m->gpus[*gpus].state = GPU_HIDDEN;
}

static void test_offered(void **state)
{
	static const struct {
		const char *visible;
		int hidden[5];      /* then -1 */
		const char *offers; /* GPUs' numbers; or what is refused */
	} rows[] = {
		{ NULL, { -1 }, "0 1 2 3" },
		{ NULL, { 1, -1 }, "0 2 3" }, /* a device cgroup */
		{ "2", { 0, 1, 3, -1 }, "2" },
		{ "3,1", { 0, 2, -1 }, "3 1" },
		{ " 3 , 1 ", { 0, 2, -1 }, "3 1" },
		/* Numbers count what the container has: its 0 and 1 are GPUs 1 and 3. */
		{ "0,1", { 0, 2, -1 }, "1 3" },
		{ "1,0", { 0, 2, -1 }, "3 1" },
		{ "GPU-20000000-aaaa", { 0, 1, 3, -1 }, "2" },
		{ "GPU-3,GPU-0", { 1, 2, -1 }, "3 0" },
		{ "gpu-3", { 0, 1, 2, -1 }, "3" },
		{ "MIG-12-b,MIG-11-a", { -1 }, "1 1" },
		{ "MIG-GPU-30000000-aaaa/3/0", { -1 }, "3" },
		{ "MIG-99-x", { 0, 1, 3, -1 }, "2" }, /* not known, but CUDA has one GPU */
		{ "0,nonsense,1", { -1 }, "0" },      /* like CUDA up to there */
		{ "1,9,2", { -1 }, "1" },
		{ "", { -1 }, "leaves no GPU" },
		{ "-1", { -1 }, "leaves no GPU" },
		{ "nonsense", { -1 }, "CUDA_VISIBLE_DEVICES=nonsense leaves no GPU" },
		{ "MIG-99-x", { -1 }, "leaves no GPU" },
		{ "2,2", { -1 }, "GPU 2 twice" },
		{ NULL, { 0, 1, 2, 3, -1 }, "no GPU here can be used" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct offered *list = NULL;
		char got[64] = "";
		struct machine m;
		struct err e = { "" };
		size_t n = 0;
		int rc;

		make(&m, 4);
		hide(&m, rows[i].hidden);
		rc = gpus_offered(&list, &n, &m, rows[i].visible, &e);
		for (size_t k = 0; rc == 0 && k < n; k++)
			snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d", k ? " " : "",
				 list[k].gpu->index);
		if (rc == 0 ? strcmp(got, rows[i].offers) != 0
			    : !strstr(e.text, rows[i].offers) || rc != -EINVAL)
			fail_msg("row %zu, %s: \"%s\" (%d, %s), not \"%s\"", i,
				 rows[i].visible ? rows[i].visible : "not set", got, rc, e.text,
				 rows[i].offers);
		free(list);
		machine_release(&m);
	}
}

/* Names for CUDA_VISIBLE_DEVICES; ranks that are left without. */
static void test_names(void **state)
{
	struct rank said = { .number = 2 }, told = { .number = 5, .from = "LOCAL_RANK" };
	struct offered *list;
	struct machine m;
	struct err e;
	size_t n;

	(void)state;
	make(&m, 4);
	m.gpus[2].uuid[0] = '\0';
	assert_int_equal(gpus_offered(&list, &n, &m, "2,MIG-12-b,3", &e), 0);
	assert_int_equal(n, 3);
	assert_string_equal(list[0].name, "2");
	assert_string_equal(list[1].name, "MIG-12-b");
	assert_string_equal(list[2].name, "GPU-30000000-aaaa");
	assert_int_equal(rank_offered(&said, n, &e), 2);
	assert_int_equal(rank_offered(&told, n, &e), -EINVAL);
	assert_non_null(strstr(e.text, "rank 5 (LOCAL_RANK) has no GPU: 3 are visible"));
	assert_int_equal(rank_offered(&told, 1, &e), 0); /* its launcher shows it one */
	assert_int_equal(rank_offered(&said, 1, &e), -EINVAL);
	free(list);
	machine_release(&m);
}

/* ---- cores ---- */

/* Ranks of one launch: disjoint, whole cores, together all that their node has. */
static void test_shares(void **state)
{
	static const struct {
		int cores;
		const char *visible;
		size_t ranks;
		bool shared;
	} rows[] = {
		{ 4, NULL, 4, false },
		{ 24, "0,1,2,3", 4, false },
		{ 24, "MIG-11-a,MIG-12-b,3", 3, false },
		{ 250, NULL, 4, false }, /* 1,000 CPUs */
		{ 1, NULL, 4, true },
		{ 1, "MIG-11-a,MIG-12-b", 2, true },
	};
	const struct binding_want want = { .memory = BINDING_BIND };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct idset all = { { 0 } };
		struct choice c;
		struct machine m;
		struct err e = { "" };
		size_t cpus = 0;

		make(&m, rows[i].cores);
		assert_int_equal(choice_open(&c, &m, NULL, &e), 0);
		for (size_t k = 0; k < rows[i].ranks; k++) {
			struct rank r = { .number = (int)k };
			struct offered own;
			struct binding b;

			if (choice_rank(&b, &own, &c, &m, &r, rows[i].visible, NULL, &want, &e) < 0)
				fail_msg("row %zu: %s", i, e.text);
			assert_int_equal(b.node, own.gpu->index % 2);
			assert_int_equal(b.cpus_shared, rows[i].shared);
			/* two siblings to a core */
			assert_int_equal(idset_count(&b.cpus), 2 * cores_of(&m, &b.cpus));
			all = idset_or(&all, &b.cpus);
			cpus += idset_count(&b.cpus);
		}
		if (!rows[i].shared)
			assert_int_equal(idset_count(&all), cpus);
		if (!rows[i].visible)
			assert_int_equal(idset_count(&all), 4 * rows[i].cores);
		choice_close(&c);
		machine_release(&m);
	}
}

/* One GPU alone has the share that it has among all: another launch may have the others. */
static void test_one(void **state)
{
	const struct binding_want want = { .memory = BINDING_BIND, .smt = SMT_ONE };
	struct binding b;
	struct choice c;
	struct machine m;
	struct err e;
	char cpus[64];

	(void)state;
	make(&m, 4);
	m.gpus[1].node_sysfs = UNKNOWN("not declared"); /* no reason to refuse the others */
	assert_int_equal(choice_open(&c, &m, NULL, &e), 0);
	assert_int_equal(choice_one(&b, &c, &m, 2, &want, &e), 0);
	idset_format(&b.cpus, cpus, sizeof cpus);
	assert_string_equal(cpus, "4,6"); /* cores 2 and 3 of node 0; GPU 0 has the first */
	assert_int_equal(choice_one(&b, &c, &m, 3, &want, &e), 0);
	assert_int_equal(idset_count(&b.cpus), 4); /* all of node 1 */
	assert_int_equal(choice_one(&b, &c, &m, 1, &want, &e), -ENODEV);
	assert_non_null(strstr(e.text, "GPU 1: no node is declared"));
	/* One that is hidden may be another's, but not where the cores have been given to us. */
	m.gpus[0].state = GPU_HIDDEN;
	assert_int_equal(choice_one(&b, &c, &m, 2, &want, &e), 0);
	assert_int_equal(idset_next(&b.cpus, -1), 4);
	m.nodes[0].ncores = 3;
	m.nodes[0].allowed_cpus = (struct idset){ { 0x3f } };
	assert_int_equal(choice_one(&b, &c, &m, 2, &want, &e), 0);
	idset_format(&b.cpus, cpus, sizeof cpus);
	assert_string_equal(cpus, "0,2,4");
	m.gpus[0].state = GPU_USABLE;
	assert_int_equal(choice_one(&b, &c, &m, 2, &want, &e), 0);
	assert_int_equal(idset_count(&b.cpus), 2);
	choice_close(&c);
	machine_release(&m);
}

/* What a rank's launcher has bound it to, and what it gets: GPUs 0 and 2 hang on node 0 (CPUs 0-7),
 * 1 and 3 on node 1 (CPUs 8-15). */
static void test_launchers(void **state)
{
	static const struct {
		int rank;
		const char *had, *gets, *says;
		enum binding_smt smt;
	} rows[] = {
		{ 2, "0-15", "4-7", "", SMT_ALL }, /* nothing */
		{ 2, "0-7", "4-7", "", SMT_ALL },  /* --bind-to numa */
		{ 2, "2-5", "2-5", "of CPUs 2-5, to which its launcher has bound it", SMT_ALL },
		{ 2, "2-5", "2,4", "of CPUs 2-5, to which", SMT_ONE },
		{ 2, "6-11", "6-7", "of CPUs 6-11, to which", SMT_ALL },
		{ 2, "8-15", "4-7", "its launcher had bound it to CPUs 8-15, of another node",
		  SMT_ALL },
		{ 3, "0-1", "12-15", "had bound it to CPUs 0-1, of another", SMT_ALL },
	};
	struct choice c;
	struct machine m;
	struct err e = { "" };

	(void)state;
	make(&m, 4);
	assert_int_equal(choice_open(&c, &m, NULL, &e), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct binding_want want = { .memory = BINDING_BIND, .smt = rows[i].smt };
		struct rank r = { .number = rows[i].rank };
		struct offered own;
		struct binding b;
		struct idset had;
		char got[64];

		assert_int_equal(idset_parse(&had, rows[i].had, NULL), 0);
		assert_int_equal(choice_rank(&b, &own, &c, &m, &r, NULL, &had, &want, &e), 0);
		idset_format(&b.cpus, got, sizeof got);
		assert_string_equal(got, rows[i].gets);
		if (rows[i].says[0] ? !strstr(b.note, rows[i].says) : b.note[0])
			fail_msg("row %zu: '%s'", i, b.note);
	}
	choice_close(&c);
	machine_release(&m);
}

static void test_parts(void **state)
{
	struct machine m;
	struct idset all, a, b, c;

	(void)state;
	make(&m, 5); /* CPUs 0-9 are node 0's */
	all = m.nodes[0].cpus;
	a = cores_part(&m, &all, 0, 2);
	b = cores_part(&m, &all, 1, 2);
	c = idset_and(&a, &b);
	assert_true(idset_empty(&c));
	c = idset_or(&a, &b);
	assert_true(idset_equal(&c, &all));
	a = cores_part(&m, &all, 0, 1);
	assert_true(idset_equal(&a, &all));
	a = cores_part(&m, &all, 6, 7); /* more parts than cores: the seventh has the second core */
	assert_int_equal(idset_count(&a), 2);
	assert_true(idset_has(&a, 2) && idset_has(&a, 3));
	a = (struct idset){ { 0 } };
	b = cores_part(&m, &a, 0, 2);
	assert_true(idset_empty(&b));
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rank),    cmocka_unit_test(test_environment),
		cmocka_unit_test(test_offered), cmocka_unit_test(test_names),
		cmocka_unit_test(test_shares),  cmocka_unit_test(test_one),
		cmocka_unit_test(test_parts),   cmocka_unit_test(test_launchers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
