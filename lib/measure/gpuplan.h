/* gpuplan.h - which transfers between host and GPU are measured: one row of a
 * bench's table for each kind of buffers, and from which depth on each of the
 * modes in which they are used.
 */
#ifndef NB_MEASURE_GPUPLAN_H
#define NB_MEASURE_GPUPLAN_H

#include "measure/gpucopy.h"

/* Bytes of one copy where --size does not say. */
enum { GPUPLAN_USUAL = 64 << 20 };

struct plan_row {
	struct copy_way way;
	const char *metric, *unit;
	enum better better;
	int worth; /* of the first mode; the others are worth less (cell.worth) */
	/* From which depth on; DEPTH_NEVER (0): not. */
	enum depth near;        /* one direction, each memory node driven from its own CPUs */
	enum depth both_ways;   /* both directions at once, likewise */
	enum depth far;         /* one direction, the other CPU nodes */
	enum depth sweep;       /* from 256 B to way.bytes or --size, from the GPU's own node */
	enum depth all_at_once; /* all GPUs, each from its own node */
	enum depth spread;      /* all GPUs from each one node, and crossed */
};

/* Adds the sites and cells of all rows; a site's kind is its row's index. -ENOMEM. */
int gpuplan_rows(struct session *s, const struct plan_row *rows, size_t n);

/* What is no transfer and has one cell at each place. */
struct gpuplan_other {
	const char *metric, *kernel; /* in seconds, lower is better */
	int kind;                    /* the sites' */
	size_t bytes;            /* of the host buffer; 0: none, and the CPU nodes alone count */
	enum memory_kind memory; /* of that buffer */
	enum depth near, far;
	int worth;
};
int gpuplan_others(struct session *s, const struct gpuplan_other *all, size_t n);

/* For bench.list: a line for each row. */
void gpuplan_list(const struct plan_row *rows, size_t n, void (*line)(const char *text, void *to),
		  void *to);
void gpuplan_list_others(const struct gpuplan_other *all, size_t n,
			 void (*line)(const char *text, void *to), void *to);

/* The placing that goes with the node which a GPU declares; false where it declares
 * none, or one that is not measured. */
bool gpuplan_home(const struct session *s, int gpu, struct placing *home);

/* Into the record of joint cells on several GPUs: which. -ENOMEM. */
int gpuplan_list_gpus(struct record *r, const struct idset *gpus);

#endif
