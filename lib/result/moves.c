#include "result/moves.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "result/payback.h"
#include "result/recommend.h"
#include "result/statistics.h"
#include "result/timeline.h"

/* Of the pages: all are there, or none is, but for what nobody would notice. */
#define ALL_BUT 0.99

bool move_is(const struct record *r)
{
	return strcmp(r->test, "migration") == 0;
}

bool move_of_threads(const struct record *r)
{
	return move_is(r) && record_has(r, "phase") && record_has(r, "to_node") &&
	       record_has(r, "cpu_node") && !record_has(r, "gpu") && !record_has(r, "gpus") &&
	       !record_has(r, "mover");
}

bool move_between_nodes(const struct record *r)
{
	return record_has(r, "cpu_node") && record_has(r, "to_node") && r->cpu_node != r->to_node;
}

const struct record *move_phase(const struct result *res, const struct record *r, enum phase p)
{
	const uint64_t apart = record_fields("phase", "mover", NULL);

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *o = &res->records[i];

		if (move_is(o) && record_has(o, "phase") && o->phase == p && record_has_figure(o) &&
		    record_same_but(o, r, apart))
			return o;
	}
	return NULL;
}

static double speed(const struct record *r)
{
	return r->better == BETTER_HIGHER ? r->median : 1 / r->median;
}

struct move_effect move_effect(const struct result *res, const struct record *r)
{
	struct move_effect x = { NAN, NAN, NAN, false, 0 };
	const struct record *before = move_phase(res, r, PHASE_BEFORE);
	struct evidence ev;

	if (!before || !(before->median > 0) || !record_has_figure(r) || !(r->median > 0))
		return x;
	ev = cells_compare(r, before);
	x.kept = isfinite(ev.advantage) ? ev.advantage : speed(r) / speed(before);
	x.low = ev.low;
	x.high = ev.high;
	x.sign = ev.matters == MATTERS_YES ? 1 : 0;
	if (cells_compare(before, r).matters == MATTERS_YES)
		x.sign = -1;
	x.decided = x.sign || ev.matters == MATTERS_NO;
	return x;
}

double move_kept(const struct result *res, const struct record *r)
{
	return move_effect(res, r).kept;
}

const struct record *move_also(const struct result *res, const struct record *r, const char *metric)
{
	const uint64_t apart = record_fields("metric", "phase", NULL);
	const struct record *found = NULL;

	for (size_t i = 0; i < res->nrecords && !found; i++) {
		const struct record *o = &res->records[i];

		if (move_is(o) && strcmp(o->metric, metric) == 0 && record_has_figure(o) &&
		    record_same_but(o, r, apart))
			found = o;
	}
	return found;
}

double move_unseen(const struct record *r)
{
	const json_t *resolution = json_object_get(r->more, "resolution");

	if (json_is_number(resolution))
		return r->median > 0 ? NAN : json_number_value(resolution);
	return record_has(r, "low") && record_has(r, "high") && r->low <= 0 && r->high > 0 ? r->high
											   : NAN;
}

static bool moves_freely(const struct record *r)
{
	return move_is(r) && strcmp(r->metric, "page-rate") == 0 && record_has(r, "mover") &&
	       !record_has(r, "locked") && record_has_figure(r) && r->median > 0 &&
	       (!record_has(r, "moved") || r->moved >= ALL_BUT);
}

const struct record *move_pages_rate(const struct result *res, int from, int to,
				     const struct record *r)
{
	const struct record *best = NULL;
	bool best_is_kind = false;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *o = &res->records[i];
		bool kind =
			record_has(r, "pages") && record_has(o, "pages") && o->pages == r->pages;

		if (!moves_freely(o) || o->mem_node != from || o->to_node != to)
			continue;
		if (!best || (kind && !best_is_kind) ||
		    (kind == best_is_kind && o->median > best->median)) {
			best = o;
			best_is_kind = kind;
		}
	}
	return best;
}

const struct record *move_balancing(const struct result *res, int from, int to)
{
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *o = &res->records[i];

		if (move_is(o) && strcmp(o->metric, "balancing-time") == 0 && o->mem_node == from &&
		    o->to_node == to)
			return o;
	}
	return NULL;
}

bool move_stayed(const struct record *r)
{
	return move_is(r) && record_has(r, "locked") && record_has(r, "moved") &&
	       r->moved <= 1 - ALL_BUT;
}

/* ---- what pays ---- */

/* The speed with the pages on the new node. */
static double with_pages(const struct result *res, const struct record *r)
{
	const struct record *followed = move_phase(res, r, PHASE_FOLLOWED), *own = NULL;
	const uint64_t apart =
		record_fields("phase", "cpu_node", "mem_node", "to_node", "threads", "bytes", NULL);

	for (size_t i = 0; i < res->nrecords && !followed && !own; i++) {
		const struct record *o = &res->records[i];

		if (move_of_threads(o) && move_between_nodes(o) && o->phase == PHASE_BEFORE &&
		    o->cpu_node == r->to_node && o->threads == r->threads && record_has_figure(o) &&
		    record_same_but(o, r, apart))
			own = o;
	}
	if (!followed)
		followed = own ? own : move_phase(res, r, PHASE_BEFORE);
	return followed && followed->median > 0 ? speed(followed) : NAN;
}

static void set_payback(struct record *r, const struct payback *p)
{
	record_unset(r, "pays_after", "pays_bytes", NULL);
	if (!isfinite(p->seconds))
		return;
	r->pays_after = p->seconds;
	record_set(r, "pays_after", NULL);
	if (strcmp(r->metric, "latency") == 0)
		return; /* its work is loads */
	r->pays_bytes = p->work;
	record_set(r, "pays_bytes", NULL);
}

static void settled_pays(const struct result *res, struct record *r)
{
	const struct record *pages = move_pages_rate(res, r->mem_node, r->to_node, r);
	struct payback_model m = { .local = with_pages(res, r),
				   .remote = record_has_figure(r) && r->median > 0 ? speed(r) : NAN,
				   .cost = pages ? PAYBACK_BYTES / pages->median : NAN };
	struct payback p = { NAN, NAN };

	if (move_effect(res, r).sign < 0)
		p = payback_of(&m);

	set_payback(r, &p);
}

/* The level of the windows since the move in which no page had come; NaN: there is none. */
static double remote_in(const struct timeline *t)
{
	double *v = calloc(t->n + 1, sizeof *v), level;
	size_t n = 0;

	for (size_t i = 0; v && i < t->n; i++) {
		const struct window *w = &t->windows[i];

		if (w->start >= 0 && !w->straddles && w->share <= 1 - ALL_BUT && isfinite(w->rate))
			v[n++] = w->rate;
	}
	level = median_of(v, n);
	free(v);
	return level;
}

static int balancing_pays(struct record *r)
{
	struct payback p = { NAN, NAN };
	struct err ignored;
	struct timeline t;
	int rc = timeline_load(&t, r, &ignored);

	if (rc == -ENOMEM)
		return rc;
	if (rc == 0) {
		p = payback_watched(&t, BETTER_HIGHER, remote_in(&t));
		timeline_release(&t);
	}
	set_payback(r, &p);
	return 0;
}

int derive_moves(struct result *res)
{
	int rc = 0;

	for (size_t i = 0; i < res->nrecords && rc == 0; i++) {
		struct record *r = &res->records[i];

		if (!move_is(r))
			continue;
		if (strcmp(r->metric, "balancing-time") == 0)
			rc = balancing_pays(r);
		else if (move_of_threads(r) && move_between_nodes(r) && r->phase == PHASE_SETTLED)
			settled_pays(res, r);
	}
	return rc;
}
