/* records.c - records as a bench prints them on a terminal. See render.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/field.h"
#include "result/moves.h"
#include "util/units.h"

/* What tells cells apart; a column is printed when it says something: see is_shown. */
struct key {
	const char *field, *head; /* the field is a whole number */
	bool unless_alike;        /* shown only where it is not the memory's node */
	bool unless_same;         /* only where rates of the same memory differ in it */
	bool size;                /* in bytes */
};

static const struct key keys[] = {
	{ .field = "gpu", .head = "GPU" },
	{ .field = "cpu_node", .head = "CPUs of", .unless_alike = true },
	{ .field = "mem_node", .head = "node" },
	{ .field = "bytes", .head = "array", .unless_same = true, .size = true },
	{ .field = "threads", .head = "threads", .unless_same = true },
};
enum { NKEYS = sizeof keys / sizeof keys[0] };

/* So many pairs of cores have a row each. */
enum { PAIRS_MOST = 28 };

/* What was measured at once with others stands in a table of its own, and so do pairs of cores. */
static bool same_table(const struct record *a, const struct record *b)
{
	return strcmp(a->test, b->test) == 0 &&
	       record_has(a, "together") == record_has(b, "together") &&
	       record_has(a, "cpu_pair") == record_has(b, "cpu_pair");
}

/* Of some that differ in this field alone. Copies and latencies say it in their name. */
static bool differs(const struct key *k, const struct record *all, size_t n, const struct record *r)
{
	if (record_has(r, "gpu") || record_has(r, "gpus") || strcmp(r->unit, "B/s") != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!record_same_cell(&all[i], r) &&
		    record_same_but(&all[i], r, record_fields(k->field, NULL)))
			return true;
	return false;
}

/* The CPUs' node is worth a column where it is not that of the memory. */
static bool is_shown(const struct key *k, const struct record *all, size_t n,
		     const struct record *r)
{
	if (k->unless_same && !differs(k, all, n, r))
		return false;
	return record_has(r, k->field) && !record_has(r, "peer") &&
	       (!k->unless_alike || !record_has(r, "mem_node") || r->cpu_node != r->mem_node);
}

/* Empty where the record lacks it; peers are in the name. */
static int put_key(struct table *t, const struct key *k, const struct record *r)
{
	char bytes[32];
	json_t *v;
	int rc;

	if (!record_has(r, k->field) || record_has(r, "peer"))
		return table_cell(t, "%s", "");
	if (k->size)
		return table_cell(t, "%s", format_size(bytes, sizeof bytes, r->bytes));
	v = field_get(&fields[field_index(k->field)], r);
	rc = v ? table_cell(t, "%" JSON_INTEGER_FORMAT, json_integer_value(v)) : -ENOMEM;
	json_decref(v);
	return rc;
}

/* What a record says beyond its own figure; a column is printed where one has it. */
struct extra {
	const char *head;
	double (*value)(const struct record *r); /* NaN: it has none */
	bool in_unit;                            /* of the record; else a share, as per cent */
	double factor;                           /* else, where not 0: of what is printed */
};

static double of_link(const struct record *r)
{
	bool one = record_has(r, "ceiling_negotiated") && !record_has(r, "together");

	return one ? r->median / r->ceiling_negotiated : NAN;
}

static double of_alone(const struct record *r)
{
	return record_has(r, "of_alone") ? r->of_alone : NAN;
}

static double on_bus(const struct record *r)
{
	bool more = record_has(r, "bus_factor") && r->bus_factor > 1;

	return more ? r->median * r->bus_factor : NAN;
}

static double p99(const struct record *r)
{
	return text_quantile(r, "p99");
}

static double load(const struct record *r)
{
	return record_has(r, "injected") ? r->injected : NAN;
}

static const struct extra extras[] = {
	{ .head = "of link", .value = of_link },
	{ .head = "of alone", .value = of_alone },
	{ .head = "on bus", .value = on_bus, .in_unit = true },
	{ .head = "p99", .value = p99, .in_unit = true },
	{ .head = "load, GB/s", .value = load, .factor = 1e9 },
};
enum { NEXTRAS = sizeof extras / sizeof extras[0] };

/* What a table shows. */
struct shown {
	bool keys[NKEYS], extras[NEXTRAS];
	bool any_extra;       /* then `best` gives way */
	bool all_ok;          /* then the heading says so */
	bool all_undersized;  /* likewise */
	const char *unit;     /* of all its figures; NULL: they differ */
	size_t samples;       /* of each; 0: they differ, or there are none */
	size_t first_samples; /* while they are compared */
	bool samples_differ;
};

static int put_number(struct table *t, bool there, double v, const struct record *r)
{
	struct text_unit unit = text_unit_for(r->unit, r->median);
	int decimals = text_decimals(r->median / unit.factor);

	return there && isfinite(v) ? table_cell(t, "%.*f", decimals, v / unit.factor)
				    : table_cell(t, "none");
}

