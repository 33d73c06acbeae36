/* test-rebind.c - what of a process stays behind when it is moved, and threads that are moved. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "place/rebind.h"
#include "place/threads.h"

static struct idset set_of(const char *list)
{
	struct idset s;

	assert_int_equal(idset_parse(&s, list, NULL), 0);
	return s;
}

/* A process with memory on two nodes, of which node 1 is where it should be. */
static void test_left(void **state)
{
	struct process_node nodes[] = {
		{ .node = 0,
		  .bytes = { [PROCESS_PRIVATE] = 100,
			     [PROCESS_SHARED] = 20,
			     [PROCESS_FILES] = 1000 } },
		{ .node = 1, .bytes = { [PROCESS_HEAP] = 500, [PROCESS_SHARED] = 7 } },
	};
	struct process_threads threads[] = {
		{ .n = 3, .policy = { .mode = POLICY_DEFAULT } },
		{ .n = 2, .policy = { .mode = POLICY_BIND, .nodes = set_of("0") } },
		{ .n = 4, .policy = { .mode = POLICY_PREFER, .nodes = set_of("1") } },
		{ .n = 1, .policy = { .mode = POLICY_INTERLEAVE, .nodes = set_of("0-1") } },
		{ .n = 8, .policy = { .mode = POLICY_UNREAD } },
	};
	struct process_areas areas[] = {
		{ .policy = { .mode = POLICY_DEFAULT }, .areas = 40 },
		{ .policy = { .mode = POLICY_BIND, .nodes = set_of("0") }, .areas = 3 },
		{ .policy = { .mode = POLICY_BIND, .nodes = set_of("1") }, .areas = 5 },
	};
	struct process p = {
		.nodes = nodes,
		.nnodes = 2,
		.threads = threads,
		.nkinds = 5,
		.areas = areas,
		.nareas = 3,
		.pinned_bytes = KNOWN(64),
		.locked_bytes = KNOWN(4096), /* of all nodes: more than is left */
	};
	struct idset home = set_of("1"), both = set_of("0-1");
	struct left_behind left = left_behind(&p, &home);

	(void)state;
	assert_int_equal(left.bytes, 120); /* but no files */
	assert_int_equal(left.shared, 20);
	assert_int_equal(left.pinned, 64);
	assert_int_equal(left.locked, 120);
	assert_int_equal(left.threads, 3);
	assert_int_equal(left.policy.mode, POLICY_INTERLEAVE);
	assert_int_equal(left.areas, 3);
	/* Areas that follow the first thread are that thread's policy, told already. */
	threads[0].policy = areas[1].policy;
	left = left_behind(&p, &home);
	assert_int_equal(left.threads, 6);
	assert_int_equal(left.areas, 0);
	left = left_behind(&p, &both);
	assert_int_equal(left.bytes, 0);
	assert_int_equal(left.pinned, 0);
	assert_int_equal(left.threads, 0);
	p.pinned_bytes = UNKNOWN("not told");
	left = left_behind(&p, &home);
	assert_int_equal(left.pinned, 0);
	p = (struct process){ .pid = 1 };
	left = left_behind(&p, &home);
	assert_int_equal(left.bytes, 0);
}

/* ---- threads of a child, moved from outside ---- */

static void *wait_for_ever(void *arg)
{
	while (arg == NULL)
		pause();
	return arg;
}

static pid_t start_child(int threads)
{
	int fd[2];
	char go;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t t;

		for (int i = 1; i < threads; i++)
			pthread_create(&t, NULL, wait_for_ever, NULL);
		if (write(fd[1], "x", 1) == 1)
			wait_for_ever(NULL);
		_exit(0);
	}
	close(fd[1]);
	assert_int_equal(read(fd[0], &go, 1), 1);
	close(fd[0]);
	return pid;
}

static void test_threads(void **state)
{
	struct process_tree before, after;
	struct launch_place place = { .memory = MEMPOLICY_DEFAULT };
	struct machine m = { .nnodes = 0 };
	struct sysroot root;
	struct idset cpus;
	struct rebound r;
	struct err e;
	pid_t pid = start_child(5);

	(void)state;
	assert_int_equal(thread_cpus(&cpus, &e), 0);
	idset_add(&place.cpus, idset_next(&cpus, -1));
	assert_int_equal(sysroot_open_live(&root, &e), 0);
	assert_int_equal(process_tree_read(&before, &root, &m, pid, &e), 0);
	assert_int_equal(rebind(&r, &after, &before, &place, &root, &m, &e), 0);
	assert_int_equal(r.threads, 5);
	assert_int_equal(r.refused, 0);
	assert_int_equal(r.page, MOVE_TAKEN);
	assert_int_equal(after.n, 1);
	assert_int_equal(after.v[0].nthreads, 5);
	for (size_t i = 0; i < after.v[0].nkinds; i++)
		assert_true(idset_equal(&after.v[0].threads[i].cpus, &place.cpus));
	process_tree_release(&after);
	/* CPUs that do not exist are refused, and told with how many threads. */
	place.cpus = set_of("8191");
	assert_int_equal(rebind(&r, &after, &before, &place, &root, &m, &e), 0);
	assert_int_equal(r.threads, 0);
	assert_int_equal(r.refused, 5);
	assert_non_null(strstr(r.thread_why, "Invalid argument: their cpuset"));
	process_tree_release(&after);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(rebind(&r, &after, &before, &place, &root, &m, &e), -ESRCH);
	process_tree_release(&after);
	process_tree_release(&before);
	sysroot_close(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
