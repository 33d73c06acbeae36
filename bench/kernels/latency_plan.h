/* latency_plan.h - what mem-latency measures: one row of a table for each mode. */
#ifndef NB_KERNELS_LATENCY_PLAN_H
#define NB_KERNELS_LATENCY_PLAN_H

#include "measure/session.h"
#include "place/memory.h"

/* What a site is; its kind. */
enum latency_kind {
	LATENCY_USUAL,   /* a chase over the usual pages */
	LATENCY_4K,      /* likewise over these pages */
	LATENCY_HUGETLB, /* (skipped where there are too few of them) */
	LATENCY_LOADED,  /* a chase, and arrays that others read meanwhile */
	LATENCY_CORES,   /* no memory: lines passed between cores */
	LATENCY_SIZES,   /* a chase over the usual pages; + the index of its size */
};

/* A bench's plan and list. */
int latency_plan(struct session *s, struct err *e);
void latency_list(void (*line)(const char *text, void *to), void *to);

/* For open: the bytes of a site's chase (of LATENCY_LOADED also of all that is read), and where
 * its buffers are to lie. */
uint64_t latency_bytes(const struct machine *m, const struct session_options *o,
		       const struct site *site);
struct memory_want latency_place(const struct worker *w, const struct site *site);

/* Which share of what the other cores can read they do read at a step (record.load_step). */
double latency_load(int load_step);

#endif
