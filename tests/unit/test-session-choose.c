/* test-session-choose.c - --cell: of all that is planned, the cells that are named, and what is
 * measured together with them. */
#include "joint_bench.h"

static int run_cell(const char *cell, struct told *t)
{
	struct session_options o = six_rounds();
	struct script k = plain();

	o.cell = cell;
	return run_with(&k, o, t);
}

/* All identify it: what a record of a whole run says of itself. */
static char *identity(const struct record *r)
{
	json_t *o = record_to_json(r);
	char *text;

	json_object_del(o, "samples");
	json_object_del(o, "at");
	json_object_del(o, "round");
	json_object_del(o, "fresh");
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

/* Each cell of the whole by itself: it comes back, with the figures that it had, and nothing else
 * does but what is measured together with it. */
static void test_each(void **state)
{
	struct script k = plain();
	struct told whole, one;

	(void)state;
	run(&k, &whole);
	for (size_t i = 0; i < CELLS; i++) {
		size_t members = i < PAIR ? 1 : i < ALL ? 3 : 1 + GPUS, same = 0;
		char *cell = identity(&whole.records[i]);

		assert_int_equal(run_cell(cell, &one), 0);
		assert_int_equal(one.planned, members);
		/* The first is what the plan skipped, whatever was asked for. */
		assert_int_equal(one.n, members + 1);
		for (size_t j = 1; j < one.n; j++) {
			const struct record *r = &one.records[j];

			assert_int_equal(r->status, STATUS_OK);
			assert_int_equal(r->samples.n, ROUNDS);
			if (!record_same_cell(r, &whole.records[i]))
				continue;
			same++;
			assert_true(r->median == whole.records[i].median);
		}
		assert_int_equal(same, 1);
		/* Only its own sites were opened, three times each, and its own workers lived. */
		assert_int_equal(one.seen.closed, 3 * (i < PAIR ? 1 : i < ALL ? 2 : GPUS));
		assert_int_equal(one.seen.pid[1] > 0, i == 2 || i >= ALL);
		forget(&one);
		free(cell);
	}
	forget(&whole);
}

static void test_several(void **state)
{
	struct script k = plain();
	struct told whole, two;
	char *a, *b, list[2000];

	(void)state;
	run(&k, &whole);
	a = identity(&whole.records[0]);
	b = identity(&whole.records[2]);
	snprintf(list, sizeof list, "[%s, %s, %s]", a, b, a);
	assert_int_equal(run_cell(list, &two), 0);
	assert_int_equal(two.planned, 2);
	assert_int_equal(two.records[1].gpu, 0);
	assert_int_equal(two.records[2].gpu, 2);
	assert_int_equal(two.records[2].samples.n, ROUNDS);
	forget(&two);
	forget(&whole);
	free(a);
	free(b);
}

static void test_refused(void **state)
{
	static const struct {
		const char *cell, *says;
	} rows[] = {
		{ "{\"metric\": \"none\"}", "--cell: nothing like it is planned here" },
		{ "{}", "--cell: nothing like it is planned here" },
		{ "[]", "--cell: nothing like it is planned here" },
		{ "{", "--cell: column 1: " },
		{ "", "--cell: column 0: " },
		{ "[3]", "--cell: a record is needed, found a number" },
		{ "{\"gpu\": -1}", "--cell: gpu: -1 is not from 0" },
		{ "{\"gpu\": 1, \"gpu\": 1}", "--cell: column" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct told t;

		assert_int_equal(run_cell(rows[i].cell, &t), -EINVAL);
		if (strncmp(t.err, rows[i].says, strlen(rows[i].says)))
			assert_string_equal(t.err, rows[i].says);
		assert_int_equal(t.planned, 0);
		forget(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
