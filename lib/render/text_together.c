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

static int put_sum(struct text *t, struct table *table, const struct record *r)
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
	if (rc == 0)
		rc = share_of_each(t->res, r, &least, &most)
			     ? table_cell(table, "%.1f-%.1f", least / 1e9, most / 1e9)
			     : table_cell(table, "%s", "");
	if (rc == 0)
		rc = record_has(r, "of_alone") ? table_cell(table, "%.1f %%", 100 * r->of_alone)
					       : table_cell(table, "%s", "");
	return rc < 0 ? rc : put_advantage(t, table, r);
}

int text_together(struct text *t)
{
	return text_sums(t, is_sum_of_all, "all GPUs at once, GB/s", "from");
}

int text_sums(struct text *t, bool (*wanted)(const struct record *r), const char *heading,
	      const char *from)
{
	const struct {
		const char *head;
		char align;
	} columns[] = {
		{ "", 'l' },     { from, 'l' },       { "in all ", 'r' },
		{ "each", 'r' }, { "of alone", 'r' }, { "own nodes", 'r' },
	};
	struct table *table = table_new();
	bool any = false;
	int rc = table ? 0 : -ENOMEM;

	for (size_t c = 0; rc == 0 && c < sizeof columns / sizeof *columns; c++)
		rc = table_column(table, columns[c].head, columns[c].align);
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		if (!wanted(&t->res->records[i]))
			continue;
		any = true;
		rc = put_sum(t, table, &t->res->records[i]);
	}
	if (rc == 0 && any) {
		text_heading(t, "%s", heading);
		rc = text_table(t, table);
		text_say(t, 2,
			 "of alone: beside the sum of what each comes to by itself; own nodes: how "
			 "much more they give in all");
	}
	table_free(table);
	return rc;
}
