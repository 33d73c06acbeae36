/* html_findings.c - what is wrong, what it costs, and what mends it, each command with a button;
 * and what the recommendations rest on. See html.h. */
#include <string.h>

#include "render/html.h"

/* Of one and the same thing so many are told at once; the others are folded away. */
enum { AGAIN_MOST = 3 };

static const char *text_of(const json_t *more, const char *key)
{
	return json_string_value(json_object_get(more, key));
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

static void put_lines(FILE *out, const struct told_line *lines, size_t n, const char *id)
{
	if (!n)
		return;
	fputs("<dl>\n", out);
	for (size_t i = 0; i < n; i++)
		if (lines[i].text)
			html_put(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", lines[i].label,
				 lines[i].text);
		else
			put_steps(out, lines[i].label, lines[i].steps, id);
	fputs("</dl>\n", out);
}

static void put_head(FILE *out, const struct told_finding *told)
{
	const struct finding *f = told->finding;

	html_put(out,
		 "<div class=\"finding %s\">\n<p class=\"id\"><strong class=\"word\">%s</strong> ",
		 f->status, finding_word(f));
	if (finding_is_serious(f) && strcmp(f->status, "warn") == 0)
		fputs("<span class=\"word\">serious</span> ", out);
	if (told->title[0])
		html_put(out, "<span class=\"title\">%s</span> ", told->title);
	html_put(out, "<code>%s</code></p>\n", f->id);
}

void html_finding(struct text *t, const struct told_finding *told)
{
	size_t own = told->nlines - told->ntail;
	struct html *h = t->own;

	if (!told->again) {
		html_close_words(h);
		put_head(t->out, told);
		h->open = HTML_FINDING;
		h->again = 0;
	} else if (++h->again == AGAIN_MOST) {
		html_fold(t->out, "more of the same kind");
		h->open = HTML_MORE_FINDINGS;
	}
	html_put(t->out, "<p class=\"observed\">%s%s%s</p>\n", told->subjects,
		 told->subjects[0] ? ": " : "", told->finding->observed);
	put_lines(t->out, told->lines, own, told->finding->id);
	if (!told->last)
		return;
	if (h->open == HTML_MORE_FINDINGS)
		fputs("</div></details>\n", t->out);
	h->open = HTML_FINDING;
	put_lines(t->out, told->lines + own, told->ntail, told->finding->id);
}

int html_grounds(struct html *h)
{
	if (!text_has_grounds(h->res))
		return 0;
	html_fold(h->text.out, "what each recommendation rests on");
	text_grounds(&h->text);
	html_close_words(h);
	fputs("</div></details>\n", h->text.out);
	return 0;
}
