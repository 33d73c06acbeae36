/* budget.c - how many rounds, of which cells: what fits into the time there is.
 *
 * What is left out are whole comparisons: all node pairs of a metric, direction
 * and kind of memory on a GPU. Half of one would say nothing.
 */
#include <math.h>
#include <stdlib.h>

#include "measure/session_parts.h"

enum { ROUNDS_MOST = 40, ROUNDS_PRECISE = 10 };

/* After ROUNDS_PRECISE rounds, cells this precise need no more of them. */
#define PRECISE 0.01
/* The first round may take this share of the budget; what it has not reached
 * by then is left out, for five more rounds must follow. */
#define FIRST_ROUND_SHARE 0.5
/* A later opening takes this much of the first one, until one was seen: the first
 * also waits for memory that a host or a driver has yet to find. */
#define OPENED_AGAIN 0.5
/* What has samples of several rounds is given up only where the budget would be missed by more
 * than this share of it: forecasts waver by as much, and all rounds so far would be in vain. */
#define OVERRUN 0.05

/* Which allocation of the buffers a round uses. */
int session_opening(int round)
{
	return round < 2 * OPENINGS_MIN ? round / 2 : OPENINGS_MIN + (round - 2 * OPENINGS_MIN) / 8;
}

/* Seconds that opening all sites takes that still have something to sample. */
static double forecast_opening(const struct session *s)
{
	double open = 0;

	for (size_t t = 0; t < s->nsites; t++) {
		const struct site_state *site = &s->sites[t];
		bool again = site->fresh == 0 && !s->one_at_a_time;

		for (size_t i = 0; site->open_s > 0 && i < s->ncells; i++)
			if (session_active(s, i) && s->cells[i].cell.site == t) {
				open += site->open_s * (again ? OPENED_AGAIN : 1);
				break;
			}
	}
	return open;
}

/* What the rounds until `rounds` are made will still take. */
static double forecast(const struct session *s, int rounds)
{
	int left = rounds - s->rounds,
	    openings = session_opening(rounds - 1) - session_opening(s->rounds - 1);
	double sample = 0;

	for (size_t i = 0; i < s->ncells; i++) /* members have no time of their own */
		sample += session_active(s, i) ? s->cells[i].sample_s : 0;
	return left * sample + (s->keep_open ? openings : left) * forecast_opening(s);
}

static bool sampled(const struct session *s, size_t cell)
{
	return s->cells[cell].cell.rec.samples.n > 0 || session_void(s, cell) ||
	       s->cells[s->cells[cell].unit].visited;
}

/* By comparison: whether an active unit of it was not reached. */
static void find_missed(const struct session *s, bool *missed)
{
	for (size_t i = 0; i < s->ncells; i++)
		missed[i] = false;
	for (size_t i = 0; i < s->ncells; i++)
		if (session_active(s, i) && !sampled(s, i))
			missed[s->cells[i].comparison] = true;
}

/* The comparison to do without first: one that the first round did not reach,
 * else the one that is worth least, the last of its equals. ncells when there is
 * none; *more tells whether others would be left. */
static size_t least_wanted(const struct session *s, const bool *missed, bool *unreached, bool *more)
{
	size_t least = s->ncells;

	*unreached = *more = false;
	for (size_t i = 0; i < s->ncells; i++) {
		const struct cell_state *c = &s->cells[i];

		if (!session_is_unit(s, i) || !session_active(s, i))
			continue;
		*more = *more || (least < s->ncells && c->comparison != s->cells[least].comparison);
		if (*unreached && !missed[c->comparison])
			continue;
		if (least == s->ncells || (missed[c->comparison] && !*unreached) ||
		    c->cell.worth <= s->cells[least].cell.worth)
			least = i;
		*unreached = missed[c->comparison];
	}
	return least < s->ncells ? s->cells[least].comparison : s->ncells;
}

static size_t leave_out(struct session *s, size_t comparison)
{
	size_t n = 0;

	for (size_t i = 0; i < s->ncells; i++) {
		if (!session_is_unit(s, i) || s->cells[i].comparison != comparison ||
		    !session_active(s, i))
			continue;
		session_end_cell(s, i, STATUS_SKIPPED,
				 LEFT_OUT "enough rounds of every cell do not fit into the budget");
		n += 1 + s->cells[i].nmembers;
	}
	return n;
}

static int rounds_wanted(const struct session *s)
{
	int most = s->options->rounds;

	return most && most < ROUNDS_MIN ? most : ROUNDS_MIN;
}

/* How long it may take in all: what does not fit is left out after the first round, when the least
 * is lost by it. */
static double limit(const struct session *s)
{
	return s->budget_s * (s->rounds > 1 ? 1 + OVERRUN : 1);
}

/* Fewer comparisons, where six rounds of all do not fit into the budget. One is
 * always kept. */
void budget_fit(struct session *s)
{
	int wanted = rounds_wanted(s);
	double spent = session_spent(s), all;
	size_t left_out = 0, next;
	bool unreached, more, *missed;

	if (s->rounds >= wanted || !(missed = calloc(s->ncells + 1, sizeof *missed)))
		return;
	all = spent + forecast(s, wanted);
	find_missed(s, missed);
	while ((next = least_wanted(s, missed, &unreached, &more)) < s->ncells) {
		if (!unreached && (!more || spent + forecast(s, wanted) <= limit(s)))
			break;
		left_out += leave_out(s, next);
	}
	free(missed);
	if (left_out)
		session_note(s,
			     "%s: %zu cells left out: %d rounds of all would take %.0f s or more",
			     s->bench->name, left_out, wanted, fmax(all, s->budget_s));
}

bool budget_first_round_ends(const struct session *s, const size_t *order, size_t next)
{
	/* Where not all buffers fit at once, a round goes from site to site, and no
	 * comparison is whole before its end. */
	return s->keep_open && next > 0 &&
	       s->cells[order[next]].comparison != s->cells[order[next - 1]].comparison &&
	       session_spent(s) > FIRST_ROUND_SHARE * s->budget_s;
}

static bool precise(const struct session *s)
{
	for (size_t i = 0; i < s->ncells; i++) {
		struct record *r = &s->cells[i].cell.rec;

		if (!session_is_unit(s, i) || !session_active(s, i))
			continue;
		record_summarise(r);
		if (!record_has(r, "low") || !(r->high - r->low < 2 * PRECISE * r->median))
			return false;
	}
	return true;
}

bool budget_another(const struct session *s)
{
	bool any = false;

	for (size_t i = 0; i < s->ncells; i++)
		any |= session_active(s, i);
	if (!any || session_stopped(s))
		return false;
	if (s->options->rounds && s->rounds >= s->options->rounds)
		return false;
	if (s->rounds < ROUNDS_MIN)
		return true;
	if (s->rounds >= ROUNDS_MOST || (s->rounds >= ROUNDS_PRECISE && precise(s)))
		return false;
	return session_spent(s) + forecast(s, s->rounds + 1) < s->budget_s;
}
