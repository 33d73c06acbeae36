/* result_tables.h - the members of a result's parts, one row each. Private to
 * lib/result. A row that identifies must be there in a document. */
#ifndef NB_RESULT_RESULT_TABLES_H
#define NB_RESULT_RESULT_TABLES_H

#include "result/field.h"
#include "result/result.h"

extern const struct field run_table[], finding_table[], evidence_table[], recommendation_table[];
extern const size_t nrun_table, nfinding_table, nevidence_table, nrecommendation_table;

/* The members of evidence that may be absent, and where each one's flag stands. */
struct optional_field {
	struct field field;
	size_t has; /* offset of a bool */
};
extern const struct optional_field evidence_optional[];
extern const size_t nevidence_optional;

#endif
