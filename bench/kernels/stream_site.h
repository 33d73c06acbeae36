/* stream_site.h - what a worker of mem-bandwidth does: opens the arrays of a site, samples cells
 * on them, alone or together with other workers. See struct bench (measure/session.h). */
#ifndef NB_KERNELS_STREAM_SITE_H
#define NB_KERNELS_STREAM_SITE_H

#include "kernels/stream.h"
#include "measure/session.h"

/* `only`: the one row that is to run; NULL: of each operation the best. */
int stream_site_open(struct worker *w, const struct site *site, void **buffers, struct err *e);
int stream_site_sample(struct worker *w, const struct stream_kernel *only, void *buffers,
		       struct cell *c, double *value, struct err *e);
int stream_site_together(struct worker *w, const struct stream_kernel *only, struct member *members,
			 size_t n, size_t *at, struct err *e);
int stream_site_prove(struct worker *w, void *buffers, struct placement *p);
void stream_site_close(struct worker *w, void *buffers);
void stream_site_stop(struct worker *w);

#endif
