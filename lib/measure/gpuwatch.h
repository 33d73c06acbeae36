/* gpuwatch.h - what driver and kernel say of GPUs before, during and after they work:
 * the link as negotiated, transfers that had to be repeated, clocks held back.
 */
#ifndef NB_MEASURE_GPUWATCH_H
#define NB_MEASURE_GPUWATCH_H

#include "machine/link.h"
#include "machine/machine.h"
#include "machine/nvml.h"
#include "result/record.h"

struct gpuwatch; /* NVML and sysfs, as far as they are here */

/* One GPU as it was seen so far. */
struct gpuseen {
	struct link_seen {
		bool known;
		int gen, width;
	} before;
	uint64_t reasons;          /* clock reasons at the last look while it worked */
	struct nvml_clocks clocks; /* before it worked */
};

/* What the link has counted so far; only the growth says something. */
struct gpuerrors {
	struct link_errors aer;
	struct known replays;
};

struct gpuwatch *gpuwatch_open(void); /* NULL: out of memory */
void gpuwatch_close(struct gpuwatch *w);

/* Before the first copy. */
void gpuwatch_before(struct gpuwatch *w, const struct gpu *g, struct gpuseen *seen);

/* The link is known to run as fast as it can. */
bool gpuwatch_awake(const struct gpuwatch *w, const struct gpu *g);

/* Right after copying, for each sample: into r->more "link_before", "link_during" and
 * "clock_reasons". A record that is ok becomes unstable where heat or power held the
 * clocks back, now and at the look before: alone a slowdown may show briefly; and where somebody
 * set them down: below the applications clock that the GPU has by default (without one: its highest
 * clock), or locked them, so that applications clocks are the reason why it runs below nine tenths
 * of that. What nobody tells is absent. */
void gpuwatch_during(struct gpuwatch *w, const struct gpu *g, struct gpuseen *seen,
		     struct record *r);

void gpuwatch_errors(const struct gpuwatch *w, const struct gpu *g, struct gpuerrors *now);
/* After the last sample: "link_after", and in "link_errors" what was counted since. */
void gpuwatch_after(struct gpuwatch *w, const struct gpu *g, const struct gpuerrors *since,
		    struct record *r);

#endif
