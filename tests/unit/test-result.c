/* test-result.c - the document: there and back, and refused where it is wrong. */
#include <errno.h>
#include <math.h>

#include "planted_file.h"

static json_t *whole_document(void)
{
	struct result res;
	json_t *doc;

	plant_whole(&res);
	doc = result_to_json(&res);
	assert_non_null(doc);
	result_release(&res);
	return doc;
}

static void test_round_trip(void **state)
{
	const char *path = in_folder("whole.json");
	struct result res, again;
	struct err e = { "" };
	json_t *first, *second;

	(void)state;
	plant_whole(&res);
	assert_int_equal(result_write(&res, path, &e), 0);
	assert_int_equal(files_in_folder(), 1);
	result_init(&again);
	if (result_read(&again, path, &e) < 0)
		fail_msg("%s", e.text);
	first = result_to_json(&res);
	second = result_to_json(&again);
	assert_true(json_is_object(json_object_get(first, "topology")));
	json_object_del(json_object_get(first, "topology"), "live"); /* one read is not live */
	json_object_del(json_object_get(second, "topology"), "live");
	assert_true(json_equal(first, second));
	assert_int_equal(again.nrecords, 4);
	assert_true(again.records[1].samples.v[3] == res.records[1].samples.v[3]);
	assert_true(again.run.seconds == 1 / 3.0);
	assert_int_equal(again.recommendations[0].node, 1);
	assert_int_equal(again.recommendations[0].agreement, DISAGREES);
	assert_int_equal(again.recommendations[0].nevidence, 1);
	assert_int_equal(again.recommendations[1].matters, MATTERS_UNMEASURED);
	assert_true(isnan(again.recommendations[1].advantage));
	assert_true(idset_equal(&again.recommendations[0].cpus, &res.recommendations[0].cpus));
	assert_int_equal(again.verdict.status, VERDICT_UNKNOWN);
	assert_int_equal(again.verdict.nwarnings, 1);
	assert_string_equal(again.verdict.reasons[0], res.verdict.reasons[0]);
	json_decref(first);
	json_decref(second);
	result_release(&res);
	result_release(&again);
	unlink(path);
}

/* What a kind does not have is absent, there and back; an older version's evidence has it all. */
static void test_evidence(void **state)
{
	static const char *const keys[] = { "direction", "memory", "together", "pages_asked" };
	struct result res, again;
	json_t *doc, *o;
	struct err e = { "" };

	(void)state;
	for (unsigned mask = 0; mask < 16; mask++) {
		struct evidence *ev;

		plant_whole(&res);
		ev = &res.recommendations[0].evidence[0];
		ev->has_direction = mask & 1;
		ev->has_memory = mask & 2;
		ev->has_together = mask & 4;
		ev->has_pages_asked = mask & 8;
		ev->direction = DIR_D2H;
		ev->memory = MEM_MAPPED;
		ev->together = TOGETHER_BOTH_WAYS;
		ev->pages_asked = PAGES_THP;
		doc = result_to_json(&res);
		o = json_array_get(
			json_object_get(json_array_get(json_object_get(doc, "recommendations"), 0),
					"evidence"),
			0);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(json_object_get(o, keys[i]) != NULL, mask >> i & 1);
		result_init(&again);
		if (result_from_json(&again, doc, &e) < 0)
			fail_msg("%s", e.text);
		ev = &again.recommendations[0].evidence[0];
		assert_int_equal(ev->has_direction | ev->has_memory << 1 | ev->has_together << 2 |
					 ev->has_pages_asked << 3,
				 mask);
		if (mask & 2)
			assert_int_equal(ev->memory, MEM_MAPPED);
		json_decref(doc);
		result_release(&again);
		result_release(&res);
	}
}

static void test_empty_result(void **state)
{
	struct result res, again;
	json_t *doc;

	(void)state;
	result_init(&res);
	doc = result_to_json(&res);
	assert_non_null(doc);
	result_init(&again);
	assert_int_equal(result_from_json(&again, doc, NULL), 0);
	assert_int_equal(again.nrecords, 0);
	json_decref(doc);
	result_release(&again);
	result_release(&res);
	result_release(&res);
}

