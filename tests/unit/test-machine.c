/* The machine as data: lookups, names typed by a person, shares, and JSON there and back. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/machine.h"
#include "machine/parts.h"

static struct idset ids(const char *list)
{
	struct idset s = { 0 };

	assert_int_equal(idset_parse_kernel(&s, list), 0);
	return s;
}

static void is_list(struct idset s, const char *list)
{
	char text[256];

	idset_format(&s, text, sizeof(text));
	assert_string_equal(text, list);
}

static void give_cores(struct node *n, size_t count, int first, int sibling)
{
	n->cores = calloc(count, sizeof(*n->cores));
	assert_non_null(n->cores);
	n->ncores = count;
	for (size_t i = 0; i < count; i++) {
		idset_add(&n->cores[i].cpus, first + (int)i);
		if (sibling >= 0)
			idset_add(&n->cores[i].cpus, sibling + (int)i);
	}
}

static void give_gpu(struct gpu *g, int index, const char *pci, const char *uuid,
		     enum gpu_state state)
{
	*g = (struct gpu){ .index = index,
			   .state = state,
			   .node_sysfs = UNKNOWN("not declared (numa_node is -1)"),
			   .node_nvml = UNKNOWN("NVML is not available"),
			   .node_cuda = UNKNOWN("CUDA does not see it"),
			   .own_memory_node = UNKNOWN("its memory is no NUMA node"),
			   .link_gen = UNKNOWN("x"),
			   .link_width = UNKNOWN("x"),
			   .way_gen = KNOWN(5),
			   .way_width = KNOWN(8),
			   .max_gen = KNOWN(5),
			   .max_width = KNOWN(16),
			   .mps = UNKNOWN("x"),
			   .memory_bytes = KNOWN(85899345920) };
	strcpy(g->pci, pci);
	strcpy(g->uuid, uuid);
}

/* Nodes 0 and 2 with CPUs and memory, 5 with CPUs only, 9 with memory only. */
static int set_up(void **state)
{
	static const int distances[16] = { 10, 21, 30, 17, 21, 10, 20, 28,
					   30, 20, 10, 40, 17, 28, 40, 10 };
	struct machine *m = calloc(1, sizeof(*m));

	*state = m;
	m->nnodes = 4;
	m->nodes = calloc(4, sizeof(*m->nodes));
	m->distances = calloc(16, sizeof(*m->distances));
	memcpy(m->distances, distances, sizeof(distances));
	m->nodes[0] = (struct node){ .id = 0, .cpus = ids("0-3,8-11"), .allowed = true };
	m->nodes[1] = (struct node){ .id = 2, .cpus = ids("4-5"), .allowed = true };
	m->nodes[2] = (struct node){ .id = 5, .kind = NODE_MEMORYLESS, .cpus = ids("6-7") };
	m->nodes[3] = (struct node){ .id = 9, .kind = NODE_CPULESS, .allowed = true };
	for (size_t i = 0; i < 4; i++) {
		m->nodes[i].allowed_cpus = m->nodes[i].cpus;
		m->nodes[i].package = KNOWN((long long)i / 2);
		m->nodes[i].memory_bytes = KNOWN(1LL << 36);
		m->nodes[i].free_bytes = KNOWN(1LL << 35);
		m->nodes[i].giveable_bytes = UNKNOWN("no zoneinfo");
	}
	m->allowed_cpus = ids("0-11");
	give_cores(&m->nodes[0], 4, 0, 8);
	give_cores(&m->nodes[1], 2, 4, -1);
	give_cores(&m->nodes[2], 2, 6, -1);
	m->nodes[0].caches = calloc(2, sizeof(struct cache));
	m->nodes[0].ncaches = 2;
	m->nodes[0].caches[0] = (struct cache){ 2, 1 << 20, ids("0,8") };
	m->nodes[0].caches[1] = (struct cache){ 3, 32 << 20, ids("0-5,8-11") };
	m->nodes[1].caches = calloc(1, sizeof(struct cache));
	m->nodes[1].ncaches = 1;
	m->nodes[1].caches[0] = m->nodes[0].caches[1];
	m->ngpus = 3;
	m->gpus = calloc(3, sizeof(*m->gpus));
	give_gpu(&m->gpus[0], 0, "0000:17:00.0", "GPU-aaaa-1111", GPU_USABLE);
	give_gpu(&m->gpus[1], 1, "0000:b1:00.0", "GPU-aabb-2222", GPU_USABLE);
	give_gpu(&m->gpus[2], 2, "0001:17:00.0", "GPU-cccc-3333", GPU_HIDDEN);
	strcpy(m->gpus[2].state_why, "CUDA_VISIBLE_DEVICES=0,1 leaves it out");
	strcpy(m->gpus[0].name, "Some GPU");
	strcpy(m->gpus[1].render_node, "renderD128");
	m->gpu_paths = calloc(9, sizeof(*m->gpu_paths));
	for (size_t i = 0; i < 9; i++)
		strcpy(m->gpu_paths[i], i % 4 == 0 ? "X" : "NV12");
	m->ndevices = 1;
	m->devices = calloc(1, sizeof(*m->devices));
	m->devices[0] = (struct device){
		.kind = DEVICE_NVME, .name = "nvme0", .pci = "0000:01:00.0", .node = KNOWN(2)
	};
	m->cpu_quota_milli = KNOWN(1500);
	m->cuda_build = true;
	return 0;
}

