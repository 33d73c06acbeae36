/* A running process as it is read out of /proc: made up ones, and real ones. */
#include "unit.h"

#include <errno.h>
#include <numaif.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine/probe.h"
#include "process_tree.h"

enum { MIB = 1 << 20 };

static void policies(void **state)
{
	static const struct {
		const char *text;
		enum policy_mode mode;
		const char *nodes;
	} rows[] = {
		{ "default heap anon=1", POLICY_DEFAULT, "" },
		{ "local", POLICY_LOCAL, "" },
		{ "bind:0-1,4 anon=1", POLICY_BIND, "0-1,4" },
		{ "bind=static:1 anon=1", POLICY_BIND, "1" },
		{ "bind=relative|balancing:2\n", POLICY_BIND, "2" },
		{ "prefer:3 file=/x", POLICY_PREFER, "3" },
		{ "prefer (many):0,2 x", POLICY_PREFER_MANY, "0,2" },
		{ "interleave:0-7", POLICY_INTERLEAVE, "0-7" },
		{ "weighted interleave:0-1", POLICY_WEIGHTED_INTERLEAVE, "0-1" },
		/* Cut at 63 characters by the kernel. */
		{ "bind:0,2,4,1", POLICY_BIND, "0-2,4" },
		{ "bind:0,2,4-", POLICY_BIND, "0,2" },
		{ "bind:", POLICY_BIND, "" },
		{ "bound:1", POLICY_UNREAD, "" },
		{ "binds:1", POLICY_UNREAD, "" },
		{ "", POLICY_UNREAD, "" },
	};
	char nodes[100];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct memory_policy p = memory_policy_parse(rows[i].text);

		idset_format(&p.nodes, nodes, sizeof nodes);
		if (p.mode != rows[i].mode)
			fail_msg("'%s' is read as mode %d", rows[i].text, (int)p.mode);
		assert_string_equal(nodes, rows[i].nodes);
	}
}

static const struct process_node *on_node(const struct process *p, int node)
{
	for (size_t i = 0; i < p->nnodes; i++)
		if (p->nodes[i].node == node)
			return &p->nodes[i];
	fail_msg("nothing on node %d", node);
	return NULL;
}

static void kinds_of_memory(void **state)
{
	static const char maps[] =
		"1000 default file=/bin/a\\040N9=8 mapped=10 N0=10 kernelpagesize_kB=4\n"
		"2000 default file=/lib/b anon=3 dirty=3 N1=3 kernelpagesize_kB=4\n"
		"3000 default heap anon=5 dirty=5 N0=2 N1=3 kernelpagesize_kB=4\n"
		"4000 default stack anon=1 N1=1 kernelpagesize_kB=4\n"
		"5000 bind:1 anon=512 dirty=512 N1=512 kernelpagesize_kB=4\n"
		"6000 bind:1 file=/anon_hugepage\\040(deleted) huge anon=2 dirty=2 N1=2 "
		"kernelpagesize_kB=2048\n"
		"7000 default file=/dev/shm/x dirty=7 mapmax=2 N0=7 kernelpagesize_kB=4\n"
		"8000 default file=/dev/nvidia0\n"
		"9000 default\n"
		"rubbish\n"
		"\n"
		"a000 default N=3 Nx=4 N0= N99999=1 N-1=2 kernelpagesize_kB=4\n";
	static const struct thread th = { 9, "a", "0-7", "0-1", "default", 6 };
	struct setting p;
	const struct process *one;

	(void)state;
	begin(&p);
	plant_process(&p.files, 9, 1, "a) \033[b\xc3", maps);
	plant_thread(&p.files, 9, &th);
	look_at(&p, 9, NULL);
	one = &p.tree.v[0];
	assert_string_equal(one->name, "a) ?[b?");
	assert_int_equal(on_node(one, 0)->bytes[PROCESS_FILES], 10 * 4096);
	assert_int_equal(on_node(one, 0)->bytes[PROCESS_HEAP], 2 * 4096);
	assert_int_equal(on_node(one, 0)->bytes[PROCESS_SHARED], 7 * 4096);
	assert_int_equal(on_node(one, 1)->bytes[PROCESS_HEAP], 3 * 4096);
	assert_int_equal(on_node(one, 1)->bytes[PROCESS_STACK], 4096);
	assert_int_equal(on_node(one, 1)->bytes[PROCESS_PRIVATE], (3 + 512) * 4096);
	assert_int_equal(on_node(one, 1)->bytes[PROCESS_HUGE], 4 * MIB);
	assert_int_equal(on_node(one, 1)->ran, 1);
	assert_int_equal(one->driver_areas, 1);
	assert_int_equal(one->nareas, 2);
	assert_int_equal(one->areas[1].areas, 2);
	assert_int_equal(one->areas[1].own_bytes, 6 * MIB);
	assert_int_equal(one->locked_bytes.value, 65536);
	assert_false(one->swapped_bytes.is);
	end(&p);
}

