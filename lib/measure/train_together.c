/* train_together.c - several trains at once, of one party or of several.
 *
 * All trains stand behind the gate; when the last party has arrived it opens.
 * Each train goes on until all trains of all parties have their quota. What each
 * had moved by the end of the first one to end is what was moved while all ran.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "measure/laps.h"
#include "measure/train.h"

/* A mark stands behind every lap, not behind every small transfer: the host must be able to follow.
 * What is queued ahead must last until it looks again, and no longer, for it is still to be waited
 * for when all have their quota. */
enum {
	LAP_BYTES = 4 << 20,
	LAP_MOST = 16, /* transfers */
	AHEAD_BYTES = 256 << 20,
	AHEAD_MOST = 16, /* laps */
	AHEAD_LEAST = 3,
	LAPS_MOST = 8192, /* of one train: then it ends before the others */
};
_Static_assert(AHEAD_LEAST *(LAP_MOST + 1) + 2 <= GPU_GATE_MOST &&
		       AHEAD_MOST * 2 + 2 <= GPU_GATE_MOST,
	       "what is queued ahead stands behind the gate");

struct party;

/* One train on its way. */
struct ride {
	struct train *train;
	struct party *party;
	unsigned step, ahead;  /* transfers in a lap; laps queued before the oldest has ended */
	unsigned queued, done; /* laps */
	double *ends;          /* since its own start, one for each lap done */
	bool started, full;    /* came through the gate; has its quota */
	/* of a host-timed one */
	pthread_t thread;
	bool has_thread;
	int rc;
	struct err e;
};

/* All trains of this process. */
struct party {
	const struct station *from;
	struct ride *rides;
	size_t n;
	unsigned quota;
	atomic_bool go;     /* the gate is open, or never will be */
	atomic_uint hungry; /* rides that have not their quota */
	atomic_bool failed;
	bool said;             /* that the party has its quota */
	struct instant opened; /* when this party saw the gate open */
};

static bool all_reached(struct party *p)
{
	if (!p->said && atomic_load(&p->hungry) == 0) {
		p->said = true;
		meeting_reached(p->from->meeting);
	}
	return meeting_all_reached(p->from->meeting);
}

static bool given_up(struct party *p)
{
	return atomic_load(&p->failed) || meeting_broken(p->from->meeting);
}

/* By this party's own clock, and since the gate was released, whichever process did that. */
static double lag_since(const struct party *p, struct instant seen)
{
	return fmax(clock_span(seen, clock_now()), meeting_since_release(p->from->meeting));
}

static void count_one(struct ride *r)
{
	r->done++;
	if (!r->full && r->done * r->step >= r->party->quota) {
		r->full = true;
		atomic_fetch_sub(&r->party->hungry, 1);
	}
}

/* ---- timed on the GPU: the party's own thread feeds all of them ---- */

static int queue_one(struct ride *r, struct err *e)
{
	const struct train *t = r->train;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < r->step; i++)
		rc = t->what.queue(t->stream, &t->what, e);
	if (rc == 0)
		rc = gpu_queue_mark(t->stream, r->queued + 1, e);
	if (rc == 0)
		r->queued++;
	return rc;
}

static int queue_head(struct ride *r, struct err *e)
{
	const struct station *from = r->party->from;
	struct gpu_stream *s = r->train->stream;
	int rc;

	meeting_at(from->meeting, from->party, r->train->gpu);
	rc = gpu_marks_ready(s, r->ahead + 1, e);
	if (rc == 0)
		rc = gpu_gate_queue(from->gate, s, meeting_ticket(from->meeting), e);
	if (rc == 0)
		rc = gpu_queue_mark(s, 0, e);
	for (unsigned i = 0; rc == 0 && i < r->ahead; i++)
		rc = queue_one(r, e);
	return rc;
}

/* Takes note of what has ended, and queues as much again. */
static int attend(struct ride *r, bool more, struct err *e)
{
	struct gpu_stream *s = r->train->stream;
	bool reached = true;
	int rc = 0;

	if (!r->started) {
		rc = gpu_mark_reached(s, 0, &reached, e);
		r->started = rc == 0 && reached;
		if (r->started)
			r->train->lag_s = lag_since(r->party, r->party->opened);
	}
	while (rc == 0 && reached && r->done < r->queued) {
		rc = gpu_mark_reached(s, r->done + 1, &reached, e);
		if (rc == 0 && reached)
			count_one(r);
	}
	while (rc == 0 && more && r->queued < LAPS_MOST && r->queued - r->done < r->ahead)
		rc = queue_one(r, e);
	return rc;
}

static int take_ends(struct ride *r, struct err *e)
{
	int rc = gpu_stream_wait(r->train->stream, e);

	if (rc == 0)
		rc = gpu_gate_gave_up(r->party->from->gate, e);
	r->done = r->queued;
	for (unsigned i = 0; rc == 0 && i < r->done; i++)
		rc = gpu_mark_span(r->train->stream, 0, i + 1, &r->ends[i], e);
	return rc;
}

/* ---- timed by the host: a thread each ---- */

static void *ride_alone(void *arg)
{
	struct ride *r = arg;
	struct party *p = r->party;
	struct instant looked = clock_now(), began;

	/* CUDA's current GPU is each thread's own, and to choose it must take no part of a copy. */
	r->rc = gpu_stream_current(r->train->stream, &r->e);
	if (r->rc < 0)
		atomic_store(&p->failed, true);
	while (!atomic_load(&p->go)) {
		looked = clock_now();
		sched_yield();
	}
	began = clock_now();
	r->train->lag_s = lag_since(p, looked);
	while (!given_up(p) && r->done < LAPS_MOST &&
	       !(r->full && meeting_all_reached(p->from->meeting))) {
		r->rc = gpu_do(r->train->stream, &r->train->what, &r->e);
		if (r->rc < 0) {
			atomic_store(&p->failed, true);
			break;
		}
		r->ends[r->done] = clock_span(began, clock_now());
		count_one(r);
	}
	return NULL;
}

