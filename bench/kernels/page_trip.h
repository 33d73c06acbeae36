/* page_trip.h - a process whose pages are moved to another node, and what became of each.
 *
 * A process of its own, so that nothing else is hurt: migrate_pages takes all that a process has,
 * also what is bound elsewhere, and what is pinned starts the GPU's driver. Its buffer holds no
 * zeros, is looked for page by page before and after, and must hold the same afterwards.
 */
#ifndef NB_KERNELS_PAGE_TRIP_H
#define NB_KERNELS_PAGE_TRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"
#include "machine/vmstat.h"
#include "place/move.h"
#include "place/pages_found.h"
#include "result/record.h"
#include "util/err.h"

struct page_trip {
	/* What is asked for, filled by the caller. */
	const struct machine *machine;
	int from, to;
	size_t bytes;
	enum page_kind pages;
	enum mover mover; /* MOVER_MOVE_PAGES or MOVER_MIGRATE_PAGES */
	bool held;
	enum page_lock lock; /* where held; */
	const char *gpu;     /* its PCI address, of LOCK_REGISTERED */
	/* What came of it. */
	size_t mapped;                 /* bytes of the buffer */
	enum page_kind obtained, left; /* its pages before, and after */
	double seconds;                /* that the call took */
	struct pages_found before, after;
	struct vmstat grown;       /* meanwhile, of the whole machine */
	int first_cpu, last_cpu;   /* on which the call began and ended */
	bool intact;               /* the contents are as they were */
	struct pages_found let_go; /* held: after a second call, when they were no longer */
	enum move_refusal refusal;
};

/* Makes the journey. -ENOTSUP where this machine or its rules do not allow it, with the reason in
 * e, and in t->refusal where the call itself was refused; others as memory_place, or -EIO where the
 * process did not come to its end. */
int page_trip_make(struct page_trip *t, struct err *e);

#endif
