/* rounds.c - rounds over all units in random order. budget.c says how many, of which. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "measure/session_parts.h"

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

static size_t site_key(const struct session *s, size_t unit)
{
	return session_site_of(s, unit);
}

static size_t worker_key(const struct session *s, size_t unit)
{
	return (size_t)s->sites[session_site_of(s, unit)].site.cpu_node;
}

/* Puts those with the same key side by side, at the place of the first of them. */
static void group(const struct session *s, size_t *v, size_t n,
		  size_t (*key)(const struct session *s, size_t unit))
{
	size_t *grouped = calloc(n + 1, sizeof *grouped), k = 0;
	bool *taken = calloc(n + 1, sizeof *taken);

	for (size_t i = 0; grouped && taken && i < n; i++) {
		bool first = !taken[i];

		for (size_t j = i; first && j < n; j++) {
			if (taken[j] || key(s, v[j]) != key(s, v[i]))
				continue;
			grouped[k++] = v[j];
			taken[j] = true;
		}
	}
	if (k == n && n)
		memcpy(v, grouped, n * sizeof *v);
	free(grouped);
	free(taken);
}

/* The units in the order of this round. Where not all buffers fit at once, those of
 * a site stand together; where workers may not live side by side, those of a worker. */
static size_t order_round(struct session *s, size_t *order)
{
	size_t n = 0;

	for (size_t i = 0; i < s->ncells; i++)
		if (session_is_unit(s, i) && session_active(s, i))
			order[n++] = i;
	shuffle(s, order, n);
	if (s->rounds == 0)
		sort_for_first_round(s, order, n);
	if (s->one_at_a_time)
		group(s, order, n, worker_key);
	if (!s->keep_open)
		group(s, order, n, site_key);
	return n;
}

static void show(struct session *s, size_t cell, double share)
{
	char name[120];
	double left = s->budget_s - session_spent(s);

	if (s->sink->progress)
		s->sink->progress(share, left > 0 ? left : 0,
				  record_name(&s->cells[cell].cell.rec, name, sizeof name),
				  s->sink->to);
}

/* Closes what the next unit does not need; all of it when there is none. */
static void close_others(struct session *s, const size_t *next)
{
	for (size_t i = 0; i < s->nsites; i++)
		if (s->sites[i].open && !(next && session_uses(s, *next, i)))
			site_close(s, i);
}

static void make_round(struct session *s, size_t *order)
{
	size_t n = order_round(s, order);
	int opening = session_opening(s->rounds);

	for (size_t i = 0; i < n && !session_stopped(s); i++) {
		double spent = session_spent(s) / s->budget_s;
		bool joint = s->cells[order[i]].joint;

		if (s->rounds == 0 && budget_first_round_ends(s, order, i))
			break;
		show(s, order[i], spent < 1 ? spent : 1);
		if (session_active(s, order[i]))
			(joint ? joint_visit : visit_cell)(s, order[i], opening);
		if (!s->keep_open)
			close_others(s, i + 1 < n ? &order[i + 1] : NULL);
	}
}

/* The turn-th GPU of those still in use, each worker beginning with another one; -1: none. */
static int gpu_of_turn(const struct session *s, size_t turn, size_t worker)
{
	size_t n = idset_count(&s->gpus), i = (turn + worker) % n;
	int g = idset_next(&s->gpus, -1);

	while (i-- > 0)
		g = idset_next(&s->gpus, g);
	return idset_has(&s->closed_gpus, g) ? -1 : g;
}

/* The drivers of all workers start on one GPU each at a time: one that hangs or dies in it is
 * known. */
static void start_gpus(struct session *s)
{
	size_t turns = s->bench->start && !s->one_at_a_time ? idset_count(&s->gpus) : 0;
	struct party *v = calloc(s->nworkers + 1, sizeof *v);
	int *gpus = calloc(s->nworkers + 1, sizeof *gpus);

	for (size_t turn = 0; v && gpus && turn < turns && !session_stopped(s); turn++) {
		size_t n;

		for (size_t i = 0; i < s->nworkers; i++)
			gpus[i] = gpu_of_turn(s, turn, i);
		n = crew_start(s, gpus, v);
		for (size_t i = 0; i < n; i++) {
			if (v[i].a == ANSWER_TIMEOUT || v[i].a == ANSWER_DIED)
				site_strike_gpu(s, gpus[v[i].worker], v[i].a, &v[i].r);
			crew_release(&v[i].r);
		}
	}
	free(gpus);
	free(v);
}

int rounds_run(struct session *s)
{
	size_t *order = calloc(s->ncells + 1, sizeof *order);

	if (!order)
		return -ENOMEM;
	start_gpus(s);
	while (budget_another(s)) {
		make_round(s, order);
		s->rounds++;
		if (!session_stopped(s))
			budget_fit(s);
	}
	if (!session_stopped(s))
		close_others(s, NULL);
	free(order);
	return session_stopped(s) ? -ECANCELED : 0;
}
