/* explain.c - what a check is, and all of them in a list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "render/steps.h"
#include "render/table.h"
#include "util/wrap.h"

enum { LABEL = 13, WIDTH_LEAST = 40, USUAL_WIDTH = 80 };

struct leaf {
	const struct check *row;
	const struct look *look;
	struct checking c;    /* whose values fill the row's names */
	struct result found;  /* what it finds here */
	size_t *order, wrong; /* of these what is wrong, the worst first */
	int width;
	FILE *out;
};

static void paragraph(const struct leaf *f, const char *label, const char *text)
{
	fprintf(f->out, "%-*s", LABEL, label);
	wrap_print(f->out, text, f->width, LABEL, LABEL);
}

/* ---- here ---- */

/* The worst of what is wrong here; NULL: nothing is. */
static const struct finding *worst_here(const struct leaf *f)
{
	return f->wrong ? &f->found.findings[f->order[0]] : NULL;
}

/* What it says here and now, of so many things at the most; of the others how many. */
static void say_here(const struct leaf *f)
{
	enum { MOST = 8 };
	char text[500];

	for (size_t i = 0; i < f->found.nfindings && i < MOST; i++) {
		const struct finding *g = &f->found.findings[i < f->wrong ? f->order[i] : i];

		if (f->wrong && i >= f->wrong)
			break;
		snprintf(text, sizeof text, "%s: %s: %s", g->status, g->subject, g->observed);
		paragraph(f, i ? "" : "Now, here:", text);
	}
	if ((f->wrong ? f->wrong : f->found.nfindings) > MOST)
		paragraph(f, "", "and more: numabench check --verbose");
}

/* Judges the machine by this row alone, and takes the GPU that is worst (else the first) for its
 * names. */
static int judge_here(struct leaf *f, const char *family, bool apart)
{
	const struct gpu *g = next_gpu(f->look, NULL);
	int rc = apart ? 0 : check_run(f->look, f->row, family, &f->found);

	f->order = calloc(f->found.nfindings + 1, sizeof *f->order);
	if (rc < 0 || !f->order)
		return rc < 0 ? rc : -ENOMEM;
	f->wrong = findings_order(&f->found, f->order);
	f->c = (struct checking){ .l = f->look, .row = f->row };
	for (const struct gpu *o = NULL; f->wrong && (o = next_gpu(f->look, o));)
		if (strstr(worst_here(f)->subject, o->pci)) {
			g = o;
			break;
		}
	if (g)
		gpu_name(&f->c, g);
	return 0;
}

/* ---- what is to be done ---- */

/* Whether something is left to the reader to fill in: a name in capitals. */
static bool has_blanks(const struct leaf *f, const struct step *steps)
{
	bool any = false;

	for (size_t i = 0; i < STEPS && (steps[i].say || steps[i].run); i++) {
		const char *const texts[] = { steps[i].say, steps[i].run };

		for (size_t j = 0; j < 2; j++) {
			char with[3000], without[3000];

			if (!texts[j])
				continue;
			values_fill(&f->c.values, texts[j], true, with, sizeof with);
			values_fill(&f->c.values, texts[j], false, without, sizeof without);
			any |= strcmp(with, without) != 0;
		}
	}
	return any;
}

/* The finding's own where there is one, else the row's. */
static bool say_steps(const struct leaf *f, const char *label, const char *key,
		      const struct step *steps)
{
	const struct finding *worst = worst_here(f);
	json_t *list = worst && key ? json_incref(json_object_get(worst->more, key))
				    : values_steps(&f->c.values, steps, true);
	bool blanks = !(worst && key) && has_blanks(f, steps);
	const struct step_place place = { .width = f->width, .at = LABEL, .text = LABEL };

	if (json_is_object(list)) {
		json_t *one = json_pack("[O]", list);

		json_decref(list);
		list = one;
	}
	if (json_array_size(list) > 0) {
		fprintf(f->out, "%-*s", LABEL, label);
		steps_print(f->out, list, &place);
	}
	json_decref(list);
	return blanks;
}

static void say_doing(const struct leaf *f)
{
	const struct check *row = f->row;
	const struct step verify[STEPS] = { row->verify };
	bool blanks = say_steps(f, "By hand:", NULL, row->see);

	if (row->mend[0].say || row->mend[0].run)
		blanks |= say_steps(f, "To fix:", "remedy", row->mend);
	else
		paragraph(f, "To fix:", "nothing to fix");
	if (row->lasts)
		paragraph(f, "Persists:", row->lasts);
	blanks |= say_steps(f, "Verify:", "verify", verify);
	if (blanks)
		paragraph(f, "Fill in:",
			  "words in capitals stand for what a finding names (GPU and ADDRESS: "
			  "numabench "
			  "topology lists both)");
}

