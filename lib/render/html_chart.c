/* html_chart.c - lines over an axis, with their figures beneath. See html.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/html.h"
#include "result/recommend.h"

/* In units of the drawing, which is as wide as a telephone. */
enum { WIDTH = 360, HEIGHT = 220, LEFT = 46, RIGHT = 18, TOP = 14, BOTTOM = 42 };
enum { X_TICKS = 6, Y_TICKS = 6, TICKS = 8 };
/* Series have a colour and a sign of their own; beyond, lines are dashed. */
enum { SERIES_STYLES = 8, SIGNS_MOST = 48 };

static const char *const signs[SERIES_STYLES] = {
	"M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
	"M-2.7-2.7h5.4v5.4h-5.4z",
	"M0-3.6L3.4 2.6h-6.8z",
	"M0-3.9L3.9 0 0 3.9-3.9 0z",
	"M0 3.6L3.4-2.6h-6.8z",
	"M-1-3.5h2v2.5h2.5v2h-2.5v2.5h-2v-2.5h-2.5v-2h2.5z",
	"M-3.4-2L-2-3.4 0-1.4 2-3.4 3.4-2 1.4 0 3.4 2 2 3.4 0 1.4-2 3.4-3.4 2-1.4 0z",
	"M-3.6-1.8h7.2v3.6h-7.2z",
};

struct view {
	const struct html_chart *c;
	FILE *out;
	double x0, x1, y0, y1; /* ends of both axes */
};

static void widen(const struct html_axis *axis, double *low, double *high)
{
	if (axis->scale == HTML_LINEAR) {
		*low = fmin(*low, 0);
		*high = fmax(*high, 0);
	}
	if (!(*high > *low)) { /* one value alone */
		*high = *low > 0 ? *low * 1.5 : 1;
		*low = *low > 0 && axis->scale != HTML_LINEAR ? *low / 1.5 : *low;
	}
}

/* Where a linear axis of y that begins at 0 ends, so that no line leaves its grid. */
static double next_tick(const struct view *v)
{
	double at[TICKS];
	size_t n = html_ticks(&v->c->y, v->y0, v->y1, at, Y_TICKS);

	if (n < 2 || at[n - 1] >= v->y1)
		return v->y1;
	return at[n - 1] + (at[n - 1] - at[n - 2]);
}

/* False where there is nothing to draw. */
static bool frame(struct view *v)
{
	v->x0 = v->y0 = INFINITY;
	v->x1 = v->y1 = -INFINITY;
	for (size_t s = 0; s < v->c->n; s++)
		for (size_t i = 0; i < v->c->series[s].n; i++) {
			const struct html_point *p = &v->c->series[s].points[i];

			v->x0 = fmin(v->x0, p->x);
			v->x1 = fmax(v->x1, p->x);
			v->y0 = fmin(v->y0, isfinite(p->low) ? p->low : p->y);
			v->y1 = fmax(v->y1, isfinite(p->high) ? p->high : p->y);
		}
	if (!isfinite(v->x0) || !isfinite(v->y0))
		return false;
	widen(&v->c->x, &v->x0, &v->x1);
	widen(&v->c->y, &v->y0, &v->y1);
	if (v->c->y.scale == HTML_LINEAR)
		v->y1 = next_tick(v);
	return true;
}

static double part_of(const struct html_axis *axis, double low, double high, double at)
{
	if (axis->scale == HTML_LINEAR)
		return (at - low) / (high - low);
	return log(at / low) / log(high / low);
}

static double x_of(const struct view *v, double x)
{
	return LEFT + part_of(&v->c->x, v->x0, v->x1, x) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct view *v, double y)
{
	return HEIGHT - BOTTOM - part_of(&v->c->y, v->y0, v->y1, y) * (HEIGHT - TOP - BOTTOM);
}

/* At a tick, or in the table: there with all its digits. */
static const char *label(const struct html_axis *axis, double at, bool tick, char *buf, size_t size)
{
	double v = axis->label ? at : at / axis->factor;

	if (axis->label)
		return axis->label(at, buf, size);
	if (tick)
		snprintf(buf, size, "%g", fabs(v) < 1e-12 ? 0 : v);
	else
		snprintf(buf, size, "%.*f", text_decimals(fabs(v)), v);
	return buf;
}

