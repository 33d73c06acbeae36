/* html_curves.c - what is measured over sizes, threads and load, as lines. See html.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/html.h"
#include "util/units.h"

/* Fewer points are no curve; more lines cannot be told apart. */
enum { POINTS_LEAST = 3, SERIES_MOST = 16 };

/* One row a kind of curve. */
struct curves {
	bool (*takes)(const struct record *r);
	const char *apart[2]; /* in what the points of a line differ */
	double (*x)(const struct record *r);
	bool (*same_chart)(const struct record *a, const struct record *b);
	void (*title)(const struct record *r, char *buf, size_t size);
	void (*name)(const struct record *r, char *buf, size_t size); /* of a line */
	struct html_axis axis;
	enum html_scale y_scale;
};

/* ---- what they are made of ---- */

static double bytes_of(const struct record *r)
{
	return (double)r->bytes;
}

static double threads_of(const struct record *r)
{
	return r->threads;
}

static double load_of(const struct record *r)
{
	return r->injected;
}

static char *size_label(double v, char *buf, size_t size)
{
	return format_size(buf, size, (uint64_t)(v + 0.5));
}

static bool is_copy(const struct record *r)
{
	return record_has(r, "gpu") && record_has(r, "memory") && record_has(r, "direction") &&
	       !record_has(r, "peer") && !record_has(r, "together");
}

static bool is_copy_rate(const struct record *r)
{
	return is_copy(r) && strcmp(r->unit, "B/s") == 0;
}

static bool is_copy_time(const struct record *r)
{
	return is_copy(r) && strcmp(r->unit, "s") == 0;
}

static bool is_memory_time(const struct record *r)
{
	return strcmp(r->metric, "latency") == 0 && record_has(r, "cpu_node") &&
	       record_has(r, "mem_node") && !record_has(r, "gpu") && !record_has(r, "gpus") &&
	       !record_has(r, "to_node");
}

static bool is_loaded(const struct record *r)
{
	return record_has(r, "load_step") && record_has(r, "injected");
}

static bool same_copies(const struct record *a, const struct record *b)
{
	return strcmp(a->metric, b->metric) == 0 && a->memory == b->memory &&
	       a->direction == b->direction &&
	       record_has(a, "pages_asked") == record_has(b, "pages_asked") &&
	       a->pages_asked == b->pages_asked;
}

static bool same_metric(const struct record *a, const struct record *b)
{
	return strcmp(a->metric, b->metric) == 0;
}

static bool same_place(const struct record *a, const struct record *b)
{
	return a->cpu_node == b->cpu_node && a->mem_node == b->mem_node;
}

static void copies_title(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s %s%s%s", memory_kind_name(r->memory), direction_name(r->direction),
		 strcmp(r->metric, "bandwidth") ? " " : "",
		 strcmp(r->metric, "bandwidth") ? r->metric : "");
}

static void metric_title(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "memory bandwidth, %s", r->metric);
}

static void place_title(const struct record *r, char *buf, size_t size)
{
	char place[48];

	snprintf(buf, size, "bandwidth out of caches and memory, %s",
		 text_place(r, place, sizeof place));
}

static void latency_title(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s of memory", r->metric);
}

static void loaded_title(const struct record *r, char *buf, size_t size)
{
	(void)r;
	snprintf(buf, size, "latency of memory under load");
}

static void gpu_name(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "GPU %d, node %d", r->gpu,
		 record_has(r, "mem_node") ? r->mem_node : r->cpu_node);
}

static void place_name(const struct record *r, char *buf, size_t size)
{
	size_t used = strlen(text_place(r, buf, size));

	if (record_has(r, "pages_asked"))
		snprintf(buf + used, size - used, ", %s", page_kind_name(r->pages_asked));
}

static void metric_name(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s", r->metric);
}

static const struct curves copy_rates = {
	.takes = is_copy_rate,
	.apart = { "bytes" },
	.x = bytes_of,
	.same_chart = same_copies,
	.title = copies_title,
	.name = gpu_name,
	.axis = { .name = "size of one copy", .label = size_label, .scale = HTML_LOG2 },
};
static const struct curves copy_times = {
	.takes = is_copy_time,
	.apart = { "bytes" },
	.x = bytes_of,
	.same_chart = same_copies,
	.title = copies_title,
	.name = gpu_name,
	.axis = { .name = "size of one copy", .label = size_label, .scale = HTML_LOG2 },
	.y_scale = HTML_LOG10,
};
static const struct curves memory[] = {
	{ .takes = text_is_memory_rate,
	  .apart = { "threads" },
	  .x = threads_of,
	  .same_chart = same_metric,
	  .title = metric_title,
	  .name = place_name,
	  .axis = { .name = "threads", .factor = 1, .scale = HTML_LINEAR } },
	{ .takes = text_is_memory_rate,
	  .apart = { "bytes" },
	  .x = bytes_of,
	  .same_chart = same_place,
	  .title = place_title,
	  .name = metric_name,
	  .axis = { .name = "size of one array", .label = size_label, .scale = HTML_LOG2 } },
	{ .takes = is_memory_time,
	  .apart = { "bytes" },
	  .x = bytes_of,
	  .same_chart = same_metric,
	  .title = latency_title,
	  .name = place_name,
	  .axis = { .name = "working set", .label = size_label, .scale = HTML_LOG2 },
	  .y_scale = HTML_LOG10 },
	{ .takes = is_loaded,
	  .apart = { "load_step", "bytes" },
	  .x = load_of,
	  .same_chart = same_metric,
	  .title = loaded_title,
	  .name = place_name,
	  .axis = { .name = "load by the other cores, GB/s",
		    .factor = 1e9,
		    .scale = HTML_LINEAR } },
};

