/* Quantiles of all operations of a cell, however many samples they came in. */
#include "unit.h"

#include "measure/tally.h"

static double quantile(const struct cell *c, const char *name)
{
	const json_t *o = json_object_get(c->rec.more, "quantiles");

	return json_number_value(json_object_get(o, name));
}

static void cells_are_apart(void **state)
{
	struct cell cells[] = { { .site = 0, .variant = 0 },
				{ .site = 0, .variant = 1 },
				{ .site = 1, .variant = 0 } };
	struct tally *t = NULL;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		record_init(&cells[i].rec);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 3; i++) {
			double v[] = { 5.0 + (double)i, 1.0 + (double)i };

			assert_int_equal(tally_add(&t, &cells[i], v, 2), 0);
		}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(quantile(&cells[i], "operations"), 4);
		assert_true(quantile(&cells[i], "max") == 5.0 + (double)i);
		assert_true(quantile(&cells[i], "p50") == 3.0 + (double)i);
		record_release(&cells[i].rec);
	}
	tally_free(t);
}

static void the_slowest_is_kept(void **state)
{
	struct cell c = { .site = 4 };
	struct tally *t = NULL;
	double v[100];

	(void)state;
	record_init(&c.rec);
	for (size_t i = 0; i < 100; i++)
		v[i] = 1e-6;
	v[17] = 9e-3;
	assert_int_equal(tally_add(&t, &c, v, 100), 0);
	v[17] = 1e-6;
	for (int i = 0; i < 5; i++)
		assert_int_equal(tally_add(&t, &c, v, 100), 0);
	assert_int_equal(quantile(&c, "operations"), 600);
	assert_true(quantile(&c, "max") == 9e-3);
	assert_true(quantile(&c, "p99") == 1e-6);
	record_release(&c.rec);
	tally_free(t);
}

static void nothing_is_possible(void **state)
{
	struct cell c = { .site = 0 };
	struct tally *t = NULL;

	(void)state;
	tally_free(NULL);
	record_init(&c.rec);
	assert_int_equal(tally_add(&t, &c, NULL, 0), 0);
	assert_true(json_is_null(json_object_get(json_object_get(c.rec.more, "quantiles"), "max")));
	record_release(&c.rec);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_are_apart),
		cmocka_unit_test(the_slowest_is_kept),
		cmocka_unit_test(nothing_is_possible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
