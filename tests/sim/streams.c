/* streams.c - doubles of the CUDA runtime: streams and events. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared.h"
#include "simclock.h"
#include "streams.h"

enum { ASK_NS = 500 }; /* what it takes to ask for an event */

static stream *all_streams; /* CUDA's functions have no handle */

stream *sim_streams(void)
{
	return all_streams;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* --- what is queued ----------------------------------------------------------- */

/* Times of another thread's clock say nothing: what that queued has ended by now. */
static void take_over(stream *st)
{
	if (st->clock != simclock_number() && st->end_ns > simclock_last())
		st->end_ns = simclock_last();
	st->clock = simclock_number();
}

void sim_queue(stream *st, struct entry en)
{
	if (st->n == QUEUE_MOST) {
		fprintf(stderr,
			"simulator: more than %d operations stand behind a closed gate; a real "
			"launch queue is full by then, and the gate is never opened\n",
			QUEUE_MOST);
		abort();
	}
	take_over(st);
	en.queued_ns = simclock_last();
	st->queue[(st->first + st->n++) % QUEUE_MOST] = en;
	sim_go_on(st);
}

bool sim_go_on(stream *st)
{
	take_over(st);
	while (st->n && !st->hung) {
		struct entry *en = &st->queue[st->first];

		if (!en->run(st, en))
			break;
		st->first = (st->first + 1) % QUEUE_MOST;
		st->n--;
	}
	simclock_work(st->n > 0 || flow_is_of_thread(), st->end_ns);
	return st->n == 0;
}

void sim_work(stream *st, const struct entry *en, double seconds, double latency)
{
	st->end_ns = later(st->end_ns, en->queued_ns) + (uint64_t)llround(seconds * 1e9);
	st->latency_ns = (uint64_t)llround(latency * 1e9);
}

/* From here on the host may look at and change what the stream's work used. */
static void settle(stream *st)
{
	st->last = (struct transfer){ 0 };
	st->latency_ns = 0;
	st->share = INFINITY;
	st->at_once = 1;
}

/* --- streams ------------------------------------------------------------------ */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags)
{
	static uint64_t made; /* of the process */
	uint64_t now = sim_enter();
	int gpu = sim_current();
	cudaError_t rc =
		gpu < 0 || flags != cudaStreamNonBlocking ? cudaErrorInvalidValue : sim_reach(gpu);
	stream *st = rc == cudaSuccess ? calloc(1, sizeof *st) : NULL;

	if (st) {
		st->gpu = gpu;
		st->share = INFINITY;
		st->at_once = 1;
		st->next = all_streams;
		st->random = scenario()->seed * 2 + 1 + made++ * 0x9e3779b97f4a7c15u;
		st->flow = flow_open();
		all_streams = st;
	}
	*out = st;
	sim_leave(now);
	return sim_give(rc == cudaSuccess && !st ? cudaErrorMemoryAllocation : rc);
}

static void drop_queue(stream *st)
{
	for (size_t i = 0; i < st->n; i++) {
		struct entry *en = &st->queue[(st->first + i) % QUEUE_MOST];

		if (en->drop)
			en->drop(en);
	}
}

cudaError_t cudaStreamDestroy(cudaStream_t st)
{
	uint64_t now = sim_enter();
	stream **at = &all_streams;

	sim_go_on(st);
	drop_queue(st);
	while (*at != st)
		at = &(*at)->next;
	*at = st->next;
	flow_close(st->flow);
	free(st);
	simclock_work(false, now);
	sim_leave(now);
	return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t st)
{
	cudaError_t rc = cudaSuccess;
	uint64_t now = sim_enter();

	while (!sim_go_on(st) && (rc = sim_reach(st->gpu)) == cudaSuccess) {
		sim_leave(now);
		sim_pause(st->hung);
		now = sim_enter();
	}
	if (rc == cudaSuccess)
		rc = sim_reach(st->gpu);
	now = later(now, st->end_ns) + st->latency_ns;
	settle(st);
	sim_leave(now);
	return sim_give(rc);
}

/* --- events ------------------------------------------------------------------- */

void sim_keep_event(event *ev)
{
	ev->users++;
}

void sim_drop_event(event *ev)
{
	if (--ev->users == 0)
		free(ev);
}

static cudaError_t make_event(cudaEvent_t *out, bool timed)
{
	uint64_t now = sim_enter();

	*out = sim_current() < 0 ? NULL : calloc(1, sizeof **out);
	if (*out)
		**out = (event){ .gpu = sim_current(), .timed = timed, .users = 1 };
	sim_leave(now);
	return sim_give(*out ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaEventCreate(cudaEvent_t *out)
{
	return make_event(out, true);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags)
{
	return make_event(out, !(flags & cudaEventDisableTiming));
}

cudaError_t cudaEventDestroy(cudaEvent_t ev)
{
	uint64_t now = sim_enter();

	sim_drop_event(ev);
	sim_leave(now);
	return cudaSuccess;
}

static void drop_mark(struct entry *en)
{
	event *ev = en->mark.event;

	ev->done = en->mark.turn;
	if (ev->done == ev->turn)
		ev->in = NULL;
	sim_drop_event(ev);
}

static bool run_mark(stream *st, struct entry *en)
{
	event *ev = en->mark.event;

	ev->clock = st->clock;
	ev->at_ns = later(st->end_ns, en->queued_ns);
	drop_mark(en);
	return true;
}

cudaError_t cudaEventRecord(cudaEvent_t ev, cudaStream_t st)
{
	uint64_t now = sim_enter();
	cudaError_t rc = ev->gpu == st->gpu ? sim_reach(st->gpu) : cudaErrorInvalidResourceHandle;

	if (rc == cudaSuccess) {
		ev->in = st;
		ev->turn++;
		sim_keep_event(ev);
		sim_queue(st, (struct entry){ .run = run_mark,
					      .drop = drop_mark,
					      .mark = { ev, ev->turn } });
	}
	sim_leave(now);
	return sim_give(rc);
}

/* Come to, and so by this thread's clock. */
static bool reached(const event *ev, uint64_t now)
{
	return !ev->in && (ev->clock != simclock_number() || now >= ev->at_ns);
}

cudaError_t cudaEventQuery(cudaEvent_t ev)
{
	uint64_t now = sim_enter();
	cudaError_t rc = sim_reach(ev->gpu);

	if (ev->in)
		sim_go_on(ev->in);
	if (rc == cudaSuccess && !reached(ev, now))
		rc = cudaErrorNotReady;
	/* At a closed gate no time passes: who opens it may have been kept from it. */
	if (!ev->in && !scenario()->realtime)
		now += ASK_NS;
	sim_leave(now);
	return sim_give(rc);
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin, cudaEvent_t end)
{
	uint64_t now = sim_enter();
	cudaError_t rc = !begin->timed || !end->timed               ? cudaErrorInvalidResourceHandle
			 : reached(begin, now) && reached(end, now) ? cudaSuccess
								    : cudaErrorNotReady;

	*ms = (float)((double)(end->at_ns - begin->at_ns) * 1e-6);
	sim_leave(now);
	return sim_give(rc);
}
