/* visit.c - a sample of one cell, and what was learnt by it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "measure/session_parts.h"

double visit_less(double seconds, double aside_s)
{
	return seconds > aside_s ? seconds - aside_s : 0;
}

void visit_learn(struct record *rec, const json_t *learnt)
{
	enum status before = rec->status;
	char why[sizeof rec->reason];
	struct record part;

	memcpy(why, rec->reason, sizeof why);
	record_init(&part);
	if (learnt && record_from_json(&part, learnt, NULL) == 0)
		record_merge(rec, &part);
	record_release(&part);
	if (before != STATUS_OK)
		record_status(rec, before, "%s", why);
}

void visit_sampled(struct session *s, size_t cell, double value, int opening)
{
	struct record *rec = &s->cells[cell].cell.rec;

	if (record_sample(rec, value, session_elapsed(s), s->rounds, opening) == 0 &&
	    s->sink->sample)
		s->sink->sample(cell, rec, s->sink->to);
}

/* They keep what they have; who was wrong before is not the better for it. */
static void end_unstable(struct session *s, size_t unit)
{
	struct cell_state *c = &s->cells[unit];

	for (size_t i = 0; i <= c->nmembers; i++)
		if (c[i].cell.rec.status == STATUS_OK)
			record_status(&c[i].cell.rec, STATUS_UNSTABLE,
				      "every sample of %d rounds in a row was void: %s", c->voids,
				      c->void_why);
	session_end_unit(s, unit);
}

void visit_voided(struct session *s, size_t unit)
{
	struct cell_state *c = &s->cells[unit];

	if (++c->voids == VOIDS_MAX && !c->done)
		end_unstable(s, unit);
}

/* One try. True: it was void, and nobody is to blame. */
static bool sample_once(struct session *s, size_t cell, int opening)
{
	struct cell_state *c = &s->cells[cell];
	struct instant began = clock_now();
	double hung_s = s->hung_s;
	struct reply r;
	enum answer a = crew_sample(s, cell, &r);
	bool none = a == ANSWER_FAILED && r.code == -EAGAIN;

	c->sample_s = visit_less(clock_span(began, clock_now()), r.aside_s + s->hung_s - hung_s);
	s->sites[c->cell.site].open_s += r.aside_s;
	if (none) {
		snprintf(c->void_why, sizeof c->void_why, "%.*s", (int)sizeof c->void_why - 1,
			 r.why);
	} else if (a == ANSWER_OK) {
		c->voids = 0;
		visit_learn(&c->cell.rec, r.record);
		if (isfinite(r.value))
			visit_sampled(s, cell, r.value, opening);
		if (c->cell.rec.status == STATUS_CORRUPT)
			session_end_unit(s, cell);
	} else if (a != ANSWER_STOPPED) {
		session_end_cell(s, cell, site_status_of(a), r.why);
		site_strike(s, c->cell.site, a, &r);
	}
	crew_release(&r);
	return none;
}

void visit_cell(struct session *s, size_t cell, int opening)
{
	struct cell_state *c = &s->cells[cell];
	int tries = 0;

	while (tries < TRIES_MAX && site_ensure_open(s, c->cell.site, opening, cell) && !c->done &&
	       sample_once(s, cell, opening))
		tries++;
	if (tries == TRIES_MAX)
		visit_voided(s, cell);
}
