/* html_voice.c - how the parts of a report sound in HTML: tables, heat maps, findings, lines with a
 * button. See walk.h, html.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "render/html.h"
#include "util/units.h"

/* Shades of a heat map, of which the last is the best; style in report.css. */
enum { SHADES = 9 };
/* More columns are written small, and a page of paper with them lies on its side. */
enum { COLUMNS_NARROW = 8 };
/* What a column with its edges takes, by the letters of an interval and at least, and what two
 * tables beside each other have for all columns: pixels, as report.css has them. */
#define LETTER 6.1
enum { CELL_LEAST = 69, CELL_EDGE = 14, BESIDE = 570 };
/* Letters of a cell of words that stand in one line. */
enum { CELL_LINE = 40 };
/* The least that the palest shade stands for, as a share of the best: small differences stay
 * small to the eye. */
#define PALEST 0.75

static struct html *html_of(struct text *t)
{
	return t->own;
}

/* What was opened for the last words, and goes with them alone. */
void html_close_words(struct html *h)
{
	static const char *const ends[] = { [HTML_NOTHING] = "",
					    [HTML_LIST] = "</dl>\n",
					    [HTML_COMMANDS] = "</ul>\n",
					    [HTML_FINDING] = "</div>\n",
					    [HTML_MORE_FINDINGS] = "</div></details></div>\n" };

	fputs(ends[h->open], h->text.out);
	h->open = HTML_NOTHING;
}

void html_close(struct html *h)
{
	html_close_words(h);
	fputs(h->in_group ? "</div>\n" : "", h->text.out);
	h->in_group = false;
}

static void open_list(struct html *h, enum html_open what, const char *tag)
{
	if (h->open == what)
		return;
	html_close_words(h);
	fputs(tag, h->text.out);
	h->open = what;
}

/* ---- words ---- */

static void say_heading(struct text *t, const char *title)
{
	struct html *h = html_of(t);

	html_close(h);
	snprintf(h->heading, sizeof h->heading, "%s", title);
	if (strcasecmp(title, h->part->title) == 0)
		return;
	html_put(t->out, "<div class=\"group\"><h3>%s</h3>\n", title);
	h->in_group = true;
}

static void say_sentence(struct text *t, int indent, const char *sentence)
{
	static const char *const classes[] = { "said", "note", "more" };

	html_close_words(html_of(t));
	html_put(t->out, "<p class=\"%s\">%s</p>\n", classes[indent / 2 < 2 ? indent / 2 : 2],
		 sentence);
}

static void say_labelled(struct text *t, const char *label, const char *sentence)
{
	open_list(html_of(t), HTML_LIST, "<dl class=\"labelled\">\n");
	html_put(t->out, "<div><dt>%s</dt><dd>%s</dd></div>\n", label, sentence);
}

void html_copy(FILE *out, const char *line, const char *remark)
{
	html_put(out,
		 "<code tabindex=\"0\">%s</code><button type=\"button\" class=\"copy\" "
		 "hidden>copy<span class=\"unseen\"> the line for %s</span></button>",
		 line, remark);
}

static void say_command(struct text *t, const char *line, const char *remark)
{
	open_list(html_of(t), HTML_COMMANDS, "<ul class=\"commands\">\n");
	html_put(t->out, "<li class=\"command\"><span class=\"for\">%s</span>", remark);
	html_copy(t->out, line, remark);
	fputs("</li>\n", t->out);
}

/* ---- tables ---- */

void html_fold(FILE *out, const char *summary)
{
	html_put(out, "<details><summary>%s</summary><div class=\"fold\">\n", summary);
}

void html_scroll(FILE *out, const char *label)
{
	html_put(out, "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"%s\">\n",
		 label);
}

static char *trimmed(const char *text, char *buf, size_t size)
{
	size_t n = strlen(text);

	while (n && text[n - 1] == ' ')
		n--;
	snprintf(buf, size, "%.*s", (int)n, text);
	return buf;
}

static void put_cell(FILE *out, const char *tag, const char *attributes, char align,
		     const char *text)
{
	char buf[1024];

	trimmed(text, buf, sizeof buf);
	fprintf(out, "<%s%s%s>", tag, attributes,
		strlen(buf) > CELL_LINE ? " class=\"long\""
		: align == 'r'          ? " class=\"r\""
					: "");
	html_put(out, "%s", buf);
	fprintf(out, "</%s>", tag);
}

