/* injector.c - threads with two roles: one works, the others read. */
#include "kernels/injector.h"

#include <errno.h>
#include <math.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "measure/timing.h"
#include "util/random.h"

/* Long enough for a read at nearly full speed (prefetching starts anew in each), a few microseconds
 * at most. */
enum { BLOCK = 65536 / sizeof(double), HUGE = 2 << 20 };

/* How long the streams run before the work begins, so that queues and caches are as they stay. */
#define SETTLE_S 0.001

/* Of samples, until one of the streams was seen to run. */
enum { TRIES = 50 };

/* Who falls so many pauses behind, for the memory gives no more, does not make up for it. */
enum { BEHIND = 4 };

struct counter {
	alignas(64) _Atomic uint64_t bytes;
};

struct injection {
	const struct injector *in;
	double share;
	void (*work)(void *arg);
	void *arg;
	struct counter *moved; /* by rank */
	atomic_bool over;
	double rate;
};

/* Of each of the arrays: so that with what lies before and behind it (stream_set.h) it takes whole
 * huge pages, and all of them no more than `bytes`, where that is enough for a page each. */
static uint64_t array_bytes(uint64_t bytes)
{
	uint64_t each = bytes / STREAM_ARRAYS, whole = each / HUGE * HUGE;
	uint64_t beside = stream_set_bytes(0) / STREAM_ARRAYS;

	return whole > beside ? whole - beside : each;
}

uint64_t injector_bytes(uint64_t bytes)
{
	uint64_t each = stream_set_bytes(array_bytes(bytes)) / STREAM_ARRAYS;

	return STREAM_ARRAYS * ((each + HUGE - 1) / HUGE * HUGE);
}

static uint64_t moved_by(const struct injection *j, size_t rank)
{
	return atomic_load_explicit(&j->moved[rank].bytes, memory_order_relaxed);
}

static uint64_t moved(const struct injection *j, size_t size)
{
	uint64_t all = 0;

	for (size_t i = 1; i < size; i++)
		all += moved_by(j, i);
	return all;
}

static void wait_s(double seconds)
{
	struct instant began = clock_now();

	while (clock_span(began, clock_now()) < seconds)
		;
}

static void work(struct injection *j, size_t size)
{
	struct instant began;
	uint64_t before;

	for (size_t i = 1; j->share > 0 && i < size; i++)
		while (moved_by(j, i) == 0)
			;
	wait_s(SETTLE_S);
	before = moved(j, size);
	began = clock_now();
	j->work(j->arg);
	j->rate = (double)(moved(j, size) - before) / clock_span(began, clock_now());
	atomic_store_explicit(&j->over, true, memory_order_relaxed);
}

static bool is_over(const struct injection *j)
{
	return atomic_load_explicit(&j->over, memory_order_relaxed);
}

/* One thread's part of an array. */
struct part {
	size_t first, n, block;
};

static struct part part_of(const struct injection *j, size_t rank, size_t size)
{
	size_t n = j->in->set->n, streams = size - 1, i = rank - 1;
	struct part p = { .first = n * i / streams, .n = n * (i + 1) / streams - n * i / streams };

	if (p.n == 0)
		p = (struct part){ .n = n };
	p.block = p.n < BLOCK ? p.n : BLOCK;
	return p;
}

/* The pauses vary by half, and no two threads begin alike: they must not read in step. */
static void inject(struct injection *j, size_t rank, size_t size)
{
	const struct stream_set *set = j->in->set;
	const struct part p = part_of(j, rank, size);
	double bytes = (double)(p.block * sizeof(double));
	double period = bytes * (double)(size - 1) / (j->share * j->in->full), due = 0, now;
	struct instant began = clock_now();
	uint64_t random = rank;

	for (size_t at = 0, array = 0; !is_over(j); at += p.block) {
		if (at + p.block > p.n) {
			at = 0;
			array = (array + 1) % STREAM_ARRAYS;
		}
		j->in->read->run(NULL, set->array[array] + p.first + at, NULL, 0, p.block);
		atomic_fetch_add_explicit(&j->moved[rank].bytes, (uint64_t)bytes,
					  memory_order_relaxed);
		if (j->share >= 1)
			continue;
		due += period * (0.5 + (double)(random_next(&random) >> 11) * 0x1p-53);
		while ((now = clock_span(began, clock_now())) < due && !is_over(j))
			;
		if (now > due + BEHIND * period)
			due = now;
	}
}

static void play(void *arg, size_t rank, size_t size)
{
	struct injection *j = arg;

	if (rank == 0)
		work(j, size);
	else if (j->share > 0)
		inject(j, rank, size);
}

double injector_run(struct injector *in, struct team *team, double share, void (*fn)(void *arg),
		    void *arg)
{
	struct injection j = {
		.in = in,
		.share = share,
		.work = fn,
		.arg = arg,
		.moved = aligned_alloc(alignof(struct counter),
				       team_size(team) * sizeof(struct counter)),
	};

	if (!j.moved)
		return NAN;
	for (size_t i = 0; i < team_size(team); i++)
		atomic_init(&j.moved[i].bytes, 0);
	team_run(team, play, &j);
	free(j.moved);
	return j.rate;
}

static void nothing(void *arg)
{
	(void)arg;
	wait_s(SAMPLE_SECONDS);
}

/* What the streams reach without pauses; where others have their cores, it may take a while until
 * one of them runs. */
static int calibrate(struct injector *in, struct team *team, struct err *e)
{
	for (int i = 0; i < TRIES && !(in->full > 0); i++) {
		in->full = injector_run(in, team, 1, nothing, NULL);
		if (isnan(in->full))
			return err_set(e, -ENOMEM, "out of memory");
	}
	if (in->full > 0)
		return 0;
	return err_set(e, -EAGAIN, "the other cores of the node hardly ever ran: others use them");
}

int injector_open(struct injector **out, struct team *team, uint64_t bytes,
		  const struct memory_want *want, uint64_t seed, struct stream_choice *choice,
		  uint64_t caches, double *choosing_s, struct err *e)
{
	struct injector *in = calloc(1, sizeof(*in));
	struct instant began;
	int rc;

	*out = NULL;
	if (!in)
		return err_set(e, -ENOMEM, "out of memory");
	rc = stream_set_open(&in->set, team, array_bytes(bytes), want, seed, e);
	if (rc == 0) {
		began = clock_now();
		in->read = stream_choose(choice, STREAM_READ, in->set, team, caches);
		*choosing_s = clock_span(began, clock_now());
		rc = calibrate(in, team, e);
	}
	if (rc < 0) {
		injector_close(in);
		return rc;
	}
	*out = in;
	return 0;
}

void injector_close(struct injector *in)
{
	if (in)
		stream_set_close(in->set);
	free(in);
}

int injector_prove(const struct injector *in, struct placement *p)
{
	return stream_set_prove(in->set, p);
}
