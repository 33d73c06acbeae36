/* differences.h - in what two provenances differ, member by member. */
#ifndef NB_RESULT_DIFFERENCES_H
#define NB_RESULT_DIFFERENCES_H

#include <jansson.h>
#include <stddef.h>

struct difference {
	char field[80];               /* "gpus[0].name" */
	char before[100], after[100]; /* the values, as a person reads them */
};

/* All differences of two objects, lists and values; members that say why another is null
 * ("<key>_why") count for nothing. *v is to be freed. -ENOMEM. */
int differences(const json_t *before, const json_t *after, struct difference **v, size_t *n);

#endif
