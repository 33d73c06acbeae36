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

#include "result/document.h"
#include "result/result.h"

/* Of a result at most, in MiB. */
enum { MIB_MAX = 256 };
/* A record is one line. */
enum { LINES_TO_DEPTH = 2 };

/* The file that `path` stands for: of a folder, such as a run leaves, the result.json in it. */
static int find_file(char *file, size_t size, const char *path, struct err *e)
{
	struct stat there;
	const char *below =
		strcmp(path, "-") != 0 && stat(path, &there) == 0 && S_ISDIR(there.st_mode)
			? "/" RESULT_FILE
			: "";

	if (snprintf(file, size, "%s%s", path, below) >= (int)size)
		return err_set(e, -ENAMETOOLONG, "cannot read %.100s..: %s", path,
			       strerror(ENAMETOOLONG));
	if (*below && access(file, F_OK) < 0 && errno == ENOENT)
		return err_set(e, -ENOENT, "%s: a folder without a " RESULT_FILE, path);
	return 0;
}

int result_read(struct result *r, const char *path, struct err *e)
{
	char file[PATH_MAX];
	json_t *doc;
	int rc = find_file(file, sizeof file, path, e);

	if (rc == 0)
		rc = document_read(&doc, file, MIB_MAX, "a result of numabench", e);
	if (rc < 0)
		return rc;
	rc = result_from_json(r, doc, e);
	json_decref(doc);
	return rc < 0 ? err_within(e, rc, "%s", document_name(file)) : 0;
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

int result_print(const struct result *r, FILE *out)
{
	json_t *doc = result_to_json(r);
	int rc = document_print(doc, LINES_TO_DEPTH, out);

	json_decref(doc);
	return rc;
}

int result_write(const struct result *r, const char *path, struct err *e)
{
	json_t *doc = result_to_json(r);
	int rc = document_write(doc, LINES_TO_DEPTH, path, e);

	json_decref(doc);
	return rc;
}
