/* fingerprint.h - where the cores of a guest really are, told by how long a line
 * takes from one to another (pingpong.h).
 *
 * A hypervisor may move a guest's cores to other physical ones at any time: on an
 * EPYC guest of two cores a round trip of 75 to 125 ns became 380 to 410, and
 * bandwidths with it. What was measured across such a change is of two machines.
 */
#ifndef NB_KERNELS_FINGERPRINT_H
#define NB_KERNELS_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/machine.h"
#include "util/err.h"

enum { FINGERPRINT_PAIRS = 128 };

struct fingerprint {
	size_t n;
	struct cpu_pair {
		int a, b;
		double seconds; /* of one pass; NaN where it could not be taken */
	} pair[FINGERPRINT_PAIRS];
};

/* The pairs to take, without times: of each last-level cache its first two cores, and its first
 * core with that of the cache before it. None on a machine with one core. */
void fingerprint_plan(struct fingerprint *f, const struct machine *m);

/* Plans and takes them, about a millisecond for each. -ENOMEM, -EINVAL as pingpong. */
int fingerprint_take(struct fingerprint *f, const struct machine *m, struct err *e);

/* The first pair whose time more than doubled or halved, as "CPUs 0 and 1 pass a cache line in
 * 200 ns, and before in 45: .."; false, and an empty text, where there is none. Of the same
 * machine. */
bool fingerprint_changed(const struct fingerprint *before, const struct fingerprint *after,
			 char *why, size_t size);

/* "between CPUs 0 and 1 a cache line passes in 59 ns", "between 3 pairs of CPUs a cache line passes
 * in 61 to 180 ns"; of the pairs that were taken. False, and an empty text, where none was. */
bool fingerprint_words(const struct fingerprint *f, char *buf, size_t size);
enum { FINGERPRINT_WORDS = 120 };

#endif
