/* What is wrong, for a person: the worst first, what is the same once, commands whole. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "render/render.h"
#include "render/steps.h"
#include "result/result.h"

static void add(struct result *res, const char *id, const char *status, const char *subject,
		const char *harm, const char *command)
{
	struct finding f = { .family = "x", .observed = "it is so", .expected = "it is not" };

	snprintf(f.id, sizeof(f.id), "%s", id);
	snprintf(f.status, sizeof(f.status), "%s", status);
	snprintf(f.subject, sizeof(f.subject), "%s", subject);
	f.more = json_pack("{s:s, s:s, s:s, s:[{s:s, s:s}], s:{s:s, s:s}}", "title", "It is wrong",
			   "harm", harm, "cost", "much", "remedy", "text", "now", "command",
			   command, "verify", "text", "it prints 0", "command", "cat /x");
	assert_non_null(f.more);
	assert_int_equal(result_find(res, &f), 0);
	json_decref(f.more);
}

static char *told(const struct result *res)
{
	const struct render_options o = { .width = 60 };
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(render_findings(res, &o, out), 0);
	fclose(out);
	return text;
}

/* So often is it there. */
static size_t times(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* What fails comes before what warns, of these the worst first, else as they come. */
static void order(void **state)
{
	static const size_t expected[] = { 4, 2, 3, 1, 6, 0 };
	struct result res;
	size_t got[8];

	(void)state;
	result_init(&res);
	add(&res, "a.0", "warn", "s", "percent", "x");
	add(&res, "a.1", "warn", "s", "factor", "x");
	add(&res, "a.2", "fail", "s", "percent", "x");
	add(&res, "a.3", "warn", "s", "failure", "x");
	add(&res, "a.4", "fail", "s", "stall", "x");
	add(&res, "a.5", "pass", "s", "failure", "x");
	add(&res, "a.6", "warn", "s", "factor", "x");
	assert_int_equal(findings_order(&res, got), 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(got[i], expected[i]);
	result_release(&res);
}

/* Equal things once with all subjects; the same check stands together, and only what differs is
 * said again. */
static void together(void **state)
{
	struct result res;
	char *text;

	(void)state;
	result_init(&res);
	add(&res, "a.x", "warn", "GPU 0", "factor", "mend 0");
	add(&res, "b.x", "warn", "GPU 0", "factor", "other");
	add(&res, "a.x", "warn", "GPU 1", "factor", "mend 0");
	add(&res, "a.x", "warn", "GPU 2", "factor", "mend 2");
	text = told(&res);
	assert_int_equal(times(text, "warn  a.x: It is wrong\n"), 1);
	assert_int_equal(times(text, "GPU 0, GPU 1: it is so\n"), 1);
	assert_int_equal(times(text, "GPU 2: it is so\n"), 1);
	assert_int_equal(times(text, "mend 0\n"), 1);
	assert_int_equal(times(text, "mend 2\n"), 1);
	assert_int_equal(times(text, "Costs:    much\n"), 2);
	assert_int_equal(times(text, "Expected: it is not\n"), 2);
	assert_int_equal(times(text, "numabench check --explain a.x\n"), 1);
	assert_true(strstr(text, "mend 2") < strstr(text, "b.x"));
	free(text);
	result_release(&res);
}

/* A command is a line of its own, whole however narrow the page is. */
static void commands(void **state)
{
	static const char longer[] = "echo kernel.numa_balancing=0 | sudo tee "
				     "/etc/sysctl.d/90-numa-balancing.conf # and so on and on";
	struct result res;
	char line[200], *text;

	(void)state;
	result_init(&res);
	add(&res, "a.x", "fail", "s", "factor", longer);
	text = told(&res);
	snprintf(line, sizeof(line), "To fix:   now:\n%16s%s\n", "", longer);
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text, "Verify:   it prints 0:\n                cat /x\n"));
	free(text);
	result_release(&res);
}

/* What is no check has the title of its kind, and no page that explains it. */
static void kinds(void **state)
{
	static const struct {
		const char *id, *status, *head;
	} rows[] = {
		{ "run.cells", "warn",
		  "\nwarn  run.cells: Not all that was planned has a figure\n" },
		{ "expect.gpus", "fail", "\nFAIL  expect.gpus: Not as ordered\n" },
		{ "expect.x", "unknown", "\nunknown  expect.x: Ordered, and cannot be judged\n" },
		{ "peers.node", "warn", "\nwarn  peers.node: Slower than its equals\n" },
		{ "a.x", "warn", "\nwarn  a.x\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct finding f = { .family = "x", .subject = "s", .observed = "o" };
		struct result res;
		char *text;

		result_init(&res);
		snprintf(f.id, sizeof(f.id), "%s", rows[i].id);
		snprintf(f.status, sizeof(f.status), "%s", rows[i].status);
		assert_int_equal(result_find(&res, &f), 0);
		text = told(&res);
		if (!strstr(text, rows[i].head) || strstr(text, "--explain"))
			fail_msg("row %zu: %s", i, text);
		free(text);
		result_release(&res);
	}
}

static void steps(void **state)
{
	static const struct {
		const char *steps, *text;
	} rows[] = {
		{ "[]", "at\n" },
		{ "[{\"text\": \"do it\"}]", "at do it\n" },
		{ "[{\"command\": \"do it\"}]", "at run:\n    do it\n" },
		{ "[{\"text\": \"so\", \"command\": \"a  b\\nc\"}]", "at so:\n    a  b?c\n" },
		{ "[{\"text\": \"one two three four\"}, {\"text\": \"x\", \"command\": \"y\"}, "
		  "{\"command\": \"z\"}]",
		  "at - one two three\n      four\n    - x:\n      y\n      z\n" },
		{ "[3, {\"text\": 4}]", "at run:\n" },
	};
	const struct step_place place = { .width = 20, .at = 3, .text = 4 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *list = json_loads(rows[i].steps, 0, NULL);
		char *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		fputs(i ? "at " : "at", out);
		steps_print(out, list, &place);
		fclose(out);
		if (strcmp(text, rows[i].text) != 0)
			fail_msg("row %zu: '%s', not '%s'", i, text, rows[i].text);
		free(text);
		json_decref(list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order), cmocka_unit_test(together), cmocka_unit_test(commands),
		cmocka_unit_test(kinds), cmocka_unit_test(steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
