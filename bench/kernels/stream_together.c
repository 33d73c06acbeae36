/* stream_together.c - every thread notes when it ended each piece of its work. */
#include "kernels/stream_together.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "measure/laps.h"
#include "measure/timing.h"

/* A lap is a part of a pass where few passes are a sample, and several where many are: so many make
 * a sample about, and so many can be noted. Who has more goes on for the others' sake, and is taken
 * to have ended. */
enum { PIECES = 16, LAPS = 256, LAPS_MOST = 16 * LAPS };

/* What a thread did. Each has lines of its own. */
struct lane {
	double began, *ends; /* seconds since `origin` */
	size_t n;
	double elements; /* of a lap */
	double sum, expected_sum;
} __attribute__((aligned(128)));

struct party {
	struct stream_run *run;
	struct meeting *meeting;
	struct lane *lanes;
	size_t pieces;        /* of a pass: laps */
	unsigned passes;      /* in a lap, where a pass is one piece */
	atomic_size_t hungry; /* threads that have not made their passes */
};

/* The clock's own zero: processes share it. */
static double now(void)
{
	const struct instant origin = { 0 };

	return clock_span(origin, clock_now());
}

static void note(struct lane *lane)
{
	if (lane->n < LAPS_MOST)
		lane->ends[lane->n++] = now();
}

/* The `number`th pass over a share, from 1. */
static double pass(const struct party *p, struct lane *lane, size_t first, size_t n,
		   unsigned number)
{
	const struct stream_run *r = p->run;
	double *const *array = r->set->array, sum = 0;

	for (size_t i = 0; i < p->pieces; i++) {
		size_t from = first + n * i / p->pieces, to = first + n * (i + 1) / p->pieces;

		sum += r->kernel->run(array[0] + from, array[1] + from, array[2] + from, r->set->s,
				      to - from);
		if (number % p->passes == 0)
			note(lane);
	}
	return sum;
}

static void work(void *arg, size_t rank, size_t size)
{
	struct party *p = arg;
	struct lane *lane = &p->lanes[rank];
	size_t first, n;

	stream_share(p->run->n, rank, size, &first, &n);
	lane->elements = (double)n / (double)p->pieces * p->passes;
	lane->began = now();
	for (unsigned passes = 1;; passes++) {
		lane->sum += pass(p, lane, first, n, passes);
		if (passes == p->run->repeat && atomic_fetch_sub(&p->hungry, 1) == 1)
			meeting_reached(p->meeting);
		if (meeting_all_reached(p->meeting)) {
			lane->expected_sum = passes; /* times the sum of the share */
			break;
		}
	}
}

static void add_up(struct party *p, size_t threads)
{
	struct stream_run *r = p->run;
	size_t first, n;

	r->sum = r->expected_sum = 0;
	for (size_t i = 0; r->kernel->op == STREAM_READ && i < threads; i++) {
		stream_share(r->n, i, threads, &first, &n);
		r->sum += p->lanes[i].sum;
		r->expected_sum +=
			p->lanes[i].expected_sum * stream_data_sum(&r->set->data, first, n);
	}
}

/* Agrees with the others when all ran, and counts what this party did in it. */
static int settle(struct party *p, size_t threads, double *rate, struct err *e)
{
	double from = -INFINITY, until = INFINITY, elements = 0;
	int rc;

	for (size_t i = 0; i < threads; i++) {
		from = fmax(from, p->lanes[i].began);
		until = fmin(until, p->lanes[i].ends[p->lanes[i].n - 1]);
	}
	rc = laps_agree(p->meeting, &from, &until);
	if (rc < 0)
		return err_set(e, rc, "broken off: another node of this sample failed");
	p->run->seconds = until - from;
	if (until - from < SAMPLE_SECONDS / 2)
		return err_set(e, -EAGAIN, "all nodes ran at the same time for %.1f ms only",
			       fmax(until - from, 0) * 1e3);
	for (size_t i = 0; i < threads; i++)
		elements += p->lanes[i].elements * laps_between(p->lanes[i].ends, p->lanes[i].n,
								p->lanes[i].began, from, until);
	*rate = stream_counted_bytes(p->run->kernel->op) * elements / (until - from);
	return 0;
}

int stream_together(struct stream_run *run, struct team *team, struct meeting *m, double *rate,
		    struct err *e)
{
	size_t threads = team_size(team);
	struct party p = {
		.run = run,
		.meeting = m,
		.hungry = threads,
		.pieces = run->repeat < PIECES ? PIECES : 1,
		.passes = run->repeat < LAPS ? 1 : run->repeat / LAPS,
	};
	double *ends = calloc(threads * LAPS_MOST, sizeof(*ends));
	int rc;

	p.lanes = aligned_alloc(128, threads * sizeof(*p.lanes));
	if (!ends || !p.lanes) {
		meeting_break(m);
		rc = err_set(e, -ENOMEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < threads; i++)
		p.lanes[i] = (struct lane){ .ends = ends + i * LAPS_MOST };
	stream_set_scalar(run->set);
	rc = meeting_arrive(m);
	if (rc < 0) {
		err_set(e, rc, "broken off: another node of this sample failed");
		goto out;
	}
	team_run(team, work, &p);
	add_up(&p, threads);
	rc = settle(&p, threads, rate, e);
out:
	free(p.lanes);
	free(ends);
	return rc;
}
