/* html_changes.c - what differs between results: the machines, and cell by cell the figures. See
 * html.h. Nothing is judged here: `numabench compare` does that. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/html.h"
#include "result/differences.h"
#include "result/judge_cells.h"
#include "result/recommend.h"
#include "util/units.h"

/* So many are shown, and so many more folded away; the rest is counted, and in the table of all
 * cells of each result. */
enum { CHANGES_SHOWN = 16, CHANGES_MOST = 200 };

struct change {
	const struct record *before, *after;
	double ratio; /* above 1: better */
};

/* The same cell in the other result, looked for from *from on: results of one plan have them in
 * one order. NULL: there is none. */
static const struct record *same_in(const struct result *res, const struct record *r, size_t *from)
{
	for (size_t i = 0; i < res->nrecords; i++) {
		size_t at = (*from + i) % res->nrecords;
		const struct record *o = &res->records[at];

		/* The cheap questions first. */
		if (o->gpu != r->gpu || o->cpu_node != r->cpu_node || o->bytes != r->bytes ||
		    strcmp(o->metric, r->metric) != 0 || !record_same_cell(o, r))
			continue;
		*from = at + 1;
		return o;
	}
	return NULL;
}

/* Their intervals do not meet, and they are further apart than what matters. */
static bool differ(const struct record *a, const struct record *b)
{
	if (!record_has(a, "low") || !record_has(b, "low") || !(a->median > 0) || !(b->median > 0))
		return false;
	if (a->low <= b->high && b->low <= a->high)
		return false;
	return fmax(a->median, b->median) > RECOMMEND_BAR * fmin(a->median, b->median);
}

static int by_size(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	double p = fabs(log(x->ratio)), q = fabs(log(y->ratio));

	return (p < q) - (p > q);
}

struct tally {
	size_t both, only_before, only_after, changed, better;
};

/* Into v, which has room for all records of `before`. */
static void collect(const struct result *before, const struct result *after, struct change *v,
		    struct tally *t)
{
	size_t from = 0, figures = 0;

	for (size_t i = 0; i < before->nrecords; i++) {
		const struct record *a = &before->records[i], *b;

		if (!record_has_figure(a))
			continue;
		b = after->nrecords ? same_in(after, a, &from) : NULL;
		if (!b || !record_has_figure(b)) {
			t->only_before++;
			continue;
		}
		t->both++;
		if (differ(a, b))
			v[t->changed++] = (struct change){ a, b,
							   a->better == BETTER_HIGHER
								   ? b->median / a->median
								   : a->median / b->median };
	}
	for (size_t i = 0; i < after->nrecords; i++)
		figures += record_has_figure(&after->records[i]);
	t->only_after = figures - t->both;
	for (size_t i = 0; i < t->changed; i++)
		t->better += v[i].ratio > 1;
	if (t->changed)
		qsort(v, t->changed, sizeof *v, by_size);
}

static int put_differences(FILE *out, const struct html *a, const struct html *b, const char *key,
			   const char *title)
{
	const json_t *x = json_object_get(a->res->host, key),
		     *y = json_object_get(b->res->host, key);
	struct difference *v = NULL;
	size_t n = 0;
	int rc = x && y ? differences(x, y, &v, &n) : 0;

	if (rc == 0 && n) {
		html_put(out, "<h4>%s</h4>\n", title);
		html_scroll(out, title);
		html_put(out,
			 "<table class=\"words\"><thead><tr><td></td><th scope=\"col\">%s</th><th "
			 "scope=\"col\">%s</th></tr></thead><tbody>\n",
			 a->name, b->name);
		for (size_t i = 0; i < n; i++)
			html_put(out, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n",
				 v[i].field, v[i].before, v[i].after);
		fputs("</tbody></table></div>\n", out);
	}
	free(v);
	return rc;
}

static void put_changes(FILE *out, const struct html *a, const struct html *b,
			const struct change *v, size_t n)
{
	char name[160], before[40], after[40];

	html_scroll(out, "figures that changed");
	html_put(out,
		 "<table class=\"words\"><thead><tr><th scope=\"col\">cell</th><th scope=\"col\" "
		 "class=\"r\">%s</th><th scope=\"col\" class=\"r\">%s</th><th scope=\"col\" "
		 "class=\"r\">times as good</th></tr></thead><tbody>\n",
		 a->name, b->name);
	for (size_t i = 0; i < n; i++)
		html_put(out,
			 "<tr><th scope=\"row\" class=\"long\">%s %s: %s</th><td "
			 "class=\"r\">%s</td><td "
			 "class=\"r\">%s</td><td class=\"r %s\">%.2fx %s</td></tr>\n",
			 v[i].before->test, v[i].before->metric,
			 record_name(v[i].before, name, sizeof name),
			 figure_text(before, sizeof before, v[i].before->unit, v[i].before->median),
			 figure_text(after, sizeof after, v[i].after->unit, v[i].after->median),
			 v[i].ratio > 1 ? "better" : "worse", v[i].ratio,
			 v[i].ratio > 1 ? "better" : "worse");
	fputs("</tbody></table></div>\n", out);
}

static void put_all_changes(FILE *out, const struct html *a, const struct html *b,
			    const struct change *v, size_t n)
{
	size_t more = n < CHANGES_MOST ? n : CHANGES_MOST;

	if (n)
		put_changes(out, a, b, v, n < CHANGES_SHOWN ? n : CHANGES_SHOWN);
	if (n <= CHANGES_SHOWN)
		return;
	html_fold(out, "more of them, that changed less");
	put_changes(out, a, b, v + CHANGES_SHOWN, more - CHANGES_SHOWN);
	if (n > more)
		html_put(out, "<p class=\"note\">these are the %zu that changed most</p>\n", more);
	fputs("</div></details>\n", out);
}

static void put_only(FILE *out, const struct html *of, size_t n)
{
	if (n)
		html_put(out, "<p class=\"note\">%zu cell%s only %s has</p>\n", n, plural(n),
			 of->name);
}

static int put_pair(const struct html *a, const struct html *b, FILE *out)
{
	struct change *v = calloc(a->res->nrecords + 1, sizeof *v);
	struct tally t = { 0 };
	int rc = v ? 0 : -ENOMEM;

	html_put(out, "<h3>%s to %s</h3>\n", a->name, b->name);
	if (rc == 0)
		rc = put_differences(out, a, b, "identity",
				     "Not the same machine: their figures are not comparable");
	if (rc == 0)
		rc = put_differences(out, a, b, "conditions", "Conditions that differ");
	if (rc == 0) {
		collect(a->res, b->res, v, &t);
		html_put(out,
			 "<h4>Figures</h4>\n<p class=\"said\">%zu cell%s in both: %zu changed by "
			 "more than %.0f %%, with 95 %% intervals that do not meet: %zu for the "
			 "better, %zu for the worse. Whether that is a regression is for numabench "
			 "compare to tell, from several runs.</p>\n",
			 t.both, plural(t.both), t.changed, (RECOMMEND_BAR - 1) * 100, t.better,
			 t.changed - t.better);
		put_only(out, a, t.only_before);
		put_only(out, b, t.only_after);
		put_all_changes(out, a, b, v, t.changed);
	}
	free(v);
	return rc;
}

int html_changes(const struct html *all, size_t n, FILE *out)
{
	int rc = 0;

	fputs("<section id=\"changed\"><h2>What changed</h2>\n", out);
	for (size_t i = 1; rc == 0 && i < n; i++)
		rc = put_pair(&all[0], &all[i], out);
	fputs("</section>\n", out);
	return rc;
}