static void draw_axes(const struct view *v)
{
	double at[TICKS];
	char text[40];
	size_t n = html_ticks(&v->c->y, v->y0, v->y1, at, Y_TICKS);

	for (size_t i = 0; i < n; i++) {
		double y = y_of(v, at[i]);

		html_put(v->out,
			 "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"y\" x=\"%d\" "
			 "y=\"%.1f\">%s</text>",
			 LEFT, y, WIDTH - RIGHT, LEFT - 5, y + 3.5,
			 label(&v->c->y, at[i], true, text, sizeof text));
	}
	n = html_ticks(&v->c->x, v->x0, v->x1, at, X_TICKS);
	for (size_t i = 0; i < n; i++)
		html_put(v->out,
			 "<path class=\"tick\" d=\"M%.1f %dv4\"/><text class=\"x\" x=\"%.1f\" "
			 "y=\"%d\">%s</text>",
			 x_of(v, at[i]), HEIGHT - BOTTOM, x_of(v, at[i]), HEIGHT - BOTTOM + 17,
			 label(&v->c->x, at[i], true, text, sizeof text));
	html_put(v->out,
		 "<path class=\"axis\" d=\"M%d %dH%d\"/><text class=\"name\" x=\"%d\" "
		 "y=\"%d\">%s</text>\n",
		 LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, WIDTH - RIGHT, HEIGHT - 4, v->c->x.name);
}

static void draw_marks(const struct view *v)
{
	for (size_t i = 0; i < v->c->nmarks; i++) {
		double x = x_of(v, v->c->marks[i].x);

		if (v->c->marks[i].x < v->x0 || v->c->marks[i].x > v->x1)
			continue;
		html_put(
			v->out,
			"<path class=\"mark\" d=\"M%.1f %dV%d\"/><text class=\"marked\" x=\"%.1f\" "
			"y=\"%d\">%s</text>\n",
			x, TOP, HEIGHT - BOTTOM, x + 3, TOP + 6, v->c->marks[i].text);
	}
}

static void draw_series(const struct view *v, size_t s)
{
	const struct html_series *series = &v->c->series[s];
	const char *join = "M";

	html_put(v->out, "<g class=\"s%zu%s\">", s % SERIES_STYLES,
		 s >= SERIES_STYLES ? " dashed" : "");
	for (size_t i = 0; i < series->n; i++)
		if (series->points[i].high > series->points[i].low)
			html_put(v->out, "<path class=\"ci\" d=\"M%.1f %.1fV%.1f\"/>",
				 x_of(v, series->points[i].x), y_of(v, series->points[i].low),
				 y_of(v, series->points[i].high));
	fputs("<path class=\"line\" d=\"", v->out);
	for (size_t i = 0; i < series->n; i++) {
		const struct html_point *p = &series->points[i];

		if (!isfinite(p->y)) {
			join = "M";
			continue;
		}
		if (v->c->steps && join[0] == 'L')
			html_put(v->out, "H%.1fV%.1f", x_of(v, p->x), y_of(v, p->y));
		else
			html_put(v->out, "%s%.1f %.1f", join, x_of(v, p->x), y_of(v, p->y));
		join = "L";
	}
	fputs("\"/>", v->out);
	for (size_t i = 0; series->n <= SIGNS_MOST && !v->c->steps && i < series->n; i++)
		if (isfinite(series->points[i].y))
			html_put(v->out,
				 "<path class=\"sign\" transform=\"translate(%.1f %.1f)\" "
				 "d=\"%s\"/>",
				 x_of(v, series->points[i].x), y_of(v, series->points[i].y),
				 signs[s % SERIES_STYLES]);
	fputs("</g>\n", v->out);
}

/* Lines that cannot be told apart are one. */
static bool alike(const struct html_series *a, const struct html_series *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		const struct html_point *p = &a->points[i], *q = &b->points[i];

		if (fmax(p->x, q->x) > RECOMMEND_BAR * fmin(p->x, q->x) ||
		    fmax(p->y, q->y) > RECOMMEND_BAR * fmin(p->y, q->y))
			return false;
	}
	return a->n == b->n;
}

/* The first line that is like line `s`. */
static size_t drawn_as(const struct html_chart *c, size_t s)
{
	size_t i = 0;

	while (i < s && !alike(&c->series[i], &c->series[s]))
		i++;
	return i;
}

static void put_alike(const struct view *v, size_t first)
{
	size_t n = 0;

	for (size_t s = first + 1; s < v->c->n; s++)
		n += drawn_as(v->c, s) == first;
	if (n)
		html_put(v->out, ", and %zu within %.0f %%", n, (RECOMMEND_BAR - 1) * 100);
}

