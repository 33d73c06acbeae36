#include "result/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/statistics.h"

void comparison_release(struct comparison *c)
{
	for (size_t i = 0; i < 2; i++)
		runs_release(&c->ratios[i]);
	free(c->identity);
	free(c->conditions);
	free(c->cells);
	free(c->figures);
	*c = (struct comparison){ 0 };
}

static bool same_family(const struct runs_cell *a, const struct runs_cell *b)
{
	/* The quick way for most of some thousands. */
	if (a->against != b->against || strcmp(a->rec.metric, b->rec.metric) != 0 ||
	    strcmp(a->rec.test, b->rec.test) != 0)
		return false;
	return !((a->rec.has ^ b->rec.has) & record_fields("direction", "memory", NULL)) &&
	       (!record_has(&a->rec, "direction") || a->rec.direction == b->rec.direction) &&
	       (!record_has(&a->rec, "memory") || a->rec.memory == b->rec.memory);
}

/* The number of its family: that of the first cell in it. */
static int family_of(const struct runs *r, const struct runs_cell *cell)
{
	for (size_t i = 0; i < r->ncells; i++)
		if (same_family(&r->cells[i], cell))
			return (int)i;
	return 0;
}

static bool is_latency(const struct record *r)
{
	return strcmp(r->unit, "s") == 0;
}

/* A cell that the baseline has. */
static void place_cell(struct comparison *c, const struct runs_cell *before, size_t *from,
		       double **room)
{
	struct compared *v = &c->cells[c->ncells++];
	const struct runs_cell *after = runs_find(c->after, before, from);
	const char *why = after ? after->why : runs_why_missing(c->after, &before->rec);
	size_t n, m = 0;

	*v = (struct compared){ .before = before, .after = after, .retest = NAN };
	n = runs_medians(c->before, before, *room);
	if (after)
		m = runs_medians(c->after, after, *room + n);
	if (after && runs_is_corrupt(after->why)) {
		v->outcome = CELL_MISSING;
		snprintf(v->why, sizeof v->why, "%s", after->why);
		return;
	}
	if (!m) {
		/* What the plan left out for want of time is told, too, and not judged. */
		v->outcome = why && *why && !strstr(why, LEFT_OUT) ? CELL_MISSING : CELL_LEFT_OUT;
		snprintf(v->why, sizeof v->why, "%s", why ? why : "");
		return;
	}
	v->trial = (struct trial){
		.before = *room,
		.after = *room + n,
		.n = n,
		.m = m,
		.higher = before->rec.better == BETTER_HIGHER,
		.floor = is_latency(&before->rec) ? TRIAL_FLOOR_LATENCY : TRIAL_FLOOR,
		.family = family_of(c->before, before),
	};
	*room += n + m;
}

/* Cells that only the candidate has: new ones, and what arrived corrupt. */
static void place_new(struct comparison *c)
{
	size_t from = 0;

	for (size_t i = 0; i < c->after->ncells; i++) {
		const struct runs_cell *after = &c->after->cells[i];
		bool corrupt = runs_is_corrupt(after->why);
		struct compared *v = &c->cells[c->ncells];
		double any = NAN;

		for (size_t k = 0; k < c->after->n; k++)
			any = isnan(after->medians[k]) ? any : after->medians[k];
		if ((isnan(any) && !corrupt) || runs_find(c->before, after, &from))
			continue;
		*v = (struct compared){ .after = after,
					.retest = NAN,
					.outcome = corrupt ? CELL_MISSING : CELL_NEW };
		memcpy(v->why, after->why, sizeof v->why);
		c->ncells++;
	}
}

static void count(struct comparison *c)
{
	memset(c->count, 0, sizeof c->count);
	for (size_t i = 0; i < c->ncells; i++)
		c->count[c->cells[i].outcome]++;
}

/* Applies the rule to the cells that both have. */
static int try_cells(struct comparison *c)
{
	static const enum cell_outcome outcomes[] = { [TRIAL_SAME] = CELL_SAME,
						      [TRIAL_SUSPECTED] = CELL_SUSPECTED,
						      [TRIAL_UNSURE] = CELL_UNSURE,
						      [TRIAL_BETTER] = CELL_BETTER };
	struct trial *t = calloc(c->ncells + 1, sizeof *t);
	size_t n = 0;
	int rc = t ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < c->ncells; i++)
		if (c->cells[i].trial.m)
			t[n++] = c->cells[i].trial;
	if (rc == 0)
		rc = regress(t, n);
	n = 0;
	for (size_t i = 0; rc == 0 && i < c->ncells; i++) {
		struct compared *v = &c->cells[i];

		if (!v->trial.m)
			continue;
		v->trial = t[n++];
		v->outcome = outcomes[v->trial.outcome];
		c->judged++;
		c->claimable += v->trial.claimable;
	}
	free(t);
	return rc;
}

static int tell_differences(struct comparison *c)
{
	const struct runs *a = c->before, *b = c->after;
	int rc = differences(a->identity, b->identity, &c->identity, &c->nidentity);

	if (rc == 0 && a->simulated != b->simulated) {
		json_t *o = json_pack("{s:b}", "simulated", a->simulated),
		       *p = json_pack("{s:b}", "simulated", b->simulated);

		free(c->identity);
		rc = differences(o, p, &c->identity, &c->nidentity);
		json_decref(o);
		json_decref(p);
	}
	return rc == 0 ? differences(a->conditions, b->conditions, &c->conditions, &c->nconditions)
		       : rc;
}

