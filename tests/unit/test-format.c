/* test-format.c - the program's tables against what describes them: every key of
 * the field table stands in results/schema.json with its type, its words and its
 * unit, and the other way round, and results/README.md says the same. */
#include <string.h>

#include "planted.h"
#include "result/field.h"
#include "result/judge.h"
#include "result/recommend.h"
#include "result/result_tables.h"

static char *read_text(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("%s: not found; tests run from the root of the sources", path);
	assert_in_range(fread(text, 1, (1 << 20) - 1, f), 1, (1 << 20) - 2);
	fclose(f);
	return text;
}

static json_t *read_schema(void)
{
	json_error_t wrong;
	json_t *schema = json_load_file("results/schema.json", JSON_REJECT_DUPLICATES, &wrong);

	if (!schema)
		fail_msg("results/schema.json: line %d: %s", wrong.line, wrong.text);
	return schema;
}

static json_t *definition(json_t *schema, const char *name)
{
	json_t *o = json_object_get(json_object_get(schema, "$defs"), name);

	if (!json_is_object(o))
		fail_msg("$defs/%s: missing", name);
	return o;
}

/* What the schema must say of a row; a new reference. */
static json_t *expected_type(const struct field *f)
{
	json_t *words;

	switch (f->type) {
	case FIELD_TEXT:
		return json_pack("{s:s, s:i}", "type", "string", "maxLength", (int)f->size - 1);
	case FIELD_INT:
		return json_pack("{s:s, s:i, s:i}", "type", "integer", "minimum", 0, "maximum",
				 INT32_MAX);
	case FIELD_U64:
		return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
	case FIELD_NUMBER:
		return json_pack("{s:[s, s]}", "type", "number", "null");
	case FIELD_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case FIELD_WORD:
		words = json_array();
		for (const char *const *w = f->words; *w; w++)
			json_array_append_new(words, json_string(*w));
		return json_pack("{s:o}", "enum", words);
	case FIELD_SERIES:
		return json_pack("{s:s, s:{s:[s, s]}}", "type", "array", "items", "type", "number",
				 "null");
	case FIELD_INTEGERS:
		return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "integer");
	case FIELD_PLACEMENT:
		return json_pack("{s:s}", "$ref", "#/$defs/placement");
	}
	return NULL;
}

static void same_in_schema(const json_t *property, const struct field *f, const char *where)
{
	json_t *wanted = expected_type(f), *v;
	const char *key;

	if (!property)
		fail_msg("%s.%s: not in the schema", where, f->key);
	json_object_foreach(wanted, key, v)
	{
		char *got;

		if (json_equal(json_object_get(property, key), v))
			continue;
		got = json_dumps(property, 0);
		fail_msg("%s.%s: %s differs: %s", where, f->key, key, got);
	}
	json_decref(wanted);
}

/* Keys of a record that no row describes: what a GPU's surroundings were (record.more). */
static const char extra_keys[] = " link_before link_during link_after link_errors clock_reasons "
				 "quantiles one_after_another findings injected_each injectors "
				 "timeline page_moves balancing runs steps remedy "
				 "had_cpu numa_pages_migrated stand_in retest cached_most "
				 "resolution ";

static bool among(const char *words, const char *key)
{
	char word[40];

	snprintf(word, sizeof word, " %s ", key);
	return strstr(words, word) != NULL;
}

static void test_records(void **state)
{
	json_t *schema = read_schema();
	json_t *properties = json_object_get(definition(schema, "record"), "properties");
	const char *key;
	json_t *v;

	(void)state;
	for (size_t i = 0; i < nfields; i++) {
		const struct field *f = &fields[i];
		const char *unit, *help;

		v = json_object_get(properties, f->key);
		same_in_schema(v, f, "record");
		unit = json_string_value(json_object_get(v, "unit"));
		help = json_string_value(json_object_get(v, "description"));
		if (!help || strcmp(help, f->help) != 0)
			fail_msg("record.%s: the schema says \"%s\", the table \"%s\"", f->key,
				 help ? help : "", f->help);
		if (strcmp(unit ? unit : "", f->unit ? f->unit : "") != 0)
			fail_msg("record.%s: the units differ", f->key);
	}
	json_object_foreach(properties, key, v)
	{
		if (field_index(key) < 0 && !among(extra_keys, key))
			fail_msg("record.%s: in the schema, not in the table", key);
		if (!json_object_get(v, "description"))
			fail_msg("record.%s: no description", key);
	}
	json_decref(schema);
}

