/* records.c - records as a bench prints them on a terminal. See render.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/field.h"

/* What tells cells apart; a column is printed when it says something: see is_shown. */
struct key {
	const char *field, *head; /* the field is a whole number */
	bool unless_alike;        /* shown only where it is not the memory's node */
};

static const struct key keys[] = {
	{ .field = "gpu", .head = "GPU" },
	{ .field = "cpu_node", .head = "CPUs of", .unless_alike = true },
	{ .field = "mem_node", .head = "node" },
};
enum { NKEYS = sizeof keys / sizeof keys[0] };

static bool same_test(const struct record *a, const struct record *b)
{
	return strcmp(a->test, b->test) == 0;
}

/* The CPUs' node is worth a column where it is not that of the memory. */
static bool is_shown(const struct key *k, const struct record *r)
{
	return record_has(r, k->field) &&
	       (!k->unless_alike || !record_has(r, "mem_node") || r->cpu_node != r->mem_node);
}

/* Empty where the record lacks it. */
static int put_key(struct table *t, const struct key *k, const struct record *r)
{
	json_t *v;
	int rc;

	if (!record_has(r, k->field))
		return table_cell(t, "%s", "");
	v = field_get(&fields[field_index(k->field)], r);
	rc = v ? table_cell(t, "%" JSON_INTEGER_FORMAT, json_integer_value(v)) : -ENOMEM;
	json_decref(v);
	return rc;
}

/* A size is part of a cell's name where one test has several. */
static bool several_sizes(const struct record *r, size_t n, size_t first)
{
	for (size_t i = first; i < n; i++)
		if (same_test(&r[i], &r[first]) && record_has(&r[i], "gpu") &&
		    r[i].bytes != r[first].bytes)
			return true;
	return false;
}

static int put_figures(struct table *t, const struct record *r)
{
	struct text_unit unit = text_unit_for(r->unit, r->median);
	int decimals = text_decimals(r->median / unit.factor), rc;

	rc = table_cell(t, "%.*f %s", decimals, r->median / unit.factor, unit.name);
	if (rc == 0)
		rc = record_has(r, "low") && record_has(r, "high") && isfinite(r->low) &&
				     isfinite(r->high)
			     ? table_cell(t, "%.*f-%.*f", decimals, r->low / unit.factor, decimals,
					  r->high / unit.factor)
			     : table_cell(t, "none");
	if (rc == 0)
		rc = record_has(r, "best") && isfinite(r->best)
			     ? table_cell(t, "%.*f", decimals, r->best / unit.factor)
			     : table_cell(t, "none");
	return rc;
}

static int put_record(struct table *t, const struct record *r, const bool *shown, bool by_bytes)
{
	char what[96];
	int rc = table_cell(t, "%s", text_what(r, by_bytes, what, sizeof what));

	for (size_t k = 0; rc == 0 && k < NKEYS; k++)
		if (shown[k])
			rc = put_key(t, &keys[k], r);
	if (rc == 0 && record_has_figure(r)) {
		rc = put_figures(t, r);
	} else {
		/* No figure: median, interval and best stay empty. */
		for (int i = 0; rc == 0 && i < 3; i++)
			rc = table_cell(t, "%s", "");
	}
	if (rc == 0)
		rc = table_cell(t, "%zu", r->samples.n);
	if (rc == 0)
		rc = table_cell(t, "%s%s", status_name(r->status),
				record_has(r, "undersized") && r->undersized ? ", undersized" : "");
	return rc;
}

static int add_columns(struct table *t, const bool *shown)
{
	static const struct {
		const char *head;
		char align;
	} figures[] = {
		{ "median", 'r' },  { "95 % interval", 'r' }, { "best", 'r' },
		{ "samples", 'r' }, { "status", 'l' },
	};
	int rc = table_column(t, "", 'l');

	for (size_t k = 0; rc == 0 && k < NKEYS; k++)
		if (shown[k])
			rc = table_column(t, keys[k].head, 'r');
	for (size_t c = 0; rc == 0 && c < sizeof figures / sizeof figures[0]; c++)
		rc = table_column(t, figures[c].head, figures[c].align);
	return rc;
}

/* The records of r[first]'s test. */
static int print_test(struct text *text, const struct record *r, size_t n, size_t first)
{
	struct table *t = table_new();
	bool shown[NKEYS] = { false }, sizes = several_sizes(r, n, first);
	int rc = t ? 0 : -ENOMEM;

	for (size_t k = 0; k < NKEYS; k++)
		for (size_t i = first; i < n; i++)
			shown[k] = shown[k] ||
				   (same_test(&r[i], &r[first]) && is_shown(&keys[k], &r[i]));
	if (rc == 0)
		rc = add_columns(t, shown);
	for (size_t i = first; rc == 0 && i < n; i++)
		if (same_test(&r[i], &r[first]))
			rc = put_record(t, &r[i], shown, sizes);
	if (rc == 0)
		fprintf(text->out, "%s%s\n", first ? "\n" : "", r[first].test);
	if (rc == 0)
		rc = table_print(t, text->out, text->width, 2);
	table_free(t);
	return rc;
}

int render_records(const struct record *r, size_t n, const struct render_options *o, FILE *out)
{
	struct text text = {
		.o = o,
		.out = out,
		.width = o->width >= 40 ? o->width : TEXT_WIDTH,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen = seen || same_test(&r[i], &r[j]);
		if (!seen)
			rc = print_test(&text, r, n, i);
	}
	if (rc == 0)
		rc = text_folded(&text, r, n);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
