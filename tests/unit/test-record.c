/* test-record.c - one cell: the field table, JSON and back, merging, naming. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "result/field.h"
#include "result/record.h"

static void put(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

#define PUT(member, text) put(member, sizeof member, text)

/* A record with every field of the table set. */
static void fill(struct record *r)
{
	record_init(r);
	PUT(r->test, "gpu-bandwidth");
	PUT(r->metric, "bandwidth");
	PUT(r->unit, "B/s");
	PUT(r->kernel, "copy-engine");
	r->cpu_node = 1;
	r->mem_node = 1;
	r->gpu = 3;
	r->direction = DIR_D2H;
	r->memory = MEM_WRITE_COMBINED;
	r->together = TOGETHER_CROSSED;
	r->gpus = (struct series){ .v = calloc(2, sizeof(double)), .n = 2 };
	r->gpus.v[0] = 3;
	r->gpus.v[1] = 250;
	r->peer = 5;
	r->peer_access = true;
	r->cpu_pair = (struct series){ .v = calloc(2, sizeof(double)), .n = 2 };
	r->cpu_pair.v[1] = 64;
	r->policy = MEMPOLICY_WEIGHTED;
	r->load_step = 3;
	r->injected = 3.5e10;
	r->bus_factor = 1.25;
	PUT(r->path, "NV18");
	r->pages_asked = PAGES_HUGETLB;
	r->pages = PAGES_THP;
	r->bytes = 1ULL << 40;
	r->threads = 12;
	r->verified = true;
	for (int i = 0; i < 8; i++)
		assert_int_equal(
			record_sample(r, 26.2e9 + 1e7 / 3 * (i * 5 % 8), i / 3.0, i, i / 2), 0);
	record_summarise(r);
	r->placement = (struct placement){ .requested = 1,
					   .resident = calloc(2, sizeof(struct resident)),
					   .nresident = 2,
					   .ran_on = calloc(1, sizeof(int)),
					   .nran_on = 1,
					   .proof = PROOF_NUMA_MAPS };
	r->placement.resident[0] = (struct resident){ -1, 3 };
	r->placement.resident[1] = (struct resident){ 1, 131072 };
	r->placement.ran_on[0] = 1;
	r->ceiling_negotiated = 63.02e9 / 2;
	r->ceiling_capable = 63.02e9;
	PUT(r->ceiling_why, "payload size not readable: raw link rate");
	r->to_node = 1;
	r->phase = PHASE_RETURNED;
	r->binding = BOUND_BOTH;
	r->competing = true;
	r->mover = MOVER_BALANCING;
	r->locked = LOCK_REGISTERED;
	r->moved = 0.75;
	r->pays_after = 2.9;
	r->pays_bytes = 77e9;
	r->of_alone = 0.58;
	r->fit_start = 2.5e-6;
	r->fit_rate = 55e9;
	r->fit_half = 137500;
	r->more = json_pack("{s:[i], s:{s:s}}", "windows", 4, "fit", "model", "linear");
	record_status(r, STATUS_UNSTABLE, "%s", "a neighbour");
	record_set(r, "test", "metric", "unit", "better", "cpu_node", "mem_node", "gpu",
		   "direction", "memory", "together", "gpus", "peer", "peer_access", "path",
		   "pages_asked", "pages", "bytes", "threads", "kernel", "placement", "verified",
		   "undersized", "ceiling_negotiated", "ceiling_capable", "ceiling_why", "of_alone",
		   "fit_start", "fit_rate", "fit_half", "policy", "cpu_pair", "load_step",
		   "injected", "bus_factor", "to_node", "phase", "binding", "competing", "mover",
		   "locked", "moved", "pays_after", "pays_bytes", NULL);
}

static json_t *parse(const char *text)
{
	char copy[2048];
	json_error_t wrong;
	json_t *v;

	put(copy, sizeof copy, text);
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	v = json_loads(copy, JSON_REJECT_DUPLICATES, &wrong);
	if (!v)
		fail_msg("%s: %s", text, wrong.text);
	return v;
}

