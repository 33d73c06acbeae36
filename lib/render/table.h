/* table.h - a text table that fits its terminal.
 *
 * Cells are text; columns align left or right and shrink (left-aligned ones are
 * wrapped at blanks or hyphens, else cut with "~") when the whole exceeds the width.
 * Control characters become "?". Column heads are printed unless all are empty.
 */
#ifndef NB_RENDER_TABLE_H
#define NB_RENDER_TABLE_H

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

#endif
