/* damage.c - see damage.h. Every step moves what was there aside and is taken back in turn. */
#include "damage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_ROOM = 512, TARGET_ROOM = 512 };

/* The kernel sees to it that no link leads out of the root. */
static int open_beneath(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st;
	(void)type;
	(void)w;
	return remove(path);
}

static void remove_tree(int folder, const char *name)
{
	char path[DAMAGE_NAME + 64];

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", folder, name);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void name_aside(char name[24], size_t n)
{
	snprintf(name, 24, "%zu", n);
}

/* Whatever has the name in the folder gives way; what comes there next will be taken back. */
static bool give_way(struct damage *d, int folder, const char *name)
{
	struct damage_step *s = &d->step[d->n];
	char aside[24];

	if (d->n == DAMAGE_STEPS || strlen(name) >= sizeof(s->name))
		return false;
	name_aside(aside, d->n);
	*s = (struct damage_step){ .folder = fcntl(folder, F_DUPFD_CLOEXEC, 0) };
	if (s->folder < 0)
		return false;
	strcpy(s->name, name);
	s->had = renameat(folder, name, d->aside, aside) == 0;
	if (!s->had && errno != ENOENT) {
		close(s->folder);
		return false;
	}
	d->n++;
	return true;
}

/* The folder of the last part of path, made where it is missing, and that part; -1: none. */
static int folder_of(struct damage *d, const char *path, char name[PATH_ROOM])
{
	int folder = open_beneath(d->root, ".");
	char whole[PATH_ROOM];
	size_t used = 0;

	if (*path == '/' || strlen(path) >= sizeof(whole))
		return -1;
	for (;;) {
		size_t n = strcspn(path, "/");
		int next;

		snprintf(name, PATH_ROOM, "%.*s", (int)n, path);
		if (!n || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			break;
		used += (size_t)snprintf(whole + used, sizeof(whole) - used, "%s%s",
					 used ? "/" : "", name);
		if (!path[n])
			return folder;
		next = open_beneath(d->root, whole);
		if (next < 0 && give_way(d, folder, name) && mkdirat(folder, name, 0755) == 0)
			next = open_beneath(d->root, whole);
		close(folder);
		folder = next;
		if (folder < 0)
			return -1;
		path += n + 1;
	}
	close(folder);
	return -1;
}

static void write_file(int folder, const char *name, const char *text, size_t length)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	while (fd >= 0 && length) {
		ssize_t n = write(fd, text, length);

		if (n <= 0)
			break;
		text += n;
		length -= (size_t)n;
	}
	if (fd >= 0)
		close(fd);
}

/* The beginning of the file that gave way last. */
static void cut(const struct damage *d, int folder, const char *name, const char *text)
{
	static const size_t most = 1 << 20;
	size_t length = strtoul(text, NULL, 10);
	char aside[24], *copy = malloc(most);
	ssize_t n = -1;
	int fd;

	name_aside(aside, d->n - 1);
	fd = openat(d->aside, aside, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && copy)
		n = read(fd, copy, length < most ? length : most);
	if (n >= 0)
		write_file(folder, name, copy, (size_t)n);
	if (fd >= 0)
		close(fd);
	free(copy);
}

/* Links of a process's open files are only read, never followed. */
static void link_to(int folder, const char *name, const char *path, const char *target)
{
	int depth = 0;

	for (const char *p = path; (p = strchr(p, '/')); p++)
		depth++;
	for (const char *p = target; (p = strstr(p, "..")); p++)
		depth--;
	if (*target && (strstr(path, "/fd/") || (*target != '/' && depth >= 0)))
		(void)!symlinkat(target, folder, name);
}

static void step(struct damage *d, char sign, const char *path, const char *text, size_t length)
{
	char name[PATH_ROOM], word[TARGET_ROOM];
	int folder = folder_of(d, path, name);

	if (folder < 0)
		return;
	snprintf(word, sizeof(word), "%.*s", (int)(length < 1024 ? length : 1024), text);
	word[strcspn(word, "\n")] = '\0';
	if (!give_way(d, folder, name))
		;
	else if (sign == '=')
		write_file(folder, name, text, length);
	else if (sign == '<')
		cut(d, folder, name, word);
	else if (sign == '>')
		link_to(folder, name, path, word);
	else if (sign == '@')
		(void)!symlinkat(name, folder, name);
	else if (sign == '/')
		(void)!mkdirat(folder, name, 0755);
	close(folder);
}

static bool begins_step(const char *p, const char *end)
{
	return end - p > 2 && memchr("=<>@/-", *p, 6) && p[1] == ' ';
}

static const char *next_line(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', (size_t)(end - p));

	return newline ? newline + 1 : end;
}

void damage_do(struct damage *d, const char *text, size_t length)
{
	const char *end = text + length;

	for (const char *p = text; p < end;) {
		const char *body = next_line(p, end), *next = body;
		char path[PATH_ROOM];

		if (!begins_step(p, end)) {
			p = body;
			continue;
		}
		while (next < end && !begins_step(next, end))
			next = next_line(next, end);
		snprintf(path, sizeof(path), "%.*s", (int)(body - p - 2), p + 2);
		path[strcspn(path, "\n")] = '\0';
		step(d, *p, path, body, (size_t)(next - body));
		p = next;
	}
}

void damage_undo(struct damage *d)
{
	while (d->n > 0) {
		struct damage_step *s = &d->step[--d->n];
		char aside[24];

		name_aside(aside, d->n);
		remove_tree(s->folder, s->name);
		if (s->had)
			renameat(d->aside, aside, s->folder, s->name);
		close(s->folder);
	}
}

void damage_keep(struct damage *d)
{
	while (d->n > 0) {
		char aside[24];

		name_aside(aside, --d->n);
		remove_tree(d->aside, aside);
		close(d->step[d->n].folder);
	}
}

int damage_open(struct damage *d, const char *root, const char *aside)
{
	int probe;

	mkdir(aside, 0755);
	*d = (struct damage){ .root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC),
			      .aside = open(aside, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	probe = open_beneath(d->root, ".");
	if (probe < 0 || d->aside < 0)
		return -errno;
	close(probe);
	return 0;
}
