#include "machine/sysroot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATH_ROOM = 4096,
	LIST_ROOM = 65536, /* a list of 8192 separate CPUs takes 40 kB */
};

/* The path from the root that fmt and its arguments spell; false when it is too long. */
__attribute__((format(printf, 2, 0))) static bool spell(char path[PATH_ROOM], const char *fmt,
							va_list ap)
{
	int n = vsnprintf(path, PATH_ROOM, fmt, ap);

	return n > 0 && n < PATH_ROOM;
}

/* Opens path below the overlay where it has it, else below the prefix. O_NONBLOCK
 * so that a pipe in a recorded folder cannot stop us. */
static int open_path(const struct sysroot *r, const char *path, int flags)
{
	int fd = -1;

	flags |= O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	if (r->overlay >= 0)
		fd = openat(r->overlay, path, flags);
	if (fd < 0)
		fd = openat(r->fd, path, flags);
	return fd < 0 ? -errno : fd;
}

/* Reads a whole descriptor, closes it, and takes trailing blanks off. */
static int slurp(int fd, char *buf, size_t size)
{
	size_t used = 0;
	int rc = 0;

	while (used + 1 < size) {
		ssize_t n = read(fd, buf + used, size - 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = errno == EISDIR ? -EISDIR : -EIO;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	close(fd);
	while (used > 0 && isspace((unsigned char)buf[used - 1]))
		used--;
	buf[used] = '\0';
	return rc < 0 ? rc : (int)used;
}

static int text_at(const struct sysroot *r, const char *path, char *buf, size_t size)
{
	int fd = open_path(r, path, 0);

	buf[0] = '\0';
	return fd < 0 ? fd : slurp(fd, buf, size);
}

int sysroot_open_recorded(struct sysroot *r, const char *folder, struct err *e)
{
	struct stat st;
	int rc;

	*r = (struct sysroot){ .fd = -1, .overlay = -1 };
	snprintf(r->path, sizeof(r->path), "%s", folder);
	r->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0) {
		rc = -errno;
		return err_set(e, rc,
			       "%s: %s (a recorded machine is a folder or an hwloc XML file)",
			       folder, strerror(-rc));
	}
	if (fstatat(r->fd, "sys", &st, 0) < 0 || !S_ISDIR(st.st_mode)) {
		sysroot_close(r);
		return err_set(e, -EINVAL,
			       "%s: no sys/ in it: not a machine recorded by hwloc-gather-topology",
			       folder);
	}
	return 0;
}

void sysroot_close(struct sysroot *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->overlay >= 0)
		close(r->overlay);
	r->fd = r->overlay = -1;
}

int sysroot_text(const struct sysroot *r, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_ROOM];
	va_list ap;
	bool fits;

	va_start(ap, fmt);
	fits = spell(path, fmt, ap);
	va_end(ap);
	buf[0] = '\0';
	return fits ? text_at(r, path, buf, size) : -ENAMETOOLONG;
}

struct known sysroot_number(const struct sysroot *r, const char *fmt, ...)
{
	char path[PATH_ROOM], text[64], *end;
	va_list ap;
	bool fits;
	long long v;
	int rc;

	va_start(ap, fmt);
	fits = spell(path, fmt, ap);
	va_end(ap);
	rc = fits ? text_at(r, path, text, sizeof(text)) : -ENAMETOOLONG;
	if (rc == -ENOENT || rc == -ENOTDIR)
		return UNKNOWN("the kernel has no such file");
	if (rc < 0)
		return UNKNOWN("the kernel's file cannot be read");
	errno = 0;
	v = strtoll(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
	if (errno || end == text || *end)
		return UNKNOWN("the kernel's file holds no number");
	return KNOWN(v);
}

int sysroot_list(const struct sysroot *r, struct idset *s, const char *fmt, ...)
{
	char path[PATH_ROOM], *text;
	va_list ap;
	bool fits;
	int rc;

	*s = (struct idset){ 0 };
	va_start(ap, fmt);
	fits = spell(path, fmt, ap);
	va_end(ap);
	if (!fits)
		return -ENAMETOOLONG;
	text = malloc(LIST_ROOM);
	if (!text)
		return -ENOMEM;
	rc = text_at(r, path, text, LIST_ROOM);
	if (rc >= 0)
		rc = idset_parse_kernel(s, text);
	free(text);
	return rc;
}

DIR *sysroot_dir(const struct sysroot *r, const char *fmt, ...)
{
	struct sysroot below;
	char path[PATH_ROOM];
	va_list ap;
	bool fits;
	DIR *d;
	int fd;

	va_start(ap, fmt);
	fits = spell(path, fmt, ap);
	va_end(ap);
	/* A scenario has files in there, but no processes: these are the running system's. */
	if (fits && r->overlay >= 0 && strcmp(path, "proc") == 0) {
		below = *r;
		below.overlay = -1;
		r = &below;
	}
	fd = fits ? open_path(r, path, O_DIRECTORY) : -ENAMETOOLONG;
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	d = fdopendir(fd);
	if (!d)
		close(fd);
	return d;
}

static int link_at(const struct sysroot *r, const char *path, char *buf, size_t size)
{
	ssize_t n = -1;

	buf[0] = '\0';
	if (r->overlay >= 0)
		n = readlinkat(r->overlay, path, buf, size - 1);
	if (n < 0)
		n = readlinkat(r->fd, path, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return (int)n;
}

int sysroot_link(const struct sysroot *r, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_ROOM];
	va_list ap;
	bool fits;

	va_start(ap, fmt);
	fits = spell(path, fmt, ap);
	va_end(ap);
	buf[0] = '\0';
	return fits ? link_at(r, path, buf, size) : -ENAMETOOLONG;
}

int sysroot_link_name(const struct sysroot *r, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_ROOM], target[PATH_ROOM];
	const char *last;
	va_list ap;
	bool fits;
	int rc;

	va_start(ap, fmt);
	fits = spell(path, fmt, ap);
	va_end(ap);
	buf[0] = '\0';
	rc = fits ? link_at(r, path, target, sizeof(target)) : -ENAMETOOLONG;
	if (rc < 0)
		return rc;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, last);
	return (int)strlen(last);
}

bool sysroot_exists(const struct sysroot *r, const char *fmt, ...)
{
	char path[PATH_ROOM];
	struct stat st;
	va_list ap;
	bool fits;

	va_start(ap, fmt);
	fits = spell(path, fmt, ap);
	va_end(ap);
	if (!fits)
		return false;
	if (r->overlay >= 0 && fstatat(r->overlay, path, &st, 0) == 0)
		return true;
	return fstatat(r->fd, path, &st, 0) == 0;
}

bool text_field(const char *text, const char *key, char *buf, size_t size)
{
	size_t length = strlen(key);

	buf[0] = '\0';
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *p, *end;

		if (*line == '\n')
			line++;
		if (strncmp(line, key, length) != 0)
			continue;
		p = line + length;
		p += strspn(p, " \t");
		if (*p++ != ':')
			continue;
		p += strspn(p, " \t");
		end = p + strcspn(p, "\n");
		while (end > p && isspace((unsigned char)end[-1]))
			end--;
		snprintf(buf, size, "%.*s", (int)(end - p), p);
		return true;
	}
	return false;
}
