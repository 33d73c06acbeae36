#include "measure/gpucopy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "measure/gpuset.h"

enum { CHECK_BYTES = 4 << 20 };

static const struct {
	enum gpu_direction way;
	enum direction name;
} directions[] = { { GPU_H2D, DIR_H2D }, { GPU_D2H, DIR_D2H } };
enum { NDIRECTIONS = sizeof directions / sizeof *directions };

static size_t copy_bytes(const struct copy_way *way, const struct session_options *o)
{
	return o->size && !way->fixed ? (size_t)o->size : way->bytes;
}

static size_t host_bytes(const struct copy_way *way, const struct session_options *o)
{
	size_t bytes = copy_bytes(way, o);

	return bytes > way->least ? bytes : way->least;
}

static size_t check_bytes(size_t bytes)
{
	return bytes < CHECK_BYTES ? bytes : CHECK_BYTES;
}

static int plan_cell(struct session *s, size_t site, const struct copy_way *way, size_t d)
{
	struct cell c = { .variant = (int)directions[d].way, .worth = way->worth };
	struct record *r = &c.rec;

	record_init(r);
	snprintf(r->metric, sizeof r->metric, "%s", way->metric);
	snprintf(r->unit, sizeof r->unit, "%s", way->unit);
	snprintf(r->kernel, sizeof r->kernel, "%s", way->kernel);
	r->better = way->better;
	r->memory = way->memory;
	r->direction = directions[d].name;
	r->bytes = copy_bytes(way, session_options(s));
	record_set(r, "metric", "unit", "better", "kernel", "memory", "direction", "bytes", NULL);
	return session_cell(s, site, &c);
}

int gpucopy_plan(struct session *s, int cpu_node, int mem_node, const struct copy_way *way,
		 int kind)
{
	const struct session_options *o = session_options(s);
	const struct idset *gpus = session_gpus(s);
	int rc = 0;

	for (int g = -1; rc >= 0 && (g = idset_next(gpus, g)) >= 0;) {
		struct site site = {
			.cpu_node = cpu_node,
			.mem_node = mem_node,
			.gpu = g,
			.bytes = host_bytes(way, o) + check_bytes(copy_bytes(way, o)),
			.kind = kind,
		};
		int at = rc = session_site(s, &site);

		for (size_t d = 0; rc >= 0 && d < NDIRECTIONS; d++)
			rc = plan_cell(s, (size_t)at, way, d);
	}
	return rc < 0 ? rc : 0;
}

int gpucopy_open(struct worker *w, const struct site *site, const struct copy_way *way,
		 void **buffers, struct err *e)
{
	struct gpucopy *c = calloc(1, sizeof *c);
	int pages = w->options->pages, rc;

	if (!c)
		return err_set(e, -ENOMEM, "out of memory");
	c->way = way;
	c->gpu = site->gpu;
	c->bytes = copy_bytes(way, w->options);
	c->pattern = (struct pattern){ .seed = w->seed, .pass = (uint64_t)w->fresh << 32 };
	c->host = (struct hostmem){
		.kind = way->memory,
		.bytes = host_bytes(way, w->options),
		.want = { .machine = w->machine,
			  .node = site->mem_node,
			  .pages = pages < 0 ? PAGES_4K : (enum page_kind)pages },
	};
	rc = gpuset_open(w, site->gpu, &c->dev, e);
	c->host.dev = c->dev;
	if (rc == 0)
		rc = gpu_alloc(c->dev, &c->device, c->bytes, e);
	if (rc == 0)
		rc = hostmem_alloc(&c->host, e);
	if (rc == 0)
		rc = memory_map(&c->check, check_bytes(c->bytes), site->mem_node, PAGES_4K, e);
	if (rc < 0) {
		gpucopy_close(w, c);
		return rc;
	}
	*buffers = c;
	return 0;
}

void gpucopy_close(struct worker *w, void *buffers)
{
	struct gpucopy *c = buffers;

	(void)w;
	if (!c)
		return;
	hostmem_free(&c->host);
	memory_unmap(&c->check);
	gpu_free(c->dev, c->device);
	free(c);
}

int gpucopy_prove(struct worker *w, void *buffers, struct placement *p)
{
	const struct gpucopy *c = buffers;

	(void)w;
	return memory_prove(c->host.p, c->host.bytes, p);
}

int gpucopy_prepare(struct gpucopy *c, enum gpu_direction way, struct err *e)
{
	int rc = 0;

	c->pattern.pass++;
	pattern_fill(c->host.p, c->bytes, 0, &c->pattern);
	if (way == GPU_H2D)
		return 0;
	rc = gpu_copy(c->dev, GPU_H2D, c->device, c->host.p, c->bytes, e);
	pattern_poison(c->host.p, c->bytes);
	return rc;
}

/* Reads the GPU's buffer back by pieces, into memory that the copies never saw. */
static int check_device(struct gpucopy *c, struct mismatch *m, struct err *e)
{
	size_t piece = check_bytes(c->bytes);

	for (size_t at = 0; at < c->bytes; at += piece) {
		size_t n = c->bytes - at < piece ? c->bytes - at : piece;
		int rc;

		pattern_poison(c->check.p, n);
		rc = gpu_copy(c->dev, GPU_D2H, (char *)c->device + at, c->check.p, n, e);
		if (rc < 0)
			return rc;
		if (!pattern_check(c->check.p, n, at, &c->pattern, m))
			return 0;
	}
	return 0;
}

int gpucopy_verify(struct gpucopy *c, enum gpu_direction way, struct record *r, struct err *e)
{
	struct mismatch m = { 0 };
	int rc = 0;

	if (way == GPU_H2D)
		rc = check_device(c, &m, e);
	else
		pattern_check(c->host.p, c->bytes, 0, &c->pattern, &m);
	if (rc < 0)
		return err_within(e, rc, "reading data back to verify them");
	r->verified = m.words == 0;
	record_set(r, "verified", NULL);
	memory_tell(&c->host.own, r);
	if (!r->verified)
		pattern_report(r, &m);
	return 0;
}

int gpucopy_time(struct gpucopy *c, enum gpu_direction way, unsigned repeat, double *seconds,
		 struct err *e)
{
	struct instant began;
	int rc = 0;

	if (hostmem_kind(c->way->memory)->device_timed && !c->way->host_clock)
		return gpu_time_copies(c->dev, way, c->device, c->host.p, c->bytes, repeat, seconds,
				       e);
	began = clock_now();
	for (unsigned i = 0; rc == 0 && i < repeat; i++)
		rc = gpu_copy(c->dev, way, c->device, c->host.p, c->bytes, e);
	*seconds = clock_span(began, clock_now());
	return rc;
}
