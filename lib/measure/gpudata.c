#include "measure/gpudata.h"

static size_t piece(size_t left)
{
	return left < SEAT_BYTES ? left : SEAT_BYTES;
}

static int move(const struct seat *s, enum gpu_direction dir, void *device, size_t bytes,
		struct err *e)
{
	const struct gpu_transfer t = { .queue = gpu_queue_copy,
					.dir = dir,
					.device = device,
					.host = s->bounce,
					.bytes = bytes };

	return gpu_do(s->stream[dir], &t, e);
}

/* what NULL: poison */
static int fill(struct worker *w, const struct seat *s, void *device, struct extent x,
		const struct pattern *what, struct err *e)
{
	int rc = 0;

	for (size_t at = x.from, end = x.from + x.length, n; rc == 0 && at < end; at += n) {
		n = piece(end - at);
		if (what)
			pattern_fill_by(w->team, s->bounce, n, at, what);
		else if (at == x.from)
			pattern_poison(s->bounce, n);
		rc = move(s, GPU_H2D, (char *)device + at, n, e);
	}
	return rc < 0 ? err_within(e, rc, "filling GPU memory") : 0;
}

int gpudata_fill(struct worker *w, const struct seat *s, void *device, struct extent x,
		 const struct pattern *what, struct err *e)
{
	return fill(w, s, device, x, what, e);
}

int gpudata_poison(struct worker *w, const struct seat *s, void *device, struct extent x,
		   struct err *e)
{
	return fill(w, s, device, x, NULL, e);
}

int gpudata_check(struct worker *w, const struct seat *s, void *device, struct extent x,
		  const struct pattern *what, struct mismatch *m, struct err *e)
{
	int rc = 0;

	*m = (struct mismatch){ 0 };
	pattern_poison(s->bounce, piece(x.length)); /* later ones find another piece's words */
	for (size_t at = x.from, end = x.from + x.length, n; rc == 0 && m->words == 0 && at < end;
	     at += n) {
		n = piece(end - at);
		rc = move(s, GPU_D2H, (char *)device + at, n, e);
		if (rc == 0)
			pattern_check_by(w->team, s->bounce, n, at, what, m);
	}
	return rc < 0 ? err_within(e, rc, "reading data back to verify them") : 0;
}
