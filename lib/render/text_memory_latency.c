/* text_memory_latency.c - how long a core waits for memory: for each node's, in which pages, and
 * out of which cache. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/cache_steps.h"
#include "result/recommend.h"
#include "util/units.h"

/* Within a level of the caches figures so near to each other (TLB, noise) are one. */
#define ONE_FIGURE 1.15

bool text_is_memory_latency(const struct record *r)
{
	return strcmp(r->metric, "latency") == 0 && record_has(r, "cpu_node") &&
	       record_has(r, "mem_node") && !record_has(r, "gpu") && !record_has(r, "gpus");
}

/* Of some sizes the largest is that of memory; the others are of caches. */
static bool is_whole(const struct text *t, const struct record *r)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *o = &t->res->records[i];

		if (text_is_memory_latency(o) && o->bytes > r->bytes &&
		    record_same_but(o, r, record_fields("bytes", NULL)))
			return false;
	}
	return text_is_memory_latency(r);
}

/* ---- matrices ---- */

static bool is_far_kind(const struct text *t, const struct matrix *m)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (matrix_takes(m, r) && !text_is_near(&t->res->machine, r))
			return true;
	}
	return false;
}

/* One for each kind of pages of which there is more than the near cells. */
static int print_matrices(struct text *t)
{
	const struct result *res = t->res;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		struct matrix m = { .like = &res->records[i] };
		bool seen = !text_is_memory_latency(m.like) || !record_has_figure(m.like) ||
			    !is_whole(t, m.like) || !is_far_kind(t, &m);

		for (size_t j = 0; !seen && j < i; j++)
			seen = text_is_memory_latency(&res->records[j]) &&
			       record_has_figure(&res->records[j]) &&
			       is_whole(t, &res->records[j]) && matrix_takes(&m, &res->records[j]);
		if (!seen)
			rc = matrix_print(t, &m);
	}
	return rc;
}

/* ---- pages ---- */

static const char *const pages_words[] = { [PAGES_4K] = "4 KiB pages",
					   [PAGES_THP] = "transparent huge pages",
					   [PAGES_HUGETLB] = "hugetlb pages" };

/* The cell of the usual pages beside one in others. */
static const struct record *usual_beside(const struct text *t, const struct record *r)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *o = &t->res->records[i];

		if (text_is_memory_latency(o) && !record_has(o, "pages_asked") && o->cpu_node == r->cpu_node &&
		    o->mem_node == r->mem_node && record_has_figure(o) && is_whole(t, o))
			return o;
	}
	return NULL;
}

static bool is_shown(const struct text *t, const struct record *r, bool only_others)
{
	return text_is_memory_latency(r) && record_has_figure(r) && text_is_near(&t->res->machine, r) &&
	       is_whole(t, r) && !(only_others && !record_has(r, "pages_asked"));
}

static int put_row(struct text *t, struct table *table, const struct record *r)
{
	struct text_unit unit = text_unit_for(r->unit, r->median);
	int decimals = text_decimals(r->median / unit.factor), rc;
	bool undersized = record_has(r, "undersized") && r->undersized;
	char place[48];

	t->marked_undersized = t->marked_undersized || undersized;
	t->marked_unstable = t->marked_unstable || r->status == STATUS_UNSTABLE;
	rc = table_cell(table, "%s, %s", text_place(r, place, sizeof place),
			record_has(r, "pages") ? pages_words[r->pages] : "pages not known");
	if (rc == 0)
		rc = table_cell(table, "%.*f %s%s%s", decimals, r->median / unit.factor, unit.name,
				undersized ? " u" : "", r->status == STATUS_UNSTABLE ? "?" : " ");
	if (rc == 0)
		rc = record_has(r, "low") && record_has(r, "high")
			     ? table_cell(table, "%.*f-%.*f", decimals, r->low / unit.factor,
					  decimals, r->high / unit.factor)
			     : table_cell(table, "none");
	if (rc == 0)
		rc = table_cell(table, "%.*f", decimals, r->best / unit.factor);
	return rc < 0 ? rc : table_cell(table, "%zu", r->samples.n);
}

