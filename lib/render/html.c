/* html.c - the report as one page of HTML: its order, and what stands around the parts. See
 * html.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/formats.h"
#include "render/html.h"
#include "render/html_files.h"
#include "result/judge.h"

enum { SAID_MOST = 3 };

/* A section: parts of the report, and what is drawn beside them. Its title is that of the first
 * part. What is to be done comes first, for the page has its contents above; the answer is in its
 * head. */
struct section {
	const char *parts[SAID_MOST];
	int (*after[SAID_MOST])(struct html *h);
};

static const struct section sections[] = {
	{ .parts = { "machine" }, .after = { html_machine } },
	{ .parts = { "findings" } },
	{ .parts = { "history" } },
	{ .parts = { "nodes", "commands" }, .after = { html_grounds } },
	{ .parts = { "copies" } },
	{ .parts = { "axes" } },
	{ .parts = { "together" } },
	{ .parts = { "kinds" } },
	{ .parts = { "sizes" }, .after = { html_size_curves } },
	{ .parts = { "latency" }, .after = { html_latency_curves, html_distributions } },
	{ .parts = { "peers" } },
	{ .parts = { "memory" }, .after = { html_memory_curves, html_memory_distributions } },
	{ .parts = { "migration" }, .after = { html_timelines } },
	{ .parts = { "try" } },
	{ .parts = { "not-measured" } },
	{ .parts = { "basis", "simulated" }, .after = { html_cells, html_provenance } },
};
enum { SECTIONS = sizeof sections / sizeof *sections, MACHINE = 0 };

static const struct part *part_of(const char *id)
{
	const struct part *p = parts;

	while (p->id && strcmp(p->id, id) != 0)
		p++;
	return p;
}

/* What one result has to say of a section: owned text, empty where it is nothing. */
static int say(struct html *h, const struct section *s, char **text)
{
	size_t length = 0;
	int rc = 0;

	*text = NULL;
	h->text.out = open_memstream(text, &length);
	if (!h->text.out)
		return -ENOMEM;
	h->part = part_of(s->parts[0]);
	snprintf(h->heading, sizeof h->heading, "%s", h->part->title);
	for (size_t i = 0; rc == 0 && i < SAID_MOST && s->parts[i]; i++)
		rc = walk_part(&h->walk, part_of(s->parts[i]), &h->text);
	html_close(h);
	for (size_t i = 0; rc == 0 && i < SAID_MOST && s->after[i]; i++)
		rc = s->after[i](h);
	return fclose(h->text.out) != 0 ? -ENOMEM : rc;
}

/* ---- the page ---- */

struct page {
	struct html *of; /* one a result */
	size_t n;
	FILE *out;
	char *(*said)[SECTIONS]; /* one list a result; owned, and so are the texts */
};

static bool is_there(const struct page *p, size_t section)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->said[i][section] && p->said[i][section][0])
			return true;
	return false;
}

static const char *id_of(const struct html *h)
{
	return h->res->run.id[0] ? h->res->run.id : "this run";
}

static void put_head(const struct page *p)
{
	char title[48]; /* of a tab */

	fprintf(p->out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"img-src data:; style-src 'unsafe-inline'; script-src '%s'; base-uri 'none'; "
		"form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<link rel=\"icon\" href=\"data:,\">\n",
		html_script_hash);
	snprintf(title, sizeof title, "%.47s", id_of(&p->of[0]));
	html_put(p->out,
		 "<meta name=\"generator\" content=\"numabench %s\">\n<title>%s%s: ", NB_VERSION,
		 title, p->n > 1 ? " and others" : "");
	fprintf(p->out, "numabench</title>\n<style>\n%s</style>\n</head>\n<body%s>\n", html_style,
		p->n > 1 ? " class=\"several\"" : "");
}

/* Whose words follow, where there are several. */
static void put_whose(const struct page *p, size_t i)
{
	if (p->of[i].name)
		html_put(p->out, "<p class=\"whose\"><b>%s</b> %s</p>\n", p->of[i].name,
			 id_of(&p->of[i]));
}

