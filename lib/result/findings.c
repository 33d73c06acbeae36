/* findings.c - what stands out before any verdict: GPUs that cannot be used, are too
 * few, out of reach or declared elsewhere; cells that were left out. */
#include "result/findings.h"

#include <stdio.h>
#include <string.h>

/* How each state is judged, and what mends it. */
static const struct {
	const char *status, *observed, *expected, *fix;
} states[] = {
	[GPU_USABLE] = { "pass", "CUDA runs on it", "", "" },
	[GPU_HIDDEN] = { "warn", "hidden from this process", "visible to CUDA",
			 "clear CUDA_VISIBLE_DEVICES, or give the container or the job this GPU" },
	[GPU_LOST] = { "fail", "CUDA cannot use it", "usable, for the nvidia driver holds it",
		       "read the driver's messages (dmesg, grep NVRM), then reset it (nvidia-smi "
		       "--gpu-reset), reload the driver or reboot" },
	[GPU_NO_DRIVER] = { "warn", "the nvidia driver does not hold it",
			    "bound to the nvidia driver", "install or load the nvidia driver" },
	[GPU_VFIO] = { "pass", "handed to a virtual machine (vfio-pci)", "", "" },
	[GPU_UNPROBED] = { "skip", "CUDA was not asked", "", "" },
	[GPU_NO_CUDA] = { "warn", "CUDA was not asked", "usable, for the nvidia driver holds it",
			  "rebuild with the CUDA toolkit: make CUDA_HOME=/usr/local/cuda" },
};

static bool is_ours(const struct finding *f)
{
	static const char *const ours[] = { "gpu.present", "gpu.count", "gpu.declared-node",
					    "container.gpu-node", "run.cells" };

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strcmp(f->id, ours[i]) == 0)
			return true;
	return false;
}

/* Judging twice must not find twice. */
static void forget_findings(struct result *res)
{
	size_t kept = 0;

	for (size_t i = 0; i < res->nfindings; i++) {
		if (is_ours(&res->findings[i]))
			json_decref(res->findings[i].more);
		else
			res->findings[kept++] = res->findings[i];
	}
	res->nfindings = kept;
}

static int find_gpu(struct result *res, const struct gpu *g)
{
	struct finding f = { .id = "gpu.present", .family = "gpu", .source = "PCI bus, CUDA" };

	snprintf(f.subject, sizeof f.subject, "GPU %d (%s)", g->index, g->pci);
	snprintf(f.status, sizeof f.status, "%s", states[g->state].status);
	snprintf(f.observed, sizeof f.observed, "%s%s%.120s", states[g->state].observed,
		 g->state_why[0] ? ": " : "", g->state_why);
	snprintf(f.expected, sizeof f.expected, "%s", states[g->state].expected);
	snprintf(f.fix, sizeof f.fix, "%s", states[g->state].fix);
	return result_find(res, &f);
}

static int find_count(struct result *res)
{
	const json_t *required = json_object_get(res->run.options, "require_gpus");
	struct finding f = {
		.id = "gpu.count", .family = "gpu", .subject = "GPUs", .source = "--require-gpus"
	};
	size_t measured = result_gpus_measured(res);
	bool right;

	if (!json_is_integer(required))
		return 0;
	right = json_integer_value(required) == (json_int_t)measured;
	snprintf(f.status, sizeof f.status, "%s", right ? "pass" : "fail");
	snprintf(f.observed, sizeof f.observed, "%zu of %zu measured%s%.100s", measured,
		 res->machine.ngpus, !right && res->machine.cuda_why[0] ? ": " : "",
		 right ? "" : res->machine.cuda_why);
	snprintf(f.expected, sizeof f.expected, "%lld measured, as --require-gpus asks",
		 (long long)json_integer_value(required));
	if (!right)
		snprintf(f.fix, sizeof f.fix,
			 "see why GPUs were not measured, or ask for the number that this machine "
			 "has");
	return result_find(res, &f);
}

