#include "result/value.h"
#include "util/json.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/placement_json.h"

const char *json_kind(const json_t *v)
{
	if (!v)
		return "nothing";
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		return "null";
	}
	return "something unknown";
}

static json_t *number_to_json(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *series_to_json(const struct series *s, bool whole)
{
	json_t *list = json_array();
	int bad = list == NULL;

	for (size_t i = 0; i < s->n && !bad; i++)
		bad = json_array_append_new(list, whole && isfinite(s->v[i])
							  ? json_integer((json_int_t)s->v[i])
							  : number_to_json(s->v[i]));
	if (!bad)
		return list;
	json_decref(list);
	return NULL;
}

json_t *value_to_json(const struct field *f, const void *base)
{
	const void *p = (const char *)base + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
		return json_text(p);
	case FIELD_INT:
		return json_integer(*(const int *)p);
	case FIELD_U64: /* JSON's integers end at 2^63 - 1, here as with every reader in C */
		return *(const uint64_t *)p <= INT64_MAX
			       ? json_integer((json_int_t) * (const uint64_t *)p)
			       : json_null();
	case FIELD_NUMBER:
		return number_to_json(*(const double *)p);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)p);
	case FIELD_WORD:
		return json_string(f->words[*(const unsigned *)p]);
	case FIELD_SERIES:
	case FIELD_INTEGERS:
		return series_to_json(p, f->type == FIELD_INTEGERS);
	case FIELD_PLACEMENT:
		return placement_to_json(p);
	}
	return NULL;
}

static int wants(const struct field *f, const char *what, const json_t *found, struct err *e)
{
	return err_set(e, -EINVAL, "%s: %s is needed, found %s", f->key, what, json_kind(found));
}

static int read_text(const struct field *f, char *to, const json_t *v, struct err *e)
{
	size_t length = json_string_length(v);

	if (!json_is_string(v))
		return wants(f, "text", v, e);
	if (length >= f->size)
		return err_set(e, -EINVAL, "%s: %zu bytes of text, at most %zu are allowed", f->key,
			       length, f->size - 1);
	if (memchr(json_string_value(v), '\0', length))
		return err_set(e, -EINVAL, "%s: a NUL character within the text", f->key);
	memcpy(to, json_string_value(v), length + 1);
	return 0;
}

static int read_word(const struct field *f, unsigned *to, const json_t *v, struct err *e)
{
	char known[160] = "";

	if (!json_is_string(v))
		return wants(f, "a word", v, e);
	for (unsigned i = 0; f->words[i]; i++) {
		size_t used = strlen(known);

		if (strcmp(f->words[i], json_string_value(v)) == 0) {
			*to = i;
			return 0;
		}
		snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", f->words[i]);
	}
	return err_set(e, -EINVAL, "%s: \"%.40s\" is none of %s", f->key, json_string_value(v),
		       known);
}

static int read_int(const struct field *f, int *to, const json_t *v, struct err *e)
{
	json_int_t i;

	if (!json_whole(v, &i))
		return wants(f, "a whole number", v, e);
	if (i < 0 || i > INT_MAX)
		return err_set(e, -EINVAL, "%s: %lld is not from 0 to %d", f->key, (long long)i,
			       INT_MAX);
	*to = (int)i;
	return 0;
}

static int read_u64(const struct field *f, uint64_t *to, const json_t *v, struct err *e)
{
	json_int_t i;

	if (!json_whole(v, &i))
		return wants(f, "a whole number", v, e);
	if (i < 0)
		return err_set(e, -EINVAL, "%s: %lld is less than 0", f->key, (long long)i);
	*to = (uint64_t)i;
	return 0;
}

static int read_series(const struct field *f, struct series *to, const json_t *v, struct err *e)
{
	bool whole = f->type == FIELD_INTEGERS;
	struct series s = { 0 };
	json_int_t ignored;
	const json_t *item;
	size_t i;

	if (!json_is_array(v))
		return wants(f, "a list of numbers", v, e);
	s.v = calloc(json_array_size(v) + 1, sizeof *s.v);
	if (!s.v)
		return err_set(e, -ENOMEM, "%s: out of memory", f->key);
	json_array_foreach(v, i, item)
	{
		if (whole ? !json_whole(item, &ignored)
			  : !json_is_number(item) && !json_is_null(item)) {
			free(s.v);
			return err_set(e, -EINVAL, "%s[%zu]: a %s is needed, found %s", f->key, i,
				       whole ? "whole number" : "number", json_kind(item));
		}
		s.v[s.n++] = json_is_null(item) ? NAN : json_number_value(item);
	}
	free(to->v);
	*to = s;
	return 0;
}

