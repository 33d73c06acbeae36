/* regime.h - marks what was measured while the guest's cores were moved to others.
 *
 * A bench's begin and end (session.h) are these, with the fingerprint taken before the first round
 * and that after the last (fingerprint.h). What differs between them is looked at once more, for
 * a neighbour may have had a core for that moment; where it still differs, all cells of the run
 * are unstable, the reason says which two CPUs tell, and both figures are noted for the person who
 * waits; the times of all pairs of cores are measured by mem-latency.
 */
#ifndef NB_KERNELS_REGIME_H
#define NB_KERNELS_REGIME_H

#include "kernels/fingerprint.h"
#include "measure/session.h"

/* As fingerprint_take. */
int regime_begin(struct session *s, struct fingerprint *before, struct err *e);
void regime_end(struct session *s, const struct fingerprint *before);

#endif
