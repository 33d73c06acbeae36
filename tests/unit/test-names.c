/* test-names.c - how a person is told of a cell: no two kinds of cells have one name. */
#include <string.h>

#include "unit.h"

#include "result/record.h"

static void test_names(void **state)
{
	static const struct {
		const char *json, *name;
	} rows[] = {
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', 'bytes': "
		  "67108864, 'direction': 'h2d', 'cpu_node': 1, 'mem_node': 1, 'gpu': 3}",
		  "pinned h2d, node 1, GPU 3" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', 'bytes': "
		  "65536, 'direction': 'h2d', 'cpu_node': 1, 'mem_node': 1, 'gpu': 3}",
		  "pinned h2d of 64 KiB, node 1, GPU 3" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'latency', 'memory': 'pageable', 'bytes': "
		  "4096, 'direction': 'd2h', 'cpu_node': 0, 'mem_node': 2, 'gpu': 0}",
		  "pageable d2h latency of 4 KiB, threads on node 0, memory of node 2, GPU 0" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'triad', 'cpu_node': 0, 'mem_node': 1}",
		  "triad, threads on node 0, memory of node 1" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'registered', "
		  "'pages_asked': 'hugetlb', 'bytes': 67108864, 'direction': 'd2h', 'cpu_node': 0, "
		  "'mem_node': 0, 'gpu': 1}",
		  "registered d2h, hugetlb pages, node 0, GPU 1" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', "
		  "'together': 'both-ways', 'direction': 'h2d', 'cpu_node': 0, 'mem_node': 0, "
		  "'gpu': 1}",
		  "pinned h2d while d2h runs too, node 0, GPU 1" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', "
		  "'together': 'both-ways', 'direction': 'd2h', 'cpu_node': 0, 'mem_node': 0, "
		  "'gpu': 1}",
		  "pinned d2h while h2d runs too, node 0, GPU 1" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', "
		  "'together': 'both-ways', 'direction': 'bidirectional', 'cpu_node': 0, "
		  "'mem_node': 0, 'gpu': 1}",
		  "pinned both ways, node 0, GPU 1" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', "
		  "'together': 'own-nodes', 'direction': 'h2d', 'gpus': [0, 1]}",
		  "all GPUs at once from their own nodes, pinned h2d" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', "
		  "'together': 'own-nodes', 'direction': 'h2d', 'gpu': 2, 'cpu_node': 1, "
		  "'mem_node': 1}",
		  "GPU 2 of all at once from their own nodes, pinned h2d, node 1" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', "
		  "'together': 'one-node', 'direction': 'd2h', 'gpu': 2, 'cpu_node': 0, "
		  "'mem_node': 0}",
		  "GPU 2 of all at once from node 0, pinned d2h" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pinned', "
		  "'together': 'one-node', 'direction': 'bidirectional', 'gpus': [0, 1], "
		  "'cpu_node': 0, 'mem_node': 2}",
		  "all GPUs at once from one node, pinned both ways, threads on node 0, memory of "
		  "node 2" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'memory': 'pageable', "
		  "'together': 'crossed', 'direction': 'bidirectional', 'gpus': [0, 1]}",
		  "all GPUs at once from nodes not their own, pageable both ways" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'host-latency', 'memory': 'pinned', "
		  "'direction': 'h2d', 'bytes': 8, 'cpu_node': 0, 'mem_node': 0, 'gpu': 0}",
		  "pinned h2d host-latency of 8 B, node 0, GPU 0" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'launch-latency', 'cpu_node': 1, 'gpu': 0}",
		  "launch-latency, node 1, GPU 0" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'load-latency', 'memory': 'mapped', "
		  "'cpu_node': 1, 'mem_node': 1, 'gpu': 0, 'bytes': 134217728}",
		  "mapped load-latency, node 1, GPU 0" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'direction': 'd2h', "
		  "'cpu_node': 0, 'gpu': 0, 'peer': 3, 'peer_access': true, 'path': 'NV12', "
		  "'bytes': 67108864}",
		  "GPU 0 to GPU 3 (NV12), peer access on" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'direction': 'h2d', "
		  "'cpu_node': 0, 'gpu': 0, 'peer': 3, 'peer_access': false}",
		  "GPU 3 to GPU 0, made by the receiver, peer access off" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'together': 'both-ways', "
		  "'direction': 'bidirectional', 'gpu': 0, 'peer': 3, 'peer_access': true, 'path': "
		  "'SYS'}",
		  "GPU 0 and GPU 3 (SYS), both ways, peer access on" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'together': 'both-ways', "
		  "'direction': 'd2h', 'gpu': 0, 'peer': 3, 'peer_access': true, 'path': 'SYS'}",
		  "GPU 0 to GPU 3 (SYS), one way while the other runs too, peer access on" },
		{ "{'test': 'gpu-bandwidth', 'metric': 'host-latency', 'direction': 'd2h', "
		  "'bytes': 8, 'gpu': 0, 'peer': 3, 'peer_access': false, 'path': 'PIX'}",
		  "GPU 0 to GPU 3 (PIX), host-latency of 8 B, peer access off" },
		{ "{'metric': 'bandwidth', 'memory': 'pinned', 'together': 'both-ways', 'bytes': "
		  "4194304, 'direction': 'h2d', 'cpu_node': 0, 'mem_node': 0, 'gpu': 1}",
		  "pinned h2d of 4 MiB while d2h runs too, node 0, GPU 1" },
		{ "{'test': 'gpu-peer', 'metric': 'bandwidth', 'direction': 'd2h', 'bytes': 4096, "
		  "'gpu': 0, 'peer': 3, 'peer_access': true, 'path': 'NV18'}",
		  "GPU 0 to GPU 3 (NV18) of 4 KiB, peer access on" },
		{ "{'test': 'gpu-peer', 'metric': 'load-latency', 'direction': 'h2d', 'bytes': "
		  "134217728, 'gpu': 0, 'peer': 3, 'peer_access': true, 'path': 'NV18'}",
		  "GPU 3 to GPU 0 (NV18), load-latency, peer access on" },
		{ "{'test': 'mem-latency', 'metric': 'latency', 'cpu_node': 0, 'mem_node': 0}",
		  "latency, node 0" },
		{ "{'test': 'gpu-bandwidth', 'gpu': 2}", "gpu-bandwidth, GPU 2" },
		{ "{'test': 'gpu-bandwidth'}", "gpu-bandwidth" },
		{ "{}", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[512], name[160], tiny[8];
		struct record r;
		json_t *o;

		snprintf(text, sizeof text, "%s", rows[i].json);
		for (char *p = text; *p; p++)
			if (*p == '\'')
				*p = '"';
		o = json_loads(text, 0, NULL);
		assert_non_null(o);
		record_init(&r);
		assert_int_equal(record_from_json(&r, o, NULL), 0);
		assert_string_equal(record_name(&r, name, sizeof name), rows[i].name);
		assert_true(strlen(record_name(&r, tiny, sizeof tiny)) < sizeof tiny);
		json_decref(o);
		record_release(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
