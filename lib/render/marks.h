/* marks.h - words and escapes that the formats for pipelines share. Private to lib/render. */
#ifndef NB_RENDER_MARKS_H
#define NB_RENDER_MARKS_H

#include <stdbool.h>
#include <stdio.h>

#include "result/result.h"

/* What a text must not hold in one language, and what stands for it there. */
struct mark {
	char c;
	const char *as;
};

extern const struct mark marks_xml[]; /* of XML, in attributes, too */

/* Prints text with every mark (ended by one without c) replaced; what is no printable ASCII
 * becomes "?", a newline or tab a blank. */
void marks_print(FILE *out, const char *text, const struct mark *marks);
/* The same, but letters of all languages stay (UTF-8); what is not fit to be shown becomes
 * UTF8_REPLACEMENT (util/utf8.h). */
void marks_print_letters(FILE *out, const char *text, const struct mark *marks);

/* "FAIL: <first reason>", "PASS: 8 of 8 GPUs measured, 2 warnings", and " (simulated)"
 * where it is: returns buf. */
char *verdict_line(const struct result *res, char *buf, size_t size);

/* Findings with one of these statuses. */
size_t count_findings(const struct result *res, const char *status);

/* What a finding says: the sentence itself, or "subject: observed; expected: ..". Returns buf. */
char *finding_line(const struct finding *f, char *buf, size_t size);

#endif
