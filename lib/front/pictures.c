/* pictures.c - see pictures.h. Everything is made in a temporary folder within the one that was
 * asked for, and renamed. */
#include "front/pictures.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/front.h"
#include "render/plots.h"
#include "render/render.h"
#include "util/child.h"
#include "util/utf8.h"

enum { NAME_ROOM = PATH_MAX + 256 };
/* One picture takes a tenth of a second. */
#define DEADLINE_S 30.0
/* Arrays that are filled within expressions, and the names of what a script is called with. */
enum { OLDEST_MAJOR = 5, OLDEST_MINOR = 4 };

static const char *const endings[] = { ".svg", ".png" };
static const struct table {
	const char *name, *format;
	bool moves;
} tables[] = { { "cells.csv", "csv", false }, { "moves.csv", "timeline-csv", true } };

struct studio {
	char gnuplot[NAME_ROOM], scripts[NAME_ROOM];
	char folder[NAME_ROOM], temporary[NAME_ROOM]; /* both from the root */
};

/* ---- gnuplot ---- */

static int find_gnuplot(char *found, size_t size, const char *path, struct err *e)
{
	for (const char *at = path; at && *at; at += strcspn(at, ":"), at += *at == ':') {
		struct stat st;

		/* A folder that is not named from the root would depend on where we stand. */
		if (*at != '/')
			continue;
		if (snprintf(found, size, "%.*s/gnuplot", (int)strcspn(at, ":"), at) < (int)size &&
		    stat(found, &st) == 0 && S_ISREG(st.st_mode) && access(found, X_OK) == 0)
			return 0;
	}
	return err_set(e, -ENOENT,
		       "gnuplot is not on PATH; install it (Debian, Ubuntu: gnuplot-nox), or use "
		       "--format html, which has drawings of its own");
}

struct version {
	int major, minor;
};

static void read_version(char *line, size_t length, void *to)
{
	struct version *v = to;

	(void)length;
	if (v->major == 0 && sscanf(line, "gnuplot %d.%d", &v->major, &v->minor) != 2)
		*v = (struct version){ 0 };
}

static int check_version(const struct studio *s, struct err *e)
{
	char *const argv[] = { (char *)s->gnuplot, (char *)"--version", NULL };
	struct version v = { 0 };
	const struct child_spec spec = {
		.argv = argv, .deadline_s = DEADLINE_S, .line = read_version, .to = &v
	};
	struct child_result r;
	char how[80];
	int rc = child_run(&spec, &r, e);

	if (rc < 0)
		return err_within(e, rc, "%s", s->gnuplot);
	if (r.end != CHILD_EXITED || r.code != 0)
		return err_set(e, -EIO, "%s --version: %s", s->gnuplot,
			       child_describe(&r, how, sizeof how));
	if (v.major < OLDEST_MAJOR || (v.major == OLDEST_MAJOR && v.minor < OLDEST_MINOR))
		return err_set(e, -ENOTSUP, "%s is of version %d.%d; plots need %d.%d or later",
			       s->gnuplot, v.major, v.minor, OLDEST_MAJOR, OLDEST_MINOR);
	return 0;
}

/* Into the temporary folder, as SVG and as PNG. No word of the result is a word of gnuplot's: it
 * reads them from the table, and takes its arguments as they are. Nor does it read anybody's
 * start-up files (-d). */
static int draw(const struct studio *s, const struct plot *p, const char *run, struct err *e)
{
	char script[NAME_ROOM + 32], csv[NAME_ROOM + 16], picture[NAME_ROOM + 170], how[80];
	char *const argv[] = { (char *)s->gnuplot, (char *)"-d", (char *)"-c", script, csv, picture,
			       (char *)p->want,    (char *)run,  NULL };
	/* The figures' points, whatever the locale; fonts are looked up without a display. */
	char *const env[] = { (char *)"LC_ALL=C.UTF-8", (char *)"GNUTERM=dumb", NULL };
	const struct child_spec spec = { .argv = argv, .env = env, .deadline_s = DEADLINE_S };
	struct child_result r;
	int rc;

	snprintf(script, sizeof script, "%s/%s", s->scripts, p->script);
	snprintf(csv, sizeof csv, "%s/%s", s->temporary, tables[p->moves].name);
	snprintf(picture, sizeof picture, "%s/%s", s->temporary, p->name);
	rc = child_run(&spec, &r, e);
	if (rc < 0)
		return err_within(e, rc, "%s", s->gnuplot);
	if (r.end == CHILD_EXITED && r.code == 0)
		return 0;
	return err_set(e, -EIO, "%s could not draw %s (%s): %s", s->gnuplot, p->name, p->script,
		       child_describe(&r, how, sizeof how));
}

/* ---- files ---- */

