/* test-idset.c - sets of CPU, node and GPU numbers, and their list form. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "util/idset.h"

/* The list, written again; NULL where it must be refused. */
struct parse_row {
	const char *text, *written;
	size_t count;
};

static const struct parse_row parse_rows[] = {
	{ "0", "0", 1 },
	{ "8191", "8191", 1 },
	{ "0-8191", "0-8191", 8192 },
	{ "0,2-3", "0,2-3", 3 },
	{ "3,2,0", "0,2-3", 3 },
	{ "0-3,2-5,5", "0-5", 6 },
	{ "7-7", "7", 1 },
	{ "63,64,127-128", "63-64,127-128", 4 },
	{ "007", "7", 1 },
	{ .text = "" },
	{ .text = "," },
	{ .text = "0," },
	{ .text = ",0" },
	{ .text = "0,,1" },
	{ .text = " 0" },
	{ .text = "0 " },
	{ .text = "0, 1" },
	{ .text = "3-2" },
	{ .text = "-1" },
	{ .text = "1-" },
	{ .text = "-" },
	{ .text = "1-2-3" },
	{ .text = "0-3:2" },
	{ .text = "8192" },
	{ .text = "0-8192" },
	{ .text = "99999999999999999999" },
	{ .text = "0x1" },
	{ .text = "all" },
	{ .text = "1.5" },
	{ .text = "0\n" },
};

static void lists_are_read_strictly(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof parse_rows / sizeof *parse_rows; i++) {
		const struct parse_row *row = &parse_rows[i];
		struct err e = { "" };
		struct idset s;
		char buf[64];
		int rc;

		memset(&s, 0xff, sizeof s);
		rc = idset_parse(&s, row->text, &e);
		if (!row->written) {
			if (rc != -EINVAL || !e.text[0] || !idset_empty(&s))
				fail_msg("'%s' was taken", row->text);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(idset_format(&s, buf, sizeof buf), strlen(row->written));
		assert_string_equal(buf, row->written);
		assert_int_equal(idset_count(&s), row->count);
	}
}

static void the_error_names_the_part(void **state)
{
	struct err e = { "" };
	struct idset s;

	(void)state;
	assert_int_equal(idset_parse(&s, "0,5-x,7", &e), -EINVAL);
	assert_non_null(strstr(e.text, "'5-x'"));
	assert_int_equal(idset_parse(&s, "nonsense", NULL), -EINVAL);
}

static void sysfs_lists_may_be_empty(void **state)
{
	struct idset s;

	(void)state;
	assert_int_equal(idset_parse_kernel(&s, ""), 0);
	assert_true(idset_empty(&s));
	assert_int_equal(idset_parse_kernel(&s, "\n"), 0);
	assert_true(idset_empty(&s));
	assert_int_equal(idset_parse_kernel(&s, "0-1,4\n"), 0);
	assert_int_equal(idset_count(&s), 3);
	assert_int_equal(idset_parse_kernel(&s, "0-1\n2\n"), -EINVAL);
	assert_true(idset_empty(&s));
	assert_int_equal(idset_parse_kernel(&s, "x\n"), -EINVAL);
}

/* The longest list there is: no two numbers side by side. */
static void a_long_list_survives(void **state)
{
	struct idset s = { 0 }, again;
	size_t wants;
	char *text;

	(void)state;
	for (int i = 0; i < IDSET_MAX; i += 2)
		idset_add(&s, i);
	wants = idset_format(&s, NULL, 0);
	text = malloc(wants + 1);
	assert_non_null(text);
	assert_int_equal(idset_format(&s, text, wants + 1), wants);
	assert_int_equal(strlen(text), wants);
	assert_int_equal(idset_parse(&again, text, NULL), 0);
	assert_true(idset_equal(&s, &again));
	free(text);
}

