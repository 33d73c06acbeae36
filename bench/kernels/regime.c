/* regime.c - a fingerprint before the first round and after the last. */
#include "kernels/regime.h"

#include <time.h>

/* A core that was taken away for a time slice or two is back after this. */
enum { LOOK_AGAIN_MS = 50, LOOKS = 3 };

static void note(struct session *s, const struct fingerprint *f, const char *when)
{
	char words[FINGERPRINT_WORDS];

	if (fingerprint_words(f, words, sizeof(words)))
		session_note(s, "%s: %s", when, words);
}

int regime_begin(struct session *s, struct fingerprint *before, struct err *e)
{
	return fingerprint_take(before, session_machine(s), e);
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
	if (!changed)
		return;
	note(s, before, "before the first round");
	note(s, &after, "after the last round");
	session_mark_all(s, STATUS_UNSTABLE, why);
}
