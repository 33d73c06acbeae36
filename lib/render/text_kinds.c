/* text_kinds.c - rarer kinds of memory, and sizes. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "util/units.h"

/* ---- one row a kind, one column a GPU ---- */

static int label_row(const struct record *r, bool by_size, char *buf)
{
	char size[32];

	if (by_size)
		return snprintf(buf, SHEET_TEXT, "%s %s", direction_name(r->direction),
				format_size(size, sizeof size, r->bytes));
	return snprintf(buf, SHEET_TEXT, "%s%s%s", memory_kind_name(r->memory),
			record_has(r, "pages_asked") ? ", " : "",
			record_has(r, "pages_asked") ? page_kind_name(r->pages_asked) : "");
}

/* Each GPU's home cell of each kind. */
static int print_rows(struct text *t, const struct record *const *likes, size_t n, bool by_size,
		      const char *title)
{
	const struct machine *m = &t->res->machine;
	struct sheet_style style;
	struct sheet s;
	int rc = sheet_make(&s, n, m->ngpus);

	for (size_t c = 0; rc == 0 && c < m->ngpus; c++)
		snprintf(s.heads[c], SHEET_TEXT, "GPU %d", m->gpus[c].index);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		label_row(likes[i], by_size, s.labels[i]);
		for (size_t c = 0; c < m->ngpus; c++)
			s.cells[i * m->ngpus + c] = text_home_cell(t, likes[i], m->gpus[c].index);
	}
	if (rc == 0 && sheet_style(&s, &style)) {
		text_heading(t, "%s, %s; each GPU from its best node", title, style.unit.name);
		rc = sheet_print(t, &s, &style);
	}
	sheet_release(&s);
	return rc;
}

static bool is_alone(const struct record *r)
{
	return record_has(r, "gpu") && record_has(r, "memory") && record_has(r, "direction") &&
	       !record_has(r, "peer") && !record_has(r, "together");
}

static bool is_rate(const struct record *r)
{
	return is_alone(r) && strcmp(r->unit, "B/s") == 0;
}

/* ---- kinds of memory ---- */

static bool is_rare(const struct record *r)
{
	return (r->memory != MEM_PINNED && r->memory != MEM_PAGEABLE) ||
	       record_has(r, "pages_asked");
}

int text_memory_kinds(struct text *t)
{
	const struct record **likes, **rows;
	size_t n;
	int rc = text_kinds(t, is_rate, &likes, &n);

	rows = calloc(n + 1, sizeof *rows);
	if (!rows)
		rc = -ENOMEM;
	for (int d = DIR_H2D; rc == 0 && d <= DIR_D2H; d++) {
		size_t nrows = 0;
		bool rare = false;
		char title[64];

		for (size_t i = 0; i < n; i++) {
			if ((int)likes[i]->direction != d ||
			    likes[i]->bytes != text_usual_bytes(t->res, likes[i]))
				continue;
			rare = rare || is_rare(likes[i]);
			rows[nrows++] = likes[i];
		}
		snprintf(title, sizeof title, "kinds of memory, %s",
			 direction_name((enum direction)d));
		if (rare)
			rc = print_rows(t, rows, nrows, false, title);
	}
	free(rows);
	free(likes);
	return rc;
}

/* ---- sizes: times as they are, rates as what is fitted to them ---- */

static bool is_small(const struct record *r)
{
	return is_alone(r) && strcmp(r->unit, "s") == 0;
}

int text_times_by_size(struct text *t)
{
	const uint64_t apart =
		record_fields("gpu", "cpu_node", "mem_node", "direction", "bytes", NULL);
	const struct record **likes, **rows;
	size_t n;
	int rc = text_kinds(t, is_small, &likes, &n);

	rows = calloc(n + 1, sizeof *rows);
	if (!rows)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		bool several = false;
		size_t nrows = 0;
		char title[128];

		for (size_t j = i; likes[i] && j < n; j++) {
			if (!likes[j] || !record_same_but(likes[i], likes[j], apart))
				continue;
			several = several || likes[j]->bytes != likes[i]->bytes;
			rows[nrows++] = likes[j];
			likes[j] = j > i ? NULL : likes[j]; /* told */
		}
		if (!several)
			continue;
		snprintf(title, sizeof title, "%s %s by size", memory_kind_name(likes[i]->memory),
			 likes[i]->metric);
		rc = print_rows(t, rows, nrows, true, title);
	}
	free(rows);
	free(likes);
	return rc;
}

