/* report.c - `numabench report`: a result file as a person or a program reads it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "render/render.h"
#include "result/expect.h"
#include "result/judge.h"
#include "result/recommend.h"
#include "util/options.h"

enum { EXIT_NO_VERDICT = 2, EXIT_NAGIOS_UNKNOWN = 3 };

struct report {
	const char *format, *output, *expect;
	bool no_colour, nagios, strict;
};

static const struct opt report_options[] = {
	{ .kind = OPT_TEXT,
	  .name = "format",
	  .arg = "NAME",
	  .help = "text (a report for a person, the default), json (the document itself), junit "
		  "(JUnit XML), github (annotations of a GitHub Actions run), markdown (its step "
		  "summary), nagios (one line with performance data) or timeline-csv (what went on "
		  "while something was moved)",
	  .offset = offsetof(struct report, format) },
	{ .kind = OPT_TEXT,
	  .name = "output",
	  .arg = "FILE",
	  .help = "write there instead of to standard output; - is standard output",
	  .offset = offsetof(struct report, output) },
	{ .kind = OPT_TEXT,
	  .name = "expect",
	  .arg = "FILE",
	  .help = "judge it anew, against what was ordered, too (see numabench expect), and end as "
		  "numabench --all would",
	  .offset = offsetof(struct report, expect) },
	{ .kind = OPT_FLAG,
	  .name = "strict",
	  .help = "with --expect: warnings end with exit code 1",
	  .offset = offsetof(struct report, strict) },
	{ .kind = OPT_FLAG,
	  .name = "nagios",
	  .help = "as --format nagios, and end with Nagios's own codes: 0 ok, 1 warnings, 2 FAIL, "
		  "3 "
		  "all else",
	  .offset = offsetof(struct report, nagios) },
	{ .kind = OPT_FLAG,
	  .name = "no-colour",
	  .help = "no colour on a terminal either (as NO_COLOR=1)",
	  .offset = offsetof(struct report, no_colour) },
	{ .kind = OPT_END },
};

static const struct command command = {
	.name = "numabench report",
	.summary = "show a result: which node for which GPU, and the figures behind it",
	.usage = "[OPTION]... RESULT",
	.about = "RESULT is the result.json of a run, or - for standard input. Nothing is "
		 "measured and, without --expect, nothing judged anew: the report says what the "
		 "file says, and its exit status is 0 whatever the verdict in the file is, but "
		 "with --nagios.",
	.options = (const struct opt *const[]){ report_options, NULL },
	.takes_operands = true,
};

static int find_format(const struct format **f, const char *name, struct err *e)
{
	char known[256] = "";
	size_t used = 0;

	*f = format_find(name);
	if (*f)
		return 0;
	for (const struct format *i = formats; i->name && used < sizeof known; i++)
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
					 used ? ", " : "", i->name);
	return err_set(e, -EINVAL, "no format '%s'; there are: %s", name, known);
}

/* What an interrupted run could not add to its file any more. A verdict of unknown always comes
 * with a reason: one without is none. */
static int complete(struct result *res, struct err *e)
{
	int rc = 0;

	if (!res->nrecommendations && res->machine.ngpus)
		rc = recommend(res);
	if (rc == 0 && res->verdict.status == VERDICT_UNKNOWN && !res->verdict.nreasons)
		rc = judge(res);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

/* Against what was ordered; the verdict is then a new one. */
static int judge_expected(struct result *res, const char *path, struct err *e)
{
	struct expect x;
	int rc = expect_read(&x, path, e);

	if (rc == 0) {
		rc = judge(res);
		if (rc == 0)
			rc = expect_judge(&x, res);
		if (rc == 0)
			rc = judge(res);
		if (rc < 0)
			err_set(e, rc, "out of memory");
	}
	expect_release(&x);
	return rc < 0 ? err_within(e, rc, "--expect") : 0;
}

/* What the report ends with. */
static int exit_code(const struct report *own, const struct verdict *v)
{
	if (own->nagios)
		return verdict_nagios_code(v);
	return own->expect ? verdict_exit_code(v, own->strict) : 0;
}

static int write_stdout(const struct result *res, const struct format *f, const struct report *own,
			const char *source, struct err *e)
{
	struct render_options look =
		render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));
	int rc;

	look.colour = look.colour && !own->no_colour;
	look.source = source;
	errno = 0;
	rc = f->write(res, &look, stdout);
	/* The disk may turn out to be full, or the reader gone, only now. */
	if ((fclose(stdout) != 0 && rc == 0) || (rc == -EIO && errno))
		rc = -errno;
	return rc < 0 ? err_set(e, rc, "standard output: %s", strerror(-rc)) : 0;
}

static int report(const struct report *own, const struct operands *rest, struct err *e)
{
	const struct format *f;
	const char *source = rest->n ? rest->v[0] : "-";
	struct result res;
	int rc;

	if (rest->n != 1)
		return err_set(e, -EINVAL, "%s; see --help",
			       rest->n ? "one RESULT at a time" : "no RESULT given");
	rc = find_format(&f, own->nagios ? "nagios" : own->format, e);
	if (rc < 0)
		return rc;
	result_init(&res);
	rc = result_read(&res, source, e);
	if (strcmp(source, "-") == 0)
		source = NULL;
	if (rc == 0)
		rc = complete(&res, e);
	if (rc == 0 && own->expect)
		rc = judge_expected(&res, own->expect, e);
	if (rc == 0)
		rc = own->output && strcmp(own->output, "-") != 0
			     ? render_file(f, &res, source, own->output, e)
			     : write_stdout(&res, f, own, source, e);
	if (rc == 0)
		rc = exit_code(own, &res.verdict);
	result_release(&res);
	return rc;
}

int main(int argc, char **argv)
{
	struct report own = { .format = "text" };
	void *const contexts[] = { &own };
	struct operands rest;
	struct err e = { "" };
	int rc;

	signal(SIGPIPE, SIG_IGN);
	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc > 0)
		return 0;
	if (rc == 0)
		rc = report(&own, &rest, &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", command.name, e.text);
	if (rc < 0 && own.nagios) /* what watches reads standard output alone */
		printf("NUMABENCH UNKNOWN - %s\n", e.text);
	return rc >= 0 ? rc : own.nagios ? EXIT_NAGIOS_UNKNOWN : EXIT_NO_VERDICT;
}
