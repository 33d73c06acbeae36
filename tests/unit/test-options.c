/* test-options.c - option tables: what is parsed, what is refused, --help and the manual page. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printed.h"
#include "unit.h"
#include "util/options.h"

struct first {
	bool quick;
	const char *output;
	int gpus;
};

struct second {
	uint64_t size;
	double budget;
	int order;
};

static const char *const orders[] = { "rising", "falling", "random", NULL };

static const struct opt first_table[] = {
	{ .kind = OPT_FLAG,
	  .name = "quick",
	  .help = "a shorter run",
	  .offset = offsetof(struct first, quick) },
	{ .kind = OPT_TEXT,
	  .name = "output",
	  .arg = "DIR",
	  .help = "the folder that results go to, which is made where it does not exist; this text "
		  "is long enough to need a second line",
	  .offset = offsetof(struct first, output) },
	{ .kind = OPT_INT,
	  .name = "require-gpus-of-this-machine",
	  .arg = "N",
	  .help = "fail with another number",
	  .low = 0,
	  .high = 64,
	  .offset = offsetof(struct first, gpus) },
	{ .kind = OPT_END },
};

static const struct opt second_table[] = {
	{ .kind = OPT_SIZE,
	  .name = "size",
	  .arg = "SIZE",
	  .help = ".5 of \\memory, for instance",
	  .offset = offsetof(struct second, size) },
	{ .kind = OPT_SECONDS,
	  .name = "budget",
	  .arg = "TIME",
	  .help = "seconds",
	  .offset = offsetof(struct second, budget) },
	{ .kind = OPT_CHOICE,
	  .name = "order",
	  .arg = "HOW",
	  .help = "of the cells",
	  .choices = orders,
	  .offset = offsetof(struct second, order) },
	{ .kind = OPT_END },
};

static const struct opt *const tables[] = { first_table, second_table, NULL };

static const struct command plain = {
	.name = "numabench probe-all",
	.summary = "Look at everything.",
	.usage = "[OPTION]... FILE",
	.about = "One paragraph that is long enough to be wrapped when it is printed within "
		 "eighty columns.\n\nAnother one.",
	.options = tables,
};

static const struct command runs_another = {
	.name = "numabench bind",
	.summary = "Run a command.",
	.usage = "[OPTION]... -- COMMAND",
	.options = tables,
	.stop_at_operand = true,
};

enum { ARGS = 12 };

struct parsed {
	struct first first;
	struct second second;
	struct operands rest;
	struct err e;
	char *argv[ARGS + 2];
	int argc;
};

/* Parses a list that ends with NULL. */
static int parse(struct parsed *p, const struct command *c, const char *const *args)
{
	void *const contexts[] = { &p->first, &p->second };

	*p = (struct parsed){ .second = { .order = -1 } };
	p->argv[p->argc++] = (char[]){ "program" };
	for (; *args; args++)
		p->argv[p->argc++] = strdup(*args);
	return options_parse(c, contexts, p->argc, p->argv, &p->rest, &p->e);
}

static void parsed_release(struct parsed *p)
{
	for (int i = 1; i < p->argc; i++)
		free(p->argv[i]);
}

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_ARGS   ((const char *const[]){ NULL })

static void every_kind_is_taken(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse(&p, &plain,
			       ARGV("--quick", "--output", "-", "--require-gpus-of-this-machine=8",
				    "--size", "64KiB", "--budget=2m", "--order", "random")),
			 OPT_OK);
	assert_true(p.first.quick);
	assert_string_equal(p.first.output, "-");
	assert_int_equal(p.first.gpus, 8);
	assert_int_equal(p.second.size, 65536);
	assert_true(p.second.budget == 120.0);
	assert_int_equal(p.second.order, 2);
	assert_int_equal(p.rest.n, 0);
	assert_null(p.rest.v[0]);
	parsed_release(&p);
}

/* A letter is the same, with its value behind it; no bundles, and nothing glued to it. */
static void letters_are_taken(void **state)
{
	static const struct opt lettered[] = { { .kind = OPT_TEXT,
						 .name = "output",
						 .letter = 'o',
						 .arg = "DIR",
						 .help = "where",
						 .offset = offsetof(struct first, output) },
					       { .kind = OPT_END } };
	const struct command c = { .name = "numabench baseline",
				   .summary = "Join.",
				   .options = (const struct opt *const[]){ lettered, NULL } };
	char *text = NULL;
	size_t length;
	struct parsed p;
	FILE *out;

	(void)state;
	assert_int_equal(parse(&p, &c, ARGV("a", "-o", "here", "b")), OPT_OK);
	assert_string_equal(p.first.output, "here");
	assert_int_equal(p.rest.n, 2);
	parsed_release(&p);
	assert_int_equal(parse(&p, &c, ARGV("-o", "-")), OPT_OK);
	assert_string_equal(p.first.output, "-");
	parsed_release(&p);
	assert_int_equal(parse(&p, &c, ARGV("-o")), -EINVAL);
	assert_string_equal(p.e.text, "option '--output' needs a value (DIR)");
	parsed_release(&p);
	assert_int_equal(parse(&p, &c, ARGV("-ohere")), -EINVAL);
	assert_string_equal(p.e.text, "unknown option '-ohere'; see --help");
	parsed_release(&p);
	out = open_memstream(&text, &length);
	options_help(&c, out);
	fclose(out);
	assert_non_null(strstr(text, "  -o, --output DIR"));
	free(text);
	out = open_memstream(&text, &length);
	options_man(&c, out);
	fclose(out);
	assert_non_null(strstr(text, "\\fB\\-o\\fR, \\fB\\-\\-output"));
	free(text);
}

