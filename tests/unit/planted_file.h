/* planted_file.h - a folder of a test's own, and files in it. */
#ifndef NB_TESTS_PLANTED_FILE_H
#define NB_TESTS_PLANTED_FILE_H

#include <dirent.h>
#include <unistd.h>

#include "planted.h"

static char folder[] = "/tmp/test-result-XXXXXX";

static inline const char *in_folder(const char *name)
{
	static char path[4][128];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(path[at], sizeof path[at], "%s/%s", folder, name);
	return path[at];
}

static inline void spill(const char *path, const char *text, size_t length)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, length, f), length);
	assert_int_equal(fclose(f), 0);
}

static inline char *slurp(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static inline size_t files_in_folder(void)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static inline void assert_refused(const char *path, int code, const char *text, const char *name)
{
	struct err e = { "" };
	struct result res;
	int rc;

	result_init(&res);
	rc = result_read(&res, path, &e);
	if (rc != code || !strstr(e.text, text) || !strstr(e.text, path) || strchr(e.text, '\n'))
		fail_msg("%s: got %d \"%s\"", name, rc, e.text);
	result_release(&res);
	result_init(&res);
	assert_int_equal(result_read(&res, path, NULL), code);
	result_release(&res);
}

static inline int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder); /* fails when a test left something behind */
}

#endif
