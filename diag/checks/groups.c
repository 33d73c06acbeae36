#include "groups.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { SHORT_ID = 12 };

/* ---- who made it ---- */

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* The first twelve digits of a container's id in a path ("docker-0123456789ab..", "/docker/0123..")
 * or in its host name, which it is by default. */
static void container_id(struct limit_group *g, const struct sysroot *r)
{
	char name[64] = "";

	for (const char *p = g->path; *p; p++) {
		size_t n = strspn(p, "0123456789abcdef");

		if (n == 64) {
			memcpy(g->id, p, SHORT_ID);
			return;
		}
		p += n ? n - 1 : 0;
	}
	sysroot_text(r, name, sizeof name, "proc/sys/kernel/hostname");
	if (strlen(name) == SHORT_ID && strspn(name, "0123456789abcdef") == SHORT_ID)
		memcpy(g->id, name, SHORT_ID);
}

static void find_maker(struct limit_group *g, const struct sysroot *r)
{
	static const char *const units[] = { ".service", ".scope", ".slice" };
	bool podman = strstr(g->path, "libpod") || sysroot_exists(r, "run/.containerenv");
	bool docker = strstr(g->path, "docker") || sysroot_exists(r, ".dockerenv");
	const char *last = strrchr(g->path, '/');

	g->maker = MADE_BY_HAND;
	if (strstr(g->path, "kubepods") || sysroot_exists(r, "var/run/secrets/kubernetes.io")) {
		g->maker = MADE_BY_KUBERNETES;
	} else if (podman || docker) {
		g->maker = MADE_BY_CONTAINER;
		snprintf(g->engine, sizeof g->engine, "%s", podman ? "podman" : "docker");
		container_id(g, r);
	} else if (strstr(g->path, "slurm")) {
		g->maker = MADE_BY_SLURM;
	} else {
		for (size_t i = 0; last && i < sizeof units / sizeof *units; i++)
			if (ends_with(last, units[i]) && strlen(last) <= sizeof g->unit) {
				g->maker = MADE_BY_SYSTEMD;
				snprintf(g->unit, sizeof g->unit, "%s", last + 1);
			}
		/* Below user@1000.service, units are that user's own. */
		g->user_units = strstr(g->path, "/user@") && strncmp(g->unit, "user@", 5) != 0;
	}
}

static void fill(struct limit_group *g, const struct cgroup *h, const struct sysroot *r)
{
	*g = (struct limit_group){ .v2 = h->v2 };
	snprintf(g->path, sizeof g->path, "/%.4000s", h->mount);
	if (strlen(g->path) + strlen(h->below) < sizeof g->path)
		strcat(g->path, h->below);
	find_maker(g, r);
}

void group_values(struct checking *c, const struct limit_group *g)
{
	value(c, "group", "%.1000s", g->path);
	value(c, "engine", "%s", g->engine);
	value(c, "id", "%s", g->id);
	value(c, "unit", "%s", g->unit);
	value(c, "systemctl", "%s", g->user_units ? "systemctl --user" : "sudo systemctl");
}

/* ---- quota and memory ---- */

/* Hundredths of a per cent of one CPU; -1: none. */
static long long quota_of(const struct sysroot *r, const struct cgroup *h)
{
	long long quota = -1, period = 0;
	char text[64];

	if (h->v2) {
		if (sysroot_text(r, text, sizeof text, "%s%s/cpu.max", h->mount, h->below) < 0 ||
		    sscanf(text, "%lld %lld", &quota, &period) != 2)
			return -1;
	} else {
		struct known q = sysroot_number(r, "%s%s/cpu.cfs_quota_us", h->mount, h->below);
		struct known p = sysroot_number(r, "%s%s/cpu.cfs_period_us", h->mount, h->below);

		quota = q.is ? q.value : -1;
		period = p.is ? p.value : 0;
	}
	return quota > 0 && period > 0 && quota < LLONG_MAX / 10000 ? quota * 10000 / period : -1;
}

static long long memory_of(const struct sysroot *r, const struct cgroup *h)
{
	struct known k = sysroot_number(r, "%s%s/%s", h->mount, h->below,
					h->v2 ? "memory.max" : "memory.limit_in_bytes");

	/* v1 prints LONG_MAX in whole pages for none. */
	return k.is && k.value < 1LL << 60 ? 1 : -1;
}

/* The group of the smallest figure, of equal ones the innermost. */
static bool smallest(const struct sysroot *r, const char *controller,
		     long long (*of)(const struct sysroot *r, const struct cgroup *h),
		     struct limit_group *g)
{
	long long least = -1;
	struct cgroup h;

	for (int v2 = 0; r && v2 < 2; v2++) {
		if (!cgroup_find(&h, r, v2, controller))
			continue;
		do {
			long long now = of(r, &h);

			if (now < 0 || (least >= 0 && now >= least))
				continue;
			least = now;
			fill(g, &h, r);
		} while (cgroup_parent(&h));
	}
	return least >= 0;
}

bool group_of_quota(const struct sysroot *r, struct limit_group *g)
{
	return smallest(r, "cpu", quota_of, g);
}

bool group_of_memory_limit(const struct sysroot *r, struct limit_group *g)
{
	return smallest(r, "memory", memory_of, g);
}

/* ---- cpusets ---- */

/* The group has a list of its own, which leaves out some of these. */
static bool leaves_out(const struct sysroot *r, const struct cgroup *h, const char *file,
		       const struct idset *wanted)
{
	struct idset has, missing;

	if (sysroot_list(r, &has, "%s%s/%s", h->mount, h->below, file) < 0 || idset_empty(&has))
		return false;
	missing = idset_minus(wanted, &has);
	return !idset_empty(&missing);
}

size_t groups_of_cpuset(const struct sysroot *r, const struct idset *cpus,
			const struct idset *nodes, struct limit_group *groups, size_t most)
{
	struct cgroup h;
	size_t n = 0;

	for (int v2 = 0; r && v2 < 2; v2++) {
		if (!cgroup_find(&h, r, v2, "cpuset"))
			continue;
		do {
			if (!leaves_out(r, &h, "cpuset.cpus", cpus) &&
			    !leaves_out(r, &h, "cpuset.mems", nodes))
				continue;
			/* The walk goes up: what comes later goes first. */
			memmove(groups + 1, groups, (n < most ? n : most - 1) * sizeof *groups);
			fill(&groups[0], &h, r);
			n++;
		} while (cgroup_parent(&h));
	}
	return n;
}
