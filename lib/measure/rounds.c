/* rounds.c - rounds over all cells in random order, within the budget.
 *
 * The buffers of a site are allocated afresh before rounds 0, 2 and 4 and every
 * eighth after that, so that six rounds compare three allocations.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/session_parts.h"
#include "place/memory.h"

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
static int opening_of(int round)
{
	return round < 2 * OPENINGS_MIN ? round / 2 : OPENINGS_MIN + (round - 2 * OPENINGS_MIN) / 8;
}

static bool active(const struct session *s, size_t cell)
{
	return !s->cells[cell].done && !s->sites[s->cells[cell].cell.site].lost;
}

static void end_cell(struct cell_state *c, enum status status, const char *why)
{
	if (!c->done)
		record_status(&c->cell.rec, status, "%s", why);
	c->done = true;
}

static void end_gpu(struct session *s, int gpu, enum status status, const char *why)
{
	char text[400];

	idset_add(&s->closed_gpus, gpu);
	snprintf(text, sizeof text, "GPU %d is used no more: %s", gpu, why);
	for (size_t i = 0; i < s->ncells; i++)
		if (s->sites[s->cells[i].cell.site].site.gpu == gpu)
			end_cell(&s->cells[i], status, text);
}

static enum status status_of(enum answer a)
{
	return a == ANSWER_TIMEOUT ? STATUS_TIMEOUT
	       : a == ANSWER_DIED  ? STATUS_CRASHED
				   : STATUS_FAILED;
}

/* A site, or its GPU, that failed too often is not tried again. A hang counts
 * as often enough: whatever hung is likely to hang again. */
static void strike(struct session *s, size_t site, enum answer a, const struct reply *r)
{
	struct site_state *t = &s->sites[site];
	int gpu = t->site.gpu, strikes = 0;

	t->strikes += a == ANSWER_TIMEOUT ? STRIKES_MAX : 1;
	for (size_t i = 0; i < s->nsites; i++)
		if (i == site || (gpu >= 0 && s->sites[i].site.gpu == gpu))
			strikes += s->sites[i].strikes;
	if (gpu >= 0 && a == ANSWER_FAILED) /* a CUDA error may stick to the process */
		crew_end_worker(s, t->site.cpu_node);
	if (strikes < STRIKES_MAX)
		return;
	if (gpu >= 0) {
		end_gpu(s, gpu, status_of(a), r->why);
		return;
	}
	t->lost = true;
	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].cell.site == site)
			end_cell(&s->cells[i], status_of(a), r->why);
}

/* Takes over where the pages were at the end; a site that was right before its
 * samples and wrong after them is wrong. */
static void take_last_proof(struct session *s, size_t site, const json_t *record)
{
	for (size_t i = 0; record && i < s->ncells; i++) {
		struct record *to = &s->cells[i].cell.rec, last;

		if (s->cells[i].cell.site != site || to->samples.n == 0)
			continue;
		record_init(&last);
		if (record_from_json(&last, record, NULL) == 0) {
			struct resident *seen = to->placement.resident;

			to->placement.resident = last.placement.resident;
			to->placement.nresident = last.placement.nresident;
			to->placement.proof = last.placement.proof;
			last.placement.resident = seen;
			if (to->status == STATUS_OK)
				placement_judge(to, to->cpu_node);
		}
		record_release(&last);
	}
}

static void close_site(struct session *s, size_t site)
{
	struct site_state *t = &s->sites[site];
	struct instant began = clock_now();
	struct reply r;
	enum answer a;

	if (!t->open)
		return;
	a = crew_close(s, site, &r);
	if (a == ANSWER_OK)
		take_last_proof(s, site, r.record);
	else if (a != ANSWER_STOPPED)
		strike(s, site, a, &r);
	json_decref(r.record);
	t->open_s += clock_span(began, clock_now());
}

static void refuse_cells(struct session *s, size_t site, enum answer a, const char *why)
{
	s->sites[site].lost = true;
	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].cell.site == site)
			end_cell(&s->cells[i], status_of(a), why);
}

/* A simulated clock may set more aside than really passed. */
static double less(double seconds, double aside_s)
{
	return seconds > aside_s ? seconds - aside_s : 0;
}

