/* verify-kernels.c - the CPU kernels beside their plain definitions, as TAP, and
 * nothing that a cross compiler lacks: for tests/cross. Made of the kernels, the
 * team of threads and the clock.
 */
#include <math.h>
#include <sched.h>
#include <stdlib.h>

#include "kernels/chase.h"
#include "kernels/pingpong.h"
#include "measure/clock.h"
#include "stream_verify.h"

static int failures, number;

static void tell(bool good, const char *name, const char *why)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++number, name);
	if (!good)
		printf("# %s\n", why);
	failures += !good;
}

static void verify_streams(void)
{
	struct verify_bed bed = { 0 };
	const struct stream_kernel *k;
	char why[256];

	if (!verify_open(&bed)) {
		tell(false, "arrays", "no memory");
		return;
	}
	for (size_t i = 0; (k = stream_kernel(i)); i++) {
		why[0] = '\0';
		if (stream_usable(k))
			tell(verify_kernel(&bed, k, why, sizeof(why)), k->name, why);
		else
			printf("ok %d - %s # SKIP not on this processor\n", ++number, k->name);
	}
	verify_close(&bed);
}

/* Its cycle comes through every line and back, and the walk ends where single steps end. */
static bool verify_chase(struct team *team, size_t n)
{
	struct chase_line *lines = aligned_alloc(64, n * sizeof(*lines));
	uint32_t *visit = calloc(2 * n, sizeof(*visit)), start[2 * CHASE_CURSORS];
	struct chase_order o = { .n = n, .next = visit + n, .start = start };
	const struct chase_line *at = lines;
	bool good = lines && visit;
	size_t steps = 0;

	o.cursors = n < 2 * CHASE_CURSORS ? n : 2 * CHASE_CURSORS;
	if (good) {
		chase_order_fill(&o, visit, 42, team);
		chase_link(&o, lines, n / 3, 7, team);
		good = chase_prove(&o, lines, n / 3, team);
		do
			at = at->next;
		while (++steps < n && at != lines);
		good = good && steps == n && at == lines;
		for (size_t i = 0; i < 2 * CHASE_UNROLL; i++)
			at = at->next;
		good = good && chase_walk(lines, 2 * CHASE_UNROLL) == at;
		lines[n / 2].next = &lines[n / 2];
		good = good && (n == 1 || !chase_prove(&o, lines, n / 3, team));
	}
	free(lines);
	free(visit);
	return good;
}

static void verify_chases(void)
{
	const int cpus[] = { sched_getcpu(), sched_getcpu() };
	struct team *team;
	struct err e = { "" };
	char name[64];

	if (team_start(&team, cpus, 2, &e) < 0) {
		tell(false, "team of two threads", e.text);
		return;
	}
	for (size_t n = 1; n <= 10000; n = 3 * n + 1) {
		snprintf(name, sizeof(name), "chase of %zu lines", n);
		tell(verify_chase(team, n), name, "not one whole cycle, or not seen when broken");
	}
	team_stop(team);
}

static void verify_clock(void)
{
	struct instant began = clock_now();
	double resolution = clock_resolution();

	tell(resolution > 0 && resolution < 1e-3, "resolution of the clock", "out of range");
	tell(clock_span(began, clock_now()) > 0, "clock goes on", "stands still");
}

static void verify_pingpong(void)
{
	double seconds = 0;
	struct err e = { "" };
	int rc = pingpong(0, 1, &seconds, &e);

	/* A machine with one CPU, or with two that others use, has no such time. */
	if (rc < 0)
		printf("ok %d - ping-pong # SKIP %s\n", ++number, e.text);
	else
		tell(seconds > 1e-9 && seconds < 1e-2, "ping-pong", "out of range");
}

int main(void)
{
	verify_streams();
	verify_chases();
	verify_clock();
	verify_pingpong();
	printf("1..%d\n", number);
	return failures > 0;
}