static void the_last_value_counts(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse(&p, &plain, ARGV("--size=1", "--size=2", "--output", "a=b")),
			 OPT_OK);
	assert_int_equal(p.second.size, 2);
	assert_string_equal(p.first.output, "a=b");
	parsed_release(&p);
	assert_int_equal(parse(&p, &plain, NO_ARGS), OPT_OK);
	assert_int_equal(p.rest.n, 0);
	parsed_release(&p);
}

static void operands_keep_their_order(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse(&p, &plain,
			       ARGV("a", "--quick", "b", "--size", "5", "-", "--", "--quick", "c")),
			 OPT_OK);
	assert_int_equal(p.rest.n, 5);
	for (int i = 0; i < 5; i++)
		assert_string_equal(p.rest.v[i],
				    ((const char *[]){ "a", "b", "-", "--quick", "c" })[i]);
	assert_null(p.rest.v[5]);
	assert_int_equal(p.second.size, 5);
	parsed_release(&p);
}

static void the_command_keeps_its_options(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse(&p, &runs_another, ARGV("--quick", "python", "--help", "-x")),
			 OPT_OK);
	assert_int_equal(p.rest.n, 3);
	assert_string_equal(p.rest.v[0], "python");
	assert_string_equal(p.rest.v[2], "-x");
	parsed_release(&p);
	assert_int_equal(parse(&p, &runs_another, ARGV("--", "--help")), OPT_OK);
	assert_int_equal(p.rest.n, 1);
	assert_string_equal(p.rest.v[0], "--help");
	parsed_release(&p);
}

