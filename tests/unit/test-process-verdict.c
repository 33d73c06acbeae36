/* Whether a process runs, and keeps its memory, where its GPUs are: every verdict. */
#include "unit.h"

#include <regex.h>
#include <string.h>

#include "process_tree.h"

static bool matches(const char *text, const char *pattern)
{
	regex_t re;
	bool yes;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

/* ---- the verdicts ---- */

static void verdicts(void **state)
{
	static const struct {
		const char *what, *cpus, *mems, *policy, *maps, *device, *gpus;
		enum process_binding binding;
		const char *nodes, *says;
	} rows[] = {
		{ "bound well", "4-7", "0-1", "bind:1", LIBRARY HEAP("bind:1", "N1=16384"),
		  "/dev/nvidia1", NULL, PROCESS_WELL, "1",
		  "run on node 1 alone; .* kept to node 1; 100 %" },
		{ "by a cpuset", "4-7", "1", "default", LIBRARY HEAP("default", "N1=16384"),
		  "/dev/nvidia1", NULL, PROCESS_WELL, "1", "kept to node 1" },
		{ "preferred will do", "4-5", "0-1", "prefer:1", HEAP("prefer:1", "N1=16384"),
		  "/dev/nvidia1", NULL, PROCESS_WELL, "1", NULL },
		{ "some was there before", "4-7", "0-1", "bind:1",
		  HEAP("bind:1", "N0=800 N1=15584"), "/dev/nvidia1", NULL, PROCESS_WELL, "1",
		  "95 %" },
		{ "too much was", "4-7", "0-1", "bind:1", HEAP("bind:1", "N0=8192 N1=8192"),
		  "/dev/nvidia1", NULL, PROCESS_CPU_ONLY, "1", "50 %" },
		{ "CPU only", "4-7", "0-1", "default", HEAP("default", "N1=16384"), "/dev/nvidia1",
		  NULL, PROCESS_CPU_ONLY, "1", "nothing keeps its memory there; 100 %" },
		{ "interleaved", "4-7", "0-1", "interleave:0-1",
		  HEAP("interleave:0-1", "N0=8192 N1=8192"), "/dev/nvidia1", NULL, PROCESS_CPU_ONLY,
		  "1", NULL },
		{ "memory only", "0-7", "0-1", "bind:1", HEAP("bind:1", "N1=16384"), "/dev/nvidia1",
		  NULL, PROCESS_MEMORY_ONLY, "1", "may run on nodes 0-1; its memory is kept" },
		{ "memory bound area by area", "4-7", "0-1", "default",
		  LIBRARY HEAP("default",
			       "N1=256") "7f80 bind=static:1 file=/memfd:ram huge dirty=64 N1=64 "
					 "kernelpagesize_kB=2048\n",
		  "/dev/nvidia1", NULL, PROCESS_WELL, "1", NULL },
		{ "not bound", "0-7", "0-1", "default", HEAP("default", "N0=16384"), "/dev/nvidia1",
		  NULL, PROCESS_UNBOUND, "1", "0 %" },
		{ "wrong node", "0-3", "0-1", "bind:0", HEAP("bind:0", "N0=16384"), "/dev/nvidia1",
		  NULL, PROCESS_WRONG_NODE, "1",
		  "run on node 0; its memory is kept to node 0; 0 %" },
		{ "right CPUs, wrong memory", "4-7", "0-1", "bind:0", HEAP("bind:0", "N0=16384"),
		  "/dev/nvidia1", NULL, PROCESS_WRONG_NODE, "1", NULL },
		{ "wrong CPUs alone", "0-3", "0-1", "default", HEAP("default", "N0=16384"),
		  "/dev/nvidia1", NULL, PROCESS_WRONG_NODE, "1", NULL },
		{ "the other GPU's minor", "0-3", "0-1", "bind:0", HEAP("bind:0", "N0=16384"),
		  "/dev/nvidia3", NULL, PROCESS_WELL, "0", NULL },
		{ "by its render node", "4-7", "0-1", "bind:1", HEAP("bind:1", "N1=16384"),
		  "/dev/dri/renderD129", NULL, PROCESS_WELL, "1", NULL },
		{ "by VFIO's group", "0-3", "0-1", "bind:0", HEAP("bind:0", "N0=16384"),
		  "/dev/vfio/27", NULL, PROCESS_WRONG_NODE, "1", NULL },
		{ "by VFIO's device", "4-7", "0-1", "bind:1", HEAP("bind:1", "N1=16384"),
		  "/dev/vfio/devices/vfio0", NULL, PROCESS_WELL, "1", NULL },
		{ "as the caller says", "4-7", "0-1", "bind:1", HEAP("bind:1", "N1=16384"),
		  "/dev/nvidia3", "1", PROCESS_WELL, "1", NULL },
		{ "GPUs of all nodes", "0-7", "0-1", "default", HEAP("default", "N1=16384"), NULL,
		  "0-1", PROCESS_NEEDLESS, "", "all nodes" },
		{ "GPUs of all nodes, kept to one", "0-3", "0-1", "bind:0",
		  HEAP("bind:0", "N0=16384"), NULL, "0-1", PROCESS_WELL, "0", NULL },
		{ "no GPU, kept to a node", "0-3", "0-1", "bind:0", HEAP("bind:0", "N0=16384"),
		  "/dev/null", NULL, PROCESS_WELL, "0", "^its threads may run on node 0 alone" },
		{ "no GPU, torn apart", "0-3", "0-1", "bind:1", HEAP("bind:1", "N1=16384"), NULL,
		  NULL, PROCESS_WRONG_NODE, "0", NULL },
		{ "no GPU, memory kept", "0-7", "0-1", "bind:1", HEAP("bind:1", "N1=16384"), NULL,
		  NULL, PROCESS_MEMORY_ONLY, "1", NULL },
		{ "no GPU, not bound", "0-7", "0-1", "default", HEAP("default", "N1=16384"), NULL,
		  NULL, PROCESS_UNBOUND, "", "may run on nodes 0-1; nothing keeps" },
		{ "memory not shown", "4-7", "0-1", NULL, NULL, "/dev/nvidia1", NULL,
		  PROCESS_UNKNOWN, "1", "cannot be seen" },
		{ "memory not shown, but a cpuset", "4-7", "1", NULL, NULL, "/dev/nvidia1", NULL,
		  PROCESS_WELL, "1", NULL },
		{ "memory not shown, wrong CPUs", "0-3", "0-1", NULL, NULL, "/dev/nvidia1", NULL,
		  PROCESS_WRONG_NODE, "1", NULL },
		{ "GPUs not shown", "4-7", "0-1", "bind:1", HEAP("bind:1", "N1=16384"), "-", NULL,
		  PROCESS_UNKNOWN, "1", "GPUs it has open cannot be seen" },
		{ "GPUs not shown, but said", "4-7", "0-1", "bind:1", HEAP("bind:1", "N1=16384"),
		  "-", "1", PROCESS_WELL, "1", NULL },
		{ "nothing shown", "0-7", "0-1", NULL, NULL, "-", NULL, PROCESS_UNKNOWN, "",
		  "memory lies cannot be seen; which GPUs" },
		{ "some of it in a GPU's own memory", "4-7", "0-1", "bind:1",
		  HEAP("bind:1", "N1=8192 N5=8192"), "/dev/nvidia1", NULL, PROCESS_WELL, "1",
		  "100 % of it is on node 1" },
		{ "CPUs that are not online", "4-7,64-127", "0-1,5", "bind:1",
		  HEAP("bind:1", "N1=16384"), "/dev/nvidia1", NULL, PROCESS_WELL, "1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct thread th = { 500, "python", rows[i].cpus, rows[i].mems, rows[i].policy, 5 };
		struct process_verdict *v;
		struct setting p;
		char nodes[40];

		begin(&p);
		plant_process(&p.files, 500, 1, "python", rows[i].maps);
		plant_thread(&p.files, 500, &th);
		if (!rows[i].device || rows[i].device[0] != '-')
			plant_descriptor(&p.files, 500, 0, "/dev/nvidiactl");
		if (rows[i].device && rows[i].device[0] != '-')
			plant_descriptor(&p.files, 500, 7, rows[i].device);
		look_at(&p, 500, rows[i].gpus);
		v = &p.verdict.v[0];
		idset_format(&v->nodes, nodes, sizeof nodes);
		if (p.verdict.binding != rows[i].binding || strcmp(nodes, rows[i].nodes) != 0)
			fail_msg("%s: %s, to be on %s: %s", rows[i].what,
				 binding_name(p.verdict.binding), nodes, v->why);
		if (rows[i].says && !matches(v->why, rows[i].says))
			fail_msg("%s: '%s' has no '%s'", rows[i].what, v->why, rows[i].says);
		end(&p);
	}
}

/* ---- threads ---- */

static void threads(void **state)
{
	static const char heap[] = HEAP("bind:1", "N1=16384");
	static const struct {
		const char *what, *name;
		struct thread threads[4];
		enum process_binding binding;
		const char *says;
	} rows[] = {
		{ "one of three is loose",
		  "python",
		  { { 500, "a", "4-7", "0-1", "bind:1", 4 },
		    { 501, "b", "4-7", "0-1", "bind:1", 4 },
		    { 502, "c", "0-7", "0-1", "bind:1", 0 } },
		  PROCESS_MEMORY_ONLY,
		  "1 of its 3 threads may run elsewhere" },
		{ "pinned all over",
		  "python",
		  { { 500, "a", "0", "0-1", "bind:1", 0 }, { 501, "b", "4", "0-1", "bind:1", 4 } },
		  PROCESS_MEMORY_ONLY,
		  "1 of its 2" },
		{ "a thread without the policy",
		  "python",
		  { { 500, "a", "4-7", "0-1", "bind:1", 4 },
		    { 501, "b", "4-7", "0-1", "default", 4 } },
		  PROCESS_CPU_ONLY,
		  "not all its threads follow the policy" },
		{ "a thread whose policy nothing tells",
		  "python",
		  { { 500, "a", "4-7", "0-1", "bind:1", 4 }, { 501, "b", "4-7", "0-1", NULL, 4 } },
		  PROCESS_WELL,
		  NULL },
		{ "a guest: its emulator may run anywhere",
		  "qemu-system-x86",
		  { { 500, "qemu-system-x86", "0-7", "0-1", "default", 0 },
		    { 501, "CPU 0/KVM", "4", "0-1", "default", 4 },
		    { 502, "CPU 1/KVM", "6", "0-1", "default", 6 } },
		  PROCESS_WELL,
		  "its vCPUs may run on node 1 alone" },
		{ "a guest: a virtual CPU is loose",
		  "qemu-system-x86",
		  { { 500, "qemu-system-x86", "4-7", "0-1", "default", 4 },
		    { 501, "CPU 0/KVM", "4", "0-1", "default", 4 },
		    { 502, "CPU 1/KVM", "0-7", "0-1", "default", 0 } },
		  PROCESS_MEMORY_ONLY,
		  "1 of its 2 vCPUs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct process_verdict *v;
		struct setting p;

		begin(&p);
		plant_process(&p.files, 500, 1, rows[i].name, heap);
		for (size_t k = 0; k < 4 && rows[i].threads[k].tid; k++)
			plant_thread(&p.files, 500, &rows[i].threads[k]);
		plant_descriptor(&p.files, 500, 7, "/dev/nvidia1");
		look_at(&p, 500, NULL);
		v = &p.verdict.v[0];
		if (p.verdict.binding != rows[i].binding ||
		    (rows[i].says && !matches(v->why, rows[i].says)))
			fail_msg("%s: %s: %s", rows[i].what, binding_name(p.verdict.binding),
				 v->why);
		end(&p);
	}
}

static void shared_cores(void **state)
{
	/* Node 0: cores 0-1 and 2-3. */
	static const struct thread threads[] = {
		{ 500, "a", "0", "0-1", "default", 0 },   { 501, "b", "1", "0-1", "default", 1 },
		{ 502, "c", "4", "0-1", "default", 4 },   { 503, "d", "4", "0-1", "default", 4 },
		{ 504, "e", "0-7", "0-1", "default", 4 },
	};
	static const struct thread other = { 600, "x", "6", "0-1", "default", 6 };
	static const struct thread third = { 700, "x", "6", "0-1", "default", 6 };
	struct setting p;
	char cpus[40];

	(void)state;
	begin(&p);
	plant_process(&p.files, 500, 1, "a", "");
	plant_process(&p.files, 600, 500, "x", "");
	plant_process(&p.files, 700, 500, "x", "");
	for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
		plant_thread(&p.files, 500, &threads[i]);
	plant_thread(&p.files, 600, &other);
	plant_thread(&p.files, 700, &third);
	look_at(&p, 500, NULL);
	/* Siblings 0 and 1; CPU 6 for two processes; CPU 4 is one process's own affair. */
	assert_int_equal(p.verdict.nsharing, 2);
	idset_format(&p.verdict.sharing[0].cpus, cpus, sizeof cpus);
	assert_string_equal(cpus, "0-1");
	assert_int_equal(p.verdict.sharing[0].threads, 2);
	assert_int_equal(p.verdict.sharing[0].idle_cores, 1);
	idset_format(&p.verdict.sharing[1].cpus, cpus, sizeof cpus);
	assert_string_equal(cpus, "6");
	assert_int_equal(p.verdict.sharing[1].processes, 2);
	assert_int_equal(p.verdict.sharing[1].idle_cores, 0);
	end(&p);
}

/* ---- trees ---- */

static void a_tree(void **state)
{
	static const struct thread loose = { 0, "x", "0-7", "0-1", "default", 0 };
	static const struct thread on[] = { { 0, "x", "0-3", "0-1", "bind:0", 0 },
					    { 0, "x", "4-7", "0-1", "bind:1", 4 } };
	static const struct {
		int pid, parent;
		const char *name, *maps, *gpu;
		int node; /* -1: loose */
	} processes[] = {
		{ 10, 1, "torchrun", "1 default heap anon=1 N0=1 kernelpagesize_kB=4\n", NULL, -1 },
		{ 14, 10, "python", HEAP("bind:1", "N1=16384"), "/dev/nvidia1", 1 },
		{ 12, 10, "python", HEAP("bind:0", "N0=16384"), "/dev/nvidia3", 0 },
		{ 20, 14, "loader", HEAP("bind:1", "N1=16384"), NULL, 1 },
		{ 21, 12, "loader", HEAP("bind:1", "N1=16384"), NULL, 1 },
		{ 30, 1, "not ours", HEAP("bind:1", "N1=16384"), NULL, 1 },
	};
	struct setting p;

	(void)state;
	begin(&p);
	for (size_t i = 0; i < sizeof processes / sizeof processes[0]; i++) {
		struct thread th = processes[i].node < 0 ? loose : on[processes[i].node];

		th.tid = processes[i].pid;
		plant_process(&p.files, th.tid, processes[i].parent, processes[i].name,
			      processes[i].maps);
		plant_thread(&p.files, th.tid, &th);
		if (processes[i].gpu)
			plant_descriptor(&p.files, th.tid, 3, processes[i].gpu);
	}
	look_at(&p, 10, NULL);
	assert_int_equal(p.tree.n, 5);
	assert_false(p.verdict.v[0].judged);
	for (size_t i = 0; i < p.tree.n; i++) {
		const struct process *one = &p.tree.v[i];
		bool wrong = one->pid == 21; /* a child of the process that feeds GPU 0 */

		assert_true(one->parent < (int)i);
		if (i > 0)
			assert_int_equal(p.verdict.v[i].binding,
					 wrong ? PROCESS_WRONG_NODE : PROCESS_WELL);
		if (wrong)
			assert_int_equal(p.verdict.worst, i);
	}
	assert_int_equal(p.verdict.binding, PROCESS_WRONG_NODE);
	end(&p);
	/* A parent with much memory is judged by all that its children feed. */
	begin(&p);
	plant_process(&p.files, 10, 1, "parent", HEAP("default", "N0=16384"));
	plant_process(&p.files, 11, 10, "child", HEAP("bind:1", "N1=16384"));
	for (int i = 0; i < 2; i++) {
		struct thread th = i ? on[1] : loose;

		th.tid = 10 + i;
		plant_thread(&p.files, th.tid, &th);
	}
	plant_descriptor(&p.files, 11, 3, "/dev/nvidia1");
	look_at(&p, 10, NULL);
	assert_true(p.verdict.v[0].judged);
	assert_int_equal(p.verdict.v[0].binding, PROCESS_UNBOUND);
	assert_true(idset_has(&p.verdict.v[0].gpus, 1));
	assert_int_equal(p.verdict.v[1].binding, PROCESS_WELL);
	end(&p);
}

/* A measured recommendation counts for more than what is declared. */
static void measured(void **state)
{
	static const struct thread th = { 500, "x", "0-3", "0-1", "bind:0", 0 };
	struct recommendation r = { .gpu = 1, .has_node = true, .node = 0 };
	struct process_want want = { .measured = &r, .nmeasured = 1 };
	struct setting p;

	(void)state;
	begin(&p);
	plant_process(&p.files, 500, 1, "x", HEAP("bind:0", "N0=16384"));
	plant_thread(&p.files, 500, &th);
	plant_descriptor(&p.files, 500, 3, "/dev/nvidia1");
	look_at(&p, 500, NULL);
	assert_int_equal(p.verdict.binding, PROCESS_WRONG_NODE);
	tree_verdict_release(&p.verdict);
	want.m = &p.m;
	assert_int_equal(process_judge(&p.verdict, &p.tree, &want), 0);
	assert_int_equal(p.verdict.binding, PROCESS_WELL);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),     cmocka_unit_test(threads),
		cmocka_unit_test(shared_cores), cmocka_unit_test(a_tree),
		cmocka_unit_test(measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
