/* share.c - a result in a few lines of Markdown, to paste into a chat or an issue: how it came out,
 * of what machine, and nothing that tells which one it is or whose. Only words and numbers of our
 * own are in it, names of parts, and versions: no reason, no subject and no text of a finding. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/formats.h"
#include "render/markdown.h"

enum { LINES_MOST = 15, FINDINGS_NAMED = 6, COLUMNS_MOST = 16 };

/* The voice's own. */
struct share {
	char heading[256];
	bool in_matrix; /* what is said beside it is left out */
	char said[900]; /* of bindings: one line */
	size_t lines;   /* written so far */
};

static void put_line(struct text *t, const char *text)
{
	struct share *s = t->own;

	fputs("- ", t->out);
	markdown_put(t->out, text);
	fputc('\n', t->out);
	s->lines++;
}

/* ---- what it is of ---- */

/* "6.8.0-51": digits, and what stands between them; a kernel's own name may be anybody's. */
static void add_version(char *text, size_t size, const char *name, const json_t *of,
			const char *key)
{
	const char *version = json_string_value(json_object_get(of, key));
	size_t used = strlen(text), n = version ? strspn(version, "0123456789.-") : 0;

	while (n && !isdigit((unsigned char)version[n - 1]))
		n--;
	if (n && used < size)
		snprintf(text + used, size - used, ", %s %.*s", name, (int)n, version);
}

static void say_versions(struct text *t)
{
	static const struct {
		const char *name, *key;
	} versions[] = { { "driver", "driver" },
			 { "CUDA", "cuda_runtime" },
			 { "Linux", "kernel" } };
	const struct run_info *run = &t->res->run;
	const json_t *conditions = json_object_get(t->res->host, "conditions");
	char text[256], cells[64];

	snprintf(text, sizeof text, "numabench %.*s", (int)strspn(run->version, "0123456789."),
		 run->version);
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		add_version(text, sizeof text, versions[i].name, conditions, versions[i].key);
	snprintf(text + strlen(text), sizeof text - strlen(text), "; %.*s, %s in %.0f s",
		 (int)strspn(run->started, "0123456789-"), run->started,
		 text_cells(t->res, cells, sizeof cells), run->seconds);
	put_line(t, text);
}

static void say_machine(struct text *t)
{
	const char *cpu = json_string_value(
		json_object_get(json_object_get(t->res->host, "identity"), "cpu"));
	char parts_text[400], text[512];

	snprintf(text, sizeof text, "%s%s%.80s%s",
		 text_parts_of_machine(&t->res->machine, parts_text, sizeof parts_text),
		 cpu ? "; " : "", cpu ? cpu : "",
		 t->res->run.complete ? "" : "; the run is not complete");
	put_line(t, text);
}

/* ---- how it came out ---- */

/* "; 9 cells corrupt, 2 timeout": why, where it is no pass. */
static void add_outcomes(const struct result *res, char *text, size_t size)
{
	size_t used = strlen(text), told = 0;

	for (int status = 0; status <= STATUS_CORRUPT; status++) {
		size_t n = 0;

		for (size_t i = 0; i < res->nrecords; i++)
			n += (int)res->records[i].status == status;
		if (!n || status == STATUS_OK || status == STATUS_SKIPPED || used >= size)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%zu %s%s", told ? ", " : "; ",
					 n,
					 told     ? ""
					 : n == 1 ? "cell "
						  : "cells ",
					 status_name((enum status)status));
		told++;
	}
}

static void say_verdict(struct text *t)
{
	struct share *s = t->own;
	char text[VERDICT_TEXT + 200];

	text_verdict(t->res, text, VERDICT_TEXT);
	if (t->res->verdict.status != VERDICT_PASS)
		add_outcomes(t->res, text, sizeof text);
	fputs("**numabench: ", t->out);
	markdown_put(t->out, text);
	fputs("**\n", t->out);
	s->lines++;
}

struct naming {
	char text[600];
	size_t n;
};

static void name_finding(const struct told_finding *told, void *to)
{
	struct naming *names = to;
	size_t used = strlen(names->text);

	if (!told->again && names->n++ < FINDINGS_NAMED)
		snprintf(names->text + used, sizeof names->text - used, "%s%s %s",
			 used ? ", " : "findings: ", finding_word(told->finding),
			 told->finding->id);
}

static int say_findings(struct text *t)
{
	struct naming names = { .n = 0 };
	int rc = findings_tell(t->res, name_finding, &names);
	size_t used = strlen(names.text);

	if (rc == 0 && names.n > FINDINGS_NAMED && used < sizeof names.text)
		snprintf(names.text + used, sizeof names.text - used, " and %zu more",
			 names.n - FINDINGS_NAMED);
	if (rc == 0 && names.n)
		put_line(t, names.text);
	return rc;
}

/* ---- what binding gains ---- */

static void say_sentence(struct text *t, int indent, const char *sentence)
{
	struct share *s = t->own;

	size_t used = strlen(s->said);

	(void)indent;
	if (!s->in_matrix)
		snprintf(s->said + used, sizeof s->said - used, "%s%s", used ? " " : "", sentence);
}

/* ---- the matrix ---- */

static void say_heading(struct text *t, const char *title)
{
	struct share *s = t->own;

	snprintf(s->heading, sizeof s->heading, "%.*s", (int)strcspn(title, ";"), title);
}