static int put_figures(struct table *t, const struct shown *shown, const struct record *r)
{
	struct text_unit unit = text_unit_for(r->unit, r->median);
	int decimals = text_decimals(r->median / unit.factor), rc;

	rc = table_cell(t, "%.*f%s%s", decimals, r->median / unit.factor, shown->unit ? "" : " ",
			shown->unit ? "" : unit.name);
	if (rc == 0)
		rc = record_has(r, "low") && record_has(r, "high") && isfinite(r->low) &&
				     isfinite(r->high)
			     ? table_cell(t, "%.*f-%.*f", decimals, r->low / unit.factor, decimals,
					  r->high / unit.factor)
			     : table_cell(t, "none");
	if (rc == 0 && !shown->any_extra)
		rc = put_number(t, record_has(r, "best"), r->best, r);
	return rc;
}

static int put_extra(struct table *t, const struct extra *x, const struct record *r)
{
	double v = record_has_figure(r) ? x->value(r) : NAN;

	if (!isfinite(v))
		return table_cell(t, "%s", "");
	if (x->factor > 0)
		return table_cell(t, "%.1f", v / x->factor);
	return x->in_unit ? put_number(t, true, v, r) : table_cell(t, "%.1f %%", 100 * v);
}

/* Without what the columns say. */
static char *name_of(const struct record *r, char *buf, size_t size)
{
	char what[160], from[32];

	if (record_has(r, "peer") || !record_has(r, "metric"))
		return record_name(r, buf, size);
	record_what(r, what, sizeof what);
	if (record_has(r, "together") && !record_has(r, "gpu") && !record_has(r, "gpus"))
		snprintf(buf, size, "%s, all nodes on %s", what,
			 r->together == TOGETHER_ONE_NODE ? text_from(r, from, sizeof from)
							  : "their own");
	else if (record_has(r, "together") && r->together != TOGETHER_BOTH_WAYS)
		snprintf(buf, size, "%s, all from %s", what, text_from(r, from, sizeof from));
	else
		snprintf(buf, size, "%s", what);
	return buf;
}

static bool is_undersized(const struct record *r)
{
	return record_has(r, "undersized") && r->undersized;
}

static int put_record(struct table *t, const struct record *r, const struct shown *shown)
{
	char name[240];
	int rc = table_cell(t, "%s", name_of(r, name, sizeof name));

	for (size_t k = 0; rc == 0 && k < NKEYS; k++)
		if (shown->keys[k])
			rc = put_key(t, &keys[k], r);
	if (rc == 0 && record_has_figure(r)) {
		rc = put_figures(t, shown, r);
	} else {
		/* No figure: median, interval and best stay empty. */
		for (int i = 0; rc == 0 && i < (shown->any_extra ? 2 : 3); i++)
			rc = table_cell(t, "%s", "");
	}
	for (size_t x = 0; rc == 0 && x < NEXTRAS; x++)
		if (shown->extras[x])
			rc = put_extra(t, &extras[x], r);
	if (rc == 0 && !shown->samples)
		rc = table_cell(t, "%zu", r->samples.n);
	if (rc == 0 && !shown->all_ok)
		rc = table_cell(t, "%s%s", status_name(r->status),
				is_undersized(r) && !shown->all_undersized ? ", undersized" : "");
	return rc;
}

static int add_columns(struct table *t, const struct shown *shown)
{
	int rc = table_column(t, "", 'l');

	for (size_t k = 0; rc == 0 && k < NKEYS; k++)
		if (shown->keys[k])
			rc = table_column(t, keys[k].head, 'r');
	if (rc == 0)
		rc = table_column(t, "median", 'r');
	if (rc == 0)
		rc = table_column(t, "95 % interval", 'r');
	if (rc == 0 && !shown->any_extra)
		rc = table_column(t, "best", 'r');
	for (size_t x = 0; rc == 0 && x < NEXTRAS; x++)
		if (shown->extras[x])
			rc = table_column(t, extras[x].head, 'r');
	if (rc == 0 && !shown->samples)
		rc = table_column(t, "samples", 'r');
	return rc < 0 || shown->all_ok ? rc : table_column(t, "status", 'l');
}

/* A record's own unit and number of samples become the table's, where all are alike. */
static void compare_figures(struct shown *shown, const struct record *r, bool *units_differ)
{
	const char *unit = text_unit_for(r->unit, r->median).name;

	*units_differ = *units_differ || (shown->unit && strcmp(shown->unit, unit) != 0);
	shown->unit = unit;
	shown->samples_differ = shown->samples_differ ||
				(shown->first_samples && shown->first_samples != r->samples.n);
	shown->first_samples = r->samples.n;
}

