/* workers.c - a program as data loaders make it: workers that are forked and one that is spawned,
 * with threads. Every thread touches memory of its own and tells what it is bound to. For tests of
 * `numabench bind`.
 *
 *     workers [hold]
 *
 * A line for each thread: "forked thread 1: CPUs 2-3, policy 2 of nodes 1, memory on node 1".
 * hold: they stay afterwards, until they are killed.
 */
#include <numaif.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place/memory.h"
#include "place/policy.h"
#include "place/threads.h"

enum { BYTES = 2 << 20, FORKED = 2 };

struct work {
	const char *kind;
	int number;
};

static void *work(void *arg)
{
	const struct work *w = arg;
	struct idset cpus, nodes = { { 0 } };
	struct placement where = { .requested = 0 };
	char cpu_list[256], node_list[256], memory[256] = "";
	size_t used = 0;
	void *p = aligned_alloc(4096, BYTES);
	int mode = -1;

	memset(p, MEMORY_TOUCH, BYTES);
	if (thread_cpus(&cpus, NULL) < 0 || memory_prove(p, BYTES, &where) < 0)
		return NULL;
	get_mempolicy(&mode, (unsigned long *)nodes.word, POLICY_MASK_BITS, NULL, 0);
	idset_format(&cpus, cpu_list, sizeof cpu_list);
	idset_format(&nodes, node_list, sizeof node_list);
	for (size_t i = 0; i < where.nresident; i++)
		used += (size_t)snprintf(memory + used, sizeof memory - used, " node %d",
					 where.resident[i].node);
	/* In one piece: all write at once. */
	dprintf(STDOUT_FILENO, "%s thread %d: CPUs %s, policy %d of nodes %s, memory on%s\n",
		w->kind, w->number, cpu_list, mode, node_list, memory);
	placement_release(&where);
	return NULL;
}

static void *hold(void *arg)
{
	work(arg);
	while (true)
		pause();
	return NULL;
}

static void be_worker(const char *kind, bool holds)
{
	struct work main_thread = { kind, 0 }, other = { kind, 1 };
	pthread_t thread;

	work(&main_thread);
	pthread_create(&thread, NULL, holds ? hold : work, &other);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	char *const again[] = { argv[0], (char *)(uintptr_t) "spawned", argc > 1 ? argv[1] : NULL,
				NULL };
	bool spawned = argc > 1 && strcmp(argv[1], "spawned") == 0;
	bool holds = argc > 1 && strcmp(argv[argc - 1], "hold") == 0;
	pid_t pid;

	if (spawned) {
		be_worker("spawned", holds);
		return 0;
	}
	for (int i = 0; i < FORKED; i++)
		if (fork() == 0) {
			be_worker("forked", holds);
			return 0;
		}
	if (posix_spawnp(&pid, argv[0], NULL, NULL, again, environ))
		return 1;
	be_worker("first", holds);
	while (wait(NULL) > 0)
		;
	return 0;
}
