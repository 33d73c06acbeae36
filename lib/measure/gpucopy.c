#include "measure/gpucopy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "place/flush.h"

/* What is sent anew and compared for every sample but a cell's first one; what is sent at the
 * opening. */
enum { PART_BYTES = 4 << 20, FIRST_BYTES = 1 << 20 };

static const enum direction direction_of[] = { [GPU_H2D] = DIR_H2D, [GPU_D2H] = DIR_D2H };

size_t gpucopy_bytes(const struct copy_way *way, const struct session_options *o)
{
	return o->size && !way->fixed ? (size_t)o->size : way->bytes;
}

static size_t host_bytes(const struct copy_way *way, const struct session_options *o)
{
	size_t bytes = gpucopy_bytes(way, o);

	return bytes > way->least ? bytes : way->least;
}

struct site gpucopy_site(const struct session *s, const struct placing *at, int gpu,
			 const struct copy_way *way, int kind)
{
	const struct session_options *o = session_options(s);

	return (struct site){
		.cpu_node = at->cpu_node,
		.mem_node = at->mem_node,
		.gpu = gpu,
		.bytes = (way->both ? 2 : 1) * host_bytes(way, o),
		.gpu_bytes = (way->both ? 2 : 1) * gpucopy_bytes(way, o),
		.kind = kind,
	};
}

struct cell gpucopy_cell(const struct copy_way *way, enum direction d, size_t bytes, int worth)
{
	struct cell c = { .variant = (int)d, .worth = worth };
	struct record *r = &c.rec;

	record_init(r);
	snprintf(r->kernel, sizeof r->kernel, "%s", way->kernel);
	r->memory = way->memory;
	r->direction = d;
	r->bytes = bytes;
	record_set(r, "kernel", "memory", "direction", "bytes", NULL);
	if (way->several) {
		r->pages_asked = way->pages;
		record_set(r, "pages_asked", NULL);
	}
	return c;
}

/* Managed memory has no other on the GPU: it goes there. */
static bool moves_itself(const struct gpucopy *c)
{
	return hostmem_kind(c->way->memory)->queue == gpu_queue_prefetch;
}

static int open_lane(struct gpucopy *c, struct lane *l, const struct hostmem *like, struct err *e)
{
	int rc;

	l->host = *like;
	rc = hostmem_alloc(&l->host, e);
	if (rc == 0 && !moves_itself(c))
		rc = gpu_alloc(c->seat->dev, &l->device, c->bytes, e);
	return rc;
}

/* What a driver does at the first transfer of a kind, such as loading a kernel, may wait for all
 * streams: it must be over before one stands behind a closed gate. */
static int move_once(struct gpucopy *c, enum gpu_direction way, struct err *e)
{
	const struct train t =
		gpucopy_train(c, way, c->bytes < FIRST_BYTES ? c->bytes : FIRST_BYTES);

	return gpu_do(t.stream, &t.what, e);
}

int gpucopy_open(struct worker *w, const struct site *site, const struct copy_way *way,
		 gpu_queue_fn *kernel, void **buffers, struct err *e)
{
	struct gpucopy *c = calloc(1, sizeof *c);
	int pages = w->options->pages, rc;
	struct hostmem like = {
		.kind = way->memory,
		.bytes = host_bytes(way, w->options),
		.kernel = kernel,
		.want = { .machine = w->machine,
			  .node = site->mem_node,
			  .pages = way->several ? way->pages
				   : pages < 0  ? PAGES_4K
						: (enum page_kind)pages },
	};

	if (!c)
		return err_set(e, -ENOMEM, "out of memory");
	c->way = way;
	c->worker = w;
	c->bytes = gpucopy_bytes(way, w->options);
	rc = gpuset_open(w, site->gpu, &c->seat, e);
	if (rc == 0)
		like.dev = c->seat->dev;
	for (int i = 0; rc == 0 && i < (way->both ? 2 : 1); i++) {
		c->lanes[i].pattern = pattern_start(w->seed, w->fresh, i);
		rc = open_lane(c, &c->lanes[i], &like, e);
	}
	for (int d = GPU_H2D; rc == 0 && d <= GPU_D2H; d++)
		rc = move_once(c, (enum gpu_direction)d, e);
	if (rc < 0) {
		gpucopy_close(w, c);
		return rc;
	}
	gpuset_errors(w, site->gpu, &c->since);
	*buffers = c;
	return 0;
}

void gpucopy_close(struct worker *w, void *buffers)
{
	struct gpucopy *c = buffers;

	(void)w;
	if (!c)
		return;
	for (int i = 0; i < 2; i++) {
		free(c->lanes[i].seen);
		hostmem_free(&c->lanes[i].host);
		if (c->lanes[i].device)
			gpu_free(c->seat->dev, c->lanes[i].device);
	}
	free(c);
}

int gpucopy_prove(struct worker *w, void *buffers, struct placement *p)
{
	struct gpucopy *c = buffers;
	struct err e = { "" };
	int rc = 0;

	(void)w;
	for (int i = 0; rc == 0 && i < (c->way->both ? 2 : 1); i++)
		rc = hostmem_prove(&c->lanes[i].host, p, &e);
	return rc;
}

void gpucopy_last(struct worker *w, void *buffers, struct record *r)
{
	const struct gpucopy *c = buffers;

	gpuset_note_last(w, c->seat->gpu, &c->since, r);
}

static struct lane *lane_of(struct gpucopy *c, enum gpu_direction way)
{
	return &c->lanes[c->way->both ? way : 0];
}

