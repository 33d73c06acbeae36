#include "result/explains.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* What of a record an id bears on. All patterns are those of fnmatch(3). */
static const struct bearing {
	const char *id, *test, *metric;
	bool by_cpu; /* only what a CPU moves: CPU memory, and pageable copies */
} bearings[] = {
	{ "gpu.nvlink", "gpu-peer", "*", false },
	{ "pcie.acs", "gpu-peer", "*", false },
	{ "gpu.declared-node", "gpu-*", "*", false },
	{ "gpu.idle", "gpu-*", "*", false },
	{ "gpu.clock-reasons", "gpu-*", "*", false },
	{ "gpu.power-limit", "gpu-*", "*", false },
	{ "gpu.ecc-errors", "gpu-*", "*", false },
	{ "pcie.link-*", "gpu-*", "bandwidth", false },
	{ "pcie.slot", "gpu-*", "bandwidth", false },
	{ "pcie.payload", "gpu-*", "bandwidth", false },
	{ "pcie.read-request", "gpu-*", "bandwidth", false },
	{ "pcie.replays", "gpu-*", "*", false },
	{ "pcie.errors", "gpu-*", "*", false },
	{ "pcie.iommu", "gpu-*", "*", false },
	{ "container.gpu-node", "gpu-*", "*", false },
	{ "vm.nodes", "gpu-*", "*", false },
	{ "memory.nodes", "mem-*", "*", false },
	{ "memory.channels", "mem-bandwidth", "*", false },
	{ "cpu.governor", "*", "*latency", false },
	{ "cpu.governor", "*", "*", true },
	{ "cpu.idle-states", "gpu-*", "*latency", false },
	{ "cpu.interrupts", "gpu-*", "*latency", false },
	{ "kernel.numa-balancing", "*", "*", true },
	{ "container.cpu-quota", "*", "*", true },
	{ "container.throttling", "*", "*", true },
	{ "container.mempolicy", "*", "*", true },
	{ "run.load", "*", "*latency", false },
	{ "run.load", "*", "*", true },
};

static bool moved_by_cpu(const struct record *r)
{
	return strncmp(r->test, "mem-", 4) == 0 ||
	       (record_has(r, "memory") && r->memory == MEM_PAGEABLE);
}

static bool has_gpu(const struct record *r, int gpu)
{
	for (size_t i = 0; record_has(r, "gpus") && i < r->gpus.n; i++)
		if ((int)r->gpus.v[i] == gpu)
			return true;
	return (record_has(r, "gpu") && r->gpu == gpu) || (record_has(r, "peer") && r->peer == gpu);
}

/* The record is of what the finding is about; one about the whole machine is about all. */
static bool same_subject(const struct result *res, const char *subject, const struct record *r)
{
	const struct node *n =
		record_has(r, "mem_node") ? machine_node(&res->machine, r->mem_node) : NULL;
	int number;

	if (sscanf(subject, "GPU %d", &number) == 1)
		return has_gpu(r, number);
	if (sscanf(subject, "node %d", &number) == 1)
		return (record_has(r, "mem_node") && r->mem_node == number) ||
		       (record_has(r, "cpu_node") && r->cpu_node == number);
	if (sscanf(subject, "package %d", &number) == 1)
		return n && n->package.is && n->package.value == number;
	return true;
}

bool finding_explains(const struct result *res, const struct finding *f, const struct record *r)
{
	if (strcmp(f->status, "warn") != 0 && strcmp(f->status, "fail") != 0)
		return false;
	for (size_t i = 0; i < sizeof bearings / sizeof *bearings; i++)
		if (fnmatch(bearings[i].id, f->id, 0) == 0 &&
		    fnmatch(bearings[i].test, r->test, 0) == 0 &&
		    fnmatch(bearings[i].metric, r->metric, 0) == 0 &&
		    (!bearings[i].by_cpu || moved_by_cpu(r)) && record_has(r, "metric"))
			return same_subject(res, f->subject, r);
	return false;
}

/* The list of one record's ids, each once; NULL: none, or out of memory (*rc). */
static json_t *ids_for(const struct result *res, const struct record *r, int *rc)
{
	const char *last = "";
	json_t *list = NULL;

	for (size_t i = 0; i < res->nfindings; i++) {
		const struct finding *f = &res->findings[i];

		if (strcmp(last, f->id) == 0 || !finding_explains(res, f, r))
			continue;
		last = f->id;
		list = list ? list : json_array();
		if (json_array_append_new(list, json_string(f->id)) < 0)
			*rc = -ENOMEM;
	}
	return list;
}

int findings_attach(struct result *res)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		struct record *r = &res->records[i];
		json_t *ids = ids_for(res, r, &rc);

		if (r->more)
			json_object_del(r->more, "findings");
		if (!ids)
			continue;
		r->more = r->more ? r->more : json_object();
		if (json_object_set_new(r->more, "findings", ids) < 0)
			rc = -ENOMEM;
	}
	return rc;
}
