/* text_gpu.c - what the report says of GPUs. See text.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/recommend.h"
#include "util/quote.h"

/* Reasons for a node that are named beside the strongest. */
enum { OTHERS_NAMED = 3 };

/* What is measured most often, of one GPU at a time; the rarer kinds have tables of their own. */
static bool is_main_rate(const struct record *r)
{
	return record_has(r, "gpu") && strcmp(r->unit, "B/s") == 0 && record_has(r, "memory") &&
	       (r->memory == MEM_PINNED || r->memory == MEM_PAGEABLE) && !record_has(r, "peer") &&
	       !record_has(r, "pages_asked") &&
	       (!record_has(r, "together") || r->together == TOGETHER_BOTH_WAYS);
}

int text_gpu_matrices(struct text *t)
{
	return matrices_print(t, is_main_rate);
}

/* "pinned h2d 1.38x node 0, 95 % interval 1.36-1.40" */
static char *evidence_text(const struct evidence *ev, char *buf, size_t size)
{
	char what[160];

	evidence_name(ev, what, sizeof what);
	if (isfinite(ev->low) && isfinite(ev->high))
		snprintf(buf, size, "%s %.2fx node %d, 95 %% interval %.2f-%.2f", what,
			 ev->advantage, ev->other, ev->low, ev->high);
	else
		snprintf(buf, size, "%s %.2fx node %d, too few samples for an interval", what,
			 ev->advantage, ev->other);
	return buf;
}

struct sentence {
	char text[1600];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct sentence *s, const char *fmt, ...)
{
	va_list args;
	int n;

	if (s->used >= sizeof s->text)
		return;
	va_start(args, fmt);
	n = vsnprintf(s->text + s->used, sizeof s->text - s->used, fmt, args);
	va_end(args);
	s->used += n > 0 ? (size_t)n : 0;
}

/* Much the same thing: the same metric on the same kind of memory. */
static bool is_akin(const struct evidence *a, const struct evidence *b)
{
	return strcmp(a->test, b->test) == 0 && strcmp(a->metric, b->metric) == 0 &&
	       a->memory == b->memory;
}

static bool speaks_for(const struct evidence *ev, int node)
{
	return ev->matters == MATTERS_YES && ev->best == node;
}

/* What else speaks for the node: "; also pinned d2h 1.30x, and 4 more". Where it is much, one
 * for each metric and kind of memory. */
static void add_others(struct sentence *s, const struct recommendation *r)
{
	size_t speak = 0, named = 0, more = 0;
	char part[240];

	for (size_t i = 1; i < r->nevidence; i++)
		speak += speaks_for(&r->evidence[i], r->node);
	for (size_t i = 1; i < r->nevidence; i++) {
		const struct evidence *ev = &r->evidence[i];
		bool akin = false;

		if (!speaks_for(ev, r->node))
			continue;
		for (size_t j = 0; j < i && speak > OTHERS_NAMED; j++)
			akin = akin || (speaks_for(&r->evidence[j], r->node) &&
					is_akin(&r->evidence[j], ev));
		if (akin || named == OTHERS_NAMED) {
			more++;
			continue;
		}
		add(s, "%s %s %.2fx", named++ ? "," : "; also",
		    evidence_name(ev, part, sizeof part), ev->advantage);
		if (ev->other != r->evidence[0].other)
			add(s, " node %d", ev->other);
	}
	if (more)
		add(s, "%s %zu more", named ? ", and" : "; and", more);
}

/* What is said of a GPU, without its number: the sentence that came with the recommendation,
 * which gives the strongest evidence, and some of the others. */
static struct sentence recommendation_sentence(const struct recommendation *r)
{
	struct sentence s = { .used = 0 };
	char part[240];

	add(&s, "%s", r->why[0] ? r->why : "no reason given");
	if (r->matters != MATTERS_YES && r->nevidence)
		add(&s, " (%s)", evidence_text(&r->evidence[0], part, sizeof part));
	if (r->matters == MATTERS_YES && r->nevidence)
		add_others(&s, r);
	if (r->has_node && r->cpus_shared)
		add(&s, "; its cores are shared with other GPUs");
	return s;
}

/* The short answer: for how many GPUs binding matters, and by how much at most. */
void text_binding(struct text *t)
{
	static const struct {
		enum matters matters;
		const char *text;
	} rows[] = {
		{ MATTERS_YES, "binding matters for" },
		{ MATTERS_NO, "binding makes no measurable difference for" },
		{ MATTERS_UNDECIDED, "it is undecided whether binding matters for" },
	};
	const struct result *res = t->res;
	struct sentence s = { .used = 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = 0;
		double most = 0;

		for (size_t j = 0; j < res->nrecommendations; j++) {
			const struct recommendation *r = &res->recommendations[j];

			n += r->matters == rows[i].matters;
			if (r->matters == rows[i].matters && r->advantage > most)
				most = r->advantage;
		}
		if (!n)
			continue;
		add(&s, "%s%s %zu of %zu %s", s.used ? "; " : "", rows[i].text, n,
		    res->nrecommendations, res->nrecommendations == 1 ? "GPU" : "GPUs");
		if (rows[i].matters == MATTERS_YES && most > 0)
			add(&s, ", by up to %.2fx", most);
	}
	if (!s.used)
		return;
	s.text[0] = (char)toupper((unsigned char)s.text[0]);
	text_say(t, 0, "%s.", s.text);
}

