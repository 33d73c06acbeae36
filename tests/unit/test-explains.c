/* Which findings bear on which records. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "result/explains.h"
#include "result/judge.h"

static struct finding finding(const char *id, const char *status, const char *subject)
{
	struct finding f = { .id = "" };

	snprintf(f.id, sizeof f.id, "%s", id);
	snprintf(f.status, sizeof f.status, "%s", status);
	snprintf(f.subject, sizeof f.subject, "%s", subject);
	return f;
}

/* A record as "test metric gpu mem_node memory"; -1: it has none. */
static struct record record(const char *test, const char *metric, int gpu, int mem_node, int memory)
{
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof r.test, "%s", test);
	snprintf(r.metric, sizeof r.metric, "%s", metric);
	record_set(&r, "test", "metric", NULL);
	if (gpu >= 0) {
		r.gpu = gpu;
		record_set(&r, "gpu", NULL);
	}
	if (mem_node >= 0) {
		r.mem_node = r.cpu_node = mem_node;
		record_set(&r, "mem_node", "cpu_node", NULL);
	}
	if (memory >= 0) {
		r.memory = (enum memory_kind)memory;
		record_set(&r, "memory", NULL);
	}
	return r;
}

static void what_bears_on_what(void **state)
{
	static const struct {
		const char *id, *status, *subject, *test, *metric;
		int gpu, mem_node, memory;
		bool bears;
	} rows[] = {
		{ "pcie.link-width", "fail", "GPU 1 (x)", "gpu-bandwidth", "bandwidth", 1, 0,
		  MEM_PINNED, true },
		{ "pcie.link-width", "warn", "GPU 1 (x)", "gpu-bandwidth", "bandwidth", 0, 0,
		  MEM_PINNED, false },
		{ "pcie.link-width", "pass", "GPU 1 (x)", "gpu-bandwidth", "bandwidth", 1, 0,
		  MEM_PINNED, false },
		{ "pcie.link-width", "skip", "GPU 1 (x)", "gpu-bandwidth", "bandwidth", 1, 0,
		  MEM_PINNED, false },
		{ "pcie.link-width", "fail", "GPU 1 (x)", "gpu-latency", "host-latency", 1, 0,
		  MEM_PINNED, false },
		{ "pcie.link-width", "fail", "GPU 1 (x)", "gpu-bandwidth", "bandwidth", 10, 0,
		  MEM_PINNED, false },
		{ "container.gpu-node", "fail", "GPU 1 (x)", "gpu-latency", "host-latency", 1, 0,
		  MEM_PINNED, true },
		{ "kernel.numa-balancing", "warn", "numa_balancing", "mem-latency", "latency", -1,
		  1, -1, true },
		{ "kernel.numa-balancing", "warn", "numa_balancing", "gpu-bandwidth", "bandwidth",
		  0, 1, MEM_PAGEABLE, true },
		{ "kernel.numa-balancing", "warn", "numa_balancing", "gpu-bandwidth", "bandwidth",
		  0, 1, MEM_PINNED, false },
		{ "memory.nodes", "warn", "node 1", "mem-bandwidth", "triad", -1, 1, -1, true },
		{ "memory.nodes", "warn", "node 1", "mem-bandwidth", "triad", -1, 0, -1, false },
		{ "cpu.governor", "warn", "CPUs 0-7", "gpu-latency", "launch-latency", 0, 0, -1,
		  true },
		{ "container.shm", "warn", "/dev/shm", "mem-bandwidth", "triad", -1, 0, -1, false },
		{ "gpu.count", "fail", "GPUs", "gpu-bandwidth", "bandwidth", 1, 0, MEM_PINNED,
		  false },
	};
	struct result res;

	(void)state;
	result_init(&res);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct finding f = finding(rows[i].id, rows[i].status, rows[i].subject);
		struct record r = record(rows[i].test, rows[i].metric, rows[i].gpu,
					 rows[i].mem_node, rows[i].memory);

		if (finding_explains(&res, &f, &r) != rows[i].bears)
			fail_msg("row %zu", i);
		record_release(&r);
	}
	result_release(&res);
}

/* Every record names each id once; judging again changes nothing, and what is gone is gone. */
static void records_name_them(void **state)
{
	const struct finding f[] = { finding("pcie.link-width", "fail", "GPU 0 (a)"),
				     finding("pcie.link-width", "fail", "GPU 1 (b)"),
				     finding("pcie.slot", "warn", "GPU 1 (b)") };
	struct result res;
	json_t *ids;

	(void)state;
	result_init(&res);
	for (int g = 0; g < 3; g++) {
		struct record r = record("gpu-bandwidth", "bandwidth", g, 0, MEM_PINNED);

		assert_int_equal(result_add(&res, &r), 0);
		record_release(&r);
	}
	for (size_t i = 0; i < sizeof f / sizeof *f; i++)
		assert_int_equal(result_find(&res, &f[i]), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(judge(&res), 0);
		ids = json_object_get(res.records[0].more, "findings");
		assert_int_equal(json_array_size(ids), 1);
		ids = json_object_get(res.records[1].more, "findings");
		assert_int_equal(json_array_size(ids), 2);
		assert_string_equal(json_string_value(json_array_get(ids, 1)), "pcie.slot");
		assert_null(json_object_get(res.records[2].more, "findings"));
	}
	result_forget_findings(&res);
	assert_int_equal(findings_attach(&res), 0);
	assert_null(json_object_get(res.records[1].more, "findings"));
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_bears_on_what),
		cmocka_unit_test(records_name_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