static void test_other_parts(void **state)
{
	const struct {
		const char *name;
		const struct field *table;
		size_t n;
		const char *apart; /* members that no row describes */
	} parts[] = {
		{ "run", run_table, nrun_table, " command load options " },
		{ "check", finding_table, nfinding_table,
		  " needs_root title harm cost cost_here remedy verify lasts scope value limit "
		  "unit cell " },
		{ "evidence", evidence_table, nevidence_table,
		  " direction memory together pages_asked " },
		{ "recommendation", recommendation_table, nrecommendation_table,
		  " node cpus basis evidence agrees_with_declared " },
	};
	json_t *schema = read_schema();

	(void)state;
	for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
		json_t *properties =
			json_object_get(definition(schema, parts[p].name), "properties");
		const char *key;
		size_t known = 0;
		json_t *v;

		for (size_t i = 0; i < parts[p].n; i++) {
			struct field f = parts[p].table[i];

			/* A check's status is text in the table; evidence has no such thing as
			 * one node or nothing measured. */
			v = json_object_get(properties, f.key);
			if (strcmp(f.key, "status") != 0 &&
			    !(p == 2 && strcmp(f.key, "matters") == 0))
				same_in_schema(v, &f, parts[p].name);
			known += v != NULL;
		}
		json_object_foreach(properties, key, v)
		{
			known += among(parts[p].apart, key);
			if (!json_object_get(v, "description"))
				fail_msg("%s.%s: no description", parts[p].name, key);
		}
		assert_int_equal(known, json_object_size(properties));
	}
	for (size_t i = 0; i < nevidence_optional; i++) {
		const struct field *f = &evidence_optional[i].field;

		same_in_schema(json_object_get(json_object_get(definition(schema, "evidence"),
							       "properties"),
					       f->key),
			       f, "evidence");
	}
	json_decref(schema);
}

/* Members that a document has must be described, in every part of the schema. */
static void described(json_t *schema, const json_t *rule, const json_t *v, const char *where)
{
	const char *reference = json_string_value(json_object_get(rule, "$ref")), *key;
	json_t *properties, *item;
	char place[200];
	size_t i;

	if (reference)
		rule = definition(schema, reference + strlen("#/$defs/"));
	properties = json_object_get(rule, "properties");
	json_array_foreach(v, i, item)
		described(schema, json_object_get(rule, "items"), item, where);
	if (!properties)
		return;
	json_object_foreach((json_t *)(uintptr_t)v, key, item)
	{
		size_t n = strlen(key);
		char about[64];

		snprintf(about, sizeof about, "%.*s", n > 4 ? (int)n - 4 : 0, key);
		if (n > 4 && strcmp(key + n - 4, "_why") == 0 &&
		    json_is_null(json_object_get(v, about))) /* why it is not known */
			continue;
		snprintf(place, sizeof place, "%s.%s", where, key);
		if (!json_object_get(properties, key))
			fail_msg("%s: not in the schema", place);
		described(schema, json_object_get(properties, key), item, place);
	}
}

