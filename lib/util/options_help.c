/* options_help.c - `--help`, made of the option tables. */
#include <string.h>

#include "util/options.h"
#include "util/wrap.h"

enum { WIDTH = 80, HELP_COLUMN = 24 };

static const struct opt common[] = {
	{ .kind = OPT_FLAG, .name = "help", .help = "print this and exit" },
	{ .kind = OPT_FLAG, .name = "version", .help = "print the version and exit" },
	{ .kind = OPT_END },
};

static void print_choices(char *buf, size_t size, const struct opt *o)
{
	size_t used = strlen(buf);

	for (int i = 0; o->choices[i] && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 i == 0              ? " (one of "
					 : o->choices[i + 1] ? ", "
							     : " or ",
					 o->choices[i]);
	if (used < size)
		snprintf(buf + used, size - used, ")");
}

/* Each with what it is, in columns of its own beneath the option. */
static void print_words(const struct opt *o, FILE *out)
{
	int widest = 0;

	for (size_t i = 0; o->word(i); i++) {
		int n = (int)strlen(o->word(i));

		widest = n > widest ? n : widest;
	}
	for (size_t i = 0; o->word(i); i++) {
		int at = HELP_COLUMN + widest + 2;

		fprintf(out, "%*s%-*s  ", HELP_COLUMN, "", widest, o->word(i));
		wrap_print(out, o->word_help(i), WIDTH, at, at);
	}
}

static void print_table(const struct opt *o, FILE *out)
{
	for (; o->kind != OPT_END; o++) {
		char text[1024];
		char letter[] = { '-', o->letter, ',', ' ', '\0' };
		int at = fprintf(out, "  %s--%s%s%s", o->letter ? letter : "", o->name,
				 o->arg ? " " : "", o->arg ? o->arg : "");

		snprintf(text, sizeof text, "%s", o->help ? o->help : "");
		if (o->kind == OPT_CHOICE && o->choices[0] && o->choices[1])
			print_choices(text, sizeof text, o);
		if (at > HELP_COLUMN - 2) {
			fputc('\n', out);
			at = 0;
		}
		fprintf(out, "%*s", HELP_COLUMN - at, "");
		wrap_print(out, text, WIDTH, HELP_COLUMN, HELP_COLUMN);
		if (o->word && o->word_help)
			print_words(o, out);
	}
}

void options_help(const struct command *c, FILE *out)
{
	int at = fprintf(out, "Usage: %s ", c->name);

	wrap_print(out, c->usage ? c->usage : "[OPTION]...", WIDTH, at, at);
	wrap_print(out, c->summary, WIDTH, 0, 0);
	if (c->about) {
		fputc('\n', out);
		wrap_print(out, c->about, WIDTH, 0, 0);
	}
	fputs("\nOptions:\n", out);
	for (const struct opt *const *table = c->options; *table; table++)
		print_table(*table, out);
	print_table(common, out);
}
