/* stream_choose.c - which of the kernels is the fastest here. */
#include "kernels/stream_choose.h"

#include <math.h>

#include "measure/timing.h"

/* A trial covers this much of each array for every thread, and is made so often. */
enum { TRIAL_BYTES = 32 << 20, TRIALS = 3, MANY = 4 };
#define TRIAL_SECONDS 0.002

/* Seconds an element of one trial; infinite when it could not be made. */
static double try_kernel(struct stream_set *set, struct team *team, const struct stream_kernel *k)
{
	size_t part = TRIAL_BYTES / sizeof(double) * team_size(team);
	struct stream_run r = { .set = set, .kernel = k, .repeat = 1 };

	r.n = part < set->n ? part : set->n;
	if (set->cursor + r.n > set->n)
		set->cursor = 0;
	r.first = set->cursor;
	set->cursor += r.n;
	if (stream_set_run(&r, team) < 0)
		return INFINITY;
	/* Only whole arrays are gone over again: a part would be in the caches by then. */
	if (r.n == set->n)
		r.repeat = repeats_for(r.seconds, TRIAL_SECONDS, 1 << 20);
	if (r.repeat > 1 && stream_set_run(&r, team) < 0)
		return INFINITY;
	return r.seconds / r.repeat / (double)r.n;
}

/* Vectors where there are any. What ordinary stores leave in the caches is written out after
 * the trial's end, so they take part only where that is little, or all there is. */
static bool takes_part(const struct stream_kernel *k, enum stream_op op, bool vectors,
		       bool ordinary)
{
	return k->op == op && stream_usable(k) && (k->isa == ISA_PORTABLE) != vectors &&
	       (ordinary || !vectors || op == STREAM_READ || k->non_temporal);
}

static const struct stream_kernel *choose(struct stream_set *set, struct team *team,
					  enum stream_op op, bool ordinary)
{
	const struct stream_kernel *k, *best = NULL;
	double best_time = INFINITY;
	bool vectors = false;
	size_t rows = 0;

	for (; (k = stream_kernel(rows)); rows++)
		vectors |= k->isa != ISA_PORTABLE && stream_usable(k);
	/* There and back again, so that each row comes after another one. */
	for (size_t i = 0; i < TRIALS * rows; i++) {
		size_t at = i % rows;
		double t;

		k = stream_kernel(i / rows % 2 ? rows - 1 - at : at);
		if (!takes_part(k, op, vectors, ordinary))
			continue;
		t = try_kernel(set, team, k);
		if (!best || t < best_time) {
			best = k;
			best_time = t;
		}
	}
	return best;
}

void stream_choose(struct stream_choice *choice, struct stream_set *set, struct team *team,
		   uint64_t caches)
{
	uint64_t part = (uint64_t)TRIAL_BYTES * team_size(team);
	bool ordinary = part >= MANY * caches || part >= set->n * sizeof(double);

	for (enum stream_op op = STREAM_READ; op < STREAM_OPS; op++)
		choice->of[op] = choose(set, team, op, ordinary);
}
