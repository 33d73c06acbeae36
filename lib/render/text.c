/* text.c - the report for a person at a terminal: the voice that says it there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/formats.h"
#include "render/walk.h"
#include "util/wrap.h"

enum { INDENT = 2, GAP = 2 }; /* the table's own */
enum { CELL_TEXT = SHEET_TEXT + 4 };

static void say_heading(struct text *t, const char *title)
{
	fputs(t->o->colour ? "\n\033[1m" : "\n", t->out);
	wrap_print(t->out, title, t->width, 0, 0);
	if (t->o->colour)
		fputs("\033[0m", t->out);
}

static void say_verdict(struct text *t, const char *sentence)
{
	static const char *const colours[] = {
		[TONE_GOOD] = "32", [TONE_CARE] = "33", [TONE_BAD] = "31", [TONE_OPEN] = "33"
	};

	if (t->o->colour)
		fprintf(t->out, "\033[1;%sm", colours[text_tone(t->res)]);
	wrap_print(t->out, sentence, t->width, 0, 0);
	if (t->o->colour)
		fputs("\033[0m", t->out);
}

static void say_sentence(struct text *t, int indent, const char *sentence)
{
	fprintf(t->out, "%*s", indent, "");
	wrap_print(t->out, sentence, t->width, indent, indent);
}

static void say_labelled(struct text *t, const char *label, const char *sentence)
{
	enum { LABEL = 9 };
	char colon[200];
	int at;

	snprintf(colon, sizeof colon, "%s:", label);
	at = fprintf(t->out, "%*s%-*s ", INDENT, "", LABEL, colon);
	wrap_print(t->out, sentence, t->width, at, INDENT + LABEL + 1);
}

static int say_table(struct text *t, const struct table *table)
{
	return table_print(table, t->out, t->width, INDENT);
}

static void say_finding(struct text *t, const struct told_finding *f)
{
	finding_print(f, t->o, t->out);
}

static void say_gap(struct text *t)
{
	fputc('\n', t->out);
}

/* ---- lines to paste ---- */

/* A command line that stays one when it is pasted: lines end in a backslash, at a blank where
 * there is one and within a word, flush left, where there is none. */
static void put_command(struct text *t, const char *line)
{
	int column = fprintf(t->out, "  "), most = t->width - 2;

	for (const char *p = line; *p;) {
		int gap = (int)strspn(p, " "), length = (int)strcspn(p + gap, " ");

		if (column + gap + length > most && column > 4) {
			fputs(" \\\n    ", t->out);
			column = 4;
			p += gap;
			gap = 0;
		}
		fprintf(t->out, "%*s", gap, "");
		column += gap;
		p += gap;
		for (; length; length--, column++, p++) {
			if (column >= most) {
				fputs("\\\n", t->out);
				column = 0;
			}
			fputc((unsigned char)*p < ' ' ? '?' : *p, t->out);
		}
	}
	fputc('\n', t->out);
}

/* The line, and behind it (where that does not fit, before it) what it is for. */
static void say_command(struct text *t, const char *line, const char *remark)
{
	bool behind = (int)(2 + strlen(line) + 4 + strlen(remark)) <= t->width;
	char both[COMMAND_TEXT];

	if (!behind)
		fprintf(t->out, "  # %s\n", remark);
	snprintf(both, sizeof both, "%s%s%s", line, behind ? "  # " : "", behind ? remark : "");
	put_command(t, both);
}

/* ---- sheets: in blocks of their own where not all columns fit side by side ---- */

/* A figure and its signs; those of undersized ones have a column where there are any. Returns the
 * sign that says how good it is. */
static char cell_text(struct text *t, const struct sheet *s, size_t row, size_t column,
		      const struct sheet_style *style, char buf[CELL_TEXT])
{
	struct sheet_cell cell;

	sheet_cell(t, s, row, column, style, &cell);
	if (!cell.has_figure)
		snprintf(buf, CELL_TEXT, "%s ", cell.figure);
	else
		snprintf(buf, CELL_TEXT, "%s%s%c", cell.figure,
			 !style->undersized ? ""
			 : cell.undersized  ? "u"
					    : " ",
			 cell.sign);
	return cell.sign;
}

static int put_cell(struct text *t, struct table *table, const struct sheet *s, size_t row,
		    size_t column, const struct sheet_style *style)
{
	char text[CELL_TEXT], sign = cell_text(t, s, row, column, style, text);
	int rc = table_cell(table, "%s", text);

	if (t->o->colour && (sign == '+' || sign == '-'))
		table_paint(table, sign == '+' ? "32" : "33");
	return rc;
}

