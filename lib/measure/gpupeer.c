#include "measure/gpupeer.h"

#include <errno.h>
#include <stdlib.h>

#include "measure/gpuplan.h"

enum { FIRST_BYTES = 1 << 20 };

static int reach(const struct gpupeer *p, struct err *e)
{
	int rc = gpu_peer_access(p->seat->dev, p->peer->dev, p->access, e);

	return rc < 0 ? rc : gpu_peer_access(p->peer->dev, p->seat->dev, p->access, e);
}

/* As gpucopy.c has it: what is done at the first copy must not stand behind a gate. */
static int copy_once(struct gpupeer *p, enum gpu_direction way, struct err *e)
{
	size_t bytes = p->bytes < FIRST_BYTES ? p->bytes : FIRST_BYTES;
	int rc = 0;

	for (int by_sender = 0; rc == 0 && by_sender < 2; by_sender++) {
		const struct train t = gpupeer_train(p, way, bytes, by_sender);

		rc = gpu_do(t.stream, &t.what, e);
	}
	return rc;
}

int gpupeer_open(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	const struct peering with = gpupeer_site(site);
	size_t bytes = w->options->size ? (size_t)w->options->size : GPUPLAN_USUAL;
	struct gpupeer *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	*p = (struct gpupeer){ .worker = w, .access = with.access, .bytes = bytes };
	rc = gpuset_open(w, site->gpu, &p->seat, e);
	if (rc == 0)
		rc = gpuset_open(w, with.peer, &p->peer, e);
	if (rc == 0)
		rc = reach(p, e);
	for (int i = 0; rc == 0 && i < 2; i++) {
		p->lanes[i].pattern = pattern_start(w->seed, w->fresh, i);
		rc = gpu_alloc(p->seat->dev, &p->lanes[i].own, bytes, e);
		if (rc == 0)
			rc = gpu_alloc(p->peer->dev, &p->lanes[i].peers, bytes, e);
	}
	for (int way = GPU_H2D; rc == 0 && way <= GPU_D2H; way++)
		rc = copy_once(p, (enum gpu_direction)way, e);
	if (rc < 0) {
		gpupeer_close(w, p);
		return rc;
	}
	*buffers = p;
	return 0;
}

void gpupeer_close(struct worker *w, void *buffers)
{
	struct gpupeer *p = buffers;

	(void)w;
	if (!p)
		return;
	for (int i = 0; i < 2; i++) {
		if (p->lanes[i].own)
			gpu_free(p->seat->dev, p->lanes[i].own);
		if (p->lanes[i].peers)
			gpu_free(p->peer->dev, p->lanes[i].peers);
	}
	free(p);
}

/* One end of a lane: whose memory it is, and which. */
struct end {
	const struct seat *seat;
	void *memory;
};

static struct end end_of(const struct gpupeer *p, enum gpu_direction way, bool sender)
{
	bool own = sender == (way == GPU_D2H);

	return own ? (struct end){ p->seat, p->lanes[way].own }
		   : (struct end){ p->peer, p->lanes[way].peers };
}

int gpupeer_prepare(struct gpupeer *p, enum gpu_direction way, size_t bytes, struct err *e)
{
	struct end from = end_of(p, way, true);
	int rc = reach(p, e);

	p->lanes[way].pattern.pass++;
	return rc < 0 ? rc
		      : gpudata_fill(p->worker, from.seat, from.memory, (struct extent){ 0, bytes },
				     &p->lanes[way].pattern, e);
}

struct train gpupeer_train(const struct gpupeer *p, enum gpu_direction way, size_t bytes,
			   bool by_sender)
{
	bool swap = by_sender && way == GPU_H2D;
	const struct seat *by = swap ? p->peer : p->seat;

	return (struct train){
		.stream = by->stream[way],
		.gpu = by->gpu,
		/* Without access a driver takes a copy through the host, by pieces, and may hold
		 * the caller meanwhile: it must not stand behind a gate. */
		.host_timed = !p->access,
		.what = { .queue = gpu_queue_peer,
			  .dir = swap ? GPU_D2H : way,
			  .device = swap ? p->lanes[way].peers : p->lanes[way].own,
			  .host = swap ? p->lanes[way].own : p->lanes[way].peers,
			  .bytes = bytes,
			  .peer = swap ? p->seat->dev : p->peer->dev },
	};
}

int gpupeer_verify(struct gpupeer *p, enum gpu_direction way, size_t bytes, struct record *r,
		   struct err *e)
{
	struct end to = end_of(p, way, false);
	struct mismatch m;
	int rc = gpudata_check(p->worker, to.seat, to.memory, (struct extent){ 0, bytes },
			       &p->lanes[way].pattern, &m, e);

	if (rc < 0)
		return err_within(e, rc, "verifying");
	r->verified = m.words == 0;
	record_set(r, "verified", NULL);
	if (!r->verified)
		pattern_report(r, way == GPU_H2D ? DIR_H2D : DIR_D2H, &m);
	return 0;
}

int gpupeer_together(struct worker *w, struct gpupeer *p, struct member *m, size_t n,
		     unsigned quota, size_t *at, struct err *e)
{
	struct train trains[2];
	enum gpu_direction way[2] = { 0 };
	int rc = 0;

	*at = n;
	for (size_t i = 0; rc == 0 && i < n && i < 2; i++) {
		size_t bytes = m[i].cell->rec.bytes;

		way[i] = m[i].cell->variant == DIR_H2D ? GPU_H2D : GPU_D2H;
		trains[i] = gpupeer_train(p, way[i], bytes, true);
		rc = gpupeer_prepare(p, way[i], bytes, e);
	}
	if (rc < 0)
		meeting_break(w->meeting);
	else
		rc = trains_together(trains, n, gpuset_station(w), quota, at, e);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		m[i].value = trains[i].rate;
		rc = gpupeer_verify(p, way[i], m[i].cell->rec.bytes, &m[i].cell->rec, e);
	}
	return rc;
}
