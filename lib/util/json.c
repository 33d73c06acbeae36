#include "util/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int json_put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

int json_put_known(json_t *object, const char *key, const struct known *k)
{
	char why[48];

	if (k->is)
		return json_put(object, key, json_integer(k->value));
	snprintf(why, sizeof(why), "%s_why", key);
	return json_put(object, key, json_null()) |
	       json_put(object, why, json_string(k->why ? k->why : "not known"));
}

json_t *json_idset(const struct idset *s)
{
	char text[40000]; /* 8192 lone CPUs are longer, and cannot be: cores have siblings */

	idset_format(s, text, sizeof(text));
	return json_string(text);
}

json_t *json_text(const char *text)
{
	json_t *v = json_string(text);
	char *ascii;

	if (v)
		return v;
	ascii = strdup(text);
	for (char *p = ascii; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	v = ascii ? json_string(ascii) : NULL;
	free(ascii);
	return v;
}
