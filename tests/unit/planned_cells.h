/* planned_cells.h - what a part of a bench plans on a machine put together by hand, and what it
 * skips: a dry run. */
#ifndef NB_TESTS_PLANNED_CELLS_H
#define NB_TESTS_PLANNED_CELLS_H

#include "planted.h"

#include "measure/session.h"

enum { MOST = 2048 };

struct seen {
	struct record r[MOST];
	size_t n, skipped;
	char why[300];      /* of the last that was skipped */
	struct record last; /* that one: its numbers */
};

static inline void planned(const struct record *r, void *to)
{
	struct seen *s = to;
	json_t *o = record_to_json(r);

	assert_true(s->n < MOST);
	record_init(&s->r[s->n]);
	assert_int_equal(record_from_json(&s->r[s->n++], o, NULL), 0);
	json_decref(o);
}

static inline void recorded(const struct record *r, void *to)
{
	struct seen *s = to;

	if (strstr(r->reason, "dry run"))
		return;
	assert_int_equal(r->status, STATUS_SKIPPED);
	s->skipped++;
	s->last = *r;
	snprintf(s->why, sizeof s->why, "%s", r->reason);
}

static inline void forget(struct seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		record_release(&s->r[i]);
	free(s);
}

/* The caller forgets it. No cell is planned twice. */
static inline struct seen *plan(const struct machine *m, struct session_options o,
				int (*part)(struct session *s, struct err *e))
{
	const struct bench bench = { .name = "migration",
				     .plan = part,
				     .takes_gpus = m->ngpus > 0 };
	struct seen *s = calloc(1, sizeof *s);
	const struct session_sink sink = { .planned = planned, .record = recorded, .to = s };

	o.dry_run = true;
	assert_int_equal(session_run(&bench, &o, m, &sink, NULL), 0);
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(record_same_cell(&s->r[i], &s->r[j]));
	return s;
}

#endif
