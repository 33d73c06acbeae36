/* html_spread.c - distributions of latencies: a row a cell, over a logarithmic axis. See html.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/html.h"

enum { WIDTH = 360, RIGHT = 12, LETTER = 7, ROW = 20, TOP = 6, BOTTOM = 36, TICKS_MOST = 6 };
enum { ROWS_MOST = 24 };
/* The axis ends here, in times of the longest 99 % quantile; what took longer is written. */
#define AXIS_END 3.0

/* What of a record is drawn. Of raw samples alone the ends are the least and the most of them. */
struct spread_row {
	const struct record *r;
	double low, p50, p90, p99, most;
};

struct spread_chart {
	struct spread_row rows[ROWS_MOST];
	size_t n;
	size_t left_out; /* of the same kind, beyond ROWS_MOST */
};

static bool of_gpu(const struct record *r)
{
	return record_has(r, "gpu") && strcmp(r->unit, "s") == 0 && !record_has(r, "peer") &&
	       !record_has(r, "together") && isfinite(text_quantile(r, "p50"));
}

static bool of_memory(const struct record *r)
{
	return strcmp(r->metric, "latency") == 0 && record_has(r, "cpu_node") &&
	       record_has(r, "mem_node") && !record_has(r, "gpu") && !record_has(r, "to_node");
}

static bool same_gpu_chart(const struct html *h, const struct record *a, const struct record *b)
{
	(void)h;
	return text_same_kind(a, b);
}

/* Whole sizes alone: smaller ones are a curve. */
static bool same_memory_chart(const struct html *h, const struct record *a, const struct record *b)
{
	return record_has(a, "pages_asked") == record_has(b, "pages_asked") &&
	       a->pages_asked == b->pages_asked && text_is_whole(&h->text, b);
}

/* Which records have a chart of distributions, and which of them are in one and the same. */
struct spread_kind {
	bool (*wanted)(const struct record *r);
	bool (*same)(const struct html *h, const struct record *a, const struct record *b);
};

static bool can_be_drawn(const struct record *r)
{
	return record_has_figure(r) && r->median > 0;
}

static void take(struct spread_row *row, const struct record *r)
{
	*row = (struct spread_row){ .r = r,
				    .low = r->best,
				    .p50 = text_quantile(r, "p50"),
				    .p90 = text_quantile(r, "p90"),
				    .p99 = text_quantile(r, "p99"),
				    .most = text_quantile(r, "max") };
	if (isfinite(row->p50))
		return;
	row->p50 = row->p90 = row->p99 = row->most = r->median;
	for (size_t i = 0; i < r->samples.n; i++) {
		row->low = fmin(row->low, r->samples.v[i]);
		row->p99 = row->most = fmax(row->most, r->samples.v[i]);
	}
}

struct scale {
	double low, high; /* seconds */
	int left;         /* where the axis begins, beside the longest name */
};

static double x_of(const struct scale *s, double v)
{
	double at = log(fmax(s->low, fmin(s->high, v)) / s->low) / log(s->high / s->low);

	return s->left + at * (WIDTH - s->left - RIGHT);
}

static void row_name(const struct record *r, char *buf, size_t size)
{
	int node = record_has(r, "mem_node") ? r->mem_node : r->cpu_node;
	char place[40];

	if (record_has(r, "gpu"))
		snprintf(buf, size, "GPU %d, node %d", r->gpu, node);
	else
		snprintf(buf, size, "%s", text_place(r, place, sizeof place));
}

static struct scale scale_of(const struct spread_chart *c)
{
	struct scale s = { INFINITY, 0, 0 };
	double most = 0;
	char name[60];

	for (size_t i = 0; i < c->n; i++) {
		const struct spread_row *row = &c->rows[i];
		int letters;

		row_name(row->r, name, sizeof name);
		letters = (int)strlen(name);
		s.left = letters * LETTER > s.left ? letters * LETTER : s.left;
		s.low = fmin(s.low, fmin(row->low, row->p50));
		s.high = fmax(s.high, row->p99);
		most = fmax(most, row->most);
	}
	s.left += LETTER;
	s.high = fmin(most, s.high * AXIS_END);
	s.low *= 0.97;
	s.high *= 1.03;
	return s;
}

static void draw_row(FILE *out, const struct scale *s, const struct spread_row *row, size_t at,
		     const struct text_unit *unit)
{
	double y = TOP + ROW * ((double)at + 0.5);
	char name[60];
	double most = row->most / unit->factor;

	row_name(row->r, name, sizeof name);
	html_put(out, "<text class=\"row\" x=\"%d\" y=\"%.1f\">%s</text>", s->left - 6, y + 3.5,
		 name);
	html_put(out, "<path class=\"tail\" d=\"M%.1f %.1fH%.1f\"/>", x_of(s, row->low), y,
		 x_of(s, row->most));
	html_put(out, "<path class=\"most\" d=\"M%.1f %.1fv6\"/>", x_of(s, row->most), y - 3);
	if (isfinite(text_quantile(row->r, "p50"))) {
		html_put(out, "<path class=\"bulk\" d=\"M%.1f %.1fH%.1f\"/>", x_of(s, row->p50), y,
			 x_of(s, row->p99));
		html_put(out, "<path class=\"core\" d=\"M%.1f %.1fH%.1f\"/>",
			 x_of(s, fmin(row->low, row->p50)), y, x_of(s, row->p90));
	}
	for (size_t i = 0; i < row->r->samples.n && !isfinite(text_quantile(row->r, "p50")); i++)
		html_put(out, "<path class=\"each\" d=\"M%.1f %.1fv8\"/>",
			 x_of(s, row->r->samples.v[i]), y - 4);
	html_put(out, "<path class=\"median\" d=\"M%.1f %.1fv12\"/>", x_of(s, row->p50), y - 6);
	if (row->most > s->high)
		html_put(out, "<text class=\"beyond\" x=\"%d\" y=\"%.1f\">%.*f &#8594;</text>",
			 WIDTH - RIGHT, y - 4, text_decimals(most), most);
	fputc('\n', out);
}

