/* text_migration.c - what it costs when a process is moved, and when it pays to move its pages
 * after it. text_pages.c tells how pages moved, text_feed.c of processes that feed GPUs. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/moves.h"
#include "result/payback.h"
#include "util/units.h"

/* Where there are more, the costliest are shown, and the mildest. */
enum { PAIRS_MOST = 12, PAIRS_COSTLIEST = 6, SENTENCES_MOST = 2 };

/* A move from one node to another. */
struct pair {
	const struct record *rate, *latency; /* settled; NULL: not measured */
	const struct record *any;            /* one of them */
	struct move_effect kept;             /* of bandwidth */
	struct move_effect answers;          /* of loads */
};

/* The worse of both; of what is not known nothing is lost. */
static double cost_of(const struct pair *p)
{
	return fmin(isfinite(p->kept.kept) ? p->kept.kept : INFINITY,
		    isfinite(p->answers.kept) ? p->answers.kept : INFINITY);
}

static int by_cost(const void *a, const void *b)
{
	double x = cost_of(a), y = cost_of(b);

	return (x > y) - (x < y);
}

static bool is_settled(const struct record *r)
{
	return move_of_threads(r) && move_between_nodes(r) && r->phase == PHASE_SETTLED &&
	       record_has_figure(r);
}

static struct pair *pair_of(struct pair *pairs, size_t *n, const struct record *r)
{
	for (size_t i = 0; i < *n; i++)
		if (pairs[i].any->cpu_node == r->cpu_node &&
		    pairs[i].any->mem_node == r->mem_node && pairs[i].any->to_node == r->to_node)
			return &pairs[i];
	pairs[*n] = (struct pair){ .any = r, .kept.kept = NAN, .answers.kept = NAN };
	return &pairs[(*n)++];
}

/* All pairs, in the order of the records; room for as many as there are of these. */
static size_t collect(const struct text *t, struct pair *pairs)
{
	size_t n = 0;

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];
		struct pair *p;

		if (!is_settled(r))
			continue;
		p = pair_of(pairs, &n, r);
		if (strcmp(r->unit, "B/s") == 0 && !p->rate) {
			p->rate = r;
			p->kept = move_effect(t->res, r);
		} else if (strcmp(r->unit, "s") == 0 && !p->latency) {
			p->latency = r;
			p->answers = move_effect(t->res, r);
		}
	}
	return n;
}

/* ---- the table ---- */

/* The signs of a figure, "u?"; the legend explains them. */
static const char *signs_of(struct text *t, const struct record *r)
{
	bool small = record_has(r, "undersized") && r->undersized,
	     unstable = r->status == STATUS_UNSTABLE;

	t->marked_undersized = t->marked_undersized || small;
	t->marked_unstable = t->marked_unstable || unstable;
	return small && unstable ? "u?" : small ? "u" : unstable ? "?" : "";
}

static int put_ratio(struct text *t, struct table *table, const struct record *r, double ratio,
		     const char *after)
{
	return r && isfinite(ratio) ? table_cell(table, "%.2f%s%s", ratio, after, signs_of(t, r))
				    : table_cell(table, "%s", "");
}

/* Nothing, where there is no such figure. */
static int put_seconds(struct table *table, double seconds, const char *nothing)
{
	char text[32];

	if (!isfinite(seconds))
		return table_cell(table, "%s", "");
	return table_cell(table, "%s",
			  seconds > 0 ? format_seconds(text, sizeof text, seconds) : nothing);
}

static int put_less(struct table *table, double seconds)
{
	char text[32];

	return table_cell(table, "<%s", format_seconds(text, sizeof text, seconds));
}

/* Of the rate, or where it was not measured of the latency. */
static int put_also(struct text *t, struct table *table, const struct pair *p, const char *metric,
		    const char *nothing)
{
	const struct record *r = p->rate ? move_also(t->res, p->rate, metric) : NULL;

	if (!r && p->latency)
		r = move_also(t->res, p->latency, metric);
	return r && isfinite(move_unseen(r)) ? put_less(table, move_unseen(r))
					     : put_seconds(table, r ? r->median : NAN, nothing);
}

static const struct record *page_rate(const struct text *t, const struct pair *p)
{
	return move_pages_rate(t->res, p->any->mem_node, p->any->to_node, p->any);
}

static double move_seconds(const struct record *pages)
{
	return pages ? PAYBACK_BYTES / pages->median : NAN;
}

/* Whether it pays is told of the rate, and of the latency where that alone was measured. */
static const struct record *payer(const struct pair *p)
{
	return p->rate ? p->rate : p->latency;
}

/* It is known whether anything was lost: "never" needs that. */
static bool is_decided(const struct pair *p)
{
	return p->rate ? p->kept.decided : p->answers.decided;
}

