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

/* Of XML and HTML, in attributes in double quotes, too. No numeric references: hwloc's own parser
 * does not know them. */
extern const struct mark marks_xml[];
/* What stands for c among marks (ended by one without c), or NULL. */
const char *mark_for(const struct mark *marks, char c);

/* Prints text with every mark replaced; what is no printable ASCII
 * becomes "?", a newline or tab a blank. */
void marks_print(FILE *out, const char *text, const struct mark *marks);
/* The same, but letters of all languages stay (UTF-8); what is not fit to be shown becomes
 * UTF8_REPLACEMENT (util/utf8.h). */
void marks_print_letters(FILE *out, const char *text, const struct mark *marks);
/* That as a field of CSV (RFC 4180), in quotes, whose mark is among `marks`. What a spreadsheet
 * would run as a formula is made a text by the sign that spreadsheets have for it (OWASP, "CSV
 * Injection"). */
void marks_print_field(FILE *out, const char *text, const struct mark *marks);

/* How it came out in one line: text_verdict, and what matters most, "FAIL, 8 of 8 GPUs measured:
 * <first reason> (and 2 more)", "PASS with 1 serious warning, ..: <the worst of the warnings>".
 * At most VERDICT_LINE bytes. Returns buf. */
enum { VERDICT_LINE = 800 };
char *verdict_line(const struct result *res, char *buf, size_t size);

/* What a finding says: the sentence itself, or "subject: observed; expected: ..". Returns buf. */
char *finding_line(const struct finding *f, char *buf, size_t size);

#endif
