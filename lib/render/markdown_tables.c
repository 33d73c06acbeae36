/* markdown_tables.c - tables in Markdown. See markdown.h. */
#include <errno.h>
#include <string.h>

#include "render/markdown.h"

static void put_rule(FILE *out, size_t n, const char *aligns)
{
	fputc('|', out);
	for (size_t c = 0; c < n; c++)
		fputs(aligns[c ? 1 : 0] == 'r' ? "---:|" : "---|", out);
	fputc('\n', out);
}

int markdown_table(struct text *t, const struct table *table)
{
	size_t n = table_columns(table);
	FILE *out = t->out;

	if (table_failed(table))
		return -ENOMEM;
	fputc('|', out);
	for (size_t c = 0; c < n; c++) {
		fputc(' ', out);
		markdown_put(out, table_head(table, c));
		fputs(" |", out);
	}
	fputs("\n|", out);
	for (size_t c = 0; c < n; c++)
		fputs(table_align(table, c) == 'r' ? "---:|" : "---|", out);
	fputc('\n', out);
	for (size_t r = 0; r < table_rows(table); r++) {
		fputc('|', out);
		for (size_t c = 0; c < n; c++) {
			fputc(' ', out);
			markdown_put(out, table_text(table, r, c));
			fputs(" |", out);
		}
		fputc('\n', out);
	}
	return 0;
}

/* "**55.6+**", "40.0-" */
static void put_figure(struct text *t, const struct sheet *s, size_t row, size_t column,
		       const struct sheet_style *style)
{
	struct sheet_cell cell;
	const char *strong;

	sheet_cell(t, s, row, column, style, &cell);
	strong = cell.sign == '+' ? "**" : "";
	fprintf(t->out, " %s", strong);
	markdown_put(t->out, cell.figure);
	if (cell.undersized)
		fputc('u', t->out);
	if (cell.sign != ' ')
		fputc(cell.sign, t->out);
	fprintf(t->out, "%s |", strong);
}

static void put_note(FILE *out, const struct sheet *s, const struct sheet_note *note)
{
	if (!note->texts)
		return;
	fputs("| ", out);
	markdown_put(out, note->label);
	fputs(" |", out);
	for (size_t c = 0; c < s->ncolumns; c++) {
		fputc(' ', out);
		markdown_put(out, note->texts[c]);
		fputs(" |", out);
	}
	fputc('\n', out);
}

int markdown_sheet(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	FILE *out = t->out;

	fputs("| ", out);
	markdown_put(out, s->corner);
	fputs(" |", out);
	for (size_t c = 0; c < s->ncolumns; c++) {
		fputc(' ', out);
		markdown_put(out, s->heads[c]);
		fputs(" |", out);
	}
	fputc('\n', out);
	put_rule(out, s->ncolumns + 1, "lr");
	put_note(out, s, &s->above);
	for (size_t i = 0; i < s->nrows; i++) {
		fputs("| ", out);
		markdown_put(out, s->labels[i]);
		fputs(" |", out);
		for (size_t c = 0; c < s->ncolumns; c++)
			put_figure(t, s, i, c, style);
		fputc('\n', out);
	}
	for (size_t i = 0; i < sizeof s->below / sizeof *s->below; i++)
		put_note(out, s, &s->below[i]);
	return 0;
}