int value_from_json(const struct field *f, void *base, const json_t *v, struct err *e)
{
	void *p = (char *)base + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
		return read_text(f, p, v, e);
	case FIELD_INT:
		return read_int(f, p, v, e);
	case FIELD_U64:
		return read_u64(f, p, v, e);
	case FIELD_NUMBER:
		if (!json_is_number(v) && !json_is_null(v))
			return wants(f, "a number", v, e);
		*(double *)p = json_is_null(v) ? NAN : json_number_value(v);
		return 0;
	case FIELD_BOOL:
		if (!json_is_boolean(v))
			return wants(f, "true or false", v, e);
		*(bool *)p = json_is_true(v);
		return 0;
	case FIELD_WORD:
		return read_word(f, p, v, e);
	case FIELD_SERIES:
	case FIELD_INTEGERS:
		return read_series(f, p, v, e);
	case FIELD_PLACEMENT:
		return placement_from_json(p, f->key, v, e);
	}
	return err_set(e, -EINVAL, "%s: a row of an unknown type", f->key);
}

bool value_is_broken(const struct field *f, const void *base)
{
	const void *p = (const char *)base + f->offset;
	const struct series *s = p;

	if (f->type == FIELD_NUMBER)
		return !isfinite(*(const double *)p);
	if (f->type != FIELD_SERIES && f->type != FIELD_INTEGERS)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (!isfinite(s->v[i]))
			return true;
	return false;
}

bool value_same(const struct field *f, const void *a, const void *b)
{
	json_t *x, *y;
	bool same;

	a = (const char *)a + f->offset;
	b = (const char *)b + f->offset;
	if (f->type == FIELD_TEXT)
		return strcmp(a, b) == 0;
	if (f->type != FIELD_SERIES && f->type != FIELD_INTEGERS && f->type != FIELD_PLACEMENT)
		return memcmp(a, b, f->size) == 0;
	x = value_to_json(f, (const char *)a - f->offset);
	y = value_to_json(f, (const char *)b - f->offset);
	same = x && y && json_equal(x, y);
	json_decref(x);
	json_decref(y);
	return same;
}

int value_copy(const struct field *f, void *to, const void *from)
{
	const struct series *s;
	struct series copy;

	to = (char *)to + f->offset;
	from = (const char *)from + f->offset;
	if (f->type == FIELD_PLACEMENT)
		return placement_copy(to, from);
	if (f->type != FIELD_SERIES && f->type != FIELD_INTEGERS) {
		memcpy(to, from, f->size);
		return 0;
	}
	s = from;
	copy = (struct series){ .v = calloc(s->n + 1, sizeof *s->v), .n = s->n };
	if (!copy.v)
		return -ENOMEM;
	if (s->n)
		memcpy(copy.v, s->v, s->n * sizeof *s->v);
	free(((struct series *)to)->v);
	*(struct series *)to = copy;
	return 0;
}

void value_release(const struct field *f, void *base)
{
	void *p = (char *)base + f->offset;

	if (f->type == FIELD_PLACEMENT)
		placement_release(p);
	else if (f->type == FIELD_SERIES || f->type == FIELD_INTEGERS)
		free(((struct series *)p)->v);
	memset(p, 0, f->size);
}

int members_to_json(json_t *object, const struct field *table, size_t n, const void *base)
{
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &table[i];

		if (f->type == FIELD_TEXT && !f->identifies && !((const char *)base)[f->offset])
			continue;
		if (json_object_set_new(object, f->key, value_to_json(f, base)) < 0)
			return -ENOMEM;
	}
	return 0;
}

int members_from_json(const struct field *table, size_t n, void *base, const json_t *object,
		      struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const json_t *v = json_object_get(object, table[i].key);

		if (v)
			rc = value_from_json(&table[i], base, v, e);
		else if (table[i].identifies)
			rc = err_set(e, -EINVAL, "%s: missing", table[i].key);
	}
	return rc;
}
