/* visit.c - a sample of one cell, and what was learnt by it. */
#include <math.h>
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

void visit_cell(struct session *s, size_t cell, int opening)
{
	struct cell_state *c = &s->cells[cell];
	struct instant began;
	struct reply r;
	enum answer a;

	if (!site_ensure_open(s, c->cell.site, opening, cell) || c->done)
		return;
	began = clock_now();
	a = crew_sample(s, cell, &r);
	c->sample_s = visit_less(clock_span(began, clock_now()), r.aside_s);
	s->sites[c->cell.site].open_s += r.aside_s;
	if (a == ANSWER_OK) {
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
}
