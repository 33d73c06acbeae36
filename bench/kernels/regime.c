/* regime.c - a fingerprint before the first round and after the last. */
#include "kernels/regime.h"

#include <math.h>
#include <time.h>

/* A core that was taken away for a time slice or two is back after this. */
enum { LOOK_AGAIN_MS = 50, LOOKS = 3 };

/* "before the first round: between 3 pairs of CPUs a cache line passes in 61 to 180 ns" */
static void note(struct session *s, const struct fingerprint *f, const char *when)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < f->n; i++) {
		least = fmin(least, f->pair[i].seconds); /* a NaN is passed over */
		most = fmax(most, f->pair[i].seconds);
	}
	if (f->n == 1 && isfinite(least))
		session_note(s, "%s: between CPUs %d and %d a cache line passes in %.0f ns", when,
			     f->pair[0].a, f->pair[0].b, least * 1e9);
	else if (isfinite(least))
		session_note(s,
			     "%s: between %zu pairs of CPUs a cache line passes in %.0f to %.0f ns",
			     when, f->n, least * 1e9, most * 1e9);
}

int regime_begin(struct session *s, struct fingerprint *before, struct err *e)
{
	int rc = fingerprint_take(before, session_machine(s), e);

	if (rc == 0)
		note(s, before, "before the first round");
	return rc;
}

void regime_end(struct session *s, const struct fingerprint *before)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
	struct fingerprint after;
	char why[200];
	bool changed = true;

	for (int look = 0; changed && look < LOOKS; look++) {
		if (look)
			nanosleep(&pause, NULL);
		if (fingerprint_take(&after, session_machine(s), NULL) < 0)
			return;
		changed = fingerprint_changed(before, &after, why, sizeof(why));
	}
	note(s, &after, "after the last round");
	if (changed)
		session_mark_all(s, STATUS_UNSTABLE, why);
}
