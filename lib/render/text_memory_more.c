/* text_memory_more.c - memory bandwidth by the number of threads, of all nodes at once, under each
 * policy, in each kind of pages and out of each cache. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/derive.h"
#include "result/saturate.h"
#include "util/units.h"

/* ---- tables ----
 *
 * All but the contention are sheets: records of one kind, each of which has its row and its column
 * by what it is. */

struct view {
	bool (*takes)(const struct text *t, const struct record *r);
	/* What two records in one row, in one column have alike; and what it is called. */
	bool (*same_row)(const struct record *a, const struct record *b);
	bool (*same_column)(const struct record *a, const struct record *b);
	char *(*label)(const struct record *r, char *buf, size_t size);
	char *(*head)(const struct record *r, char *buf, size_t size);
	/* Rows and columns in this order, not as they come; may be NULL. */
	int (*order_rows)(const void *a, const void *b);
	int (*order_columns)(const void *a, const void *b);
	bool small; /* on purpose: that needs no sign */
};

struct axis {
	const struct record **like; /* one of each */
	size_t n;
};

static size_t place_on(const struct axis *x, const struct record *r,
		       bool (*same)(const struct record *a, const struct record *b))
{
	size_t i = 0;

	while (i < x->n && !same(x->like[i], r))
		i++;
	return i;
}

static int axis_make(struct axis *x, const struct text *t, const struct view *v,
		     bool (*same)(const struct record *a, const struct record *b),
		     int (*order)(const void *a, const void *b))
{
	*x = (struct axis){ .like = calloc(t->res->nrecords + 1, sizeof *x->like) };
	if (!x->like)
		return -ENOMEM;
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (v->takes(t, r) && place_on(x, r, same) == x->n)
			x->like[x->n++] = r;
	}
	if (order && x->n)
		qsort(x->like, x->n, sizeof *x->like, order);
	return 0;
}

static int fill(struct sheet *s, const struct text *t, const struct view *v,
		const struct axis *rows, const struct axis *columns)
{
	int rc = sheet_make(s, rows->n, columns->n);

	for (size_t i = 0; rc == 0 && i < rows->n; i++)
		v->label(rows->like[i], s->labels[i], SHEET_TEXT);
	for (size_t i = 0; rc == 0 && i < columns->n; i++)
		v->head(columns->like[i], s->heads[i], SHEET_TEXT);
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (v->takes(t, r))
			s->cells[place_on(rows, r, v->same_row) * columns->n +
				 place_on(columns, r, v->same_column)] = r;
	}
	return rc;
}

/* Prints nothing where no cell has a figure; then *any is false. */
static int view_print(struct text *t, const struct view *v, const char *heading, const char *corner,
		      bool *any)
{
	struct axis rows = { 0 }, columns = { 0 };
	struct sheet sheet = { 0 };
	struct sheet_style style;
	int rc = axis_make(&rows, t, v, v->same_row, v->order_rows);

	*any = false;
	if (rc == 0)
		rc = axis_make(&columns, t, v, v->same_column, v->order_columns);
	if (rc == 0)
		rc = fill(&sheet, t, v, &rows, &columns);
	if (rc == 0 && sheet_style(&sheet, &style)) {
		*any = true;
		sheet.corner = corner;
		style.undersized = style.undersized && !v->small;
		text_heading(t, "%s, GB/s", heading);
		rc = sheet_print(t, &sheet, &style);
	}
	sheet_release(&sheet);
	free(rows.like);
	free(columns.like);
	return rc;
}

static bool same_place(const struct record *a, const struct record *b)
{
	return a->cpu_node == b->cpu_node && a->mem_node == b->mem_node;
}

static bool same_place_and_metric(const struct record *a, const struct record *b)
{
	return same_place(a, b) && strcmp(a->metric, b->metric) == 0;
}

static char *place_and_metric(const struct record *r, char *buf, size_t size)
{
	size_t used = strlen(text_place(r, buf, size));

	snprintf(buf + used, size - used, " %s", r->metric);
	return buf;
}

static char *metric_at_place(const struct record *r, char *buf, size_t size)
{
	char place[32];

	snprintf(buf, size, "%s, %s", text_place(r, place, sizeof place), r->metric);
	return buf;
}

/* ---- threads ---- */

/* Doublings of threads up to more than there are CPUs. */
enum { POINTS_MOST = 32 };

