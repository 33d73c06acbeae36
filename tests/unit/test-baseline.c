/* test-baseline.c - runs joined, written, read back, and files that are none. */
#include <errno.h>
#include <math.h>

#include "history.h"
#include "planted_file.h"

#include "result/baseline.h"

enum { TEN = 10 };

static int make(struct baseline *b, struct result *runs, int n, bool pool, struct err *e)
{
	baseline_init(b);
	return baseline_make(b, runs, (size_t)n, pool, "2026-11-22T00:00:00Z", e);
}

static void test_make(void **state)
{
	struct result runs[TEN];
	struct baseline b;
	struct err e = { "" };
	double v[TEN];

	(void)state;
	plant_runs(runs, TEN, 2, 1);
	record_status(&runs[3].records[0], STATUS_UNSTABLE, "a quota");
	assert_int_equal(make(&b, runs, TEN, false, &e), 0);
	assert_int_equal(b.runs.n, TEN);
	assert_int_equal(b.ndropped, 0);
	assert_int_equal(b.runs.ncells, 6);
	assert_false(b.runs.pooled);
	/* What is unstable is no figure; all others are the medians of runs. */
	assert_int_equal(runs_medians(&b.runs, &b.runs.cells[0], v), TEN - 1);
	assert_true(isnan(b.runs.cells[0].medians[3]));
	for (size_t i = 0; i < TEN; i++)
		assert_true(b.runs.cells[1].medians[i] == runs[i].records[1].median);
	baseline_release(&b);
	release_runs(runs, TEN);
}

/* Each row spoils one run of ten. */
static void other_gpu(struct result *r)
{
	json_t *gpu =
		json_array_get(json_object_get(json_object_get(r->host, "identity"), "gpus"), 0);

	json_object_set_new(gpu, "name", json_string("NVIDIA A100"));
}

static void other_kernel(struct result *r)
{
	json_object_set_new(json_object_get(r->host, "conditions"), "kernel", json_string("6.2"));
}

static void other_host(struct result *r)
{
	json_object_set_new(json_object_get(r->host, "rest"), "hostname", json_string("node8"));
}

static void interrupted(struct result *r)
{
	r->run.complete = false;
}

static void simulated(struct result *r)
{
	r->run.simulated = true;
}

static void corrupt(struct result *r)
{
	record_status(&r->records[2], STATUS_CORRUPT, "bit 3");
}

static void the_same(struct result *r)
{
	snprintf(r->run.id, sizeof r->run.id, "node7-0");
	snprintf(r->run.started, sizeof r->run.started, "2026-11-21T01:00:06Z");
}