/* Ten thousand areas in a moment, and in no more memory than one of them takes. */
static void many_areas(void **state)
{
	enum { AREAS = 10000 };
	static const struct thread th = { 9, "a", "0-7", "0-1", "default", 6 };
	struct timespec from, to;
	struct setting p;
	char *maps = malloc(AREAS * 100), *at = maps;

	(void)state;
	for (int i = 0; i < AREAS; i++)
		at += sprintf(
			at,
			"%08x000 default anon=300 dirty=300 N0=100 N1=200 kernelpagesize_kB=4\n",
			i);
	begin(&p);
	plant_process(&p.files, 9, 1, "a", maps);
	plant_thread(&p.files, 9, &th);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	look_at(&p, 9, NULL);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	assert_int_equal(p.tree.v[0].areas[0].areas, AREAS);
	assert_int_equal(process_own(&p.tree.v[0]), AREAS * 300LL * 4096);
	assert_true((double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec) <
		    0.2);
	free(maps);
	end(&p);
}

/* CUDA opens all GPUs; the variable says which are meant. */
static void visible_devices(void **state)
{
	static const struct {
		const char *environment; /* newlines become NULs */
		const char *name;        /* of GPU 1; GPU 0 is an H200 */
		const char *gpus;
	} rows[] = {
		{ "A=1\n", "NVIDIA H200", "0-1" },
		{ "CUDA_VISIBLE_DEVICES=1\n", "NVIDIA H200", "1" },
		{ "X=2\nCUDA_VISIBLE_DEVICES=0,1\n", "NVIDIA H200", "0-1" },
		{ "CUDA_VISIBLE_DEVICES=1\n", "NVIDIA T4", "0-1" },
		{ "CUDA_DEVICE_ORDER=PCI_BUS_ID\nCUDA_VISIBLE_DEVICES=1\n", "NVIDIA T4", "1" },
		{ "CUDA_VISIBLE_DEVICES=GPU-bbbb\n", "NVIDIA T4", "1" },
		{ "CUDA_VISIBLE_DEVICES=MIG-bbbb\n", "NVIDIA H200", "0-1" },
		{ "CUDA_VISIBLE_DEVICES=7\n", "NVIDIA H200", "0-1" },
		{ "CUDA_VISIBLE_DEVICES=\n", "NVIDIA H200", "0-1" },
		{ "", "NVIDIA H200", "0-1" },
	};
	static const struct thread th = { 500, "x", "4-7", "0-1", "bind:1", 4 };
	char bytes[200], gpus[40];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t n = strlen(rows[i].environment);
		struct setting p;

		begin(&p);
		snprintf(p.m.gpus[1].name, sizeof p.m.gpus[1].name, "%s", rows[i].name);
		strcpy(p.m.gpus[0].uuid, "GPU-aaaa-1");
		strcpy(p.m.gpus[1].uuid, "GPU-bbbb-2");
		plant_process(&p.files, 500, 1, "x", HEAP("bind:1", "N1=16384"));
		plant_thread(&p.files, 500, &th);
		plant_descriptor(&p.files, 500, 3, "/dev/nvidia1");
		plant_descriptor(&p.files, 500, 4, "/dev/nvidia3");
		plant_descriptor(&p.files, 500, 5, "/dev/nvidia3");
		memcpy(bytes, rows[i].environment, n);
		for (size_t b = 0; b < n; b++)
			bytes[b] = bytes[b] == '\n' ? '\0' : bytes[b];
		tree_bytes(&p.files, "proc/500/environ", bytes, n);
		look_at(&p, 500, NULL);
		assert_int_equal(p.tree.v[0].ngpus, 2);
		idset_format(&p.verdict.v[0].gpus, gpus, sizeof gpus);
		assert_string_equal(gpus, rows[i].gpus);
		end(&p);
	}
}

/* ---- what is not there, or not whole ---- */

static void nothing_there(void **state)
{
	static const struct thread th = { 500, "x", "4-7", "0-1", "bind:1", 4 };
	struct process_tree t;
	struct err e = { "" };
	struct setting p;

	(void)state;
	begin(&p);
	plant_process(&p.files, 500, 1, "x", "");
	plant_thread(&p.files, 500, &th);
	assert_int_equal(process_tree_read(&t, &p.root, &p.m, 12345, &e), -ESRCH);
	assert_string_equal(e.text, "no process 12345");
	for (int pid = -1; pid <= 0; pid++)
		assert_int_equal(process_tree_read(&t, &p.root, &p.m, pid, &e), -EINVAL);
	/* Children that have ended, are ending, or hide: left out, or without what is gone. */
	tree_file(&p.files, "proc/501/stat", "501 (gone) S 500 1 1\n");
	plant_process(&p.files, 502, 500, "no threads", "");
	tree_file(&p.files, "proc/503/stat", "503 (zombie) Z 500 1 1\n");
	tree_file(&p.files, "proc/503/status", "Name:\tzombie\nState:\tZ (zombie)\nTgid:\t503\n");
	tree_file(&p.files, "proc/504/stat", "");
	tree_file(&p.files, "proc/505/stat", "505 (cut");
	look_at(&p, 500, NULL);
	assert_int_equal(p.tree.n, 2);
	assert_true(p.tree.v[1].ended);
	assert_false(p.verdict.v[1].judged);
	end(&p);
	/* The one that was asked for ends while it is read. */
	begin(&p);
	plant_process(&p.files, 500, 1, "x", "");
	assert_int_equal(process_tree_read(&t, &p.root, &p.m, 500, &e), -ESRCH);
	assert_int_equal(t.n, 0);
	end(&p);
}