static bool is_better(const struct record *a, const struct record *b)
{
	return a->better == BETTER_HIGHER ? a->median > b->median : a->median < b->median;
}

/* Of a column its best and its worst, where not all rows have room. */
static int two_rows(const struct sheet *s, struct sheet *two)
{
	int rc = sheet_make(two, 2, s->ncolumns);

	if (rc < 0)
		return rc;
	snprintf(two->labels[0], SHEET_TEXT, "best of %zu nodes", s->nrows);
	snprintf(two->labels[1], SHEET_TEXT, "worst");
	two->ends = s->ends;
	memcpy(two->heads, s->heads, s->ncolumns * sizeof *s->heads);
	for (size_t c = 0; c < s->ncolumns; c++)
		for (size_t i = 0; i < s->nrows; i++) {
			const struct record *r = s->cells[i * s->ncolumns + c];
			const struct record **best = &two->cells[c],
					    **worst = &two->cells[s->ncolumns + c];

			if (!r || !record_has_figure(r))
				continue;
			*best = !*best || is_better(r, *best) ? r : *best;
			*worst = !*worst || is_better(*worst, r) ? r : *worst;
		}
	return 0;
}

/* Of a row its best and its worst, where not all columns have room. */
static int two_columns(const struct sheet *s, struct sheet *two)
{
	int rc = sheet_make(two, s->nrows, 2);

	if (rc < 0)
		return rc;
	snprintf(two->heads[0], SHEET_TEXT, "best of %zu", s->ncolumns);
	snprintf(two->heads[1], SHEET_TEXT, "worst");
	memcpy(two->labels, s->labels, s->nrows * sizeof *s->labels);
	for (size_t i = 0; i < s->nrows; i++)
		for (size_t c = 0; c < s->ncolumns; c++) {
			const struct record *r = s->cells[i * s->ncolumns + c];
			const struct record **best = &two->cells[2 * i], **worst = best + 1;

			if (!r || !record_has_figure(r))
				continue;
			*best = !*best || is_better(r, *best) ? r : *best;
			*worst = !*worst || is_better(*worst, r) ? r : *worst;
		}
	return 0;
}

static int say_sheet(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	struct share *own = t->own;
	struct sheet rows = { .corner = "" }, folded = { .corner = "" }, columns = { .corner = "" },
		     bare;
	const struct sheet_style plain = { .unit = style->unit, .decimals = style->decimals };
	size_t room = LINES_MOST - own->lines - 3; /* an empty line, heads and their rule */
	int rc = 0;

	bare = *s;
	bare.above.texts = bare.below[0].texts = bare.below[1].texts = NULL;
	if (bare.nrows > room) {
		rc = two_rows(&bare, &rows);
		bare = rows;
	}
	if (rc == 0 && bare.ncolumns > 1) {
		rc = sheet_fold(&bare, false, &folded);
		bare = rc > 0 ? folded : bare;
	}
	if (rc >= 0 && bare.ncolumns > COLUMNS_MOST) {
		rc = two_columns(&bare, &columns);
		bare = columns;
	}
	bare.corner = own->heading;
	fputc('\n', t->out);
	rc = rc < 0 ? rc : markdown_sheet(t, &bare, &plain);
	sheet_release(&columns);
	sheet_release(&folded);
	sheet_release(&rows);
	return rc;
}

static const struct voice voice_share = {
	.heading = say_heading,
	.sentence = say_sentence,
	.sheet = say_sheet,
};

static bool is_pinned_h2d(const struct record *r)
{
	return record_has(r, "gpu") && strcmp(r->metric, "bandwidth") == 0 &&
	       record_has(r, "memory") && r->memory == MEM_PINNED && record_has(r, "direction") &&
	       r->direction == DIR_H2D && !record_has(r, "peer") && !record_has(r, "together") &&
	       !record_has(r, "pages_asked");
}

/* Pinned copies to the GPUs; without GPUs, between the nodes. */
static int say_matrix(struct text *t)
{
	const struct record **likes;
	size_t n;
	int rc = text_kinds(t, is_pinned_h2d, &likes, &n);
	bool any = false;

	((struct share *)t->own)->in_matrix = true;
	for (size_t i = 0; rc == 0 && i < n && !any; i++) {
		struct matrix m = { .like = likes[i],
				    .machine = &t->res->machine,
				    .columns_are_gpus = true };

		any = likes[i]->bytes == text_usual_bytes(t->res, likes[i]);
		if (any)
			rc = matrix_print(t, &m);
	}
	free(likes);
	return rc == 0 && !any ? text_memory_matrix(t) : rc;
}

int format_share(const struct result *r, const struct render_options *o, FILE *out)
{
	struct share own = { .heading = "" };
	struct text t = {
		.o = o, .out = out, .width = TEXT_WIDTH, .voice = &voice_share, .own = &own
	};
	struct walk w;
	int rc = walk_open(&w, r);

	t.res = &w.all;
	if (rc == 0) {
		say_verdict(&t);
		say_machine(&t);
		text_binding(&t);
		if (own.said[0])
			put_line(&t, own.said);
		rc = say_findings(&t);
	}
	if (rc == 0) {
		say_versions(&t);
		t.res = &w.rest;
		rc = say_matrix(&t);
	}
	walk_close(&w);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
