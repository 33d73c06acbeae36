/* joint.c - a sample of joint cells: all their workers at once, and who is to blame
 * where there is none. A group is sampled likewise, by one worker, and has no sum. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/session_parts.h"

enum outcome {
	GOOD,
	VOID,    /* this sample is none, nobody is to blame */
	FAILED,  /* the cells were ended */
	STOPPED, /* the session is */
};

static bool open_all(struct session *s, size_t sum, int opening)
{
	const struct cell_state *c = &s->cells[sum];

	for (size_t i = session_first(c); i <= c->nmembers; i++)
		if (!site_ensure_open(s, c[i].cell.site, opening, sum) || c->done)
			return false;
	/* What went wrong with one may have ended the worker of another. */
	for (size_t i = session_first(c); i <= c->nmembers; i++)
		if (!s->sites[c[i].cell.site].open)
			return false;
	return true;
}

/* ---- who is to blame ---- */

static const struct site *site_of(const struct session *s, size_t cell)
{
	return &s->sites[s->cells[cell].cell.site].site;
}

/* The member whose GPU a party was at work with when it was heard of no more, or the only
 * GPU that the party has; ncells: not known. */
static size_t member_at(const struct session *s, size_t sum, size_t worker)
{
	int gpu = meeting_was_at(s->meeting, (unsigned)worker);
	const struct cell_state *c = &s->cells[sum];
	size_t found = s->ncells;

	for (size_t i = sum + session_first(c); i <= sum + c->nmembers; i++) {
		if (site_of(s, i)->cpu_node != s->workers[worker].cpu_node)
			continue;
		if (gpu >= 0 && site_of(s, i)->gpu == gpu)
			return i;
		if (gpu < 0 && found < s->ncells && site_of(s, i)->gpu != site_of(s, found)->gpu)
			return s->ncells;
		if (gpu < 0)
			found = i;
	}
	return found;
}

/* The joint cells end, and the GPU that is to blame gets a strike, if it is known. */
static void blame(struct session *s, size_t sum, const struct party *p)
{
	size_t culprit = p->r.at < s->ncells ? p->r.at : member_at(s, sum, p->worker);
	enum status status = site_status_of(p->a);
	char text[320];

	if (culprit < s->ncells) {
		size_t site = s->cells[culprit].cell.site;

		session_end_cell(s, sum, status, site_blame(s, site, p->r.why, text, sizeof text));
		site_strike(s, site, p->a, &p->r);
	} else {
		session_end_cell(s, sum, status, p->r.why);
		if (s->bench->needs_gpu) /* as in site_strike */
			crew_end_worker(s, s->workers[p->worker].cpu_node);
	}
}

/* What came of it, and of a void sample why. One that was let go, with nobody to blame for
 * it, is void, too. */
static enum outcome judge(struct session *s, size_t sum, const struct party *v, size_t n, char *why,
			  size_t size)
{
	enum outcome all = GOOD;

	for (size_t i = 0; i < n; i++)
		if (v[i].a == ANSWER_STOPPED)
			return STOPPED;
	for (size_t i = 0; i < n; i++) {
		bool gone = v[i].a == ANSWER_FAILED && v[i].r.code == -ECANCELED;
		bool none = v[i].a == ANSWER_FAILED && v[i].r.code == -EAGAIN;

		if (v[i].a == ANSWER_OK)
			continue;
		if (gone || none) {
			/* Why it was void says more than that the others were let go. */
			if (none || all == GOOD)
				snprintf(why, size, "%s", v[i].r.why);
			all = all == FAILED ? FAILED : VOID;
		} else {
			blame(s, sum, &v[i]);
			all = FAILED;
		}
	}
	return all;
}

/* ---- what was learnt ---- */

/* Takes over what the workers learnt; values[i] gets member i's figure. */
static void learn(struct session *s, size_t sum, const struct party *p, double *values)
{
	struct cell_state *c = &s->cells[sum];
	const json_t *m;
	size_t i;

	json_array_foreach(p->r.members, i, m)
	{
		size_t cell = (size_t)json_integer_value(json_object_get(m, "cell"));
		const json_t *value = json_object_get(m, "value");

		if (cell < sum + session_first(c) || cell > sum + c->nmembers)
			continue;
		visit_learn(&s->cells[cell].cell.rec, json_object_get(m, "record"));
		s->cells[cell].placed = json_is_true(json_object_get(m, "placed"));
		if (json_is_number(value))
			values[cell - sum] = json_number_value(value);
	}
}

/* Each that has a figure. */
static void take_group(struct session *s, size_t first, const double *values, int opening)
{
	for (size_t i = 0; i <= s->cells[first].nmembers; i++)
		if (isfinite(values[i]))
			visit_sampled(s, first + i, values[i], opening);
}

/* A sample of all of them or of none: they share their rounds. */
static void take_samples(struct session *s, size_t sum, const double *values, int opening)
{
	struct cell_state *c = &s->cells[sum];
	bool verified = true;
	double total = 0;

	c->visited = true;
	if (session_first(c) == 0) {
		take_group(s, sum, values, opening);
		return;
	}
	for (size_t i = 1; i <= c->nmembers; i++) {
		total += values[i];
		verified = verified && c[i].cell.rec.verified;
	}
	c->cell.rec.verified = verified;
	if (verified)
		record_set(&c->cell.rec, "verified", NULL);
	if (!isfinite(total))
		return;
	visit_sampled(s, sum, total, opening);
	for (size_t i = 1; i <= c->nmembers; i++)
		visit_sampled(s, sum + i, values[i], opening);
}

static void end_if_corrupt(struct session *s, size_t sum)
{
	const struct cell_state *c = &s->cells[sum];

	for (size_t i = session_first(c); i <= c->nmembers; i++)
		if (c[i].cell.rec.status == STATUS_CORRUPT)
			session_end_unit(s, sum);
}

/* ---- the visit ---- */

/* One try. v and values have room for all workers and for sum and members. */
static enum outcome sample_once(struct session *s, size_t sum, int opening, struct party *v,
				double *values, char *why, size_t size)
{
	struct cell_state *c = &s->cells[sum];
	struct instant began = clock_now();
	double hung_s = s->hung_s;
	size_t n = crew_together(s, sum, v);
	enum outcome what = judge(s, sum, v, n, why, size);
	double aside = 0;

	for (size_t i = 0; i <= c->nmembers; i++)
		values[i] = NAN;
	for (size_t i = 0; i < n; i++) {
		aside = fmax(aside, v[i].r.aside_s);
		if (what == GOOD || what == VOID)
			learn(s, sum, &v[i], values);
		crew_release(&v[i].r);
	}
	c->sample_s = visit_less(clock_span(began, clock_now()), aside + s->hung_s - hung_s);
	s->sites[session_site_of(s, sum)].open_s += aside;
	if (what == GOOD)
		take_samples(s, sum, values, opening);
	end_if_corrupt(s, sum);
	return what;
}

void joint_visit(struct session *s, size_t sum, int opening)
{
	struct cell_state *c = &s->cells[sum];
	struct party *v = calloc(s->nworkers + 1, sizeof *v);
	double *values = calloc(c->nmembers + 1, sizeof *values);
	enum outcome what = VOID;
	int tries = 0;

	while (v && values && what == VOID && tries < TRIES_MAX && !c->done &&
	       open_all(s, sum, opening)) {
		what = sample_once(s, sum, opening, v, values, c->void_why, sizeof c->void_why);
		tries++;
	}
	if (what == GOOD)
		c->voids = 0;
	else if (what == VOID && tries == TRIES_MAX)
		visit_voided(s, sum);
	free(v);
	free(values);
}
