/* result_json.c - the whole document as JSON and back. What the tables here name
 * is described by results/schema.json, and a test compares the two. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/document.h"
#include "result/judge.h"
#include "result/recommend.h"
#include "result/result_tables.h"
#include "result/value.h"
#include "util/json.h"

/* ---- writing ---- */

static json_t *run_to_json(const struct run_info *run)
{
	json_t *o = json_object();
	int bad = members_to_json(o, run_table, nrun_table, run);

	bad |= json_put(o, "command", run->command ? json_incref(run->command) : json_array());
	bad |= json_put(o, "options", run->options ? json_incref(run->options) : json_object());
	if (run->more)
		bad |= json_object_update_missing(o, run->more);
	return json_or_null(o, bad);
}

static json_t *finding_to_json(const struct finding *f)
{
	json_t *o = json_object();
	int bad = members_to_json(o, finding_table, nfinding_table, f);

	if (f->more)
		bad |= json_object_update_missing(o, f->more);
	return json_or_null(o, bad);
}

static json_t *evidence_to_json(const struct evidence *ev)
{
	json_t *o = json_object();
	int bad = members_to_json(o, evidence_table, nevidence_table, ev);

	for (size_t i = 0; i < nevidence_optional; i++) {
		const struct optional_field *f = &evidence_optional[i];

		if (*(const bool *)((const char *)ev + f->has))
			bad |= members_to_json(o, &f->field, 1, ev);
	}
	if (ev->bytes == 0)
		json_object_del(o, "bytes");
	return json_or_null(o, bad);
}

static json_t *recommendation_to_json(const struct recommendation *r)
{
	json_t *o = json_object(), *evidence = json_array();
	int bad = members_to_json(o, recommendation_table, nrecommendation_table, r);

	for (size_t i = 0; i < r->nevidence; i++)
		bad |= json_array_append_new(evidence, evidence_to_json(&r->evidence[i]));
	bad |= json_put(o, "node", r->has_node ? json_integer(r->node) : json_null());
	bad |= json_put(o, "cpus", json_idset(&r->cpus));
	bad |= json_put(o, "basis", json_string(r->measured ? "measured" : "declared"));
	bad |= json_put(o, "evidence", evidence);
	bad |= json_put(o, "agrees_with_declared",
			r->agreement == UNDECLARED ? json_null()
						   : json_boolean(r->agreement == AGREES));
	if (r->more)
		bad |= json_object_update_missing(o, r->more);
	return json_or_null(o, bad);
}

static json_t *verdict_to_json(const struct verdict *v)
{
	json_t *o = json_object(), *reasons = json_array();
	int bad = 0;

	for (size_t i = 0; i < v->nreasons; i++)
		bad |= json_array_append_new(reasons, json_text(v->reasons[i]));
	bad |= json_put(o, "status", json_string(verdict_name(v->status)));
	bad |= json_put(o, "reasons", reasons);
	if (v->more)
		bad |= json_object_update_missing(o, v->more);
	return json_or_null(o, bad);
}

json_t *result_to_json(const struct result *r)
{
	json_t *o = json_object(), *records = json_array(), *checks = json_array(),
	       *recommendations = json_array();
	json_t *host = r->host ? r->host : r->machine.host;
	int bad = 0;

	for (size_t i = 0; i < r->nrecords; i++)
		bad |= json_array_append_new(records, record_to_json(&r->records[i]));
	for (size_t i = 0; i < r->nfindings; i++)
		bad |= json_array_append_new(checks, finding_to_json(&r->findings[i]));
	for (size_t i = 0; i < r->nrecommendations; i++)
		bad |= json_array_append_new(recommendations,
					     recommendation_to_json(&r->recommendations[i]));
	bad |= json_put(o, "schema", json_string(RESULT_SCHEMA));
	bad |= json_put(o, "run", run_to_json(&r->run));
	bad |= json_put(o, "host", host ? json_incref(host) : json_object());
	bad |= json_put(o, "topology", machine_to_json(&r->machine));
	bad |= json_put(o, "records", records);
	bad |= json_put(o, "checks", checks);
	bad |= json_put(o, "recommendations", recommendations);
	bad |= json_put(o, "verdict", verdict_to_json(&r->verdict));
	if (r->more)
		bad |= json_object_update_missing(o, r->more);
	return json_or_null(o, bad);
}

