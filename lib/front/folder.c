#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/front.h"

/* mkdir -p. */
static int make_path(const char *path)
{
	char part[4096];

	if (strlen(path) >= sizeof part)
		return -ENAMETOOLONG;
	for (size_t i = 0;; i++) {
		part[i] = path[i];
		if (i > 0 && (path[i] == '/' || path[i] == '\0')) {
			part[i] = '\0';
			if (mkdir(part, 0777) < 0 && errno != EEXIST)
				return -errno;
			part[i] = path[i];
		}
		if (path[i] == '\0')
			return 0;
	}
}

/* Whether a file can be made and filled in there. */
static int prove_writable(const char *folder)
{
	char name[4200];
	int fd, rc = 0;

	snprintf(name, sizeof name, "%s/.numabench-%d", folder, (int)getpid());
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	if (write(fd, "numabench\n", 10) != 10)
		rc = errno ? -errno : -ENOSPC;
	close(fd);
	unlink(name);
	return rc;
}

int file_prove(const char *path, struct err *e)
{
	char folder[4096];
	struct stat st;
	char *slash;
	int rc;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(e, -EISDIR, "%s is a folder; name a file", path);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return 0;
	snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		snprintf(folder, sizeof folder, ".");
	else
		slash[slash == folder] = '\0';
	rc = prove_writable(folder);
	return rc < 0 ? err_set(e, rc, "%s: %s", path, strerror(-rc)) : 0;
}

static int try_folder(char *path, size_t size, const char *base, const char *below)
{
	int n, rc;

	if (!base || !*base)
		return -ENOENT;
	n = snprintf(path, size, "%s%s", base, below);
	if (n < 0 || (size_t)n >= size)
		return -ENAMETOOLONG;
	rc = make_path(path);
	return rc < 0 ? rc : prove_writable(path);
}

/* A new one of that name within it, with -2, -3 .. where there is one: two runs may begin within a
 * second, and none takes the other's place. */
static int try_new_folder(char *path, size_t size, const char *base, const char *below,
			  const char *id)
{
	enum { MOST = 1000 };
	int rc = try_folder(path, size, base, below);

	for (int i = 1; rc == 0 && i < MOST; i++) {
		int n = snprintf(path, size, i > 1 ? "%s%s/%s-%d" : "%s%s/%s", base, below, id, i);

		if (n < 0 || (size_t)n >= size)
			return -ENAMETOOLONG;
		if (mkdir(path, 0777) == 0)
			return prove_writable(path);
		rc = errno == EEXIST ? 0 : -errno;
	}
	return rc < 0 ? rc : -EEXIST;
}

int folder_make(char *path, size_t size, const char *asked, const char *id,
		const struct surroundings *from, struct err *e)
{
	const struct {
		const char *base, *below;
	} choices[] = {
		{ ".", "/results" },
		{ from->xdg_state_home, "/numabench" },
		{ from->home, "/.local/state/numabench" },
		{ from->tmpdir ? from->tmpdir : "/tmp", "" },
	};
	int rc = -ENOENT;

	if (asked) {
		rc = try_folder(path, size, asked, "");
		return rc < 0 ? err_set(e, rc, "output folder %s: %s", asked, strerror(-rc)) : 0;
	}
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		rc = try_new_folder(path, size, choices[i].base, choices[i].below, id);
		if (rc == 0)
			return 0;
	}
	return err_set(e, rc,
		       "no folder for the results can be made in ./results or under %s: %s; name "
		       "one with --output",
		       choices[3].base, strerror(-rc));
}

static int open_lock(const struct surroundings *from)
{
	static const char *const everyones[] = { "/run/lock", "/tmp" };
	char path[4200];
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < sizeof everyones / sizeof *everyones; i++) {
		snprintf(path, sizeof path, "%s/numabench.lock", everyones[i]);
		/* Sticky folders refuse O_CREAT on another user's file (fs.protected_regular),
		 * so an existing one is opened as it is. */
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (fd < 0)
			fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0 && from->xdg_runtime_dir) {
		snprintf(path, sizeof path, "%s/numabench.lock", from->xdg_runtime_dir);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	return fd;
}

int run_lock(const struct surroundings *from, const char *what, struct err *e)
{
	char holder[200];
	ssize_t n;
	int fd = open_lock(from);

	if (fd < 0)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		fchmod(fd,
		       0666); /* the next user's run must be able to lock it, whatever the umask */
		if (ftruncate(fd, 0) == 0)
			dprintf(fd, "%s\n", what);
		return fd;
	}
	n = pread(fd, holder, sizeof holder - 1, 0);
	holder[n > 0 ? n : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	close(fd);
	return err_set(e, -EBUSY,
		       "another run is under way on this machine (%s); wait for it to end",
		       holder[0] ? holder : "its name is not known");
}