static void put_legend(const struct view *v)
{
	if (v->c->n < 2)
		return;
	fputs("<ul class=\"legend\">", v->out);
	for (size_t s = 0; s < v->c->n; s++) {
		if (drawn_as(v->c, s) != s)
			continue;
		html_put(v->out,
			 "<li class=\"s%zu%s\"><svg viewBox=\"-11 -6 22 12\" aria-hidden=\"true\">"
			 "<path class=\"line\" d=\"M-11 0H11\"/><path class=\"sign\" "
			 "d=\"%s\"/></svg><span>%s",
			 s % SERIES_STYLES, s >= SERIES_STYLES ? " dashed" : "",
			 v->c->steps ? "" : signs[s % SERIES_STYLES], v->c->series[s].name);
		put_alike(v, s);
		fputs("</span></li>", v->out);
	}
	fputs("</ul>\n", v->out);
}

/* ---- the figures as a table ---- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* All places on the x axis, each once. *v is the caller's; returns how many. */
static size_t places(const struct html_chart *c, double **v)
{
	size_t n = 0, kept = 0;

	for (size_t s = 0; s < c->n; s++)
		n += c->series[s].n;
	*v = calloc(n + 1, sizeof **v);
	if (!*v)
		return 0;
	n = 0;
	for (size_t s = 0; s < c->n; s++)
		for (size_t i = 0; i < c->series[s].n; i++)
			(*v)[n++] = c->series[s].points[i].x;
	qsort(*v, n, sizeof **v, compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || (*v)[i] > (*v)[kept - 1])
			(*v)[kept++] = (*v)[i];
	return kept;
}

static void put_point(const struct view *v, const struct html_series *s, double x)
{
	char text[40], low[40], high[40];

	fputs("<td class=\"r\">", v->out);
	for (size_t i = 0; i < s->n; i++) {
		const struct html_point *p = &s->points[i];

		if (p->x < x || p->x > x || !isfinite(p->y))
			continue;
		html_put(v->out, "%s", label(&v->c->y, p->y, false, text, sizeof text));
		if (isfinite(p->low) && isfinite(p->high))
			html_put(v->out, " <small>%s-%s</small>",
				 label(&v->c->y, p->low, false, low, sizeof low),
				 label(&v->c->y, p->high, false, high, sizeof high));
		break;
	}
	fputs("</td>", v->out);
}

static void put_table(const struct view *v)
{
	char text[40];
	double *at;
	size_t n = places(v->c, &at);

	html_fold(v->out, "the figures");
	html_scroll(v->out, v->c->title);
	html_put(v->out, "<table class=\"words\"><thead><tr><th scope=\"col\">%s</th>",
		 v->c->x.name);
	for (size_t s = 0; s < v->c->n; s++)
		html_put(v->out, "<th scope=\"col\" class=\"r\">%s</th>", v->c->series[s].name);
	fputs("</tr></thead><tbody>\n", v->out);
	for (size_t i = 0; i < n; i++) {
		html_put(v->out, "<tr><th scope=\"row\">%s</th>",
			 label(&v->c->x, at[i], false, text, sizeof text));
		for (size_t s = 0; s < v->c->n; s++)
			put_point(v, &v->c->series[s], at[i]);
		fputs("</tr>\n", v->out);
	}
	fputs("</tbody></table></div></div></details>\n", v->out);
	free(at);
}

void html_left_out(FILE *out, size_t n)
{
	if (n)
		html_put(
			out,
			"<p class=\"key\">%zu more are not drawn; all cells are listed below</p>\n",
			n);
}

void html_chart(FILE *out, const struct html_chart *c)
{
	struct view v = { .c = c, .out = out };

	if (!frame(&v))
		return;
	html_put(out,
		 "<figure class=\"chart\"><figcaption>%s</figcaption>\n<svg viewBox=\"0 0 %d %d\" "
		 "role=\"img\" aria-label=\"%s over %s; the figures are in the table beneath\">",
		 c->title, WIDTH, HEIGHT, c->title, c->x.name);
	draw_axes(&v);
	draw_marks(&v);
	for (size_t s = 0; s < c->n; s++)
		if (drawn_as(c, s) == s)
			draw_series(&v, s);
	fputs("</svg>\n", out);
	put_legend(&v);
	put_table(&v);
	html_left_out(out, c->left_out);
	fputs("</figure>\n", out);
}