/* True when the site is open with the buffers of this opening. */
static bool ensure_open(struct session *s, size_t site, int opening)
{
	struct site_state *t = &s->sites[site];
	struct instant began = clock_now();
	struct reply r;
	enum answer a;

	if (t->open && t->fresh == opening)
		return true;
	t->open_s = 0;
	close_site(s, site);
	if (t->lost)
		return false;
	t->fresh = opening;
	a = crew_open(s, site, &r);
	t->open_s += less(clock_span(began, clock_now()), r.aside_s);
	json_decref(r.record);
	if (a == ANSWER_OK)
		return true;
	if (a != ANSWER_STOPPED) {
		refuse_cells(s, site, a, r.why);
		strike(s, site, a, &r);
	}
	return false;
}

/* Puts what the worker learnt into the cell, the first bad status staying. */
static void learn(struct cell_state *c, const struct reply *r, const struct session *s, int opening)
{
	struct record *rec = &c->cell.rec, part;
	enum status before = rec->status;
	char why[sizeof rec->reason];

	memcpy(why, rec->reason, sizeof why);
	record_init(&part);
	if (r->record && record_from_json(&part, r->record, NULL) == 0)
		record_merge(rec, &part);
	record_release(&part);
	if (before != STATUS_OK)
		record_status(rec, before, "%s", why);
	if (isfinite(r->value))
		record_sample(rec, r->value, session_elapsed(s), s->rounds, opening);
	if (rec->status == STATUS_CORRUPT)
		c->done = true;
}

static void visit(struct session *s, size_t cell, int opening)
{
	struct cell_state *c = &s->cells[cell];
	struct instant began;
	struct reply r;
	enum answer a;

	if (!ensure_open(s, c->cell.site, opening) || c->done)
		return;
	began = clock_now();
	a = crew_sample(s, cell, &r);
	c->sample_s = less(clock_span(began, clock_now()), r.aside_s);
	s->sites[c->cell.site].open_s += r.aside_s;
	if (a == ANSWER_OK) {
		learn(c, &r, s, opening);
	} else if (a != ANSWER_STOPPED) {
		end_cell(c, status_of(a), r.why);
		strike(s, c->cell.site, a, &r);
	}
	json_decref(r.record);
}

static void shuffle(struct session *s, size_t *v, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)(session_random(s) % i), t = v[i - 1];

		v[i - 1] = v[j];
		v[j] = t;
	}
}

static int by_worth(const struct session *s, size_t a, size_t b)
{
	return s->cells[b].cell.worth - s->cells[a].cell.worth;
}

/* Insertion sort keeps the random order among equals; n is some hundreds. */
static void sort_stable(const struct session *s, size_t *v, size_t n,
			int (*order)(const struct session *, size_t, size_t))
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && order(s, v[j - 1], v[j]) > 0; j--) {
			size_t t = v[j];

			v[j] = v[j - 1];
			v[j - 1] = t;
		}
}

/* The cells in the order of this round. Where not all buffers fit at once, the
 * cells of a site stand together. */
static size_t order_round(struct session *s, size_t *order)
{
	size_t *rank = calloc(s->nsites + 1, sizeof *rank), n = 0;

	for (size_t i = 0; i < s->ncells; i++)
		if (active(s, i))
			order[n++] = i;
	shuffle(s, order, n);
	if (s->rounds == 0)
		sort_stable(s, order, n, by_worth);
	if (!s->keep_open && rank) {
		size_t *grouped = calloc(n + 1, sizeof *grouped), k = 0;

		for (size_t i = 0; grouped && i < n; i++) {
			size_t site = s->cells[order[i]].cell.site;

			if (rank[site])
				continue;
			rank[site] = 1;
			for (size_t j = i; j < n; j++)
				if (s->cells[order[j]].cell.site == site)
					grouped[k++] = order[j];
		}
		if (grouped)
			memcpy(order, grouped, n * sizeof *order);
		free(grouped);
	}
	free(rank);
	return n;
}

static void show(struct session *s, size_t cell, double share)
{
	char name[120];
	double left = s->options->budget_s - session_spent(s);

	if (s->sink->progress)
		s->sink->progress(share, left > 0 ? left : 0,
				  record_name(&s->cells[cell].cell.rec, name, sizeof name),
				  s->sink->to);
}

