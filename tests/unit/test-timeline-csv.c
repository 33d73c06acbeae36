/* test-timeline-csv.c - time lines as a table: what is known, and nothing where it is not. */
#include <string.h>

#include "moved_process.h"

#include "render/formats.h"

struct bed {
	struct result res;
	char *text;
	size_t size;
};

static void add(struct bed *b, const char *metric, const char *unit, const struct timeline *t)
{
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof r.test, "migration");
	snprintf(r.metric, sizeof r.metric, "%s", metric);
	snprintf(r.unit, sizeof r.unit, "%s", unit);
	r.to_node = 1;
	record_set(&r, "test", "metric", "unit", "cpu_node", "to_node", NULL);
	if (t)
		assert_int_equal(timeline_store(&r, t), 0);
	assert_int_equal(result_add(&b->res, &r), 0);
}

static void print(struct bed *b)
{
	FILE *out = open_memstream(&b->text, &b->size);

	assert_non_null(out);
	assert_int_equal(format_timeline_csv(&b->res, NULL, out), 0);
	fclose(out);
}

static void teardown(struct bed *b)
{
	free(b->text);
	result_release(&b->res);
}

static const char head[] = "timeline,name,simulated,unit,call,returned,start,seconds,rate,cpu_node,"
			   "share,straddles\n";

static void test_empty(void **state)
{
	struct bed b = { 0 };

	(void)state;
	result_init(&b.res);
	add(&b, "bandwidth", "B/s", NULL);
	print(&b);
	assert_string_equal(b.text, head);
	teardown(&b);
}

static void test_rows(void **state)
{
	struct bed b = { 0 };
	struct timeline t;
	char wanted[600];
	struct window *w;

	(void)state;
	result_init(&b.res);
	b.res.run.simulated = true;
	timeline_init(&t);
	t.call = 0.25;
	w = timeline_add(&t, -0.5, 0.5, 2e9);
	w->has_node = true;
	w = timeline_add(&t, 0, 0.5, NAN);
	w->has_node = true;
	w->cpu_node = 1;
	w->share = 0.125;
	w->straddles = true;
	add(&b, "a \"rate\"", "B/s", &t);
	add(&b, "bandwidth", "B/s", NULL); /* is not counted */
	t.n = 1;
	t.returned = 2;
	add(&b, "balancing-time", "s", &t);
	timeline_release(&t);
	print(&b);
	snprintf(
		wanted, sizeof wanted, "%s%s%s%s", head,
		"0,\"a \"\"rate\"\"; node 0 to node 1\",1,\"B/s\",0.25,,-0.5,0.5,2000000000,0,,0\n",
		"0,\"a \"\"rate\"\"; node 0 to node 1\",1,\"B/s\",0.25,,0,0.5,,1,0.125,1\n",
		"1,\"balancing-time; node 0 to node "
		"1\",1,\"B/s\",0.25,2,-0.5,0.5,2000000000,0,,0\n");
	assert_string_equal(b.text, wanted);
	teardown(&b);
}

/* One that cannot be read is left out, and the others are there. */
static void test_broken(void **state)
{
	struct bed b = { 0 };
	struct timeline t;

	(void)state;
	result_init(&b.res);
	timeline_init(&t);
	assert_non_null(timeline_add(&t, 0, 1, 1));
	add(&b, "bandwidth", "B/s", &t);
	add(&b, "latency", "s", &t);
	timeline_release(&t);
	json_object_set_new(json_object_get(b.res.records[0].more, "timeline"), "windows",
			    json_integer(3));
	print(&b);
	assert_non_null(strstr(b.text, "0,\"latency"));
	assert_null(strstr(b.text, "bandwidth"));
	teardown(&b);
}

/* Texts of anybody stay within their field: nothing ends it, and no spreadsheet runs it. */
static void test_hostile(void **state)
{
	struct bed b = { 0 };
	struct timeline t;

	(void)state;
	result_init(&b.res);
	timeline_init(&t);
	assert_non_null(timeline_add(&t, 0, 1, 1));
	add(&b, "=1+\x1b\"x\n", "s\",\n=9", &t);
	timeline_release(&t);
	print(&b);
	assert_non_null(strstr(b.text, "\n0,\"'=1+\xef\xbf\xbd\"\"x ; node 0 to node 1\",0,"
				       "\"s\"\"; =9\","));
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests_name("time lines as a table", tests, NULL, NULL);
}
