/* csv.c - one row a record, for spreadsheets, data frames and gnuplot (RFC 4180). The columns are
 * those of the field table. See formats.h; results/README.md describes them. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "render/formats.h"
#include "render/marks.h"
#include "result/field.h"

static const struct mark quotes[] = { { '"', "\"\"" }, { 0, NULL } };

/* What becomes a column of its own out of an object: of a field, or, without one, of what a record
 * has beside the table. */
static const struct part_column {
	const char *field, *object, *key, *column;
} parts_of[] = {
	{ "placement", NULL, "requested", "placement_requested" },
	{ "placement", NULL, "weights", "placement_weights" },
	{ "placement", NULL, "resident", "placement_resident" },
	{ "placement", NULL, "ran_on", "placement_ran_on" },
	{ "placement", NULL, "proof", "placement_proof" },
	{ NULL, "quantiles", "p50", "p50" },
	{ NULL, "quantiles", "p90", "p90" },
	{ NULL, "quantiles", "p99", "p99" },
	{ NULL, "quantiles", "max", "max" },
};
enum { NPARTS = sizeof parts_of / sizeof *parts_of };

static void put_text(FILE *out, const char *text)
{
	marks_print_field(out, text, quotes);
}

/* Of a list or an object: one of several within a field. */
static void put_element(FILE *out, const json_t *v)
{
	if (json_is_integer(v))
		fprintf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		fprintf(out, "%.17g", json_real_value(v));
	else if (json_is_boolean(v))
		fputs(json_is_true(v) ? "true" : "false", out);
	else if (json_is_null(v))
		fputs("nan", out);
}

/* Nothing where it is not known or does not apply; a list's elements have blanks between them, an
 * object's are key:value. */
static void put_value(FILE *out, json_t *v)
{
	const char *key;
	json_t *each;
	size_t i;

	if (json_is_string(v)) {
		put_text(out, json_string_value(v));
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, each)
		{
			fputs(i ? " " : "", out);
			put_element(out, each);
		}
	} else if (json_is_object(v)) {
		i = 0;
		json_object_foreach(v, key, each)
		{
			fprintf(out, "%s%s:", i++ ? " " : "", key);
			put_element(out, each);
		}
	} else if (!json_is_null(v)) {
		put_element(out, v);
	}
}

/* What comes of the samples: never shown of a record that is no result. What the link or the memory
 * could give, and how bytes are counted, holds without them. */
static bool is_figure(const struct field *f)
{
	static const char *const others[] = { "bus_factor", "ceiling_negotiated",
					      "ceiling_capable" };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcmp(f->key, others[i]) == 0)
			return false;
	return f->type == FIELD_NUMBER || f->type == FIELD_SERIES;
}

/* Texts in which there may be anything, and which make no cell what it is. They come last: where
 * one holds a quote and a comma, gnuplot takes the rest of its row to pieces wrongly. */
static bool is_prose(const struct field *f)
{
	return f->type == FIELD_TEXT && !f->identifies && strcmp(f->key, "unit") != 0;
}

static bool is_split(const struct field *f)
{
	return f->type == FIELD_PLACEMENT;
}

static int put_fields(FILE *out, const struct record *r, bool prose)
{
	for (size_t i = 0; i < nfields; i++) {
		const struct field *f = &fields[i];
		json_t *v;

		if (is_split(f) || is_prose(f) != prose)
			continue;
		fputc(',', out);
		if (!(r->has >> i & 1) || (is_figure(f) && !record_has_figure(r)))
			continue;
		v = field_get(f, r);
		if (!v)
			return -ENOMEM;
		put_value(out, v);
		json_decref(v);
	}
	return 0;
}

static int put_parts(FILE *out, const struct record *r)
{
	for (const struct part_column *p = parts_of; p < parts_of + NPARTS; p++) {
		const struct field *f = p->field ? &fields[field_index(p->field)] : NULL;
		json_t *held = f ? field_get(f, r) : NULL;
		const json_t *in = f ? held : json_object_get(r->more, p->object);

		if (f && record_has(r, p->field) && !held)
			return -ENOMEM;
		fputc(',', out);
		if (f)
			put_value(out, json_object_get(in, p->key));
		else if (record_has_figure(r) && json_is_number(json_object_get(in, p->key)))
			put_element(out, json_object_get(in, p->key));
		json_decref(held);
	}
	return 0;
}

static void put_heads(FILE *out, bool prose)
{
	for (size_t i = 0; i < nfields; i++)
		if (!is_split(&fields[i]) && is_prose(&fields[i]) == prose)
			fprintf(out, ",%s", fields[i].key);
}

static void put_head(FILE *out)
{
	fputs("run,simulated,name", out);
	put_heads(out, false);
	for (size_t i = 0; i < NPARTS; i++)
		fprintf(out, ",%s", parts_of[i].column);
	put_heads(out, true);
	fputs("\r\n", out);
}

static int put_record(FILE *out, const struct run_info *run, const struct record *r)
{
	char name[240];
	int rc;

	put_text(out, run->id);
	fprintf(out, ",%s,", run->simulated ? "true" : "false");
	put_text(out, record_name(r, name, sizeof name));
	rc = put_fields(out, r, false);
	if (rc == 0)
		rc = put_parts(out, r);
	if (rc == 0)
		rc = put_fields(out, r, true);
	fputs("\r\n", out);
	return rc;
}

int format_csv_several(const struct result *const *of, size_t n, const struct render_options *o,
		       FILE *out)
{
	int rc = 0;

	(void)o;
	put_head(out);
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < of[k]->nrecords && rc == 0; i++)
			rc = put_record(out, &of[k]->run, &of[k]->records[i]);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}

int format_csv(const struct result *r, const struct render_options *o, FILE *out)
{
	return format_csv_several(&r, 1, o, out);
}