static int start_thread(struct ride *r, struct err *e)
{
	int rc = -pthread_create(&r->thread, NULL, ride_alone, r);

	if (rc < 0)
		return err_set(e, rc, "a thread cannot be started");
	r->has_thread = true;
	return 0;
}

/* ---- the party ---- */

static int get_ready(struct party *p, size_t *at, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		struct ride *r = &p->rides[i];

		*at = i;
		r->ends = calloc(LAPS_MOST, sizeof *r->ends);
		if (!r->ends)
			return err_set(e, -ENOMEM, "out of memory");
		rc = r->train->host_timed ? start_thread(r, e) : queue_head(r, e);
	}
	return rc;
}

/* The train that is furthest behind is the one that hangs, if one does. */
static void name_last(struct party *p)
{
	const struct ride *last = &p->rides[0];

	for (size_t i = 1; i < p->n; i++)
		if (p->rides[i].done < last->done)
			last = &p->rides[i];
	meeting_at(p->from->meeting, p->from->party, last->train->gpu);
}

static int travel(struct party *p, size_t *at, struct err *e)
{
	int rc = 0;

	for (bool more = true; rc == 0 && more && !given_up(p);) {
		more = !all_reached(p);
		for (size_t i = 0; rc == 0 && i < p->n; i++) {
			*at = i;
			if (!p->rides[i].train->host_timed)
				rc = attend(&p->rides[i], more, e);
		}
		name_last(p);
		sched_yield();
	}
	return rc;
}

/* Waits for everything, whatever went wrong before: also a train that was let go because
 * another party failed must have ended before its buffers are used again. */
static int arrive(struct party *p, int rc, size_t *at, struct err *e)
{
	bool mine = rc < 0 && rc != -ECANCELED;

	if (rc < 0 || given_up(p)) {
		meeting_break(p->from->meeting);
		meeting_release(p->from->meeting);
		atomic_store(&p->go, true);
	}
	for (size_t i = 0; i < p->n; i++) {
		struct ride *r = &p->rides[i];

		meeting_at(p->from->meeting, p->from->party, r->train->gpu);
		if (r->has_thread)
			pthread_join(r->thread, NULL);
		else if (!mine)
			r->rc = take_ends(r, &r->e);
		if (rc == 0 && r->rc < 0) {
			rc = r->rc;
			*e = r->e;
			*at = i;
			meeting_break(p->from->meeting);
		}
	}
	return rc == 0 && meeting_broken(p->from->meeting) ? -ECANCELED : rc;
}

static int settle(struct party *p, size_t *at, struct err *e)
{
	double least = p->rides[0].ends[p->rides[0].done - 1];
	int rc;

	for (size_t i = 1; i < p->n; i++)
		if (p->rides[i].ends[p->rides[i].done - 1] < least)
			least = p->rides[i].ends[p->rides[i].done - 1];
	rc = meeting_least(p->from->meeting, least, &least);
	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		const struct ride *r = &p->rides[i];
		struct train *t = r->train;

		t->rate = (double)t->what.bytes * r->step *
			  laps_between(r->ends, r->done, 0, 0, least) / least;
		if (t->lag_s > LAG_FREE_S && t->lag_s > LAG_MOST * least) {
			*at = i;
			rc = err_set(e, -EAGAIN,
				     "GPU %d began %.0f us after the others were let go, in a "
				     "sample of %.0f us",
				     t->gpu, t->lag_s * 1e6, least * 1e6);
		}
	}
	return rc;
}

static unsigned within(size_t n, unsigned least, unsigned most)
{
	return n < least ? least : n > most ? most : (unsigned)n;
}

static struct ride ride_of(struct train *t, struct party *p)
{
	size_t bytes = t->what.bytes;
	unsigned step = t->host_timed ? 1 : within(LAP_BYTES / bytes, 1, LAP_MOST);
	unsigned room = (GPU_GATE_MOST - 2) / (step + 1);

	return (struct ride){ .train = t,
			      .party = p,
			      .step = step,
			      .ahead = within(AHEAD_BYTES / (bytes * step), AHEAD_LEAST,
					      room < AHEAD_MOST ? room : AHEAD_MOST) };
}

int trains_together(struct train *t, size_t n, const struct station *from, unsigned quota,
		    size_t *at, struct err *e)
{
	struct party p = { .from = from, .n = n, .quota = quota, .hungry = (unsigned)n };
	int rc;

	*at = n;
	p.rides = calloc(n + 1, sizeof *p.rides);
	if (!p.rides) {
		meeting_break(from->meeting);
		return err_set(e, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < n; i++)
		p.rides[i] = ride_of(&t[i], &p);
	rc = get_ready(&p, at, e);
	if (rc == 0)
		rc = meeting_arrive(from->meeting);
	if (rc == 0) {
		p.opened = clock_now();
		atomic_store(&p.go, true);
		rc = travel(&p, at, e);
	}
	rc = arrive(&p, rc, at, e);
	if (rc == 0)
		rc = settle(&p, at, e);
	if (rc == -ECANCELED)
		err_set(e, rc, "broken off: another GPU of this sample failed");
	for (size_t i = 0; i < n; i++)
		free(p.rides[i].ends);
	free(p.rides);
	return rc;
}