static void test_unknown_keys(void **state)
{
	static const char *const places[] = {
		"", "run", "records/0", "checks/0", "recommendations/0", "verdict"
	};
	json_t *doc = whole_document(), *again;
	struct result res;

	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		json_t *o = json_object_get(doc, places[i]);
		char key[24];

		if (!places[i][0]) {
			o = doc;
		} else if (!o) {
			snprintf(key, sizeof key, "%.*s", (int)strcspn(places[i], "/"), places[i]);
			o = json_array_get(json_object_get(doc, key), 0);
		}
		assert_int_equal(json_object_set_new(o, "later", json_pack("[i, n]", 7)), 0);
	}
	json_object_set_new(json_object_get(doc, "host"), "later", json_true());
	result_init(&res);
	assert_int_equal(result_from_json(&res, doc, NULL), 0);
	again = result_to_json(&res);
	json_object_del(json_object_get(doc, "topology"), "live");
	json_object_del(json_object_get(again, "topology"), "live");
	assert_true(json_equal(doc, again));
	json_decref(doc);
	json_decref(again);
	result_release(&res);
}

static void test_no_json(void **state)
{
	static const struct {
		const char *name, *text, *error;
	} rows[] = {
		{ "empty", "", "empty, not a result of numabench" },
		{ "blank", " \n\n", "line 3, column 0: the file is cut off" },
		{ "text", "numabench\n", "not JSON, and so not a result of numabench" },
		{ "no text", "\1\2", "not JSON, and so not" },
		{ "list", "[]", "an object is needed, found a list" },
		{ "object", "{}",
		  "not a result of numabench: schema: \"numabench/1\" is needed, found nothing" },
		{ "number", "{\"schema\": 1}",
		  "schema: \"numabench/1\" is needed, found a number" },
		{ "version", "{\"schema\": \"numabench/2\"}", "schema: \"numabench/2\" is not" },
		{ "no run", "{\"schema\": \"numabench/1\"}", "run: missing" },
		{ "cut off", "{\n\"schema\": \"numabench/1\",\n\"run\": {",
		  "line 3, column 8: the file is cut" },
		{ "within text", "{\n\"sch", "the file is cut off" },
		{ "twins", "{\"a\": 1,\n\"b\": {\"c\": 1, \"c\": 2}}", "duplicate object key" },
		{ "NaN", "{\"a\":\n NaN}", "line 2" },
		{ "Infinity", "{\"a\": Infinity}", "line 1" },
		{ "1e999", "{\"a\":\n\n1e999}", "line 3" },
		{ "two", "{} {}", "line 1" },
		{ "not UTF-8", "{\"a\": \"\xff\"}", "unable to decode byte 0xff" },
	};
	const char *path = in_folder("wrong.json");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		spill(path, rows[i].text, strlen(rows[i].text));
		assert_refused(path, -EINVAL, rows[i].error, rows[i].name);
	}
	unlink(path);
}

/* Wherever a good file is cut, it is refused. */
static void test_truncated(void **state)
{
	const char *path = in_folder("cut.json");
	struct result res;
	char *text;

	(void)state;
	plant_whole(&res);
	assert_int_equal(result_write(&res, path, NULL), 0);
	text = slurp(path);
	for (size_t n = 1; n < strlen(text) - 1; n += 97) {
		spill(path, text, n);
		assert_refused(path, -EINVAL, "the file is cut off", "cut");
	}
	free(text);
	result_release(&res);
	unlink(path);
}

static void nest(json_t *doc, int levels)
{
	json_t *v = json_array();

	for (int i = 1; i < levels; i++)
		v = json_pack("[o]", v);
	json_object_set_new(doc, "deep", v);
}

static void test_nesting(void **state)
{
	json_t *doc = whole_document();
	struct err e = { "" };
	struct result res;
	char brackets[100001];

	(void)state;
	nest(doc, 63); /* the document is the 64th level */
	result_init(&res);
	assert_int_equal(result_from_json(&res, doc, &e), 0);
	result_release(&res);
	nest(doc, 64);
	result_init(&res);
	assert_int_equal(result_from_json(&res, doc, &e), -EINVAL);
	assert_string_equal(e.text, "deep: nested deeper than 64");
	result_release(&res);
	json_decref(doc);
	memset(brackets, '[', sizeof brackets);
	spill(in_folder("deep.json"), brackets, sizeof brackets);
	assert_refused(in_folder("deep.json"), -EINVAL, "line 1", "deep");
	unlink(in_folder("deep.json"));
}