/* ---- reading ---- */

/* What the object has beyond the keys of the table and the list; NULL: nothing. */
static int unknown_keys(json_t **more, const json_t *object, const struct field *table, size_t n,
			const char *const *keys)
{
	json_t *rest = json_copy((json_t *)(uintptr_t)object);

	if (!rest)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		json_object_del(rest, table[i].key);
	for (; *keys; keys++)
		json_object_del(rest, *keys);
	if (json_object_size(rest) == 0) {
		json_decref(rest);
		rest = NULL;
	}
	*more = rest;
	return 0;
}

static int need(const json_t *v, const char *key, json_type type, const char *what, struct err *e)
{
	if (v && json_typeof(v) == type)
		return 0;
	return v ? err_set(e, -EINVAL, "%s: %s is needed, found %s", key, what, json_kind(v))
		 : err_set(e, -EINVAL, "%s: missing", key);
}

static int read_run(struct result *r, const json_t *o, struct err *e)
{
	static const char *const others[] = { "command", "options", NULL };
	struct run_info *run = &r->run;
	json_t *command = json_object_get(o, "command"), *options = json_object_get(o, "options");
	json_t *required = json_object_get(options, "require_gpus");
	int rc = members_from_json(run_table, nrun_table, run, o, e);

	if (rc == 0)
		rc = need(command, "command", JSON_ARRAY, "a list of texts", e);
	for (size_t i = 0; rc == 0 && i < json_array_size(command); i++)
		if (!json_is_string(json_array_get(command, i)))
			rc = err_set(e, -EINVAL, "command[%zu]: text is needed, found %s", i,
				     json_kind(json_array_get(command, i)));
	if (rc == 0)
		rc = need(options, "options", JSON_OBJECT, "an object", e);
	if (rc == 0 && required && (!json_is_integer(required) || json_integer_value(required) < 0))
		rc = err_set(e, -EINVAL, "options.require_gpus: a number of GPUs is needed");
	if (rc < 0)
		return rc;
	run->command = json_incref(command);
	run->options = json_incref(options);
	return unknown_keys(&run->more, o, run_table, nrun_table, others);
}

static int read_host(struct result *r, const json_t *o, struct err *e)
{
	(void)e;
	r->host = json_incref((json_t *)(uintptr_t)o);
	return 0;
}

static int read_record(struct result *r, const json_t *o, struct err *e)
{
	static const char *const needed[] = { "test", "status" };
	struct record rec;
	int rc;

	record_init(&rec);
	rc = record_from_json(&rec, o, e);
	for (size_t i = 0; rc == 0 && i < sizeof needed / sizeof *needed; i++)
		if (!json_object_get(o, needed[i]))
			rc = err_set(e, -EINVAL, "%s: missing", needed[i]);
	if (rc == 0)
		rc = result_add(r, &rec);
	record_release(&rec);
	return rc;
}

int result_find_json(struct result *r, const json_t *o, struct err *e)
{
	static const char *const none[] = { NULL };
	static const char *const statuses[] = { "pass", "warn", "fail", "skip", "unknown" };
	struct finding f = { .status = "" };
	bool known = false;
	int rc = members_from_json(finding_table, nfinding_table, &f, o, e);

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		known = known || strcmp(f.status, statuses[i]) == 0;
	if (rc == 0 && !known)
		rc = err_set(e, -EINVAL,
			     "status: \"%s\" is none of pass, warn, fail, skip, "
			     "unknown",
			     f.status);
	if (rc == 0)
		rc = unknown_keys(&f.more, o, finding_table, nfinding_table, none);
	if (rc == 0)
		rc = result_find(r, &f);
	json_decref(f.more);
	r->verdict.nwarnings += rc == 0 && strcmp(f.status, "warn") == 0;
	return rc;
}

