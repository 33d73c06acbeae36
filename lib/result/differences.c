#include "result/differences.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct found {
	struct difference *v;
	size_t n;
	int rc;
};

/* Texts without their quotes; what is not there at all is "absent". */
static void put_value(char *buf, size_t size, const json_t *v)
{
	char *text;

	if (!v || json_is_null(v) || json_is_string(v)) {
		snprintf(buf, size, "%s",
			 !v                ? "absent"
			 : json_is_null(v) ? "not known"
					   : json_string_value(v));
		return;
	}
	text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	snprintf(buf, size, "%s", text ? text : "?");
	free(text);
}

static void add(struct found *f, const char *field, const json_t *before, const json_t *after)
{
	struct difference *more = realloc(f->v, (f->n + 1) * sizeof *more);

	if (!more) {
		f->rc = -ENOMEM;
		return;
	}
	f->v = more;
	snprintf(f->v[f->n].field, sizeof f->v->field, "%s", field);
	put_value(f->v[f->n].before, sizeof f->v->before, before);
	put_value(f->v[f->n++].after, sizeof f->v->after, after);
}

static bool says_why(const char *key)
{
	size_t n = strlen(key);

	return n > 4 && strcmp(key + n - 4, "_why") == 0;
}

static void walk(struct found *f, const char *field, const json_t *before, const json_t *after);

static void walk_member(struct found *f, const char *field, const char *key, const json_t *before,
			const json_t *after)
{
	char inner[80];

	if (says_why(key))
		return;
	snprintf(inner, sizeof inner, "%.50s%s%.28s", field, *field ? "." : "", key);
	walk(f, inner, before, after);
}

static void walk_objects(struct found *f, const char *field, const json_t *before,
			 const json_t *after)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)before, key, v)
		walk_member(f, field, key, v, json_object_get(after, key));
	json_object_foreach((json_t *)(uintptr_t)after, key, v) if (!json_object_get(before, key))
		walk_member(f, field, key, NULL, v);
}

static void walk_lists(struct found *f, const char *field, const json_t *before,
		       const json_t *after)
{
	size_t n = json_array_size(before), m = json_array_size(after);
	char inner[100];

	if (n != m) {
		json_t *a = json_integer((json_int_t)n), *b = json_integer((json_int_t)m);

		snprintf(inner, sizeof inner, "number of %.60s", field);
		add(f, inner, a, b);
		json_decref(a);
		json_decref(b);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		snprintf(inner, sizeof inner, "%.60s[%zu]", field, i);
		walk(f, inner, json_array_get(before, i), json_array_get(after, i));
	}
}

static void walk(struct found *f, const char *field, const json_t *before, const json_t *after)
{
	if (json_is_object(before) && json_is_object(after))
		walk_objects(f, field, before, after);
	else if (json_is_array(before) && json_is_array(after))
		walk_lists(f, field, before, after);
	else if (!json_equal(before, after))
		add(f, field, before, after);
}

int differences(const json_t *before, const json_t *after, struct difference **v, size_t *n)
{
	struct found f = { .v = NULL };

	walk(&f, "", before, after);
	*v = f.v;
	*n = f.n;
	return f.rc;
}
