/* json.h - the few JSON shapes that the machine and its provenance share.
 *
 * A known value is a number; an unknown one is null, and "<key>_why" says why.
 * A set of numbers is its list, "0-3,8". Private to lib/machine.
 */
#ifndef NB_MACHINE_JSON_H
#define NB_MACHINE_JSON_H

#include <jansson.h>

#include "machine/machine.h"

/* Takes value over. 0, or -1 when out of memory (value NULL included). */
int json_put(json_t *object, const char *key, json_t *value);
int json_put_known(json_t *object, const char *key, const struct known *k);
json_t *json_idset(const struct idset *s);

/* The object, or NULL (and the object released) when something could not be put. */
static inline json_t *json_or_null(json_t *object, int bad)
{
	if (!bad)
		return object;
	json_decref(object);
	return NULL;
}

#endif