static void bad_usage_is_one_clear_line(void **state)
{
	static const struct {
		const char *args[3];
		const char *text;
	} rows[] = {
		{ { "--foo" }, "unknown option '--foo'; see --help" },
		{ { "--foo=3" }, "unknown option '--foo'; see --help" },
		{ { "--sise", "3" }, "unknown option '--sise'; did you mean '--size'?" },
		{ { "--budgte=3" }, "unknown option '--budgte'; did you mean '--budget'?" },
		{ { "--out" }, "unknown option '--out'; did you mean '--output'?" },
		{ { "--o" }, "unknown option '--o'; see --help" },
		{ { "--or" }, "unknown option '--or'; did you mean '--order'?" },
		{ { "-x" }, "unknown option '-x'; see --help" },
		{ { "--=3" }, "unknown option '--'; see --help" },
		{ { "--size" }, "option '--size' needs a value (SIZE)" },
		{ { "--size", "--quick" }, "option '--size' needs a value (SIZE)" },
		{ { "--quick=yes" }, "option '--quick' takes no value" },
		{ { "--size", "12XB" },
		  "option '--size 12XB': not a size; write 65536, 64KiB or 64MB" },
		{ { "--size=" }, "option '--size' needs a value (SIZE)" },
		{ { "--budget", "soon" },
		  "option '--budget soon': not a time; write 30, 30s, 500ms or 2m" },
		{ { "--require-gpus-of-this-machine", "65" },
		  "option '--require-gpus-of-this-machine 65': not a whole number from 0 to 64" },
		{ { "--order", "up" },
		  "option '--order up': not one of rising, falling or random" },
		{ { "--output=" }, "option '--output' needs a value (DIR)" },
		{ { "--output", "" }, "option '--output' needs a value (DIR)" },
		{ { "--help=me" }, "option '--help' takes no value" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct parsed p;
		const char *const args[] = { rows[i].args[0], rows[i].args[1], NULL };

		assert_int_equal(parse(&p, &plain, args), -EINVAL);
		assert_string_equal(p.e.text, rows[i].text);
		parsed_release(&p);
	}
}

static void the_common_options_answer(void **state)
{
	static const struct {
		const char *arg;
		int result;
	} rows[] = {
		{ "--help", OPT_HELP },        { "-h", OPT_HELP },
		{ "--version", OPT_VERSION },  { "--man", OPT_MAN },
		{ "--completion", OPT_TABLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct parsed p;

		assert_int_equal(parse(&p, &plain, ARGV("--quick", rows[i].arg, "--nonsense")),
				 rows[i].result);
		parsed_release(&p);
	}
}

/* How a main begins: to go on, to have answered, or to be wrong. */
static void a_command_starts(void **state)
{
	static const struct command none = { .name = "numabench topology",
					     .summary = "Look.",
					     .options = tables };
	static const struct command some = { .name = "numabench report",
					     .summary = "Show.",
					     .options = tables,
					     .takes_operands = true };
	static const struct {
		const struct command *command;
		const char *arg;
		int rc;
		const char *text; /* of the answer's beginning, or of the complaint */
	} rows[] = {
		{ &none, "--quick", 0, "" },
		{ &none, "file", -EINVAL, "unexpected operand 'file'; see --help" },
		{ &some, "file", 0, "" },
		{ &runs_another, "true", 0, "" },
		{ &none, "--help", OPT_HELP, "Usage: numabench topology " },
		{ &none, "--version", OPT_VERSION, "numabench topology " },
		{ &none, "--man", OPT_MAN, ".TH NUMABENCH-TOPOLOGY 1 " },
		{ &none, "--completion", OPT_TABLE, "topology\t-\t-\tvalue\t-\t" },
		{ &none, "--nonsense", -EINVAL, "unknown option '--nonsense'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = NULL, *argv[] = { (char[]){ "program" }, strdup(rows[i].arg), NULL };
		struct first first = { 0 };
		struct second second = { 0 };
		void *const contexts[] = { &first, &second };
		struct operands rest;
		struct err e = { "" };
		size_t length;
		FILE *out = open_memstream(&text, &length);

		assert_int_equal(options_start(rows[i].command, contexts, 2, argv, &rest, out, &e),
				 rows[i].rc);
		assert_int_equal(fclose(out), 0);
		if (rows[i].rc < 0)
			assert_non_null(strstr(e.text, rows[i].text));
		else
			assert_ptr_equal(strstr(text, rows[i].text), text);
		assert_int_equal(length > 0, rows[i].rc > 0);
		free(text);
		free(argv[1]);
	}
}

/* An answer that does not arrive is an error, with its reason. */
static void a_full_disk_is_told(void **state)
{
	static const char *const asked[] = { "--help", "--version", "--man" };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full) {
		print_message("# no /dev/full here\n");
		return;
	}
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		char *argv[] = { (char[]){ "program" }, strdup(asked[i]), NULL };
		void *const contexts[] = { NULL, NULL };
		struct operands rest;
		struct err e = { "" };

		assert_int_equal(options_start(&plain, contexts, 2, argv, &rest, full, &e),
				 -ENOSPC);
		assert_string_equal(e.text, "standard output: No space left on device");
		clearerr(full);
		free(argv[1]);
	}
	fclose(full);
}

/* What a printer writes, in a new string. */
static void help_fits_and_names_all(void **state)
{
	static const char *const parts[] = {
		"Usage: numabench probe-all [OPTION]... FILE\n",
		"Look at everything.\n",
		"\n\nAnother one.\n",
		"\n  --quick             ",
		"\n  --output DIR ",
		"\n  --require-gpus-of-this-machine N\n                        fail with",
		"one of rising, falling or random",
		"\n  --help ",
		"\n  --version ",
	};
	char *text = printed(options_help, &plain);

	(void)state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(text, parts[i]))
			fail_msg("'%s' is missing in:\n%s", parts[i], text);
	assert_null(strstr(text, "--man"));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		assert_in_range(length, 0, 80);
		assert_true(length == 0 || line[length - 1] != ' ');
	}
	free(text);
}

static void the_manual_page_is_roff(void **state)
{
	static const char *const parts[] = {
		".TH NUMABENCH-PROBE-ALL 1 ",
		".SH NAME\nnumabench-probe-all \\-\nLook",
		".SH SYNOPSIS",
		".SH DESCRIPTION",
		".SH OPTIONS",
		"\\fB\\-\\-size\\fR \\fISIZE\\fR\n\\&.5 of \\ememory",
		".SH EXIT STATUS",
		"\\fB128+n\\fR",
		".SH SEE ALSO",
		"\n.PP\nAnother one.\n",
	};
	char *text = printed(options_man, &plain);

	(void)state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(text, parts[i]))
			fail_msg("'%s' is missing in:\n%s", parts[i], text);
	free(text);
	text = printed(options_man, &runs_another);
	assert_non_null(strstr(text, "\\fB127\\fR"));
	assert_null(strstr(text, "128+n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_taken),
		cmocka_unit_test(letters_are_taken),
		cmocka_unit_test(the_last_value_counts),
		cmocka_unit_test(operands_keep_their_order),
		cmocka_unit_test(the_command_keeps_its_options),
		cmocka_unit_test(bad_usage_is_one_clear_line),
		cmocka_unit_test(the_common_options_answer),
		cmocka_unit_test(a_command_starts),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(help_fits_and_names_all),
		cmocka_unit_test(the_manual_page_is_roff),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
