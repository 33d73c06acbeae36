#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/cgroup.h"
#include "machine/parts.h"

enum {
	SMALL_TEXT = 16384,
	/* zoneinfo has five lines a CPU and zone: 1 MB on 512 CPUs and 8 nodes. */
	ZONEINFO_ROOM = 8 << 20,
};

/* Above this a v1 limit stands for none (the kernel prints LONG_MAX in whole pages), and any other
 * count of bytes is none: so that a few of them can be added up. */
#define NO_LIMIT (1LL << 60)
/* Watermarks are lower. */
#define MOST_PAGES (1LL << 40)

static void tighten(struct known *k, struct known v)
{
	if (v.is && (!k->is || v.value < k->value))
		*k = v;
}

static struct known quota_of(const struct sysroot *r, const struct cgroup *h)
{
	struct known quota, period;
	char text[128];
	long long q, p;

	if (h->v2) {
		if (sysroot_text(r, text, sizeof(text), "%s%s/cpu.max", h->mount, h->below) < 0 ||
		    sscanf(text, "%lld %lld", &q, &p) != 2)
			return UNKNOWN("no CPU quota");
	} else {
		quota = sysroot_number(r, "%s%s/cpu.cfs_quota_us", h->mount, h->below);
		period = sysroot_number(r, "%s%s/cpu.cfs_period_us", h->mount, h->below);
		if (!quota.is || !period.is)
			return UNKNOWN("no CPU quota");
		q = quota.value;
		p = period.value;
	}
	return q > 0 && q < NO_LIMIT / 1000 && p > 0 ? KNOWN(q * 1000 / p)
						     : UNKNOWN("no CPU quota");
}

static long long stat_value(const char *text, const char *name)
{
	struct known k = cgroup_stat(text, name);

	return k.is && k.value >= 0 && k.value < NO_LIMIT ? k.value : 0;
}

/* The limit less what is used; file pages that nobody uses are given back first. */
static struct known room_of(const struct sysroot *r, const struct cgroup *h)
{
	static const char *const files[2][2] = {
		{ "memory.limit_in_bytes", "memory.usage_in_bytes" },
		{ "memory.max", "memory.current" },
	};
	struct known limit, usage;
	char text[SMALL_TEXT];
	long long room;

	limit = sysroot_number(r, "%s%s/%s", h->mount, h->below, files[h->v2][0]);
	usage = sysroot_number(r, "%s%s/%s", h->mount, h->below, files[h->v2][1]);
	if (!limit.is || limit.value < 0 || limit.value >= NO_LIMIT || !usage.is || usage.value < 0)
		return UNKNOWN("no memory limit");
	room = limit.value - usage.value;
	if (sysroot_text(r, text, sizeof(text), "%s%s/memory.stat", h->mount, h->below) >= 0)
		room += h->v2 ? stat_value(text, "inactive_file") +
					stat_value(text, "slab_reclaimable")
			      : stat_value(text, "total_inactive_file");
	return KNOWN(room > 0 ? room : 0);
}

/* The tightest value of one kind over our group and every ancestor, v1 and v2. */
static struct known tightest(const struct sysroot *r, const char *controller,
			     struct known (*of)(const struct sysroot *, const struct cgroup *),
			     const char *none)
{
	struct known k = UNKNOWN(none);
	struct cgroup h;

	for (int v2 = 0; v2 < 2; v2++) {
		if (!cgroup_find(&h, r, v2, controller))
			continue;
		do
			tighten(&k, of(r, &h));
		while (cgroup_parent(&h));
	}
	return k;
}

/* One "..._allowed_list" of /proc/self/status; false when it is not there. */
static bool status_list(const char *status, const char *key, struct idset *s)
{
	char *text = malloc(SMALL_TEXT);
	bool found = text && text_field(status, key, text, SMALL_TEXT) &&
		     idset_parse_kernel(s, text) == 0;

	free(text);
	return found;
}

int limits_read(struct limits *l, const struct source *s)
{
	char *status = malloc(SMALL_TEXT);

	*l = (struct limits){ .quota_milli = UNKNOWN("not recorded"),
			      .memory_left = UNKNOWN("not recorded") };
	l->zoneinfo = malloc(ZONEINFO_ROOM);
	if (!status || !l->zoneinfo) {
		free(status);
		limits_release(l);
		return -ENOMEM;
	}
	status[0] = l->zoneinfo[0] = '\0';
	if (!s->xml) {
		sysroot_text(&s->root, status, SMALL_TEXT, "proc/self/status");
		sysroot_text(&s->root, l->zoneinfo, ZONEINFO_ROOM, "proc/zoneinfo");
		l->quota_milli = tightest(&s->root, "cpu", quota_of, "no CPU quota");
		l->memory_left = tightest(&s->root, "memory", room_of, "no memory limit");
	}
	if (!status_list(status, "Cpus_allowed_list", &l->cpus))
		l->cpus = hwtopo_ids(hwloc_topology_get_allowed_cpuset(s->topo));
	if (!status_list(status, "Mems_allowed_list", &l->mems))
		l->mems = hwtopo_ids(hwloc_topology_get_allowed_nodeset(s->topo));
	free(status);
	return 0;
}

void limits_release(struct limits *l)
{
	free(l->zoneinfo);
	l->zoneinfo = NULL;
}

struct known meminfo_bytes(const char *meminfo, const char *prefix, const char *key)
{
	char line[64], value[64], unit[8] = "";
	long long v;

	snprintf(line, sizeof(line), "%s%s", prefix, key);
	if (!text_field(meminfo, line, value, sizeof(value)) ||
	    sscanf(value, "%lld %7s", &v, unit) < 1 || strcmp(unit, "kB") != 0 || v < 0 ||
	    v >= NO_LIMIT / 1024)
		return UNKNOWN("the kernel's meminfo does not say");
	return KNOWN(v * 1024);
}

/* The low watermarks of all zones of a node, in pages: below them the kernel reclaims. */
static struct known low_pages(const char *zoneinfo, int node)
{
	long long sum = 0, v;
	bool ours = false, any = false;
	int id;

	for (const char *p = zoneinfo; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (sscanf(p, "Node %d, zone", &id) == 1)
			ours = id == node;
		else if (ours && sscanf(p, " low %lld", &v) == 1) {
			sum = v < 0 || v > MOST_PAGES - sum ? MOST_PAGES : sum + v;
			any = true;
		}
	}
	return any ? KNOWN(sum) : UNKNOWN("no zoneinfo");
}

struct known node_giveable(const struct limits *l, int node, const char *meminfo,
			   const char *prefix)
{
	static const char *const parts[] = { "MemFree", "Inactive(file)", "SReclaimable" };
	struct known low = low_pages(l->zoneinfo, node);
	long long bytes = 0;

	if (!low.is)
		return low;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct known k = meminfo_bytes(meminfo, prefix, parts[i]);

		if (!k.is && i == 0)
			return k;
		bytes += k.is ? k.value : 0;
	}
	bytes -= low.value * sysconf(_SC_PAGESIZE);
	if (l->memory_left.is && bytes > l->memory_left.value)
		bytes = l->memory_left.value;
	return KNOWN(bytes > 0 ? bytes : 0);
}