static void test_table(void **state)
{
	struct record r;

	(void)state;
	assert_in_range(nfields, 1, 64);
	for (size_t i = 0; i < nfields; i++) {
		assert_int_equal(field_index(fields[i].key), i); /* no key stands twice */
		assert_true(fields[i].size > 0);
		assert_true(fields[i].offset + fields[i].size <= sizeof r);
		assert_true((fields[i].type == FIELD_WORD) == (fields[i].words != NULL));
		assert_non_null(fields[i].help);
		assert_null(strchr(fields[i].help, '\n'));
	}
	assert_int_equal(field_index("no such key"), -1);
	fill(&r);
	assert_int_equal(r.has, nfields == 64 ? UINT64_MAX : ((uint64_t)1 << nfields) - 1);
	record_release(&r);
	assert_string_equal(status_name(STATUS_CORRUPT), "corrupt");
	assert_string_equal(direction_name(DIR_BIDIRECTIONAL), "bidirectional");
	assert_string_equal(memory_kind_name(MEM_MAPPED), "mapped");
	assert_string_equal(page_kind_name(PAGES_HUGETLB), "hugetlb");
	for (int p = PAGES_4K; p <= PAGES_HUGETLB; p++)
		assert_string_equal(page_kind_words[p], page_kind_name((enum page_kind)p));
	assert_null(page_kind_words[PAGES_HUGETLB + 1]);
}

static void test_empty(void **state)
{
	struct record r;
	json_t *o;

	(void)state;
	record_init(&r);
	assert_true(record_has(&r, "status"));
	assert_false(record_has(&r, "reason"));
	assert_null(field_get(&fields[field_index("gpu")], &r));
	record_summarise(&r); /* n = 0 */
	assert_false(record_has(&r, "median"));
	o = record_to_json(&r);
	assert_int_equal(json_object_size(o), 1);
	assert_string_equal(json_string_value(json_object_get(o, "status")), "ok");
	json_decref(o);
	record_release(&r);
}

static void test_round_trip(void **state)
{
	struct record r, again;
	struct err e = { "" };
	json_t *first, *second;

	(void)state;
	fill(&r);
	first = record_to_json(&r);
	record_init(&again);
	assert_int_equal(record_from_json(&again, first, &e), 0);
	assert_int_equal(r.has, again.has);
	second = record_to_json(&again);
	assert_true(json_equal(first, second));
	assert_int_equal(json_object_size(first), nfields + 2);
	assert_true(again.samples.v[7] == r.samples.v[7]);
	assert_true(again.bytes == 1ULL << 40);
	assert_true(again.gpus.n == 2 && again.gpus.v[1] == 250);
	assert_true(again.peer_access && again.fit_half == 137500);
	assert_int_equal(again.placement.resident[0].node, -1);
	assert_int_equal(again.placement.resident[1].pages, 131072);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(second, "fit"), "model")),
		"linear");
	for (size_t i = 0; i < nfields; i++) {
		json_t *v = field_get(&fields[i], &again);

		assert_true(json_equal(v, json_object_get(first, fields[i].key)));
		json_decref(v);
	}
	json_decref(first);
	json_decref(second);
	record_release(&r);
	record_release(&again);
}

