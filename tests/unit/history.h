/* history.h - runs of one planted machine, for tests of baselines and comparisons. */
#ifndef NB_TESTS_HISTORY_H
#define NB_TESTS_HISTORY_H

#include "planted.h"

/* Run number `number` of two nodes and `ngpus` GPUs: pinned copies both ways and latencies, from
 * node 0 to every GPU; all `level` of what they usually are, give or take 0.1 % from run to run. */
static inline void plant_run(struct result *res, int number, size_t ngpus, double level)
{
	static const enum direction ways[] = { DIR_H2D, DIR_D2H };
	double own = level * (1 + 0.001 * ((number * 7) % 5 - 2));

	plant_result(res, 2, 4, ngpus);
	snprintf(res->run.id, sizeof res->run.id, "node7-%d", number);
	snprintf(res->run.started, sizeof res->run.started, "2026-11-21T01:%02d:06Z", number);
	json_decref(res->host);
	res->host = json_pack("{s:{s:s, s:[{s:s, s:n, s:s}]}, s:{s:s}, s:{s:s}}", "identity", "cpu",
			      "EPYC", "gpus", "name", "NVIDIA H200", "mig", "mig_why",
			      number % 2 ? "NVML does not tell" : "nobody asked", "conditions",
			      "kernel", "6.1", "rest", "hostname", "node7");
	for (int g = 0; g < (int)ngpus; g++) {
		for (size_t w = 0; w < 2; w++)
			plant_record(res, (struct planted){ .test = "gpu-bandwidth",
							    .direction = ways[w],
							    .gpu = g,
							    .rounds = 6,
							    .openings = 3,
							    .figure = (50e9 + 1e9 * g) * own });
		plant_record(res, (struct planted){ .test = "gpu-latency",
						    .gpu = g,
						    .rounds = 6,
						    .openings = 3,
						    .figure = 9e-6 / own });
	}
}

static inline void plant_runs(struct result *res, int n, size_t ngpus, double level)
{
	for (int i = 0; i < n; i++)
		plant_run(&res[i], i, ngpus, level);
}

static inline void release_runs(struct result *res, int n)
{
	for (int i = 0; i < n; i++)
		result_release(&res[i]);
}

#endif
