/* text_latency.c - times of small things on GPUs: each metric by itself. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "util/units.h"

static const char *const quantiles[] = { "p50", "p90", "p99", "max" };
enum { NQUANTILES = sizeof quantiles / sizeof *quantiles };

static bool is_time(const struct record *r)
{
	return record_has(r, "gpu") && strcmp(r->unit, "s") == 0 && !record_has(r, "peer") &&
	       !record_has(r, "together");
}

/* The host's view of a small copy: the one that has a matrix, as node against node. */
static bool is_host_time(const struct record *r)
{
	return is_time(r) && record_has(r, "direction") &&
	       (strcmp(r->metric, "host-latency") == 0 || strcmp(r->metric, "latency") == 0);
}

/* The kind's other direction, or NULL. */
static const struct record *other_way(const struct record *const *likes, size_t n,
				      const struct record *like)
{
	for (size_t i = 0; i < n; i++)
		if (record_has(like, "direction") && likes[i]->direction != like->direction &&
		    record_same_but(
			    likes[i], like,
			    record_fields("gpu", "cpu_node", "mem_node", "direction", NULL)))
			return likes[i];
	return NULL;
}

/* The same on the same nodes and GPU as `r`. */
static const struct record *beside(const struct text *t, const struct record *like,
				   const struct record *r)
{
	for (size_t i = 0; like && i < t->res->nrecords; i++) {
		const struct record *o = &t->res->records[i];

		if (o->gpu == r->gpu && o->cpu_node == r->cpu_node && o->mem_node == r->mem_node &&
		    text_same_kind(like, o))
			return o;
	}
	return NULL;
}

static int put_quantiles(struct table *table, const struct record *r, const struct text_unit *unit)
{
	int rc = 0;

	for (size_t q = 0; rc == 0 && q < NQUANTILES; q++) {
		double v = r && record_has_figure(r) ? text_quantile(r, quantiles[q]) / unit->factor
						     : NAN;

		rc = isfinite(v)
			     ? table_cell(table, "%.*f", text_decimals(v), v)
			     : table_cell(table, "%s", q || !r ? "" : text_status_word(r->status));
	}
	return rc;
}

static int add_columns(struct table *table, const struct record *const ways[2])
{
	int rc = table_column(table, "GPU", 'r');
	char head[32];

	if (rc == 0)
		rc = table_column(table, "node", 'r');
	for (size_t w = 0; w < 2 && ways[w]; w++)
		for (size_t q = 0; rc == 0 && q < NQUANTILES; q++) {
			bool named = q == 0 && record_has(ways[w], "direction");

			snprintf(head, sizeof head, "%s%s%s",
				 named ? direction_name(ways[w]->direction) : "", named ? " " : "",
				 quantiles[q]);
			rc = table_column(table, head, 'r');
		}
	return rc;
}

/* A row for each near cell; of the host's view for each GPU's home alone, for that has a matrix. */
static int print_quantiles(struct text *t, const struct record *const ways[2])
{
	const struct record *like = ways[0];
	struct text_unit unit = text_unit_for("s", text_quantile(like, "p50"));
	struct table *table = table_new();
	char size[32];
	int rc = table ? add_columns(table, ways) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (!text_same_kind(like, r) || !text_is_near(&t->res->machine, r) ||
		    (is_host_time(like) && r != text_home_cell(t, like, r->gpu)))
			continue;
		rc = table_cell(table, "%d", r->gpu);
		if (rc == 0)
			rc = table_cell(table, "%d",
					record_has(r, "mem_node") ? r->mem_node : r->cpu_node);
		if (rc == 0)
			rc = put_quantiles(table, r, &unit);
		if (rc == 0 && ways[1])
			rc = put_quantiles(table, beside(t, ways[1], r), &unit);
	}
	if (rc == 0) {
		text_heading(t, "%s%s%s%s%s, quantiles of all operations, %s",
			     record_has(like, "memory") ? memory_kind_name(like->memory) : "",
			     record_has(like, "memory") ? " " : "", like->metric,
			     ways[1] ? " of " : "",
			     ways[1] ? format_size(size, sizeof size, like->bytes) : "", unit.name);
		rc = text_table(t, table);
	}
	table_free(table);
	return rc;
}

int text_latencies(struct text *t)
{
	const struct record **likes;
	size_t n;
	int rc = matrices_print(t, is_host_time);

	if (rc == 0)
		rc = text_times_by_size(t);
	if (rc < 0)
		return rc;
	rc = text_kinds(t, is_time, &likes, &n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct record *ways[2] = { likes[i], other_way(likes, n, likes[i]) };

		/* Both directions stand in one table: that of the first. */
		if (likes[i]->bytes != text_usual_bytes(t->res, likes[i]) ||
		    !isfinite(text_quantile(likes[i], "p50")) ||
		    (ways[1] && other_way(likes, i, likes[i])))
			continue;
		rc = print_quantiles(t, ways);
	}
	free(likes);
	return rc;
}
