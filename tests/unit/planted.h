/* planted.h - machines and records put together by hand, for tests of what looks at them. */
#ifndef NB_TESTS_PLANTED_H
#define NB_TESTS_PLANTED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "result/judge.h"
#include "result/recommend.h"
#include "result/result.h"

/* Nodes 0 .. nnodes-1 of `cores` cores with two siblings each, all allowed: node n
 * has CPUs from 2 * cores * n on. GPU g hangs on node g % nnodes (sysfs). */
static inline void plant_machine(struct machine *m, size_t nnodes, int cores, size_t ngpus)
{
	*m = (struct machine){ .nnodes = nnodes,
			       .ngpus = ngpus,
			       .live = true,
			       .cpu_quota_milli = UNKNOWN("no quota") };
	m->nodes = calloc(nnodes + 1, sizeof *m->nodes);
	m->distances = calloc(nnodes * nnodes + 1, sizeof *m->distances);
	m->gpus = calloc(ngpus + 1, sizeof *m->gpus);
	for (size_t i = 0; i < nnodes * nnodes; i++)
		m->distances[i] = i / nnodes == i % nnodes
					  ? 10
					  : 20 + abs((int)(i / nnodes) - (int)(i % nnodes));
	for (size_t i = 0; i < nnodes; i++) {
		struct node *n = &m->nodes[i];

		*n = (struct node){ .id = (int)i,
				    .kind = NODE_ORDINARY,
				    .package = KNOWN((int)i),
				    .memory_bytes = KNOWN(1LL << 36),
				    .free_bytes = KNOWN(1LL << 35),
				    .giveable_bytes = UNKNOWN("not asked"),
				    .allowed = true,
				    .ncores = (size_t)cores,
				    .cores = calloc((size_t)cores + 1, sizeof *n->cores) };
		for (int c = 0; c < 2 * cores; c++) {
			int cpu = 2 * cores * (int)i + c;

			idset_add(&n->cores[c / 2].cpus, cpu);
			idset_add(&n->cpus, cpu);
			idset_add(&m->allowed_cpus, cpu);
		}
		n->allowed_cpus = n->cpus;
	}
	for (size_t i = 0; i < ngpus; i++) {
		const struct known none = UNKNOWN("not asked");
		struct gpu *g = &m->gpus[i];

		*g = (struct gpu){ .index = (int)i,
				   .state = GPU_USABLE,
				   .name = "NVIDIA H200",
				   .node_sysfs = KNOWN((int)(i % nnodes)),
				   .node_nvml = none,
				   .node_cuda = none,
				   .own_memory_node = none,
				   .link_gen = none,
				   .link_width = none,
				   .max_gen = none,
				   .max_width = none,
				   .mps = none,
				   .memory_bytes = none };
		snprintf(g->pci, sizeof g->pci, "0000:%02x:00.0", (unsigned)(0x17 + i) & 0xff);
	}
}

/* A pinned copy between node `node` and GPU `gpu`: `rounds` samples around
 * `figure`, which vary by `noise` of it in another order on every node, on
 * `openings` allocations. */
struct planted {
	const char *test;
	enum direction direction;
	int node, gpu, rounds, openings;
	double figure, noise;
};

static inline struct record *plant_record(struct result *res, struct planted p)
{
	bool latency = strcmp(p.test, "gpu-latency") == 0;
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof r.test, "%s", p.test);
	snprintf(r.metric, sizeof r.metric, "%s", latency ? "latency" : "bandwidth");
	snprintf(r.unit, sizeof r.unit, "%s", latency ? "s" : "B/s");
	r.better = latency ? BETTER_LOWER : BETTER_HIGHER;
	r.cpu_node = r.mem_node = p.node;
	r.gpu = p.gpu;
	r.direction = p.direction;
	r.memory = MEM_PINNED;
	r.bytes = latency ? 4096 : 1 << 26;
	for (int i = 0; i < p.rounds; i++) {
		double swing = (double)((i * 7 + p.node * 3) % 5 - 2) / 2; /* -1 .. 1 */

		assert_int_equal(record_sample(&r, p.figure * (1 + p.noise * swing), i * 0.5, i,
					       i * p.openings / p.rounds),
				 0);
	}
	record_summarise(&r);
	r.placement = (struct placement){ .requested = p.node,
					  .resident = calloc(1, sizeof(struct resident)),
					  .nresident = 1,
					  .ran_on = calloc(1, sizeof(int)),
					  .nran_on = 1,
					  .proof = PROOF_MOVE_PAGES };
	r.placement.resident[0] = (struct resident){ p.node, 16384 };
	r.placement.ran_on[0] = p.node;
	record_set(&r, "test", "metric", "unit", "better", "cpu_node", "mem_node", "gpu",
		   "direction", "memory", "bytes", "placement", NULL);
	assert_int_equal(result_add(res, &r), 0);
	record_release(&r);
	return &res->records[res->nrecords - 1];
}

/* A result of nothing yet, of a run that came to its end. */
static inline void plant_result(struct result *res, size_t nnodes, int cores, size_t ngpus)
{
	result_init(res);
	plant_machine(&res->machine, nnodes, cores, ngpus);
	snprintf(res->run.id, sizeof res->run.id, "node7-20261121T012806Z");
	snprintf(res->run.started, sizeof res->run.started, "2026-11-21T01:28:06Z");
	snprintf(res->run.version, sizeof res->run.version, "0.1.0");
	res->run.seconds = 1 / 3.0;
	res->run.seed = 7;
	res->run.complete = true;
	res->run.command = json_pack("[s, s]", "numabench", "--all");
	res->run.options = json_object();
	res->host = json_pack("{s:{}, s:{}, s:{}}", "identity", "conditions", "rest");
}

/* Two nodes, two GPUs, one better bound to node 1; a fault and a warning. */
static inline void plant_whole(struct result *res)
{
	struct finding f = {
		.id = "numa.balancing", .family = "memory", .status = "warn", .subject = "kernel"
	};

	plant_result(res, 2, 4, 2);
	for (int g = 0; g < 2; g++)
		for (int n = 0; n < 2; n++)
			plant_record(res, (struct planted){ .test = "gpu-bandwidth",
							    .node = n,
							    .gpu = g,
							    .rounds = 12,
							    .openings = 3,
							    .figure = n ? 2e10 / 3 : 1e10 / 3,
							    .noise = 0.01 });
	record_status(&res->records[2], STATUS_CRASHED, "ended by signal 11");
	assert_int_equal(result_find(res, &f), 0);
	assert_int_equal(recommend(res), 0);
	assert_int_equal(judge(res), 0);
}

#endif