static int put_kernel(struct text *t, struct table *table, const struct pair *p)
{
	const struct record *r = move_balancing(t->res, p->any->mem_node, p->any->to_node);

	if (!r || !record_has_figure(r))
		return table_cell(table, "%s", r ? text_status_word(r->status) : "");
	return put_seconds(table, r->median, "");
}

static int put_pair(struct text *t, struct table *table, const struct pair *p)
{
	const struct record *pages = page_rate(t, p);
	int rc = table_cell(table, "%d to %d", p->any->cpu_node, p->any->to_node);

	if (rc == 0)
		rc = put_ratio(t, table, p->rate, p->kept.kept, "");
	if (rc == 0)
		rc = put_ratio(t, table, p->latency, 1 / p->answers.kept, "x");
	if (rc == 0)
		rc = put_also(t, table, p, "transient-time", "at once");
	if (rc == 0)
		rc = put_also(t, table, p, "refill-time", "none");
	if (rc == 0)
		rc = put_seconds(table, move_seconds(pages), "");
	if (rc == 0 && pages && !record_has(payer(p), "pays_after"))
		rc = table_cell(table, is_decided(p) ? "never" : "open");
	else if (rc == 0)
		rc = put_seconds(table, pages ? payer(p)->pays_after : NAN, "at once");
	return rc < 0 ? rc : put_kernel(t, table, p);
}

static int print_table(struct text *t, const struct pair *pairs, size_t n)
{
	static const char *const heads[] = { "nodes", "bandwidth", "latency", "settles",
					     "lost",  "move 8 GB", "pays in", "kernel" };
	struct table *table = table_new();
	int rc = table ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < sizeof heads / sizeof *heads; i++)
		rc = table_column(table, heads[i], i ? 'r' : 'l');
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (n <= PAIRS_MOST || i < PAIRS_COSTLIEST || i == n - 1)
			rc = put_pair(t, table, &pairs[i]);
	if (rc == 0)
		rc = text_table(t, table);
	table_free(table);
	if (rc == 0 && n > PAIRS_MOST)
		text_say(t, 2,
			 "of %zu pairs the %d that cost most, and the one that costs least; the "
			 "result file has all",
			 n, PAIRS_COSTLIEST);
	return rc;
}

/* ---- sentences ---- */

/* " (undecided: 0.85 to 1.08)", where it cannot be told whether it is any different. */
static const char *say_doubt(const struct move_effect *x, bool inverse, char *buf, size_t size)
{
	buf[0] = '\0';
	if (!x->decided && isfinite(x->low))
		snprintf(buf, size, " (undecided: %.2f to %.2f)", inverse ? 1 / x->high : x->low,
			 inverse ? 1 / x->low : x->high);
	else if (!x->decided)
		snprintf(buf, size, " (undecided: too few samples)");
	return buf;
}

static const char *say_kept(const struct pair *p, char *buf, size_t size)
{
	const struct move_effect *x = &p->kept;
	char doubt[48];

	if (!isfinite(x->kept))
		return NULL;
	if (x->decided && x->sign == 0)
		snprintf(buf, size, "keeps its bandwidth (%.2f of it)", x->kept);
	else
		snprintf(buf, size, "%s %.2f of its bandwidth%s", x->kept > 1 ? "has" : "keeps",
			 x->kept, say_doubt(x, false, doubt, sizeof doubt));
	return buf;
}

static const char *say_slower(const struct pair *p, char *buf, size_t size)
{
	const struct move_effect *x = &p->answers;
	char doubt[48];

	if (!isfinite(x->kept))
		return NULL;
	if (x->decided && x->sign == 0)
		snprintf(buf, size, "keeps its latency (%.2fx)", 1 / x->kept);
	else
		snprintf(buf, size, "%s %.*fx latency%s", x->kept < 1 ? "pays" : "has",
			 1 / x->kept < 1.1 ? 2 : 1, 1 / x->kept,
			 say_doubt(x, true, doubt, sizeof doubt));
	return buf;
}

/* ", or 270 GB streamed"; nothing of a latency. */
static const char *say_streamed(const struct record *r, char *buf, size_t size)
{
	buf[0] = '\0';
	if (record_has(r, "pays_bytes"))
		snprintf(buf, size, ", or %.*f GB streamed", r->pays_bytes < 10e9,
			 r->pays_bytes / 1e9);
	return buf;
}

static const char *say_pages(const struct text *t, const struct pair *p, char *buf, size_t size)
{
	const struct record *pages = page_rate(t, p);
	char cost[32], after[32], streamed[48];

	if (!pages)
		return NULL;
	format_seconds(cost, sizeof cost, move_seconds(pages));
	if (record_has(payer(p), "pays_after"))
		snprintf(buf, size, "moving its 8 GB costs %s and pays after %s%s", cost,
			 format_seconds(after, sizeof after, payer(p)->pays_after),
			 say_streamed(payer(p), streamed, sizeof streamed));
	else
		snprintf(buf, size, "moving its 8 GB costs %s%s", cost,
			 is_decided(p) ? " and never pays" : ", and whether that pays is open");
	return buf;
}

