#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"

enum { MEMINFO_ROOM = 16384 };

struct idset cpumap_parse(const char *text)
{
	struct idset s = { 0 };
	int bit = 0;

	/* From the end: the last digit holds CPUs 0 to 3. */
	for (size_t at = strlen(text); at > 0; at--) {
		const char *p = text + at - 1;
		int digit = *p >= '0' && *p <= '9'   ? *p - '0'
			    : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10
						     : -1;

		if (*p == ',' || *p == '\n')
			continue;
		if (digit < 0)
			return (struct idset){ 0 };
		for (int i = 0; i < 4; i++)
			if (digit >> i & 1)
				idset_add(&s, bit + i);
		bit += 4;
	}
	return s;
}

struct idset numbered_entries(const struct sysroot *r, const char *folder, const char *prefix)
{
	struct idset s = { 0 };
	DIR *d = sysroot_dir(r, "%s", folder);
	struct dirent *de;
	size_t n = strlen(prefix);

	if (!d)
		return s;
	while ((de = readdir(d))) {
		char *end;
		long id;

		if (strncmp(de->d_name, prefix, n) != 0 || !de->d_name[n])
			continue;
		id = strtol(de->d_name + n, &end, 10);
		if (!*end && id >= 0 && id < IDSET_MAX)
			idset_add(&s, (int)id);
	}
	closedir(d);
	return s;
}

struct idset online_cpus(const struct source *s)
{
	struct idset cpus;

	if (s->xml)
		return hwtopo_ids(hwloc_topology_get_topology_cpuset(s->topo));
	if (sysroot_list(&s->root, &cpus, "sys/devices/system/cpu/online") < 0 ||
	    idset_empty(&cpus))
		cpus = numbered_entries(&s->root, "sys/devices/system/cpu", "cpu");
	return cpus;
}

/* The CPUs of a node: cpulist, or the older cpumap. */
static struct idset node_cpus(const struct sysroot *r, int id, const struct idset *online)
{
	struct idset cpus;
	char text[8192];

	if (sysroot_list(r, &cpus, "sys/devices/system/node/node%d/cpulist", id) < 0 &&
	    sysroot_text(r, text, sizeof(text), "sys/devices/system/node/node%d/cpumap", id) >= 0)
		cpus = cpumap_parse(text);
	return idset_and(&cpus, online);
}

static struct node *node_add(struct machine *m, int id)
{
	struct node *v = realloc(m->nodes, (m->nnodes + 1) * sizeof(*v));

	if (!v)
		return NULL;
	m->nodes = v;
	v[m->nnodes] = (struct node){ .id = id,
				      .package = UNKNOWN("not told"),
				      .memory_bytes = UNKNOWN("not told"),
				      .free_bytes = UNKNOWN("not told"),
				      .giveable_bytes = UNKNOWN("not recorded") };
	return &v[m->nnodes++];
}

/* Memory of a node out of its meminfo, or out of the machine's where there is no NUMA. */
static void read_memory(struct node *n, const struct source *s, const struct limits *l, bool whole)
{
	char text[MEMINFO_ROOM], prefix[24] = "";

	if (whole) {
		sysroot_text(&s->root, text, sizeof(text), "proc/meminfo");
	} else {
		sysroot_text(&s->root, text, sizeof(text), "sys/devices/system/node/node%d/meminfo",
			     n->id);
		snprintf(prefix, sizeof(prefix), "Node %d ", n->id);
	}
	n->memory_bytes = meminfo_bytes(text, prefix, "MemTotal");
	n->free_bytes = meminfo_bytes(text, prefix, "MemFree");
	if (s->root.live)
		n->giveable_bytes = node_giveable(l, n->id, text, prefix);
}

static enum node_kind kind_of(bool has_cpus, bool has_memory)
{
	if (!has_cpus)
		return NODE_CPULESS;
	return has_memory ? NODE_ORDINARY : NODE_MEMORYLESS;
}

/* Nodes as sysfs lists them. A node with neither CPUs nor memory (a generic
 * initiator, a MIG instance's empty node) is none of ours. */
