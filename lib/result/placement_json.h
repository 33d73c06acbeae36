/* placement_json.h - where pages and threads were, as JSON and back. Private to lib/result. */
#ifndef NB_RESULT_PLACEMENT_JSON_H
#define NB_RESULT_PLACEMENT_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "result/record.h"
#include "util/err.h"

/* A new reference, or NULL: out of memory. */
json_t *placement_to_json(const struct placement *p);
/* -EINVAL with "key.member: .." or -ENOMEM in e; *p is then as it was. */
int placement_from_json(struct placement *p, const char *key, const json_t *v, struct err *e);

/* The whole number that v is, also when a program wrote it as 4.0. */
bool json_whole(const json_t *v, json_int_t *i);

#endif
