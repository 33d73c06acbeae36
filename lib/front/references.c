/* references.c - what a run is judged against. See run.h. */
#include <errno.h>
#include <string.h>

#include "front/run.h"
#include "result/judge.h"
#include "result/rules.h"

int run_read_references(struct run *r, struct err *e)
{
	int rc = 0;

	if (r->ask.nagios && r->ask.json && strcmp(r->ask.json, "-") == 0)
		return err_set(e, -EINVAL, "--nagios and --json - exclude each other");
	if (!r->ask.baseline && r->ask.ratios)
		return err_set(e, -EINVAL, "--ratios goes with --baseline");
	if (r->ask.baseline) {
		rc = baseline_read(&r->baseline, r->ask.baseline, e);
		if (rc < 0)
			err_within(e, rc, "--baseline");
	}
	if (rc == 0 && r->ask.expect) {
		rc = expect_read(&r->expect, r->ask.expect, e);
		if (rc < 0)
			err_within(e, rc, "--expect");
	}
	/* Which ids checks have, the first of them knows. */
	if (rc == 0 && r->ask.rules)
		rc = rules_read(&r->rules, r->ask.rules, NULL, e);
	return rc;
}

int run_judge(struct run *r, struct err *e)
{
	int rc = 0;

	if (r->ask.baseline && r->comparison.before)
		rc = comparison_find(&r->comparison, &r->res, r->ask.baseline);
	if (rc == 0)
		rc = judge(&r->res);
	if (rc == 0 && r->ask.expect) {
		rc = expect_judge(&r->expect, &r->res);
		if (rc == 0)
			rc = judge(&r->res);
	}
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

int run_exit_code(const struct run *r)
{
	int code;

	if (*r->stop)
		return r->ask.nagios ? 3 : 128 + *r->stop;
	if (r->ask.nagios)
		return verdict_nagios_code(&r->res.verdict);
	code = verdict_exit_code(&r->res.verdict, r->ask.strict);
	return code == 3 && r->ask.on_unknown >= 0 ? r->ask.on_unknown : code;
}

void run_release(struct run *r)
{
	comparison_release(&r->comparison);
	runs_release(&r->now);
	baseline_release(&r->baseline);
	expect_release(&r->expect);
	json_decref(r->rules);
	result_release(&r->res);
}
