/* github.c - for GitHub Actions: workflow commands that annotate a run, and the step's summary in
 * Markdown. */
#include <errno.h>
#include <string.h>

#include "render/formats.h"
#include "render/machine_notes.h"
#include "render/marks.h"
#include "render/text.h"
#include "result/judge.h"

/* ---- annotations ----
 *
 * docs.github.com, "Workflow commands for GitHub Actions": ten of a kind are shown for a step, and
 * what a command must not hold is written with its hexadecimal number. */

enum { MOST_OF_A_KIND = 10 };

static const struct mark in_data[] = { { '%', "%25" }, { 0, NULL } };
static const struct mark in_property[] = {
	{ '%', "%25" }, { ':', "%3A" }, { ',', "%2C" }, { 0, NULL }
};

static void annotate(FILE *out, const char *kind, const char *title, const char *text)
{
	fprintf(out, "::%s title=", kind);
	marks_print(out, title, in_property);
	fputs("::", out);
	marks_print(out, text, in_data);
	fputc('\n', out);
}

/* All findings of a status; the last one that is shown tells how many are not. */
static void annotate_findings(const struct result *r, const char *status, const char *kind,
			      size_t *room, FILE *out)
{
	size_t left = count_findings(r, status);
	char title[160], text[560];

	for (size_t i = 0; i < r->nfindings; i++) {
		const struct finding *f = &r->findings[i];

		if (strcmp(f->status, status) != 0)
			continue;
		if (*room == 0 || (*room == 1 && left > 1)) {
			snprintf(text, sizeof text, "%zu more, see the summary or the report",
				 left);
			if (*room)
				annotate(out, kind, "numabench", text);
			*room = 0;
			return;
		}
		snprintf(title, sizeof title, "%s: %s", f->id, f->subject);
		annotate(out, kind, title, finding_line(f, text, sizeof text));
		--*room;
		left--;
	}
}

int format_github(const struct result *r, const struct render_options *o, FILE *out)
{
	static const char *const verdicts[] = {
		[VERDICT_PASS] = "notice", [VERDICT_FAIL] = "error", [VERDICT_UNKNOWN] = "warning"
	};
	size_t errors = MOST_OF_A_KIND - (r->verdict.status == VERDICT_FAIL),
	       warnings = MOST_OF_A_KIND - (r->verdict.status == VERDICT_UNKNOWN);
	char line[400];

	(void)o;
	annotate(out, verdicts[r->verdict.status], "numabench", verdict_line(r, line, sizeof line));
	annotate_findings(r, "fail", "error", &errors, out);
	annotate_findings(r, "unknown", "warning", &warnings, out);
	annotate_findings(r, "warn", "warning", &warnings, out);
	return ferror(out) ? -EIO : 0;
}

/* ---- the summary ----
 *
 * At most 1 MiB a step: so many rows of a table at most, each of a few hundred bytes. */

enum { ROWS_MOST = 500 };

static const struct mark markdown[] = {
	{ '\\', "\\\\" }, { '`', "\\`" }, { '*', "\\*" }, { '_', "\\_" },  { '[', "\\[" },
	{ ']', "\\]" },   { '|', "\\|" }, { '#', "\\#" }, { '<', "&lt;" }, { '>', "&gt;" },
	{ '&', "&amp;" }, { '~', "\\~" }, { 0, NULL },
};

static void put(FILE *out, const char *text)
{
	marks_print(out, text, markdown);
}

static void put_findings(const struct result *r, FILE *out)
{
	static const char *const shown[] = { "fail", "unknown", "warn" };
	size_t rows = 0, all = 0;
	char text[560];

	for (size_t s = 0; s < 3; s++)
		all += count_findings(r, shown[s]);
	if (!all)
		return;
	fputs("\n### Findings\n\n| | what | says | to mend |\n|---|---|---|---|\n", out);
	for (size_t s = 0; s < 3; s++)
		for (size_t i = 0; i < r->nfindings; i++) {
			const struct finding *f = &r->findings[i];

			if (strcmp(f->status, shown[s]) != 0 || rows++ >= ROWS_MOST)
				continue;
			fprintf(out, "| %s | ", shown[s]);
			put(out, f->id);
			fputs(" | ", out);
			put(out, finding_line(f, text, sizeof text));
			fputs(" | ", out);
			put(out, f->fix);
			fputs(" |\n", out);
		}
	if (rows > ROWS_MOST)
		fprintf(out, "\nand %zu more\n", rows - ROWS_MOST);
}

/* Pinned one-way copies of the usual size, each GPU from its own node. */
static const struct record *home_copy(const struct result *r, int gpu, enum direction d)
{
	const struct record *best = NULL;

	for (size_t i = 0; i < r->nrecords; i++) {
		const struct record *c = &r->records[i];

		if (record_has(c, "gpu") && c->gpu == gpu && record_has(c, "memory") &&
		    c->memory == MEM_PINNED && record_has(c, "direction") && c->direction == d &&
		    strcmp(c->metric, "bandwidth") == 0 && !record_has(c, "together") &&
		    !record_has(c, "peer") && record_has_figure(c) &&
		    (!best || c->median > best->median))
			best = c;
	}
	return best;
}

static void put_gpus(const struct result *r, FILE *out)
{
	static const enum direction ways[] = { DIR_H2D, DIR_D2H };
	size_t shown = 0;

	for (size_t i = 0; i < r->machine.ngpus && shown < ROWS_MOST; i++) {
		const struct gpu *g = &r->machine.gpus[i];
		const struct recommendation *bind = NULL;

		for (size_t k = 0; k < r->nrecommendations; k++)
			if (r->recommendations[k].gpu == g->index)
				bind = &r->recommendations[k];
		if (!shown++)
			fputs("\n### GPUs\n\n| GPU | part | pinned h2d | pinned d2h | bind to |\n"
			      "|---:|---|---:|---:|---|\n",
			      out);
		fprintf(out, "| %d | ", g->index);
		put(out, g->name[0] ? g->name : g->pci);
		for (size_t d = 0; d < 2; d++) {
			const struct record *c = home_copy(r, g->index, ways[d]);

			struct text_unit unit = text_unit_for("B/s", 0);

			if (c)
				fprintf(out, " | %.1f %s", c->median / unit.factor, unit.name);
			else
				fputs(" | none", out);
		}
		if (bind && bind->has_node)
			fprintf(out, " | node %d |\n", bind->node);
		else
			fputs(" | |\n", out);
	}
}

int format_markdown(const struct result *r, const struct render_options *o, FILE *out)
{
	char line[400];

	(void)o;
	fputs("## numabench: ", out);
	put(out, verdict_line(r, line, sizeof line));
	fputs("\n\n", out);
	put(out, r->run.id);
	fprintf(out, ", version %.20s, %zu cells in %.0f s%s%s\n", r->run.version, r->nrecords,
		r->run.seconds, r->run.complete ? "" : ", **not complete**",
		r->run.simulated ? ", **SIMULATED**: no figure of a GPU is hardware's" : "");
	for (size_t i = 1; i < r->verdict.nreasons; i++) {
		fputs(i == 1 ? "\n- " : "- ", out);
		put(out, r->verdict.reasons[i]);
		fputc('\n', out);
	}
	put_findings(r, out);
	put_gpus(r, out);
	return ferror(out) ? -EIO : 0;
}
