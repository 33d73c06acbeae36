/* hwloc-values FILE ATTRIBUTE: what any program that reads hwloc learns of an attribute of memory:
 *
 *     node 1 from 0-23: 153108        a value of a memory node, and of which CPUs it is
 *     best for 0: node 0              of all nodes, for each CPU that begins a node or an initiator
 *
 * 3 where the topology has no such attribute. */
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64 };

static char *list(hwloc_const_bitmap_t set, char *buf, size_t size)
{
	hwloc_bitmap_list_snprintf(buf, size, set);
	return buf;
}

static void print_values(hwloc_topology_t t, hwloc_memattr_id_t id, hwloc_obj_t node)
{
	struct hwloc_location from[MOST];
	hwloc_uint64_t v[MOST];
	unsigned n = MOST;
	char cpus[4096];

	if (hwloc_memattr_get_initiators(t, id, node, 0, &n, from, v) < 0)
		return;
	for (unsigned i = 0; i < n && i < MOST; i++)
		printf("node %u from %s: %llu\n", node->os_index,
		       list(from[i].location.cpuset, cpus, sizeof(cpus)), (unsigned long long)v[i]);
}

static void print_best(hwloc_topology_t t, hwloc_memattr_id_t id, hwloc_obj_t node)
{
	struct hwloc_location from = { .type = HWLOC_LOCATION_TYPE_CPUSET };
	hwloc_obj_t best;
	int cpu = hwloc_bitmap_first(node->cpuset);

	from.location.cpuset = hwloc_bitmap_alloc();
	hwloc_bitmap_only(from.location.cpuset, (unsigned)cpu);
	if (hwloc_memattr_get_best_target(t, id, &from, 0, &best, NULL) == 0)
		printf("best for %d: node %u\n", cpu, best->os_index);
	hwloc_bitmap_free(from.location.cpuset);
}

int main(int argc, char **argv)
{
	hwloc_topology_t t;
	hwloc_memattr_id_t id;

	if (argc != 3 || hwloc_topology_init(&t) < 0)
		return 2;
	hwloc_topology_set_io_types_filter(t, HWLOC_TYPE_FILTER_KEEP_ALL);
	if (hwloc_topology_set_xml(t, argv[1]) < 0 || hwloc_topology_load(t) < 0)
		return 2;
	hwloc_topology_check(t); /* ends the process where the tree contradicts itself */
	if (hwloc_memattr_get_by_name(t, argv[2], &id) < 0) {
		hwloc_topology_destroy(t);
		return 3;
	}
	for (hwloc_obj_t n = NULL; (n = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, n));)
		print_values(t, id, n);
	for (hwloc_obj_t n = NULL; (n = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, n));)
		print_best(t, id, n);
	hwloc_topology_destroy(t);
	return 0;
}