/* More samples after a record was read back: the lists must grow rightly. */
static void test_samples_after_reading(void **state)
{
	struct record r;
	json_t *o = parse("{'samples': [1, 2, 3, 4, 5], 'at': [0, 0, 0, 0, 0], "
			  "'round': [0, 1, 2, 3, 4], 'fresh': [0, 0, 1, 1, 2]}");

	(void)state;
	record_init(&r);
	assert_int_equal(record_from_json(&r, o, NULL), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(record_sample(&r, i, i, i, i), 0);
	assert_int_equal(r.samples.n, 45);
	assert_true(r.samples.v[4] == 5 && r.fresh.v[44] == 39);
	json_decref(o);
	record_release(&r);
}

static void test_summary(void **state)
{
	struct record r;

	(void)state;
	record_init(&r);
	r.better = BETTER_LOWER;
	for (int i = 1; i <= 5; i++)
		record_sample(&r, i, 0, i, 0);
	record_summarise(&r);
	assert_true(r.median == 3 && r.best == 1);
	assert_false(record_has(&r, "low")); /* five samples give no interval */
	record_sample(&r, 6, 0, 6, 0);
	record_summarise(&r);
	assert_true(record_has(&r, "low") && record_has(&r, "high"));
	assert_true(r.low == 1 && r.high == 6);
	assert_true(fabs(r.spread - 1.5 * 1.482602218505602 / 3.5) < 1e-12);
	record_sample(&r, INFINITY, 0, 7, 0);
	record_summarise(&r);
	assert_int_equal(r.status, STATUS_FAILED);
	assert_non_null(strstr(r.reason, "sample 7 of 7"));
	assert_false(record_has(&r, "median"));
	record_release(&r);
}

static void test_not_finite(void **state)
{
	struct record r, again;
	const char *reason;
	json_t *o;

	(void)state;
	record_init(&r);
	record_sample(&r, 1, 0, 0, 0);
	record_sample(&r, NAN, 0, 1, 0);
	r.median = INFINITY;
	record_set(&r, "median", NULL);
	record_status(&r, STATUS_FAILED, "the clock stood still");
	o = record_to_json(&r);
	assert_true(json_is_null(json_object_get(o, "median")));
	assert_true(json_is_null(json_array_get(json_object_get(o, "samples"), 1)));
	reason = json_string_value(json_object_get(o, "reason"));
	assert_string_equal(reason, "the clock stood still; samples is not a finite number; "
				    "median is not a finite number");
	record_init(&again);
	assert_int_equal(record_from_json(&again, o, NULL), 0);
	assert_false(record_has(&again, "median"));
	assert_true(isnan(again.samples.v[1]));
	json_decref(o);
	record_release(&r);
	record_release(&again);
}

static void test_texts(void **state)
{
	struct record r;
	json_t *o;

	(void)state;
	record_init(&r);
	PUT(r.kernel, "bad \xc3");
	record_set(&r, "kernel", NULL);
	memset(r.reason, 'x', sizeof r.reason);
	record_status(&r, STATUS_FAILED, "%.299s", r.reason);
	assert_int_equal(strlen(r.reason), 299);
	record_status(&r, STATUS_FAILED, "again: %.40s", r.reason); /* of itself */
	assert_int_equal(strncmp(r.reason, "again: xxx", 10), 0);
	o = record_to_json(&r);
	assert_string_equal(json_string_value(json_object_get(o, "kernel")), "bad ?");
	json_decref(o);
	record_status(&r, STATUS_OK, "%s", "");
	assert_false(record_has(&r, "reason"));
	record_release(&r);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *json, *error;
	} rows[] = {
		{ "[]", "a record is needed, found a list" },
		{ "{'gpu': '3'}", "gpu: a whole number is needed, found text" },
		{ "{'gpu': null}", "gpu: a whole number is needed, found null" },
		{ "{'gpu': 1.5}", "gpu: a whole number is needed, found a number" },
		{ "{'gpu': -1}", "gpu: -1 is not from 0" },
		{ "{'gpu': 2147483648}", "gpu: 2147483648 is not from 0" },
		{ "{'bytes': -1}", "bytes: -1 is less than 0" },
		{ "{'bytes': 1e30}", "bytes: a whole number" },
		{ "{'test': 7}", "test: text is needed, found a number" },
		{ "{'unit': '12345678'}", "unit: 8 bytes of text, at most 7" },
		{ "{'direction': 'up'}", "direction: \"up\" is none of h2d, d2h, bidirectional" },
		{ "{'direction': 1}", "direction: a word is needed" },
		{ "{'status': 'great'}", "status: \"great\" is none of ok, skipped" },
		{ "{'median': '1'}", "median: a number is needed, found text" },
		{ "{'verified': 1}", "verified: true or false is needed, found a number" },
		{ "{'samples': 1}", "samples: a list of numbers is needed" },
		{ "{'samples': [1, true]}", "samples[1]: a number is needed, found true or false" },
		{ "{'samples': [1], 'round': [0.5]}", "round[0]: a whole number is needed" },
		{ "{'samples': [1], 'round': [0, 1]}", "round: 2 entries for 1 samples" },
		{ "{'at': [1]}", "at: 1 entries for 0 samples" },
		{ "{'placement': 1}", "placement: an object is needed" },
		{ "{'placement': {}}", "placement.requested: a node number" },
		{ "{'placement': {'requested': 0, 'resident': []}}",
		  "placement.resident: an object" },
		{ "{'placement': {'requested': 0, 'resident': {'x': 1}}}", "\"x\" is no node" },
		{ "{'placement': {'requested': 0, 'resident': {'01': 1}}}", "\"01\" is no node" },
		{ "{'placement': {'requested': 0, 'resident': {'-2': 1}}}", "\"-2\" is no node" },
		{ "{'placement': {'requested': 0, 'resident': {'0': -1}}}",
		  "resident.0: a number" },
		{ "{'placement': {'requested': 0, 'resident': {}, 'ran_on': 0}}",
		  "ran_on: a list" },
		{ "{'placement': {'requested': 0, 'resident': {}, 'ran_on': [-1]}}", "ran_on[0]" },
		{ "{'placement': {'requested': 0, 'resident': {}, 'ran_on': []}}", "proof: move" },
		{ "{'placement': {'requested': 0, 'resident': {}, 'ran_on': [], 'proof': 'no'}}",
		  "placement.proof: move_pages, numa_maps or none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct record r;
		struct err e = { "" };
		json_t *o = parse(rows[i].json);

		record_init(&r);
		if (record_from_json(&r, o, &e) != -EINVAL || !strstr(e.text, rows[i].error))
			fail_msg("%s: got \"%s\"", rows[i].json, e.text);
		assert_int_equal(record_from_json(&r, o, NULL), -EINVAL);
		json_decref(o);
		record_release(&r);
	}
}

/* Programs in between (jq) may write 4 for 4.0 and 4.0 for 4. */
static void test_lenient(void **state)
{
	json_t *o = parse("{'gpu': 4.0, 'median': 4, 'low': null, 'samples': [1, null]}");
	struct record r;

	(void)state;
	record_init(&r);
	assert_int_equal(record_from_json(&r, o, NULL), 0);
	assert_int_equal(r.gpu, 4);
	assert_true(r.median == 4);
	assert_false(record_has(&r, "low"));
	assert_true(isnan(r.samples.v[1]));
	json_decref(o);
	record_release(&r);
}

static void test_merge(void **state)
{
	struct record r, part;

	(void)state;
	fill(&part);
	record_init(&r);
	PUT(r.test, "mem-latency");
	r.bytes = 5;
	record_set(&r, "test", "bytes", NULL);
	r.more = json_pack("{s:i}", "kept", 1);
	record_sample(&r, 42, 0, 0, 0);
	record_summarise(&r);
	assert_int_equal(record_merge(&r, &part), 0);
	assert_int_equal(record_merge(&r, &part), 0); /* what was there is released */
	assert_string_equal(r.test, "gpu-bandwidth");
	assert_true(r.bytes == 1ULL << 40);
	assert_int_equal(r.samples.n, 1);
	assert_true(r.median == 42);
	assert_false(record_has(&r, "low"));
	assert_int_equal(r.status, STATUS_UNSTABLE);
	assert_string_equal(r.reason, "a neighbour");
	assert_true(r.placement.resident != part.placement.resident);
	assert_int_equal(r.placement.resident[1].pages, 131072);
	assert_int_equal(json_object_size(r.more), 3);
	record_release(&part);
	assert_int_equal(r.placement.ran_on[0], 1);
	record_release(&r);
}

static void test_same_cell(void **state)
{
	struct record a, b;

	(void)state;
	fill(&a);
	fill(&b);
	b.median = 1; /* what came of it does not identify, nor do pages */
	b.pages = PAGES_4K;
	record_status(&b, STATUS_CRASHED, "gone");
	assert_true(record_same_cell(&a, &b));
	b.mem_node = 0;
	assert_false(record_same_cell(&a, &b));
	b.mem_node = 1;
	b.direction = DIR_H2D;
	assert_false(record_same_cell(&a, &b));
	b.direction = DIR_D2H;
	b.has &= ~((uint64_t)1 << field_index("gpu"));
	assert_false(record_same_cell(&a, &b));
	record_release(&a);
	record_release(&b);
}

/* Under a locale with a decimal comma the JSON is the same. */
static void test_locale(void **state)
{
	static const char *const commas[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nb_de" };
	struct record r, again;
	char *plain, *comma;
	bool found = false;
	json_t *o;

	(void)state;
	fill(&r);
	o = record_to_json(&r);
	plain = json_dumps(o, JSON_REAL_PRECISION(17));
	for (size_t i = 0; i < sizeof commas / sizeof *commas && !found; i++)
		found = setlocale(LC_ALL, commas[i]) && localeconv()->decimal_point[0] == ',';
	comma = json_dumps(o, JSON_REAL_PRECISION(17));
	assert_string_equal(plain, comma);
	json_decref(o);
	o = json_loads(comma, 0, NULL);
	record_init(&again);
	assert_int_equal(record_from_json(&again, o, NULL), 0);
	assert_true(again.median == r.median);
	setlocale(LC_ALL, "C");
	json_decref(o);
	free(plain);
	free(comma);
	record_release(&r);
	record_release(&again);
	if (!found) /* cmocka's skip() is a failure to prove */
		print_message("# no locale with a decimal comma is installed\n");
}

/* Only ok and unstable ones show a figure, and only where there is one. */
static void test_has_figure(void **state)
{
	(void)state;
	for (int status = STATUS_OK; status <= STATUS_CORRUPT; status++) {
		bool may = status == STATUS_OK || status == STATUS_UNSTABLE;
		struct record r;

		record_init(&r);
		r.status = (enum status)status;
		assert_false(record_has_figure(&r));
		assert_int_equal(record_sample(&r, 2.5, 0, 0, 0), 0);
		record_summarise(&r);
		assert_int_equal(record_has_figure(&r), may);
		r.median = NAN;
		assert_false(record_has_figure(&r));
		record_release(&r);
	}
}

static void test_same_outcome(void **state)
{
	struct record a, b;

	(void)state;
	record_init(&a);
	record_init(&b);
	a.gpu = 3; /* the cell may be another */
	record_set(&a, "gpu", NULL);
	assert_true(record_same_outcome(&a, &b));
	record_status(&a, STATUS_FAILED, "out of memory");
	assert_false(record_same_outcome(&a, &b));
	record_status(&b, STATUS_FAILED, "out of luck");
	assert_false(record_same_outcome(&a, &b));
	record_status(&b, STATUS_FAILED, "out of memory");
	assert_true(record_same_outcome(&a, &b));
	snprintf(b.test, sizeof b.test, "mem-latency");
	assert_false(record_same_outcome(&a, &b));
	record_release(&a);
	record_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),      cmocka_unit_test(test_empty),
		cmocka_unit_test(test_has_figure), cmocka_unit_test(test_same_outcome),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_samples_after_reading),
		cmocka_unit_test(test_summary),    cmocka_unit_test(test_not_finite),
		cmocka_unit_test(test_texts),      cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_lenient),    cmocka_unit_test(test_merge),
		cmocka_unit_test(test_same_cell),  cmocka_unit_test(test_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
