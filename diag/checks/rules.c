#include "rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { MOST_BYTES = 1 << 20 };

static const char *const severities[] = { "fail", "warn", "pass", "silent", NULL };

struct rules {
	const char *path;
	char *text;
	json_t *doc;
};

static int read_text(struct rules *r, struct err *e)
{
	FILE *f = fopen(r->path, "r");
	size_t n;

	if (!f)
		return err_set(e, -errno, "--rules %s: %s", r->path, strerror(errno));
	r->text = malloc(MOST_BYTES);
	n = r->text ? fread(r->text, 1, MOST_BYTES - 1, f) : 0;
	if (r->text)
		r->text[n] = '\0';
	if (!r->text || ferror(f) || !feof(f)) {
		int rc = !r->text ? -ENOMEM : ferror(f) ? -EIO : -EFBIG;

		fclose(f);
		return err_set(e, rc, "--rules %s: %s", r->path, strerror(-rc));
	}
	fclose(f);
	return 0;
}

/* The line where the nth rule begins (from 0): the nth brace at depth 2, outside of texts. */
static int line_of_rule(const char *text, size_t nth)
{
	int line = 1, depth = 0;
	bool quoted = false;

	for (const char *p = text; *p; p++) {
		line += *p == '\n';
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '{' || *p == '['))
			depth++;
		else if (!quoted && (*p == '}' || *p == ']'))
			depth--;
		if (!quoted && *p == '{' && depth == 3 && nth-- == 0)
			return line;
	}
	return line;
}

static int wrong(const struct rules *r, size_t i, const char *key, const char *what, struct err *e)
{
	return err_set(e, -EINVAL, "--rules %s, line %d: rules[%zu].%s: %s", r->path,
		       line_of_rule(r->text, i), i, key, what);
}

/* Findings that are none of the table's: of a run's records, and of --pid. */
static const char *const other_ids[] = { "gpu.count", "run.cells", "process.binding",
					 "process.cores" };

static bool any_check_matches(const char *pattern)
{
	for (size_t i = 0; i < sizeof other_ids / sizeof *other_ids; i++)
		if (fnmatch(pattern, other_ids[i], 0) == 0)
			return true;
	for (size_t f = 0; f < nfamilies; f++)
		for (const struct check *row = families[f].rows; row->id; row++)
			if (fnmatch(pattern, row->id, 0) == 0)
				return true;
	return false;
}

static bool is_severity(const char *text)
{
	for (size_t i = 0; text && severities[i]; i++)
		if (strcmp(severities[i], text) == 0)
			return true;
	return false;
}

static int check_rule(const struct rules *r, size_t i, const json_t *rule, struct err *e)
{
	static const char *const keys[] = { "id", "subject", "severity", "why" };
	const char *id = json_string_value(json_object_get(rule, "id")), *key;
	json_t *v;

	if (!json_is_object(rule))
		return wrong(r, i, "", "an object is needed", e);
	json_object_foreach((json_t *)rule, key, v)
	{
		size_t k = 0;

		while (k < 4 && strcmp(keys[k], key) != 0)
			k++;
		if (k == 4)
			return wrong(r, i, key, "no such key; there are id, subject, severity, why",
				     e);
		if (!json_is_string(v))
			return wrong(r, i, key, "a text is needed", e);
	}
	if (!id)
		return wrong(r, i, "id", "missing", e);
	if (!any_check_matches(id))
		return wrong(r, i, "id", "no check has such an id; see numabench check --list", e);
	if (!is_severity(json_string_value(json_object_get(rule, "severity"))))
		return wrong(r, i, "severity", "one of fail, warn, pass, silent is needed", e);
	return 0;
}

static int parse(struct rules *r, struct err *e)
{
	json_error_t at;
	const json_t *list, *v;
	const char *key;
	json_t *any;
	size_t i;
	int rc = 0;

	r->doc = json_loads(r->text, JSON_REJECT_DUPLICATES, &at);
	if (!r->doc)
		return err_set(e, -EINVAL, "--rules %s, line %d, column %d: %s", r->path, at.line,
			       at.column, at.text);
	list = json_object_get(r->doc, "rules");
	if (!json_is_array(list))
		return err_set(e, -EINVAL,
			       "--rules %s, line 1: rules: a list is needed: { \"rules\": [ .. ] }",
			       r->path);
	json_object_foreach(r->doc, key, any) if (strcmp(key, "rules") != 0) return err_set(
		e, -EINVAL, "--rules %s, line 1: %s: no such key; there is rules", r->path, key);
	json_array_foreach(list, i, v) if (rc == 0) rc = check_rule(r, i, v, e);
	return rc;
}

/* What the last matching rule makes of a finding; NULL: none matches. */
static const char *severity_of(const struct rules *r, const struct finding *f)
{
	const json_t *list = json_object_get(r->doc, "rules"), *v;
	const char *last = NULL;
	size_t i;

	json_array_foreach(list, i, v)
	{
		const char *subject = json_string_value(json_object_get(v, "subject"));

		if (fnmatch(json_string_value(json_object_get(v, "id")), f->id, 0) == 0 &&
		    (!subject || fnmatch(subject, f->subject, 0) == 0))
			last = json_string_value(json_object_get(v, "severity"));
	}
	return last;
}

static void apply(const struct rules *r, struct result *res, size_t *silenced)
{
	size_t kept = 0;

	for (size_t i = 0; i < res->nfindings; i++) {
		struct finding *f = &res->findings[i];
		bool bad = strcmp(f->status, "warn") == 0 || strcmp(f->status, "fail") == 0;
		const char *severity = bad ? severity_of(r, f) : NULL;

		if (severity && strcmp(severity, "silent") == 0) {
			json_decref(f->more);
			++*silenced;
			continue;
		}
		if (severity)
			snprintf(f->status, sizeof f->status, "%s", severity);
		res->findings[kept++] = *f;
	}
	res->nfindings = kept;
}

int rules_apply(const char *path, struct result *res, size_t *silenced, struct err *e)
{
	struct rules r = { .path = path };
	int rc = read_text(&r, e);

	*silenced = 0;
	if (rc == 0)
		rc = parse(&r, e);
	if (rc == 0)
		apply(&r, res, silenced);
	json_decref(r.doc);
	free(r.text);
	return rc;
}
