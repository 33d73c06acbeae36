/* pingpong.c - one line, two threads. */
#include "kernels/pingpong.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#include "measure/clock.h"
#include "place/threads.h"
#include "result/statistics.h"

/* A train of 32 round trips lasts some microseconds: long against a reading of the clock (20 ns),
 * short against a time slice. */
enum { TRAINS = 96, TRIPS = 32, ENOUGH = 8, LOOK_AT_CLOCK = 1 << 14 };

/* Neighbours get this long to leave the two CPUs alone. */
#define PATIENCE_S 0.2

/* What lies on the line: odd numbers are the first thread's, even ones the second's. */
#define END UINT32_MAX

struct game {
	_Atomic uint32_t *line; /* on a page of its own, which the first thread touches first */
	struct instant began;
	double train[TRAINS]; /* seconds */
	size_t n;
};

/* False when the patience is at its end. The loop does not pause: that would be part of the time.
 */
static bool wait_for(const struct game *g, uint32_t value)
{
	for (unsigned spins = 1; atomic_load_explicit(g->line, memory_order_acquire) != value;
	     spins++)
		if (spins % LOOK_AT_CLOCK == 0 && clock_span(g->began, clock_now()) > PATIENCE_S)
			return false;
	return true;
}

static void serve(struct game *g)
{
	uint32_t value = 1;

	g->began = clock_now();
	for (g->n = 0; g->n < TRAINS; g->n++) {
		struct instant began = clock_now();

		for (int i = 0; i < TRIPS; i++, value += 2) {
			atomic_store_explicit(g->line, value, memory_order_release);
			if (!wait_for(g, value + 1))
				goto out;
		}
		g->train[g->n] = clock_span(began, clock_now());
	}
out:
	atomic_store_explicit(g->line, END, memory_order_release);
}

static void give_back(const struct game *g)
{
	uint32_t seen, answered = 0;

	while ((seen = atomic_load_explicit(g->line, memory_order_acquire)) != END)
		if (seen != answered)
			atomic_store_explicit(g->line, answered = seen + 1, memory_order_release);
}

static void play(void *arg, size_t rank, size_t size)
{
	(void)size;
	if (rank == 0)
		serve(arg);
	else
		give_back(arg);
}

int pingpong(int a, int b, double *seconds, struct err *e)
{
	const int cpus[] = { a, b };
	const size_t page = 4096;
	struct team *team;
	struct game g = { .n = 0 };
	void *p;
	int rc;

	if (a == b)
		return err_set(e, -EINVAL, "CPU %d and CPU %d are one: a pair is needed", a, b);
	rc = team_start(&team, cpus, 2, e);
	if (rc < 0)
		return rc;
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		rc = err_set(e, -ENOMEM, "out of memory");
		goto out;
	}
	g.line = p;
	team_run(team, play, &g);
	munmap(p, page);
	if (g.n < ENOUGH)
		rc = err_set(e, -EAGAIN,
			     "CPUs %d and %d hardly ever ran at the same time within %.1f s: "
			     "others use them",
			     a, b, PATIENCE_S);
	*seconds = median_of(g.train, g.n) / TRIPS / 2;
out:
	team_stop(team);
	return rc;
}

int pingpong_all(const int *cpus, size_t n, double *seconds, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		seconds[i * n + i] = NAN;
		for (size_t j = 0; j < i; j++) {
			double pass = NAN;
			int rc = pingpong(cpus[j], cpus[i], &pass, e);

			if (rc < 0 && rc != -EAGAIN)
				return rc;
			seconds[i * n + j] = seconds[j * n + i] = rc < 0 ? NAN : pass;
		}
	}
	return 0;
}