/* ---- the page ---- */

static void say_severity(const struct leaf *f, bool apart)
{
	const struct check *row = f->row;

	paragraph(f, "Severity:",
		  !(row->tells & (MAY_WARN | MAY_FAIL)) ? "it is recorded, and never warns"
		  : !(row->tells & MAY_FAIL)            ? "warns at the most (--rules can raise it)"
		  : row->guest_warns ? "may fail; in a virtual machine it warns at the most"
				     : "may fail");
	if (check_scope_text(row->scope))
		paragraph(f, "Scope:", check_scope_text(row->scope));
	if (apart)
		paragraph(f, "Asked by:", "numabench check --pid PID, of a process that runs");
	if (row->needs & NEEDS_RUN)
		paragraph(f, "Needs:",
			  "a result's readings under load: numabench --all has them in its "
			  "report, and numabench check RESULT");
}

static void say_page(const struct leaf *f, bool apart)
{
	const struct check *row = f->row;
	char source[120], text[400];

	check_source(row, source);
	snprintf(text, sizeof text, "%s: %s", row->id, row->title);
	wrap_print(f->out, text, f->width, 0, 2);
	say_here(f);
	paragraph(f, "Right is:", row->good);
	paragraph(f, "Why:", row->about);
	paragraph(f, "If left:", row->cost);
	if (check_cost_here(row, f->look->res, NULL, text, sizeof text))
		paragraph(f, "  measured:", text);
	else if (f->look->res && row->measured != COST_UNTOLD)
		paragraph(f, "  measured:", "the result has no figure for it");
	say_doing(f);
	paragraph(f, "Source:", source);
	paragraph(f, "Rests on:", row->authority);
	say_severity(f, apart);
}

int check_explain(const struct check *row, const struct look *look, const struct render_options *o,
		  FILE *out)
{
	struct leaf f = { .row = row,
			  .look = look,
			  .width = o->width >= WIDTH_LEAST ? o->width : USUAL_WIDTH,
			  .out = out };
	const char *family = "";
	bool apart = false;
	int rc;

	check_find(row->id, &family);
	for (size_t i = 0; i < nfamilies; i++)
		apart |= families[i].apart && strcmp(families[i].name, family) == 0;
	result_init(&f.found);
	rc = judge_here(&f, family, apart);
	if (rc == 0)
		say_page(&f, apart);
	free(f.order);
	result_release(&f.found);
	return rc;
}

/* ---- the list ---- */

/* "F", may fail; "R", needs readings under load; "P", of a process that runs. */
static const char *letters(const struct family *f, const struct check *row, char buf[4])
{
	snprintf(buf, 4, "%s%s%s", row->tells & MAY_FAIL ? "F" : "",
		 row->needs & NEEDS_RUN ? "R" : "", f->apart ? "P" : "");
	return buf;
}

static void markdown_row(const struct family *f, const struct check *row, FILE *out)
{
	static const struct values none;
	char source[120], mend[1500], some[4];
	const char *const texts[] = { row->title, row->good, mend, source, row->authority };
	json_t *steps = values_steps(&none, row->mend, true);

	steps_line(steps, mend, sizeof mend);
	json_decref(steps);
	if (!mend[0])
		snprintf(mend, sizeof mend, "nothing to fix");
	check_source(row, source);
	fprintf(out, "| `%s` | %s |", row->id, letters(f, row, some));
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
	char some[4];

	if (markdown)
		fputs("| check | | what | right is | fix | source | rests on |\n"
		      "|---|---|---|---|---|---|---|\n",
		      out);
	for (int i = 0; t && i < 3; i++)
		table_column(t, "", 'l');
	for (size_t f = 0; f < nfamilies; f++)
		for (const struct check *row = families[f].rows; row->id; row++) {
			if (markdown) {
				markdown_row(&families[f], row, out);
				continue;
			}
			table_cell(t, "%s", row->id);
			table_cell(t, "%s", letters(&families[f], row, some));
			table_cell(t, "%s", row->title);
		}
	if (markdown)
		return;
	table_print(t, out, o->width >= WIDTH_LEAST ? o->width : USUAL_WIDTH, 0);
	table_free(t);
	fputs("\nF: may fail; the others warn at the most. R: needs a result's readings under "
	      "load.\nP: of a process that runs (--pid).\n",
	      out);
}
