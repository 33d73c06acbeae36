/* timing.c - one sample: long enough to be believed. */
#include "measure/timing.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>

#include "measure/clock.h"

/* A step of the clock that is missed at a sample's begin or end then makes a thousandth. */
enum { CLOCK_STEPS = 1000 };

struct timed {
	void (*fn)(void *arg, size_t rank, size_t size);
	void *arg;
	pthread_mutex_t lock;
	bool any;
	struct instant first, last;
};

/* The lock is taken when the thread's own work has been timed already. */
static void timed_member(void *arg, size_t rank, size_t size)
{
	struct timed *t = arg;
	struct instant begin = clock_now(), end;

	t->fn(t->arg, rank, size);
	end = clock_now();
	pthread_mutex_lock(&t->lock);
	if (!t->any || clock_span(t->first, begin) < 0)
		t->first = begin;
	if (!t->any || clock_span(t->last, end) > 0)
		t->last = end;
	t->any = true;
	pthread_mutex_unlock(&t->lock);
}

double time_team(struct team *t, void (*fn)(void *arg, size_t rank, size_t size), void *arg)
{
	return time_team_first(t, team_size(t), fn, arg);
}

double time_team_first(struct team *t, size_t n, void (*fn)(void *arg, size_t rank, size_t size),
		       void *arg)
{
	struct timed timed = { .fn = fn, .arg = arg };

	pthread_mutex_init(&timed.lock, NULL);
	team_run_first(t, n, timed_member, &timed);
	pthread_mutex_destroy(&timed.lock);
	return clock_span(timed.first, timed.last);
}

unsigned repeats_for(double seconds, double target, unsigned most)
{
	double least = CLOCK_STEPS * clock_resolution();
	double wanted = seconds > 0 ? ceil(fmax(target, least) / seconds) : most;

	if (most <= 1 || wanted <= 1)
		return 1;
	return wanted < most ? (unsigned)wanted : most;
}
