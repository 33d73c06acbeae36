/* rounds.c - rounds over all cells in random order: opens, samples, closes, and
 * takes what goes wrong. budget.c says how many rounds, of which cells. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/session_parts.h"
#include "place/memory.h"

static void end_gpu(struct session *s, int gpu, enum status status, const char *why)
{
	char text[400];

	idset_add(&s->closed_gpus, gpu);
	snprintf(text, sizeof text, "GPU %d is used no more: %s", gpu, why);
	for (size_t i = 0; i < s->ncells; i++)
		if (s->sites[s->cells[i].cell.site].site.gpu == gpu)
			session_end_cell(&s->cells[i], status, text);
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
			session_end_cell(&s->cells[i], status_of(a), r->why);
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
			placement_judge(to, to->cpu_node);
		}
		record_release(&last);
	}
}

static void refuse_cells(struct session *s, size_t site, enum answer a, const char *why)
{
	s->sites[site].lost = true;
	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].cell.site == site)
			session_end_cell(&s->cells[i], status_of(a), why);
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
	if (a == ANSWER_OK) {
		take_last_proof(s, site, r.record);
	} else if (a != ANSWER_STOPPED) { /* nobody knows where the pages were in the end */
		refuse_cells(s, site, a, r.why);
		strike(s, site, a, &r);
	}
	json_decref(r.record);
	t->open_s += clock_span(began, clock_now());
}

/* A simulated clock may set more aside than really passed. */
static double less(double seconds, double aside_s)
{
	return seconds > aside_s ? seconds - aside_s : 0;
}

/* True when the site is open with the buffers of this opening. What a bench
 * refuses it will refuse again; a worker that died may have been killed. */
static bool ensure_open(struct session *s, size_t site, int opening, struct cell_state *wanted)
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
		if (a == ANSWER_FAILED)
			refuse_cells(s, site, a, r.why);
		session_end_cell(wanted, status_of(a), r.why);
		strike(s, site, a, &r);
	}
	return false;
}

/* Puts what the worker learnt into the cell, the first bad status staying. */
static void learn(struct session *s, size_t cell, const struct reply *r, int opening)
{
	struct cell_state *c = &s->cells[cell];
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
	if (isfinite(r->value) &&
	    record_sample(rec, r->value, session_elapsed(s), s->rounds, opening) == 0 &&
	    s->sink->sample)
		s->sink->sample(cell, rec, s->sink->to);
	if (rec->status == STATUS_CORRUPT)
		c->done = true;
}

static void visit(struct session *s, size_t cell, int opening)
{
	struct cell_state *c = &s->cells[cell];
	struct instant began;
	struct reply r;
	enum answer a;

	if (!ensure_open(s, c->cell.site, opening, c) || c->done)
		return;
	began = clock_now();
	a = crew_sample(s, cell, &r);
	c->sample_s = less(clock_span(began, clock_now()), r.aside_s);
	s->sites[c->cell.site].open_s += r.aside_s;
	if (a == ANSWER_OK) {
		learn(s, cell, &r, opening);
	} else if (a != ANSWER_STOPPED) {
		session_end_cell(c, status_of(a), r.why);
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

/* The first round takes what is worth most first, and the cells of a comparison
 * together, so that what it does not reach are whole comparisons. Insertion keeps
 * the random order among equals; n is some hundreds. */
static void sort_for_first_round(const struct session *s, size_t *v, size_t n)
{
	size_t *rank = calloc(s->ncells + 1, sizeof *rank);

	for (size_t i = 0; rank && i < n; i++)
		if (!rank[s->cells[v[i]].comparison])
			rank[s->cells[v[i]].comparison] = i + 1;
	for (size_t i = 1; rank && i < n; i++) {
		for (size_t j = i; j > 0; j--) {
			const struct cell_state *a = &s->cells[v[j - 1]], *b = &s->cells[v[j]];
			size_t t = v[j];

			if (a->cell.worth > b->cell.worth ||
			    (a->cell.worth == b->cell.worth &&
			     rank[a->comparison] <= rank[b->comparison]))
				break;
			v[j] = v[j - 1];
			v[j - 1] = t;
		}
	}
	free(rank);
}

/* The cells in the order of this round. Where not all buffers fit at once, the
 * cells of a site stand together. */
static size_t order_round(struct session *s, size_t *order)
{
	size_t *rank = calloc(s->nsites + 1, sizeof *rank), n = 0;

	for (size_t i = 0; i < s->ncells; i++)
		if (session_active(s, i))
			order[n++] = i;
	shuffle(s, order, n);
	if (s->rounds == 0)
		sort_for_first_round(s, order, n);
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
	int opening = session_opening(s->rounds);

	for (size_t i = 0; i < n && !session_stopped(s); i++) {
		size_t site = s->cells[order[i]].cell.site;
		double spent = session_spent(s) / s->options->budget_s;

		if (s->rounds == 0 && budget_first_round_ends(s, order, i))
			break;
		show(s, order[i], spent < 1 ? spent : 1);
		if (session_active(s, order[i]))
			visit(s, order[i], opening);
		if (!s->keep_open && (i + 1 == n || s->cells[order[i + 1]].cell.site != site))
			close_site(s, site);
	}
}

int rounds_run(struct session *s)
{
	size_t *order = calloc(s->ncells + 1, sizeof *order);

	if (!order)
		return -ENOMEM;
	while (budget_another(s)) {
		make_round(s, order);
		s->rounds++;
		if (!session_stopped(s))
			budget_fit(s);
	}
	for (size_t i = 0; i < s->nsites && !session_stopped(s); i++)
		close_site(s, i);
	free(order);
	return session_stopped(s) ? -ECANCELED : 0;
}
