/* gpucopy.h - a host buffer, a GPU buffer, and verified copies between them.
 *
 * What gpu-bandwidth and gpu-latency have in common: one site for each near
 * placement (session_each_near), GPU and kind of host memory, in it one cell for
 * each direction; data that are checked after every sample.
 */
#ifndef NB_MEASURE_GPUCOPY_H
#define NB_MEASURE_GPUCOPY_H

#include "machine/gpu.h"
#include "measure/pattern.h"
#include "measure/session.h"
#include "place/hostmem.h"

/* One way of copying: a row of a bench's table. */
struct copy_way {
	enum memory_kind memory;
	const char *metric, *unit, *kernel;
	enum better better;
	bool host_clock; /* even where the GPU could time it */
	size_t bytes;    /* of one copy, where the session's options do not say */
	bool fixed;      /* and where they do, too */
	size_t least;    /* the host buffer is at least this large */
	int worth;       /* cell.worth */
};

/* A cell's variant is its direction: an enum gpu_direction. */
struct gpucopy {
	const struct copy_way *way;
	struct gpu_dev *dev;
	int gpu;
	size_t bytes;        /* of one copy */
	void *device;        /* bytes */
	struct hostmem host; /* bytes, or way->least */
	struct memory check; /* what is read back to be compared, piece by piece */
	struct pattern pattern;
};

/* For plan: the sites and cells of way `kind` (the site's) on all GPUs. -ENOMEM. */
int gpucopy_plan(struct session *s, int cpu_node, int mem_node, const struct copy_way *way,
		 int kind);

/* For open: *buffers is a struct gpucopy. As gpuset_open and hostmem_alloc. */
int gpucopy_open(struct worker *w, const struct site *site, const struct copy_way *way,
		 void **buffers, struct err *e);
/* A bench's close and prove. */
void gpucopy_close(struct worker *w, void *buffers);
int gpucopy_prove(struct worker *w, void *buffers, struct placement *p);

/* Puts new contents where the copies will come from, and others where they go. */
int gpucopy_prepare(struct gpucopy *c, enum gpu_direction way, struct err *e);

/* Compares all of what arrived with what was sent: r is verified, or corrupt; and
 * tells it where the host's buffer could not be placed. */
int gpucopy_verify(struct gpucopy *c, enum gpu_direction way, struct record *r, struct err *e);

/* `repeat` copies, in seconds: by the GPU's own events where the kind of memory
 * and the way allow it, else by the clock, around every copy with its stream's end. */
int gpucopy_time(struct gpucopy *c, enum gpu_direction way, unsigned repeat, double *seconds,
		 struct err *e);

#endif
