/* markdown.c - the report in Markdown: for the summary of a step of GitHub Actions, and wherever
 * else Markdown is shown. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/formats.h"
#include "render/markdown.h"

/* GitHub takes 1 MiB from a step. */
enum { BYTES_MOST = 1000 * 1000, FINDINGS_MOST = 150, PARTS_MOST = 32 };

/* The voice's own. */
struct markdown {
	enum open { OPEN_NOTHING, OPEN_LIST, OPEN_COMMANDS } open;
	FILE *commands; /* those of the block that is open */
	char *lines;
	size_t size;
	size_t findings;
};

static struct markdown *of(struct text *t)
{
	return t->own;
}

static void end(struct text *t)
{
	struct markdown *m = of(t);

	if (m->commands && fclose(m->commands) == 0) {
		fputc('\n', t->out);
		markdown_put_code(t->out, m->lines, 0);
	}
	m->commands = NULL;
	free(m->lines);
	m->lines = NULL;
	m->open = OPEN_NOTHING;
}

/* What is open ends, but for a list that goes on. */
static void begin(struct text *t, enum open kind)
{
	struct markdown *m = of(t);

	if (m->open == OPEN_COMMANDS && kind != OPEN_COMMANDS)
		end(t);
	if (kind == OPEN_COMMANDS && m->open != OPEN_COMMANDS)
		m->commands = open_memstream(&m->lines, &m->size);
	else if (kind == OPEN_NOTHING || kind != m->open)
		fputc('\n', t->out);
	m->open = kind;
}

static void say_heading(struct text *t, const char *title)
{
	begin(t, OPEN_NOTHING);
	fputs("### ", t->out);
	markdown_put(t->out, title);
	fputc('\n', t->out);
}

static void say_verdict(struct text *t, const char *sentence)
{
	fputs("## numabench: ", t->out);
	markdown_put(t->out, sentence);
	fputc('\n', t->out);
}

static void say_sentence(struct text *t, int indent, const char *sentence)
{
	begin(t, indent ? OPEN_LIST : OPEN_NOTHING);
	fputs(indent ? "- " : "", t->out);
	markdown_put(t->out, sentence);
	fputc('\n', t->out);
}

static void say_labelled(struct text *t, const char *label, const char *sentence)
{
	begin(t, OPEN_LIST);
	fputs("- **", t->out);
	markdown_put(t->out, label);
	fputs("**: ", t->out);
	markdown_put(t->out, sentence);
	fputc('\n', t->out);
}

static int say_table(struct text *t, const struct table *table)
{
	begin(t, OPEN_NOTHING);
	return markdown_table(t, table);
}

static int say_sheet(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	begin(t, OPEN_NOTHING);
	return markdown_sheet(t, s, style);
}

/* On one line: a newline in it would be another command. */
static void put_line(FILE *out, const char *line)
{
	for (; *line; line++)
		fputc(*line == '\n' || *line == '\r' ? '?' : *line, out);
}

static void say_command(struct text *t, const char *line, const char *remark)
{
	begin(t, OPEN_COMMANDS);
	if (!of(t)->commands)
		return;
	put_line(of(t)->commands, line);
	fputs("  # ", of(t)->commands);
	put_line(of(t)->commands, remark);
	fputc('\n', of(t)->commands);
}

/* ---- findings ---- */

static void put_command(FILE *out, const char *command)
{
	char *lines = NULL;
	size_t size;
	FILE *one = open_memstream(&lines, &size);

	if (!one)
		return;
	put_line(one, command);
	fputc('\n', one);
	if (fclose(one) == 0) {
		fputc('\n', out);
		markdown_put_code(out, lines, 4);
		fputc('\n', out);
	}
	free(lines);
}

/* The first behind the label, each other behind "then". */
static void put_steps(FILE *out, const char *label, const json_t *steps)
{
	const json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		const char *text = json_string_value(json_object_get(step, "text"));
		const char *command = json_string_value(json_object_get(step, "command"));

		fprintf(out, "  - %s: ", i ? "then" : label);
		markdown_put(out, text ? text : "run");
		fputs(command ? ":\n" : "\n", out);
		if (command)
			put_command(out, command);
	}
}

