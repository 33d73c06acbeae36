/* clock.c - the simulator's body of measure/clock.h. */
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "measure/clock.h"
#include "scenario.h"
#include "simclock.h"

/* What a thread needs between two looks at the clock, at most: where it has work under way, or
 * between a look and a call of the runtime, if it came back soon; and where its work is held at
 * a gate, which somebody else may long have opened. */
enum { BETWEEN_NS = 5000, SOON_NS = 30000000, HELD_NS = 1 };
/* How much of a wait is spun, because a sleep ends late. */
enum { SPUN_NS = 150000 };

static _Thread_local struct {
	uint64_t ahead; /* of the real clock; may be "negative" */
	uint64_t last, until;
	bool held, called; /* called: the clock was last looked at by a call of the runtime */
	unsigned number;
	enum { UNKNOWN, FIRST, ANOTHER } thread; /* of the process */
} mine;

static uint64_t real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t look(bool calling)
{
	uint64_t now = real_ns() + mine.ahead, gone = now - mine.last;
	uint64_t most = mine.held ? HELD_NS : BETWEEN_NS;
	bool busy = mine.held || mine.last < mine.until;
	bool at_call = (calling && (gone < SOON_NS || mine.thread == ANOTHER)) ||
		       (mine.called && gone < SOON_NS);

	if (mine.last && gone > most && (busy || at_call) && !scenario()->realtime) {
		mine.ahead -= gone - most;
		now = mine.last + most;
	}
	mine.last = now;
	mine.called = calling;
	return now;
}

uint64_t simclock_read(void)
{
	return look(false);
}

uint64_t simclock_call(void)
{
	if (mine.thread == UNKNOWN)
		mine.thread = gettid() == getpid() ? FIRST : ANOTHER;
	return look(true);
}

uint64_t simclock_last(void)
{
	return mine.last;
}

void simclock_yield(void)
{
	syscall(SYS_sched_yield);
}

static void wait_until(uint64_t then)
{
	uint64_t now = real_ns();

	while (now < then) {
		uint64_t left = then - now;
		struct timespec t = { .tv_sec = (time_t)((left - SPUN_NS) / 1000000000),
				      .tv_nsec = (long)((left - SPUN_NS) % 1000000000) };

		if (left > SPUN_NS)
			nanosleep(&t, NULL);
		else
			simclock_yield();
		now = real_ns();
	}
}

void simclock_set(uint64_t now_ns)
{
	if (scenario()->realtime)
		wait_until(now_ns);
	else
		mine.ahead = now_ns - real_ns();
	mine.last = now_ns;
	mine.called = true;
}

void simclock_work(bool held, uint64_t until_ns)
{
	mine.held = held;
	if (until_ns > mine.until)
		mine.until = until_ns;
}

unsigned simclock_number(void)
{
	static atomic_uint threads;

	if (!mine.number)
		mine.number = atomic_fetch_add(&threads, 1) + 1;
	return scenario()->realtime ? 0 : mine.number;
}

struct instant clock_now(void)
{
	return (struct instant){ simclock_read() };
}

/* Each thread's own clock says nothing to another's, unless it is the real one. */
struct instant clock_shared(void)
{
	return (struct instant){ scenario()->realtime ? real_ns() : 0 };
}

/* A program that waits gives its processor away, and may get it back late. */
int sched_yield(void)
{
	const struct timespec late = { .tv_nsec = (long)(scenario()->late_party_s * 1e9) };

	if (late.tv_nsec)
		nanosleep(&late, NULL);
	simclock_yield();
	return 0;
}

double clock_span(struct instant from, struct instant to)
{
	return (double)(int64_t)(to.ns - from.ns) * 1e-9;
}

double clock_resolution(void)
{
	return 1e-9;
}