/* What small pages cost: the median of ratios paired within a round. */
static void say_tlb(struct text *t)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *small = &t->res->records[i], *huge;
		struct evidence ev;
		char place[48];

		if (!is_shown(t, small, true) || !record_has(small, "pages") ||
		    small->pages != PAGES_4K || !(huge = usual_beside(t, small)) ||
		    huge->pages == PAGES_4K)
			continue;
		ev = cells_compare(huge, small);
		text_place(small, place, sizeof place);
		if (ev.matters == MATTERS_YES)
			text_say(t, 2,
				 "%s: 4 KiB pages cost %.0f ns more (%.0f %%, %.0f to %.0f): the "
				 "TLB",
				 place, (ev.advantage - 1) * huge->median * 1e9,
				 100 * (ev.advantage - 1), 100 * (ev.low - 1), 100 * (ev.high - 1));
		else
			text_say(t, 2, "%s: whether 4 KiB pages cost more %s", place,
				 ev.matters == MATTERS_NO ? "is answered: less than 3 %"
							  : "cannot be told from these samples");
	}
}

/* On a machine with one node that is all there is; else only what the matrix lacks. */
static int print_pages(struct text *t)
{
	static const struct {
		const char *head;
		char align;
	} columns[] = {
		{ "", 'l' },     { "median ", 'r' }, { "95 % interval", 'r' },
		{ "best", 'r' }, { "samples", 'r' },
	};
	bool several = t->res->machine.nnodes > 1, any = false;
	struct table *table;
	int rc;

	for (size_t i = 0; i < t->res->nrecords; i++)
		any = any || is_shown(t, &t->res->records[i], several);
	if (!any)
		return 0;
	table = table_new();
	rc = table ? 0 : -ENOMEM;
	for (size_t c = 0; rc == 0 && c < sizeof columns / sizeof *columns; c++)
		rc = table_column(table, columns[c].head, columns[c].align);
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++)
		if (is_shown(t, &t->res->records[i], false))
			rc = put_row(t, table, &t->res->records[i]);
	if (rc == 0) {
		text_heading(t, "latency of memory by the CPUs nearest to it");
		rc = text_table(t, table);
		say_tlb(t);
	}
	table_free(table);
	return rc;
}

/* ---- working sets ---- */

struct curve {
	uint64_t *bytes;
	double *seconds;
	size_t n;
};

static int add_point(struct curve *c, const struct record *r)
{
	size_t at = c->n;

	for (; at > 0 && c->bytes[at - 1] > r->bytes; at--) {
		c->bytes[at] = c->bytes[at - 1];
		c->seconds[at] = c->seconds[at - 1];
	}
	c->bytes[at] = r->bytes;
	c->seconds[at] = r->median;
	c->n++;
	return 0;
}

/* All sizes of a place, ascending. */
static int curve_of(const struct text *t, const struct record *like, struct curve *c)
{
	*c = (struct curve){
		.bytes = calloc(t->res->nrecords + 1, sizeof *c->bytes),
		.seconds = calloc(t->res->nrecords + 1, sizeof *c->seconds),
	};
	if (!c->bytes || !c->seconds)
		return -ENOMEM;
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (text_is_memory_latency(r) && record_has_figure(r) && r->median > 0 &&
		    record_same_but(r, like, record_fields("bytes", NULL)))
			add_point(c, r);
	}
	return 0;
}

/* What the machine says is there: its largest cache within an octave of where the step was found,
 * else nothing. */
