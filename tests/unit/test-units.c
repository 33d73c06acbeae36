/* test-units.c - sizes, times and numbers as people write and read them; err.h. */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "util/units.h"

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 0: refused */
		int rc;
	} rows[] = {
		{ "1", 1, 0 },
		{ "65536", 65536, 0 },
		{ "64KiB", 65536, 0 },
		{ "64KB", 64000, 0 },
		{ "64MiB", UINT64_C(64) << 20, 0 },
		{ "64MB", 64000000, 0 },
		{ "2GiB", UINT64_C(2) << 30, 0 },
		{ "1.5GiB", UINT64_C(3) << 29, 0 },
		{ "1TiB", UINT64_C(1) << 40, 0 },
		{ "1TB", 1000000000000, 0 },
		{ "512B", 512, 0 },
		{ "8388607TiB", UINT64_C(8388607) << 40, 0 },
		{ "8388608TiB", 0, -ERANGE },
		{ "99999999999999999999999999999999", 0, -ERANGE },
		{ "0", 0, -ERANGE },
		{ "0.0001KiB", 0, -ERANGE },
		{ "1.5", 0, -EINVAL },
		{ "", 0, -EINVAL },
		{ "KiB", 0, -EINVAL },
		{ ".", 0, -EINVAL },
		{ "-1", 0, -EINVAL },
		{ "+1", 0, -EINVAL },
		{ " 1", 0, -EINVAL },
		{ "1 KiB", 0, -EINVAL },
		{ "12XB", 0, -EINVAL },
		{ "64K", 0, -EINVAL },
		{ "64kib", 0, -EINVAL },
		{ "0x10", 0, -EINVAL },
		{ "1e3", 0, -EINVAL },
		{ "1,5GiB", 0, -EINVAL },
		{ "inf", 0, -EINVAL },
		{ "nan", 0, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = { "" };
		uint64_t bytes = 0;
		int rc = parse_size(&bytes, rows[i].text, &e);

		if (rc != rows[i].rc || bytes != rows[i].bytes || !e.text[0] != !rc)
			fail_msg("'%s': %d, %llu bytes, '%s'", rows[i].text, rc,
				 (unsigned long long)bytes, e.text);
	}
}

