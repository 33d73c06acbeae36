/* options_man.c - the manual page, made of the option tables. */
#include <ctype.h>
#include <string.h>

#include "util/options.h"

#ifndef NB_VERSION
#define NB_VERSION "unknown"
#endif

/* Of the pages, that of man/numabench.7, too (tests/cli/man.t). */
#define PAGES_DATE "2026-11-21"

enum { LINE = 78 }; /* of the roff text */

/* Where several hold: 128+n, 2, 1, 3, 0, in this order. README.md has them, too. */
const struct note environment_of_tables[] = {
	NOTE_VISIBLE,
	NOTE_NO_COLOR,
	NOTE_COLUMNS,
	{ NULL, NULL },
};

static const struct note exit_rows[] = {
	{ "0", "everything asked for was done; warnings allowed" },
	{ "1", "a verdict of FAIL: a limit, an expectation, a failed check, a regression, or "
	       "corrupted data" },
	{ "2", "no verdict: wrong usage, unreadable or invalid input, an I/O or internal error" },
	{ "3", "unknown: it could not be judged (a GPU that is not here, a baseline that is not "
	       "comparable, too noisy, the machine was busy, a test crashed or timed out)" },
	{ "128+n", "ended by signal n; partial results are written and marked as such" },
	{ NULL, NULL },
};

/* Commands that run another end as env(1) does. */
static const struct note exec_rows[] = {
	{ "125", "an error of its own, wrong usage included" },
	{ "126", "the command was found and could not be executed" },
	{ "127", "the command was not found" },
	{ "otherwise", "as the command did" },
	{ NULL, NULL },
};

/* What roff would take for its own, or a terminal would show as another character. */
static const char *escape_of(char c)
{
	switch (c) {
	case '\\':
		return "\\e";
	case '-':
		return "\\-";
	case '~':
		return "\\(ti";
	case '^':
		return "\\(ha";
	default:
		return NULL;
	}
}

/* How long an option's name at p is; 0: there is none. */
static size_t option_length(const char *p, const char *word)
{
	if (strncmp(p, "--", 2) != 0 || !islower((unsigned char)p[2]) ||
	    (p > word && p[-1] != '(' && p[-1] != '|'))
		return 0;
	return strspn(p, "-abcdefghijklmnopqrstuvwxyz");
}

/* What is to be typed is bold: between signs such as `these`, and options everywhere. */
static void put_word(const char *word, size_t n, bool *bold, bool line_begins, FILE *out)
{
	size_t option_ends = 0;

	if (line_begins && n && (*word == '.' || *word == '\''))
		fputs("\\&", out);
	for (size_t i = 0; i < n; i++) {
		const char *escape = escape_of(word[i]);
		size_t option = *bold ? 0 : option_length(word + i, word);

		if (option && i >= option_ends) {
			fputs("\\fB", out);
			option_ends = i + option;
		}
		if (word[i] == '`') {
			fputs(*bold ? "\\fR" : "\\fB", out);
			*bold = !*bold;
		} else if (escape) {
			fputs(escape, out);
		} else {
			fputc(word[i], out);
		}
		if (option_ends && i + 1 == option_ends)
			fputs("\\fR", out);
	}
}

/* Running text in lines that an editor shows whole; a newline begins a paragraph where the text
 * has an empty line and a new line elsewhere. */
static void put_text(const char *text, FILE *out)
{
	size_t column = 0;
	bool bold = false;

	while (*text) {
		size_t n = strcspn(text, " \n"), blanks;

		if (column && column + 1 + n > LINE) {
			fputc('\n', out);
			column = 0;
		} else if (column) {
			fputc(' ', out);
		}
		put_word(text, n, &bold, column == 0, out);
		column += n + 1;
		text += n;
		blanks = strspn(text, " \n");
		if (memchr(text, '\n', blanks)) {
			fputs(blanks > 1 ? "\n.PP\n" : "\n.br\n", out);
			column = 0;
		}
		text += blanks;
	}
	fputs(bold ? "\\fR\n" : "\n", out);
}

/* In one line, whatever it holds. */
static void put_bold(const char *text, FILE *out)
{
	bool bold = true;

	fputs("\\fB", out);
	put_word(text, strlen(text), &bold, false, out);
	fputs("\\fR", out);
}