static void test_document(void **state)
{
	struct finding f = { .id = "a.b",
			     .family = "a",
			     .status = "warn",
			     .subject = "c",
			     .observed = "d",
			     .expected = "e",
			     .fix = "f",
			     .source = "g" };
	json_t *schema = read_schema(), *doc;
	struct result res;

	(void)state;
	plant_result(&res, 2, 2, 2);
	for (int n = 0; n < 2; n++)
		plant_record(&res, (struct planted){ .test = "gpu-bandwidth",
						     .node = n,
						     .rounds = 6,
						     .openings = 3,
						     .figure = 1e9 });
	res.records[0].more =
		json_pack("{s:{s:i, s:i}, s:{s:i, s:i}, s:{s:i, s:i}, s:[s], s:b, "
			  "s:{s:f, s:f, s:f, s:f, s:i}}",
			  "link_during", "gen", 5, "width", 16, "link_after", "gen", 1, "width", 16,
			  "link_errors", "replays", 2, "aer_fatal", 0, "clock_reasons",
			  "sw-power-cap", "one_after_another", true, "quantiles", "p50", 1e-6,
			  "p90", 2e-6, "p99", 3e-6, "max", 4e-6, "operations", 1000);
	assert_non_null(res.records[0].more);
	res.machine.nodes[0].caches = calloc(1, sizeof *res.machine.nodes[0].caches);
	res.machine.nodes[0].caches[0] = (struct cache){ .level = 3, .bytes = 1 << 20 };
	res.machine.nodes[0].ncaches = 1;
	res.machine.gpu_paths = calloc(4, sizeof *res.machine.gpu_paths);
	res.machine.devices = calloc(1, sizeof *res.machine.devices);
	res.machine.devices[0] = (struct device){ .name = "eth0", .node = KNOWN(0) };
	res.machine.ndevices = 1;
	assert_int_equal(result_find(&res, &f), 0);
	assert_int_equal(recommend(&res), 0);
	assert_int_equal(judge(&res), 0);
	doc = result_to_json(&res);
	assert_non_null(doc);
	described(schema, schema, doc, "document");
	json_decref(doc);
	json_decref(schema);
	result_release(&res);
}

static const char *type_in_words(const struct field *f, char *buf, size_t size)
{
	static const char *const names[] = {
		[FIELD_TEXT] = "text",
		[FIELD_INT] = "whole number",
		[FIELD_U64] = "whole number",
		[FIELD_NUMBER] = "number",
		[FIELD_BOOL] = "true or false",
		[FIELD_SERIES] = "list of numbers",
		[FIELD_INTEGERS] = "list of whole numbers",
		[FIELD_PLACEMENT] = "object",
	};
	size_t used = 0;

	if (f->type != FIELD_WORD)
		return names[f->type];
	for (const char *const *w = f->words; *w; w++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", *w);
	return buf;
}

static void test_readme_table(void **state)
{
	static const char own_unit[] = " samples median low high best ";
	char *text = read_text("results/README.md"), *at = strstr(text, "\n## A record");

	(void)state;
	assert_non_null(at);
	for (size_t i = 0; i < nfields; i++) {
		const struct field *f = &fields[i];
		char row[400], words[200], key[40], *found;

		snprintf(key, sizeof key, " %s ", f->key);
		snprintf(row, sizeof row, "\n| `%s` | %s | %s | %s |\n", f->key,
			 type_in_words(f, words, sizeof words),
			 f->unit                 ? f->unit
			 : strstr(own_unit, key) ? "unit"
						 : "",
			 f->help);
		found = strstr(at, row);
		if (!found)
			fail_msg("results/README.md lacks this row, or it is out of order:%s", row);
		at = found + strlen(row) - 1;
	}
	assert_true(strncmp(at, "\n\n", 2) == 0); /* and there is none beyond */
	free(text);
}

static void test_readme_example(void **state)
{
	char *text = read_text("results/README.md"), *start = strstr(text, "```json\n"), *end;
	json_error_t wrong;
	struct record r;
	struct err e = { "" };
	double median;
	json_t *o;

	(void)state;
	assert_non_null(start);
	start += strlen("```json\n");
	end = strstr(start, "```");
	assert_non_null(end);
	o = json_loadb(start, (size_t)(end - start), JSON_REJECT_DUPLICATES, &wrong);
	if (!o)
		fail_msg("line %d of the example: %s", wrong.line, wrong.text);
	record_init(&r);
	if (record_from_json(&r, o, &e) < 0)
		fail_msg("%s", e.text);
	assert_null(r.more);
	median = r.median;
	record_summarise(&r);
	assert_true(r.median == median); /* it is what came of its samples */
	json_decref(o);
	record_release(&r);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),        cmocka_unit_test(test_other_parts),
		cmocka_unit_test(test_document),       cmocka_unit_test(test_readme_table),
		cmocka_unit_test(test_readme_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
