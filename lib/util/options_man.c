/* options_man.c - the manual page, made of the option tables. */
#include <ctype.h>
#include <string.h>

#include "util/options.h"

#ifndef NB_VERSION
#define NB_VERSION "unknown"
#endif

struct exit_row {
	const char *code, *meaning;
};

/* design.md, section 4. */
static const struct exit_row exit_rows[] = {
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
static const struct exit_row exec_rows[] = {
	{ "125", "an error of its own, wrong usage included" },
	{ "126", "the command was found and could not be executed" },
	{ "127", "the command was not found" },
	{ "otherwise", "as the command did" },
	{ NULL, NULL },
};

/* Text with what roff would take for its own made harmless; a newline begins a paragraph where
 * the text has an empty line and a new line elsewhere. */
static void put_text(const char *text, FILE *out)
{
	bool line_begins = true;

	for (const char *p = text; *p; p++) {
		if (*p == '\n') {
			bool empty = p[1] == '\n';

			fputs(empty ? "\n.PP\n" : "\n.br\n", out);
			p += strspn(p, "\n") - 1;
			line_begins = true;
			continue;
		}
		if (line_begins && (*p == '.' || *p == '\''))
			fputs("\\&", out);
		line_begins = false;
		switch (*p) {
		case '\\':
			fputs("\\e", out);
			break;
		case '-':
			fputs("\\-", out);
			break;
		default:
			fputc(*p, out);
		}
	}
	fputc('\n', out);
}

static void put_tables(const struct command *c, FILE *out)
{
	for (const struct opt *const *table = c->options; *table; table++) {
		for (const struct opt *o = *table; o->kind != OPT_END; o++) {
			fputs(".TP\n", out);
			if (o->letter)
				fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
			fputs("\\fB\\-\\-", out);
			for (const char *p = o->name; *p; p++)
				fputs(*p == '-' ? "\\-" : (char[]){ *p, '\0' }, out);
			fprintf(out, "\\fR%s%s%s\n", o->arg ? " \\fI" : "", o->arg ? o->arg : "",
				o->arg ? "\\fR" : "");
			put_text(o->help ? o->help : "", out);
			for (int i = 0; o->kind == OPT_CHOICE && o->choices[i]; i++)
				fprintf(out, "%s\\fB%s\\fR%s", i == 0 ? "One of " : "",
					o->choices[i], o->choices[i + 1] ? ",\n" : ".\n");
		}
	}
}

void options_man(const struct command *c, FILE *out)
{
	const struct exit_row *rows = c->stop_at_operand ? exec_rows : exit_rows;
	char page[64];
	size_t n = 0;

	for (; c->name[n] && n < sizeof page - 1; n++)
		page[n] = c->name[n] == ' ' ? '-' : c->name[n];
	page[n] = '\0';
	fputs(".TH ", out);
	for (size_t i = 0; i < n; i++)
		fputc(toupper((unsigned char)page[i]), out);
	fprintf(out, " 1 \"\" \"numabench %s\" \"User Commands\"\n.SH NAME\n%s \\- ", NB_VERSION,
		page);
	put_text(c->summary, out);
	fprintf(out, ".SH SYNOPSIS\n.B %s\n", c->name);
	put_text(c->usage ? c->usage : "[OPTION]...", out);
	fputs(".SH DESCRIPTION\n", out);
	put_text(c->about ? c->about : c->summary, out);
	fputs(".SH OPTIONS\n", out);
	put_tables(c, out);
	fputs(".TP\n\\fB\\-\\-help\\fR\nprint a summary of the options and exit\n"
	      ".TP\n\\fB\\-\\-version\\fR\nprint the version and exit\n.SH EXIT STATUS\n",
	      out);
	for (; rows->code; rows++) {
		fprintf(out, ".TP\n.B %s\n", rows->code);
		put_text(rows->meaning, out);
	}
	fputs(".SH SEE ALSO\n", out);
	if (strcmp(page, "numabench") != 0)
		fputs(".BR numabench (1),\n", out);
	fputs(".BR numactl (8),\n.BR lstopo (1),\n.BR nvidia\\-smi (1)\n", out);
}
