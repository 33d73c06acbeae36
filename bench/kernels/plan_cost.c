/* plan_cost.c - rates, and sums of them. */
#include "kernels/plan_cost.h"

#include <math.h>

/* As session.h has it: six rounds, and every site opened three times. */
enum { ROUNDS = 6, OPENINGS = 3 };

/* Bytes a second. A thread's first touch of huge pages is their zeroing by the kernel and the
 * writing of the contents: 2.4e9 on a Xeon guest. Two proofs of where the pages are took 80 ms for
 * 3 GiB there. */
#define TOUCH_THREAD 2.4e9
#define TOUCH_NODE   60e9
#define PROOF        40e9
#define PASS_THREAD  10e9
#define PASS_NODE    100e9

static double at_rate(double bytes, size_t threads, double each, double most)
{
	return bytes / fmin((double)threads * each, most);
}

static void add(struct plan_cost *c, double seconds)
{
	c->seconds += seconds;
	c->further += c->is_further ? seconds : 0;
}

void plan_cost_site(struct plan_cost *c, int site, uint64_t bytes, size_t threads)
{
	if (site < c->sites)
		return;
	c->sites = site + 1;
	add(c, OPENINGS * (at_rate((double)bytes, threads, TOUCH_THREAD, TOUCH_NODE) +
			   (double)bytes / PROOF));
}

void plan_cost_cell(struct plan_cost *c, double bytes, size_t threads, double least_s)
{
	double pass = at_rate(bytes, threads, PASS_THREAD, PASS_NODE);

	/* After every opening the results are compared, which takes another pass. */
	add(c, ROUNDS * fmax(pass, least_s) + OPENINGS * pass);
}

void plan_cost_round(struct plan_cost *c, double seconds)
{
	add(c, ROUNDS * seconds);
}

void plan_cost_once(struct plan_cost *c, double seconds)
{
	add(c, seconds);
}

void plan_cost_say(const struct plan_cost *c, struct session *s, const char *bench)
{
	if (c->seconds > 0)
		session_note(s, "%s: %d rounds of all take about %.0f s", bench, ROUNDS,
			     fmax(c->seconds, 1));
}
