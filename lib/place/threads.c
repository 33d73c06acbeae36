/* threads.c - pinned threads and the two places where they meet.
 *
 * A member waits by spinning for a moment and then sleeps in the kernel: on a
 * shared machine with two cores a waiter that spins on takes the core that the
 * last one needs. The caller of team_run sleeps at once, for it may sit on a
 * core that a member is pinned to.
 */
#include "place/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine/sysroot.h"

/* About 50 us of pauses: longer than waking a thread, shorter than a time slice. */
enum { SPINS = 2000 };

struct member {
	pthread_t thread;
	struct team *team;
	size_t rank;
	int cpu;
	int failed;          /* -errno of pinning */
	struct idset ran_on; /* written by the thread, read between runs */
};

struct team {
	size_t size, started;
	void (*fn)(void *arg, size_t rank, size_t size); /* NULL: end */
	void *arg;
	size_t active;             /* of the threads, the first */
	_Atomic uint32_t order;    /* counts the runs asked for */
	_Atomic uint32_t arrived;  /* at the common start, over all runs */
	_Atomic uint32_t gate;     /* counts the common starts */
	_Atomic uint32_t finished; /* over all runs */
	_Atomic uint32_t done;     /* counts the runs ended */
	struct member member[];
};

_Static_assert(sizeof(long) == sizeof(uint64_t), "idset and cpu_set_t share their layout");

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void sleep_while(_Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load_explicit(word, memory_order_acquire) == value)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wait_while(_Atomic uint32_t *word, uint32_t value)
{
	for (int i = 0; i < SPINS; i++) {
		if (atomic_load_explicit(word, memory_order_acquire) != value)
			return;
		pause_briefly();
	}
	sleep_while(word, value);
}

static void advance(_Atomic uint32_t *word)
{
	atomic_fetch_add_explicit(word, 1, memory_order_acq_rel);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* The last of `size` to come raises `word`. True for that one. Counters run over
 * all meetings: unsigned numbers wrap, and size divides every meeting evenly. */
static bool last_raises(_Atomic uint32_t *count, size_t size, _Atomic uint32_t *word)
{
	if (atomic_fetch_add_explicit(count, 1, memory_order_acq_rel) + 1 != size)
		return false;
	atomic_store_explicit(count, 0, memory_order_relaxed);
	advance(word);
	return true;
}

int thread_cpus(struct idset *cpus, struct err *e)
{
	*cpus = (struct idset){ { 0 } };
	if (sched_getaffinity(0, sizeof(*cpus), (cpu_set_t *)(void *)cpus))
		return err_set(e, -EINVAL, "cannot read which CPUs a thread is bound to: %s",
			       strerror(errno));
	return 0;
}

int thread_bind(const struct idset *cpus, struct err *e)
{
	char want[256], got[256];
	struct idset back;
	int rc;

	idset_format(cpus, want, sizeof(want));
	if (sched_setaffinity(0, sizeof(*cpus), (const cpu_set_t *)(const void *)cpus))
		return err_set(e, -EINVAL, "cannot bind to CPUs %s: %s", want, strerror(errno));
	rc = thread_cpus(&back, e);
	if (rc < 0)
		return rc;
	if (idset_equal(cpus, &back))
		return 0;
	idset_format(&back, got, sizeof(got));
	return err_set(e, -EINVAL,
		       "asked for CPUs %s, the kernel gave %s: the others are offline "
		       "or not allowed here",
		       want, got);
}

static void note_cpu(struct member *m)
{
	idset_add(&m->ran_on, sched_getcpu());
}

static void *member_main(void *arg)
{
	struct member *m = arg;
	struct team *t = m->team;
	struct idset own = { { 0 } };
	uint32_t order = 0, gate = 0;

	idset_add(&own, m->cpu);
	m->failed = thread_bind(&own, NULL);
	for (;;) {
		last_raises(&t->finished, t->size, &t->done);
		wait_while(&t->order, order++);
		if (!t->fn)
			return NULL;
		if (!last_raises(&t->arrived, t->size, &t->gate))
			wait_while(&t->gate, gate);
		gate++;
		if (m->rank >= t->active)
			continue; /* it meets the others all the same: nobody falls behind a run */
		note_cpu(m);
		t->fn(t->arg, m->rank, t->active);
		note_cpu(m);
	}
}

int team_start(struct team **out, const int *cpus, size_t n, struct err *e)
{
	struct team *t;
	int rc;

	*out = NULL;
	if (n < 1 || n > IDSET_MAX)
		return err_set(e, -EINVAL, "a team of %zu threads: 1 to %d are possible", n,
			       IDSET_MAX);
	t = calloc(1, sizeof(*t) + n * sizeof(t->member[0]));
	if (!t)
		return err_set(e, -ENOMEM, "no memory for a team of %zu threads", n);
	t->size = n;
	for (; t->started < n; t->started++) {
		struct member *m = &t->member[t->started];

		*m = (struct member){ .team = t, .rank = t->started, .cpu = cpus[t->started] };
		rc = -pthread_create(&m->thread, NULL, member_main, m);
		if (rc < 0) {
			err_set(e, rc, "thread %zu of %zu cannot be started: %s", m->rank + 1, n,
				strerror(-rc));
			goto out;
		}
	}
	sleep_while(&t->done, 0);
	for (size_t i = 0; i < n; i++) {
		rc = t->member[i].failed;
		if (rc < 0) {
			err_set(e, rc,
				"a thread cannot be pinned to CPU %d: it is offline or not "
				"allowed here",
				cpus[i]);
			goto out;
		}
	}
	*out = t;
	return 0;
out:
	team_stop(t);
	return rc;
}

void team_stop(struct team *t)
{
	if (!t)
		return;
	t->fn = NULL;
	advance(&t->order);
	for (size_t i = 0; i < t->started; i++)
		pthread_join(t->member[i].thread, NULL);
	free(t);
}

size_t team_size(const struct team *t)
{
	return t->size;
}

void team_run(struct team *t, void (*fn)(void *arg, size_t rank, size_t size), void *arg)
{
	team_run_first(t, t->size, fn, arg);
}

void team_run_first(struct team *t, size_t n, void (*fn)(void *arg, size_t rank, size_t size),
		    void *arg)
{
	uint32_t before = atomic_load_explicit(&t->done, memory_order_acquire);

	t->fn = fn;
	t->arg = arg;
	t->active = n;
	advance(&t->order);
	sleep_while(&t->done, before);
}

struct idset team_ran_on(struct team *t)
{
	struct idset all = { { 0 } };

	for (size_t i = 0; i < t->size; i++) {
		all = idset_or(&all, &t->member[i].ran_on);
		t->member[i].ran_on = (struct idset){ { 0 } };
	}
	return all;
}

void process_offer_to_oom(void)
{
	static const char most[] = "1000";
	struct sysroot root;
	int fd;

	if (sysroot_open_live(&root, NULL) < 0)
		return;
	fd = openat(root.fd, "proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		/* Raising it needs no right; where it fails the run goes on as it would have. */
		if (write(fd, most, sizeof(most) - 1) < 0)
			errno = 0;
		close(fd);
	}
	sysroot_close(&root);
}