static bool is_fit(const struct record *r)
{
	return is_rate(r) && record_has(r, "fit_rate");
}

/* Bytes that come out of a fit: three digits will do. */
static char *rough_size(char *buf, size_t size, double bytes)
{
	static const struct {
		const char *name;
		double bytes;
	} units[] = { { "GiB", 1 << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 }, { "B", 1 } };
	size_t i = 0;

	while (i < 3 && bytes < units[i].bytes)
		i++;
	snprintf(buf, size, "%.*f %s", bytes / units[i].bytes < 9.95 && i < 3 ? 1 : 0,
		 bytes / units[i].bytes, units[i].name);
	return buf;
}

static int put_fit(struct table *table, const struct record *r)
{
	char start[32], half[32];
	int rc;

	if (!r || !record_has(r, "fit_rate")) {
		rc = table_cell(table, "%s", "");
		rc = rc < 0 ? rc : table_cell(table, "%s", "");
		return rc < 0 ? rc : table_cell(table, "%s", "");
	}
	rc = table_cell(table, "%s", format_seconds(start, sizeof start, r->fit_start));
	if (rc == 0)
		rc = table_cell(table, "%.*f", text_decimals(r->fit_rate / 1e9), r->fit_rate / 1e9);
	return rc < 0 ? rc : table_cell(table, "%s", rough_size(half, sizeof half, r->fit_half));
}

/* The fitted record of a direction, on one GPU. */
static const struct record *fit_of(const struct text *t, const struct record *like, int gpu,
				   enum direction d)
{
	const uint64_t apart =
		record_fields("gpu", "cpu_node", "mem_node", "direction", "bytes", NULL);
	const struct record *found = NULL;

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (r->gpu == gpu && r->direction == d && is_fit(r) && record_has_figure(r) &&
		    (!found || r == text_home_cell(t, r, gpu)) && record_same_but(like, r, apart))
			found = r;
	}
	return found;
}

static int print_fits(struct text *t, const struct record *like)
{
	static const char *const heads[] = { "GPU",       "h2d start", "GB/s",   "half at",
					     "d2h start", "GB/s",      "half at" };
	struct table *table = table_new();
	int rc = table ? 0 : -ENOMEM;

	for (size_t c = 0; rc == 0 && c < sizeof heads / sizeof *heads; c++)
		rc = table_column(table, heads[c], 'r');
	for (size_t g = 0; rc == 0 && g < t->res->machine.ngpus; g++) {
		int gpu = t->res->machine.gpus[g].index;
		const struct record *h2d = fit_of(t, like, gpu, DIR_H2D),
				    *d2h = fit_of(t, like, gpu, DIR_D2H);

		if (!h2d && !d2h)
			continue;
		rc = table_cell(table, "%d", gpu);
		if (rc == 0)
			rc = put_fit(table, h2d);
		if (rc == 0)
			rc = put_fit(table, d2h);
	}
	if (rc == 0) {
		text_heading(t,
			     "%s copies of all sizes: start-up time, the rate that large ones come "
			     "to, and the size at which half of it is reached",
			     memory_kind_name(like->memory));
		rc = text_table(t, table);
	}
	table_free(table);
	return rc;
}

int text_sizes(struct text *t)
{
	const struct record **likes;
	bool told[MEM_MAPPED + 1] = { false };
	size_t n;
	int rc = text_kinds(t, is_fit, &likes, &n);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (told[likes[i]->memory])
			continue;
		told[likes[i]->memory] = true;
		rc = print_fits(t, likes[i]);
	}
	free(likes);
	return rc;
}
