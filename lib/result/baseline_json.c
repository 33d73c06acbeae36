/* baseline_json.c - a baseline as JSON and back. See baseline.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/baseline.h"
#include "result/document.h"
#include "result/field.h"
#include "result/regress.h"
#include "result/value.h"
#include "util/json.h"

enum { LINES_TO_DEPTH = 2, MIB_MAX = 64, RUNS_MAX = 10000, CELLS_MAX = 50000 };
static const char what[] = "a baseline of numabench";

#define MEMBER(s, m) .key = #m, .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)
/* A row that identifies must be there. */
#define NEEDED(s, m) MEMBER(s, m), .identifies = true

static const struct field label_table[] = {
	{ NEEDED(run_label, id), .type = FIELD_TEXT },
	{ NEEDED(run_label, started), .type = FIELD_TEXT },
	{ NEEDED(run_label, host), .type = FIELD_TEXT },
	{ NEEDED(run_label, version), .type = FIELD_TEXT },
};
static const struct field dropped_table[] = {
	{ NEEDED(dropped, run), .type = FIELD_TEXT },
	{ NEEDED(dropped, why), .type = FIELD_TEXT },
};
static const struct field made_row[] = { { NEEDED(baseline, made), .type = FIELD_TEXT } };

#undef NEEDED
#undef MEMBER

enum { LABELS = sizeof label_table / sizeof *label_table };
enum { DROPPED = sizeof dropped_table / sizeof *dropped_table };

/* ---- writing ---- */

static json_t *figure(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *cell_to_json(const struct runs *r, const struct runs_cell *c)
{
	json_t *o = record_to_json(&c->rec), *list = json_array();
	double *v = calloc(r->n + 1, sizeof *v);
	struct trial t = { .before = v, .after = v, .higher = true };
	int bad = !v;

	t.n = t.m = v ? runs_medians(r, c, v) : 0;
	bad |= regress(&t, 1) < 0;
	for (size_t i = 0; i < r->n; i++)
		bad |= json_array_append_new(list, figure(c->medians[i]));
	bad |= json_object_del(o, "status");
	bad |= json_put(o, "medians", list);
	bad |= json_put(o, "median", figure(t.base));
	bad |= json_put(o, "spread", figure(t.spread));
	free(v);
	return json_or_null(o, bad);
}

static int put_table(json_t *to, const struct field *table, size_t n, const void *base)
{
	json_t *o = json_object();
	int bad = members_to_json(o, table, n, base);

	return json_array_append_new(to, json_or_null(o, bad));
}

json_t *baseline_to_json(const struct baseline *b)
{
	const struct runs *r = &b->runs;
	json_t *o = json_object(), *runs = json_array(), *dropped = json_array(),
	       *cells = json_array();
	int bad = 0;

	for (size_t i = 0; i < r->n; i++)
		bad |= put_table(runs, label_table, LABELS, &r->runs[i]);
	for (size_t i = 0; i < b->ndropped; i++)
		bad |= put_table(dropped, dropped_table, DROPPED, &b->dropped[i]);
	for (size_t i = 0; i < r->ncells; i++)
		bad |= json_array_append_new(cells, cell_to_json(r, &r->cells[i]));
	bad |= json_put(o, "schema", json_string(BASELINE_SCHEMA));
	bad |= json_put(o, "made", json_text(b->made));
	bad |= json_put(o, "simulated", json_boolean(r->simulated));
	bad |= json_put(o, "pooled", json_boolean(r->pooled));
	bad |= json_put(o, "runs", runs);
	bad |= json_put(o, "dropped", dropped);
	bad |= json_put(o, "identity", r->identity ? json_incref(r->identity) : json_object());
	bad |= json_put(o, "conditions",
			r->conditions ? json_incref(r->conditions) : json_object());
	bad |= json_put(o, "cells", cells);
	return json_or_null(o, bad);
}

int baseline_print(const struct baseline *b, FILE *out)
{
	json_t *doc = baseline_to_json(b);
	int rc = document_print(doc, LINES_TO_DEPTH, out);

	json_decref(doc);
	return rc;
}

int baseline_write(const struct baseline *b, const char *path, struct err *e)
{
	json_t *doc = baseline_to_json(b);
	int rc = document_write(doc, LINES_TO_DEPTH, path, e);

	json_decref(doc);
	return rc;
}

/* ---- reading ---- */

static int need(const json_t *doc, const char *key, json_type type, const char *kind,
		const json_t **v, struct err *e)
{
	*v = json_object_get(doc, key);
	if (*v && json_typeof(*v) == type)
		return 0;
	if (*v && (type == JSON_TRUE || type == JSON_FALSE) && json_is_boolean(*v))
		return 0;
	return *v ? err_set(e, -EINVAL, "%s: %s is needed, found %s", key, kind, json_kind(*v))
		  : err_set(e, -EINVAL, "%s: missing", key);
}

static int read_runs(struct baseline *b, const json_t *list, struct err *e)
{
	size_t n = json_array_size(list);
	int rc = 0;

	if (n < 1 || n > RUNS_MAX)
		return err_set(e, -EINVAL, "runs: %zu runs, 1 to %d are needed", n, RUNS_MAX);
	b->runs.runs = calloc(n, sizeof *b->runs.runs);
	if (!b->runs.runs)
		return err_set(e, -ENOMEM, "out of memory");
	b->runs.n = n;
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = members_from_json(label_table, LABELS, &b->runs.runs[i],
				       json_array_get(list, i), e);
		if (rc < 0)
			err_within(e, rc, "runs[%zu]", i);
	}
	return rc;
}