static void times_are_read(void **state)
{
	static const struct {
		const char *text;
		double seconds; /* 0: refused */
	} rows[] = {
		{ "30", 30 },      { "30s", 30 },     { "500ms", 0.5 },   { "2m", 120 },
		{ "1.5s", 1.5 },   { ".5", 0.5 },     { "168h", 604800 }, { "604800", 604800 },
		{ "100us", 1e-4 }, { "604800.1", 0 }, { "0", 0 },         { "0.0s", 0 },
		{ "-1", 0 },       { "", 0 },         { "s", 0 },         { "30 s", 0 },
		{ "30sec", 0 },    { "1e3", 0 },      { "inf", 0 },       { "nan", 0 },
		{ "1,5", 0 },      { "8d", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = { "" };
		double seconds = 0;
		int rc = parse_seconds(&seconds, rows[i].text, &e);

		if ((rc == 0) != (rows[i].seconds > 0) ||
		    fabs(seconds - rows[i].seconds) > 1e-12 * rows[i].seconds || !e.text[0] != !rc)
			fail_msg("'%s': %d, %g s, '%s'", rows[i].text, rc, seconds, e.text);
	}
}

/* A German locale must not turn the point into a comma. */
static void the_locale_decides_nothing(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is missing, this is the test above again */
	assert_int_equal(parse_size(&bytes, "1.5KiB", NULL), 0);
	assert_int_equal(bytes, 1536);
	assert_int_equal(parse_size(&bytes, "1,5KiB", NULL), -EINVAL);
	setlocale(LC_ALL, "C");
}

static void whole_numbers_have_ends(void **state)
{
	static const struct {
		const char *text;
		int low, high, value, rc;
	} rows[] = {
		{ "0", 0, 10, 0, 0 },
		{ "10", 0, 10, 10, 0 },
		{ "11", 0, 10, 99, -ERANGE },
		{ "-1", 0, 10, 99, -ERANGE },
		{ "-1", -1, 10, -1, 0 },
		{ "2147483647", INT_MIN, INT_MAX, INT_MAX, 0 },
		{ "-2147483648", INT_MIN, INT_MAX, INT_MIN, 0 },
		{ "2147483648", INT_MIN, INT_MAX, 99, -ERANGE },
		{ "99999999999999999999999", 0, INT_MAX, 99, -ERANGE },
		{ "", 0, 10, 99, -EINVAL },
		{ "-", -5, 10, 99, -EINVAL },
		{ "1x", 0, 10, 99, -EINVAL },
		{ " 1", 0, 10, 99, -EINVAL },
		{ "1.0", 0, 10, 99, -EINVAL },
		{ "+1", 0, 10, 99, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int value = 99,
		    rc = parse_int(&value, rows[i].text, rows[i].low, rows[i].high, NULL);

		if (rc != rows[i].rc || value != rows[i].value)
			fail_msg("'%s' from %d to %d: %d, %d", rows[i].text, rows[i].low,
				 rows[i].high, rc, value);
	}
}

static void figures_are_written(void **state)
{
	static const struct {
		char kind;
		double value;
		const char *text;
	} rows[] = {
		{ 'b', 0, "0 B" },
		{ 'b', 1, "1 B" },
		{ 'b', 1023, "1023 B" },
		{ 'b', 1024, "1 KiB" },
		{ 'b', 1536, "1.5 KiB" },
		{ 'b', 64.0 * 1024 * 1024, "64 MiB" },
		{ 'b', 1048575, "1 MiB" },
		{ 'b', 480.0 * 1024 * 1024 * 1024, "480 GiB" },
		{ 'b', 1.5 * 1024 * 1024 * 1024, "1.5 GiB" },
		{ 's', 89e-9, "89 ns" },
		{ 's', 2.8e-6, "2.8 us" },
		{ 's', 1.2, "1.2 s" },
		{ 's', 0.9999, "1 s" },
		{ 's', 0, "0 ns" },
		{ 's', 118.2, "118 s" },
		{ 's', 120, "2 min 0 s" },
		{ 's', 605.4, "10 min 5 s" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char buf[32];

		switch (rows[i].kind) {
		case 'b':
			format_size(buf, sizeof buf, (uint64_t)rows[i].value);
			break;
		default:
			format_seconds(buf, sizeof buf, rows[i].value);
		}
		assert_string_equal(buf, rows[i].text);
	}
}

static void what_is_not_finite_is_unknown(void **state)
{
	char buf[32], tiny[4];

	(void)state;
	assert_string_equal(format_seconds(buf, sizeof buf, NAN), "unknown");
	assert_string_equal(format_seconds(buf, sizeof buf, INFINITY), "unknown");
	assert_string_equal(format_seconds(buf, sizeof buf, -1e300), "unknown");
	assert_string_equal(format_size(buf, sizeof buf, UINT64_MAX), "16 EiB");
	assert_string_equal(format_seconds(tiny, sizeof tiny, 26.2), "26 ");
}

static void errors_are_one_line(void **state)
{
	struct err e = { "" };
	char long_text[1000];

	(void)state;
	assert_int_equal(err_set(&e, -EINVAL, "a\nb\033[1m"), -EINVAL);
	assert_string_equal(e.text, "a b [1m");
	assert_int_equal(err_within(&e, -EIO, "file %d", 3), -EIO);
	assert_string_equal(e.text, "file 3: a b [1m");
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	err_set(&e, -1, "%s", long_text);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	err_within(&e, -1, "%s", long_text);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	assert_int_equal(err_set(NULL, -ENOMEM, "unseen"), -ENOMEM);
	e.text[0] = '\0';
	err_within(&e, -EIO, "alone");
	assert_string_equal(e.text, "alone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(the_locale_decides_nothing),
		cmocka_unit_test(whole_numbers_have_ends),
		cmocka_unit_test(figures_are_written),
		cmocka_unit_test(what_is_not_finite_is_unknown),
		cmocka_unit_test(errors_are_one_line),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