/* Sets the member at a path such as "records/3/median" to a JSON text; "" removes it. */
static void change(json_t *doc, const char *path, const char *value)
{
	json_t *new = value[0] ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL, *o = doc;
	char copy[128], *rest = copy, *part, *last;

	snprintf(copy, sizeof copy, "%s", path);
	last = strsep(&rest, "/");
	while ((part = strsep(&rest, "/"))) {
		o = json_is_array(o) ? json_array_get(o, (size_t)atoi(last))
				     : json_object_get(o, last);
		last = part;
	}
	if (json_is_array(o))
		assert_int_equal(json_array_set_new(o, (size_t)atoi(last), new), 0);
	else if (new)
		assert_int_equal(json_object_set_new(o, last, new), 0);
	else
		assert_int_equal(json_object_del(o, last), 0);
}

static void test_wrong_types(void **state)
{
	static const struct {
		const char *path, *value, *error;
	} rows[] = {
		{ "run", "", "run: missing" },
		{ "run", "[]", "run: an object is needed, found a list" },
		{ "run/id", "", "run.id: missing" },
		{ "run/seed", "-1", "run.seed: -1 is less than 0" },
		{ "run/complete", "\"yes\"", "run.complete: true or false is needed, found text" },
		{ "run/command", "[1]", "run.command[0]: text is needed, found a number" },
		{ "run/options/require_gpus", "\"8\"",
		  "run.options.require_gpus: a number of GPUs" },
		{ "host", "null", "host: an object is needed, found null" },
		{ "topology", "7", "topology: an object is needed, found a number" },
		{ "topology/nodes/1/id", "\"1\"", "topology.nodes[1].id" },
		{ "records", "{}", "records: a list is needed, found an object" },
		{ "records/1", "5", "records[1]: an object is needed, found a number" },
		{ "records/3/median", "\"1\"",
		  "records[3].median: a number is needed, found text" },
		{ "records/2/samples/5", "{}", "records[2].samples[5]: a number is needed" },
		{ "records/2/round", "[]", "records[2].round: 0 entries for 12 samples" },
		{ "records/0/status", "", "records[0].status: missing" },
		{ "records/0/test", "", "records[0].test: missing" },
		{ "records/0/placement/proof", "\"hope\"", "records[0].placement.proof: " },
		{ "checks/0/id", "3", "checks[0].id: text is needed, found a number" },
		{ "checks/0/status", "\"bad\"", "checks[0].status: \"bad\" is none of pass, warn" },
		{ "checks/0/subject", "", "checks[0].subject: missing" },
		{ "recommendations/1/node", "\"0\"",
		  "recommendations[1].node: a node number or null" },
		{ "recommendations/1/cpus", "\"3-1\"", "recommendations[1].cpus: a list" },
		{ "recommendations/0/basis", "\"guess\"", "recommendations[0].basis: measured or" },
		{ "recommendations/0/matters", "\"so so\"",
		  "recommendations[0].matters: \"so so\"" },
		{ "recommendations/0/agrees_with_declared", "1",
		  "agrees_with_declared: true, false or" },
		{ "recommendations/0/evidence", "1", "recommendations[0].evidence: a list" },
		{ "recommendations/0/evidence/0/together", "\"alone\"",
		  "recommendations[0].evidence[0].together: \"alone\" is none of both-ways" },
		{ "recommendations/0/evidence/0/best", "null",
		  "recommendations[0].evidence[0].best: a" },
		{ "verdict/status", "\"maybe\"", "verdict.status: pass, fail or unknown" },
		{ "verdict/reasons", "[1]", "verdict.reasons[0]: text" },
		{ "verdict", "", "verdict: missing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *doc = whole_document();
		struct err e = { "" };
		struct result res;

		change(doc, rows[i].path, rows[i].value);
		result_init(&res);
		if (result_from_json(&res, doc, &e) != -EINVAL || !strstr(e.text, rows[i].error))
			fail_msg("%s %s: got \"%s\"", rows[i].path, rows[i].value, e.text);
		result_release(&res);
		json_decref(doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_empty_result),
		cmocka_unit_test(test_evidence),   cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_no_json),    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_nesting),    cmocka_unit_test(test_wrong_types),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
