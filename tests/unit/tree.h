/* tree.h - a made-up /sys and /proc in a temporary folder. */
#ifndef NB_TESTS_TREE_H
#define NB_TESTS_TREE_H

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	char path[64];
};

static inline void tree_new(struct tree *t)
{
	strcpy(t->path, "/tmp/numabench-test-XXXXXX");
	if (!mkdtemp(t->path))
		abort();
}

/* Makes the folders above path; fills `whole` with the whole path. */
static inline void tree_folders(const struct tree *t, const char *path, char whole[4096])
{
	snprintf(whole, 4096, "%s/%s", t->path, path);
	for (char *p = whole + strlen(t->path) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(whole, 0755);
		*p = '/';
	}
}

static inline void tree_bytes(const struct tree *t, const char *path, const void *bytes, size_t n)
{
	char whole[4096];
	FILE *f;

	tree_folders(t, path, whole);
	f = fopen(whole, "w");
	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
		abort();
}

static inline void tree_file(const struct tree *t, const char *path, const char *text)
{
	tree_bytes(t, path, text, strlen(text));
}

static inline void tree_link(const struct tree *t, const char *path, const char *target)
{
	char whole[4096];

	tree_folders(t, path, whole);
	if (symlink(target, whole) != 0)
		abort();
}

static inline int tree_remove_one(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st;
	(void)type;
	(void)w;
	return remove(path);
}

static inline void tree_remove(const struct tree *t)
{
	nftw(t->path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
