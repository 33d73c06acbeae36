/* latency_site.h - what mem-latency's workers do with a site (latency_plan.h). */
#ifndef NB_KERNELS_LATENCY_SITE_H
#define NB_KERNELS_LATENCY_SITE_H

#include "measure/session.h"

/* A bench's open, sample, prove, close and stop. */
int latency_open(struct worker *w, const struct site *site, void **buffers, struct err *e);
int latency_sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e);
int latency_prove(struct worker *w, void *buffers, struct placement *p);
void latency_close(struct worker *w, void *buffers);
void latency_stop(struct worker *w);

#endif
