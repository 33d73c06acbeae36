/* test-utf8.c - letters and what is none, and lines broken between letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/utf8.h"
#include "util/wrap.h"

static void test_characters(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		uint32_t code;
		bool bad;
	} cases[] = {
		{ "a", 1, 'a', false },
		{ "\xc3\xa4", 2, 0xe4, false },
		{ "\xe2\x82\xac", 3, 0x20ac, false },
		{ "\xf0\x9f\x98\x80", 4, 0x1f600, false },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff, true }, /* no character */
		{ "\xe2\x80\xae", 3, 0x202e, true },       /* turns the direction */
		{ "\xd8\x9c", 2, 0x61c, true },            /* so does this */
		{ "\xe2\x80\xa8", 3, 0x2028, true },       /* ends a line */
		{ "\x1b", 1, 0x1b, true },                 /* begins what steers a terminal */
		{ "\xc2\x9b", 2, 0x9b, true },             /* so does this */
		{ "\n", 1, '\n', false },
		{ "\x80", 0, 0, false }, /* a middle without a beginning */
		{ "\xc3", 0, 0, false }, /* cut off */
		{ "\xe2\x82", 0, 0, false },
		{ "\xc0\xaf", 0, 0, false }, /* longer than need be */
		{ "\xe0\x80\xaf", 0, 0, false },
		{ "\xed\xa0\x80", 0, 0, false },     /* half of a pair */
		{ "\xf4\x90\x80\x80", 0, 0, false }, /* beyond the last */
		{ "\xff", 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t code = 0;

		assert_int_equal(utf8_character(cases[i].text, &code), cases[i].n);
		if (!cases[i].n)
			continue;
		assert_int_equal(code, cases[i].code);
		assert_int_equal(utf8_is_bad(code), cases[i].bad);
	}
}

/* What a function that prints prints; owned. */
static char *printed(void (*print)(FILE *out, const char *text), const char *text)
{
	char *all = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&all, &length);

	assert_non_null(out);
	print(out, text);
	assert_int_equal(fclose(out), 0);
	return all;
}

static void whole(FILE *out, const char *text)
{
	utf8_print(text, strlen(text), out);
}

static void cut(FILE *out, const char *text)
{
	utf8_print(text, 2, out);
}

static void wrapped(FILE *out, const char *text)
{
	wrap_print(out, text, 9, 0, 0);
}

static void test_print(void **state)
{
	static const struct {
		void (*print)(FILE *out, const char *text);
		const char *text, *wanted;
	} cases[] = {
		{ whole, "", "" },
		{ whole, "a\xc3\xa4 z", "a\xc3\xa4 z" },
		{ whole, "a\x1b[2Jz\n\t\x7f", "a?[2Jz???" },
		{ whole, "a\xe2\x80\xaez", "a?z" },
		{ whole, "a\xffz\xc3", "a?z?" },
		{ cut, "a\xc3\xa4", "a?" },
		/* Nine columns of bytes: a letter of two of them is not cut. */
		{ wrapped, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
		  "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\n\xc3\xa4\xc3\xa4\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = printed(cases[i].print, cases[i].text);

		assert_string_equal(text, cases[i].wanted);
		free(text);
	}
}

static void test_clean(void **state)
{
	char text[] = "a\xe2\x80\xaez\x1b\xc3\xa4\xff";

	(void)state;
	utf8_clean(text);
	assert_string_equal(text, "a???z?\xc3\xa4?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