static int nodes_from_sysfs(struct machine *m, const struct source *s, const struct limits *l,
			    const struct idset *ids, const struct idset *online)
{
	struct idset with_memory;
	bool listed =
		sysroot_list(&s->root, &with_memory, "sys/devices/system/node/has_memory") == 0;

	for (int id = -1; (id = idset_next(ids, id)) >= 0;) {
		struct idset cpus = node_cpus(&s->root, id, online);
		struct node *n = node_add(m, id);
		bool memory;

		if (!n)
			return -ENOMEM;
		read_memory(n, s, l, false);
		memory = listed ? idset_has(&with_memory, id)
				: n->memory_bytes.is && n->memory_bytes.value > 0;
		if (idset_empty(&cpus) && !memory) {
			m->nnodes--;
			continue;
		}
		n->cpus = cpus;
		n->kind = kind_of(!idset_empty(&cpus), memory);
		n->allowed = memory && idset_has(&l->mems, id);
	}
	/* All of the machine's memory is the only node's; a guest's node file may leave
	 * out what was plugged in later. */
	if (m->nnodes == 1 && sysroot_exists(&s->root, "proc/meminfo"))
		read_memory(&m->nodes[0], s, l, true);
	return 0;
}

/* The node object that a CPU is nearest to: the first memory of its nearest ancestor
 * that has some (others there are slower memory without CPUs of its own). */
static hwloc_obj_t local_numa(hwloc_obj_t pu)
{
	for (hwloc_obj_t o = pu; o; o = o->parent) {
		hwloc_obj_t child = o->memory_first_child;

		while (child && child->type != HWLOC_OBJ_NUMANODE)
			child = child->memory_first_child;
		if (child)
			return child;
	}
	return NULL;
}

static int nodes_from_hwloc(struct machine *m, const struct source *s, const struct limits *l)
{
	hwloc_topology_t t = s->topo;

	for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, o));) {
		struct node *n;

		if (o->os_index >= IDSET_MAX || (o->subtype && strstr(o->subtype, "GPU")))
			continue;
		n = node_add(m, (int)o->os_index);
		if (!n)
			return -ENOMEM;
		if (o->attr->numanode.local_memory)
			n->memory_bytes = KNOWN((long long)o->attr->numanode.local_memory);
		n->free_bytes = UNKNOWN("not in an hwloc XML file");
	}
	for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PU, o));) {
		hwloc_obj_t numa = local_numa(o);

		for (size_t i = 0; numa && i < m->nnodes; i++)
			if (m->nodes[i].id == (int)numa->os_index)
				idset_add(&m->nodes[i].cpus, (int)o->os_index);
	}
	for (size_t i = 0; i < m->nnodes; i++) {
		struct node *n = &m->nodes[i];

		n->kind = kind_of(!idset_empty(&n->cpus), true);
		n->allowed = idset_has(&l->mems, n->id);
	}
	return 0;
}

/* A kernel without NUMA: node 0 is the whole machine. */
static int one_node(struct machine *m, const struct source *s, const struct limits *l,
		    const struct idset *online)
{
	struct node *n = node_add(m, 0);

	if (!n)
		return -ENOMEM;
	n->cpus = *online;
	n->kind = NODE_ORDINARY;
	n->allowed = true;
	if (!s->xml)
		read_memory(n, s, l, true);
	return 0;
}

static int node_order(const void *a, const void *b)
{
	return ((const struct node *)a)->id - ((const struct node *)b)->id;
}

int nodes_read(struct machine *m, const struct source *s, const struct limits *l,
	       const struct idset *ids, const struct idset *online)
{
	int rc = s->xml ? nodes_from_hwloc(m, s, l) : nodes_from_sysfs(m, s, l, ids, online);

	if (rc == 0 && m->nnodes == 0)
		rc = one_node(m, s, l, online);
	if (rc == 0 && m->nnodes > 1)
		qsort(m->nodes, m->nnodes, sizeof(*m->nodes), node_order);
	return rc;
}