static void put_choices(const struct opt *o, FILE *out)
{
	for (int i = 0; o->choices[i] && o->choices[1]; i++) {
		fputs(i == 0 ? "(one of\n" : o->choices[i + 1] ? ",\n" : " or\n", out);
		put_bold(o->choices[i], out);
	}
	fputs(o->choices[0] && o->choices[1] ? ")\n" : "", out);
}

static void put_words(const struct opt *o, FILE *out)
{
	fputs(".RS\n", out);
	for (size_t i = 0; o->word(i); i++) {
		fputs(".TP\n", out);
		put_bold(o->word(i), out);
		fputc('\n', out);
		put_text(o->word_help(i), out);
	}
	fputs(".RE\n", out);
}

static void put_tables(const struct command *c, FILE *out)
{
	for (const struct opt *const *table = c->options; *table; table++) {
		for (const struct opt *o = *table; o->kind != OPT_END; o++) {
			char name[80];

			fputs(".TP\n", out);
			if (o->letter)
				fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
			snprintf(name, sizeof name, "--%s", o->name);
			put_bold(name, out);
			fprintf(out, "%s%s%s\n", o->arg ? " \\fI" : "", o->arg ? o->arg : "",
				o->arg ? "\\fR" : "");
			put_text(o->help ? o->help : "", out);
			if (o->kind == OPT_CHOICE)
				put_choices(o, out);
			if (o->word && o->word_help)
				put_words(o, out);
		}
	}
}

static void put_notes(const char *heading, const struct note *n, FILE *out)
{
	if (!n)
		return;
	fprintf(out, ".SH %s\n", heading);
	for (; n->what; n++) {
		fputs(".TP\n", out);
		put_bold(n->what, out);
		fputc('\n', out);
		put_text(n->text, out);
	}
}

static void put_examples(const struct command *c, FILE *out)
{
	if (!c->examples)
		return;
	fputs(".SH EXAMPLES\n", out);
	for (const struct note *n = c->examples; n->what; n++) {
		char line[256];

		fputs(".TP\n", out);
		snprintf(line, sizeof line, "%s%s%s", c->name, *n->what ? " " : "", n->what);
		put_bold(line, out);
		fputc('\n', out);
		put_text(n->text, out);
	}
}

/* "numactl(8), lstopo(1)", a line each; the first comes after pages of our own. */
static void put_see(const char *see, FILE *out)
{
	while (*see) {
		size_t n = strcspn(see, "("), end = strcspn(see, ",");

		fputs(",\n.BR ", out);
		for (size_t i = 0; i < n; i++)
			fputs(see[i] == '-' ? "\\-" : (char[]){ see[i], '\0' }, out);
		fprintf(out, " %.*s", (int)(end - n), see + n);
		see += end + strspn(see + end, ", ");
	}
	fputc('\n', out);
}

void options_man(const struct command *c, FILE *out)
{
	char page[64];
	size_t n = 0;
	bool front = !strchr(c->name, ' ');

	for (; c->name[n] && n < sizeof page - 1; n++)
		page[n] = c->name[n] == ' ' ? '-' : c->name[n];
	page[n] = '\0';
	fputs(".TH ", out);
	for (size_t i = 0; i < n; i++)
		fputc(toupper((unsigned char)page[i]), out);
	fprintf(out, " 1 \"%s\" \"numabench %s\" \"User Commands\"\n.nh\n.ad l\n.SH NAME\n%s \\-\n",
		PAGES_DATE, NB_VERSION, page);
	put_text(c->summary, out);
	fprintf(out, ".SH SYNOPSIS\n.B %s\n", c->name);
	put_text(c->usage ? c->usage : "[OPTION]...", out);
	fputs(".SH DESCRIPTION\n", out);
	put_text(c->about ? c->about : c->summary, out);
	fputs(".SH OPTIONS\n", out);
	put_tables(c, out);
	fputs(".TP\n\\fB\\-\\-help\\fR\nprint a summary of the options and exit\n"
	      ".TP\n\\fB\\-\\-version\\fR\nprint the version and exit\n",
	      out);
	put_notes("EXIT STATUS",
		  c->ends              ? c->ends
		  : c->stop_at_operand ? exec_rows
				       : exit_rows,
		  out);
	put_notes("ENVIRONMENT", c->environment, out);
	put_notes("FILES", c->files, out);
	put_examples(c, out);
	fputs(".SH SEE ALSO\n", out);
	if (!front)
		fputs(".BR numabench (1),\n", out);
	fputs(".BR numabench (7)", out);
	put_see(c->see ? c->see : "numactl(8), lstopo(1), nvidia-smi(1)", out);
}
