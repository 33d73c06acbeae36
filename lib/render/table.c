/* table.c - see table.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "util/utf8.h"

enum { GAP = 2, NARROWEST_TEXT = 10, NARROWEST = 3 };

struct column {
	char align;
	int width;
};

struct cell {
	char *text;
	const char *sgr;
};

struct table {
	struct column *columns;
	size_t ncolumns;
	struct cell *cells; /* row by row; the first row is that of the heads */
	size_t ncells, room;
	bool failed;
};

struct table *table_new(void)
{
	return calloc(1, sizeof(struct table));
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->ncells; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t->columns);
	free(t);
}

/* Columns on the screen: bytes that continue a UTF-8 character take none. */
static int display_width(const char *text, size_t bytes)
{
	int n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* How many bytes of text fill at most `width` columns. */
static size_t bytes_within(const char *text, int width)
{
	size_t i = 0;

	for (; text[i]; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80 && width-- == 0)
			break;
	return i;
}

static int add_text(struct table *t, char *text)
{
	size_t column;

	if (text && t->ncells == t->room) {
		size_t room = t->room ? 2 * t->room : 64;
		struct cell *more = realloc(t->cells, room * sizeof *more);

		if (more) {
			t->cells = more;
			t->room = room;
		}
	}
	if (!text || t->ncells == t->room) {
		free(text);
		t->failed = true;
		return -ENOMEM;
	}
	utf8_clean(text);
	t->cells[t->ncells++] = (struct cell){ .text = text };
	column = (t->ncells - 1) % t->ncolumns;
	if (display_width(text, strlen(text)) > t->columns[column].width)
		t->columns[column].width = display_width(text, strlen(text));
	return 0;
}

int table_column(struct table *t, const char *head, char align)
{
	struct column *more = realloc(t->columns, (t->ncolumns + 1) * sizeof *more);

	if (!more) {
		t->failed = true;
		return -ENOMEM;
	}
	t->columns = more;
	t->columns[t->ncolumns++] = (struct column){ .align = align };
	return add_text(t, strdup(head));
}

int table_cell(struct table *t, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	if (t->failed)
		return -ENOMEM;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	return add_text(t, text);
}

void table_paint(struct table *t, const char *sgr)
{
	if (t->ncells)
		t->cells[t->ncells - 1].sgr = sgr;
}

/* Takes columns from the widest until the whole fits: from text that wraps first, then from
 * anything. widths holds the result. */
static void fit(const struct table *t, int width, int *widths)
{
	int total = (int)(t->ncolumns - 1) * GAP;

	for (size_t c = 0; c < t->ncolumns; c++)
		total += widths[c] = t->columns[c].width;
	while (total > width) {
		int widest = -1;

		for (int only_text = 1; only_text >= 0 && widest < 0; only_text--)
			for (size_t c = 0; c < t->ncolumns; c++)
				if (widths[c] > (only_text ? NARROWEST_TEXT : NARROWEST) &&
				    (!only_text || t->columns[c].align == 'l') &&
				    (widest < 0 || widths[c] > widths[widest]))
					widest = (int)c;
		if (widest < 0)
			return;
		widths[widest]--;
		total--;
	}
}

/* The bytes of the next line of a cell that is `width` wide: up to a blank, else a hyphen. */
static size_t line_length(const char *text, int width)
{
	size_t most = bytes_within(text, width), n = most;

	if (!text[most])
		return most;
	while (n > 0 && text[n] != ' ')
		n--;
	for (size_t i = most; n == 0 && i > 1; i--)
		if (text[i - 1] == '-') /* "host-latency" */
			n = i;
	return n ? n : most;
}

struct printer {
	FILE *out;
	int pending; /* blanks to print before the next text: none stay at a line's end */
};

static void put(struct printer *p, const char *text, size_t bytes, const char *sgr)
{
	int after = 0;

	for (; bytes && text[bytes - 1] == ' '; bytes--)
		after++;
	if (bytes) {
		fprintf(p->out, "%*s", p->pending, "");
		p->pending = 0;
		if (sgr)
			fprintf(p->out, "\033[%sm", sgr);
		fwrite(text, 1, bytes, p->out);
		if (sgr)
			fputs("\033[0m", p->out);
	}
	p->pending += after;
}

/* A left-aligned cell's next line; *text moves past it. */
static void put_left(struct printer *p, const char **text, int width, const char *sgr)
{
	size_t n = line_length(*text, width);

	put(p, *text, n, sgr);
	p->pending += width - display_width(*text, n);
	*text += n;
	*text += strspn(*text, " ");
}

static void put_right(struct printer *p, const char **text, int width, const char *sgr)
{
	int wide = display_width(*text, strlen(*text));

	if (wide > width) {
		put(p, *text, bytes_within(*text, width - 1), sgr);
		put(p, "~", 1, sgr);
	} else {
		p->pending += width - wide;
		put(p, *text, strlen(*text), sgr);
	}
	*text += strlen(*text);
}

/* One row, as many lines as its longest cell needs. rest: a scratch text for each column. */
static void print_row(const struct table *t, size_t first, const int *widths, const char **rest,
		      struct printer *p, int indent)
{
	bool more = true;

	for (size_t c = 0; c < t->ncolumns; c++)
		rest[c] = first + c < t->ncells ? t->cells[first + c].text : "";
	while (more) {
		more = false;
		p->pending = indent;
		for (size_t c = 0; c < t->ncolumns; c++) {
			const char *sgr = first + c < t->ncells ? t->cells[first + c].sgr : NULL;

			if (t->columns[c].align == 'l')
				put_left(p, &rest[c], widths[c], sgr);
			else
				put_right(p, &rest[c], widths[c], sgr);
			p->pending += GAP;
			more = more || *rest[c];
		}
		fputc('\n', p->out);
	}
}

static bool has_heads(const struct table *t)
{
	for (size_t c = 0; c < t->ncolumns; c++)
		if (t->cells[c].text[0])
			return true;
	return false;
}

int table_print(const struct table *t, FILE *out, int width, int indent)
{
	struct printer p = { .out = out };
	const char **rest;
	int *widths;
	int rc = -ENOMEM;

	if (t->failed || !t->ncolumns)
		return t->failed ? -ENOMEM : 0;
	rest = calloc(t->ncolumns, sizeof *rest);
	widths = calloc(t->ncolumns, sizeof *widths);
	if (!rest || !widths)
		goto out;
	fit(t, width - indent, widths);
	for (size_t i = has_heads(t) ? 0 : t->ncolumns; i < t->ncells; i += t->ncolumns)
		print_row(t, i, widths, rest, &p, indent);
	rc = ferror(out) ? -EIO : 0;
out:
	free(widths);
	free(rest);
	return rc;
}

size_t table_columns(const struct table *t)
{
	return t->ncolumns;
}

size_t table_rows(const struct table *t)
{
	return t->ncolumns ? (t->ncells - 1) / t->ncolumns : 0;
}

const char *table_head(const struct table *t, size_t column)
{
	return t->cells[column].text;
}

char table_align(const struct table *t, size_t column)
{
	return t->columns[column].align;
}

const char *table_text(const struct table *t, size_t row, size_t column)
{
	size_t i = (row + 1) * t->ncolumns + column;

	return i < t->ncells ? t->cells[i].text : "";
}

bool table_failed(const struct table *t)
{
	return t->failed;
}