static int put_answer(const struct page *p, size_t i)
{
	static const char *const classes[] = { [TONE_GOOD] = "pass",
					       [TONE_CARE] = "care",
					       [TONE_BAD] = "fail",
					       [TONE_OPEN] = "unknown" };
	const struct section answer = { .parts = { "answer" } };
	const struct verdict *v = &p->of[i].res->verdict;
	char *text = NULL, word[16];
	int rc = say(&p->of[i], &answer, &text);

	snprintf(word, sizeof word, "%s", verdict_name(v->status));
	for (char *c = word; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	html_put(p->out, "<div class=\"answer %s\">\n", classes[text_tone(p->of[i].res)]);
	put_whose(p, i);
	html_put(p->out, "<p class=\"verdict\"><span>%s</span></p>\n", word);
	fprintf(p->out, "%s</div>\n", rc == 0 && text ? text : "");
	free(text);
	return rc;
}

static void put_contents(const struct page *p)
{
	fputs("<nav aria-label=\"contents\"><ul>\n", p->out);
	if (p->n > 1)
		fputs("<li><a href=\"#changed\">What changed</a></li>\n", p->out);
	for (size_t s = 0; s < SECTIONS; s++)
		if (is_there(p, s))
			html_put(p->out, "<li><a href=\"#%s\">%s</a></li>\n", sections[s].parts[0],
				 part_of(sections[s].parts[0])->title);
	fputs("</ul></nav>\n", p->out);
}

static void put_section(const struct page *p, size_t s)
{
	html_put(p->out, "<section id=\"%s\"><h2>%s</h2>\n<div class=\"beside\">\n",
		 sections[s].parts[0], part_of(sections[s].parts[0])->title);
	for (size_t i = 0; i < p->n; i++) {
		const char *text = p->said[i][s];

		fputs("<div>\n", p->out);
		put_whose(p, i);
		fprintf(p->out, "%s</div>\n",
			text && text[0] ? text : "<p class=\"note\">nothing to say</p>\n");
	}
	fputs("</div></section>\n", p->out);
}

/* One that is drawn in half of a page. */
static bool machines_are_small(const struct page *p)
{
	return p->n == 1 && p->of[0].res->machine.nnodes <= 2;
}

static int put_page(const struct page *p)
{
	int rc = 0;

	put_head(p);
	html_put(p->out, "<header>\n<p class=\"eyebrow\">numabench report</p>\n<h1>%s</h1>\n",
		 p->n > 1 ? "Results side by side" : id_of(&p->of[0]));
	html_put(p->out, "<div class=\"hero%s\">\n<div class=\"beside\">\n",
		 machines_are_small(p) ? " small" : "");
	for (size_t i = 0; rc == 0 && i < p->n; i++)
		rc = put_answer(p, i);
	fputs("</div>\n", p->out);
	put_contents(p);
	put_section(p, MACHINE);
	fputs("</div>\n", p->out);
	fputs("</header>\n<main>\n", p->out);
	if (rc == 0 && p->n > 1)
		rc = html_changes(p->of, p->n, p->out);
	for (size_t s = MACHINE + 1; s < SECTIONS; s++)
		if (is_there(p, s))
			put_section(p, s);
	html_put(p->out,
		 "</main>\n<footer><p>numabench %s. One file: nothing in it is loaded "
		 "from anywhere.</p></footer>\n",
		 NB_VERSION);
	fprintf(p->out, "<script>%s</script>\n</body>\n</html>\n", html_script);
	return rc < 0 ? rc : ferror(p->out) ? -EIO : 0;
}

static int open_all(struct page *p, const struct result *const *r, const struct render_options *o)
{
	static const char *const names[] = { "A", "B", "C", "D", "E", "F", "G", "H" };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		struct html *h = &p->of[i];

		*h = (struct html){ .res = r[i],
				    .name = p->n > 1 ? names[i % 8] : NULL,
				    .part = parts,
				    .text = { .o = o, .voice = &voice_html, .own = h } };
		rc = walk_open(&h->walk, r[i]);
		for (size_t s = 0; rc == 0 && s < SECTIONS; s++)
			rc = say(h, &sections[s], &p->said[i][s]);
	}
	return rc;
}

int format_html_several(const struct result *const *r, size_t n, const struct render_options *o,
			FILE *out)
{
	struct page p = {
		.of = calloc(n, sizeof *p.of), .n = n, .out = out, .said = calloc(n, sizeof *p.said)
	};
	int rc = p.of && p.said ? open_all(&p, r, o) : -ENOMEM;

	if (rc == 0)
		rc = put_page(&p);
	for (size_t i = 0; p.of && p.said && i < n; i++) {
		walk_close(&p.of[i].walk);
		for (size_t s = 0; s < SECTIONS; s++)
			free(p.said[i][s]);
	}
	free(p.said);
	free(p.of);
	return rc;
}

int format_html(const struct result *r, const struct render_options *o, FILE *out)
{
	return format_html_several(&r, 1, o, out);
}
