/* Texts of anybody in Markdown, and columns that are alike. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "render/markdown.h"
#include "util/utf8.h"

static char *put(const char *text, bool code)
{
	char *got;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	if (code)
		markdown_put_code(out, text, 2);
	else
		markdown_put(out, text);
	fclose(out);
	return got;
}

static void texts(void **state)
{
	static const struct {
		const char *text, *is;
	} rows[] = {
		{ "", "" },
		{ "  two \n\twords ", "two words" },
		{ "move_pages of _x_", "move_pages of \\_x\\_" },
		{ "*b* `c` [l](x) <i> &amp; a|b \\ ~~s~~",
		  "\\*b\\* \\`c\\` \\[l\\](x) \\<i> \\&amp; a\\|b \\\\ \\~\\~s\\~\\~" },
		/* Where a line begins. */
		{ "- x", "\\- x" },
		{ "+ x - y", "\\+ x - y" },
		{ "> x > y", "\\> x > y" },
		{ "=== x", "\\=== x" },
		{ "1. x 2. y", "1\\. x 2. y" },
		{ "12) x", "12\\) x" },
		{ "55.6", "55.6" },
		/* What acts by itself stands in code. */
		{ "by @who and #12", "by `@who` and `#12`" },
		{ "a@b.example", "`a@b.example`" },
		{ "https://x WWW.x GH-1 $a$", "`https://x` `WWW.x` `GH-1` `$a$`" },
		{ "0000:ab:00.0 0000:17:00.0", "`0000:ab:00.0` 0000:17:00.0" },
		{ ":100: :10:", "`:100:` :10:" },
		{ "deadbeef 0xdeadbeef1 12345678 facade",
		  "`deadbeef` `0xdeadbeef1` 12345678 facade" },
		{ "`@`", "`` `@` ``" },
		{ "@a``b", "``` @a``b ```" },
		{ "@a|b|", "`@a`\\|`b`\\|" },
		/* No letters, and what turns the direction of text. */
		{ "a\033b", "a" UTF8_REPLACEMENT "b" },
		{ "a\xff", "a" UTF8_REPLACEMENT },
		{ "\xe2\x80\xae"
		  "a \xc3\xa4",
		  UTF8_REPLACEMENT "a \xc3\xa4" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *got = put(rows[i].text, false);

		if (strcmp(got, rows[i].is) != 0)
			fail_msg("'%s' is '%s', not '%s'", rows[i].text, got, rows[i].is);
		free(got);
	}
}

static void code(void **state)
{
	static const struct {
		const char *lines, *is;
	} rows[] = {
		{ "a | b\n", "  ```sh\n  a | b\n  ```\n" },
		{ "a\nb\n", "  ```sh\n  a\n  b\n  ```\n" },
		{ "````\n", "  `````sh\n  ````\n  `````\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *got = put(rows[i].lines, true);

		assert_string_equal(got, rows[i].is);
		free(got);
	}
}

/* A sheet of so many columns, each of which is so much of GB/s, alike or not. */
static void fill(struct sheet *s, struct record *r, const double *rates, size_t n)
{
	assert_int_equal(sheet_make(s, 1, n), 0);
	snprintf(s->labels[0], SHEET_TEXT, "node 0");
	for (size_t c = 0; c < n; c++) {
		snprintf(s->heads[c], SHEET_TEXT, "GPU %zu", c);
		record_init(&r[c]);
		for (int i = 0; i < 6; i++)
			record_sample(&r[c], rates[c], i, i, i / 2);
		record_summarise(&r[c]);
		s->cells[c] = &r[c];
	}
}

static void folded(void **state)
{
	static const double rates[] = { 50, 30, 50.9, 29.9, 51.6 };
	struct record r[5];
	struct sheet s, f;

	(void)state;
	fill(&s, r, rates, 5);
	assert_int_equal(sheet_fold(&s, false, &f), 1);
	assert_int_equal(f.ncolumns, 3);
	assert_string_equal(f.heads[0], "GPU 0,2");
	assert_string_equal(f.heads[1], "GPU 1,3");
	assert_string_equal(f.heads[2], "GPU 4"); /* 3.2 % from the first */
	assert_ptr_equal(f.cells[0], &r[0]);
	assert_ptr_equal(f.cells[1], &r[1]);
	sheet_release(&f);
	assert_int_equal(sheet_fold(&s, true, &f), 1);
	assert_string_equal(f.corner, "GPU");
	assert_string_equal(f.heads[0], "0,2 ");
	sheet_release(&f);
	r[2].status = STATUS_UNSTABLE; /* it has a sign of its own */
	assert_int_equal(sheet_fold(&s, false, &f), 1);
	assert_int_equal(f.ncolumns, 4);
	sheet_release(&f);
	/* What is no number of a GPU or node stands for itself. */
	snprintf(s.heads[1], SHEET_TEXT, "8 threads");
	assert_int_equal(sheet_fold(&s, false, &f), 0);
	sheet_release(&f);
	sheet_release(&s);
	for (size_t c = 0; c < 5; c++)
		record_release(&r[c]);
}

static void none_alike(void **state)
{
	static const double rates[] = { 50, 30 };
	struct record r[2];
	struct sheet s, f;

	(void)state;
	fill(&s, r, rates, 2);
	assert_int_equal(sheet_fold(&s, false, &f), 0);
	sheet_release(&f);
	sheet_release(&s);
	for (size_t c = 0; c < 2; c++)
		record_release(&r[c]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(code),
		cmocka_unit_test(folded),
		cmocka_unit_test(none_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