/* Of a curve: there are others with fewer or more threads over the same bytes. */
static bool is_on_curve(const struct text *t, const struct record *r)
{
	if (!text_is_memory_rate(r))
		return false;
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *o = &t->res->records[i];

		if (o->threads != r->threads && text_is_memory_rate(o) &&
		    record_same_but(o, r, record_fields("threads", NULL)))
			return true;
	}
	return false;
}

static bool same_threads(const struct record *a, const struct record *b)
{
	return a->threads == b->threads;
}

static char *threads_head(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "%d", r->threads);
	return buf;
}

static int by_threads(const void *a, const void *b)
{
	const struct record *const *x = a, *const *y = b;

	return ((*x)->threads > (*y)->threads) - ((*x)->threads < (*y)->threads);
}

/* The figures vary too much to say. */
enum { THREADS_UNSURE = -1 };

/* How many threads it takes of those that `whole`, the end of a curve, has; 0: nobody knows. */
static int threads_enough(const struct text *t, const struct record *whole)
{
	struct curve_point v[POINTS_MOST] = { { 0 } };
	size_t n = 0, at;

	for (size_t i = 0; i < t->res->nrecords && n < POINTS_MOST; i++) {
		const struct record *r = &t->res->records[i];

		if (record_has_figure(r) && text_is_memory_rate(r) &&
		    record_same_but(r, whole, record_fields("threads", NULL)))
			v[n++] = (struct curve_point){ r->threads, r->median,
						       record_has(r, "low") ? r->low : NAN,
						       record_has(r, "high") ? r->high : NAN };
	}
	at = saturation(v, n);
	if (at >= n)
		return 0;
	return saturation_sure(v, n, at) ? v[at].threads : THREADS_UNSURE;
}

static bool is_end(const struct text *t, const struct record *r)
{
	return is_on_curve(t, r) && text_is_whole(t, r) && record_has_figure(r);
}

/* "node 0 saturates with 12 of 64 cores (triad)": nodes of which the same is true together. */
static void say_saturation(struct text *t, const struct record *first)
{
	int enough = threads_enough(t, first);
	struct idset nodes = { 0 };
	char list[128];
	bool several;

	for (size_t i = 0; enough && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (strcmp(r->metric, first->metric) == 0 && r->threads == first->threads &&
		    is_end(t, r) && threads_enough(t, r) == enough) {
			if (r < first)
				return; /* told */
			idset_add(&nodes, r->cpu_node);
		}
	}
	if (!enough)
		return;
	idset_format(&nodes, list, sizeof list);
	several = idset_count(&nodes) > 1;
	if (enough == THREADS_UNSURE)
		text_say(t, 2,
			 "%s: %s %s: the figures vary too much to say how many of %d cores it "
			 "takes",
			 first->metric, several ? "nodes" : "node", list, first->threads);
	else if (enough == first->threads)
		text_say(t, 2, "%s: %s %s %s %d cores", first->metric, several ? "nodes" : "node",
			 list, several ? "need all of their" : "needs all of its", first->threads);
	else
		text_say(t, 2, "%s: %s %s %s with %d of %d cores", first->metric,
			 several ? "nodes" : "node", list, several ? "saturate" : "saturates",
			 enough, first->threads);
}

int text_curves(struct text *t)
{
	static const struct view view = { .takes = is_on_curve,
					  .same_row = same_place_and_metric,
					  .same_column = same_threads,
					  .label = place_and_metric,
					  .head = threads_head,
					  .order_columns = by_threads };
	bool any;
	int rc = view_print(t, &view, "memory bandwidth by number of threads", "threads", &any);

	for (size_t i = 0; rc == 0 && any && i < t->res->nrecords; i++) {
		if (is_end(t, &t->res->records[i]))
			say_saturation(t, &t->res->records[i]);
	}
	return rc;
}

/* ---- all nodes at once ---- */

static bool is_sum_of_nodes(const struct record *r)
{
	return joint_is_sum(r) && record_has_figure(r) && !record_has(r, "gpu") &&
	       !record_has(r, "gpus");
}

int text_contention(struct text *t)
{
	return text_sums(t, is_sum_of_nodes, "memory bandwidth of all nodes at once, GB/s",
			 "memory of");
}

/* ---- policies ---- */