static int read_dropped(struct baseline *b, const json_t *list, struct err *e)
{
	size_t n = json_array_size(list);
	int rc = 0;

	b->dropped = calloc(n + 1, sizeof *b->dropped);
	if (!b->dropped)
		return err_set(e, -ENOMEM, "out of memory");
	for (; b->ndropped < n && rc == 0; b->ndropped += rc == 0) {
		rc = members_from_json(dropped_table, DROPPED, &b->dropped[b->ndropped],
				       json_array_get(list, b->ndropped), e);
		if (rc < 0)
			err_within(e, rc, "dropped[%zu]", b->ndropped);
	}
	return rc;
}

static int check_unit(const struct record *r, const struct runs_unit **unit, struct err *e)
{
	*unit = runs_unit_of(r);
	if (!*unit)
		return err_set(e, -EINVAL, "unit: \"%s\" is none of B/s, s", r->unit);
	if (r->better != (*unit)->better)
		return err_set(e, -EINVAL, "better: of %s the %s is the better one", (*unit)->name,
			       (*unit)->better == BETTER_HIGHER ? "higher" : "lower");
	return 0;
}

/* The members that identify a cell; what is not known is left. */
static int read_identity(struct record *r, const json_t *o, struct err *e)
{
	static const char *const needed[] = { "test", "metric", "unit", "better" };
	const uint64_t besides = record_fields("unit", "better", "path", NULL);
	int rc = 0;

	if (!json_is_object(o))
		return err_set(e, -EINVAL, "an object is needed, found %s", json_kind(o));
	for (size_t i = 0; i < nfields && rc == 0; i++) {
		const json_t *v = json_object_get(o, fields[i].key);

		if (!v || !(fields[i].identifies || besides >> i & 1))
			continue;
		rc = value_from_json(&fields[i], r, v, e);
		r->has |= (uint64_t)1 << i;
		if (rc == 0 && value_is_broken(&fields[i], r))
			rc = err_set(e, -EINVAL, "%s: null within", fields[i].key);
	}
	for (size_t i = 0; i < sizeof needed / sizeof *needed && rc == 0; i++)
		if (!record_has(r, needed[i]))
			rc = err_set(e, -EINVAL, "%s: missing", needed[i]);
	return rc;
}

static int read_medians(struct runs_cell *c, size_t n, const json_t *list,
			const struct runs_unit *unit, struct err *e)
{
	size_t figures = 0;

	if (!json_is_array(list) || json_array_size(list) != n)
		return err_set(
			e, -EINVAL,
			"medians: a list of %zu is needed, one for each run, found %s of %zu", n,
			json_kind(list), json_array_size(list));
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(list, i);
		double x = json_number_value(v);

		if (json_is_null(v))
			continue;
		if (!json_is_number(v))
			return err_set(e, -EINVAL, "medians[%zu]: a number is needed, found %s", i,
				       json_kind(v));
		if (!runs_is_figure(unit, x))
			return err_set(e, -EINVAL,
				       "medians[%zu]: %g cannot be %s; they are from %g to %g", i,
				       x, unit->name, unit->low, unit->high);
		c->medians[i] = x;
		figures++;
	}
	return figures ? 0 : err_set(e, -EINVAL, "medians: no figure in them");
}

