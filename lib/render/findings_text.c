/* findings_text.c - findings as text. See walk.h. */
#include <errno.h>
#include <string.h>

#include "render/machine_notes.h"
#include "render/steps.h"
#include "render/walk.h"
#include "util/wrap.h"

enum { INDENT = 6, LABEL = 10, WIDTH_LEAST = 40, USUAL_WIDTH = 80 };

struct page {
	const struct render_options *o;
	FILE *out;
	int width;
};

static struct page page_of(const struct render_options *o, FILE *out)
{
	return (struct page){ .o = o,
			      .out = out,
			      .width = o->width >= WIDTH_LEAST ? o->width : USUAL_WIDTH };
}

static void say(const struct page *p, const char *label, const char *text)
{
	int at = fprintf(p->out, "%*s%s", INDENT, "", label);

	wrap_print(p->out, text, p->width, at, INDENT + (label[0] ? LABEL : 0));
}

static void say_steps(const struct page *p, const char *label, const json_t *steps)
{
	const struct step_place place = { .width = p->width,
					  .at = fprintf(p->out, "%*s%s", INDENT, "", label),
					  .text = INDENT + LABEL };

	steps_print(p->out, steps, &place);
}

static const char *text_of(const struct finding *f, const char *key)
{
	return json_string_value(json_object_get(f->more, key));
}

static void say_head(const struct page *p, const struct finding *f)
{
	const char *title = text_of(f, "title"), *word = finding_word(f);
	char text[1400];

	snprintf(text, sizeof text, "%s%s%s", f->id, title ? ": " : "", title ? title : "");
	if (p->o->colour)
		fprintf(p->out, "\n\033[1;%sm%s\033[0m  ", strcmp(word, "FAIL") ? "33" : "31",
			word);
	else
		fprintf(p->out, "\n%s  ", word);
	wrap_print(p->out, text, p->width, INDENT, INDENT);
}

static void say_cost(const struct page *p, const struct finding *f)
{
	const char *here = text_of(f, "cost_here");

	if (text_of(f, "cost"))
		say(p, "Costs:    ", text_of(f, "cost"));
	if (here)
		say(p, text_of(f, "cost") ? "          " : "Costs:    ", here);
}

/* What is to be done, and how to see that it is done. */
static void say_mend(const struct page *p, const struct finding *f)
{
	const json_t *remedy = json_object_get(f->more, "remedy");
	const json_t *verify = json_object_get(f->more, "verify");
	json_t *steps = NULL;

	if (json_array_size(remedy))
		say_steps(p, "To mend:  ", remedy);
	else if (f->fix[0])
		say(p, "To mend:  ", f->fix);
	if (json_is_object(verify))
		steps = json_pack("[O]", verify);
	if (steps)
		say_steps(p, "Verify:   ", steps);
	json_decref(steps);
}

/* What holds for all of one id. */
static void say_tail(const struct page *p, const struct finding *f)
{
	static const struct {
		const char *label, *key;
	} rows[] = { { "Lasts:    ", "lasts" }, { "Scope:    ", "scope" } };
	char text[400];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (text_of(f, rows[i].key))
			say(p, rows[i].label, text_of(f, rows[i].key));
	if (f->source[0]) {
		snprintf(text, sizeof text, "%s%s%s", f->source,
			 f->authority[0] ? "; rests on: " : "", f->authority);
		say(p, "Read:     ", text);
	}
	if (text_of(f, "title")) /* a check of `numabench check`, which explains itself */
		fprintf(p->out, "%*sMore:     numabench check --explain %s\n", INDENT, "", f->id);
}

static void say_finding(const struct told_finding *told, void *to)
{
	const struct finding *f = told->finding, *before = told->before;
	const struct page *p = to;
	char text[800];

	if (!before)
		say_head(p, f);
	snprintf(text, sizeof text, "%s%s%s", told->subjects, told->subjects[0] ? ": " : "",
		 f->observed);
	say(p, "", text);
	if (f->expected[0] && (!before || strcmp(f->expected, before->expected) != 0))
		say(p, "Expected: ", f->expected);
	if (!before)
		say_cost(p, f);
	if (!before || strcmp(f->fix, before->fix) != 0 || !finding_shares(f, before, "remedy"))
		say_mend(p, f);
	if (told->cells) {
		snprintf(text, sizeof text, "%zu cell%s of this run", told->cells,
			 plural(told->cells));
		say(p, "Bears on: ", text);
	}
	if (told->last)
		say_tail(p, f);
}

void finding_print(const struct told_finding *f, const struct render_options *o, FILE *out)
{
	struct page p = page_of(o, out);

	say_finding(f, &p);
}

int render_findings(const struct result *res, const struct render_options *o, FILE *out)
{
	struct page p = page_of(o, out);
	int rc = findings_tell(res, say_finding, &p);

	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
