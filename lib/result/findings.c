/* findings.c - what the run itself gives to be found before any verdict: GPUs that were too few,
 * cells that were left out. What is wrong with the machine `numabench check` tells. */
#include "result/findings.h"

#include <stdio.h>
#include <string.h>

static bool is_ours(const struct finding *f)
{
	static const char *const ours[] = { "gpu.count", "run.cells" };

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
	int rc;

	forget_findings(res);
	rc = find_count(res);
	return rc == 0 ? find_left_out(res) : rc;
}