static int put_in_place(const struct studio *s, const char *name, const char *ending, struct err *e)
{
	char from[NAME_ROOM + 180], to[NAME_ROOM + 180];
	struct stat st;
	int rc = 0;

	snprintf(from, sizeof from, "%s/%s%s", s->temporary, name, ending);
	snprintf(to, sizeof to, "%s/%s%s", s->folder, name, ending);
	/* gnuplot ends with 0 though the disk was full. */
	if (stat(from, &st) < 0)
		rc = -errno;
	else if (st.st_size == 0)
		rc = -ENOSPC;
	else if (rename(from, to) < 0)
		rc = -errno;
	return rc < 0 ? err_set(e, rc, "%s: %s", to, strerror(-rc)) : 0;
}

static int draw_all(const struct studio *s, const struct result *res, const struct plot *plots,
		    size_t n, size_t *drawn, struct err *e)
{
	char run[sizeof res->run.id];
	int first = 0;

	snprintf(run, sizeof run, "%s", res->run.id);
	utf8_clean(run);
	for (size_t i = 0; i < n; i++) {
		struct err here = { "" };
		int rc = draw(s, &plots[i], run, &here);

		for (size_t k = 0; rc == 0 && k < sizeof endings / sizeof *endings; k++)
			rc = put_in_place(s, plots[i].name, endings[k], &here);
		*drawn += rc == 0;
		if (rc < 0 && first == 0)
			first = err_set(e, rc, "%s", here.text);
	}
	return first;
}

static int write_tables(const struct studio *s, const struct result *res, const struct plot *plots,
			size_t n, struct err *e)
{
	bool any_moves = false;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		any_moves = any_moves || plots[i].moves;
	for (size_t k = 0; rc == 0 && k < sizeof tables / sizeof *tables; k++) {
		char path[NAME_ROOM + 16];

		if (tables[k].moves && !any_moves)
			continue;
		snprintf(path, sizeof path, "%s/%s", s->temporary, tables[k].name);
		rc = render_file(format_find(tables[k].format), res, NULL, path, e);
	}
	return rc;
}

/* They were kept while plots were drawn from them. */
static int keep_tables(const struct studio *s, struct err *e)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < sizeof tables / sizeof *tables; k++) {
		char path[NAME_ROOM + 16];

		snprintf(path, sizeof path, "%s/%s", s->temporary, tables[k].name);
		if (access(path, F_OK) == 0)
			rc = put_in_place(s, tables[k].name, "", e);
	}
	return rc;
}

static int open_studio(struct studio *s, const struct pictures *p, struct err *e)
{
	const struct surroundings none = { .host = NULL };
	char made[NAME_ROOM], full[PATH_MAX];
	int rc = find_gnuplot(s->gnuplot, sizeof s->gnuplot, p->path, e);

	if (rc == 0)
		rc = check_version(s, e);
	if (rc == 0)
		rc = data_path(s->scripts, sizeof s->scripts, "gnuplot", e);
	if (rc == 0)
		rc = folder_make(made, sizeof made, p->folder, "", &none, e);
	if (rc < 0)
		return rc;
	/* From the root: gnuplot takes a name that begins with | or < for a command. */
	if (!realpath(made, full))
		return err_set(e, -errno, "%s: %s", made, strerror(errno));
	snprintf(s->folder, sizeof s->folder, "%s", full);
	snprintf(s->temporary, sizeof s->temporary, "%s/.numabench-XXXXXX", full);
	if (!mkdtemp(s->temporary)) {
		rc = -errno;
		s->temporary[0] = '\0';
		return err_set(e, rc, "%s: %s", p->folder, strerror(-rc));
	}
	return 0;
}

static void close_studio(const struct studio *s)
{
	DIR *d = s->temporary[0] ? opendir(s->temporary) : NULL;
	const struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d) {
		closedir(d);
		rmdir(s->temporary);
	}
}

int pictures_draw(const struct result *res, struct pictures *p, struct err *e)
{
	struct studio *s = calloc(1, sizeof *s);
	struct plot *plots = NULL;
	size_t n = 0;
	int rc = s ? plots_plan(res, &plots, &n) : -ENOMEM;

	p->drawn = 0;
	if (rc < 0)
		err_set(e, rc, "out of memory");
	if (rc == 0)
		rc = open_studio(s, p, e);
	if (rc == 0)
		rc = write_tables(s, res, plots, n, e);
	if (rc == 0) {
		struct err kept = { "" };
		int tables_rc;

		rc = draw_all(s, res, plots, n, &p->drawn, e);
		tables_rc = keep_tables(s, &kept);
		if (rc == 0 && tables_rc < 0)
			rc = err_set(e, tables_rc, "%s", kept.text);
	}
	if (s)
		close_studio(s);
	free(plots);
	free(s);
	return rc;
}