static const char *say_kernel(const struct text *t, const struct pair *p, char *buf, size_t size)
{
	const struct record *r = move_balancing(t->res, p->any->mem_node, p->any->to_node);
	char took[32], after[32], bytes[32] = "its pages";
	int used;

	if (!r || !record_has_figure(r))
		return NULL;
	if (record_has(r, "bytes"))
		format_size(bytes, sizeof bytes, r->bytes); /* of all arrays */
	used = snprintf(buf, size, "the kernel alone needs %s for %s",
			format_seconds(took, sizeof took, r->median), bytes);
	if (record_has(r, "pays_after"))
		snprintf(buf + used, size - (size_t)used, ", which pays after %s",
			 format_seconds(after, sizeof after, r->pays_after));
	return buf;
}

static const char *say_held(const struct text *t, const struct pair *p, char *buf, size_t size)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (!move_stayed(r) || r->mem_node != p->any->mem_node ||
		    r->to_node != p->any->to_node)
			continue;
		snprintf(buf, size, "pinned buffers stay behind for good");
		return buf;
	}
	return NULL;
}

/* "a process moved from node 0 to node 1 keeps 0.61 of its bandwidth and pays 1.8x latency; ..." */
static void say_pair(struct text *t, const struct pair *p)
{
	char kept[80], slower[80], parts[3][160], text[700];
	const char *a = say_kept(p, kept, sizeof kept), *b = say_slower(p, slower, sizeof slower);
	const char *const more[] = { say_pages(t, p, parts[0], sizeof parts[0]),
				     say_kernel(t, p, parts[1], sizeof parts[1]),
				     say_held(t, p, parts[2], sizeof parts[2]) };
	int used;

	if (!a && !b)
		return;
	used = snprintf(text, sizeof text, "a process moved from node %d to node %d %s%s%s",
			p->any->cpu_node, p->any->to_node, a ? a : "", a && b ? " and " : "",
			b ? b : "");
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i])
			used += snprintf(text + used, sizeof text - (size_t)used, "; %s", more[i]);
	text_say(t, 2, "%s", text);
}

/* A process that is back where it was and yet not as fast. */
static void say_back(struct text *t, const struct pair *p)
{
	const struct record *back = p->rate ? move_phase(t->res, p->rate, PHASE_RETURNED) : NULL;
	struct move_effect x = { .kept = NAN };

	if (back)
		x = move_effect(t->res, back);
	if (x.sign < 0)
		text_say(t, 2,
			 "moved back from node %d to node %d it comes to %.2f of what it had: some "
			 "of this is not the move's doing",
			 p->any->to_node, p->any->cpu_node, x.kept);
}

static bool is_same(const struct move_effect *x)
{
	return !isfinite(x->kept) || (x->decided && x->sign == 0);
}

static bool all_same(const struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_same(&pairs[i].kept) || !is_same(&pairs[i].answers))
			return false;
	return true;
}

static void say_words(struct text *t, const struct pair *pairs, size_t n)
{
	if (all_same(pairs, n))
		text_say(t, 2,
			 "it makes no difference on this machine to which node a process is moved "
			 "from its pages");
	text_say(
		t, 2,
		"bandwidth, latency: against before, the pages left behind; settles: until it runs "
		"at that level; lost: to cold caches by then; <: too little to be seen; pays in: "
		"against leaving the pages, "
		"if it stands still while they move; kernel: until its balancing has moved them");
}

static int print_pairs(struct text *t)
{
	struct pair *pairs = calloc(t->res->nrecords + 1, sizeof *pairs);
	size_t n;
	int rc = 0;

	if (!pairs)
		return -ENOMEM;
	n = collect(t, pairs);
	if (n > SENTENCES_MOST)
		qsort(pairs, n, sizeof *pairs, by_cost);
	if (n) {
		text_heading(t, "when a process is moved to another node");
		for (size_t i = 0; i < n && i < SENTENCES_MOST; i++) {
			say_pair(t, &pairs[i]);
			say_back(t, &pairs[i]);
		}
		text_gap(t);
		rc = print_table(t, pairs, n);
		say_words(t, pairs, n);
	}
	free(pairs);
	return rc;
}

int text_migration(struct text *t)
{
	static int (*const parts[])(struct text *) = { print_pairs, text_move_pages,
						       text_move_cores, text_feed };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++)
		rc = parts[i](t);
	return rc;
}
