/* gpucopy.h - host memory of one kind, GPU memory, and verified transfers between them.
 *
 * What gpu-bandwidth and gpu-latency have in common: the buffers of a site, one
 * *lane* for each direction where both run at once, contents that change from
 * sample to sample, and their comparison: in full at a cell's first sample of an
 * opening, of a part that moves on at the others.
 */
#ifndef NB_MEASURE_GPUCOPY_H
#define NB_MEASURE_GPUCOPY_H

#include "measure/gpudata.h"
#include "measure/gpuset.h"
#include "measure/session.h"
#include "place/hostmem.h"

/* One kind of buffers: a row of a bench's table. */
struct copy_way {
	enum memory_kind memory;
	bool several; /* kinds of pages are told apart, and these are asked for */
	enum page_kind pages;
	const char *kernel; /* what moves the data, for the record */
	size_t bytes;       /* of one lane, where --size does not say */
	bool fixed;         /* and where it does, too */
	size_t least;       /* the host's buffer is at least this large */
	bool both;          /* a lane for each direction, else one for both in turn */
};

struct lane {
	struct hostmem host;      /* bytes, or way->least */
	void *device;             /* bytes; NULL where the memory itself moves */
	struct pattern pattern;   /* what was last sent over it */
	struct extent sent;       /* and where it lies */
	size_t turn;              /* where the next part begins */
	const struct cell **seen; /* cells that had their first sample; owned */
	size_t nseen;
};

struct gpucopy {
	const struct copy_way *way;
	const struct seat *seat;
	size_t bytes; /* of one lane: the largest transfer */
	struct lane lanes[2];
	struct worker *worker;
	struct gpuerrors since; /* of the GPU's link, at the opening */
};

/* Bytes of a lane of this way, under the session's options. */
size_t gpucopy_bytes(const struct copy_way *way, const struct session_options *o);

/* For plan: the site of such buffers (kind: the bench's own number of the way). */
struct site gpucopy_site(const struct session *s, const struct placing *at, int gpu,
			 const struct copy_way *way, int kind);

/* For plan: a cell without a figure yet. `bytes` of one transfer. */
struct cell gpucopy_cell(const struct copy_way *way, enum direction d, size_t bytes, int worth);

/* For open: *buffers is a struct gpucopy; kernel as in struct hostmem. As gpuset_open and
 * hostmem_alloc. */
int gpucopy_open(struct worker *w, const struct site *site, const struct copy_way *way,
		 gpu_queue_fn *kernel, void **buffers, struct err *e);
/* A bench's close, prove and last. */
void gpucopy_close(struct worker *w, void *buffers);
int gpucopy_prove(struct worker *w, void *buffers, struct placement *p);
void gpucopy_last(struct worker *w, void *buffers, struct record *r);

/* Transfers of `bytes` one way. */
struct train gpucopy_train(const struct gpucopy *c, enum gpu_direction way, size_t bytes);

/* Puts new contents where a cell's transfers will come from. */
int gpucopy_prepare(struct gpucopy *c, const struct cell *cell, enum gpu_direction way,
		    struct err *e);

/* Compares what arrived with what was sent: cell->rec is verified, or corrupt; and tells it where
 * the host's buffer could not be placed. */
int gpucopy_verify(struct gpucopy *c, struct cell *cell, enum gpu_direction way, struct err *e);

/* For bench.together, where a cell's variant is an enum direction: transfers of
 * c->rec.bytes in every member's direction, verified after. As trains_together. */
int gpucopy_together(struct worker *w, struct member *m, size_t n, unsigned quota, size_t *at,
		     struct err *e);

#endif
