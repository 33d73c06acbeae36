/* gpudata.h - known contents (pattern.h) in and out of a GPU's memory.
 *
 * By pieces, through a host buffer of the seat's that no measured transfer sees,
 * and by copies that are timed nowhere.
 */
#ifndef NB_MEASURE_GPUDATA_H
#define NB_MEASURE_GPUDATA_H

#include "measure/gpuset.h"
#include "measure/pattern.h"

/* A range of a buffer in the memory of a seat's GPU. */
struct extent {
	size_t from, length; /* from is a multiple of 8 */
};

/* Writes the pattern there, or what is no pass's contents. device is the buffer's beginning. */
int gpudata_fill(struct worker *w, const struct seat *s, void *device, struct extent x,
		 const struct pattern *what, struct err *e);
int gpudata_poison(struct worker *w, const struct seat *s, void *device, struct extent x,
		   struct err *e);

/* Compares it with the pattern; *m has no wrong word when all is right. */
int gpudata_check(struct worker *w, const struct seat *s, void *device, struct extent x,
		  const struct pattern *what, struct mismatch *m, struct err *e);

#endif