/* Keeps what identifies the cell in `seen`; -EINVAL where it is there already. */
static int see(json_t *seen, const struct record *rec, struct err *e)
{
	static const char *const besides[] = { "unit", "better", "path", "status" };
	json_t *o = record_to_json(rec);
	char *key;
	int rc = 0;

	for (size_t i = 0; i < sizeof besides / sizeof *besides; i++)
		json_object_del(o, besides[i]);
	key = o ? json_dumps(o, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
	if (!key)
		rc = err_set(e, -ENOMEM, "out of memory");
	else if (json_object_get(seen, key))
		rc = err_set(e, -EINVAL, "the same cell is there before");
	else if (json_object_set_new(seen, key, json_true()) < 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	free(key);
	json_decref(o);
	return rc;
}

static int read_cell(struct baseline *b, const json_t *o, json_t *seen, struct err *e)
{
	struct runs *r = &b->runs;
	struct runs_cell *c;
	struct record rec;
	const struct runs_unit *unit = NULL;
	int rc;

	record_init(&rec);
	rc = read_identity(&rec, o, e);
	if (rc == 0)
		rc = check_unit(&rec, &unit, e);
	if (rc == 0)
		rc = see(seen, &rec, e);
	if (rc == 0) {
		c = runs_new_cell(r, &rec, AGAINST_NOTHING);
		rc = c ? read_medians(c, r->n, json_object_get(o, "medians"), unit, e)
		       : err_set(e, -ENOMEM, "out of memory");
	}
	record_release(&rec);
	return rc;
}

static int read_cells(struct baseline *b, const json_t *list, struct err *e)
{
	json_t *seen = json_object();
	int rc = 0;

	if (!json_array_size(list) || json_array_size(list) > CELLS_MAX)
		rc = err_set(e, -EINVAL, "cells: %zu, 1 to %d are needed", json_array_size(list),
			     CELLS_MAX);
	for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
		rc = read_cell(b, json_array_get(list, i), seen, e);
		if (rc < 0)
			err_within(e, rc, "cells[%zu]", i);
	}
	json_decref(seen);
	return rc;
}

int baseline_from_json(struct baseline *b, const json_t *doc, struct err *e)
{
	const json_t *v[7];
	const struct {
		const char *key;
		json_type type;
		const char *kind;
	} members[] = {
		{ "runs", JSON_ARRAY, "a list" },
		{ "dropped", JSON_ARRAY, "a list" },
		{ "identity", JSON_OBJECT, "an object" },
		{ "conditions", JSON_OBJECT, "an object" },
		{ "simulated", JSON_FALSE, "true or false" },
		{ "pooled", JSON_FALSE, "true or false" },
		{ "cells", JSON_ARRAY, "a list" },
	};
	int rc = document_check(doc, BASELINE_SCHEMA, what, e);

	if (rc == 0)
		rc = members_from_json(made_row, 1, b, doc, e);
	for (size_t i = 0; i < sizeof members / sizeof *members && rc == 0; i++)
		rc = need(doc, members[i].key, members[i].type, members[i].kind, &v[i], e);
	if (rc == 0)
		rc = read_runs(b, v[0], e);
	if (rc == 0)
		rc = read_dropped(b, v[1], e);
	if (rc < 0)
		return rc;
	b->runs.identity = json_deep_copy(v[2]);
	b->runs.conditions = json_deep_copy(v[3]);
	b->runs.simulated = json_is_true(v[4]);
	b->runs.pooled = json_is_true(v[5]);
	return read_cells(b, v[6], e);
}

int baseline_read(struct baseline *b, const char *path, struct err *e)
{
	json_t *doc;
	int rc = document_read(&doc, path, MIB_MAX, what, e);

	if (rc < 0)
		return rc;
	rc = baseline_from_json(b, doc, e);
	json_decref(doc);
	return rc < 0 ? err_within(e, rc, "%s", document_name(path)) : 0;
}