static int tear_down(void **state)
{
	machine_release(*state);
	free(*state);
	return 0;
}

static void lookups_by_number(void **state)
{
	const struct machine *m = *state;

	assert_ptr_equal(machine_node(m, 5), &m->nodes[2]);
	assert_null(machine_node(m, 1));
	assert_null(machine_node(m, -1));
	assert_ptr_equal(machine_gpu(m, 2), &m->gpus[2]);
	assert_null(machine_gpu(m, 3));
	assert_ptr_equal(machine_node_of_cpu(m, 11), &m->nodes[0]);
	assert_null(machine_node_of_cpu(m, 12));
	is_list(machine_cpu_nodes(m), "0,2,5");
	is_list(machine_memory_nodes(m), "0,2,9");
}

static void distances_by_number(void **state)
{
	const struct machine *m = *state;
	struct machine none = { 0 };

	assert_int_equal(machine_distance(m, 0, 9).value, 17);
	assert_int_equal(machine_distance(m, 9, 5).value, 40);
	assert_false(machine_distance(m, 0, 1).is);
	assert_false(machine_distance(&none, 0, 0).is);
}

static void who_drives_and_who_serves(void **state)
{
	struct machine *m = *state;
	int *distances = m->distances;

	assert_int_equal(machine_driver(m, 2)->id, 2);
	assert_int_equal(machine_driver(m, 9)->id, 0);
	assert_int_equal(machine_memory_for(m, 5)->id, 2);
	assert_int_equal(machine_memory_for(m, 9)->id, 9);
	/* Among equals, and where nothing is known of distances, the lower number. */
	m->distances = NULL;
	assert_int_equal(machine_driver(m, 9)->id, 0);
	assert_int_equal(machine_memory_for(m, 5)->id, 0);
	m->distances = distances;
	/* A cpuset that takes node 0's CPUs leaves the next nearest. */
	m->nodes[0].allowed_cpus = (struct idset){ 0 };
	assert_int_equal(machine_driver(m, 9)->id, 2);
	assert_int_equal(machine_driver(m, 0)->id, 2);
	m->nodes[0].allowed_cpus = m->nodes[0].cpus;
	m->nodes[1].allowed = false;
	assert_int_equal(machine_memory_for(m, 5)->id, 0);
	m->nodes[1].allowed = true;
	assert_null(machine_driver(&(struct machine){ 0 }, 0));
}

static void declared_nodes(void **state)
{
	struct machine *m = *state, alone = { .nodes = m->nodes, .nnodes = 1 };
	struct gpu g = m->gpus[0];
	struct known k = gpu_declared_node(m, &g);

	assert_false(k.is);
	assert_non_null(k.why);
	g.node_cuda = KNOWN(0);
	assert_int_equal(gpu_declared_node(m, &g).value, 0);
	assert_string_equal(gpu_declared_node(m, &g).why, "CUDA");
	g.node_nvml = KNOWN(2);
	assert_int_equal(gpu_declared_node(m, &g).value, 2);
	g.node_sysfs = KNOWN(9);
	assert_int_equal(gpu_declared_node(m, &g).value, 9);
	assert_string_equal(gpu_declared_node(m, &g).why, "sysfs");
	/* A node that does not exist is no answer. */
	g.node_sysfs = KNOWN(7);
	assert_int_equal(gpu_declared_node(m, &g).value, 2);
	g.node_nvml = g.node_cuda = KNOWN(77777);
	assert_false(gpu_declared_node(m, &g).is);
	assert_int_equal(gpu_declared_node(&alone, &m->gpus[0]).value, 0);
}

