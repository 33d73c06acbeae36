/* html_findings.c - what is wrong, what it costs, and what mends it, each command with a button.
 * The words are those of findings_text.c. See html.h. */
#include <string.h>

#include "render/html.h"
#include "render/machine_notes.h"

/* Of one and the same thing so many are told at once; the others are folded away. */
enum { AGAIN_MOST = 3 };

static const char *text_of(const json_t *more, const char *key)
{
	return json_string_value(json_object_get(more, key));
}

static void put_row(FILE *out, const char *label, const char *text)
{
	if (text && text[0])
		html_put(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", label, text);
}

static void put_step(FILE *out, const json_t *step, const char *id)
{
	const char *text = text_of(step, "text"), *command = text_of(step, "command");

	fputs("<li>", out);
	if (text)
		html_put(out, "%s%s", text, command ? ":" : "");
	else if (command)
		fputs("run:", out);
	if (command) {
		fputs("<div class=\"command bare\">", out);
		html_copy(out, command, id);
		fputs("</div>", out);
	}
	fputs("</li>\n", out);
}

static void put_steps(FILE *out, const char *label, const json_t *steps, const char *id)
{
	const json_t *step;
	size_t i;

	html_put(out, "<div class=\"steps\"><dt>%s</dt><dd><ul class=\"%s\">\n", label,
		 json_array_size(steps) == 1 ? "one" : "several");
	json_array_foreach(steps, i, step)
	{
		put_step(out, step, id);
	}
	fputs("</ul></dd></div>\n", out);
}

/* What is to be done, and how to see that it is done. */
static void put_mend(FILE *out, const struct finding *f)
{
	const json_t *remedy = json_object_get(f->more, "remedy");
	const json_t *verify = json_object_get(f->more, "verify");
	json_t *steps = json_is_object(verify) ? json_pack("[O]", verify) : NULL;

	if (json_array_size(remedy))
		put_steps(out, "To mend", remedy, f->id);
	else if (f->fix[0])
		html_put(out, "<div class=\"steps\"><dt>To mend</dt><dd>%s</dd></div>\n", f->fix);
	if (steps)
		put_steps(out, "Verify", steps, f->id);
	json_decref(steps);
}

/* What is not told as it was of the one before. */
static void put_rows(FILE *out, const struct told_finding *told)
{
	const struct finding *f = told->finding, *before = told->before;
	char text[64];

	fputs("<dl>\n", out);
	if (!before || strcmp(f->expected, before->expected) != 0)
		put_row(out, "Expected", f->expected);
	if (!before) {
		put_row(out, "Costs", text_of(f->more, "cost"));
		put_row(out, "Costs here", text_of(f->more, "cost_here"));
	}
	if (!before || strcmp(f->fix, before->fix) != 0 || !finding_shares(f, before, "remedy"))
		put_mend(out, f);
	if (told->cells) {
		snprintf(text, sizeof text, "%zu cell%s of this run", told->cells,
			 plural(told->cells));
		put_row(out, "Bears on", text);
	}
	fputs("</dl>\n", out);
}

/* What holds for all of one id. */
static void put_tail(FILE *out, const struct finding *f)
{
	char text[160] = "";

	if (text_of(f->more, "title")) /* a check of `numabench check`, which explains itself */
		snprintf(text, sizeof text, "numabench check --explain %s", f->id);
	fputs("<dl>\n", out);
	put_row(out, "Lasts", text_of(f->more, "lasts"));
	put_row(out, "Scope", text_of(f->more, "scope"));
	put_row(out, "Read", f->source);
	put_row(out, "Rests on", f->authority);
	put_row(out, "More", text);
	fputs("</dl>\n", out);
}

void html_finding(struct text *t, const struct told_finding *told)
{
	const struct finding *f = told->finding;
	const char *title = text_of(f->more, "title");
	struct html *h = t->own;

	if (!told->again) {
		html_close_words(h);
		html_put(t->out,
			 "<div class=\"finding %s\">\n<p class=\"id\"><strong "
			 "class=\"word\">%s</strong> %s%s%s</p>\n",
			 f->status, finding_word(f), f->id, title ? ": " : "", title ? title : "");
		h->open = HTML_FINDING;
		h->again = 0;
	} else if (++h->again == AGAIN_MOST) {
		html_fold(t->out, "more of the same kind");
		h->open = HTML_MORE_FINDINGS;
	}
	html_put(t->out, "<p class=\"observed\">%s%s%s</p>\n", told->subjects,
		 told->subjects[0] ? ": " : "", f->observed);
	put_rows(t->out, told);
	if (!told->last)
		return;
	if (h->open == HTML_MORE_FINDINGS)
		fputs("</div></details>\n", t->out);
	h->open = HTML_FINDING;
	put_tail(t->out, f);
}