static bool has_heads(const struct table *table)
{
	for (size_t c = 0; c < table_columns(table); c++)
		if (table_head(table, c)[0])
			return true;
	return false;
}

static int say_table(struct text *t, const struct table *table)
{
	size_t n = table_columns(table);
	FILE *out = t->out;

	if (table_failed(table))
		return -ENOMEM;
	html_close_words(html_of(t));
	html_scroll(out, html_of(t)->heading);
	fputs("<table class=\"words\">\n", out);
	if (has_heads(table)) {
		fputs("<thead><tr>", out);
		for (size_t c = 0; c < n; c++)
			put_cell(out, table_head(table, c)[0] ? "th" : "td",
				 table_head(table, c)[0] ? " scope=\"col\"" : "",
				 table_align(table, c), table_head(table, c));
		fputs("</tr></thead>\n", out);
	}
	fputs("<tbody>\n", out);
	for (size_t r = 0; r < table_rows(table); r++) {
		fputs("<tr>", out);
		for (size_t c = 0; c < n; c++) {
			bool names = c == 0 && table_text(table, r, c)[0];

			put_cell(out, names ? "th" : "td", names ? " scope=\"row\"" : "",
				 table_align(table, c), table_text(table, r, c));
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
	return 0;
}

/* ---- heat maps ---- */

char *html_figure(const struct record *r, char *buf, size_t size)
{
	struct text_unit unit;
	int decimals;
	size_t used;

	if (!record_has_figure(r)) {
		snprintf(buf, size, "%s%s%s", status_name(r->status), r->reason[0] ? ": " : "",
			 r->reason);
		return buf;
	}
	unit = text_unit_for(r->unit, r->median);
	decimals = text_decimals(r->median / unit.factor);
	used = (size_t)snprintf(buf, size, "%.*f %s", decimals, r->median / unit.factor, unit.name);
	if (record_has(r, "low") && record_has(r, "high") && used < size)
		used += (size_t)snprintf(buf + used, size - used, ", 95 %% interval %.*f-%.*f",
					 decimals, r->low / unit.factor, decimals,
					 r->high / unit.factor);
	if (record_has(r, "best") && used < size)
		used += (size_t)snprintf(buf + used, size - used, ", best %.*f", decimals,
					 r->best / unit.factor);
	if (used < size)
		used += (size_t)snprintf(buf + used, size - used, ", %zu sample%s", r->samples.n,
					 plural(r->samples.n));
	if (r->status != STATUS_OK && used < size)
		snprintf(buf + used, size - used, "; %s: %s", status_name(r->status), r->reason);
	return buf;
}

/* The ends of all figures of a sheet. */
struct ends {
	double least, most;
};

static struct ends ends_of(const struct sheet *s)
{
	struct ends e = { INFINITY, -INFINITY };

	for (size_t i = 0; i < s->nrows * s->ncolumns; i++)
		if (s->cells[i] && record_has_figure(s->cells[i])) {
			e.least = fmin(e.least, s->cells[i]->median);
			e.most = fmax(e.most, s->cells[i]->median);
		}
	return e;
}

/* How good it is beside the best, not beside the worst. */
static int shade_of(const struct record *r, const struct ends *e)
{
	double best = r->better == BETTER_HIGHER ? r->median / e->most : e->least / r->median;
	double palest = fmin(PALEST, e->least / e->most), share = (best - palest) / (1 - palest);

	if (!(e->most > 0) || !isfinite(share))
		return SHADES - 1;
	return (int)lround(fmax(0, fmin(1, share)) * (SHADES - 1));
}

static void put_signs(FILE *out, const struct sheet_cell *cell)
{
	static const struct {
		char sign;
		const char *markup;
	} signs[] = {
		{ '+', "<span class=\"sign\" aria-hidden=\"true\">+</span>"
		       "<span class=\"unseen\">, best</span>" },
		{ '-', "<span class=\"sign\" aria-hidden=\"true\">&#8722;</span>"
		       "<span class=\"unseen\">, worst</span>" },
		{ '?', "<span class=\"sign\" aria-hidden=\"true\">?</span>"
		       "<span class=\"unseen\">, unstable</span>" },
	};

	if (cell->undersized)
		fputs("<span class=\"sign\" aria-hidden=\"true\">u</span>"
		      "<span class=\"unseen\">, undersized</span>",
		      out);
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (signs[i].sign == cell->sign)
			fputs(signs[i].markup, out);
}

static void put_figure(struct text *t, const struct sheet *s, size_t row, size_t column,
		       const struct sheet_style *style, const struct ends *ends)
{
	const struct record *r = s->cells[row * s->ncolumns + column];
	char name[160], figure[600];
	struct sheet_cell cell;

	sheet_cell(t, s, row, column, style, &cell);
	if (!r) {
		fputs("<td class=\"none\"></td>", t->out);
		return;
	}
	html_put(t->out, "<td class=\"%s", cell.has_figure ? "h" : "none");
	if (cell.has_figure)
		html_put(t->out, "%d", shade_of(r, ends));
	html_put(t->out, "\" data-is=\"%s: %s\"><b>%s</b>", record_name(r, name, sizeof name),
		 html_figure(r, figure, sizeof figure), cell.figure);
	put_signs(t->out, &cell);
	if (cell.has_figure && record_has(r, "low") && record_has(r, "high"))
		html_put(t->out, "<small>%.*f-%.*f</small>", style->decimals,
			 r->low / style->unit.factor, style->decimals,
			 r->high / style->unit.factor);
	if (cell.has_figure && ends->most > 0)
		html_put(t->out, "<i style=\"width:%.0f%%\"></i>", 100 * r->median / ends->most);
	fputs("</td>", t->out);
}

static void put_note(FILE *out, const struct sheet *s, const struct sheet_note *note)
{
	char text[SHEET_NOTE];

	if (!note->texts)
		return;
	html_put(out, "<tr class=\"aside\"><th scope=\"row\">%s</th>", note->label);
	for (size_t c = 0; c < s->ncolumns; c++)
		html_put(out, "<td>%s</td>", trimmed(note->texts[c], text, sizeof text));
	fputs("</tr>\n", out);
}

/* How it is laid out: a class of report.css. */
static const char *shape_of(const struct sheet *s, const struct sheet_style *style,
			    const struct ends *ends)
{
	int letters = snprintf(NULL, 0, "%.*f", style->decimals, ends->most / style->unit.factor);
	double cell = fmax(CELL_LEAST, (2 * letters + 1) * LETTER + CELL_EDGE);

	if (s->ncolumns > COLUMNS_NARROW)
		return " wide";
	return (double)s->ncolumns * cell > BESIDE ? " broad" : "";
}

static int say_sheet(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	struct ends ends = ends_of(s);
	FILE *out = t->out;
	char head[SHEET_TEXT];

	html_close_words(html_of(t));
	html_scroll(out, html_of(t)->heading);
	html_put(out, "<table class=\"heat%s\">\n<thead><tr>", shape_of(s, style, &ends));
	html_put(out, s->corner[0] ? "<th scope=\"col\">%s</th>" : "<td>%s</td>", s->corner);
	for (size_t c = 0; c < s->ncolumns; c++)
		html_put(out, "<th scope=\"col\">%s</th>", trimmed(s->heads[c], head, sizeof head));
	fputs("</tr></thead>\n<tbody>\n", out);
	put_note(out, s, &s->above);
	for (size_t i = 0; i < s->nrows; i++) {
		html_put(out, "<tr><th scope=\"row\">%s</th>", s->labels[i]);
		for (size_t c = 0; c < s->ncolumns; c++)
			put_figure(t, s, i, c, style, &ends);
		fputs("</tr>\n", out);
	}
	for (size_t i = 0; i < sizeof s->below / sizeof *s->below; i++)
		put_note(out, s, &s->below[i]);
	fputs("</tbody></table></div>\n", out);
	return 0;
}

const struct voice voice_html = {
	.heading = say_heading,
	.sentence = say_sentence,
	.labelled = say_labelled,
	.table = say_table,
	.sheet = say_sheet,
	.finding = html_finding,
	.command = say_command,
};
