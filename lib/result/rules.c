#include "result/rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/judge.h"

enum { MOST_BYTES = 1 << 20 };

static const char *const severities[] = { "fail", "warn", "pass", "silent", NULL };
static const char *const keys[] = { "id", "subject", "severity", "why", NULL };

struct source {
	const char *path;
	bool (*known)(const char *pattern);
	char *text;
};

/* ---- ids of what is judged ---- */

static const char *const judged_ids[] = {
	"physics.pcie-share", "physics.c2c-share", "physics.nvlink-share", "physics.dram-share",
	"physics.dram-bound", "peers.gpu",         "peers.gpu-latency",    "peers.node",
	"peers.node-latency", "peers.pair",        "peers.node-pair",
};
/* How those begin that follow from records and files. */
static const char *const judged_prefixes[] = { "history.", "expect." };

static bool matches_judged(const char *pattern)
{
	for (size_t i = 0; i < sizeof judged_ids / sizeof *judged_ids; i++)
		if (fnmatch(pattern, judged_ids[i], 0) == 0)
			return true;
	for (size_t i = 0; i < sizeof judged_prefixes / sizeof *judged_prefixes; i++)
		if (strncmp(pattern, judged_prefixes[i], strlen(judged_prefixes[i])) == 0)
			return true;
	return false;
}

/* Found in the records by judge() itself: these answer to their very names. */
static bool is_of_run(const struct finding *f)
{
	return strcmp(f->family, reference_name(REFERENCE_RUN)) == 0 ||
	       strcmp(f->id, "gpu.count") == 0;
}

/* The pattern has the first word of the id as it is: "peers." of "peers.gpu". */
static bool names_family(const char *pattern, const struct finding *f)
{
	size_t n = strcspn(f->id, ".");

	return is_of_run(f) ? strcmp(pattern, f->id) == 0
			    : f->id[n] && strncmp(pattern, f->id, n + 1) == 0;
}

/* ---- reading ---- */

static int read_text(struct source *s, struct err *e)
{
	FILE *f = fopen(s->path, "r");
	size_t n;
	int rc = 0;

	if (!f)
		return err_set(e, -errno, "--rules %s: %s", s->path, strerror(errno));
	s->text = malloc(MOST_BYTES);
	n = s->text ? fread(s->text, 1, MOST_BYTES - 1, f) : 0;
	if (s->text)
		s->text[n] = '\0';
	if (!s->text || ferror(f) || !feof(f))
		rc = !s->text ? -ENOMEM : ferror(f) ? -EIO : -EFBIG;
	fclose(f);
	return rc < 0 ? err_set(e, rc, "--rules %s: %s", s->path, strerror(-rc)) : 0;
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

static int wrong(const struct source *s, size_t i, const char *key, const char *what, struct err *e)
{
	return err_set(e, -EINVAL, "--rules %s, line %d: rules[%zu].%s: %s", s->path,
		       line_of_rule(s->text, i), i, key, what);
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (size_t i = 0; text && words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

static const char *text_of(const json_t *rule, const char *key)
{
	return json_string_value(json_object_get(rule, key));
}

static int check_rule(const struct source *s, size_t i, const json_t *rule, struct err *e)
{
	const char *id = text_of(rule, "id"), *key;
	json_t *v;

	if (!json_is_object(rule))
		return wrong(s, i, "", "an object is needed", e);
	json_object_foreach((json_t *)(uintptr_t)rule, key, v)
	{
		if (!is_one_of(key, keys))
			return wrong(s, i, key, "no such key; there are id, subject, severity, why",
				     e);
		if (!json_is_string(v))
			return wrong(s, i, key, "a text is needed", e);
	}
	if (!id)
		return wrong(s, i, "id", "missing", e);
	if (s->known && !s->known(id) && !matches_judged(id))
		return wrong(s, i, "id",
			     "no check has such an id; see numabench check --list, and "
			     "results/README.md for physics.* and the like",
			     e);
	if (!is_one_of(text_of(rule, "severity"), severities))
		return wrong(s, i, "severity", "one of fail, warn, pass, silent is needed", e);
	return 0;
}

static int check_document(const struct source *s, const json_t *doc, struct err *e)
{
	const json_t *list = json_object_get(doc, "rules"), *v;
	const char *key;
	json_t *any;
	size_t i;
	int rc = 0;

	if (!json_is_array(list))
		return err_set(e, -EINVAL,
			       "--rules %s, line 1: rules: a list is needed: { \"rules\": [ .. ] }",
			       s->path);
	json_object_foreach((json_t *)(uintptr_t)doc, key, any)
	{
		if (strcmp(key, "rules") != 0)
			return err_set(e, -EINVAL,
				       "--rules %s, line 1: %s: no such key; there is rules",
				       s->path, key);
	}
	json_array_foreach(list, i, v)
	{
		rc = check_rule(s, i, v, e);
		if (rc < 0)
			break;
	}
	return rc;
}

int rules_read(json_t **list, const char *path, bool (*known)(const char *pattern), struct err *e)
{
	struct source s = { .path = path, .known = known };
	json_t *doc = NULL;
	json_error_t at;
	int rc = read_text(&s, e);

	*list = NULL;
	if (rc == 0) {
		doc = json_loads(s.text, JSON_REJECT_DUPLICATES, &at);
		rc = doc ? check_document(&s, doc, e)
			 : err_set(e, -EINVAL, "--rules %s, line %d, column %d: %s", path, at.line,
				   at.column, at.text);
	}
	if (rc == 0)
		*list = json_incref(json_object_get(doc, "rules"));
	json_decref(doc);
	free(s.text);
	return rc;
}

/* ---- applying ---- */

/* What the last matching rule makes of a finding; NULL: none matches. */
static const char *severity_of(const json_t *list, const struct finding *f, bool judged)
{
	const char *last = NULL;
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		const char *id = text_of(v, "id"), *subject = text_of(v, "subject"),
			   *severity = text_of(v, "severity");

		if (!id || !is_one_of(severity, severities) || fnmatch(id, f->id, 0) != 0 ||
		    (judged && !names_family(id, f)))
			continue;
		if (!subject || fnmatch(subject, f->subject, 0) == 0)
			last = severity;
	}
	return last;
}

size_t rules_apply(const json_t *list, struct result *res, bool judged)
{
	size_t kept = 0, silenced;

	for (size_t i = 0; i < res->nfindings; i++) {
		struct finding *f = &res->findings[i];
		bool bad = strcmp(f->status, "warn") == 0 || strcmp(f->status, "fail") == 0;
		bool ours = (finding_is_judged(f) || is_of_run(f)) == judged;
		const char *severity = bad && ours ? severity_of(list, f, judged) : NULL;

		if (severity && strcmp(severity, "silent") == 0) {
			json_decref(f->more);
			continue;
		}
		if (severity)
			snprintf(f->status, sizeof f->status, "%s", severity);
		res->findings[kept++] = *f;
	}
	silenced = res->nfindings - kept;
	res->nfindings = kept;
	return silenced;
}
