/* gates.c - doubles of the CUDA runtime and driver: what streams wait for.
 *
 * A gate is open when somebody looks and finds it so: then all streams of the process
 * that stand at it begin, at that instant.
 */
#include <cuda.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"
#include "simclock.h"
#include "streams.h"

/* --- the stream has come to one ------------------------------------------------- */

/* A stuck one misses the first value that would open it. */
static bool is_open(const stream *st, const struct gate *g)
{
	int32_t missed = sim_fault(SIM_STUCK_GATE, st->gpu, SIM_ANY) ? 1 : 0;

	if (g->flag)
		return (int32_t)(__atomic_load_n(g->flag, __ATOMIC_ACQUIRE) - g->ticket) >= missed;
	if (g->event->in)
		sim_go_on(g->event->in);
	return (int)(g->event->done - g->turn) >= 0;
}

static bool run_gate(stream *st, struct entry *en);

static bool stands_at(const stream *st, const struct gate *g)
{
	const struct entry *en = &st->queue[st->first];

	return st->n && en->run == run_gate && en->gate.flag == g->flag &&
	       en->gate.ticket == g->ticket && en->gate.event == g->event &&
	       en->gate.turn == g->turn && !en->gate.open;
}

/* The instant for all that stand there, while none of them has gone on. */
static void open_for_all(struct gate g)
{
	uint64_t now = simclock_last();
	unsigned at_once = 0;

	if (g.event && g.event->clock == simclock_number() && g.event->at_ns > now)
		now = g.event->at_ns;
	for (stream *st = sim_streams(); st; st = st->next)
		at_once += stands_at(st, &g);
	for (stream *st = sim_streams(); st; st = st->next) {
		struct gate *its = &st->queue[st->first].gate;

		if (!stands_at(st, &g))
			continue;
		its->open = true;
		its->clock = simclock_number();
		its->open_ns = now;
		st->share = flow_rate(st->flow);
		st->at_once = at_once;
	}
}

static uint64_t lateness(stream *st)
{
	const struct sim_fault *f = sim_fault(SIM_LATE_GATE, st->gpu, SIM_ANY);

	sim_used(st->gpu)->gates++;
	return f ? (uint64_t)llround(f->seconds * 1e9) : 0;
}

static void drop_gate(struct entry *en)
{
	if (en->gate.event)
		sim_drop_event(en->gate.event);
}

static bool run_gate(stream *st, struct entry *en)
{
	uint64_t begin;

	if (!en->gate.open) {
		if (!is_open(st, &en->gate))
			return false;
		open_for_all(en->gate);
	}
	begin = en->gate.clock == simclock_number() ? en->gate.open_ns : simclock_last();
	if (begin < en->queued_ns)
		begin = en->queued_ns;
	if (st->end_ns < begin)
		st->end_ns = begin;
	st->end_ns += lateness(st);
	drop_gate(en);
	return true;
}

static void stand_at(stream *st, struct gate g)
{
	const void *key = g.flag ? (const void *)g.flag : g.event;

	flow_gate(st->flow, key, g.flag ? g.ticket : g.turn, g.flag);
	st->share = INFINITY;
	sim_queue(st, (struct entry){ .run = run_gate, .drop = drop_gate, .gate = g });
}

/* --- a value in memory ---------------------------------------------------------- */

static CUresult wait_value(CUstream st, CUdeviceptr at, cuuint32_t value, unsigned flags)
{
	uint64_t now = sim_enter();
	const uint32_t *flag = (const uint32_t *)(uintptr_t)at;
	const struct block *b = sim_block(flag, sizeof *flag);
	CUresult rc = (CUresult)sim_reach(st->gpu);

	if (rc == CUDA_SUCCESS && (!b || at % sizeof *flag || flags != CU_STREAM_WAIT_VALUE_GEQ))
		rc = CUDA_ERROR_INVALID_VALUE;
	if (rc == CUDA_SUCCESS)
		stand_at(st, (struct gate){ .flag = flag, .ticket = value });
	sim_leave(now);
	return rc;
}

static cudaError_t look_up(const char *symbol, void **f, enum cudaDriverEntryPointQueryResult *how)
{
	bool there = scenario()->stream_wait && strcmp(symbol, "cuStreamWaitValue32") == 0;

	*f = there ? (void *)(uintptr_t)wait_value : NULL;
	if (how)
		*how = there ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
	return cudaSuccess;
}

#if CUDART_VERSION >= 12050
cudaError_t cudaGetDriverEntryPointByVersion(const char *symbol, void **f, unsigned version,
					     unsigned long long flags,
					     enum cudaDriverEntryPointQueryResult *how)
{
	return version > (unsigned)scenario()->driver_version || flags != cudaEnableDefault
		       ? sim_give(cudaErrorInvalidValue)
		       : look_up(symbol, f, how);
}
#elif CUDART_VERSION >= 12000
cudaError_t cudaGetDriverEntryPoint(const char *symbol, void **f, unsigned long long flags,
				    enum cudaDriverEntryPointQueryResult *how)
{
	return flags == cudaEnableDefault ? look_up(symbol, f, how)
					  : sim_give(cudaErrorInvalidValue);
}
#else
cudaError_t cudaGetDriverEntryPoint(const char *symbol, void **f, unsigned long long flags)
{
	return flags == cudaEnableDefault ? look_up(symbol, f, NULL)
					  : sim_give(cudaErrorInvalidValue);
}
#endif

/* --- an event behind a host function -------------------------------------------- */

cudaError_t cudaStreamWaitEvent(cudaStream_t st, cudaEvent_t ev, unsigned flags)
{
	uint64_t now = sim_enter();
	cudaError_t rc = flags ? cudaErrorInvalidValue : sim_reach(st->gpu);

	if (rc == cudaSuccess) {
		sim_keep_event(ev);
		stand_at(st, (struct gate){ .event = ev, .turn = ev->turn });
	}
	sim_leave(now);
	return sim_give(rc);
}

/* The driver calls it on a thread of its own. */
static void *call_host(void *arg)
{
	struct host_call *c = arg;

	c->fn(c->data);
	atomic_store(&c->ended, true);
	return NULL;
}

static void drop_call(struct entry *en)
{
	if (en->call->started)
		pthread_join(en->call->thread, NULL);
	free(en->call);
}

static bool run_call(stream *st, struct entry *en)
{
	struct host_call *c = en->call;

	if (!c->started) {
		if (pthread_create(&c->thread, NULL, call_host, c) != 0) {
			fputs("simulator: no thread for a host function\n", stderr);
			abort();
		}
		c->started = true;
	}
	if (!atomic_load(&c->ended))
		return false;
	drop_call(en);
	if (st->end_ns < simclock_last())
		st->end_ns = simclock_last();
	return true;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t st, cudaHostFn_t fn, void *data)
{
	uint64_t now = sim_enter();
	cudaError_t rc = sim_reach(st->gpu);
	struct host_call *c = rc == cudaSuccess ? calloc(1, sizeof *c) : NULL;

	if (c) {
		*c = (struct host_call){ .fn = fn, .data = data };
		sim_queue(st, (struct entry){ .run = run_call, .drop = drop_call, .call = c });
	}
	sim_leave(now);
	return sim_give(rc == cudaSuccess && !c ? cudaErrorMemoryAllocation : rc);
}
