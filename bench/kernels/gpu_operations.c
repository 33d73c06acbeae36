#include "kernels/gpu_operations.h"

#include <errno.h>

#include "kernels/gpu_kernels.h"
#include "measure/clock.h"
#include "measure/tally.h"
#include "measure/timing.h"
#include "result/statistics.h"

/* A worker may end after a sample: a thousand, then, in each. */
enum { WARM = 50, LEAST = 1000, MOST = 5000 };
_Static_assert((int)MOST <= (int)GPU_CHASE_MOST, "a walk of loads is one sample");

static int launch_each(struct gpu_stream *s, unsigned n, double *v, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < n; i++) {
		struct instant began = clock_now();

		rc = gpu_queue_nothing(s, e);
		if (rc == 0)
			rc = gpu_stream_wait(s, e);
		v[i] = clock_span(began, clock_now());
	}
	return rc;
}

static int time_each(struct worker *w, const struct gpu_operation *o, unsigned n, double *v,
		     bool *right, struct err *e)
{
	*right = true;
	switch (o->kind) {
	case OPERATION_TRANSFER:
		return train_time_each(&o->train, gpuset_station(w), n, v, e);
	case OPERATION_LAUNCH:
		return launch_each(o->train.stream, n, v, e);
	case OPERATION_LOAD:
		return gpu_chase_time(&o->loads->chase, n, v, right, e);
	}
	return -EINVAL;
}

static int keep(struct worker *w, struct cell *cell, const double *v)
{
	void **own = gpuset_own(w);
	struct tally *t = *own;
	int rc = tally_add(&t, cell, v, cell->repeat);

	*own = t;
	return rc;
}

static void tell_walk(const struct gpu_operation *o, struct record *r, bool right)
{
	if (o->kind != OPERATION_LOAD)
		return;
	r->verified = right;
	record_set(r, "verified", NULL);
	if (!right)
		record_status(r, STATUS_CORRUPT,
			      "GPU %d: a walk of dependent loads did not end where it leads: an "
			      "address arrived wrong",
			      o->train.gpu);
	if (o->loads->host.p)
		hostmem_tell(&o->loads->host, r);
}

int gpu_operation_sample(struct worker *w, const struct gpu_operation *o, struct cell *cell,
			 double *value, struct err *e)
{
	double v[MOST];
	bool right, warm;
	int rc = o->kind == OPERATION_LOAD ? gpu_loads_reach(o->loads, e) : 0;

	/* A walk of loads warms itself, and so few of them take less than some GPU's timer tells.
	 */
	if (rc == 0)
		rc = time_each(w, o, o->kind == OPERATION_LOAD ? LEAST : WARM, v, &warm, e);
	if (rc < 0)
		return rc;
	if (cell->repeat == 0)
		cell->repeat = repeats_for(median_of(v, o->kind == OPERATION_LOAD ? LEAST : WARM),
					   SAMPLE_SECONDS, MOST);
	if (cell->repeat < LEAST)
		cell->repeat = LEAST;
	rc = time_each(w, o, cell->repeat, v, &right, e);
	if (rc < 0)
		return rc;
	gpuset_note(w, o->train.gpu, &cell->rec);
	*value = median_of(v, cell->repeat);
	if (!(*value > 0))
		record_status(&cell->rec, STATUS_FAILED,
			      "an operation takes less than the clock can tell");
	tell_walk(o, &cell->rec, right && warm);
	return keep(w, cell, v) < 0 ? err_set(e, -ENOMEM, "out of memory") : 0;
}

void gpu_operations_stop(struct worker *w)
{
	if (w->bench_state)
		tally_free(*gpuset_own(w));
	gpuset_stop(w);
}
