/* findings.c - what is wrong, for a person: of the report, and of `numabench check`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/machine_notes.h"
#include "render/render.h"
#include "result/explains.h"
#include "result/judge.h"
#include "util/wrap.h"

enum { INDENT = 6, LABEL = 10, WIDTH_LEAST = 40, USUAL_WIDTH = 80 };

struct page {
	const struct result *res;
	const struct render_options *o;
	const char *(*title)(const char *id);
	FILE *out;
	int width;
	bool *told; /* per finding */
};

static void say(const struct page *p, const char *label, const char *text)
{
	int at = fprintf(p->out, "%*s%s", INDENT, "", label);

	wrap_print(p->out, text, p->width, at, INDENT + (label[0] ? LABEL : 0));
}

/* Found of several things in the same words: told once. */
static bool alike(const struct finding *a, const struct finding *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->status, b->status) == 0 &&
	       strcmp(a->observed, b->observed) == 0 && strcmp(a->expected, b->expected) == 0;
}

/* The subjects of all that is like finding `first`, which are then told. */
static void gather_subjects(const struct page *p, size_t first, char *text, size_t size)
{
	enum { NAMED = 4 };
	const struct finding *f = p->res->findings;
	size_t n = 0, used = 0;

	for (size_t i = first; i < p->res->nfindings; i++) {
		if (!alike(&f[i], &f[first]))
			continue;
		p->told[i] = true;
		if (++n <= NAMED && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
						 n > 1 ? ", " : "", f[i].subject);
	}
	if (n > NAMED && used < size)
		snprintf(text + used, size - used, " and %zu more", n - NAMED);
}

/* How many records all that is like finding `first` bears on. */
static size_t explained(const struct page *p, size_t first)
{
	const struct result *res = p->res;
	size_t n = 0;

	for (size_t i = 0; i < res->nrecords; i++) {
		bool any = false;

		for (size_t j = first; j < res->nfindings && !any; j++)
			any = alike(&res->findings[j], &res->findings[first]) &&
			      finding_explains(res, &res->findings[j], &res->records[i]);
		n += any;
	}
	return n;
}

static void say_head(const struct page *p, const struct finding *f)
{
	const char *title = p->title ? p->title(f->id) : NULL;
	bool fails = strcmp(f->status, "fail") == 0;
	const char *word = fails                               ? "FAIL"
			   : strcmp(f->status, "unknown") == 0 ? "open" /* not judged */
							       : "warn";
	char text[300];

	snprintf(text, sizeof text, "%s%s%s", f->id, title ? ": " : "", title ? title : "");
	if (p->o->colour)
		fprintf(p->out, "\n\033[1;%sm%s\033[0m  ", fails ? "31" : "33", word);
	else
		fprintf(p->out, "\n%s  ", word);
	wrap_print(p->out, text, p->width, INDENT, INDENT);
}

static void say_finding(const struct page *p, size_t i, bool again)
{
	const struct finding *f = &p->res->findings[i];
	char subjects[400] = "", text[700];
	size_t cells = explained(p, i);

	if (!again)
		say_head(p, f);
	gather_subjects(p, i, subjects, sizeof subjects);
	if (finding_is_judged(f)) /* a sentence that begins with its subject */
		subjects[0] = '\0';
	snprintf(text, sizeof text, "%s%s%s", subjects, subjects[0] ? ": " : "", f->observed);
	say(p, "", text);
	if (f->expected[0])
		say(p, "Expected: ", f->expected);
	if (f->fix[0])
		say(p, "To mend:  ", f->fix);
	if (cells) {
		snprintf(text, sizeof text, "%zu cell%s of this run", cells, plural(cells));
		say(p, "Bears on: ", text);
	}
	if (again || !f->source[0])
		return;
	snprintf(text, sizeof text, "%s%s%s", f->source, f->authority[0] ? "; rests on: " : "",
		 f->authority);
	say(p, "Read:     ", text);
}

int render_findings(const struct result *res, const char *(*title)(const char *id),
		    const struct render_options *o, FILE *out)
{
	static const char *const statuses[] = { "fail", "unknown", "warn" };
	struct page p = { .res = res,
			  .o = o,
			  .title = title,
			  .out = out,
			  .width = o->width >= WIDTH_LEAST ? o->width : USUAL_WIDTH,
			  .told = calloc(res->nfindings + 1, sizeof(bool)) };

	if (!p.told)
		return -ENOMEM;
	for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++) {
		const char *last = "";

		for (size_t i = 0; i < res->nfindings; i++) {
			const struct finding *f = &res->findings[i];

			if (p.told[i] || strcmp(f->status, statuses[s]) != 0)
				continue;
			say_finding(&p, i, strcmp(last, f->id) == 0);
			last = f->id;
		}
	}
	free(p.told);
	return ferror(out) ? -EIO : 0;
}