static int put_note(struct table *table, const struct sheet_note *n, size_t first, size_t last)
{
	int rc = n->texts ? table_cell(table, "%s", n->label) : 0;

	for (size_t c = first; n->texts && rc == 0 && c < last; c++)
		rc = table_cell(table, "%s", n->texts[c]);
	return rc;
}

/* Columns first to last-1 as a table of its own. */
static int print_block(struct text *t, const struct sheet *s, size_t first, size_t last,
		       const struct sheet_style *style)
{
	struct table *table = table_new();
	int rc = table ? table_column(table, s->corner, 'l') : -ENOMEM;

	for (size_t c = first; rc == 0 && c < last; c++)
		rc = table_column(table, s->heads[c], 'r');
	if (rc == 0)
		rc = put_note(table, &s->above, first, last);
	for (size_t i = 0; rc == 0 && i < s->nrows; i++) {
		rc = table_cell(table, "%s", s->labels[i]);
		for (size_t c = first; rc == 0 && c < last; c++)
			rc = put_cell(t, table, s, i, c, style);
	}
	for (size_t i = 0; rc == 0 && i < sizeof s->below / sizeof *s->below; i++)
		rc = put_note(table, &s->below[i], first, last);
	if (rc == 0)
		rc = table_print(table, t->out, t->width, INDENT);
	table_free(table);
	return rc;
}

static int longer(int n, const char *text)
{
	return (int)strlen(text) > n ? (int)strlen(text) : n;
}

/* How many columns stand side by side: as many as the widest cell and label leave room for, and
 * equally many in every block but the last. */
static size_t block_columns(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	const struct sheet_note *const notes[] = { &s->above, &s->below[0], &s->below[1] };
	int label = longer(0, s->corner), widest = 0, n;
	char text[CELL_TEXT];

	for (size_t i = 0; i < s->nrows; i++) {
		label = longer(label, s->labels[i]);
		for (size_t c = 0; c < s->ncolumns; c++) {
			cell_text(t, s, i, c, style, text);
			widest = longer(widest, text);
		}
	}
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		label = notes[i]->texts ? longer(label, notes[i]->label) : label;
		for (size_t c = 0; notes[i]->texts && c < s->ncolumns; c++)
			widest = longer(widest, notes[i]->texts[c]);
	}
	for (size_t c = 0; c < s->ncolumns; c++)
		widest = longer(widest, s->heads[c]);
	n = (t->width - INDENT - label) / (widest + GAP);
	if (n < 1)
		return 1;
	/* 16 columns where 9 would fit are twice 8. */
	return (s->ncolumns + (s->ncolumns + (size_t)n - 1) / (size_t)n - 1) /
	       ((s->ncolumns + (size_t)n - 1) / (size_t)n);
}

static int say_blocks(struct text *t, const struct sheet *s, const struct sheet_style *style,
		      size_t step)
{
	int rc = 0;

	for (size_t c = 0; rc == 0 && c < s->ncolumns; c += step) {
		size_t last = c + step < s->ncolumns ? c + step : s->ncolumns;

		if (c)
			fputc('\n', t->out);
		rc = print_block(t, s, c, last, style);
	}
	return rc;
}

/* As it is where it fits; else folded, where that does; else in blocks. */
static int say_sheet(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	size_t step = block_columns(t, s, style);
	struct sheet folded = { .corner = "" };
	int rc = step < s->ncolumns ? sheet_fold(s, true, &folded) : 0;

	if (rc > 0 && block_columns(t, &folded, style) == folded.ncolumns) {
		t->marked_folded = true;
		rc = say_blocks(t, &folded, style, folded.ncolumns);
	} else if (rc >= 0) {
		rc = say_blocks(t, s, style, step);
	}
	sheet_release(&folded);
	return rc;
}

const struct voice voice_text = {
	.heading = say_heading,
	.verdict = say_verdict,
	.sentence = say_sentence,
	.labelled = say_labelled,
	.table = say_table,
	.sheet = say_sheet,
	.finding = say_finding,
	.command = say_command,
	.gap = say_gap,
};

int format_text(const struct result *r, const struct render_options *o, FILE *out)
{
	struct text t = {
		.o = o,
		.out = out,
		.width = o->width >= 40 ? o->width : TEXT_WIDTH,
		.voice = &voice_text,
	};
	struct walk w;
	int rc = walk_open(&w, r);

	for (const struct part *p = parts; rc == 0 && p->id; p++)
		rc = walk_part(&w, p, &t);
	walk_close(&w);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
