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

/* Which allocation of the buffers a round uses. */
int session_opening(int round)
{
	return round < 2 * OPENINGS_MIN ? round / 2 : OPENINGS_MIN + (round - 2 * OPENINGS_MIN) / 8;
}

/* What the rounds until `rounds` are made will still take. */
static double forecast(const struct session *s, int rounds)
{
	int left = rounds - s->rounds,
	    openings = session_opening(rounds - 1) - session_opening(s->rounds - 1);
	double open = 0, sample = 0;

	for (size_t i = 0; i < s->ncells; i++)
		sample += session_active(s, i) ? s->cells[i].sample_s : 0;
	for (size_t t = 0; t < s->nsites; t++)
		for (size_t i = 0; i < s->ncells; i++)
			if (s->cells[i].cell.site == t && session_active(s, i)) {
				open += s->sites[t].open_s *
					(s->sites[t].fresh == 0 ? OPENED_AGAIN : 1);
				break;
			}
	return left * sample + (s->keep_open ? openings : left) * open;
}

static bool sampled(const struct session *s, size_t cell)
{
	return s->cells[cell].cell.rec.samples.n > 0;
}

/* Whether every active cell of a comparison was reached. */
static bool reached(const struct session *s, size_t comparison)
{
	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].comparison == comparison && session_active(s, i) && !sampled(s, i))
			return false;
	return true;
}

/* The comparison to do without first: one that the first round did not reach,
 * else the one that is worth least, the last of its equals. ncells when there is
 * none; *more tells whether others would be left. */
static size_t least_wanted(const struct session *s, bool *unreached, bool *more)
{
	size_t least = s->ncells;

	*unreached = *more = false;
	for (size_t i = 0; i < s->ncells; i++) {
		bool missed = !reached(s, s->cells[i].comparison);

		if (!session_active(s, i))
			continue;
		*more = *more ||
			(least < s->ncells && s->cells[i].comparison != s->cells[least].comparison);
		if (*unreached && !missed)
			continue;
		if (least == s->ncells || (missed && !*unreached) ||
		    s->cells[i].cell.worth <= s->cells[least].cell.worth)
			least = i;
		*unreached = missed;
	}
	return least < s->ncells ? s->cells[least].comparison : s->ncells;
}

static size_t leave_out(struct session *s, size_t comparison)
{
	size_t n = 0;

	for (size_t i = 0; i < s->ncells; i++) {
		if (s->cells[i].comparison != comparison || !session_active(s, i))
			continue;
		session_end_cell(
			&s->cells[i], STATUS_SKIPPED,
			"left out: enough rounds of every cell do not fit into the budget");
		n++;
	}
	return n;
}

static int rounds_wanted(const struct session *s)
{
	int most = s->options->rounds;

	return most && most < ROUNDS_MIN ? most : ROUNDS_MIN;
}

/* Fewer comparisons, where six rounds of all do not fit into the budget. One is
 * always kept. */
void budget_fit(struct session *s)
{
	int wanted = rounds_wanted(s);
	double spent = session_spent(s), all;
	size_t left_out = 0, next;
	bool unreached, more;

	if (s->rounds >= wanted)
		return;
	all = spent + forecast(s, wanted);
	while ((next = least_wanted(s, &unreached, &more)) < s->ncells) {
		if (!unreached && (!more || spent + forecast(s, wanted) <= s->options->budget_s))
			break;
		left_out += leave_out(s, next);
	}
	if (left_out)
		session_note(s,
			     "%s: %zu cells left out: %d rounds of all would take %.0f s or more",
			     s->bench->name, left_out, wanted, fmax(all, s->options->budget_s));
}

bool budget_first_round_ends(const struct session *s, const size_t *order, size_t next)
{
	/* Where not all buffers fit at once, a round goes from site to site, and no
	 * comparison is whole before its end. */
	return s->keep_open && next > 0 &&
	       s->cells[order[next]].comparison != s->cells[order[next - 1]].comparison &&
	       session_spent(s) > FIRST_ROUND_SHARE * s->options->budget_s;
}

static bool precise(const struct session *s)
{
	for (size_t i = 0; i < s->ncells; i++) {
		struct record *r = &s->cells[i].cell.rec;

		if (!session_active(s, i))
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
	return session_spent(s) + forecast(s, s->rounds + 1) < s->options->budget_s;
}
