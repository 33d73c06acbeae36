/* text_together.c - what all GPUs come to at once. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/derive.h"
#include "result/recommend.h"

static bool is_sum_of_all(const struct record *r)
{
	return record_has(r, "together") && record_has(r, "gpus") && record_has_figure(r);
}

/* The least and the most that one of the GPUs gets. */
static bool share_of_each(const struct result *res, const struct record *sum, double *least,
			  double *most)
{
	*least = INFINITY;
	*most = -INFINITY;
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (!record_has_figure(r) || !joint_has_part(sum, r))
			continue;
		*least = fmin(*least, r->median);
		*most = fmax(*most, r->median);
	}
	return isfinite(*least);
}

static const struct record *own_nodes(const struct result *res, const struct record *sum)
{
	const uint64_t apart = record_fields("together", "cpu_node", "mem_node", "threads", NULL);

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (joint_is_sum(r) && record_has_figure(r) && r->together == TOGETHER_OWN_NODES &&
		    record_same_but(sum, r, apart))
			return r;
	}
	return NULL;
}

/* How much better it is that each GPU is fed from its own node. */
static int put_advantage(const struct text *t, struct table *table, const struct record *r)
{
	const struct record *own = r->together == TOGETHER_OWN_NODES ? NULL : own_nodes(t->res, r);
	struct evidence ev;

	if (!own)
		return table_cell(table, "%s", "");
	ev = cells_compare(own, r);
	if (ev.matters == MATTERS_UNDECIDED)
		return table_cell(table, "undecided");
	return ev.matters == MATTERS_YES ? table_cell(table, "%.2fx", ev.advantage)
					 : table_cell(table, "alike");
}

/* What a row says beside what was copied and how much it came to. */
struct columns {
	bool each, alone, own; /* in some row there is something */
};

static struct columns columns_of(const struct result *res, bool (*wanted)(const struct record *r))
{
	struct columns c = { .own = false };
	double least, most;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (!wanted(r))
			continue;
		c.each = c.each || share_of_each(res, r, &least, &most);
		c.alone = c.alone || record_has(r, "of_alone");
		c.own = c.own || (r->together != TOGETHER_OWN_NODES && own_nodes(res, r));
	}
	return c;
}

static int put_sum(struct text *t, struct table *table, const struct record *r,
		   const struct columns *c)
{
	double least, most;
	char what[160], from[32];
	bool unstable = r->status == STATUS_UNSTABLE;
	int rc = table_cell(table, "%s", record_what(r, what, sizeof what));

	t->marked_unstable = t->marked_unstable || unstable;
	if (rc == 0)
		rc = table_cell(table, "%s", text_from(r, from, sizeof from));
	if (rc == 0)
		rc = table_cell(table, "%.1f%s", r->median / 1e9, unstable ? "?" : " ");
	if (rc == 0 && c->each)
		rc = share_of_each(t->res, r, &least, &most)
			     ? table_cell(table, "%.1f-%.1f", least / 1e9, most / 1e9)
			     : table_cell(table, "%s", "");
	if (rc == 0 && c->alone)
		rc = record_has(r, "of_alone") ? table_cell(table, "%.1f %%", 100 * r->of_alone)
					       : table_cell(table, "%s", "");
	return rc == 0 && c->own ? put_advantage(t, table, r) : rc;
}

/* What the heads mean; where a GPU's own node is not the one that feeds it best, that, too. */
static void say_heads(struct text *t, const struct columns *c, bool of_gpus)
{
	const char *disagrees = "";

	for (size_t i = 0; of_gpus && i < t->res->nrecommendations; i++)
		if (t->res->recommendations[i].agreement == DISAGREES)
			disagrees = "; own node: the declared one, which does not feed every GPU "
				    "best";
	if (c->alone || c->own)
		text_say(t, 2, "%s%s%s%s", c->alone ? "of alone: % of the sum of each alone" : "",
			 c->alone && c->own ? "; " : "",
			 c->own ? "own nodes: they come to so many times as much" : "", disagrees);
}

int text_together(struct text *t)
{
	return text_sums(t, is_sum_of_all, "all GPUs at once, GB/s", "from");
}

int text_sums(struct text *t, bool (*wanted)(const struct record *r), const char *heading,
	      const char *from)
{
	const bool of_gpus = wanted == is_sum_of_all;
	const struct columns c = columns_of(t->res, wanted);
	const struct {
		const char *head;
		char align;
		bool shown;
	} columns[] = {
		{ "", 'l', true },
		{ from, 'l', true },
		{ "sum ", 'r', true },
		{ of_gpus ? "per GPU" : "per node", 'r', c.each },
		{ "of alone", 'r', c.alone },
		{ "own nodes", 'r', c.own },
	};
	struct table *table = table_new();
	bool any = false;
	int rc = table ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < sizeof columns / sizeof *columns; i++)
		if (columns[i].shown)
			rc = table_column(table, columns[i].head, columns[i].align);
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		if (!wanted(&t->res->records[i]))
			continue;
		any = true;
		rc = put_sum(t, table, &t->res->records[i], &c);
	}
	if (rc == 0 && any) {
		text_heading(t, "%s", heading);
		rc = text_table(t, table);
		say_heads(t, &c, of_gpus);
	}
	table_free(table);
	return rc;
}
