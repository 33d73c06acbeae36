/* options_table.c - what shells complete by. See options.h. */
#include <string.h>

#include "util/options.h"

static bool is_list(const struct opt *o)
{
	size_t n = o->arg ? strlen(o->arg) : 0;

	return n > 3 && strcmp(o->arg + n - 3, ",..") == 0;
}

static const char *kind_of(const struct opt *o)
{
	static const char *const by_arg[][2] = {
		{ "FILE", "file" },  { "FILE|-", "file" }, { "RESULT", "file" }, { "PATH", "file" },
		{ "DIR", "folder" }, { "GPU", "gpu" },     { "PID", "process" },
	};

	if (o->kind == OPT_FLAG)
		return "flag";
	if (o->kind == OPT_CHOICE || o->word)
		return is_list(o) ? "list" : "words";
	if (strcmp(o->name, "gpus") == 0 || strcmp(o->name, "nodes") == 0)
		return o->name;
	for (size_t i = 0; o->arg && i < sizeof by_arg / sizeof *by_arg; i++)
		if (strcmp(o->arg, by_arg[i][0]) == 0)
			return by_arg[i][1];
	return "value";
}

static const char *word_of(const struct opt *o, size_t i)
{
	return o->kind == OPT_CHOICE ? o->choices[i] : o->word ? o->word(i) : NULL;
}

/* As much as fits beside an option on a terminal. */
static void put_beginning(const char *text, FILE *out)
{
	size_t n = strcspn(text, "\n\t"), most = 72;

	if (n > most)
		for (n = most; n && text[n] != ' ';)
			n--;
	fprintf(out, "%s%.*s%s\n", n ? "" : "-", (int)n, text, text[n] == ' ' ? " .." : "");
}

static void put_option(const char *command, const struct opt *o, FILE *out)
{
	fprintf(out, "%s\t--%s\t", command, o->name);
	if (o->letter)
		fprintf(out, "-%c", o->letter);
	else
		fputc('-', out);
	fprintf(out, "\t%s\t", kind_of(o));
	for (size_t i = 0; word_of(o, i); i++)
		fprintf(out, "%s%s", i ? " " : "", word_of(o, i));
	fprintf(out, "%s\t", word_of(o, 0) ? "" : "-");
	put_beginning(o->help ? o->help : "", out);
}

void options_table(const struct command *c, FILE *out)
{
	static const struct opt common[] = {
		{ .kind = OPT_FLAG, .name = "help", .help = "print a summary of the options" },
		{ .kind = OPT_FLAG, .name = "version", .help = "print the version" },
		{ .kind = OPT_END },
	};
	const char *blank = strrchr(c->name, ' '), *command = blank ? blank + 1 : c->name;

	fprintf(out, "%s\t-\t-\t%s\t-\t", command,
		!blank               ? "commands"
		: c->stop_at_operand ? "command"
		: c->takes_operands  ? "file"
				     : "value");
	put_beginning(c->summary, out);
	for (const struct opt *const *table = c->options; *table; table++)
		for (const struct opt *o = *table; o->kind != OPT_END; o++)
			put_option(command, o, out);
	for (const struct opt *o = common; o->kind != OPT_END; o++)
		put_option(command, o, out);
}
