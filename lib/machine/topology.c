#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"

static struct known package_above(hwloc_obj_t o)
{
	while (o && o->type != HWLOC_OBJ_PACKAGE)
		o = o->parent;
	if (!o || o->os_index == HWLOC_UNKNOWN_INDEX)
		return UNKNOWN("the kernel names no package");
	return KNOWN(o->os_index);
}

static struct known package_of(const struct source *s, const struct node *n)
{
	struct known found =
		package_above(hwloc_get_numanode_obj_by_os_index(s->topo, (unsigned)n->id));
	bool first = true;

	for (int cpu = -1; (cpu = idset_next(&n->cpus, cpu)) >= 0; first = false) {
		struct known k =
			package_above(hwloc_get_pu_obj_by_os_index(s->topo, (unsigned)cpu));

		if (!first && (k.is != found.is || k.value != found.value))
			return UNKNOWN("its CPUs are of several packages");
		found = k;
	}
	return found;
}

static int add_core(struct node *n, const struct idset *cpus)
{
	struct core *v = realloc(n->cores, (n->ncores + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	n->cores = v;
	v[n->ncores++].cpus = *cpus;
	return 0;
}

static int core_order(const void *a, const void *b)
{
	return idset_next(&((const struct core *)a)->cpus, -1) -
	       idset_next(&((const struct core *)b)->cpus, -1);
}

static int read_cores(struct node *n, const struct source *s)
{
	struct idset left = n->allowed_cpus;
	int rc = 0;

	for (hwloc_obj_t o = NULL;
	     rc == 0 && (o = hwloc_get_next_obj_by_type(s->topo, HWLOC_OBJ_CORE, o));) {
		struct idset cpus = hwtopo_ids(o->cpuset);

		cpus = idset_and(&cpus, &left);
		if (idset_empty(&cpus))
			continue;
		left = idset_minus(&left, &cpus);
		rc = add_core(n, &cpus);
	}
	/* Where nothing tells cores apart every CPU is one. */
	for (int cpu = -1; rc == 0 && (cpu = idset_next(&left, cpu)) >= 0;) {
		struct idset one = { 0 };

		idset_add(&one, cpu);
		rc = add_core(n, &one);
	}
	if (rc == 0 && n->ncores > 1)
		qsort(n->cores, n->ncores, sizeof(*n->cores), core_order);
	return rc;
}

static int read_caches(struct node *n, const struct source *s)
{
	static const hwloc_obj_type_t types[] = { HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
						  HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE,
						  HWLOC_OBJ_L5CACHE };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (hwloc_obj_t o = NULL;
		     (o = hwloc_get_next_obj_by_type(s->topo, types[i], o));) {
			struct idset cpus = hwtopo_ids(o->cpuset),
				     here = idset_and(&cpus, &n->cpus);
			struct cache *v;

			if (idset_empty(&here) || !o->attr->cache.size)
				continue;
			v = realloc(n->caches, (n->ncaches + 1) * sizeof(*v));
			if (!v)
				return -ENOMEM;
			n->caches = v;
			v[n->ncaches++] = (struct cache){ .level = (int)o->attr->cache.depth,
							  .bytes = o->attr->cache.size,
							  .cpus = cpus };
		}
	return 0;
}

/* The kernel has a byte for it (include/linux/topology.h), firmware's tables have more. */
static bool is_distance(unsigned long long d)
{
	return d > 0 && d <= 65535;
}

/* One row of a node's distance file; its columns are the online nodes in order. */
static bool distance_row(const struct sysroot *r, int id, const struct idset *columns, int *row,
			 const struct machine *m)
{
	char text[8192], *p = text;
	int column = -1;
	size_t found = 0;

	if (sysroot_text(r, text, sizeof(text), "sys/devices/system/node/node%d/distance", id) <= 0)
		return false;
	while ((column = idset_next(columns, column)) >= 0) {
		char *end;
		long d = strtol(p, &end, 10);

		if (end == p || d < 0 || !is_distance((unsigned long long)d))
			return false;
		p = end;
		for (size_t i = 0; i < m->nnodes; i++)
			if (m->nodes[i].id == column) {
				row[i] = (int)d;
				found++;
			}
	}
	return found == m->nnodes;
}

static bool distances_from_hwloc(struct machine *m, const struct source *s)
{
	struct hwloc_distances_s *d;
	unsigned one = 1;
	size_t found = 0;

	if (hwloc_distances_get_by_name(s->topo, "NUMALatency", &one, &d, 0) < 0 || one != 1)
		return false;
	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t j = 0; j < m->nnodes; j++) {
			hwloc_obj_t a, b;
			int ai, bi;

			a = hwloc_get_numanode_obj_by_os_index(s->topo, (unsigned)m->nodes[i].id);
			b = hwloc_get_numanode_obj_by_os_index(s->topo, (unsigned)m->nodes[j].id);
			ai = a ? hwloc_distances_obj_index(d, a) : -1;
			bi = b ? hwloc_distances_obj_index(d, b) : -1;
			if (ai < 0 || bi < 0 ||
			    !is_distance(d->values[(unsigned)ai * d->nbobjs + (unsigned)bi]))
				continue;
			m->distances[i * m->nnodes + j] =
				(int)d->values[(unsigned)ai * d->nbobjs + (unsigned)bi];
			found++;
		}
	hwloc_distances_release(s->topo, d);
	return found == m->nnodes * m->nnodes;
}

static int read_distances(struct machine *m, const struct source *s, const struct idset *columns)
{
	bool ok = true;

	m->distances = calloc(m->nnodes * m->nnodes, sizeof(*m->distances));
	if (!m->distances)
		return -ENOMEM;
	for (size_t i = 0; ok && i < m->nnodes; i++)
		ok = !s->xml && distance_row(&s->root, m->nodes[i].id, columns,
					     m->distances + i * m->nnodes, m);
	if (!ok && !distances_from_hwloc(m, s)) {
		free(m->distances);
		m->distances = NULL;
	}
	return 0;
}

int topology_read(struct machine *m, const struct source *s, const struct limits *l,
		  const struct idset *not_host, struct err *e)
{
	struct idset online = online_cpus(s), all = { 0 }, ids;
	int rc;

	if (idset_empty(&online))
		return err_set(e, -EINVAL, "%s: no CPUs under sys/devices/system/cpu",
			       s->xml ? "the XML file" : s->root.path);
	if (!s->xml && (sysroot_list(&s->root, &all, "sys/devices/system/node/online") < 0 ||
			idset_empty(&all)))
		all = numbered_entries(&s->root, "sys/devices/system/node", "node");
	ids = idset_minus(&all, not_host);
	rc = nodes_read(m, s, l, &ids, &online);
	m->allowed_cpus = idset_and(&online, &l->cpus);
	for (size_t i = 0; rc == 0 && i < m->nnodes; i++) {
		struct node *n = &m->nodes[i];

		n->allowed_cpus = idset_and(&n->cpus, &m->allowed_cpus);
		n->package = package_of(s, n);
		rc = read_cores(n, s);
		if (rc == 0)
			rc = read_caches(n, s);
	}
	if (rc == 0)
		rc = read_distances(m, s, &all);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

void topology_drop_nodes(struct machine *m, const struct idset *gone)
{
	size_t kept = 0, *from = calloc(m->nnodes + 1, sizeof(*from));

	if (!from)
		return;
	for (size_t i = 0; i < m->nnodes; i++) {
		if (idset_has(gone, m->nodes[i].id) && idset_empty(&m->nodes[i].cpus)) {
			free(m->nodes[i].cores);
			free(m->nodes[i].caches);
			continue;
		}
		from[kept] = i;
		m->nodes[kept++] = m->nodes[i];
	}
	/* In place: every element moves to a lower or its own index, in rising order. */
	for (size_t i = 0; m->distances && i < kept; i++)
		for (size_t j = 0; j < kept; j++)
			m->distances[i * kept + j] = m->distances[from[i] * m->nnodes + from[j]];
	m->nnodes = kept;
	free(from);
}
