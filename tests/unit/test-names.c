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
		{ "{'test': 'mem-latency', 'metric': 'latency', 'cpu_node': 1, 'mem_node': 1, "
		  "'bytes': 49152, 'undersized': true}",
		  "latency of 48 KiB, node 1" },
		{ "{'test': 'mem-latency', 'metric': 'latency', 'cpu_node': 1, 'mem_node': 0, "
		  "'bytes': 268435456, 'undersized': false}",
		  "latency, threads on node 1, memory of node 0" },
		{ "{'test': 'mem-latency', 'metric': 'loaded-latency', 'cpu_node': 1, 'mem_node': "
		  "1, 'load_step': 4}",
		  "loaded-latency, load step 4, node 1" },
		{ "{'test': 'mem-latency', 'metric': 'core-to-core', 'cpu_node': 0, 'cpu_pair': "
		  "[3, 64]}",
		  "core-to-core, CPUs 3 and 64" },
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
		{ "{'test': 'mem-bandwidth', 'metric': 'triad', 'unit': 'B/s', 'threads': 1, "
		  "'cpu_node': 0, 'mem_node': 0, 'bytes': 1048576, 'undersized': false}",
		  "triad, 1 thread, node 0" },
		{ "{'test': 'mem-bandwidth', 'metric': 'read', 'unit': 'B/s', 'threads': 64, "
		  "'cpu_node': 0, 'mem_node': 0, 'bytes': 1048576, 'undersized': true}",
		  "read of 1 MiB, 64 threads, node 0" },
		{ "{'test': 'mem-bandwidth', 'metric': 'triad', 'unit': 'B/s', 'threads': 64, "
		  "'cpu_node': 1, 'policy': 'weighted-interleave'}",
		  "triad, policy weighted-interleave, 64 threads, node 1" },
		{ "{'test': 'migration', 'metric': 'bandwidth', 'unit': 'B/s', 'cpu_node': 0, "
		  "'mem_node': 0, 'to_node': 1, 'phase': 'settled', 'bytes': 1024, 'threads': 4}",
		  "bandwidth, settled, 4 threads, node 0 to node 1" },
		{ "{'test': 'migration', 'metric': 'latency', 'unit': 's', 'cpu_node': 0, "
		  "'mem_node': 0, 'to_node': 1, 'phase': 'returned', 'bytes': 1024}",
		  "latency, back again, node 0 to node 1" },
		{ "{'test': 'migration', 'metric': 'refill-time', 'unit': 's', 'cpu_node': 0, "
		  "'mem_node': 0, 'to_node': 0, 'cpu_pair': [2, 5], 'bytes': 32768}",
		  "refill-time of 32 KiB, CPU 2 to CPU 5 of node 0" },
		{ "{'test': 'migration', 'metric': 'page-rate', 'unit': 'B/s', 'cpu_node': 0, "
		  "'mem_node': 0, 'to_node': 1, 'mover': 'move-pages', 'locked': 'io-uring', "
		  "'pages_asked': '4k'}",
		  "page-rate, by move-pages, held by io-uring, 4 KiB pages, node 0 to node 1" },
		{ "{'test': 'migration', 'metric': 'feed-rate', 'unit': 'B/s', 'memory': 'pinned', "
		  "'bytes': 67108864, 'cpu_node': 0, 'mem_node': 0, 'to_node': 1, 'phase': "
		  "'followed', 'mover': 'migrate-pages', 'gpu': 2}",
		  "pinned feed-rate, pages followed, by migrate-pages, node 0 to node 1, GPU 2" },
		{ "{'test': 'migration', 'metric': 'feed-rate', 'unit': 'B/s', 'memory': 'pinned', "
		  "'bytes': 67108864, 'mem_node': 0, 'binding': 'cpu', 'competing': true, 'gpu': "
		  "2}",
		  "pinned feed-rate, bound: CPUs only, others at work, node 0, GPU 2" },
		{ "{'test': 'migration', 'metric': 'feed-rate', 'unit': 'B/s', 'memory': 'pinned', "
		  "'bytes': 67108864, 'binding': 'unbound', 'competing': false, 'together': "
		  "'own-nodes', 'gpus': [0, 1]}",
		  "all GPUs at once from their own nodes, pinned feed-rate, unbound" },
		{ "{'test': 'mem-bandwidth', 'metric': 'triad', 'unit': 'B/s', 'threads': 64, "
		  "'cpu_node': 1, 'mem_node': 1, 'pages_asked': '4k'}",
		  "triad, 4 KiB pages, 64 threads, node 1" },
		{ "{'test': 'mem-bandwidth', 'metric': 'triad', 'unit': 'B/s', 'threads': 128, "
		  "'together': 'own-nodes'}",
		  "all nodes at once on their own memory, triad, 128 threads" },
		{ "{'test': 'mem-bandwidth', 'metric': 'triad', 'unit': 'B/s', 'threads': 64, "
		  "'together': 'own-nodes', 'cpu_node': 1, 'mem_node': 1}",
		  "node 1 of all at once on their own memory, triad, 64 threads" },
		{ "{'test': 'mem-bandwidth', 'metric': 'read', 'unit': 'B/s', 'threads': 128, "
		  "'together': 'one-node', 'mem_node': 2}",
		  "all nodes at once on the memory of node 2, read, 128 threads" },
		{ "{'test': 'mem-bandwidth', 'metric': 'read', 'unit': 'B/s', 'threads': 64, "
		  "'together': 'one-node', 'cpu_node': 0, 'mem_node': 2}",
		  "node 0 of all at once on the memory of node 2, read, 64 threads" },
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

/* The last word of each enum: none is missing before it. */
static void test_words(void **state)
{
	(void)state;
	assert_string_equal(phase_name(PHASE_RETURNED), "returned");
	assert_string_equal(bound_name(BOUND_BOTH), "both");
	assert_string_equal(mover_name(MOVER_BALANCING), "balancing");
	assert_string_equal(page_lock_name(LOCK_REGISTERED), "registered");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names),
					    cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
