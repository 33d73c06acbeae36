#include "kernels/gpu_chase.h"

#include <errno.h>
#include <stdlib.h>

#include "kernels/gpu_kernels.h"

/* Any multiplier of 8k + 5 does; this one scatters well (Steele and Vigna, 2021). */
#define A UINT64_C(0xd1342543de82ef95)
#define C UINT64_C(0x9e3779b97f4a7c15)
enum { WARM = 64 };

static uint64_t next_line(const struct gpu_chase *c, uint64_t i)
{
	return (A * i + C) & (c->lines - 1);
}

int gpu_chase_open(struct gpu_chase *c, struct gpu_stream *s, void *base, size_t bytes,
		   struct err *e)
{
	int rc;

	*c = (struct gpu_chase){ .dev = gpu_stream_dev(s), .stream = s, .base = base };
	if (bytes < GPU_CHASE_LINE)
		return err_set(e, -EINVAL, "a chase over %zu bytes: a line takes %d", bytes,
			       GPU_CHASE_LINE);
	for (c->lines = 1; 2 * c->lines * GPU_CHASE_LINE <= bytes;)
		c->lines *= 2;
	rc = gpu_alloc(c->dev, (void **)&c->clocks, GPU_CHASE_MOST * sizeof *c->clocks, e);
	if (rc == 0)
		rc = gpu_alloc(c->dev, (void **)&c->whole, 3 * sizeof *c->whole, e);
	return rc;
}

void gpu_chase_close(struct gpu_chase *c)
{
	if (c->clocks)
		gpu_free(c->dev, c->clocks);
	if (c->whole)
		gpu_free(c->dev, c->whole);
	*c = (struct gpu_chase){ 0 };
}

void gpu_chase_write(const struct gpu_chase *c, void *to, uint64_t from, uint64_t n)
{
	char *line = to;

	for (uint64_t i = from; i < from + n; i++, line += GPU_CHASE_LINE)
		*(char **)line = c->base + next_line(c, i) * GPU_CHASE_LINE;
}

static int fetch(struct gpu_chase *c, void *from, void *to, size_t bytes, struct err *e)
{
	const struct gpu_transfer t = {
		.queue = gpu_queue_copy, .dir = GPU_D2H, .device = from, .host = to, .bytes = bytes
	};

	return gpu_do(c->stream, &t, e);
}

/* The SM's clock tells the loads apart, the GPU's timer what its cycles take. */
static int understand(struct gpu_chase *c, unsigned n, double *seconds, uint64_t whole[3],
		      struct err *e)
{
	uint32_t *clocks = calloc(n, sizeof *clocks);
	int rc = clocks ? fetch(c, c->whole, whole, 3 * sizeof *whole, e)
			: err_set(e, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = fetch(c, c->clocks, clocks, n * sizeof *clocks, e);
	if (rc == 0 && (whole[0] == 0 || whole[1] == 0))
		rc = err_set(e, -EIO, "the GPU's timer did not move in %u loads", n);
	for (unsigned i = 0; rc == 0 && i < n; i++)
		seconds[i] = clocks[i] * ((double)whole[0] * 1e-9 / (double)whole[1]);
	free(clocks);
	return rc;
}

int gpu_chase_time(struct gpu_chase *c, unsigned n, double *seconds, bool *right, struct err *e)
{
	uint64_t whole[3] = { 0 }, end = c->at;
	int rc = gpu_queue_chase(c->stream, c->base + c->at * GPU_CHASE_LINE, WARM + n, WARM,
				 c->clocks, c->whole, e);

	if (rc == 0)
		rc = gpu_stream_wait(c->stream, e);
	if (rc == 0)
		rc = understand(c, n, seconds, whole, e);
	for (unsigned i = 0; i < WARM + n; i++)
		end = next_line(c, end);
	*right = rc == 0 && whole[2] == (uint64_t)(uintptr_t)(c->base + end * GPU_CHASE_LINE);
	c->at = end;
	return rc;
}
