/* value.h - one member of a struct as JSON and back, by its row of a table.
 *
 * The field table of records is one such table; runs, findings, evidence and
 * recommendations have theirs in result_json.c. Private to lib/result.
 */
#ifndef NB_RESULT_VALUE_H
#define NB_RESULT_VALUE_H

#include <jansson.h>

#include "result/field.h"
#include "util/err.h"

/* A new reference, or NULL: out of memory. A number that is not finite is null. */
json_t *value_to_json(const struct field *f, const void *base);

/* Sets the member. null is taken for FIELD_NUMBER alone, and within
 * FIELD_SERIES, as NaN. -EINVAL with "key: what was needed, what was found" or
 * -ENOMEM in e; the member is then as it was. */
int value_from_json(const struct field *f, void *base, const json_t *v, struct err *e);

/* True where a number, or one of a series, is not finite. */
bool value_is_broken(const struct field *f, const void *base);
bool value_same(const struct field *f, const void *a, const void *b);
/* A deep copy over what `to` holds, which is released. -ENOMEM: `to` is as it was. */
int value_copy(const struct field *f, void *to, const void *from);
void value_release(const struct field *f, void *base); /* leaves an empty member */

/* All members of a table into object; rows that identify always, other texts
 * only where they are not empty. 0, or -ENOMEM. */
int members_to_json(json_t *object, const struct field *table, size_t n, const void *base);

/* All members of a table from object; rows that identify must be there, the
 * others stay as they are when absent. -EINVAL or -ENOMEM with the key in e. */
int members_from_json(const struct field *table, size_t n, void *base, const json_t *object,
		      struct err *e);

/* "a number", "text", "a list" .. */
const char *json_kind(const json_t *v);

#endif