static void a_thousand_cpus(void **state)
{
	struct idset s = { 0 }, again;
	char text[8192];

	(void)state;
	for (int i = 0; i < 1000; i++)
		idset_add(&s, i * 3);
	assert_in_range(idset_format(&s, text, sizeof text), 1, sizeof text - 1);
	assert_int_equal(idset_parse_kernel(&again, text), 0);
	assert_int_equal(idset_count(&again), 1000);
	assert_true(idset_equal(&s, &again));
}

static void a_short_buffer_is_kept(void **state)
{
	struct idset s = { 0 };
	char buf[12] = "xxxxxxxxxxx";

	(void)state;
	idset_add(&s, 1000);
	idset_add(&s, 2000);
	assert_int_equal(idset_format(&s, buf, 6), 9);
	assert_string_equal(buf, ".."); /* no number is better than a part of one */
	assert_int_equal(buf[6], 'x');
	assert_int_equal(idset_format(&s, buf, 9), 9);
	assert_string_equal(buf, "1000,..");
	assert_int_equal(idset_format(&s, buf, 10), 9);
	assert_string_equal(buf, "1000,2000");
	assert_int_equal(idset_format(&s, buf, 1), 9);
	assert_string_equal(buf, "");
	s = (struct idset){ 0 };
	assert_int_equal(idset_format(&s, buf, sizeof buf), 0);
	assert_string_equal(buf, "");
}

static void numbers_out_of_range_are_ignored(void **state)
{
	struct idset s = { 0 };

	(void)state;
	idset_add(&s, -1);
	idset_add(&s, IDSET_MAX);
	assert_true(idset_empty(&s));
	idset_add(&s, 0);
	idset_add(&s, IDSET_MAX - 1);
	assert_int_equal(idset_count(&s), 2);
	assert_false(idset_has(&s, -1));
	assert_false(idset_has(&s, IDSET_MAX));
	assert_true(idset_has(&s, 0));
	assert_true(idset_has(&s, IDSET_MAX - 1));
}

static void walking_visits_each_once(void **state)
{
	static const int members[] = { 0, 1, 62, 63, 64, 65, 127, 128, 4095, IDSET_MAX - 1 };
	struct idset s = { 0 };
	size_t n = 0;

	(void)state;
	assert_int_equal(idset_next(&s, -1), -1);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		idset_add(&s, members[i]);
	for (int id = -1; (id = idset_next(&s, id)) >= 0; n++)
		assert_int_equal(id, members[n]);
	assert_int_equal(n, sizeof members / sizeof *members);
	assert_int_equal(idset_next(&s, IDSET_MAX - 1), -1);
	assert_int_equal(idset_next(&s, IDSET_MAX + 5), -1);
}

static void sets_are_compared_and_joined(void **state)
{
	struct idset a, b, empty = { 0 }, s;

	(void)state;
	idset_parse(&a, "0-9", NULL);
	idset_parse(&b, "5-14", NULL);
	s = idset_and(&a, &b);
	assert_int_equal(idset_count(&s), 5);
	assert_int_equal(idset_next(&s, -1), 5);
	assert_int_equal(idset_next(&s, 8), 9);
	s = idset_or(&a, &b);
	assert_int_equal(idset_count(&s), 15);
	s = idset_minus(&a, &b);
	assert_int_equal(idset_next(&s, -1), 0);
	assert_int_equal(idset_count(&s), 5);
	s = idset_minus(&empty, &a);
	assert_true(idset_equal(&s, &empty));
	assert_true(idset_equal(&a, &a));
	assert_false(idset_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read_strictly),
		cmocka_unit_test(the_error_names_the_part),
		cmocka_unit_test(sysfs_lists_may_be_empty),
		cmocka_unit_test(a_long_list_survives),
		cmocka_unit_test(a_thousand_cpus),
		cmocka_unit_test(a_short_buffer_is_kept),
		cmocka_unit_test(numbers_out_of_range_are_ignored),
		cmocka_unit_test(walking_visits_each_once),
		cmocka_unit_test(sets_are_compared_and_joined),
	};

	return cmocka_run_group_tests_name("idset", tests, NULL, NULL);
}