static int read_optional(struct evidence *ev, const json_t *o, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < nevidence_optional; i++) {
		const struct optional_field *f = &evidence_optional[i];
		bool there = json_object_get(o, f->field.key) != NULL;

		*(bool *)((char *)ev + f->has) = there;
		rc = members_from_json(&f->field, 1, ev, o, e);
	}
	return rc;
}

static int read_evidence(struct recommendation *r, const json_t *list, struct err *e)
{
	struct err inner = { "" };
	int rc = need(list, "evidence", JSON_ARRAY, "a list", e);

	if (rc < 0)
		return rc;
	r->evidence = calloc(json_array_size(list) + 1, sizeof *r->evidence);
	if (!r->evidence)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(list); i++) {
		rc = members_from_json(evidence_table, nevidence_table, &r->evidence[i],
				       json_array_get(list, i), &inner);
		if (rc == 0)
			rc = read_optional(&r->evidence[i], json_array_get(list, i), &inner);
		if (rc < 0)
			return err_set(e, rc, "evidence[%zu].%s", i, inner.text);
		r->nevidence++;
	}
	return 0;
}

static int read_binding(struct recommendation *r, const json_t *o, struct err *e)
{
	const json_t *node = json_object_get(o, "node"), *cpus = json_object_get(o, "cpus"),
		     *basis = json_object_get(o, "basis"),
		     *agrees = json_object_get(o, "agrees_with_declared");
	const char *word = json_string_value(basis);

	r->has_node = json_is_integer(node);
	if (!node || !(r->has_node || json_is_null(node)) || json_integer_value(node) < 0 ||
	    json_integer_value(node) > INT_MAX)
		return err_set(e, -EINVAL, "node: a node number or null is needed");
	r->node = (int)json_integer_value(node);
	if (!json_is_string(cpus) || idset_parse_kernel(&r->cpus, json_string_value(cpus)) < 0)
		return err_set(e, -EINVAL, "cpus: a list such as \"0-3,8\" is needed");
	if (!word || (strcmp(word, "measured") != 0 && strcmp(word, "declared") != 0))
		return err_set(e, -EINVAL, "basis: measured or declared is needed");
	r->measured = strcmp(word, "measured") == 0;
	if (!json_is_boolean(agrees) && !json_is_null(agrees))
		return err_set(e, -EINVAL,
			       "agrees_with_declared: true, false or null is needed, found %s",
			       json_kind(agrees));
	r->agreement = json_is_null(agrees)   ? UNDECLARED
		       : json_is_true(agrees) ? AGREES
					      : DISAGREES;
	return 0;
}

static int read_recommendation(struct result *r, const json_t *o, struct err *e)
{
	static const char *const others[] = {
		"node", "cpus", "basis", "evidence", "agrees_with_declared", NULL
	};
	struct recommendation *more = reallocarray(r->recommendations, r->nrecommendations + 1,
						   sizeof *more),
			      *new;
	int rc;

	if (!more)
		return -ENOMEM;
	r->recommendations = more;
	/* It is the result's from here on, whatever is wrong with it. */
	new = &more[r->nrecommendations++];
	*new = (struct recommendation){ .gpu = 0 };
	rc = members_from_json(recommendation_table, nrecommendation_table, new, o, e);
	if (rc == 0)
		rc = read_binding(new, o, e);
	if (rc == 0)
		rc = read_evidence(new, json_object_get(o, "evidence"), e);
	if (rc == 0)
		rc = unknown_keys(&new->more, o, recommendation_table, nrecommendation_table,
				  others);
	return rc;
}

