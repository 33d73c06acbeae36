#include "result/result_tables.h"

#include "result/words.h"

#define MEMBER(s, m) .key = #m, .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)
#define NEEDED(s, m) MEMBER(s, m), .identifies = true

const struct field run_table[] = {
	{ NEEDED(run_info, id), .type = FIELD_TEXT },
	{ NEEDED(run_info, started), .type = FIELD_TEXT },
	{ NEEDED(run_info, seconds), .type = FIELD_NUMBER },
	{ NEEDED(run_info, version), .type = FIELD_TEXT },
	{ NEEDED(run_info, seed), .type = FIELD_U64 },
	{ NEEDED(run_info, simulated), .type = FIELD_BOOL },
	{ NEEDED(run_info, complete), .type = FIELD_BOOL },
};

const struct field finding_table[] = {
	{ NEEDED(finding, id), .type = FIELD_TEXT },
	{ NEEDED(finding, family), .type = FIELD_TEXT },
	{ NEEDED(finding, status), .type = FIELD_TEXT },
	{ NEEDED(finding, subject), .type = FIELD_TEXT },
	{ MEMBER(finding, observed), .type = FIELD_TEXT },
	{ MEMBER(finding, expected), .type = FIELD_TEXT },
	{ MEMBER(finding, fix), .type = FIELD_TEXT },
	{ MEMBER(finding, source), .type = FIELD_TEXT },
	{ MEMBER(finding, authority), .type = FIELD_TEXT },
};

const struct field evidence_table[] = {
	{ NEEDED(evidence, test), .type = FIELD_TEXT },
	{ NEEDED(evidence, metric), .type = FIELD_TEXT },
	{ MEMBER(evidence, bytes), .type = FIELD_U64 },
	{ NEEDED(evidence, best), .type = FIELD_INT },
	{ NEEDED(evidence, other), .type = FIELD_INT },
	{ NEEDED(evidence, advantage), .type = FIELD_NUMBER },
	{ NEEDED(evidence, low), .type = FIELD_NUMBER },
	{ NEEDED(evidence, high), .type = FIELD_NUMBER },
	{ NEEDED(evidence, matters), .type = FIELD_WORD, .words = matters_words },
};

#define OPTIONAL(m, w)                                                                             \
	{                                                                                          \
		.field = { MEMBER(evidence, m), .type = FIELD_WORD, .words = w },                  \
		.has = offsetof(struct evidence, has_##m)                                          \
	}

const struct optional_field evidence_optional[] = {
	OPTIONAL(direction, direction_words),
	OPTIONAL(memory, memory_words),
	OPTIONAL(together, together_words),
	OPTIONAL(pages_asked, page_kind_words),
};

const struct field recommendation_table[] = {
	{ NEEDED(recommendation, gpu), .type = FIELD_INT },
	{ NEEDED(recommendation, cpus_shared), .type = FIELD_BOOL },
	{ NEEDED(recommendation, cpus_only), .type = FIELD_BOOL },
	{ NEEDED(recommendation, advantage), .type = FIELD_NUMBER },
	{ NEEDED(recommendation, low), .type = FIELD_NUMBER },
	{ NEEDED(recommendation, high), .type = FIELD_NUMBER },
	{ NEEDED(recommendation, matters), .type = FIELD_WORD, .words = matters_words },
	{ NEEDED(recommendation, why), .type = FIELD_TEXT },
};

#define COUNT(table) const size_t n##table = sizeof table / sizeof *table

COUNT(run_table);
COUNT(finding_table);
COUNT(evidence_table);
COUNT(evidence_optional);
COUNT(recommendation_table);

#undef COUNT
#undef OPTIONAL
#undef NEEDED
#undef MEMBER
