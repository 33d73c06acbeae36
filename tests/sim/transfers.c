/* transfers.c - one transfer: the data, and what it takes.
 *
 * Copies really move the data. What one takes is the scenario's word for the nodes
 * where the caller and the pages really are (where.h).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared.h"
#include "simclock.h"
#include "streams.h"
#include "where.h"

/* Copies up to so many bytes are made each time; of larger ones so many places are looked at. */
enum { SMALL = 4096, PLACES = 64 };

/* --- what a transfer takes ------------------------------------------------------ */

static bool pages_matter(void)
{
	const struct scenario *s = scenario();

	for (size_t i = 0; i < s->nplants; i++)
		if (s->plants[i].way.pages != SIM_ANY)
			return true;
	return false;
}

static uint64_t real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Looked up once for copies that follow each other so closely that the memory must be the same. */
static int pages_of(const void *host)
{
	enum { CLOSELY_NS = 2000000 };
	static _Thread_local struct {
		const void *host;
		int kind;
		uint64_t ns;
	} last;

	if (!host || !pages_matter())
		return SIM_ANY;
	if (last.host != host || real_ns() - last.ns > CLOSELY_NS)
		last.kind = where_kind(host);
	last.host = host;
	last.ns = real_ns();
	return last.kind;
}

/* The host's side of a transfer, or NULL. */
static const void *host_side(const struct transfer *t)
{
	if (t->way.memory == SIM_PEER)
		return NULL;
	return t->way.direction == SIM_H2D ? t->src : t->dst;
}

/* Pages on several nodes each count with their share. */
static void look_up(struct transfer *t)
{
	const void *host = host_side(t);
	int node[WHERE_SAMPLES] = { 0 };
	struct sim_plant p = { 0 };
	double slowness = 0;

	t->way.cpu_node = where_caller();
	t->way.pages = pages_of(host);
	for (int i = 0; i < WHERE_SAMPLES; i++)
		node[i] = t->way.mem_node;
	if (host && t->way.mem_node == SIM_NO_NODE)
		where_pages(host, t->bytes, node);
	for (int i = 0; i < WHERE_SAMPLES; i++) {
		t->way.mem_node = node[i];
		if (i == 0 || node[i] != node[i - 1])
			p = sim_planted(&t->way, t->bytes);
		slowness += 1 / p.bandwidth / WHERE_SAMPLES;
	}
	t->bandwidth = 1 / slowness;
	t->start = p.start;
	t->latency = p.latency;
}

static bool same(const struct transfer *a, const struct transfer *b)
{
	return a->dst == b->dst && a->src == b->src && a->bytes == b->bytes &&
	       a->way.direction == b->way.direction && a->prefetch == b->prefetch;
}

/* The copy has been made before and nothing has changed since, as far as some places show. */
static bool is_made(const struct transfer *t)
{
	const char *dst = t->dst, *src = t->src;

	for (size_t i = 0; i < PLACES; i++) {
		size_t at = (t->bytes - sizeof(uint64_t)) / (PLACES - 1) * i;

		if (memcmp(dst + at, src + at, sizeof(uint64_t)) != 0)
			return false;
	}
	return true;
}

/* Copying the same again takes its time, and not the simulating machine's. */
static void move(const struct transfer *t)
{
	if (!t->prefetch && (t->bytes <= SMALL || !is_made(t)))
		memcpy(t->dst, t->src, t->bytes);
}

/* --- the stream has come to it -------------------------------------------------- */

static void flip(const struct transfer *t)
{
	const struct sim_fault *f = sim_fault(SIM_FLIP, t->way.gpu, t->way.direction);

	if (f && f->offset < t->bytes && !t->again)
		((char *)t->dst)[f->offset] =
			(char)(((const char *)t->src)[f->offset] ^ (1 << f->bit));
}

static bool run_transfer(stream *st, struct entry *en)
{
	const struct transfer *t = &en->transfer;
	struct used_gpu *used = sim_used(t->way.gpu);
	double factor = sim_factor(st), seconds;

	used->at_once = st->at_once;
	if (sim_reach(t->way.gpu) != cudaSuccess)
		return true;
	if (sim_fault(SIM_CRASH, t->way.gpu, t->way.direction))
		abort();
	st->hung = sim_fault(SIM_HANG, t->way.gpu, t->way.direction);
	if (st->hung)
		return false;
	seconds = t->again ? 0 : (double)t->bytes / fmin(t->bandwidth, st->share);
	if (used->busy_s < scenario()->cold_s)
		seconds /= scenario()->cold_factor;
	seconds = (t->start + seconds) * factor;
	sim_work(st, en, seconds, t->latency * factor);
	flip(t);
	used->copies++;
	used->busy_s += seconds;
	return true;
}

/* --- and is asked for ----------------------------------------------------------- */

/* The call returns when the host's memory is free again. Behind a gate it may not return. */
static uint64_t wait_for_pageable(stream *st, uint64_t now)
{
	if (!sim_go_on(st) && !st->hung && sim_reach(st->gpu) == cudaSuccess) {
		fputs("simulator: a copy of pageable memory was queued behind a closed gate, where "
		      "its call may never return\n",
		      stderr);
		abort();
	}
	while (st->hung) {
		sim_leave(now);
		sim_pause(true);
		now = sim_enter();
	}
	return st->end_ns > now ? st->end_ns : now;
}

/* Without the lock: other threads go on meanwhile. */
static void prepare(stream *st, struct transfer *t)
{
	if (same(&st->last, t)) {
		*t = st->last;
		t->again = t->prefetch;
	} else {
		look_up(t);
		move(t);
	}
	if (t->way.memory == SIM_PAGEABLE)
		st->share = flow_of_thread(&t->way, t->bandwidth);
	else
		flow_tell(st->flow, &t->way, t->bandwidth);
}

cudaError_t sim_transfer(stream *st, struct transfer t)
{
	uint64_t now = sim_enter();
	cudaError_t rc = sim_reach(t.way.gpu);

	sim_leave(now);
	if (rc != cudaSuccess)
		return sim_give(rc);
	prepare(st, &t);
	now = sim_enter_at(now + (uint64_t)llround(scenario()->launch_s * 1e9));
	sim_queue(st, (struct entry){ .run = run_transfer, .transfer = t });
	st->last = t;
	if (t.way.memory == SIM_PAGEABLE)
		now = wait_for_pageable(st, now);
	sim_leave(now);
	return cudaSuccess;
}
