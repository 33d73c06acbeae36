/* findings.c - what the run itself gives to be found before any verdict: GPUs that were too few,
 * cells that were left out. What is wrong with the machine `numabench check` tells. */
#include "result/findings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_ours(const struct finding *f)
{
	static const char *const ours[] = { "gpu.count", "run.cells", "run.load", FINDING_CORRUPT };

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

static bool same_or_absent(const struct record *a, const struct record *b, const char *field,
			   bool same)
{
	return record_has(a, field) == record_has(b, field) && (!record_has(a, field) || same);
}

/* Which part of a test that has several; "" where the metric says all. */
static const char *part_of(const struct record *r)
{
	if (strcmp(r->test, "migration") != 0)
		return "";
	return record_has(r, "binding")                         ? " by binding"
	       : record_has(r, "policy")                        ? " by memory policy"
	       : record_has(r, "gpu") && record_has(r, "phase") ? " of a moved process"
	       : record_has(r, "cpu_pair")                      ? " from core to core"
								: "";
}

static bool same_kind(const struct record *a, const struct record *b)
{
	return strcmp(a->test, b->test) == 0 && strcmp(a->metric, b->metric) == 0 &&
	       strcmp(part_of(a), part_of(b)) == 0 &&
	       same_or_absent(a, b, "memory", a->memory == b->memory) &&
	       same_or_absent(a, b, "together", a->together == b->together);
}

/* How many cells of which kinds were left out, in the order planned. */
static void name_left_out(const struct result *res, char *buf, size_t size)
{
	enum { ROOM_FOR_MORE = 20 };
	const struct record *last = NULL; /* named */
	size_t used = 0, more = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		bool told = !cell_left_out(r);
		size_t cells = 0;
		bool same_test = last && strcmp(last->test, r->test) == 0;
		bool is_rate = record_has(r, "memory") && strcmp(r->metric, "bandwidth") == 0;
		char kind[120];
		int n;

		for (size_t j = 0; j < res->nrecords && !told; j++) {
			bool alike =
				cell_left_out(&res->records[j]) && same_kind(&res->records[j], r);

			told = alike && j < i;
			cells += alike;
		}
		if (told)
			continue;
		n = snprintf(kind, sizeof kind, "%s%s%s%zu%s%s%s%s%s%s%s",
			     !used       ? ""
			     : same_test ? ", "
					 : "; ",
			     same_test ? "" : r->test, same_test ? "" : ": ", cells,
			     record_has(r, "memory") ? " " : "",
			     record_has(r, "memory") ? memory_kind_name(r->memory) : "",
			     record_has(r, "together") ? " " : "",
			     record_has(r, "together") ? together_name(r->together) : "",
			     is_rate ? "" : " ", is_rate ? "" : r->metric, part_of(r));
		if (n < 0 || used + (size_t)n + ROOM_FOR_MORE > size) {
			more++;
			continue;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s", kind);
		last = r;
	}
	if (more)
		snprintf(buf + used, size - used, ", %zu more kinds", more);
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
	char kinds[190];

	for (size_t i = 0; i < res->nrecords; i++) {
		all += record_has(&res->records[i], "metric");
		if (!cell_left_out(&res->records[i]))
			continue;
		first = first ? first : &res->records[i];
		out++;
	}
	if (!out)
		return 0;
	name_left_out(res, kinds, sizeof kinds);
	snprintf(f.observed, sizeof f.observed, "%zu of %zu cells without a figure: %.90s: %s", out,
		 all, first->reason, kinds);
	snprintf(f.expected, sizeof f.expected, "every planned cell measured");
	snprintf(f.fix, sizeof f.fix,
		 "give it more time (--budget, --thorough), or ask for less "
		 "(--only, --nodes, --gpus, --size)");
	return result_find(res, &f);
}

/* A sum is corrupt because of one of its GPUs, which tells. */
static bool same_culprit(const struct record *a, const struct record *b)
{
	if (strcmp(a->test, b->test) != 0)
		return false;
	return !record_has(b, "gpu") || (record_has(a, "gpu") && a->gpu == b->gpu);
}

/* Of the records with corrupt data, the first of each GPU, or of a test without one. */
static int find_corrupt(struct result *res)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		struct finding f = { .id = FINDING_CORRUPT,
				     .family = "run",
				     .status = "fail",
				     .expected = "every byte arrives as it was sent",
				     .source = "the records" };
		bool told = r->status != STATUS_CORRUPT;

		for (size_t j = 0; j < res->nrecords && !told; j++)
			told = (j < i || (j > i && !record_has(r, "gpu") &&
					  record_has(&res->records[j], "gpu"))) &&
			       res->records[j].status == STATUS_CORRUPT &&
			       same_culprit(&res->records[j], r);
		if (told)
			continue;
		if (record_has(r, "gpu"))
			snprintf(f.subject, sizeof f.subject, "GPU %d", r->gpu);
		else
			snprintf(f.subject, sizeof f.subject, "%s", r->test);
		snprintf(f.observed, sizeof f.observed, "%.280s", r->reason);
		snprintf(f.fix, sizeof f.fix,
			 "trust no result of it; see pcie.errors, gpu.ecc-errors and the kernel's "
			 "log, then test memory, riser and GPU one by one");
		rc = result_find(res, &f);
	}
	return rc;
}

