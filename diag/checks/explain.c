/* explain.c - what a check is, and all of them in a list. */
#include <math.h>
#include <string.h>

#include "print.h"
#include "render/table.h"
#include "result/physics.h"
#include "util/wrap.h"

enum { LABEL = 13, WIDTH_LEAST = 40, USUAL_WIDTH = 80 };

static void paragraph(FILE *out, int width, const char *label, const char *text)
{
	fprintf(out, "%-*s", LABEL, label);
	wrap_print(out, text, width, LABEL, LABEL);
}

/* ---- what it costs here ---- */

/* The GPU for which the right node is worth most. */
static void cost_of_node(const struct result *res, char *text, size_t size)
{
	const struct recommendation *most = NULL;

	for (size_t i = 0; i < res->nrecommendations; i++) {
		const struct recommendation *r = &res->recommendations[i];

		if (r->measured && isfinite(r->advantage) &&
		    (!most || r->advantage > most->advantage))
			most = r;
	}
	if (most)
		snprintf(text, size,
			 "The best node feeds GPU %d %.3g times as fast as the worst one (%.200s).",
			 most->gpu, most->advantage, most->why);
}

/* What the link of a record could carry as it ran, over what it could at its ability; both too. */
static double link_share(const struct result *res, const struct record *r, double *now,
			 double *able)
{
	const json_t *link = json_object_get(r->more, "link_during");
	const struct gpu *g = record_has(r, "gpu") ? machine_gpu(&res->machine, r->gpu) : NULL;
	int mps = g && g->mps.is ? (int)g->mps.value : 0;

	if (!link || !g || !g->max_gen.is || !g->max_width.is)
		return NAN;
	*now = pcie_ceiling((int)json_integer_value(json_object_get(link, "gen")),
			    (int)json_integer_value(json_object_get(link, "width")), mps, DIR_D2H);
	*able = pcie_ceiling((int)g->max_gen.value, (int)g->max_width.value, mps, DIR_D2H);
	return *now / *able;
}

/* The link that is farthest below its ability. */
static void cost_of_link(const struct result *res, char *text, size_t size)
{
	double least = 2, now, able;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		double share = link_share(res, r, &now, &able);

		if (!(share < least))
			continue;
		least = share;
		if (share < 0.999)
			snprintf(text, size,
				 "The link of GPU %d can carry %.1f GB/s as it runs under load, "
				 "%.1f "
				 "GB/s at its ability.",
				 r->gpu, now / 1e9, able / 1e9);
		else
			snprintf(text, size, "Nothing: every link carries what it can, %.1f GB/s.",
				 now / 1e9);
	}
}

/* The best figure of CPU memory on its own node, and the worst on another, of one metric. */
static void cost_of_memory(const struct result *res, char *text, size_t size)
{
	const struct record *near = NULL, *far = NULL;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (strcmp(r->test, "mem-latency") != 0 || !record_has_figure(r) ||
		    !record_has(r, "cpu_node") || !record_has(r, "mem_node"))
			continue;
		if (r->cpu_node == r->mem_node && (!near || r->median < near->median))
			near = r;
		if (r->cpu_node != r->mem_node && (!far || r->median > far->median))
			far = r;
	}
	if (near && far)
		snprintf(text, size,
			 "Memory of node %d takes %.0f ns from its own cores, that of node %d %.0f "
			 "ns from node %d.",
			 near->mem_node, near->median * 1e9, far->mem_node, far->median * 1e9,
			 far->cpu_node);
}

static void say_measured(const struct check *row, const struct result *res, int width, FILE *out)
{
	static void (*const tell[])(const struct result *res, char *text, size_t size) = {
		[COST_NODE] = cost_of_node,
		[COST_LINK] = cost_of_link,
		[COST_MEMORY] = cost_of_memory,
	};
	char text[400] = "";

	if (!res || row->measured == COST_UNTOLD)
		return;
	tell[row->measured](res, text, sizeof text);
	paragraph(out, width, "Here:", text[0] ? text : "The result has no figure for it.");
}

void check_explain(const struct check *row, const struct result *res,
		   const struct render_options *o, FILE *out)
{
	char source[120], title[200];
	const struct {
		const char *label, *text;
	} rows[] = {
		{ "Right is:", row->good },      { "Why:", row->about },
		{ "By hand:", row->see },        { "To mend:", row->mend },
		{ "If left:", row->cost },       { "Read from:", source },
		{ "Rests on:", row->authority },
	};
	int width = o->width >= WIDTH_LEAST ? o->width : USUAL_WIDTH;

	check_source(row, source);
	snprintf(title, sizeof title, "%s: %s", row->id, row->title);
	wrap_print(out, title, width, 0, 2);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		paragraph(out, width, rows[i].label, rows[i].text);
		if (rows[i].text == row->cost)
			say_measured(row, res, width, out);
	}
	paragraph(out, width, "Severity:",
		  !(row->tells & MAY_FAIL) ? "warns at the most (--rules can raise it)"
		  : row->guest_warns       ? "may fail; in a virtual machine it warns at the most"
					   : "may fail");
	if (row->needs & NEEDS_RUN)
		paragraph(out, width, "Needs:",
			  "a result's readings under load: numabench --all, then numabench check "
			  "RESULT");
}

/* ---- the list ---- */

static void markdown_row(const struct check *row, FILE *out)
{
	char source[120];
	const char *const texts[] = { row->title, row->good, row->mend, source, row->authority };

	check_source(row, source);

	fprintf(out, "| `%s` | %s%s |", row->id, row->tells & MAY_FAIL ? "F" : "",
		row->needs & NEEDS_RUN ? "R" : "");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		fputc(' ', out);
		/* A bar would end the cell. */
		for (const char *p = texts[i]; *p; p++)
			if (*p == '|' || *p == '<' || *p == '*')
				fprintf(out, "\\%c", *p);
			else
				fputc(*p, out);
		fputs(" |", out);
	}
	fputc('\n', out);
}

void checks_list(bool markdown, const struct render_options *o, FILE *out)
{
	struct table *t = markdown ? NULL : table_new();

	if (markdown)
		fputs("| check | | what | right is | what mends it | read from | rests on |\n"
		      "|---|---|---|---|---|---|---|\n",
		      out);
	for (int i = 0; t && i < 3; i++)
		table_column(t, "", 'l');
	for (size_t f = 0; f < nfamilies; f++)
		for (const struct check *row = families[f].rows; row->id; row++) {
			if (markdown) {
				markdown_row(row, out);
				continue;
			}
			table_cell(t, "%s", row->id);
			table_cell(t, "%s%s", row->tells & MAY_FAIL ? "F" : "",
				   row->needs & NEEDS_RUN ? "R" : "");
			table_cell(t, "%s", row->title);
		}
	if (markdown)
		return;
	table_print(t, out, o->width >= WIDTH_LEAST ? o->width : USUAL_WIDTH, 0);
	table_free(t);
	fputs("\nF: may fail; the others warn at the most. R: needs a result's readings under "
	      "load.\n",
	      out);
}
