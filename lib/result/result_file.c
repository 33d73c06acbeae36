/* result_file.c - result files: read whole, written whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "result/result.h"

static const size_t file_max = (size_t)256 << 20;

/* ---- reading ---- */

static int read_all(int fd, char **text, size_t *length)
{
	size_t room = 0;
	ssize_t n;

	*text = NULL;
	*length = 0;
	do {
		if (*length == room) {
			size_t more = room ? 2 * room : 65536;
			char *bigger = realloc(*text, more);

			if (!bigger)
				return -ENOMEM;
			*text = bigger;
			room = more;
		}
		n = read(fd, *text + *length, room - *length);
		if (n < 0 && errno != EINTR)
			return -errno;
		*length += n > 0 ? (size_t)n : 0;
		if (*length > file_max)
			return -EFBIG;
	} while (n != 0);
	return 0;
}

/* The text ends where more was to come; a number cut within ("0.") is no token. */
static bool is_cut_off(const json_error_t *wrong, size_t length)
{
	enum json_error_code code = json_error_code(wrong);

	return code == json_error_premature_end_of_input ||
	       (code == json_error_invalid_syntax && (size_t)wrong->position >= length);
}

static int parse(json_t **doc, const char *text, size_t length, const char *name, struct err *e)
{
	json_error_t wrong;

	if (length == 0)
		return err_set(e, -EINVAL, "%s: empty, no result of numabench", name);
	*doc = json_loadb(text, length, JSON_REJECT_DUPLICATES, &wrong);
	if (*doc)
		return 0;
	if (json_error_code(&wrong) == json_error_out_of_memory)
		return err_set(e, -ENOMEM, "%s: out of memory", name);
	return err_set(e, -EINVAL, "%s: line %d, column %d: %s%s", name, wrong.line, wrong.column,
		       is_cut_off(&wrong, length) ? "the file is cut off: " : "", wrong.text);
}

int result_read(struct result *r, const char *path, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "standard input" : path;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;
	json_t *doc = NULL;
	char *text = NULL;
	size_t length;

	if (fd < 0)
		return err_set(e, -errno, "cannot read %s: %s", name, strerror(errno));
	rc = read_all(fd, &text, &length);
	if (!standard)
		close(fd);
	if (rc == -EFBIG)
		err_set(e, rc, "cannot read %s: more than 256 MiB is no result of numabench", name);
	else if (rc < 0)
		err_set(e, rc, "cannot read %s: %s", name, strerror(-rc));
	else
		rc = parse(&doc, text, length, name, e);
	free(text);
	if (rc < 0)
		return rc;
	rc = result_from_json(r, doc, e);
	json_decref(doc);
	return rc < 0 ? err_within(e, rc, "%s", name) : 0;
}

/* ---- the text ---- */

/* Members of the document and elements of its lists get a line each; a record is
 * one line, so that files can be compared and searched line by line. */
enum { LINES_TO_DEPTH = 2 };

static int print_value(const json_t *v, FILE *out, int depth);

static int print_list(const json_t *v, FILE *out, int depth)
{
	size_t n = json_array_size(v);
	int rc = 0;

	fputs("[", out);
	for (size_t i = 0; i < n && rc == 0; i++) {
		fprintf(out, "%s\n%*s", i ? "," : "", 2 * (depth + 1), "");
		rc = print_value(json_array_get(v, i), out, depth + 1);
	}
	fprintf(out, "\n%*s]", 2 * depth, "");
	return rc;
}

static int print_object(const json_t *v, FILE *out, int depth)
{
	bool first = true;
	const char *key;
	json_t *member;
	int rc = 0;

	fputs("{", out);
	json_object_foreach((json_t *)(uintptr_t)v, key, member)
	{
		json_t *name = json_string(key);

		fprintf(out, "%s\n%*s", first ? "" : ",", 2 * (depth + 1), "");
		first = false;
		rc = name ? json_dumpf(name, out, JSON_ENCODE_ANY) : -1;
		fputs(": ", out);
		if (rc == 0)
			rc = print_value(member, out, depth + 1);
		json_decref(name);
		if (rc < 0)
			break;
	}
	fprintf(out, "\n%*s}", 2 * depth, "");
	return rc;
}

static int print_value(const json_t *v, FILE *out, int depth)
{
	if (depth < LINES_TO_DEPTH && json_is_array(v) && json_array_size(v))
		return print_list(v, out, depth);
	if (depth < LINES_TO_DEPTH && json_is_object(v) && json_object_size(v))
		return print_object(v, out, depth);
	return json_dumpf(v, out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
}

/* -ENOMEM where the document cannot be made, -EIO where the stream failed. */
int result_print(const struct result *r, FILE *out)
{
	json_t *doc = result_to_json(r);
	int rc = doc ? print_value(doc, out, 0) : -1;

	json_decref(doc);
	fputc('\n', out);
	if (ferror(out))
		return -EIO;
	return rc < 0 ? -ENOMEM : 0;
}

/* ---- writing ---- */

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		text += n;
		length -= (size_t)n;
	}
	return 0;
}

/* A new file "<path>.<pid>-<n>.tmp" beside path; the process's umask gives its
 * mode, which mkstemp would not. */
static int open_beside(char *name, size_t size, const char *path)
{
	for (int n = 0; n < 1000; n++) {
		int fd;

		if (snprintf(name, size, "%s.%ld-%d.tmp", path, (long)getpid(), n) >= (int)size)
			return -ENAMETOOLONG;
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd < 0 ? -errno : fd;
	}
	return -EEXIST;
}

/* Makes the renaming last; a file system that cannot do that is no error. */
static void sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
		return;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

static int replace_file(const char *path, const char *text, size_t length)
{
	char name[PATH_MAX];
	int fd = open_beside(name, sizeof name, path), rc;

	if (fd < 0)
		return fd;
	rc = write_all(fd, text, length);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(name, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(name);
	else
		sync_folder(path);
	return rc;
}

/* A pipe, a terminal, /dev/null: there is nothing to replace. */
static int write_through(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, text, length);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int write_file_atomically(const char *path, const char *text, size_t length, struct err *e)
{
	char target[PATH_MAX];
	struct stat there;
	int rc;

	if (stat(path, &there) < 0)
		rc = errno == ENOENT ? replace_file(path, text, length) : -errno;
	else if (S_ISDIR(there.st_mode))
		rc = -EISDIR;
	else if (!S_ISREG(there.st_mode))
		rc = write_through(path, text, length);
	else /* where path is a link, what it leads to is replaced */
		rc = realpath(path, target) ? replace_file(target, text, length) : -errno;
	return rc < 0 ? err_set(e, rc, "cannot write %s: %s", path, strerror(-rc)) : 0;
}

int result_write(const struct result *r, const char *path, struct err *e)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int rc = out ? result_print(r, out) : -ENOMEM;

	if (out && fclose(out) != 0)
		rc = -ENOMEM;
	rc = rc < 0 ? err_set(e, -ENOMEM, "cannot write %s: out of memory", path)
		    : write_file_atomically(path, text, length, e);
	free(text);
	return rc;
}