static void last_level_caches_count_once(void **state)
{
	const struct machine *m = *state;
	struct idset one = ids("0"), all = ids("0-11"), none = { 0 }, uncached = ids("6-7");

	assert_int_equal(machine_llc_bytes(m, &one), 32 << 20);
	assert_int_equal(machine_llc_bytes(m, &all), 32 << 20);
	assert_int_equal(machine_llc_bytes(m, &none), 0);
	assert_int_equal(machine_llc_bytes(m, &uncached), 0);
}

static void gpus_as_typed(void **state)
{
	static const struct {
		const char *list;
		int rc;
		const char *gpus, *says;
	} rows[] = {
		{ "", 0, "0-1", NULL },
		{ "0", 0, "0", NULL },
		{ "0-1", 0, "0-1", NULL },
		{ "1,0", 0, "0-1", NULL },
		{ "GPU-aaaa-1111", 0, "0", NULL },
		{ "gpu-AABB", 0, "1", NULL },
		{ "0000:b1:00.0", 0, "1", NULL },
		{ "00000000:B1:00.0", 0, "1", NULL },
		{ "17:00.0", 0, "0", NULL },
		{ "17:00.0,GPU-aabb,1", 0, "0-1", NULL },
		{ "GPU-aa", -EINVAL, "", "several" },
		{ "GPU-zz", -ENODEV, "", "0-2" },
		{ "3", -ENODEV, "", "'3'" },
		{ "0,1,3-7", -ENODEV, "", "'3'" },
		{ "0-7", -EINVAL, "", "left: 0-1" },
		{ "0000:18:00.0", -ENODEV, "", "0000:18:00.0" },
		{ "2", -EINVAL, "", "left: 0-1" },
		{ "0001:17:00.0", -EINVAL, "", "hidden" },
		{ "0,,1", -EINVAL, "", NULL },
		{ ",", -EINVAL, "", NULL },
		{ "1-0", -EINVAL, "", NULL },
		{ "a", -EINVAL, "", NULL },
		{ "-1", -EINVAL, "", NULL },
		{ "0 ", -EINVAL, "", NULL },
		{ "0000:17:00", -EINVAL, "", "PCI" },
		{ "0000:17:00.0x", -EINVAL, "", "PCI" },
		{ "0000:17:20.0", -EINVAL, "", "PCI" },
	};
	const struct machine *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { "" };
		struct idset s;

		assert_int_equal(machine_parse_gpus(m, rows[i].list, &s, &e), rows[i].rc);
		is_list(s, rows[i].gpus);
		assert_int_equal(e.text[0] != '\0', rows[i].rc < 0);
		if (rows[i].says)
			assert_non_null(strstr(e.text, rows[i].says));
	}
}

static void nodes_as_typed(void **state)
{
	static const struct {
		const char *list;
		int rc;
		const char *nodes, *says;
	} rows[] = {
		{ "", 0, "0,2,9", NULL },
		{ "0,2", 0, "0,2", NULL },
		{ "9", 0, "9", NULL },
		{ "1", -ENODEV, "", "0,2,9" },
		{ "0-2", -ENODEV, "", "node 1" },
		{ "5", -ENODEV, "", "may not be used" },
		{ "x", -EINVAL, "", "node list" },
		{ "0,", -EINVAL, "", NULL },
		{ "8191", -ENODEV, "", NULL },
		{ "8192", -EINVAL, "", NULL },
	};
	struct machine *m = *state;

	m->nodes[2].allowed_cpus = (struct idset){ 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { "" };
		struct idset s;

		assert_int_equal(machine_parse_nodes(m, rows[i].list, &s, &e), rows[i].rc);
		is_list(s, rows[i].nodes);
		if (rows[i].says)
			assert_non_null(strstr(e.text, rows[i].says));
	}
	m->nodes[2].allowed_cpus = m->nodes[2].cpus;
}