/* ---- lines of records ---- */

struct line {
	const struct record **r; /* owned; in order of x */
	size_t n;
};

static bool add(struct line *l, const struct record *r, const struct curves *kind)
{
	const struct record **more = realloc(l->r, (l->n + 1) * sizeof *more);
	size_t at = l->n;

	if (!more)
		return false;
	l->r = more;
	for (; at > 0 && kind->x(l->r[at - 1]) > kind->x(r); at--)
		l->r[at] = l->r[at - 1];
	l->r[at] = r;
	l->n++;
	return true;
}

/* All lines of a kind, short ones too. *lines has room for every record. */
static int collect(const struct result *res, const struct curves *kind, struct line *lines,
		   size_t *n)
{
	uint64_t apart = record_fields(kind->apart[0], kind->apart[1], NULL);

	*n = 0;
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		size_t at = 0;

		if (!record_has_figure(r) || !kind->takes(r) || !(r->median > 0))
			continue;
		if (kind->axis.scale != HTML_LINEAR && !(kind->x(r) > 0))
			continue; /* it has no place there */
		while (at < *n && !record_same_but(lines[at].r[0], r, apart))
			at++;
		if (!add(&lines[at], r, kind))
			return -ENOMEM;
		*n += at == *n;
	}
	return 0;
}

static int fill(struct html_series *s, const struct line *l, const struct curves *kind)
{
	s->points = calloc(l->n, sizeof *s->points);
	if (!s->points)
		return -ENOMEM;
	s->n = l->n;
	kind->name(l->r[0], s->name, sizeof s->name);
	for (size_t i = 0; i < l->n; i++)
		s->points[i] = (struct html_point){
			.x = kind->x(l->r[i]),
			.y = l->r[i]->median,
			.low = record_has(l->r[i], "low") && l->r[i]->low > 0 ? l->r[i]->low : NAN,
			.high = record_has(l->r[i], "high") ? l->r[i]->high : NAN,
		};
	return 0;
}

/* The line at `first`, and all that belong into its chart. */
static int draw(struct html *h, struct line *lines, size_t n, size_t first,
		const struct curves *kind)
{
	struct html_series series[SERIES_MOST] = { 0 };
	const struct record *like = lines[first].r[0];
	struct html_chart c = { .x = kind->axis, .series = series };
	double least = INFINITY;
	struct text_unit unit;
	char what[120], title[160];
	int rc = 0;

	for (size_t i = first; rc == 0 && i < n; i++) {
		if (lines[i].n < POINTS_LEAST || !kind->same_chart(like, lines[i].r[0]))
			continue;
		for (size_t k = 0; k < lines[i].n; k++)
			least = fmin(least, lines[i].r[k]->median);
		if (c.n < SERIES_MOST)
			rc = fill(&series[c.n++], &lines[i], kind);
		else
			c.left_out++;
		lines[i].n = 0; /* drawn */
	}
	unit = text_unit_for(like->unit, least);
	kind->title(like, what, sizeof what);
	snprintf(title, sizeof title, "%s, %s", what, unit.name);
	c.title = title;
	c.y = (struct html_axis){ .name = "", .factor = unit.factor, .scale = kind->y_scale };
	if (rc == 0)
		html_chart(h->text.out, &c);
	for (size_t i = 0; i < c.n; i++)
		free(series[i].points);
	return rc;
}

static int draw_kinds(struct html *h, const struct curves *kinds, size_t nkinds)
{
	const struct result *res = &h->walk.rest;
	struct line *lines = calloc(res->nrecords + 1, sizeof *lines);
	bool any = false;
	int rc = lines ? 0 : -ENOMEM;

	for (size_t k = 0; rc == 0 && k < nkinds; k++) {
		size_t n = 0;

		rc = collect(res, &kinds[k], lines, &n);
		for (size_t i = 0; rc == 0 && i < n; i++) {
			if (lines[i].n < POINTS_LEAST)
				continue;
			fputs(any ? "" : "<div class=\"charts\">\n", h->text.out);
			any = true;
			rc = draw(h, lines, n, i, &kinds[k]);
		}
		for (size_t i = 0; i < res->nrecords; i++) {
			free(lines[i].r);
			lines[i] = (struct line){ .n = 0 };
		}
	}
	fputs(any ? "</div>\n" : "", h->text.out);
	free(lines);
	return rc;
}

int html_size_curves(struct html *h)
{
	return draw_kinds(h, &copy_rates, 1);
}

int html_latency_curves(struct html *h)
{
	return draw_kinds(h, &copy_times, 1);
}

int html_memory_curves(struct html *h)
{
	return draw_kinds(h, memory, sizeof memory / sizeof *memory);
}
