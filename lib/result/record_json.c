/* record_json.c - a record as JSON and back, row by row of the field table. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "result/field.h"
#include "result/record.h"
#include "result/value.h"
#include "util/json.h"

/* Adds "median is not finite" to the reason. */
static void tell_broken(char *reason, size_t size, const char *key)
{
	size_t used = strlen(reason);

	snprintf(reason + used, size - used, "%s%s is not a finite number", used ? "; " : "", key);
}

json_t *record_to_json(const struct record *r)
{
	const struct field *last = &fields[nfields - 1];
	char reason[sizeof r->reason];
	json_t *o = json_object();
	int bad = o == NULL;

	snprintf(reason, sizeof reason, "%s", record_has(r, "reason") ? r->reason : "");
	for (const struct field *f = fields; f < last && !bad; f++) {
		if (!(r->has >> (f - fields) & 1))
			continue;
		if (value_is_broken(f, r))
			tell_broken(reason, sizeof reason, f->key);
		bad = json_object_set_new(o, f->key, field_get(f, r));
	}
	if (!bad && reason[0])
		bad = json_object_set_new(o, last->key, json_text(reason));
	if (!bad && r->more)
		bad = json_object_update_missing(o, r->more);
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

/* What belongs to the samples is as long as they are. */
static int check_lengths(const struct record *r, struct err *e)
{
	const struct {
		const char *key;
		const struct series *s;
	} lists[] = { { "at", &r->at }, { "round", &r->round }, { "fresh", &r->fresh } };

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (record_has(r, lists[i].key) && lists[i].s->n != r->samples.n)
			return err_set(e, -EINVAL, "%s: %zu entries for %zu samples", lists[i].key,
				       lists[i].s->n, r->samples.n);
	return 0;
}

static int keep(struct record *r, const char *key, json_t *v)
{
	if (!r->more)
		r->more = json_object();
	return json_object_set(r->more, key, v);
}

int record_from_json(struct record *r, const json_t *object, struct err *e)
{
	const char *key;
	json_t *v;

	if (!json_is_object(object))
		return err_set(e, -EINVAL, "a record is needed, found %s", json_kind(object));
	/* jansson's iterators want a pointer to non-const; nothing is changed. */
	json_object_foreach((json_t *)(uintptr_t)object, key, v)
	{
		int i = field_index(key), rc;

		if (i < 0) {
			if (keep(r, key, v) < 0)
				return err_set(e, -ENOMEM, "%s: out of memory", key);
			continue;
		}
		rc = value_from_json(&fields[i], r, v, e);
		if (rc < 0)
			return rc;
		/* null is "not known": the figure is absent and the reason stays. */
		if (!json_is_null(v))
			r->has |= (uint64_t)1 << i;
	}
	return check_lengths(r, e);
}
