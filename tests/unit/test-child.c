/* test-child.c - a child that ends, crashes, hangs, floods or cannot be started. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"
#include "util/child.h"

struct seen {
	size_t lines, longest;
	char first[64], last[64];
};

static void on_line(char *text, size_t length, void *to)
{
	struct seen *s = to;

	assert_int_equal(text[length], '\0');
	if (s->lines++ == 0)
		snprintf(s->first, sizeof s->first, "%s", text);
	snprintf(s->last, sizeof s->last, "%s", text);
	if (length > s->longest)
		s->longest = length;
}

static struct child_result run_shell(const char *script, double deadline_s, struct seen *s)
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, (char *)(uintptr_t)script, NULL };
	struct child_spec spec = {
		.argv = argv, .deadline_s = deadline_s, .line = on_line, .to = s
	};
	struct child_result r;
	struct err e = { "" };

	*s = (struct seen){ 0 };
	assert_int_equal(child_run(&spec, &r, &e), 0);
	return r;
}

static void test_ends(void **state)
{
	static const struct {
		const char *script;
		enum child_end end;
		int code;
		size_t lines;
		const char *first, *last;
	} rows[] = {
		{ "exit 0", CHILD_EXITED, 0, 0, "", "" },
		{ "exit 3", CHILD_EXITED, 3, 0, "", "" },
		{ "echo one; echo; echo three", CHILD_EXITED, 0, 3, "one", "three" },
		{ "printf 'no newline'", CHILD_EXITED, 0, 1, "no newline", "no newline" },
		{ "echo a; kill -9 $$", CHILD_SIGNALLED, 9, 1, "a", "a" },
		{ "kill -SEGV $$", CHILD_SIGNALLED, 11, 0, "", "" },
		/* A grandchild that keeps the pipe open does not keep us. */
		{ "sleep 30 & echo b", CHILD_EXITED, 0, 1, "b", "b" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct seen s;
		struct child_result r = run_shell(rows[i].script, 20, &s);

		assert_int_equal(r.end, rows[i].end);
		assert_int_equal(r.code, rows[i].code);
		assert_int_equal(s.lines, rows[i].lines);
		assert_string_equal(s.first, rows[i].first);
		assert_string_equal(s.last, rows[i].last);
		assert_true(r.seconds < 5);
	}
}

static void test_deadline(void **state)
{
	struct seen s;
	struct child_result r = run_shell("echo begun; sleep 30", 0.3, &s);
	char text[80];

	(void)state;
	assert_int_equal(r.end, CHILD_TIMEOUT);
	assert_int_equal(s.lines, 1);
	assert_true(r.seconds >= 0.3 && r.seconds < 5);
	assert_non_null(strstr(child_describe(&r, text, sizeof text), "killed"));
	/* One that does not listen to SIGTERM is killed. */
	r = run_shell("trap '' TERM; echo begun; while :; do sleep 1; done", 0.3, &s);
	assert_int_equal(r.end, CHILD_TIMEOUT);
	assert_true(r.seconds >= 3.2 && r.seconds < 10);
}

static void test_flood(void **state)
{
	struct seen s;
	struct child_result r =
		run_shell("head -c 20000000 /dev/zero | tr '\\0' x; echo; echo end", 60, &s);

	(void)state;
	assert_int_equal(r.end, CHILD_EXITED);
	assert_string_equal(s.last, "end");
	assert_true(s.longest >= 16u << 20 && s.longest < 20000000);
}

static int write_line(int fd, void *arg)
{
	return write(fd, arg, strlen(arg)) > 0 ? 7 : 1;
}

static void test_function(void **state)
{
	struct seen s = { 0 };
	struct child_spec spec = {
		.run = write_line,
		.arg = (char[]){ "from a fork\n" },
		.deadline_s = 5,
		.line = on_line,
		.to = &s,
	};
	struct child_result r;
	struct err e = { "" };

	(void)state;
	assert_int_equal(child_run(&spec, &r, &e), 0);
	assert_int_equal(r.end, CHILD_EXITED);
	assert_int_equal(r.code, 7);
	assert_string_equal(s.first, "from a fork");
}

static void test_not_there(void **state)
{
	char *argv[] = { (char[]){ "/nowhere/nothing" }, NULL };
	struct child_spec spec = { .argv = argv, .deadline_s = 5 };
	struct child_result r;
	struct err e = { "" };

	(void)state;
	assert_int_equal(child_run(&spec, &r, &e), 0);
	assert_int_equal(r.end, CHILD_EXITED);
	assert_int_equal(r.code, 127);
}

static void test_environment_and_stop(void **state)
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" },
			 (char[]){ "echo $NB_TEST; exec sleep 30" }, NULL };
	char *env[] = { (char[]){ "NB_TEST=planted" }, NULL };
	volatile sig_atomic_t stop = 1;
	struct seen s = { 0 };
	struct child_spec spec = {
		.argv = argv, .env = env, .deadline_s = 20, .stop = &stop, .line = on_line, .to = &s
	};
	struct child_result r;
	struct err e = { "" };

	(void)state;
	assert_int_equal(child_run(&spec, &r, &e), 0);
	assert_int_equal(r.end, CHILD_STOPPED);
	assert_true(r.seconds < 5);
	(void)s;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),      cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_flood),     cmocka_unit_test(test_function),
		cmocka_unit_test(test_not_there), cmocka_unit_test(test_environment_and_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