static void choose_columns(struct shown *shown, const struct record *r, size_t n, size_t first)
{
	bool units_differ = false;

	*shown = (struct shown){ .all_ok = true, .all_undersized = true };
	for (size_t i = first; i < n; i++)
		if (same_table(&r[i], &r[first]))
			shown->all_undersized = shown->all_undersized && is_undersized(&r[i]);
	for (size_t i = first; i < n; i++) {
		if (!same_table(&r[i], &r[first]))
			continue;
		shown->all_ok = shown->all_ok && r[i].status == STATUS_OK &&
				(shown->all_undersized || !is_undersized(&r[i]));
		for (size_t k = 0; k < NKEYS; k++)
			shown->keys[k] = shown->keys[k] || is_shown(&keys[k], r, n, &r[i]);
		if (!record_has_figure(&r[i])) {
			shown->samples_differ = true;
			continue;
		}
		compare_figures(shown, &r[i], &units_differ);
		for (size_t x = 0; x < NEXTRAS; x++)
			shown->extras[x] = shown->extras[x] || isfinite(extras[x].value(&r[i]));
	}
	for (size_t x = 0; x < NEXTRAS; x++)
		shown->any_extra = shown->any_extra || shown->extras[x];
	shown->samples = shown->samples_differ ? 0 : shown->first_samples;
	shown->unit = units_differ ? NULL : shown->unit;
}

/* "gpu-bandwidth, several at once, GB/s, 12 samples each, all ok" */
static void print_head(struct text *text, const struct record *r, const struct shown *shown,
		       bool again)
{
	fprintf(text->out, "%s%s%s", again ? "\n" : "", r->test,
		record_has(r, "together") ? ", several at once" : "");
	if (shown->unit)
		fprintf(text->out, ", %s", shown->unit);
	if (shown->samples)
		fprintf(text->out, ", %zu sample%s each", shown->samples, plural(shown->samples));
	if (shown->all_ok)
		fputs(", all ok", text->out);
	if (shown->all_undersized)
		fputs(", all undersized", text->out);
	fputc('\n', text->out);
}

/* Of more pairs of cores than have rows: how many, and from where to where. */
static bool print_pairs(struct text *text, const struct record *r, size_t n, size_t first)
{
	double least = INFINITY, most = -INFINITY;
	size_t pairs = 0;

	for (size_t i = first; i < n && record_has(&r[first], "cpu_pair"); i++) {
		if (!same_table(&r[i], &r[first]))
			continue;
		pairs++;
		if (record_has_figure(&r[i])) {
			least = fmin(least, r[i].median);
			most = fmax(most, r[i].median);
		}
	}
	if (pairs <= PAIRS_MOST)
		return false;
	fputs(first > 0 ? "\n" : "", text->out);
	if (isfinite(least))
		text_say(text, 0, "%s, %s: %zu pairs of CPUs, %.0f to %.0f ns (--json has each)",
			 r[first].test, r[first].metric, pairs, least * 1e9, most * 1e9);
	else
		text_say(text, 0, "%s, %s: %zu pairs of CPUs, none with a figure", r[first].test,
			 r[first].metric, pairs);
	return true;
}

/* The records of r[first]'s table. */
static int print_table(struct text *text, const struct record *r, size_t n, size_t first)
{
	struct table *t = table_new();
	struct shown shown;
	int rc = t ? 0 : -ENOMEM;

	choose_columns(&shown, r, n, first);
	if (rc == 0)
		rc = add_columns(t, &shown);
	for (size_t i = first; rc == 0 && i < n; i++)
		if (same_table(&r[i], &r[first]))
			rc = put_record(t, &r[i], &shown);
	if (rc == 0)
		print_head(text, &r[first], &shown, first > 0);
	if (rc == 0)
		rc = table_print(t, text->out, text->width, 2);
	table_free(t);
	return rc;
}

/* Phases, levels and time lines say little one by one: as in the report. */
static int print_moves(struct text *t, const struct record *r, size_t n)
{
	const struct result moves = { .records = (struct record *)(uintptr_t)r, .nrecords = n };
	int rc;

	t->res = &moves;
	rc = text_migration(t);
	text_legend(t);
	if (rc == 0)
		rc = text_folded(t, r, n);
	return rc < 0 ? rc : ferror(t->out) ? -EIO : 0;
}

int render_records(const struct record *r, size_t n, const struct render_options *o, FILE *out)
{
	struct text text = {
		.o = o,
		.out = out,
		.width = o->width >= 40 ? o->width : TEXT_WIDTH,
	};
	int rc = 0;

	if (n && move_is(&r[0]))
		return print_moves(&text, r, n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen = seen || same_table(&r[i], &r[j]);
		if (!seen && !print_pairs(&text, r, n, i))
			rc = print_table(&text, r, n, i);
	}
	text_forms(&text, "measured by", r, n);
	if (rc == 0)
		rc = text_folded(&text, r, n);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
