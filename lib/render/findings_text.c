/* findings_text.c - findings as text. See walk.h. */
#include <errno.h>
#include <string.h>

#include "render/steps.h"
#include "render/walk.h"
#include "util/wrap.h"

enum { INDENT = 6, LABEL = TOLD_LABEL + 2, WIDTH_LEAST = 40, USUAL_WIDTH = 80 };

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

/* Returns the column behind the label, which may be "". */
static int put_label(const struct page *p, const char *label)
{
	char colon[LABEL + 1];

	if (!label[0])
		return fprintf(p->out, "%*s", INDENT, "");
	snprintf(colon, sizeof colon, "%.*s:", LABEL - 2, label);
	return fprintf(p->out, "%*s%-*s", INDENT, "", LABEL, colon);
}

static void say(const struct page *p, const char *label, const char *text)
{
	int at = put_label(p, label);

	wrap_print(p->out, text, p->width, at, INDENT + (label[0] ? LABEL : 0));
}

static void say_steps(const struct page *p, const char *label, const json_t *steps)
{
	const struct step_place place = { .width = p->width,
					  .at = put_label(p, label),
					  .text = INDENT + LABEL };

	steps_print(p->out, steps, &place);
}

static void say_head(const struct page *p, const struct told_finding *told)
{
	const char *word = finding_word(told->finding);
	char text[1400];

	snprintf(text, sizeof text, "%s%s%s", told->finding->id, told->title[0] ? ": " : "",
		 told->title);
	if (p->o->colour)
		fprintf(p->out, "\n\033[1;%sm%s\033[0m  ", strcmp(word, "FAIL") ? "33" : "31",
			word);
	else
		fprintf(p->out, "\n%s  ", word);
	wrap_print(p->out, text, p->width, INDENT, INDENT);
}

static void say_finding(const struct told_finding *told, void *to)
{
	const struct page *p = to;
	char text[800];

	if (!told->before)
		say_head(p, told);
	snprintf(text, sizeof text, "%s%s%s", told->subjects, told->subjects[0] ? ": " : "",
		 told->finding->observed);
	say(p, "", text);
	for (size_t i = 0; i < told->nlines; i++) {
		const struct told_line *line = &told->lines[i];

		if (line->text)
			say(p, line->label, line->text);
		else
			say_steps(p, line->label, line->steps);
	}
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