static void shares_are_disjoint(void **state)
{
	const struct node *n = &((struct machine *)*state)->nodes[0];

	for (size_t shares = 1; shares <= 4; shares++) {
		struct idset seen = { 0 };

		for (size_t i = 0; i < shares; i++) {
			bool shared = true;
			struct idset s = machine_share_cores(n, i, shares, &shared);
			struct idset both = idset_and(&s, &seen);

			assert_false(shared);
			assert_false(idset_empty(&s));
			assert_true(idset_empty(&both));
			seen = idset_or(&seen, &s);
		}
		is_list(seen, "0-3,8-11");
	}
}

static void more_users_than_cores(void **state)
{
	const struct node *n = &((struct machine *)*state)->nodes[1];
	struct node empty = { 0 };
	bool shared = false;

	is_list(machine_share_cores(n, 0, 4, &shared), "4");
	assert_true(shared);
	is_list(machine_share_cores(n, 1, 4, &shared), "4");
	is_list(machine_share_cores(n, 2, 4, &shared), "5");
	is_list(machine_share_cores(n, 3, 4, &shared), "5");
	is_list(machine_share_cores(n, 0, 0, &shared), "4-5");
	assert_false(shared);
	is_list(machine_share_cores(&empty, 0, 2, &shared), "");
	assert_false(shared);
}

static void json_there_and_back(void **state)
{
	const struct machine *m = *state;
	json_t *first = machine_to_json(m), *second;
	struct machine back;
	struct err e = { "" };

	assert_non_null(first);
	assert_int_equal(machine_from_json(&back, first, &e), 0);
	second = machine_to_json(&back);
	assert_true(json_equal(first, second));
	assert_int_equal(back.nodes[3].kind, NODE_CPULESS);
	assert_true(idset_equal(&back.nodes[0].cores[1].cpus, &m->nodes[0].cores[1].cpus));
	assert_string_equal(back.nodes[0].giveable_bytes.why, "no zoneinfo");
	assert_string_equal(back.gpus[0].node_sysfs.why, "not declared (numa_node is -1)");
	assert_string_equal(back.gpus[2].state_why, "CUDA_VISIBLE_DEVICES=0,1 leaves it out");
	assert_int_equal(back.cpu_quota_milli.value, 1500);
	/* Reasons outlive the document that they came in. */
	json_decref(first);
	json_decref(second);
	assert_string_equal(back.nodes[0].giveable_bytes.why, "no zoneinfo");
	machine_release(&back);
}

static void every_gpu_state_there_and_back(void **state)
{
	struct machine *m = *state;
	enum gpu_state before = m->gpus[0].state;

	for (int s = GPU_USABLE; s <= GPU_NO_CUDA; s++) {
		struct machine back;
		json_t *o;

		m->gpus[0].state = (enum gpu_state)s;
		o = machine_to_json(m);
		assert_int_equal(machine_from_json(&back, o, NULL), 0);
		assert_int_equal(back.gpus[0].state, s);
		json_decref(o);
		machine_release(&back);
	}
	m->gpus[0].state = before;
	assert_string_equal(gpu_state_name(GPU_NO_CUDA), "no-cuda");
}

static void json_of_an_empty_machine(void **state)
{
	struct machine empty = { 0 }, back;
	json_t *o = machine_to_json(&empty);

	(void)state;
	assert_int_equal(machine_from_json(&back, o, NULL), 0);
	assert_int_equal(back.nnodes + back.ngpus + back.ndevices, 0);
	json_decref(o);
	machine_release(&back);
}