static int read_verdict(struct result *r, const json_t *o, struct err *e)
{
	static const char *const keys[] = { "status", "reasons", NULL };
	const char *status = json_string_value(json_object_get(o, "status"));
	json_t *reasons = json_object_get(o, "reasons");
	struct verdict *v = &r->verdict;
	int word = VERDICT_PASS, rc;

	while (word <= VERDICT_UNKNOWN &&
	       (!status || strcmp(status, verdict_name((enum verdict_status)word)) != 0))
		word++;
	if (word > VERDICT_UNKNOWN)
		return err_set(e, -EINVAL, "status: pass, fail or unknown is needed");
	v->status = (enum verdict_status)word;
	rc = need(reasons, "reasons", JSON_ARRAY, "a list of texts", e);
	if (rc < 0)
		return rc;
	v->reasons = calloc(json_array_size(reasons) + 1, sizeof *v->reasons);
	if (!v->reasons)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(reasons); i++) {
		const json_t *text = json_array_get(reasons, i);

		if (!json_is_string(text) || json_string_length(text) >= sizeof *v->reasons)
			return err_set(e, -EINVAL,
				       "reasons[%zu]: text of at most %zu bytes is needed", i,
				       sizeof *v->reasons - 1);
		memcpy(v->reasons[v->nreasons++], json_string_value(text),
		       json_string_length(text) + 1);
	}
	return unknown_keys(&v->more, o, NULL, 0, keys);
}

static int read_topology(struct result *r, const json_t *o, struct err *e)
{
	return machine_from_json(&r->machine, o, e);
}

/* The document's members; a list is read element by element. */
static const struct part {
	const char *key;
	bool list;
	int (*read)(struct result *r, const json_t *object, struct err *e);
	bool names_itself; /* its errors begin with the key already */
} parts[] = {
	{ .key = "run", .read = read_run },
	{ .key = "host", .read = read_host },
	{ .key = "topology", .read = read_topology, .names_itself = true },
	{ .key = "records", .read = read_record, .list = true },
	{ .key = "checks", .read = result_find_json, .list = true },
	{ .key = "recommendations", .read = read_recommendation, .list = true },
	{ .key = "verdict", .read = read_verdict },
};
enum { NPARTS = sizeof parts / sizeof *parts };

static int read_object(struct result *r, const struct part *p, const json_t *o, const char *place,
		       struct err *e)
{
	struct err inner = { "" };
	int rc = need(o, place, JSON_OBJECT, "an object", e);

	if (rc < 0)
		return rc;
	rc = p->read(r, o, &inner);
	if (rc == -ENOMEM)
		return err_set(e, rc, "%s: out of memory", place);
	if (rc < 0 && p->names_itself)
		return err_set(e, rc, "%s", inner.text);
	return rc < 0 ? err_set(e, rc, "%s.%s", place, inner.text) : 0;
}

static int read_part(struct result *r, const struct part *p, const json_t *v, struct err *e)
{
	char place[64];
	int rc = 0;

	if (!p->list)
		return read_object(r, p, v, p->key, e);
	rc = need(v, p->key, JSON_ARRAY, "a list", e);
	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++) {
		snprintf(place, sizeof place, "%s[%zu]", p->key, i);
		rc = read_object(r, p, json_array_get(v, i), place, e);
	}
	return rc;
}

int result_from_json(struct result *r, const json_t *doc, struct err *e)
{
	const char *keys[NPARTS + 2] = { "schema" };
	int rc = document_check(doc, RESULT_SCHEMA, "a result of numabench", e);

	for (size_t i = 0; i < NPARTS && rc == 0; i++) {
		keys[i + 1] = parts[i].key;
		rc = read_part(r, &parts[i], json_object_get(doc, parts[i].key), e);
	}
	return rc == 0 ? unknown_keys(&r->more, doc, NULL, 0, keys) : rc;
}