/* ---- real processes ---- */

static void *sleep_bound(void *arg)
{
	unsigned long node = 1;

	syscall(SYS_set_mempolicy, MPOL_BIND, &node, 64UL);
	*(volatile int *)arg = 1;
	for (;;)
		pause();
	return NULL;
}

/* A child with a thread that has a policy of its own, and memory bound area by area. */
static void child_lives(int to)
{
	unsigned long node = 1;
	volatile int ready = 0;
	pthread_t thread;
	cpu_set_t first;
	char *p = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&first);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&first); cpu++) {
		CPU_SET(cpu, &first);
		if (sched_setaffinity(0, sizeof first, &first) != 0)
			CPU_ZERO(&first);
	}
	if (p == MAP_FAILED || syscall(SYS_mbind, p, 32UL * MIB, MPOL_BIND, &node, 64UL, 0) != 0)
		_exit(1);
	memset(p, 1, 32 * MIB);
	pthread_create(&thread, NULL, sleep_bound, (void *)&ready);
	while (!ready)
		sched_yield();
	if (write(to, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void a_real_child(void **state)
{
	struct probe_spec spec = probe_spec_default();
	struct process_tree t;
	struct machine m;
	struct sysroot live;
	struct err e = { "" };
	uint64_t bound = 0;
	size_t bound_threads = 0;
	int pipe_fd[2], status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	pid = fork();
	if (pid == 0)
		child_lives(pipe_fd[1]);
	close(pipe_fd[1]);
	if (read(pipe_fd[0], &byte, 1) != 1) {
		waitpid(pid, &status, 0);
		skip(); /* mbind is refused here */
	}
	spec.gpus = spec.provenance = false;
	assert_int_equal(machine_probe(&m, &spec, &e), 0);
	assert_int_equal(sysroot_open_live(&live, &e), 0);
	assert_int_equal(process_tree_read(&t, &live, &m, (int)pid, &e), 0);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.v[0].nthreads, 2);
	assert_null(t.v[0].memory_why);
	for (size_t i = 0; i < t.v[0].nareas; i++)
		if (t.v[0].areas[i].policy.mode == POLICY_BIND)
			bound += t.v[0].areas[i].own_bytes;
	for (size_t i = 0; i < t.v[0].nkinds; i++) {
		assert_int_equal(idset_count(&t.v[0].threads[i].cpus), 1);
		bound_threads +=
			t.v[0].threads[i].policy.mode == POLICY_BIND ? t.v[0].threads[i].n : 0;
	}
	assert_true(bound >= 32 * MIB && bound < 40 * MIB);
	assert_int_equal(bound_threads, 1); /* a thread's own policy can be seen */
	process_tree_release(&t);
	/* The process that asks leaves itself out: so does its own tree. */
	assert_int_equal(process_tree_read(&t, &live, &m, (int)getppid(), &e), 0);
	for (size_t i = 0; i < t.n; i++)
		assert_int_not_equal(t.v[i].pid, getpid());
	process_tree_release(&t);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(process_tree_read(&t, &live, &m, (int)pid, &e), -ESRCH);
	sysroot_close(&live);
	machine_release(&m);
	close(pipe_fd[0]);
}

/* Children that come and go while the tree is read. */
static void a_busy_tree(void **state)
{
	struct probe_spec spec = probe_spec_default();
	struct process_tree t;
	struct machine m;
	struct sysroot live;
	struct err e = { "" };
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			pid_t child = fork();

			if (child == 0)
				_exit(0);
			waitpid(child, &status, 0);
		}
	}
	spec.gpus = spec.provenance = false;
	assert_int_equal(machine_probe(&m, &spec, &e), 0);
	assert_int_equal(sysroot_open_live(&live, &e), 0);
	for (int i = 0; i < 200; i++) {
		struct tree_verdict v;
		struct process_want want = { .m = &m };

		assert_int_equal(process_tree_read(&t, &live, &m, (int)pid, &e), 0);
		assert_int_equal(process_judge(&v, &t, &want), 0);
		tree_verdict_release(&v);
		process_tree_release(&t);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	sysroot_close(&live);
	machine_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies),      cmocka_unit_test(kinds_of_memory),
		cmocka_unit_test(many_areas),    cmocka_unit_test(visible_devices),
		cmocka_unit_test(nothing_there), cmocka_unit_test(a_real_child),
		cmocka_unit_test(a_busy_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
