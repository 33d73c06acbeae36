/* table.h - a text table that fits its terminal.
 *
 * Cells are text; columns align left or right and shrink (left-aligned ones are
 * wrapped at blanks or hyphens, else cut with "~") when the whole exceeds the width.
 * Control characters become "?". Column heads are printed unless all are empty.
 */
#ifndef NB_RENDER_TABLE_H
#define NB_RENDER_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct table;

struct table *table_new(void); /* NULL: out of memory */
/* Adds a column; head may be "". align: 'l' or 'r'. */
int table_column(struct table *t, const char *head, char align);
/* Adds a row's next cell; after the last column a new row begins. printf format. */
int table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Colours the last cell with an SGR number ("32" is green), a string constant. */
void table_paint(struct table *t, const char *sgr);
/* Prints within width columns, `indent` of them blank on the left. 0, -ENOMEM when a cell or
 * column could not be added, -EIO. */
int table_print(const struct table *t, FILE *out, int width, int indent);
void table_free(struct table *t);

/* What was added, for those who write it in another form. Rows do not count the heads; a text may
 * end in blanks, and is "" past the last cell. */
size_t table_columns(const struct table *t);
size_t table_rows(const struct table *t);
const char *table_head(const struct table *t, size_t column);
char table_align(const struct table *t, size_t column);
const char *table_text(const struct table *t, size_t row, size_t column);
bool table_failed(const struct table *t); /* a cell or column could not be added */

#endif
