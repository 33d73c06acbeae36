#include "result/judge.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More reasons than this are counted, not listed; more cells than CELLS_NAMED
 * of one reason likewise. */
enum { REASONS_MAX = 12, CELLS_NAMED = 2 };

static const char *const verdict_words[] = {
	[VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail", [VERDICT_UNKNOWN] = "unknown"
};

const char *verdict_name(enum verdict_status s)
{
	return verdict_words[s];
}

int verdict_exit_code(const struct verdict *v, bool strict)
{
	if (v->status == VERDICT_FAIL || (strict && v->nwarnings))
		return 1;
	return v->status == VERDICT_UNKNOWN ? 3 : 0;
}

/* ---- findings of the GPUs ---- */

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
	static const char *const ours[] = { "gpu.present", "gpu.count", "container.gpu-node",
					    "run.cells" };

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

/* A cell that was planned and skipped, as against a test that has nothing to do here. */
static bool left_out(const struct record *r)
{
	return r->status == STATUS_SKIPPED && record_has(r, "metric");
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
		if (!left_out(&res->records[i]))
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

/* ---- the verdict ---- */

/* Whether anything of the record's test, on its GPU where it has one, came to a figure. */
static bool has_company(const struct result *res, const struct record *r)
{
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *o = &res->records[i];

		if (record_has_figure(o) && strcmp(o->test, r->test) == 0 &&
		    (!record_has(r, "gpu") || (record_has(o, "gpu") && o->gpu == r->gpu)))
			return true;
	}
	return false;
}

/* What a record's status says of the whole run. */
static enum verdict_status weight_of(const struct result *res, const struct record *r)
{
	const struct gpu *g;

	switch (r->status) {
	case STATUS_OK:
		return VERDICT_PASS;
	case STATUS_CORRUPT:
		return VERDICT_FAIL;
	case STATUS_SKIPPED:
		if (left_out(r))
			return has_company(res, r) ? VERDICT_PASS : VERDICT_UNKNOWN;
		g = record_has(r, "gpu") ? machine_gpu(&res->machine, r->gpu) : NULL;
		return g && g->busy && !json_is_true(json_object_get(res->run.options, "busy"))
			       ? VERDICT_UNKNOWN
			       : VERDICT_PASS;
	default:
		return VERDICT_UNKNOWN;
	}
}

/* The reasons as they gather; past REASONS_MAX they are counted only. */
struct gathering {
	struct result *res;
	bool *told; /* by record */
	size_t untold;
	int rc;
};

__attribute__((format(printf, 3, 4))) static void
reason(struct gathering *g, enum verdict_status weight, const char *fmt, ...)
{
	struct verdict *v = &g->res->verdict;
	char(*more)[300];
	va_list args;

	/* FAIL goes before UNKNOWN, UNKNOWN before PASS. */
	if (weight == VERDICT_FAIL || v->status == VERDICT_PASS)
		v->status = weight;
	if (v->nreasons == REASONS_MAX) {
		g->untold++;
		return;
	}
	more = reallocarray(v->reasons, v->nreasons + 2, sizeof *more); /* one for "and n more" */
	if (!more) {
		g->rc = -ENOMEM;
		return;
	}
	v->reasons = more;
	va_start(args, fmt);
	vsnprintf(v->reasons[v->nreasons++], sizeof *v->reasons, fmt, args);
	va_end(args);
}

/* One reason for all records that say the same. */
static void tell_records(struct gathering *g, size_t first, enum verdict_status weight)
{
	const struct record *r = &g->res->records[first];
	char names[200] = "", name[96];
	size_t count = 0;

	for (size_t i = first; i < g->res->nrecords; i++) {
		const struct record *other = &g->res->records[i];
		size_t used = strlen(names);

		if (g->told[i] || weight_of(g->res, other) != weight ||
		    !record_same_outcome(r, other))
			continue;
		g->told[i] = true;
		if (++count <= CELLS_NAMED)
			snprintf(names + used, sizeof names - used, "%s%s", used ? "; " : "",
				 record_name(other, name, sizeof name));
	}
	if (count > CELLS_NAMED) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof names - used, "; and %zu more", count - CELLS_NAMED);
	}
	/* A record without a cell is named after its test: say it once. */
	reason(g, weight, "%s%s%s: %s: %s", r->test, strcmp(names, r->test) ? ", " : "",
	       strcmp(names, r->test) ? names : "", status_name(r->status),
	       r->reason[0] ? r->reason : "no reason is given");
}

static void tell_all_records(struct gathering *g, enum verdict_status weight)
{
	for (size_t i = 0; i < g->res->nrecords; i++)
		if (!g->told[i] && weight_of(g->res, &g->res->records[i]) == weight)
			tell_records(g, i, weight);
}

static void tell_findings(struct gathering *g)
{
	for (size_t i = 0; i < g->res->nfindings; i++) {
		const struct finding *f = &g->res->findings[i];

		g->res->verdict.nwarnings += strcmp(f->status, "warn") == 0;
		if (strcmp(f->status, "fail") == 0)
			reason(g, VERDICT_FAIL, "%s: %s%s%s", f->subject, f->observed,
			       f->expected[0] ? "; expected: " : "", f->expected);
	}
}

static int find_all(struct result *res)
{
	int rc = 0;

	forget_findings(res);
	for (size_t i = 0; i < res->machine.ngpus && rc == 0; i++)
		rc = find_gpu(res, &res->machine.gpus[i]);
	for (size_t i = 0; i < res->machine.ngpus && rc == 0; i++)
		if (gpu_out_of_reach(&res->machine, &res->machine.gpus[i]))
			rc = find_out_of_reach(res, &res->machine.gpus[i]);
	if (rc == 0)
		rc = find_count(res);
	return rc == 0 ? find_left_out(res) : rc;
}

int judge(struct result *res)
{
	struct verdict *v = &res->verdict;
	struct gathering g = { .res = res };
	int rc = find_all(res);

	if (rc < 0)
		return rc;
	g.told = calloc(res->nrecords + 1, sizeof *g.told);
	if (!g.told)
		return -ENOMEM;
	free(v->reasons);
	*v = (struct verdict){ .status = VERDICT_PASS, .more = v->more };
	/* What fails stands first. */
	tell_all_records(&g, VERDICT_FAIL);
	tell_findings(&g);
	if (!res->run.complete)
		reason(&g, VERDICT_UNKNOWN, "the run ended before its plan did: parts are missing");
	tell_all_records(&g, VERDICT_UNKNOWN);
	if (g.untold && g.rc == 0)
		snprintf(v->reasons[v->nreasons++], sizeof *v->reasons, "and %zu more", g.untold);
	free(g.told);
	return g.rc;
}