static void make_round(struct session *s, size_t *order)
{
	size_t n = order_round(s, order);
	int opening = opening_of(s->rounds);

	for (size_t i = 0; i < n && !session_stopped(s); i++) {
		size_t site = s->cells[order[i]].cell.site;
		double spent = session_spent(s) / s->options->budget_s;

		if (s->rounds == 0 && i > 0 && spent > FIRST_ROUND_SHARE) {
			if (!s->keep_open)
				close_site(s, s->cells[order[i - 1]].cell.site);
			break;
		}
		show(s, order[i], spent < 1 ? spent : 1);
		if (active(s, order[i]))
			visit(s, order[i], opening);
		if (!s->keep_open && (i + 1 == n || s->cells[order[i + 1]].cell.site != site))
			close_site(s, site);
	}
}

/* What the rounds until `rounds` are made will still take. */
static double forecast(const struct session *s, int rounds)
{
	int left = rounds - s->rounds,
	    openings = opening_of(rounds - 1) - opening_of(s->rounds - 1);
	double open = 0, sample = 0;

	for (size_t i = 0; i < s->ncells; i++)
		sample += active(s, i) ? s->cells[i].sample_s : 0;
	for (size_t t = 0; t < s->nsites; t++)
		for (size_t i = 0; i < s->ncells; i++)
			if (s->cells[i].cell.site == t && active(s, i)) {
				open += s->sites[t].open_s *
					(s->sites[t].fresh == 0 ? OPENED_AGAIN : 1);
				break;
			}
	return left * sample + (s->keep_open ? openings : left) * open;
}

/* The cell to do without first: one that the first round did not reach, else
 * the one that is worth least, the last of its equals. ncells when none is left
 * to choose from. */
static size_t least_wanted(const struct session *s)
{
	size_t least = s->ncells;
	bool unreached = false;

	for (size_t i = 0; i < s->ncells; i++) {
		bool no_sample = s->cells[i].cell.rec.samples.n == 0;

		if (!active(s, i) || (unreached && !no_sample))
			continue;
		if (least == s->ncells || (no_sample && !unreached) ||
		    s->cells[i].cell.worth <= s->cells[least].cell.worth)
			least = i;
		unreached = no_sample;
	}
	return least;
}

static int rounds_wanted(const struct session *s)
{
	int most = s->options->rounds;

	return most && most < ROUNDS_MIN ? most : ROUNDS_MIN;
}

/* Fewer cells, where six rounds of all do not fit into the budget. One is always
 * kept. */
static void fit_budget(struct session *s)
{
	double budget = s->options->budget_s - session_spent(s), all;
	size_t left = 0, left_out = 0;

	for (size_t i = 0; i < s->ncells; i++)
		left += active(s, i) && s->cells[i].cell.rec.samples.n > 0;
	all = session_spent(s) + forecast(s, rounds_wanted(s));
	for (size_t i; (i = least_wanted(s)) < s->ncells; left_out++) {
		bool reached = s->cells[i].cell.rec.samples.n > 0;

		if (reached && (left <= 1 || forecast(s, rounds_wanted(s)) <= budget))
			break;
		left -= reached;
		end_cell(&s->cells[i], STATUS_SKIPPED,
			 "left out: enough rounds of every cell do not fit into the budget");
	}
	if (left_out)
		session_note(s,
			     "%s: %zu cells left out: %d rounds of all would take %.0f s or more",
			     s->bench->name, left_out, rounds_wanted(s),
			     all > s->options->budget_s ? all : s->options->budget_s);
}

static bool precise(const struct session *s)
{
	for (size_t i = 0; i < s->ncells; i++) {
		struct record *r = &s->cells[i].cell.rec;

		if (!active(s, i))
			continue;
		record_summarise(r);
		if (!record_has(r, "low") || !(r->high - r->low < 2 * PRECISE * r->median))
			return false;
	}
	return true;
}

static bool another(const struct session *s)
{
	bool any = false;

	for (size_t i = 0; i < s->ncells; i++)
		any |= active(s, i);
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

int rounds_run(struct session *s)
{
	size_t *order = calloc(s->ncells + 1, sizeof *order);

	if (!order)
		return -ENOMEM;
	while (another(s)) {
		make_round(s, order);
		if (++s->rounds < rounds_wanted(s) && !session_stopped(s))
			fit_budget(s);
	}
	for (size_t i = 0; i < s->nsites && !session_stopped(s); i++)
		close_site(s, i);
	free(order);
	return session_stopped(s) ? -ECANCELED : 0;
}