static bool has_policy(const struct text *t, const struct record *r)
{
	(void)t;
	return record_has(r, "policy") && strcmp(r->unit, "B/s") == 0;
}

static bool same_policy(const struct record *a, const struct record *b)
{
	return a->policy == b->policy && strcmp(a->metric, b->metric) == 0;
}

static char *policy_label(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s, %s", r->metric, policy_name(r->policy));
	return buf;
}

static bool same_cpus(const struct record *a, const struct record *b)
{
	return a->cpu_node == b->cpu_node;
}

static char *cpus_head(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "node %d", r->cpu_node);
	return buf;
}

int text_policies(struct text *t)
{
	static const struct view view = { .takes = has_policy,
					  .same_row = same_policy,
					  .same_column = same_cpus,
					  .label = policy_label,
					  .head = cpus_head };
	bool any;

	return view_print(t, &view, "memory policies", "by the CPUs of", &any);
}

/* ---- kinds of pages ---- */

/* In other pages than the usual, and the usual beside them. */
static bool has_page_kinds(const struct text *t, const struct record *r)
{
	if (strcmp(r->unit, "B/s") != 0 || record_has(r, "gpu") || !record_has(r, "cpu_node"))
		return false;
	if (record_has(r, "pages_asked"))
		return true;
	if (!text_is_memory_rate(r) || !text_is_whole(t, r))
		return false;
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *o = &t->res->records[i];

		if (record_has(o, "pages_asked") && record_has_figure(o) &&
		    record_same_but(o, r, record_fields("pages_asked", NULL)))
			return true;
	}
	return false;
}

static int pages_of(const struct record *r)
{
	return (int)(record_has(r, "pages_asked") ? r->pages_asked : r->pages);
}

static bool same_pages(const struct record *a, const struct record *b)
{
	return pages_of(a) == pages_of(b);
}

static char *pages_head(const struct record *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s", page_kind_name((enum page_kind)pages_of(r)));
	return buf;
}

static int by_pages(const void *a, const void *b)
{
	const struct record *const *x = a, *const *y = b;

	return pages_of(*x) - pages_of(*y);
}

int text_page_kinds(struct text *t)
{
	static const struct view view = { .takes = has_page_kinds,
					  .same_row = same_place_and_metric,
					  .same_column = same_pages,
					  .label = place_and_metric,
					  .head = pages_head,
					  .order_columns = by_pages };
	bool any;

	return view_print(t, &view, "memory bandwidth by kind of pages", "", &any);
}

/* ---- working sets ---- */

/* Smaller than another by as many threads. */
static bool is_part(const struct text *t, const struct record *r)
{
	if (!text_is_memory_rate(r))
		return false;
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *o = &t->res->records[i];

		if (o->bytes > r->bytes && record_same_but(o, r, record_fields("bytes", NULL)))
			return true;
	}
	return false;
}

/* Each core's share of all arrays that the operation goes over: read has one of them, others two
 * or three. */
static uint64_t bytes_each(const struct record *r)
{
	static const struct {
		const char *metric;
		unsigned arrays;
	} uses[] = { { "triad", 3 }, { "add", 3 }, { "copy", 2 }, { "scale", 2 } };
	unsigned arrays = 1;

	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		if (strcmp(uses[i].metric, r->metric) == 0)
			arrays = uses[i].arrays;
	return r->bytes * arrays / (unsigned)(r->threads > 0 ? r->threads : 1);
}

/* Quarters of an octave: what a thread goes over differs by some lines between operations. */
static int octaves_of(const struct record *r)
{
	return (int)lround(4 * log2((double)bytes_each(r)));
}

static bool same_size(const struct record *a, const struct record *b)
{
	return octaves_of(a) == octaves_of(b);
}

static char *size_label(const struct record *r, char *buf, size_t size)
{
	return format_size(buf, size, bytes_each(r));
}

static int by_size(const void *a, const void *b)
{
	const struct record *const *x = a, *const *y = b;

	return octaves_of(*x) - octaves_of(*y);
}

int text_working_sets(struct text *t)
{
	static const struct view view = { .takes = is_part,
					  .same_row = same_size,
					  .same_column = same_place_and_metric,
					  .label = size_label,
					  .head = metric_at_place,
					  .order_rows = by_size,
					  .small = true };
	bool any;

	return view_print(t, &view, "bandwidth by working set of each core, all cores at work",
			  "each", &any);
}
