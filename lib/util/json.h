/* json.h - the few JSON shapes that several parts share.
 *
 * A known value is a number; an unknown one is null, and "<key>_why" says why.
 * A set of numbers is its list, "0-3,8".
 */
#ifndef NB_UTIL_JSON_H
#define NB_UTIL_JSON_H

#include <jansson.h>

#include "util/idset.h"
#include "util/known.h"

/* Takes value over. 0, or -1 when out of memory (value NULL included). */
int json_put(json_t *object, const char *key, json_t *value);
int json_put_known(json_t *object, const char *key, const struct known *k);
json_t *json_idset(const struct idset *s);

/* A JSON string of any text: where the bytes are not UTF-8 (a name cut within a
 * letter, an argument in another encoding), those outside ASCII become "?".
 * NULL: out of memory. */
json_t *json_text(const char *text);

/* The object, or NULL (and the object released) when something could not be put. */
static inline json_t *json_or_null(json_t *object, int bad)
{
	if (!bad)
		return object;
	json_decref(object);
	return NULL;
}

#endif
