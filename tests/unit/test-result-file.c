/* test-result-file.c - files: written whole or not at all, and what cannot be read. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "planted_file.h"

/* A line for each record, so that a file can be searched with grep. */
static void test_lines(void **state)
{
	const char *path = in_folder("lines.json");
	struct result res;
	size_t records = 0, longest = 0;
	char *text, *line, *rest;

	(void)state;
	plant_whole(&res);
	assert_int_equal(result_write(&res, path, NULL), 0);
	text = rest = slurp(path);
	assert_int_equal(text[strlen(text) - 1], '\n');
	while ((line = strsep(&rest, "\n"))) {
		records += strstr(line, "\"samples\"") && strstr(line, "\"placement\"");
		longest = strlen(line) > longest ? strlen(line) : longest;
	}
	assert_int_equal(records, 4);
	assert_true(longest < 3000);
	free(text);
	result_release(&res);
	unlink(path);
}

static void test_unreadable(void **state)
{
	(void)state;
	assert_refused(in_folder("none.json"), -ENOENT, "cannot read", "absent");
	assert_refused(folder, -ENOENT, ": a folder without a result.json", "a folder");
	assert_int_equal(mkdir(in_folder("result.json"), 0777), 0);
	assert_refused(folder, -EISDIR, "/result.json: Is a directory", "a folder in it");
	rmdir(in_folder("result.json"));
	spill(in_folder("file"), "x", 1);
	assert_refused(in_folder("file/below"), -ENOTDIR, "Not a directory", "below a file");
	/* Sparse: nothing of it lies on a disk. */
	assert_int_equal(truncate(in_folder("file"), (off_t)((256 << 20) + 1)), 0);
	assert_refused(in_folder("file"), -EFBIG, "more than 256 MiB", "large");
	unlink(in_folder("file"));
}

/* What a run prints last is its folder. */
static void test_folder(void **state)
{
	struct result res, again;

	(void)state;
	plant_whole(&res);
	assert_int_equal(result_write(&res, in_folder(RESULT_FILE), NULL), 0);
	result_init(&again);
	assert_int_equal(result_read(&again, folder, NULL), 0);
	assert_int_equal(again.nrecords, res.nrecords);
	result_release(&again);
	result_release(&res);
	spill(in_folder(RESULT_FILE), "{}", 2);
	assert_refused(folder, -EINVAL, "/result.json: not a result of numabench", "an object");
	unlink(in_folder(RESULT_FILE));
}

static void test_unwritable(void **state)
{
	static const struct {
		const char *path;
		int code;
	} rows[] = {
		{ "file/below.json", -ENOTDIR },
		{ "nowhere/below.json", -ENOENT },
		{ "", -EISDIR },
	};
	struct err e = { "" };

	(void)state;
	spill(in_folder("file"), "x", 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *path = in_folder(rows[i].path);

		assert_int_equal(write_file_atomically(path, "text", 4, &e), rows[i].code);
		assert_non_null(strstr(e.text, path));
		assert_non_null(strstr(e.text, strerror(-rows[i].code)));
	}
	assert_int_equal(write_file_atomically("", "text", 4, &e), -ENOENT);
	assert_int_equal(files_in_folder(), 1);
	unlink(in_folder("file"));
}

/* Runs in a child: the limit would outlive the test. */
static int write_beyond_limit(const char *path)
{
	const struct rlimit small = { 4096, 4096 };
	struct result res;
	struct err e = { "" };

	signal(SIGXFSZ, SIG_IGN);
	plant_whole(&res);
	if (setrlimit(RLIMIT_FSIZE, &small) < 0 || result_write(&res, path, &e) != -EFBIG)
		return 1;
	result_release(&res);
	return strstr(e.text, path) && strstr(e.text, strerror(EFBIG)) ? 0 : 2;
}

static void test_full_disk(void **state)
{
	const char *path = in_folder("result.json");
	struct err e = { "" };
	char *text;
	int status;
	pid_t pid;

	(void)state;
	spill(path, "what stood there", 16);
	pid = fork();
	if (pid == 0)
		_exit(write_beyond_limit(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	text = slurp(path);
	assert_string_equal(text, "what stood there");
	free(text);
	assert_int_equal(files_in_folder(), 1);
	unlink(path);
	if (access("/dev/full", W_OK) == 0) {
		struct stat full;

		assert_int_equal(write_file_atomically("/dev/full", "text", 4, &e), -ENOSPC);
		assert_string_equal(e.text, "cannot write /dev/full: No space left on device");
		assert_int_equal(stat("/dev/full", &full), 0);
		assert_true(S_ISCHR(full.st_mode)); /* still a device */
	}
}

static void test_replacing(void **state)
{
	const char *path = in_folder("text"), *link_path = in_folder("link");
	mode_t mask = umask(027);
	struct stat now;
	char *text;

	(void)state;
	assert_int_equal(write_file_atomically(path, "first", 5, NULL), 0);
	assert_int_equal(stat(path, &now), 0);
	assert_int_equal(now.st_mode & 0777, 0640);
	umask(mask);
	assert_int_equal(symlink("text", link_path), 0);
	assert_int_equal(write_file_atomically(link_path, "second", 6, NULL), 0);
	text = slurp(path);
	assert_string_equal(text, "second");
	free(text);
	assert_int_equal(lstat(link_path, &now), 0);
	assert_true(S_ISLNK(now.st_mode));
	assert_int_equal(write_file_atomically(path, "", 0, NULL), 0);
	assert_int_equal(stat(path, &now), 0);
	assert_int_equal(now.st_size, 0);
	assert_int_equal(files_in_folder(), 2);
	unlink(path);
	unlink(link_path);
}

static void test_printing(void **state)
{
	struct result res;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full)
		return;
	plant_whole(&res);
	setvbuf(full, NULL, _IOFBF, 64); /* or it would not fail before it is closed */
	assert_int_equal(result_print(&res, full), -EIO);
	fclose(full);
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folder),     cmocka_unit_test(test_lines),
		cmocka_unit_test(test_unreadable), cmocka_unit_test(test_unwritable),
		cmocka_unit_test(test_full_disk),  cmocka_unit_test(test_replacing),
		cmocka_unit_test(test_printing),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
