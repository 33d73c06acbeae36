/* html_timeline.c - what ran on while something was moved, window by window. See html.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/html.h"
#include "result/timeline.h"

/* More are told by the tables alone, and by the format timeline-csv. */
enum { TIMELINES_MOST = 8 };

static int fill(struct html_series *s, const struct timeline *t, bool share)
{
	s->points = calloc(t->n + 1, sizeof *s->points);
	if (!s->points)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		const struct window *w = &t->windows[i];
		double y = share ? w->share : w->rate;

		/* A share is seen at a window's end, a rate is that of all of it. */
		if (!share || isfinite(y))
			s->points[s->n++] =
				(struct html_point){ share ? w->start + w->seconds : w->start, y,
						     NAN, NAN };
	}
	if (!share && s->n) {
		const struct window *last = &t->windows[t->n - 1];

		s->points[s->n++] =
			(struct html_point){ last->start + last->seconds, last->rate, NAN, NAN };
	}
	return 0;
}

static int draw(struct html *h, const struct record *r, const struct timeline *t, bool share)
{
	struct text_unit unit = text_unit_for(r->unit, r->median);
	const struct html_mark marks[] = {
		{ 0, "moved" }, { isfinite(t->returned) ? t->returned : -INFINITY, "moved back" }
	};
	struct html_series series = { .n = 0 };
	char title[240], name[180];
	const struct html_chart c = {
		.title = title,
		.x = { .name = "since the move, ms", .factor = 1e-3 },
		.y = { .name = "", .factor = share ? 0.01 : unit.factor },
		.series = &series,
		.n = 1,
		.steps = !share,
		.marks = marks,
		.nmarks = isfinite(t->returned) ? 2 : 1,
	};
	int rc = fill(&series, t, share);

	record_name(r, name, sizeof name);
	if (share)
		snprintf(title, sizeof title, "pages that came after it, %%");
	else
		snprintf(title, sizeof title, "%s, %s", name, unit.name);
	snprintf(series.name, sizeof series.name, "%s", share ? "%" : unit.name);
	if (rc == 0 && series.n)
		html_chart(h->text.out, &c);
	free(series.points);
	return rc;
}

static bool has_shares(const struct timeline *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (isfinite(t->windows[i].share))
			return true;
	return false;
}

/* *drawn is counted up. Both charts of a move stand side by side. */
static int draw_move(struct html *h, const struct record *r, const struct timeline *t,
		     size_t *drawn)
{
	int rc;

	fputs(*drawn ? "" : "<h3>Time lines</h3>\n", h->text.out);
	++*drawn;
	fputs("<div class=\"charts pair\">\n", h->text.out);
	rc = draw(h, r, t, false);
	if (rc == 0 && has_shares(t))
		rc = draw(h, r, t, true);
	fputs("</div>\n", h->text.out);
	return rc;
}

int html_timelines(struct html *h)
{
	const struct result *res = &h->walk.moves;
	size_t drawn = 0, left_out = 0;
	struct err e = { "" };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		struct timeline t;

		timeline_init(&t);
		if (timeline_load(&t, r, &e) == 0 && t.n) {
			if (drawn < TIMELINES_MOST)
				rc = draw_move(h, r, &t, &drawn);
			else
				left_out++;
		}
		timeline_release(&t);
	}
	html_left_out(h->text.out, left_out);
	return rc;
}