static void say_finding(struct text *t, const struct told_finding *told)
{
	const struct finding *f = told->finding;

	if (++of(t)->findings > FINDINGS_MOST)
		return;
	if (!told->before) {
		begin(t, OPEN_NOTHING);
		fprintf(t->out, "**%s** ", finding_word(f));
		markdown_put(t->out, f->id);
		fputs(told->title[0] ? ": " : "", t->out);
		markdown_put(t->out, told->title);
		fputc('\n', t->out);
	}
	begin(t, OPEN_LIST);
	fputs("- ", t->out);
	markdown_put(t->out, told->subjects);
	fputs(told->subjects[0] ? ": " : "", t->out);
	markdown_put(t->out, f->observed);
	fputc('\n', t->out);
	for (size_t i = 0; i < told->nlines; i++) {
		const struct told_line *line = &told->lines[i];

		if (!line->text) {
			put_steps(t->out, line->label, line->steps);
			continue;
		}
		fprintf(t->out, "  - %s: ", line->label);
		markdown_put(t->out, line->text);
		fputc('\n', t->out);
	}
}

static const struct voice voice_markdown = {
	.heading = say_heading,
	.verdict = say_verdict,
	.sentence = say_sentence,
	.labelled = say_labelled,
	.table = say_table,
	.sheet = say_sheet,
	.finding = say_finding,
	.command = say_command,
};

/* ---- the page ---- */

/* What a part has to say, owned. */
struct piece {
	char *text;
	size_t size;
	bool folded, left_out;
};

/* Folded where there is more to see first. */
static bool is_folded(const struct result *r, const struct part *p)
{
	static const char *const ids[] = { "axes",  "kinds",     "sizes", "memory",      "latency",
					   "peers", "migration", "basis", "not-measured" };

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		if (strcmp(p->id, ids[i]) == 0)
			return result_gpus_measured(r) || strcmp(p->id, "memory") != 0;
	return false;
}

static int say_piece(const struct walk *w, const struct part *p, struct text *t,
		     struct piece *piece)
{
	int rc;

	t->out = open_memstream(&piece->text, &piece->size);
	if (!t->out)
		return -ENOMEM;
	piece->folded = is_folded(&w->all, p);
	rc = walk_part(w, p, t);
	if (of(t)->findings > FINDINGS_MOST) {
		begin(t, OPEN_NOTHING);
		fprintf(t->out, "and %zu more.\n", of(t)->findings - FINDINGS_MOST);
		of(t)->findings = 0;
	}
	end(t);
	return fclose(t->out) != 0 && rc == 0 ? -ENOMEM : rc;
}

/* The longest of what is folded is left out until the rest fits. */
static void fit(struct piece *pieces, size_t n)
{
	for (;;) {
		struct piece *longest = NULL;
		size_t all = 0;

		for (size_t i = 0; i < n; i++) {
			struct piece *p = &pieces[i];

			all += p->left_out ? 0 : p->size;
			if (p->folded && !p->left_out && (!longest || p->size > longest->size))
				longest = p;
		}
		if (all <= BYTES_MOST || !longest)
			return;
		longest->left_out = true;
	}
}

static void put_piece(FILE *out, const struct piece *piece, const char *title)
{
	if (!piece->size)
		return;
	if (piece->left_out) {
		fprintf(out, "\n%s: left out here, for it is too long; numabench report has it.\n",
			title);
		return;
	}
	if (piece->folded)
		fprintf(out, "\n<details><summary>%s</summary>\n", title);
	fwrite(piece->text, 1, piece->size, out);
	if (piece->folded)
		fputs("\n</details>\n", out);
}

int format_markdown(const struct result *r, const struct render_options *o, FILE *out)
{
	struct markdown own = { .open = OPEN_NOTHING };
	struct text t = { .o = o, .width = TEXT_WIDTH, .voice = &voice_markdown, .own = &own };
	struct piece pieces[PARTS_MOST] = { { .text = NULL } };
	struct walk w;
	size_t n = 0;
	int rc = walk_open(&w, r);

	for (; rc == 0 && n < PARTS_MOST && parts[n].id; n++)
		rc = say_piece(&w, &parts[n], &t, &pieces[n]);
	fit(pieces, n);
	for (size_t i = 0; i < n; i++) {
		if (rc == 0)
			put_piece(out, &pieces[i], parts[i].title);
		free(pieces[i].text);
	}
	walk_close(&w);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