static void name_cache(const struct text *t, const struct record *like, uint64_t step, char *buf,
		       size_t size)
{
	const struct node *n = machine_node(&t->res->machine, like->cpu_node);
	int cpu = n && n->ncores ? idset_next(&n->cores[0].cpus, -1) : -1;
	char bytes[24];

	buf[0] = '\0';
	for (size_t i = 0; cpu >= 0 && i < n->ncaches; i++) {
		const struct cache *c = &n->caches[i];

		if (idset_has(&c->cpus, cpu) && fabs(log2((double)step / (double)c->bytes)) <= 1)
			snprintf(buf, size, "level %d, %s", c->level,
				 format_size(bytes, sizeof bytes, c->bytes));
	}
}

static int put_level(const struct text *t, struct table *table, const struct record *like,
		     const struct curve *c, const struct cache_step *steps, size_t nsteps, size_t i)
{
	double low = i ? steps[i - 1].above : c->seconds[0];
	double high = i < nsteps ? steps[i].below : c->seconds[c->n - 1];
	struct text_unit unit = text_unit_for("s", low);
	int decimals = text_decimals(high / unit.factor), rc;
	char place[48], size[24], cache[64] = "";

	rc = table_cell(table, "%s", i ? "" : text_place(like, place, sizeof place));
	if (rc == 0)
		rc = table_cell(table, "%s %s", i < nsteps ? "up to" : "beyond",
				format_size(size, sizeof size,
					    i < nsteps ? steps[i].bytes : steps[nsteps - 1].bytes));
	if (rc == 0)
		rc = high < ONE_FIGURE * low
			     ? table_cell(table, "%.*f %s", decimals, low / unit.factor, unit.name)
			     : table_cell(table, "%.*f-%.*f %s", decimals, low / unit.factor,
					  decimals, high / unit.factor, unit.name);
	if (i < nsteps)
		name_cache(t, like, steps[i].bytes, cache, sizeof cache);
	return rc < 0 ? rc : table_cell(table, "%s", cache);
}

enum { STEPS = 16, FEWEST_SIZES = 4 };

static int put_curve(const struct text *t, struct table *table, const struct record *like)
{
	struct cache_step steps[STEPS];
	struct curve c;
	size_t n = 0;
	int rc = curve_of(t, like, &c);

	if (rc == 0 && c.n >= FEWEST_SIZES)
		n = cache_steps(c.bytes, c.seconds, c.n, steps, STEPS);
	n = n < STEPS ? n : STEPS;
	for (size_t i = 0; rc == 0 && n && i <= n; i++)
		rc = put_level(t, table, like, &c, steps, n, i);
	free(c.bytes);
	free(c.seconds);
	return rc;
}

/* The whole of a place that smaller sets were chased through, too. */
static bool has_sizes(const struct text *t, const struct record *r)
{
	size_t n = 0;

	for (size_t i = 0; i < t->res->nrecords; i++)
		n += text_is_memory_latency(&t->res->records[i]) && record_has_figure(&t->res->records[i]) &&
		     record_same_but(&t->res->records[i], r, record_fields("bytes", NULL));
	return n >= FEWEST_SIZES && is_whole(t, r);
}

static int print_sizes(struct text *t)
{
	static const char *const heads[] = { "", "working set", "latency", "cache declared there" };
	struct table *table = table_new();
	bool any = false;
	int rc = table ? 0 : -ENOMEM;

	for (size_t c = 0; rc == 0 && c < sizeof heads / sizeof *heads; c++)
		rc = table_column(table, heads[c], c == 1 || c == 2 ? 'r' : 'l');
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		if (!has_sizes(t, &t->res->records[i]))
			continue;
		any = true;
		rc = put_curve(t, table, &t->res->records[i]);
	}
	if (rc == 0 && any) {
		text_heading(t, "latency by working set, one core; the steps are found in the "
				"figures");
		rc = text_table(t, table);
	}
	table_free(table);
	return rc;
}

int text_memory_latency(struct text *t)
{
	static int (*const parts[])(struct text * t) = { print_matrices, print_pages, print_sizes,
							 text_loaded, text_cores };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++)
		rc = parts[i](t);
	return rc;
}
