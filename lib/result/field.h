/* field.h - the field table: one row for every key of a record. */
#ifndef NB_RESULT_FIELD_H
#define NB_RESULT_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "result/record.h"

enum field_type {
	FIELD_TEXT,      /* char [] */
	FIELD_INT,       /* int */
	FIELD_U64,       /* uint64_t */
	FIELD_NUMBER,    /* double */
	FIELD_BOOL,      /* bool */
	FIELD_WORD,      /* an enum; words[] */
	FIELD_SERIES,    /* struct series of numbers */
	FIELD_INTEGERS,  /* struct series of whole numbers */
	FIELD_PLACEMENT, /* struct placement */
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset, size;
	const char *const *words; /* FIELD_WORD: NULL-terminated, in the order of the enum */
	bool identifies;          /* part of what makes a cell this cell */
	const char *unit;         /* "B", "s", "1"; NULL: the record's own unit, or none */
	const char *help;         /* one line; the format's description is made of it */
};

extern const struct field fields[];
extern const size_t nfields; /* at most 64 */

/* The row's index, or -1. */
int field_index(const char *key);

/* The value as a JSON value (new reference), or NULL when the record lacks it. */
json_t *field_get(const struct field *f, const struct record *r);

#endif
