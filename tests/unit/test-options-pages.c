/* test-options-pages.c - what a command's option tables become beside --help: what a manual page
 * has besides options, and the table that shells complete by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printed.h"
#include "unit.h"
#include "util/options.h"

static const char *const orders[] = { "rising", "falling", "random", NULL };

static const char *any_word(size_t i)
{
	static const char *const all[] = { "one", "two", NULL };

	return all[i];
}

static void shells_get_a_table(void **state)
{
	static const struct opt options[] = {
		{ .kind = OPT_FLAG, .name = "all", .help = "everything" },
		{ .kind = OPT_TEXT,
		  .name = "only",
		  .arg = "X,..",
		  .word = any_word,
		  .help = "these" },
		{ .kind = OPT_TEXT, .name = "as", .arg = "X", .word = any_word, .help = "this" },
		{ .kind = OPT_CHOICE,
		  .name = "order",
		  .arg = "HOW",
		  .choices = orders,
		  .help = "in" },
		{ .kind = OPT_TEXT, .name = "json", .arg = "FILE|-", .help = "there" },
		{ .kind = OPT_TEXT,
		  .name = "output",
		  .letter = 'o',
		  .arg = "DIR",
		  .help = "words that end just before the width that there is for such a text, or "
			  "so" },
		{ .kind = OPT_TEXT, .name = "gpus", .arg = "LIST", .help = "these\nonly" },
		{ .kind = OPT_TEXT, .name = "gpu", .arg = "GPU", .help = "this" },
		{ .kind = OPT_INT, .name = "pid", .arg = "PID", .help = "of it" },
		{ .kind = OPT_INT, .name = "n", .arg = "N" },
		{ .kind = OPT_END },
	};
	static const struct opt *const tables[] = { options, NULL };
	struct command c = { .name = "numabench look",
			     .summary = "Look.",
			     .takes_operands = true,
			     .options = tables };
	static const char wanted[] =
		"look\t-\t-\tfile\t-\tLook.\n"
		"look\t--all\t-\tflag\t-\teverything\n"
		"look\t--only\t-\tlist\tone two\tthese\n"
		"look\t--as\t-\twords\tone two\tthis\n"
		"look\t--order\t-\twords\trising falling random\tin\n"
		"look\t--json\t-\tfile\t-\tthere\n"
		"look\t--output\t-o\tfolder\t-\twords that end just before the width that there is "
		"for such a text, or ..\n"
		"look\t--gpus\t-\tgpus\t-\tthese\n"
		"look\t--gpu\t-\tgpu\t-\tthis\n"
		"look\t--pid\t-\tprocess\t-\tof it\n"
		"look\t--n\t-\tvalue\t-\t-\n"
		"look\t--help\t-\tflag\t-\tprint a summary of the options\n"
		"look\t--version\t-\tflag\t-\tprint the version\n";
	char *text = printed(options_table, &c);

	(void)state;
	assert_string_equal(text, wanted);
	free(text);
	c.stop_at_operand = true;
	text = printed(options_table, &c);
	assert_non_null(strstr(text, "\t-\t-\tcommand\t-\t"));
	free(text);
}

static void the_manual_page_has_what_else_there_is(void **state)
{
	static const struct note examples[] = { { "--size 1 -- ls", "as `it --order` is" },
						{ NULL, NULL } },
				 environment[] = { NOTE_NO_COLOR, { NULL, NULL } };
	static const struct opt none[] = { { .kind = OPT_END } };
	static const struct opt *const tables[] = { none, NULL };
	const struct command c = { .name = "numabench look",
				   .summary = "Look.",
				   .options = tables,
				   .examples = examples,
				   .environment = environment,
				   .see = "numa-x(8), ls(1)" };
	char *text;

	(void)state;
	text = printed(options_man, &c);
	assert_non_null(strstr(text, ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nno colour on"));
	assert_non_null(strstr(text, ".SH EXAMPLES\n.TP\n\\fBnumabench look \\-\\-size 1 \\-\\- "
				     "ls\\fR\nas \\fBit \\-\\-order\\fR is\n.SH SEE ALSO\n"));
	assert_non_null(strstr(text, ".BR numabench (7),\n.BR numa\\-x (8),\n.BR ls (1)\n"));
	free(text);
}

static const char *any_help(size_t i)
{
	static const char *const all[] = {
		"the first", "the other, of which there is more to tell than fits into a line of it"
	};

	return all[i];
}

static void words_are_told(void **state)
{
	static const struct opt options[] = { { .kind = OPT_TEXT,
						.name = "as",
						.arg = "X",
						.word = any_word,
						.word_help = any_help,
						.help = "how:" },
					      { .kind = OPT_END } };
	static const struct opt *const tables[] = { options, NULL };
	const struct command c = { .name = "numabench look",
				   .summary = "Look.",
				   .options = tables };
	char *text = printed(options_help, &c);

	(void)state;
	assert_non_null(strstr(text,
			       "  --as X                how:\n"
			       "                        one  the first\n"
			       "                        two  the other, of which there is more to "
			       "tell than fits\n"
			       "                             into a line of it\n"));
	free(text);
	text = printed(options_man, &c);
	assert_non_null(strstr(text, "\nhow:\n.RS\n.TP\n\\fBone\\fR\nthe first\n.TP\n"));
	assert_non_null(strstr(text, "a line of it\n.RE\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_page_has_what_else_there_is),
		cmocka_unit_test(shells_get_a_table),
		cmocka_unit_test(words_are_told),
	};

	return cmocka_run_group_tests_name("options-pages", tests, NULL, NULL);
}
