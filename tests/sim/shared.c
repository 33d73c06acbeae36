#include "shared.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "simclock.h"
#include "streams.h"

enum { FLOWS = 512 };
/* A thread's first copy waits for others until none has come for so long: they all are let go by
 * one flag, and have to get a processor each. */
enum { QUIET_MS = 12, LOOK_MS = 1 };

struct flow {
	pid_t pid; /* 0: nobody's */
	bool told;
	bool host; /* of a thread that times its copies by the clock */
	bool of_all;
	const void *key;
	uint32_t ticket;
	struct sim_way way;
	double alone, rate;
};

/* CUDA's functions have no handle: this is the bench's one meeting place. */
static struct place {
	pthread_mutex_t lock;
	pthread_mutex_t holder[SIM_GPUS]; /* locked by the process that has it */
	unsigned long came;               /* threads so far */
	struct flow flows[FLOWS];
} * place;
static pthread_key_t thread_end;

static void thread_ended(void *f)
{
	flow_close(f);
}

/* Before main, so that processes that are forked later share it. A process may die with
 * a lock: the next one then gets it. */
__attribute__((constructor)) static void map_place(void)
{
	pthread_mutexattr_t a;

	place = mmap(NULL, sizeof *place, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (place == MAP_FAILED) {
		perror("simulator: mmap");
		abort();
	}
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&place->lock, &a);
	for (int i = 0; i < SIM_GPUS; i++)
		pthread_mutex_init(&place->holder[i], &a);
	pthread_key_create(&thread_end, thread_ended);
}

static bool got(int rc, pthread_mutex_t *lock)
{
	if (rc == EOWNERDEAD)
		pthread_mutex_consistent(lock);
	return rc == 0 || rc == EOWNERDEAD;
}

static void lock(void)
{
	got(pthread_mutex_lock(&place->lock), &place->lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&place->lock);
}

bool flow_hold(int gpu)
{
	return got(pthread_mutex_trylock(&place->holder[gpu]), &place->holder[gpu]);
}

static bool lives(const struct flow *f)
{
	return f->pid && (f->pid == getpid() || kill(f->pid, 0) == 0);
}

struct flow *flow_open(void)
{
	struct flow *f = NULL;

	if (!scenario()->nshared)
		return NULL;
	lock();
	for (size_t i = 0; i < FLOWS && !f; i++)
		if (!lives(&place->flows[i]))
			f = &place->flows[i];
	if (!f) {
		fprintf(stderr, "simulator: more than %d streams share something\n", FLOWS);
		abort();
	}
	*f = (struct flow){ .pid = getpid() };
	unlock();
	return f;
}

void flow_close(struct flow *f)
{
	if (!f)
		return;
	lock();
	f->pid = 0;
	unlock();
}

void flow_gate(struct flow *f, const void *key, uint32_t ticket, bool of_all)
{
	if (!f)
		return;
	lock();
	*f = (struct flow){ .pid = f->pid, .key = key, .ticket = ticket, .of_all = of_all };
	unlock();
}

static void tell(struct flow *f, const struct sim_way *way, double alone)
{
	lock();
	f->way = *way;
	f->alone = alone;
	f->told = true;
	unlock();
}

void flow_tell(struct flow *f, const struct sim_way *way, double alone)
{
	if (f && !f->told)
		tell(f, way, alone);
}

/* --- who shares what ---------------------------------------------------------- */

static bool meets(const struct flow *f, const struct flow *g)
{
	if (!lives(g) || !g->told || f->host != g->host)
		return false;
	return f->host ||
	       (f->key == g->key && f->ticket == g->ticket && (f->of_all || f->pid == g->pid));
}

static bool uses(const struct flow *f, const struct sim_shared *s)
{
	uint64_t gpus = (uint64_t)1 << f->way.gpu;

	if (f->way.peer >= 0)
		gpus |= (uint64_t)1 << f->way.peer;
	return (s->gpus & gpus) && sim_fits(&s->way, &f->way);
}

/* What is left of something for each that has no rate yet. */
static double left_of(const struct sim_shared *s, struct flow *const *flows, size_t n)
{
	double left = s->bandwidth;
	unsigned sharing = 0;

	for (size_t i = 0; i < n; i++) {
		if (!uses(flows[i], s))
			continue;
		if (flows[i]->rate > 0)
			left -= flows[i]->rate;
		else
			sharing++;
	}
	return sharing ? left / sharing : INFINITY;
}

/* All rates grow alike until the next limit is met; who meets it stays there. */
static void share_out(struct flow *const *flows, size_t n)
{
	const struct scenario *s = scenario();

	for (size_t left = n; left > 0;) {
		double limit[FLOWS], least = INFINITY;

		for (size_t i = 0; i < n; i++) {
			limit[i] = flows[i]->alone;
			for (size_t k = 0; k < s->nshared; k++)
				if (flows[i]->rate == 0 && uses(flows[i], &s->shared[k]))
					limit[i] = fmin(limit[i], left_of(&s->shared[k], flows, n));
			if (flows[i]->rate == 0)
				least = fmin(least, limit[i]);
		}
		for (size_t i = 0; i < n; i++)
			if (flows[i]->rate == 0 && limit[i] <= least * (1 + 1e-9)) {
				flows[i]->rate = least;
				left--;
			}
	}
}

double flow_rate(struct flow *f)
{
	struct flow *all[FLOWS];
	size_t n = 0;
	double rate;

	if (!f || !f->told)
		return INFINITY;
	lock();
	for (size_t i = 0; i < FLOWS; i++)
		if (meets(f, &place->flows[i])) {
			all[n++] = &place->flows[i];
			all[n - 1]->rate = 0;
		}
	share_out(all, n);
	rate = f->rate;
	unlock();
	return rate;
}

/* --- threads ------------------------------------------------------------------ */

static void wait_for_others(void)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000 };
	unsigned long came = 0;

	for (int quiet = 0; quiet < QUIET_MS && !scenario()->realtime; quiet += LOOK_MS) {
		lock();
		if (came != place->came)
			quiet = 0;
		came = place->came;
		unlock();
		nanosleep(&look, NULL);
	}
}

static struct flow *come(const struct sim_way *way, double alone)
{
	struct flow *f = flow_open();

	f->host = true;
	tell(f, way, alone);
	lock();
	place->came++;
	unlock();
	pthread_setspecific(thread_end, f);
	wait_for_others();
	return f;
}

bool flow_is_of_thread(void)
{
	return pthread_getspecific(thread_end);
}

double flow_of_thread(const struct sim_way *way, double alone)
{
	struct flow *f = pthread_getspecific(thread_end);

	if (!scenario()->nshared || gettid() == getpid())
		return INFINITY;
	if (!f)
		return flow_rate(come(way, alone));
	tell(f, way, alone);
	if (!scenario()->realtime)
		simclock_yield(); /* the others, too, must get on */
	return flow_rate(f);
}