static void put_axis(FILE *out, const struct scale *s, size_t n, const struct text_unit *unit)
{
	const struct html_axis axis = { .scale = HTML_LOG10 };
	double at[TICKS_MOST], bottom = TOP + ROW * (double)n;
	size_t nticks =
		html_ticks(&axis, s->low / unit->factor, s->high / unit->factor, at, TICKS_MOST);

	for (size_t i = 0; i < nticks; i++)
		html_put(out,
			 "<path class=\"grid\" d=\"M%.1f %dV%.1f\"/><text class=\"x\" x=\"%.1f\" "
			 "y=\"%.1f\">%g</text>",
			 x_of(s, at[i] * unit->factor), TOP, bottom + 3,
			 x_of(s, at[i] * unit->factor), bottom + 15, at[i]);
	html_put(out, "<text class=\"name\" x=\"%d\" y=\"%.1f\">%s</text>\n", WIDTH - RIGHT,
		 bottom + 30, unit->name);
}

static void put_figures(FILE *out, const struct spread_chart *c)
{
	char name[60], figure[600];

	html_fold(out, "the figures");
	fputs("<dl class=\"labelled\">\n", out);
	for (size_t i = 0; i < c->n; i++) {
		const struct record *r = c->rows[i].r;

		row_name(r, name, sizeof name);
		html_put(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", name,
			 html_figure(r, figure, sizeof figure));
	}
	fputs("</dl></div></details>\n", out);
}

static void draw(FILE *out, const struct spread_chart *c)
{
	struct scale s = scale_of(c);
	struct text_unit unit = text_unit_for("s", c->rows[0].p50);
	bool all = isfinite(text_quantile(c->rows[0].r, "p50"));
	char what[160];

	if (!(s.low > 0) || !(s.high > s.low))
		return;
	record_what(c->rows[0].r, what, sizeof what);
	html_put(out,
		 "<figure class=\"chart spread\"><figcaption>%s, %s</figcaption>\n<svg viewBox=\"0 "
		 "0 %d %d\" role=\"img\" aria-label=\"distribution of %s in %s; the figures are in "
		 "the list beneath\">",
		 what, unit.name, WIDTH, (int)(TOP + ROW * c->n + BOTTOM), what, unit.name);
	put_axis(out, &s, c->n, &unit);
	for (size_t i = 0; i < c->n; i++)
		draw_row(out, &s, &c->rows[i], i, &unit);
	html_put(out, "</svg>\n<p class=\"key\">%s</p>\n",
		 all ? "strong: the fastest to the 90 % quantile, with the median; pale: to the 99 "
		       "% "
		       "quantile; thin: to the slowest"
		     : "each stroke is a sample, the long one the median");
	put_figures(out, c);
	html_left_out(out, c->left_out);
	fputs("</figure>\n", out);
}

/* All that belongs into the chart of `like`; what is taken is done. */
static void gather(const struct html *h, const struct record *like, const struct spread_kind *kind,
		   struct spread_chart *c, bool *done)
{
	const struct result *res = h->text.res;

	c->n = c->left_out = 0;
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (done[i] || !can_be_drawn(r) || !kind->wanted(r) || !kind->same(h, like, r))
			continue;
		done[i] = true;
		if (c->n < ROWS_MOST)
			take(&c->rows[c->n++], r);
		else
			c->left_out++;
	}
}

static int draw_all(struct html *h, const struct spread_kind *kind)
{
	const struct result *res = h->text.res = &h->walk.rest;
	struct spread_chart *c = calloc(1, sizeof *c);
	bool *done = calloc(res->nrecords + 1, sizeof *done), any = false;
	int rc;

	for (size_t i = 0; c && done && i < res->nrecords; i++) {
		const struct record *like = &res->records[i];

		if (done[i] || !can_be_drawn(like) || !kind->wanted(like) ||
		    !kind->same(h, like, like))
			continue;
		gather(h, like, kind, c, done);
		fputs(any ? "" : "<h3>Distributions</h3>\n<div class=\"charts\">\n", h->text.out);
		any = true;
		draw(h->text.out, c);
	}
	fputs(any ? "</div>\n" : "", h->text.out);
	rc = c && done ? 0 : -ENOMEM;
	free(done);
	free(c);
	return rc;
}

int html_distributions(struct html *h)
{
	static const struct spread_kind gpus = { of_gpu, same_gpu_chart };

	return draw_all(h, &gpus);
}

int html_memory_distributions(struct html *h)
{
	static const struct spread_kind memory = { of_memory, same_memory_chart };

	return draw_all(h, &memory);
}