static int put_row(struct table *table, const struct recommendation *r)
{
	static const char *const agreements[] = {
		[AGREES] = "agrees", [DISAGREES] = "disagrees", [UNDECLARED] = "none"
	};
	const struct evidence *ev = &r->evidence[0];
	char what[160];
	int rc = table_cell(table, "%d", r->gpu);

	if (rc == 0)
		rc = table_cell(table, "%d%s", r->node, r->cpus_shared ? ", shared" : "");
	if (rc == 0)
		rc = table_cell(table, "%.2f", ev->advantage);
	if (rc == 0)
		rc = isfinite(ev->low) && isfinite(ev->high)
			     ? table_cell(table, "%.2f-%.2f", ev->low, ev->high)
			     : table_cell(table, "%s", "none");
	if (rc == 0)
		rc = table_cell(table, "%d", ev->other);
	if (rc == 0)
		rc = table_cell(table, "%s", evidence_name(ev, what, sizeof what));
	return rc == 0 ? table_cell(table, "%s", agreements[r->agreement]) : rc;
}

/* Of many GPUs a row each with the strongest evidence, where it decides. */
static int say_rows(struct text *t, struct idset *told)
{
	static const struct {
		const char *head;
		char align;
	} columns[] = { { "GPU", 'r' },           { "node", 'l' },      { "x", 'r' },
			{ "95 % interval", 'r' }, { "than node", 'r' }, { "shown by", 'l' },
			{ "declared", 'l' } };
	struct table *table = table_new();
	int rc = table ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < sizeof columns / sizeof *columns; i++)
		rc = table_column(table, columns[i].head, columns[i].align);
	for (size_t i = 0; rc == 0 && i < t->res->nrecommendations; i++) {
		const struct recommendation *r = &t->res->recommendations[i];

		if (r->matters != MATTERS_YES || !r->nevidence || !r->has_node || !r->measured)
			continue;
		idset_add(told, r->gpu);
		rc = put_row(table, r);
	}
	if (rc == 0 && !idset_empty(told))
		rc = text_table(t, table);
	table_free(table);
	return rc;
}

int text_recommendations(struct text *t)
{
	enum { TOLD_ONE_BY_ONE = 8 };
	const struct result *res = t->res;
	struct idset told = { 0 };
	int rc = 0;

	if (res->nrecommendations)
		text_heading(t, "which node for which GPU");
	if (res->nrecommendations > TOLD_ONE_BY_ONE)
		rc = say_rows(t, &told);
	for (size_t i = 0; rc == 0 && i < res->nrecommendations; i++) {
		struct sentence s = recommendation_sentence(&res->recommendations[i]);
		struct idset alike = { 0 };
		char list[128], label[160];

		if (idset_has(&told, res->recommendations[i].gpu))
			continue;
		for (size_t j = i; j < res->nrecommendations; j++) {
			struct sentence other = recommendation_sentence(&res->recommendations[j]);

			if (strcmp(other.text, s.text) == 0)
				idset_add(&alike, res->recommendations[j].gpu);
		}
		told = idset_or(&told, &alike);
		idset_format(&alike, list, sizeof list);
		snprintf(label, sizeof label, "GPU %s", list);
		text_labelled(t, label, s.text);
	}
	return rc;
}

int text_commands(struct text *t)
{
	const struct result *res = t->res;
	bool any = false;

	for (size_t i = 0; i < res->nrecommendations; i++) {
		const struct recommendation *r = &res->recommendations[i];
		char line[COMMAND_TEXT], numactl[COMMAND_TEXT - 16], remark[24], source[4096];

		if (!r->has_node)
			continue;
		if (!any) {
			text_heading(t, "to paste");
			snprintf(line, sizeof line, "numabench bind --gpu %d --from %s -- COMMAND",
				 r->gpu,
				 t->o->source ? shell_quote(source, sizeof source, t->o->source)
					      : "RESULT");
			text_command(t, line, "any GPU");
		}
		any = true;
		snprintf(line, sizeof line, "%s COMMAND",
			 recommendation_numactl(r, numactl, sizeof numactl));
		snprintf(remark, sizeof remark, "GPU %d", r->gpu);
		text_command(t, line, remark);
	}
	return 0;
}