struct train gpucopy_train(const struct gpucopy *c, enum gpu_direction way, size_t bytes)
{
	const struct lane *l = &c->lanes[c->way->both ? way : 0];
	struct train t = {
		.stream = c->seat->stream[way],
		.gpu = c->seat->gpu,
		.host_timed = !hostmem_kind(c->way->memory)->device_timed,
		.what = hostmem_transfer(&l->host, l->device, way, bytes),
	};

	if (moves_itself(c)) /* it must come back before it can be moved again */
		t.back =
			hostmem_transfer(&l->host, NULL, way == GPU_H2D ? GPU_D2H : GPU_H2D, bytes);
	return t;
}

/* Moves managed memory, which is where it was last moved to; the host looks at it at home only. */
static int bring(struct gpucopy *c, struct lane *l, enum gpu_direction way, size_t bytes,
		 struct err *e)
{
	const struct gpu_transfer t = hostmem_transfer(&l->host, NULL, way, bytes);

	return moves_itself(c) ? gpu_do(c->seat->stream[way], &t, e) : 0;
}

/* Whether this is the cell's first sample over this lane; remembers it. */
static bool first_of(struct lane *l, const struct cell *cell)
{
	const struct cell **more;

	for (size_t i = 0; i < l->nseen; i++)
		if (l->seen[i] == cell)
			return false;
	more = realloc(l->seen, (l->nseen + 1) * sizeof *more);
	if (more) {
		l->seen = more;
		l->seen[l->nseen++] = cell;
	}
	return true;
}

static struct extent extent_of(struct lane *l, const struct cell *cell)
{
	size_t bytes = cell->rec.bytes, parts = bytes / PART_BYTES;

	if (first_of(l, cell) || parts <= 1)
		return (struct extent){ 0, bytes };
	return (struct extent){ l->turn++ % parts * PART_BYTES, PART_BYTES };
}

/* Of a step that began then: what it took because all of the buffer was looked at. */
static void set_aside(struct gpucopy *c, const struct lane *l, struct instant began)
{
	if (l->sent.length > PART_BYTES)
		c->worker->aside_s += clock_span(began, clock_now()) *
				      (1 - (double)PART_BYTES / (double)l->sent.length);
}

/* From the CPU's caches the GPU would read something else than the node's memory. */
static void fill_host(struct gpucopy *c, struct lane *l)
{
	char *p = (char *)l->host.p + l->sent.from;

	pattern_fill_by(c->worker->team, p, l->sent.length, l->sent.from, &l->pattern);
	cache_flush(p, l->sent.length);
}

int gpucopy_prepare(struct gpucopy *c, const struct cell *cell, enum gpu_direction way,
		    struct err *e)
{
	struct instant began = clock_now();
	struct lane *l = lane_of(c, way);
	int rc = bring(c, l, GPU_D2H, cell->rec.bytes, e);

	if (rc < 0)
		return rc;
	l->sent = extent_of(l, cell);
	l->pattern.pass++; /* so that what lies there from before cannot be right */
	if (way == GPU_D2H && !moves_itself(c)) {
		rc = gpudata_fill(c->worker, c->seat, l->device, l->sent, &l->pattern, e);
	} else {
		fill_host(c, l);
		rc = way == GPU_D2H ? bring(c, l, GPU_H2D, cell->rec.bytes, e) : 0;
	}
	set_aside(c, l, began);
	return rc;
}

/* What lies in host memory that a CPU reads badly goes back to the GPU. */
static int send_back(struct gpucopy *c, struct lane *l, struct err *e)
{
	const struct gpu_transfer t = { .queue = gpu_queue_copy,
					.dir = GPU_H2D,
					.device = (char *)l->device + l->sent.from,
					.host = (char *)l->host.p + l->sent.from,
					.bytes = l->sent.length };
	int rc = gpudata_poison(c->worker, c->seat, l->device, l->sent, e);

	return rc < 0 ? rc : gpu_do(c->seat->stream[GPU_H2D], &t, e);
}

static int compare(struct gpucopy *c, enum gpu_direction way, size_t bytes, struct mismatch *m,
		   struct err *e)
{
	struct lane *l = lane_of(c, way);
	bool at_host = way == GPU_D2H || moves_itself(c);
	int rc = bring(c, l, GPU_D2H, bytes, e);

	if (rc == 0 && at_host && hostmem_kind(c->way->memory)->host_readable) {
		pattern_check_by(c->worker->team, (char *)l->host.p + l->sent.from, l->sent.length,
				 l->sent.from, &l->pattern, m);
		return 0;
	}
	if (rc == 0 && at_host)
		rc = send_back(c, l, e);
	if (rc < 0)
		return rc;
	return gpudata_check(c->worker, c->seat, l->device, l->sent, &l->pattern, m, e);
}

int gpucopy_verify(struct gpucopy *c, struct cell *cell, enum gpu_direction way, struct err *e)
{
	struct instant began = clock_now();
	struct lane *l = lane_of(c, way);
	struct record *r = &cell->rec;
	struct mismatch m = { 0 };
	int rc = compare(c, way, r->bytes, &m, e);

	if (rc < 0)
		return err_within(e, rc, "verifying");
	r->verified = m.words == 0;
	record_set(r, "verified", NULL);
	if (hostmem_kind(c->way->memory)->own_pages) {
		r->pages = l->host.pages;
		record_set(r, "pages", NULL);
	}
	hostmem_tell(&l->host, r);
	if (!r->verified)
		pattern_report(r, direction_of[way], &m);
	set_aside(c, l, began);
	return 0;
}
