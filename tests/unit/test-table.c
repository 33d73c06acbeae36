/* test-table.c - text tables and wrapped text within a width. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "unit.h"
#include "util/wrap.h"

struct output {
	char *text;
	size_t length;
	FILE *out;
};

static void output_open(struct output *o)
{
	*o = (struct output){ 0 };
	o->out = open_memstream(&o->text, &o->length);
	assert_non_null(o->out);
}

static void expect(struct output *o, const char *text)
{
	assert_int_equal(fclose(o->out), 0);
	assert_string_equal(o->text, text);
	free(o->text);
}

static struct table *new_table(const char *heads, const char *aligns)
{
	struct table *t = table_new();
	char *copy = strdup(heads), *rest = copy, *head;

	assert_non_null(t);
	while ((head = strsep(&rest, "|")))
		assert_int_equal(table_column(t, head, *aligns++), 0);
	free(copy);
	return t;
}

static void check_table(struct table *t, int width, int indent, const char *text)
{
	struct output o;

	output_open(&o);
	assert_int_equal(table_print(t, o.out, width, indent), 0);
	expect(&o, text);
	table_free(t);
}

static void columns_align(void **state)
{
	struct table *t = new_table("name|GB/s", "lr");

	(void)state;
	table_cell(t, "node %d", 0);
	table_cell(t, "%.1f", 26.24);
	table_cell(t, "n");
	table_cell(t, "%.1f", 126.0);
	check_table(t, 80, 2, "  name     GB/s\n  node 0   26.2\n  n       126.0\n");
}

static void no_blanks_at_the_end(void **state)
{
	struct table *t = new_table("a|b ", "lr");

	(void)state;
	table_cell(t, "%s", "");
	table_cell(t, "1 ");
	table_cell(t, "x");
	table_cell(t, "%s", "");
	table_cell(t, "half a row");
	check_table(t, 80, 0, "a           b\n            1\nx\nhalf a row\n");
}

static void without_heads_there_is_no_head(void **state)
{
	struct table *t = new_table("|", "ll");

	(void)state;
	table_cell(t, "a");
	table_cell(t, "b");
	check_table(t, 80, 0, "a  b\n");
	t = new_table("", "l");
	check_table(t, 80, 0, "");
}

static void text_is_wrapped_at_blanks(void **state)
{
	struct table *t = new_table("id|what", "rl");

	(void)state;
	table_cell(t, "7");
	table_cell(t, "several words that need two lines");
	check_table(t, 24, 0, "id  what\n 7  several words that\n    need two lines\n");
}

static void long_words_are_split(void **state)
{
	struct table *t = new_table("a", "l");

	(void)state;
	table_cell(t, "0123456789abcdefghij");
	check_table(t, 12, 0, "a\n0123456789ab\ncdefghij\n");
}

static void numbers_are_cut_visibly(void **state)
{
	struct table *t = new_table("a|b", "rr");

	(void)state;
	table_cell(t, "123456789012345");
	table_cell(t, "1");
	check_table(t, 12, 0, "        a  b\n12345678~  1\n");
}

static void nothing_fits_in_nothing(void **state)
{
	struct table *t = new_table("alpha|beta", "lr");
	struct output o;

	(void)state;
	table_cell(t, "alpha beta gamma");
	table_cell(t, "12345");
	output_open(&o);
	assert_int_equal(table_print(t, o.out, 1, 0), 0);
	table_free(t);
	assert_int_equal(fclose(o.out), 0);
	assert_non_null(strstr(o.text, "12~"));
	free(o.text);
}

static void foreign_text_is_harmless(void **state)
{
	struct table *t = new_table("a|b", "lr");

	(void)state;
	table_cell(t, "x\033[2Jy\n");
	table_cell(t, "1");
	table_cell(t, "\xc3\xbc"); /* one column wide */
	table_cell(t, "2");
	check_table(t, 80, 0, "a        b\nx?[2Jy?  1\n\xc3\xbc        2\n");
}

static void paint_takes_no_room(void **state)
{
	struct table *t = new_table("a|b", "rr");

	(void)state;
	table_cell(t, "1");
	table_paint(t, "32");
	table_cell(t, "22");
	check_table(t, 80, 0, "a   b\n\033[32m1\033[0m  22\n");
}

static void many_rows(void **state)
{
	struct table *t = new_table("n|m", "rr");
	struct output o;
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < 2000; i++)
		assert_int_equal(table_cell(t, "%d", i), 0);
	output_open(&o);
	assert_int_equal(table_print(t, o.out, 80, 0), 0);
	table_free(t);
	fclose(o.out);
	for (const char *p = o.text; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 1001);
	free(o.text);
}

static void running_text_wraps(void **state)
{
	static const struct {
		const char *text;
		int width, at, indent;
		const char *wrapped;
	} rows[] = {
		{ "", 80, 0, 0, "\n" },
		{ "one two", 80, 0, 0, "one two\n" },
		{ "one two three", 10, 0, 2, "one two\n  three\n" },
		{ "one two", 10, 8, 2, "\n  one two\n" },
		{ "0123456789abc de", 10, 0, 0, "0123456789\nabc de\n" },
		{ "a\n\nb", 20, 0, 2, "a\n\n  b\n" },
		{ "  kept", 20, 0, 0, "  kept\n" },
		{ "tail   ", 20, 0, 0, "tail\n" },
		{ "a\033[1mb", 20, 0, 0, "a?[1mb\n" },
		{ "exactly 10", 10, 0, 0, "exactly 10\n" },
		{ "narrow is widened", 1, 0, 4, "narrow is\n    widened\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct output o;

		output_open(&o);
		wrap_print(o.out, rows[i].text, rows[i].width, rows[i].at, rows[i].indent);
		expect(&o, rows[i].wrapped);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_align),
		cmocka_unit_test(no_blanks_at_the_end),
		cmocka_unit_test(without_heads_there_is_no_head),
		cmocka_unit_test(text_is_wrapped_at_blanks),
		cmocka_unit_test(long_words_are_split),
		cmocka_unit_test(numbers_are_cut_visibly),
		cmocka_unit_test(nothing_fits_in_nothing),
		cmocka_unit_test(foreign_text_is_harmless),
		cmocka_unit_test(paint_takes_no_room),
		cmocka_unit_test(many_rows),
		cmocka_unit_test(running_text_wraps),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
