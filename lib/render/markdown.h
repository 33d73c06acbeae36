/* markdown.h - texts of anybody in Markdown, as GitHub and its like show it. Private to lib/render.
 *
 * Nothing of a text becomes markup, a link, HTML or a call to somebody. What those who show
 * Markdown make of words by themselves, after all escapes are gone (@names, #12, addresses,
 * :smileys:, $sums$, names of commits), they leave alone in code: such words stand in it. */
#ifndef NB_RENDER_MARKDOWN_H
#define NB_RENDER_MARKDOWN_H

#include <stdio.h>

#include "render/walk.h"

/* A text on one line, blanks around it and more than one between words left out; what is no UTF-8,
 * control characters and those that turn the direction of text become UTF8_REPLACEMENT. It may
 * stand where a line begins, and in a table. */
void markdown_put(FILE *out, const char *text);
/* Lines of a shell, each of which ends in a newline, as a block of code, `indent` columns in. */
void markdown_put_code(FILE *out, const char *lines, int indent);

/* A sheet as a table, or one of words. 0 or -ENOMEM. */
int markdown_sheet(struct text *t, const struct sheet *s, const struct sheet_style *style);
int markdown_table(struct text *t, const struct table *table);

#endif