static void test_drops(void **state)
{
	const struct {
		void (*spoil)(struct result *r);
		int at;
		const char *why;
	} rows[] = {
		{ other_gpu, 4,
		  "another machine: gpus[0].name is \"NVIDIA A100\" here and \"NVIDIA H200\" in "
		  "most "
		  "runs" },
		/* The first one, too: it is what most runs agree on that counts. */
		{ other_gpu, 0, "another machine: gpus[0].name is \"NVIDIA A100\" here and" },
		{ other_kernel, 0,
		  "other conditions: kernel is \"6.2\" here and \"6.1\" in most runs" },
		{ other_host, 9, "its host is \"node8\", most are of \"node7\"; --pool" },
		{ interrupted, 5, "interrupted" },
		{ simulated, 0, "simulated" },
		{ corrupt, 2, "corrupt" },
		{ the_same, 7, "given before" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct result runs[TEN];
		struct baseline b;
		struct err e = { "" };

		plant_runs(runs, TEN, 1, 1);
		rows[i].spoil(&runs[rows[i].at]);
		assert_int_equal(make(&b, runs, TEN, false, &e), 0);
		assert_int_equal(b.runs.n, TEN - 1);
		assert_int_equal(b.ndropped, 1);
		assert_string_equal(b.dropped[0].run, runs[rows[i].at].run.id);
		if (!strstr(b.dropped[0].why, rows[i].why))
			assert_string_equal(b.dropped[0].why, rows[i].why);
		baseline_release(&b);
		release_runs(runs, TEN);
	}
}

static void test_pool(void **state)
{
	struct result runs[2];
	struct baseline b;
	struct err e = { "" };

	(void)state;
	plant_runs(runs, 2, 1, 1);
	other_host(&runs[1]);
	assert_int_equal(make(&b, runs, 2, true, &e), 0);
	assert_int_equal(b.runs.n, 2);
	assert_true(b.runs.pooled);
	baseline_release(&b);
	/* Nothing is left, or nothing has a figure. */
	interrupted(&runs[0]);
	interrupted(&runs[1]);
	assert_int_equal(make(&b, runs, 2, true, &e), -EINVAL);
	assert_string_equal(e.text, "no run can be used: node7-0: it was interrupted");
	baseline_release(&b);
	release_runs(runs, 2);
	plant_run(&runs[0], 0, 1, 1);
	for (size_t i = 0; i < runs[0].nrecords; i++) {
		runs[0].records[i].undersized = true;
		record_set(&runs[0].records[i], "undersized", NULL);
	}
	assert_int_equal(make(&b, runs, 1, false, &e), -EINVAL);
	assert_non_null(strstr(e.text, "under four times the caches"));
	baseline_release(&b);
	result_release(&runs[0]);
}

static void test_file(void **state)
{
	struct result runs[TEN];
	struct baseline b, back;
	struct err e = { "" };
	const char *path = in_folder("base.json");
	json_t *one, *two;

	(void)state;
	plant_runs(runs, TEN, 2, 1);
	interrupted(&runs[9]);
	record_status(&runs[3].records[0], STATUS_FAILED, "no");
	assert_int_equal(make(&b, runs, TEN, false, &e), 0);
	assert_int_equal(baseline_write(&b, path, &e), 0);
	baseline_init(&back);
	assert_int_equal(baseline_read(&back, path, &e), 0);
	one = baseline_to_json(&b);
	two = baseline_to_json(&back);
	assert_true(json_equal(one, two));
	assert_true(isnan(back.runs.cells[0].medians[3]));
	json_decref(one);
	json_decref(two);
	baseline_release(&b);
	baseline_release(&back);
	release_runs(runs, TEN);
}

/* One member changed, taken out or put in; then what the refusal says. */
static const struct {
	const char *name, *from, *to, *says;
} hostile[] = {
	{ "foreign", "numabench-baseline/1", "numabench/1",
	  "schema: \"numabench/1\" is not \"numabench-baseline/1\": it is not a baseline of "
	  "numabench, or "
	  "not of this version" },
	{ "no made", "\"made\"", "\"mode\"", "made: missing" },
	{ "no cells", "\"cells\"", "\"cell\"", "cells: missing" },
	{ "NaN", "5.1e10", "NaN", "line 3, column" },
	{ "1e999", "5.1e10", "1e999", "real number overflow" },
	{ "negative", "5.1e10", "-5.1e10",
	  "cells[0]: medians[1]: -5.1e+10 cannot be bytes per second" },
	{ "zero", "5.1e10", "0", "cells[0]: medians[1]: 0 cannot be bytes per second" },
	{ "other units", "5.1e10", "51.0", "cells[0]: medians[1]: 51 cannot be bytes per second" },
	{ "text", "5.1e10", "\"51 GB/s\"", "cells[0]: medians[1]: a number is needed, found text" },
	{ "too few", "5e10, 5.1e10", "5e10", "medians: a list of 2 is needed" },
	{ "no figure", "5e10, 5.1e10", "null, null", "cells[0]: medians: no figure" },
	{ "unit", "\"B/s\"", "\"GB/s\"", "cells[0]: unit: \"GB/s\" is none of B/s, s" },
	{ "better", "\"higher\"", "\"lower\"", "cells[0]: better: of bytes per second the higher" },
	{ "no unit", "\"unit\"", "\"unix\"", "cells[0]: unit: missing" },
	{ "no metric", "\"metric\"", "\"metal\"", "cells[0]: metric: missing" },
	{ "a word", "\"h2d\"", "\"up\"", "cells[0]: direction: \"up\" is none of" },
	{ "a number", "\"gpu\": 0", "\"gpu\": -1", "cells[0]: gpu: -1 is not from 0" },
	{ "twice", "\"gpu\": 1", "\"gpu\": 0", "cells[1]: the same cell is there before" },
	{ "duplicate", "\"gpu\": 1", "\"gpu\": 1, \"gpu\": 1", "duplicate" },
	{ "run", "\"id\": \"a\"", "\"id\": 3", "runs[0]: id: text is needed, found a number" },
	{ "pooled", "\"pooled\": false", "\"pooled\": 0", "pooled: true or false is needed" },
	{ "cut off", "\"cells\": [", "", "the file is cut off" },
};

static const char good[] =
	"{\"schema\": \"numabench-baseline/1\", \"made\": \"2026\", \"simulated\": false,\n"
	"\"pooled\": false, \"runs\": [{\"id\": \"a\", \"started\": \"\", \"host\": \"\", "
	"\"version\": \"\"},\n"
	"{\"id\": \"b\", \"started\": \"\", \"host\": \"\", \"version\": \"\"}], \"dropped\": [], "
	"\"identity\": {}, "
	"\"conditions\": {}, \"cells\": [{\"test\": \"gpu-bandwidth\", \"metric\": \"bandwidth\", "
	"\"unit\": "
	"\"B/s\", \"better\": \"higher\", \"gpu\": 0, \"direction\": \"h2d\", \"medians\": [5e10, "
	"5.1e10]},\n"
	"{\"test\": \"gpu-bandwidth\", \"metric\": \"bandwidth\", \"unit\": "
	"\"B/s\", \"better\": \"higher\", \"gpu\": 1, \"direction\": \"h2d\", \"medians\": [6e10, "
	"null]}]}";

static int read_text(const char *text, struct err *e)
{
	const char *path = in_folder("hostile.json");
	struct baseline b;
	int rc;

	spill(path, text, strlen(text));
	baseline_init(&b);
	rc = baseline_read(&b, path, e);
	baseline_release(&b);
	return rc;
}

static void test_hostile(void **state)
{
	struct err e = { "" };

	(void)state;
	assert_int_equal(read_text(good, &e), 0);
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		char text[4096];
		const char *at = strstr(good, hostile[i].from);
		bool cut = !*hostile[i].to;

		assert_non_null(at);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, hostile[i].to,
			 cut ? "" : at + strlen(hostile[i].from));
		assert_int_equal(read_text(text, &e), -EINVAL);
		/* One line that begins with the file. */
		assert_null(strchr(e.text, '\n'));
		assert_int_equal(strncmp(e.text, folder, strlen(folder)), 0);
		if (!strstr(e.text, hostile[i].says))
			assert_string_equal(e.text, hostile[i].says);
	}
	assert_int_equal(read_text("", &e), -EINVAL);
	assert_non_null(strstr(e.text, "empty, not a baseline of numabench"));
}

static void test_deep(void **state)
{
	static char text[200000];
	struct err e = { "" };
	size_t used;

	(void)state;
	used = (size_t)snprintf(text, sizeof text, "%.*s, \"more\": ", (int)(strlen(good) - 1),
				good);
	for (int i = 0; i < 100; i++)
		text[used++] = '[';
	for (int i = 0; i < 100; i++)
		text[used++] = ']';
	text[used++] = '}';
	assert_int_equal(read_text(text, &e), -EINVAL);
	assert_non_null(strstr(e.text, "more: nested deeper than 64"));
	memset(text, '[', sizeof text - 1);
	assert_int_equal(read_text(text, &e), -EINVAL);
	assert_null(strchr(e.text, '\n'));
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	unlink(in_folder("base.json"));
	unlink(in_folder("hostile.json"));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),    cmocka_unit_test(test_drops),
		cmocka_unit_test(test_pool),    cmocka_unit_test(test_file),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
