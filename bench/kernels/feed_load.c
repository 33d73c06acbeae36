#include "kernels/feed_load.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "place/threads.h"
#include "util/child.h"
#include "util/now.h"
#include "util/random.h"

/* What a thread goes over: more than a core's own caches. All of them together at most a share of
 * what the cgroup still gives. */
enum { BYTES = 4 << 20, BYTES_LEAST = 64 << 10, SHARE_LEAST = 8 };
/* A thread works for up to WORK_US and then sleeps for up to SLEEP_US: three quarters of the CPUs
 * are busy on average, at times more threads want to run than there are CPUs, at times fewer, and
 * every waking is one more reason to shift somebody. */
enum { WORK_US = 12000, SLEEP_US = 4000 };

struct feed_load {
	pid_t pid;
};

struct crowd {
	size_t bytes;
	pthread_barrier_t begun;
};

struct one {
	struct crowd *crowd;
	uint64_t random;
	char *p;
};

static void *compete(void *arg)
{
	struct one *one = arg;
	size_t half = one->crowd->bytes / 2;

	pthread_barrier_wait(&one->crowd->begun);
	for (;;) {
		double until = seconds_now() + (double)(random_next(&one->random) % WORK_US) * 1e-6;
		const struct timespec sleep = {
			.tv_nsec = (long)(random_next(&one->random) % SLEEP_US) * 1000
		};

		while (seconds_now() < until)
			memcpy(one->p, one->p + half, half);
		nanosleep(&sleep, NULL);
	}
	return NULL;
}

/* The process: says one byte when all its threads run, and works until it is killed. */
static void be_crowd(const struct machine *m, int out)
{
	size_t n = idset_count(&m->allowed_cpus);
	struct crowd crowd = { .bytes = BYTES };
	struct one *all = calloc(n, sizeof(*all));
	pthread_t thread;

	if (m->memory_left.is && (uint64_t)m->memory_left.value / SHARE_LEAST < n * BYTES)
		crowd.bytes = (size_t)m->memory_left.value / SHARE_LEAST / n;
	if (crowd.bytes < BYTES_LEAST)
		crowd.bytes = BYTES_LEAST;
	(void)thread_bind(&m->allowed_cpus, NULL);
	if (!all || pthread_barrier_init(&crowd.begun, NULL, (unsigned)n + 1) != 0)
		_exit(1);
	for (size_t i = 0; i < n; i++) {
		all[i] = (struct one){ .crowd = &crowd, .random = i, .p = malloc(crowd.bytes) };
		if (!all[i].p)
			_exit(1);
		memset(all[i].p, (int)i + 1, crowd.bytes);
		if (pthread_create(&thread, NULL, compete, &all[i]) != 0)
			_exit(1);
	}
	pthread_barrier_wait(&crowd.begun);
	if (write(out, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

int feed_load_start(struct feed_load **out, const struct machine *m, struct err *e)
{
	struct feed_load *l = calloc(1, sizeof(*l));
	pid_t parent = getpid();
	int fd[2];
	char byte;

	*out = NULL;
	if (!l || pipe(fd) < 0) {
		free(l);
		return err_set(e, -ENOMEM,
			       "no competing load: out of memory or of file descriptors");
	}
	l->pid = fork();
	if (l->pid == 0) {
		child_tie(parent, 1);
		close(fd[0]);
		be_crowd(m, fd[1]);
	}
	close(fd[1]);
	if (l->pid > 0 && read(fd[0], &byte, 1) == 1) {
		close(fd[0]);
		*out = l;
		return 0;
	}
	close(fd[0]);
	feed_load_stop(l);
	return err_set(e, -EAGAIN,
		       "the processes that were to load the other cores cannot run: "
		       "too many processes or threads, or no memory");
}

void feed_load_stop(struct feed_load *l)
{
	if (l && l->pid > 0) {
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
	}
	free(l);
}
