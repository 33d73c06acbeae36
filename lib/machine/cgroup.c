#include "machine/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_TEXT = 16384, MOUNTINFO_ROOM = 8 << 20 };

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; p && *p;) {
		size_t len = strcspn(p, ",");

		if (len == n && strncmp(p, word, n) == 0)
			return true;
		p += len;
		p += *p == ',';
	}
	return false;
}

/* Our path in a hierarchy from /proc/self/cgroup ("4:memory:/a/b", "0::/a"). */
static bool own_group(const char *cgroup, bool v2, const char *controller, char *path, size_t size)
{
	for (const char *line = cgroup; line && *line;) {
		char list[256], text[CGROUP_PATH];
		int id;

		if (v2 && sscanf(line, "0::%4095[^\n]", text) == 1) {
			snprintf(path, size, "%s", text);
			return true;
		}
		if (!v2 && sscanf(line, "%d:%255[^:\n]:%4095[^\n]", &id, list, text) == 3 &&
		    has_word(list, controller)) {
			snprintf(path, size, "%s", text);
			return true;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

/* The mount point of a hierarchy and the group that it shows as its root. */
static bool find_mount(const char *mountinfo, bool v2, const char *controller, char *point,
		       char *root)
{
	for (const char *line = mountinfo; line && *line;) {
		char type[64], options[1024];
		const char *dash = strstr(line, " - "), *end = strchr(line, '\n');

		if (dash && (!end || dash < end) &&
		    sscanf(line, "%*d %*d %*s %4095s %4095s", root, point) == 2 &&
		    sscanf(dash, " - %63s %*s %1023s", type, options) == 2 &&
		    (v2 ? strcmp(type, "cgroup2") == 0
			: strcmp(type, "cgroup") == 0 && has_word(options, controller)))
			return true;
		line = end ? end + 1 : NULL;
	}
	return false;
}

bool cgroup_find(struct cgroup *h, const struct sysroot *r, bool v2, const char *controller)
{
	char cgroup[SMALL_TEXT], *mountinfo = malloc(MOUNTINFO_ROOM);
	char point[CGROUP_PATH], root[CGROUP_PATH], path[CGROUP_PATH];
	bool found = false;

	*h = (struct cgroup){ .v2 = v2 };
	if (mountinfo && sysroot_text(r, cgroup, sizeof(cgroup), "proc/self/cgroup") >= 0 &&
	    sysroot_text(r, mountinfo, MOUNTINFO_ROOM, "proc/self/mountinfo") >= 0 &&
	    own_group(cgroup, v2, controller, path, sizeof(path)) &&
	    find_mount(mountinfo, v2, controller, point, root)) {
		size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);

		found = true;
		snprintf(h->mount, sizeof(h->mount), "%s", point[0] == '/' ? point + 1 : point);
		/* A container sees its own group as the mount's root, whatever the path says. */
		if (strncmp(path, root, n) == 0 && (path[n] == '/' || !path[n]) &&
		    !strstr(path, "/..") && strcmp(path + n, "/") != 0)
			snprintf(h->below, sizeof(h->below), "%s", path + n);
	}
	free(mountinfo);
	return found;
}

bool cgroup_parent(struct cgroup *h)
{
	char *slash = strrchr(h->below, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

struct known cgroup_stat(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = text; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, n) == 0 && p[n] == ' ')
			return KNOWN(strtoll(p + n, NULL, 10));
	}
	return UNKNOWN("the control group does not tell");
}

struct cgroup_throttling cgroup_throttling(const struct sysroot *r)
{
	struct cgroup_throttling worst = { UNKNOWN("no control group counts it"),
					   UNKNOWN("no control group counts it") };
	struct cgroup h;
	char text[SMALL_TEXT];

	for (int v2 = 0; v2 < 2; v2++) {
		if (!cgroup_find(&h, r, v2, "cpu"))
			continue;
		do {
			struct known k;

			if (sysroot_text(r, text, sizeof(text), "%s%s/cpu.stat", h.mount, h.below) <
			    0)
				continue;
			k = cgroup_stat(text, "nr_throttled");
			if (!k.is || (worst.throttled.is && k.value <= worst.throttled.value))
				continue;
			worst.throttled = k;
			worst.periods = cgroup_stat(text, "nr_periods");
		} while (cgroup_parent(&h));
	}
	return worst;
}

bool cgroup_cpus(const struct sysroot *r, struct idset *cpus)
{
	static const struct {
		bool v2;
		const char *file;
	} kinds[] = { { true, "cpuset.cpus.effective" }, { false, "cpuset.effective_cpus" } };
	struct cgroup c;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!cgroup_find(&c, r, kinds[i].v2, "cpuset"))
			continue;
		do {
			if (sysroot_list(r, cpus, "%s%s/%s", c.mount, c.below, kinds[i].file) ==
				    0 &&
			    !idset_empty(cpus))
				return true;
		} while (cgroup_parent(&c));
	}
	return sysroot_list(r, cpus, "sys/devices/system/cpu/online") == 0;
}