static int find_out_of_reach(struct result *res, const struct gpu *g)
{
	struct finding f = { .id = "container.gpu-node",
			     .family = "container",
			     .status = "warn",
			     .source = "Cpus_allowed_list and Mems_allowed_list" };

	snprintf(f.subject, sizeof f.subject, "GPU %d (%s)", g->index, g->pci);
	snprintf(f.observed, sizeof f.observed, "this process may not use all of its node, %lld",
		 gpu_declared_node(&res->machine, g).value);
	snprintf(f.expected, sizeof f.expected,
		 "CPUs and memory of the node that the GPU hangs on");
	snprintf(f.fix, sizeof f.fix,
		 "widen the cpuset: --cpuset-cpus and --cpuset-mems, or the job's CPU list");
	return result_find(res, &f);
}

/* Who believes the declaration binds to the wrong node. */
static int find_disagreement(struct result *res, const struct recommendation *r)
{
	const struct gpu *g = machine_gpu(&res->machine, r->gpu);
	struct finding f = { .id = "gpu.declared-node",
			     .family = "gpu",
			     .status = "warn",
			     .source = "the matrix, beside sysfs, NVML and CUDA" };

	if (!g)
		return 0;
	snprintf(f.subject, sizeof f.subject, "GPU %d (%s)", g->index, g->pci);
	snprintf(f.observed, sizeof f.observed, "node %d feeds it best, node %lld is declared",
		 r->node, gpu_declared_node(&res->machine, g).value);
	snprintf(f.expected, sizeof f.expected, "the declared node is the one that feeds it best");
	snprintf(f.fix, sizeof f.fix,
		 "bind by the measured node; ask for firmware that declares it (_PXM), or put it "
		 "into "
		 "the virtual machine's definition");
	return result_find(res, &f);
}

bool cell_left_out(const struct record *r)
{
	return r->status == STATUS_SKIPPED && strncmp(r->reason, LEFT_OUT, strlen(LEFT_OUT)) == 0;
}

/* Fewer cells than planned are a warning: what was measured stands. */
static int find_left_out(struct result *res)
{
	struct finding f = { .id = "run.cells",
			     .family = "run",
			     .subject = "plan",
			     .status = "warn",
			     .source = "the records" };
	const struct record *first = NULL;
	size_t out = 0, all = 0;

	for (size_t i = 0; i < res->nrecords; i++) {
		all += record_has(&res->records[i], "metric");
		if (!cell_left_out(&res->records[i]))
			continue;
		first = first ? first : &res->records[i];
		out++;
	}
	if (!out)
		return 0;
	snprintf(f.observed, sizeof f.observed, "%zu of %zu cells without a figure: %.100s", out,
		 all, first->reason);
	snprintf(f.expected, sizeof f.expected, "every planned cell measured");
	snprintf(f.fix, sizeof f.fix,
		 "give it more time (--budget, --thorough), or ask for less "
		 "(--only, --nodes, --gpus, --size)");
	return result_find(res, &f);
}

int findings_make(struct result *res)
{
	int rc = 0;

	forget_findings(res);
	for (size_t i = 0; i < res->machine.ngpus && rc == 0; i++)
		rc = find_gpu(res, &res->machine.gpus[i]);
	for (size_t i = 0; i < res->machine.ngpus && rc == 0; i++)
		if (gpu_out_of_reach(&res->machine, &res->machine.gpus[i]))
			rc = find_out_of_reach(res, &res->machine.gpus[i]);
	for (size_t i = 0; i < res->nrecommendations && rc == 0; i++)
		if (res->recommendations[i].measured &&
		    res->recommendations[i].agreement == DISAGREES)
			rc = find_disagreement(res, &res->recommendations[i]);
	if (rc == 0)
		rc = find_count(res);
	return rc == 0 ? find_left_out(res) : rc;
}
