/* train.c - one train alone: batches behind the gate, or the host's clock. */
#include "measure/train.h"

#include <errno.h>

#include "measure/clock.h"
#include "measure/timing.h"

/* Behind a closed gate stand its own wait, a mark, the transfers and their marks. */
enum { BATCH = GPU_GATE_MOST - 4, BATCH_MARKED = BATCH / 2 };
enum { TRIES = 4, REPEATS_MOST = 1 << 16 };

/* n transfers behind the gate with a mark before them, and one behind each or all of them. */
static int queue_batch(const struct train *t, const struct station *at, unsigned n, bool each,
		       struct err *e)
{
	int rc = gpu_marks_ready(t->stream, each ? n + 1 : 2, e);

	if (rc == 0)
		rc = gpu_gate_queue(at->gate, t->stream, meeting_next_ticket(at->meeting), e);
	if (rc == 0)
		rc = gpu_queue_mark(t->stream, 0, e);
	for (unsigned i = 0; rc == 0 && i < n; i++) {
		rc = t->what.queue(t->stream, &t->what, e);
		if (rc == 0 && (each || i + 1 == n))
			rc = gpu_queue_mark(t->stream, each ? i + 1 : 1, e);
	}
	meeting_release(at->meeting); /* also when it failed: what waits must not wait for ever */
	return rc;
}

static int run_batch(const struct train *t, const struct station *at, unsigned n, bool each,
		     double *seconds, struct err *e)
{
	bool broken = meeting_broken(at->meeting); /* before it stood at its gate */
	int rc = queue_batch(t, at, n, each, e);

	if (rc == 0)
		rc = gpu_stream_wait(t->stream, e);
	if (rc == 0) {
		rc = gpu_gate_gave_up(at->gate, e);
		if (!broken && meeting_broken(at->meeting))
			rc = err_set(
				e, -EAGAIN,
				"GPU %d stood at its gate, which was open, until it was opened "
				"once more",
				t->gpu);
	}
	for (unsigned i = 0; rc == 0 && i < (each ? n : 1); i++)
		rc = gpu_mark_span(t->stream, i, i + 1, &seconds[i], e);
	return rc;
}

static int time_by_host(const struct train *t, unsigned n, double *seconds, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < n; i++) {
		struct instant began;

		if (t->back.queue)
			rc = gpu_do(t->stream, &t->back, e);
		began = clock_now();
		if (rc == 0)
			rc = gpu_do(t->stream, &t->what, e);
		seconds[i] = clock_span(began, clock_now());
	}
	return rc;
}

int train_time(const struct train *t, const struct station *at, unsigned n, double *seconds,
	       struct err *e)
{
	int rc = 0;

	*seconds = 0;
	for (unsigned left = n, now; rc == 0 && left > 0; left -= now) {
		double some = 0;

		now = t->host_timed ? 1 : left < BATCH ? left : BATCH;
		rc = t->host_timed ? time_by_host(t, 1, &some, e)
				   : run_batch(t, at, now, false, &some, e);
		*seconds += some;
	}
	return rc;
}

/* Each try starts from the last. */
static int calibrate(const struct train *t, const struct station *at, unsigned *repeat,
		     struct err *e)
{
	double seconds = 0;
	int rc = 0;

	*repeat = 1;
	for (int i = 0; rc == 0 && i < TRIES && seconds < SAMPLE_SECONDS; i++) {
		/* a tenth more, so that a slightly faster sample is long enough, too */
		if (i > 0)
			*repeat =
				repeats_for(seconds / *repeat, 1.1 * SAMPLE_SECONDS, REPEATS_MOST);
		rc = train_time(t, at, *repeat, &seconds, e);
	}
	return rc;
}

int train_rate(const struct train *t, const struct station *at, unsigned *repeat, double *rate,
	       struct err *e)
{
	unsigned n = *repeat;
	double seconds = 0;
	int rc = n ? 0 : calibrate(t, at, &n, e);

	if (rc == 0)
		rc = train_time(t, at, n, &seconds, e);
	if (rc < 0)
		return rc;
	*repeat = n;
	*rate = (double)t->what.bytes * n / seconds;
	return 0;
}

int train_time_each(const struct train *t, const struct station *at, unsigned n, double *seconds,
		    struct err *e)
{
	int rc = 0;

	if (t->host_timed)
		return time_by_host(t, n, seconds, e);
	for (unsigned done = 0, now; rc == 0 && done < n; done += now) {
		now = n - done < BATCH_MARKED ? n - done : BATCH_MARKED;
		rc = run_batch(t, at, now, true, seconds + done, e);
	}
	return rc;
}
