/* gpupeer.h - memory of two GPUs, and verified copies between them.
 *
 * As gpucopy.h, with the memory of a peer where that has the host's. d2h is from
 * the GPU to its peer, h2d from the peer to the GPU. A site's kind says which
 * peer, and whether each may reach the other's memory by itself.
 */
#ifndef NB_MEASURE_GPUPEER_H
#define NB_MEASURE_GPUPEER_H

#include "measure/gpudata.h"
#include "measure/gpuset.h"
#include "measure/session.h"

/* ---- the plan ---- */

/* One row for each thing measured of a pair. */
struct peer_row {
	const char *metric, *unit, *kernel;
	enum better better;
	enum direction direction; /* both: of each pair once */
	size_t bytes;             /* of one transfer; 0: as --size says, or 64 MiB */
	bool loads;               /* with buffers of their own */
	bool access_only;         /* never without access */
	enum depth from;
	int worth; /* even: one less without access */
};

/* What a site is; in its kind. */
struct peering {
	int peer;
	bool access, loads;
};
struct peering gpupeer_site(const struct site *site);

/* The sites and cells of all rows and pairs, driven from the GPU's own node (else the first). A
 * cell's variant is its direction. Of one GPU alone a skipped record. -ENOMEM. */
int gpupeer_plan(struct session *s, const struct peer_row *rows, size_t n);

/* ---- buffers of copies ---- */

struct gpupeer {
	const struct seat *seat, *peer;
	bool access; /* each may reach the other's memory by itself */
	size_t bytes;
	struct {
		void *own, *peers;
		struct pattern pattern; /* what was last sent over it */
	} lanes[2];                     /* by enum gpu_direction */
	struct worker *worker;
};

/* For open: *buffers is a struct gpupeer. As gpuset_open and gpu_alloc; -ENOTSUP where access is
 * wanted and cannot be had. */
int gpupeer_open(struct worker *w, const struct site *site, void **buffers, struct err *e);
void gpupeer_close(struct worker *w, void *buffers); /* NULL is fine */

/* Before a sample: access as it is to be (it is the process's, not the buffers'), new contents
 * where the copies will come from. */
int gpupeer_prepare(struct gpupeer *p, enum gpu_direction way, size_t bytes, struct err *e);
/* Copies of `bytes`, made by the GPU itself, or by the one that sends (d2h: the GPU, h2d: its
 * peer), so that both ways at once have two senders. */
struct train gpupeer_train(const struct gpupeer *p, enum gpu_direction way, size_t bytes,
			   bool by_sender);
/* Compares all of what arrived: r is verified, or corrupt. */
int gpupeer_verify(struct gpupeer *p, enum gpu_direction way, size_t bytes, struct record *r,
		   struct err *e);

/* For bench.together: both ways of one site. As trains_together. */
int gpupeer_together(struct worker *w, struct gpupeer *p, struct member *m, size_t n,
		     unsigned quota, size_t *at, struct err *e);

#endif
