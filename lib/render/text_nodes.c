/* text_nodes.c - which node for which GPU, and on what grounds. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/recommend.h"

/* Reasons for a node that are named beside the strongest. */
enum { OTHERS_NAMED = 3 };

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

static bool speaks_against(const struct evidence *ev, int node)
{
	return ev->matters == MATTERS_YES && ev->best != node;
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
		sentence_add(s, "%s %s %.2fx", named++ ? "," : "; also",
			     evidence_name(ev, part, sizeof part), ev->advantage);
		if (ev->other != r->evidence[0].other)
			sentence_add(s, " node %d", ev->other);
	}
	if (more)
		sentence_add(s, "%s %zu more", named ? ", and" : "; and", more);
}

/* All that is said of a GPU, without its number: the sentence that came with the recommendation,
 * which gives the strongest evidence, and some of the others. */
static void add_grounds(const struct text *t, const struct recommendation *r, struct sentence *s)
{
	char part[240];

	(void)t;
	sentence_add(s, "%s", r->why[0] ? r->why : "no reason given");
	if (r->matters != MATTERS_YES && r->nevidence)
		sentence_add(s, " (%s)", evidence_text(&r->evidence[0], part, sizeof part));
	if (r->matters == MATTERS_YES && r->nevidence)
		add_others(s, r);
	if (r->has_node && r->cpus_shared)
		sentence_add(s, "; its cores are shared with other GPUs");
}

/* ---- the table: the same kinds of transfer for every GPU ---- */

static bool is_pinned(const struct evidence *ev, const char *metric, enum direction d)
{
	return strcmp(ev->metric, metric) == 0 && ev->has_memory && ev->memory == MEM_PINNED &&
	       ev->has_direction && ev->direction == d && !ev->has_together && !ev->has_pages_asked;
}

static bool is_h2d(const struct evidence *ev)
{
	return is_pinned(ev, "bandwidth", DIR_H2D);
}

static bool is_d2h(const struct evidence *ev)
{
	return is_pinned(ev, "bandwidth", DIR_D2H);
}

static bool is_latency(const struct evidence *ev)
{
	return is_pinned(ev, "host-latency", DIR_H2D);
}

static const struct kind_column {
	const char *head;
	bool (*has)(const struct evidence *ev);
} kind_columns[] = {
	{ "pinned h2d", is_h2d },
	{ "pinned d2h", is_d2h },
	{ "latency h2d", is_latency },
};
enum { KINDS = sizeof kind_columns / sizeof *kind_columns };

/* What a kind says: what speaks against the node before all, then what speaks for it, then doubt.
 * NULL: it was not measured on two nodes. */
static const struct evidence *of_kind(const struct recommendation *r, const struct kind_column *k)
{
	const struct evidence *found = NULL;

	for (size_t i = 0; i < r->nevidence; i++) {
		const struct evidence *ev = &r->evidence[i];

		if (!k->has(ev))
			continue;
		if (speaks_against(ev, r->node))
			return ev;
		if (!found || (ev->matters == MATTERS_UNDECIDED && found->matters == MATTERS_NO))
			found = ev;
	}
	return found;
}

/* A GPU whose node the figures have decided, in a kind that has a column. */
static bool is_in_table(const struct recommendation *r)
{
	bool any = false;

	for (size_t k = 0; k < KINDS && r->has_node; k++) {
		const struct evidence *ev = of_kind(r, &kind_columns[k]);

		any = any || (ev && speaks_for(ev, r->node));
	}
	return any && r->measured && r->matters == MATTERS_YES;
}

static bool has_kind(const struct result *res, const struct kind_column *k)
{
	for (size_t i = 0; i < res->nrecommendations; i++)
		if (is_in_table(&res->recommendations[i]) && of_kind(&res->recommendations[i], k))
			return true;
	return false;
}

static int put_kind(struct table *table, const struct recommendation *r, const struct evidence *ev)
{
	if (!ev)
		return table_cell(table, "%s", "");
	if (ev->matters == MATTERS_YES && ev->best != r->node)
		return table_cell(table, "node %d %.2fx", ev->best, ev->advantage);
	if (ev->matters == MATTERS_YES)
		return table_cell(table, "%.2fx", ev->advantage);
	return table_cell(table, ev->matters == MATTERS_NO ? "alike" : "undecided");
}

static int put_row(const struct text *t, struct table *table, const struct recommendation *r,
		   const bool *shown)
{
	const struct machine *m = &t->res->machine;
	const struct gpu *gpu = machine_gpu(m, r->gpu);
	struct known declared = gpu ? gpu_declared_node(m, gpu) : (struct known){ .is = false };
	char cores[160];
	int rc = table_cell(table, "%d", r->gpu);

	if (rc == 0)
		rc = table_cell(table, "%d", r->node);
	if (rc == 0)
		rc = declared.is ? table_cell(table, "%lld%s", declared.value,
					      r->agreement == DISAGREES ? " !" : "")
				 : table_cell(table, "none");
	if (rc == 0 && r->agreement == DISAGREES && t->o->colour)
		table_paint(table, "33");
	for (size_t k = 0; rc == 0 && k < KINDS; k++)
		if (shown[k])
			rc = put_kind(table, r, of_kind(r, &kind_columns[k]));
	idset_format(&r->cpus, cores, sizeof cores);
	return rc < 0 ? rc : table_cell(table, "%s%s", cores, r->cpus_shared ? " (shared)" : "");
}