/* Each row breaks one thing of a good document. */
static void broken_json_is_refused(void **state)
{
	static const struct {
		const char *path[4]; /* keys or indexes on the way */
		const char *value;
		const char *says;
	} rows[] = {
		{ { "nodes" }, "{}", "nodes" },
		{ { "nodes" }, "null", "nodes" },
		{ { "nodes", "0" }, "7", "nodes[0]" },
		{ { "nodes", "1", "id" }, "-1", "nodes[1].id" },
		{ { "nodes", "1", "id" }, "1.5", "nodes[1].id" },
		{ { "nodes", "1", "kind" }, "\"odd\"", "kind" },
		{ { "nodes", "1", "cpus" }, "\"4-\"", "cpus" },
		{ { "nodes", "1", "cores" }, "\"4\"", "cores" },
		{ { "nodes", "1", "cores" }, "[4]", "cores" },
		{ { "nodes", "1", "memory_bytes" }, "\"1\"", "memory_bytes" },
		{ { "nodes", "0", "caches" }, "[[]]", "level" },
		{ { "nodes", "0", "allowed" }, "1", "allowed" },
		{ { "gpus", "0", "index" }, "null", "gpus[0].index" },
		{ { "gpus", "0", "pci" }, "\"0000:17:00.0 and more\"", "pci" },
		{ { "gpus", "0", "state" }, "\"fine\"", "state" },
		{ { "gpus", "0", "link" }, "{\"gen\": \"x\"}", "gen" },
		{ { "distances" }, "{\"nodes\": [0], \"matrix\": [[10]]}", "distances" },
		{ { "distances", "matrix" }, "[[1],[2],[3],[4]]", "distances" },
		{ { "distances", "nodes" }, "[0, 2, 5, 8]", "distances" },
		{ { "gpu_paths" }, "[[\"X\"]]", "gpu_paths" },
		{ { "gpu_paths", "0" }, "[\"X\", \"NV12\", 3]", "gpu_paths" },
		{ { "devices", "0", "kind" }, "\"disk\"", "devices[0].kind" },
		{ { "cpu_quota_milli" }, "\"all\"", "cpu_quota_milli" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *doc = machine_to_json(*state), *at = doc;
		json_t *value = json_loads(rows[i].value, JSON_DECODE_ANY, NULL);
		struct machine back;
		struct err e = { "" };
		size_t last = 0;

		while (last < 3 && rows[i].path[last + 1])
			last++;
		for (size_t j = 0; j < last; j++)
			at = json_is_array(at) ? json_array_get(at, (size_t)atoi(rows[i].path[j]))
					       : json_object_get(at, rows[i].path[j]);
		if (json_is_array(at))
			json_array_set_new(at, (size_t)atoi(rows[i].path[last]), value);
		else
			json_object_set_new(at, rows[i].path[last], value);
		assert_int_equal(machine_from_json(&back, doc, &e), -EINVAL);
		if (!strstr(e.text, rows[i].says))
			fail_msg("row %zu: '%s' does not name %s", i, e.text, rows[i].says);
		assert_int_equal(back.nnodes, 0);
		json_decref(doc);
	}
}

static void pci_addresses(void **state)
{
	char pci[16];

	(void)state;
	assert_true(pci_normalise(pci, "00000000:3B:00.0"));
	assert_string_equal(pci, "0000:3b:00.0");
	assert_true(pci_normalise(pci, "10000:01:1f.7"));
	assert_string_equal(pci, "10000:01:1f.7");
	assert_false(pci_normalise(pci, ""));
	assert_false(pci_normalise(pci, "pci0000:00"));
	assert_false(pci_normalise(pci, "0000:00"));
	assert_false(pci_normalise(pci, "0000:00:1f.8"));
	assert_true(pci_compare("0000:3b:00.0", "0000:b1:00.0") < 0);
	assert_true(pci_compare("10000:01:00.0", "0002:01:00.0") > 0);
	assert_int_equal(pci_compare("0000:3b:00.0", "0000:3b:00.0"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups_by_number),
		cmocka_unit_test(distances_by_number),
		cmocka_unit_test(who_drives_and_who_serves),
		cmocka_unit_test(declared_nodes),
		cmocka_unit_test(last_level_caches_count_once),
		cmocka_unit_test(gpus_as_typed),
		cmocka_unit_test(nodes_as_typed),
		cmocka_unit_test(shares_are_disjoint),
		cmocka_unit_test(more_users_than_cores),
		cmocka_unit_test(json_there_and_back),
		cmocka_unit_test(every_gpu_state_there_and_back),
		cmocka_unit_test(json_of_an_empty_machine),
		cmocka_unit_test(broken_json_is_refused),
		cmocka_unit_test(pci_addresses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