static double load_share(const struct result *res, const char *key)
{
	return json_number_value(json_object_get(json_object_get(res->run.more, "load"), key));
}

/* What a finding that explains itself has beyond its texts. NULL: out of memory. */
static json_t *load_more(bool serious)
{
	return json_pack(
		"{s:s, s:s, s:s, s:[{s:s, s:s}, {s:s}], s:{s:s, s:s}}", "title",
		"Others used the CPUs while it measured", "harm", serious ? "factor" : "percent",
		"cost",
		"Bandwidths come out too low, latencies too high, and both vary; "
		"no conclusion from this run's CPU memory and pageable copies can be trusted",
		"remedy", "text", "see who works there", "command",
		"top -b -n 1 -o %CPU | head -n 20", "text",
		"end it or wait for it, and measure again; where time is stolen, the hypervisor's "
		"host is too busy",
		"verify", "text", "the same run has no run.load", "command", "numabench --all");
}

/* Other work beside the measurement. Where only the simulator's figures count, it says nothing. */
static int find_load(struct result *res)
{
	struct finding f = {
		.id = "run.load",
		.family = "run",
		.subject = "CPUs",
		.status = "warn",
		.source = "CPU times of proc(5), stat, less those of numabench's own processes"
	};
	double others = load_share(res, "others"), stolen = load_share(res, "stolen");
	int rc;

	if (res->run.simulated || !(others + stolen >= LOAD_WARNS))
		return 0;
	if (stolen >= LOAD_WARNS / 10)
		snprintf(f.observed, sizeof f.observed,
			 "other work used %.0f %% of the CPUs' time while it was measured, and the "
			 "hypervisor took %.0f %%",
			 100 * others, 100 * stolen);
	else
		snprintf(f.observed, sizeof f.observed,
			 "other work used %.0f %% of the CPUs' time while it was measured",
			 100 * others);
	snprintf(f.expected, sizeof f.expected, "less than %.0f %%", 100 * LOAD_WARNS);
	snprintf(f.fix, sizeof f.fix, "end or wait for what else runs (top), and measure again");
	f.more = load_more(others + stolen >= LOAD_SERIOUS);
	rc = f.more ? result_find(res, &f) : -ENOMEM;
	json_decref(f.more);
	return rc;
}

int findings_make(struct result *res)
{
	int rc;

	forget_findings(res);
	rc = find_count(res);
	if (rc == 0)
		rc = find_corrupt(res);
	if (rc == 0)
		rc = find_load(res);
	return rc == 0 ? find_left_out(res) : rc;
}