static void say_legend(struct text *t)
{
	bool disagrees = false;

	for (size_t i = 0; i < t->res->nrecommendations; i++)
		disagrees = disagrees || (is_in_table(&t->res->recommendations[i]) &&
					  t->res->recommendations[i].agreement == DISAGREES);
	text_say(t, 2,
		 "1.25x: times as good as from the worst other node%s; JSON and HTML have the "
		 "intervals",
		 disagrees ? "; !: another is declared" : "");
}

static int say_rows(struct text *t)
{
	struct table *table = table_new();
	bool shown[KINDS], any = false;
	int rc = table ? table_column(table, "GPU", 'r') : -ENOMEM;

	if (rc == 0)
		rc = table_column(table, "node", 'r');
	if (rc == 0)
		rc = table_column(table, "declared", 'l');
	for (size_t k = 0; rc == 0 && k < KINDS; k++) {
		shown[k] = has_kind(t->res, &kind_columns[k]);
		if (shown[k])
			rc = table_column(table, kind_columns[k].head, 'r');
	}
	if (rc == 0)
		rc = table_column(table, "cores", 'l');
	for (size_t i = 0; rc == 0 && i < t->res->nrecommendations; i++)
		if (is_in_table(&t->res->recommendations[i])) {
			any = true;
			rc = put_row(t, table, &t->res->recommendations[i], shown);
		}
	if (rc == 0 && any)
		rc = text_table(t, table);
	table_free(table);
	if (rc == 0 && any)
		say_legend(t);
	return rc;
}

/* ---- sentences ---- */

/* Nodes with cores that a GPU in the table was not measured from. */
static struct idset unmeasured_nodes(const struct machine *m, const struct recommendation *r)
{
	struct idset nodes = machine_cpu_nodes(m), seen = { 0 };

	for (size_t i = 0; i < r->nevidence; i++) {
		idset_add(&seen, r->evidence[i].best);
		idset_add(&seen, r->evidence[i].other);
	}
	return idset_minus(&nodes, &seen);
}

/* What the table does not say of a GPU, and what it does not say of those it has not. */
static void add_beside(const struct text *t, const struct recommendation *r, struct sentence *s)
{
	struct idset left = unmeasured_nodes(&t->res->machine, r);
	char part[240];

	if (!is_in_table(r)) {
		add_grounds(t, r, s);
		return;
	}
	for (size_t i = 0; i < r->nevidence; i++)
		if (speaks_against(&r->evidence[i], r->node))
			sentence_add(s, "%s%s %.2fx on node %d", s->used ? ", " : "against it: ",
				     evidence_name(&r->evidence[i], part, sizeof part),
				     r->evidence[i].advantage, r->evidence[i].best);
	if (!idset_empty(&left)) {
		idset_format(&left, part, sizeof part);
		sentence_add(s, "%snot compared with node %s", s->used ? "; " : "", part);
	}
}

/* A sentence for each GPU that has something to be said; equal ones once. */
static void say_each(struct text *t,
		     void (*add_words)(const struct text *t, const struct recommendation *r,
				       struct sentence *s))
{
	const struct result *res = t->res;
	struct idset told = { 0 };

	for (size_t i = 0; i < res->nrecommendations; i++) {
		struct sentence s = { .used = 0 };
		struct idset alike = { 0 };
		char list[128], label[160];

		add_words(t, &res->recommendations[i], &s);
		if (!s.used || idset_has(&told, res->recommendations[i].gpu))
			continue;
		for (size_t j = i; j < res->nrecommendations; j++) {
			struct sentence other = { .used = 0 };

			add_words(t, &res->recommendations[j], &other);
			if (other.used && strcmp(other.text, s.text) == 0)
				idset_add(&alike, res->recommendations[j].gpu);
		}
		told = idset_or(&told, &alike);
		idset_format(&alike, list, sizeof list);
		snprintf(label, sizeof label, "GPU %s", list);
		text_labelled(t, label, s.text);
	}
}

int text_recommendations(struct text *t)
{
	int rc;

	if (!t->res->nrecommendations)
		return 0;
	text_heading(t, "which node for which GPU");
	rc = say_rows(t);
	if (rc == 0)
		say_each(t, add_beside);
	return rc;
}

bool text_has_grounds(const struct result *res)
{
	for (size_t i = 0; i < res->nrecommendations; i++)
		if (is_in_table(&res->recommendations[i]))
			return true;
	return false;
}

void text_grounds(struct text *t)
{
	say_each(t, add_grounds);
}
