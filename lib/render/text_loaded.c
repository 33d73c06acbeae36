/* text_loaded.c - latency while others load the memory. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "render/table.h"
#include "render/text.h"
#include "result/load_curve.h"

enum { STEPS = 64 };

/* The steps of one place that have a figure, ever harder; the first is without load. */
struct curve {
	const struct record *step[STEPS];
	size_t n;
};

static bool is_loaded(const struct record *r)
{
	return record_has(r, "load_step") && record_has(r, "injected") && record_has_figure(r) &&
	       r->median > 0;
}

static void curve_of(const struct text *t, const struct record *like, struct curve *c)
{
	c->n = 0;
	for (size_t i = 0; i < t->res->nrecords && c->n < STEPS; i++) {
		const struct record *r = &t->res->records[i];
		size_t at = c->n;

		if (!is_loaded(r) ||
		    !record_same_but(r, like, record_fields("load_step", "bytes", NULL)))
			continue;
		for (; at > 0 && c->step[at - 1]->load_step > r->load_step; at--)
			c->step[at] = c->step[at - 1];
		c->step[at] = r;
		c->n++;
	}
}

static int put_step(struct text *t, struct table *table, const struct curve *c, size_t i)
{
	const struct record *r = c->step[i], *idle = c->step[0];
	struct text_unit unit = text_unit_for("s", idle->median);
	double load = r->injected / 1e9;
	char place[48];
	int rc;

	t->marked_unstable = t->marked_unstable || r->status == STATUS_UNSTABLE;
	rc = table_cell(table, "%s", i ? "" : text_place(r, place, sizeof place));
	if (rc == 0)
		rc = table_cell(table, "%.*f", load > 0 ? text_decimals(load) : 0, load);
	if (rc == 0)
		rc = table_cell(table, "%.*f %s%s",
				text_decimals(c->step[c->n - 1]->median / unit.factor),
				r->median / unit.factor, unit.name,
				r->status == STATUS_UNSTABLE ? "?" : " ");
	return rc < 0 ? rc : table_cell(table, "%.2f", r->median / idle->median);
}

/* The curve as it may be: without load at one end of the interval, and under load at the other. */
enum look { AS_MEASURED, STEEPEST, FLATTEST };

static double seconds_at(const struct record *r, enum look look, bool idle)
{
	bool low = (look == STEEPEST) == idle;

	if (look == AS_MEASURED)
		return r->median;
	if (!record_has(r, "low") || !record_has(r, "high"))
		return NAN;
	return low ? r->low : r->high;
}

/* At which load it has risen so far; NaN: never, or (of the ends) no interval tells. */
static double reaches(const struct curve *c, enum look look, double factor)
{
	struct load_point p[STEPS];

	for (size_t i = 0; i < c->n; i++) {
		p[i] = (struct load_point){ c->step[i]->injected,
					    seconds_at(c->step[i], look, i == 0) };
		if (!(p[i].seconds > 0))
			return look == STEEPEST ? 0 : NAN;
	}
	return load_reaches(p, c->n, factor);
}

/* Where it bends, as far as the intervals bear it: "doubles beyond 38 GB/s". */
static void say_knee(struct text *t, const struct curve *c)
{
	double flat = reaches(c, AS_MEASURED, LOAD_FLAT), knee = reaches(c, AS_MEASURED, LOAD_KNEE);
	bool rises = isfinite(flat) && isfinite(reaches(c, FLATTEST, LOAD_FLAT));
	bool doubles = isfinite(knee) && isfinite(reaches(c, FLATTEST, LOAD_KNEE));
	double most = 0;
	char place[48];

	if (c->n < 2 || c->step[0]->load_step != 0)
		return;
	for (size_t i = 0; i < c->n; i++)
		most = fmax(most, c->step[i]->injected);
	text_place(c->step[0], place, sizeof place);
	if (doubles)
		text_say(
			t, 2,
			"%s: latency is up by a quarter at %.1f GB/s, and doubles beyond %.1f GB/s",
			place, flat / 1e9, knee / 1e9);
	else if (rises && isnan(reaches(c, STEEPEST, LOAD_KNEE)))
		text_say(t, 2,
			 "%s: latency is up by a quarter at %.1f GB/s, and does not double up to "
			 "%.1f GB/s, all that the other cores can read",
			 place, flat / 1e9, most / 1e9);
	else if (rises)
		text_say(t, 2,
			 "%s: latency is up by a quarter at %.1f GB/s; the figures vary too much "
			 "to say whether it doubles up to %.1f GB/s, all that the other cores can "
			 "read",
			 place, flat / 1e9, most / 1e9);
	else if (isnan(reaches(c, STEEPEST, LOAD_FLAT)))
		text_say(t, 2,
			 "%s: latency rises by less than a quarter up to %.1f GB/s, all that the "
			 "other cores can read",
			 place, most / 1e9);
	else
		text_say(t, 2,
			 "%s: the figures vary too much to say whether latency rises by a quarter "
			 "up to %.1f GB/s, all that the other cores can read",
			 place, most / 1e9);
}

/* The first of its place. */
static bool begins(const struct text *t, size_t i)
{
	const struct record *r = t->res->records;

	if (!is_loaded(&r[i])) /* the cheap question first: there may be thousands of pairs */
		return false;
	for (size_t j = 0; j < i; j++)
		if (is_loaded(&r[j]) &&
		    record_same_but(&r[j], &r[i], record_fields("load_step", "bytes", NULL)))
			return false;
	return true;
}

int text_loaded(struct text *t)
{
	static const char *const heads[] = { "memory of", "load, GB/s", "latency ", "x unloaded" };
	struct table *table = table_new();
	bool any = false;
	struct curve c;
	int rc = table ? 0 : -ENOMEM;

	for (size_t k = 0; rc == 0 && k < sizeof heads / sizeof *heads; k++)
		rc = table_column(table, heads[k], k ? 'r' : 'l');
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		if (!begins(t, i))
			continue;
		curve_of(t, &t->res->records[i], &c);
		any = true;
		for (size_t k = 0; rc == 0 && k < c.n; k++)
			rc = put_step(t, table, &c, k);
	}
	if (rc == 0 && any) {
		text_heading(t, "latency of memory while the node's other cores read it");
		rc = text_table(t, table);
		for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++)
			if (begins(t, i)) {
				curve_of(t, &t->res->records[i], &c);
				say_knee(t, &c);
			}
	}
	table_free(table);
	return rc;
}