/* The retests that runs of the candidate made themselves. */
static void take_retests(struct comparison *c)
{
	double *v = calloc(c->after->n + 1, sizeof *v);

	for (size_t i = 0; v && i < c->ncells; i++) {
		size_t n = c->cells[i].trial.m ? runs_retests(c->after, c->cells[i].after, v) : 0;

		if (n)
			comparison_retest(c, i, median_of(v, n));
	}
	free(v);
}

int compare(struct comparison *c, const struct runs *before, const struct runs *after,
	    bool of_ratios)
{
	double *room;
	size_t from = 0, figures;
	int rc = 0;

	*c = (struct comparison){ .before = before, .after = after, .of_ratios = of_ratios };
	if (of_ratios) {
		rc = runs_ratios(&c->ratios[0], before);
		if (rc == 0)
			rc = runs_ratios(&c->ratios[1], after);
		c->before = &c->ratios[0];
		c->after = &c->ratios[1];
	}
	if (rc == 0)
		rc = tell_differences(c);
	if (rc < 0 || c->nidentity)
		return rc;
	figures = c->before->ncells * (c->before->n + c->after->n) + 1;
	c->cells = calloc(c->before->ncells + c->after->ncells + 1, sizeof *c->cells);
	c->figures = room = calloc(figures, sizeof *room);
	if (!c->cells || !room)
		return -ENOMEM;
	for (size_t i = 0; i < c->before->ncells; i++)
		place_cell(c, &c->before->cells[i], &from, &room);
	place_new(c);
	rc = try_cells(c);
	take_retests(c);
	count(c);
	return rc;
}

/* ---- retests ---- */

static bool wants_retest(const struct compared *v)
{
	return (v->outcome == CELL_SUSPECTED || v->outcome == CELL_UNSURE) && isnan(v->retest);
}

/* How far beyond its threshold. */
static double excess(const struct compared *v)
{
	double most = isnan(v->trial.threshold) ? v->trial.floor : v->trial.threshold;

	return v->trial.worse / most;
}

size_t comparison_suspects(const struct comparison *c, size_t *cells)
{
	bool *taken = calloc(c->ncells + 1, sizeof *taken), *seen = NULL;
	size_t n = 0, before;

	if (taken)
		seen = calloc(c->before->ncells + 1, sizeof *seen);
	/* Rounds over the families: of each the worst that is left. */
	do {
		before = n;
		for (size_t i = 0; seen && i < c->before->ncells; i++)
			seen[i] = false;
		for (size_t pass = 0; seen && pass < c->ncells; pass++) {
			size_t worst = c->ncells;

			for (size_t i = 0; i < c->ncells; i++)
				if (!taken[i] && wants_retest(&c->cells[i]) &&
				    !seen[c->cells[i].trial.family] &&
				    (worst == c->ncells ||
				     excess(&c->cells[i]) > excess(&c->cells[worst])))
					worst = i;
			if (worst == c->ncells)
				break;
			seen[c->cells[worst].trial.family] = taken[worst] = true;
			cells[n++] = worst;
		}
	} while (n > before);
	free(taken);
	free(seen);
	return n;
}

void comparison_retest(struct comparison *c, size_t cell, double median)
{
	struct compared *v = &c->cells[cell];
	bool holds;

	if (!wants_retest(v) || !(median > 0))
		return;
	v->retest = median;
	holds = isnan(v->trial.threshold)
			? trial_worse(v->trial.base, median, v->trial.higher) > v->trial.floor
			: trial_holds(&v->trial, median);
	if (!holds)
		v->outcome = CELL_CLEARED;
	else if (v->outcome == CELL_SUSPECTED)
		v->outcome = CELL_SLOWER;
	count(c);
}

int comparison_retests(struct comparison *c, const struct runs *again)
{
	struct runs ratios;
	double *v = calloc(again->n + 1, sizeof *v);
	size_t from = 0;
	int rc = v ? 0 : -ENOMEM;

	runs_init(&ratios);
	if (rc == 0 && c->of_ratios)
		rc = runs_ratios(&ratios, again);
	if (c->of_ratios)
		again = &ratios;
	for (size_t i = 0; i < c->ncells && rc == 0; i++) {
		const struct runs_cell *cell = wants_retest(&c->cells[i])
						       ? runs_find(again, c->cells[i].after, &from)
						       : NULL;
		size_t n = cell ? runs_medians(again, cell, v) : 0;

		if (n)
			comparison_retest(c, i, median_of(v, n));
	}
	runs_release(&ratios);
	free(v);
	return rc;
}

void comparison_settle(struct comparison *c)
{
	for (size_t i = 0; i < c->ncells; i++) {
		struct compared *v = &c->cells[i];

		if (v->outcome == CELL_SUSPECTED && isnan(v->retest) &&
		    v->trial.n >= TRIAL_RUNS_BASELINE && v->trial.m >= TRIAL_RUNS_CANDIDATE)
			v->outcome = CELL_SLOWER;
	}
	count(c);
}

bool compared_fails(const struct compared *cell)
{
	return cell->outcome == CELL_SLOWER ||
	       (cell->outcome == CELL_MISSING && runs_is_corrupt(cell->why));
}

enum verdict_status comparison_verdict(const struct comparison *c)
{
	for (size_t i = 0; i < c->ncells; i++)
		if (compared_fails(&c->cells[i]))
			return VERDICT_FAIL;
	if (c->nidentity || !c->claimable || c->count[CELL_SUSPECTED] || c->count[CELL_UNSURE] ||
	    c->count[CELL_MISSING] || c->after->interrupted)
		return VERDICT_UNKNOWN;
	return VERDICT_PASS;
}
