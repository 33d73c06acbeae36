#include "result/judge.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/derive.h"
#include "result/explains.h"
#include "result/findings.h"
#include "result/judge_parts.h"
#include "result/rules.h"

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

int verdict_nagios_code(const struct verdict *v)
{
	if (v->status == VERDICT_PASS)
		return v->nwarnings ? 1 : 0;
	return v->status == VERDICT_FAIL ? 2 : 3;
}

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
		if (cell_left_out(r))
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
	char names[200] = "", name[160];
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

/* What the records tell already is not told twice. */
static void tell_findings(struct gathering *g, const char *status, enum verdict_status weight)
{
	for (size_t i = 0; i < g->res->nfindings; i++) {
		const struct finding *f = &g->res->findings[i];

		if (strcmp(f->status, status) != 0 || strcmp(f->id, FINDING_CORRUPT) == 0)
			continue;
		if (finding_is_judged(f))
			reason(g, weight, "%s", f->observed);
		else
			reason(g, weight, "%s: %s%s%s", f->subject, f->observed,
			       f->expected[0] ? "; expected: " : "", f->expected);
	}
}

/* Where no record has a figure and nothing went wrong either, all was skipped: that is no PASS.
 * Without any record nothing was to be measured: a look at the machine, or at other results. */
static void tell_nothing(struct gathering *g)
{
	const struct record *first = NULL;

	for (size_t i = 0; i < g->res->nrecords; i++) {
		const struct record *r = &g->res->records[i];

		if (record_has_figure(r))
			return;
		if (!first && r->reason[0])
			first = r;
	}
	if (g->res->nrecords && g->res->verdict.status == VERDICT_PASS)
		reason(g, VERDICT_UNKNOWN, "nothing was measured%s%s%s%s", first ? ": " : "",
		       first ? first->test : "", first ? ": " : "", first ? first->reason : "");
}

int judge(struct result *res)
{
	struct verdict *v = &res->verdict;
	struct gathering g = { .res = res };
	int rc = derive(res);

	if (rc == 0)
		rc = findings_make(res);
	if (rc == 0)
		rc = judge_physics(res);
	if (rc == 0)
		rc = judge_peers(res);
	if (rc == 0) {
		rules_apply(json_object_get(res->run.options, "rules"), res, true);
		rc = findings_attach(res);
	}
	if (rc < 0)
		return rc;
	g.told = calloc(res->nrecords + 1, sizeof *g.told);
	if (!g.told)
		return -ENOMEM;
	free(v->reasons);
	*v = (struct verdict){ .status = VERDICT_PASS, .more = v->more };
	/* What fails stands first. */
	tell_all_records(&g, VERDICT_FAIL);
	tell_findings(&g, "fail", VERDICT_FAIL);
	if (!res->run.complete)
		reason(&g, VERDICT_UNKNOWN, "the run ended before its plan did: parts are missing");
	tell_findings(&g, "unknown", VERDICT_UNKNOWN);
	tell_all_records(&g, VERDICT_UNKNOWN);
	tell_nothing(&g);
	v->nwarnings = count_findings(res, "warn");
	if (g.untold && g.rc == 0)
		snprintf(v->reasons[v->nreasons++], sizeof *v->reasons, "and %zu more", g.untold);
	free(g.told);
	return g.rc;
}
