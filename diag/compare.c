/* compare.c - `numabench compare`: whether a machine got slower than its baseline. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/request.h"
#include "render/render.h"
#include "result/baseline.h"
#include "result/compare.h"
#include "util/options.h"

enum { EXIT_NO_VERDICT = 2 };

struct own {
	const char *baseline, *retest, *format, *output;
	int on_unknown; /* an exit code, as on_unknown_words has them; -1: 3 */
	bool pool, ratios, strict;
};

static const struct opt own_options[] = {
	{ .kind = OPT_TEXT,
	  .name = "baseline",
	  .arg = "FILE",
	  .help = "what to compare with, made by `numabench baseline`",
	  .offset = offsetof(struct own, baseline) },
	{ .kind = OPT_TEXT,
	  .name = "retest",
	  .arg = "RESULT",
	  .help = "a later run of the same machine: what seems slower fails only if it is there, "
		  "too",
	  .offset = offsetof(struct own, retest) },
	{ .kind = OPT_FLAG,
	  .name = "pool",
	  .help = "the RESULTs are of several equal machines",
	  .offset = offsetof(struct own, pool) },
	{ .kind = OPT_FLAG,
	  .name = "ratios",
	  .help = "judge only figures formed within each run: a cell to the median of the same on "
		  "other nodes, and on other GPUs; for machines that others share",
	  .offset = offsetof(struct own, ratios) },
	{ .kind = OPT_CHOICE,
	  .name = "on-unknown",
	  .arg = "WORD",
	  .choices = on_unknown_words,
	  .help = "end with 0 or 1 instead of 3 where it cannot be told",
	  .offset = offsetof(struct own, on_unknown) },
	{ .kind = OPT_FLAG,
	  .name = "strict",
	  .help = "warnings (a weak baseline) end with exit code 1",
	  .offset = offsetof(struct own, strict) },
	{ .kind = OPT_TEXT,
	  .name = "format",
	  .arg = "NAME",
	  .word = format_word,
	  .help = "text (the default), or a format of `numabench report`: json, junit, ..",
	  .offset = offsetof(struct own, format) },
	{ .kind = OPT_TEXT,
	  .name = "output",
	  .letter = 'o',
	  .arg = "FILE",
	  .help = "write there instead of to standard output",
	  .offset = offsetof(struct own, output) },
	{ .kind = OPT_END },
};

static const struct note examples[] = {
	{ "--baseline good.json new1.json new2.json new3.json new4.json new5.json",
	  "whether the machine got slower" },
	{ "--baseline good.json --retest again.json --format junit new.json",
	  "one run with its retest, for a CI server" },
	{ NULL, NULL },
};

static const struct note environment[] = {
	NOTE_NO_COLOR,
	NOTE_COLUMNS,
	{ NULL, NULL },
};

static const struct note ends[] = {
	{ "0", "nothing is worse; warnings allowed" },
	{ "1", "something is worse (with --strict: or there are warnings)" },
	{ "2", "no verdict: wrong usage, unreadable or invalid input, an I/O or internal error" },
	{ "3", "it cannot be told: another machine, cells without a figure, too few runs" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench compare",
	.summary = "tell whether a machine got slower than its baseline",
	.usage = "--baseline FILE [OPTION]... RESULT...",
	.about = "RESULT is the folder of a run, or its result.json, each of a process of its own: "
		 "five against a "
		 "baseline of ten tell most (results/power.md has what is found, and how often it "
		 "is "
		 "wrong). One run fails only where the baseline's runs spread by 1 % at most, and "
		 "only with a retest; `numabench --all --baseline FILE` makes that itself.\n\n"
		 "A cell fails if the run medians are significantly worse (rank test, Holm's "
		 "correction), by more than 3 % (latencies 5 %) and more than three standard "
		 "deviations of the baseline's runs, and a retest shows it, too.\n\n"
		 "Exit status: 0 nothing is worse; 1 something is; 2 wrong usage or input; 3 it "
		 "cannot be "
		 "told: another machine, cells without a figure, too few runs.",
	.options = (const struct opt *const[]){ own_options, NULL },
	.takes_operands = true,
	.ends = ends,
	.examples = examples,
	.environment = environment,
	.see = "numabench-baseline(1), numabench-report(1)",
};

/* One candidate is one machine, or equal ones, and no run counts twice. */
static int check_run(const struct runs *r, const struct result *run, const char *path, bool pool,
		     struct err *e)
{
	const json_t *identity = json_object_get(run->host, "identity");
	const struct run_label *last = &r->runs[r->n - 1];
	struct difference *v = NULL;
	size_t n = 0;
	int rc = differences(r->identity, identity, &v, &n);

	if (rc == 0 && n)
		rc = err_set(e, -EINVAL,
			     "%s is of another machine than the first RESULT: %s is \"%s\", "
			     "not \"%s\"",
			     path, v->field, v->after, v->before);
	if (rc == 0 && strcmp(last->host, r->runs[0].host) != 0 && !pool)
		rc = err_set(e, -EINVAL,
			     "%s is of host \"%s\", the first RESULT of \"%s\"; --pool joins equal "
			     "machines",
			     path, last->host, r->runs[0].host);
	for (size_t i = 0; rc == 0 && i + 1 < r->n; i++)
		if (run_label_same(&r->runs[i], last))
			rc = err_set(e, -EINVAL, "%s: this run (%s) was given before", path,
				     last->id);
	free(v);
	return rc;
}

/* A retest is another run of one of these machines. */
static int check_retest(const struct runs *after, const struct runs *again, const char *path,
			struct err *e)
{
	struct difference *v = NULL;
	bool same_host = false;
	size_t n = 0;
	int rc = differences(after->identity, again->identity, &v, &n);

	if (rc == 0 && n)
		rc = err_set(e, -EINVAL,
			     "--retest %s is of another machine than the RESULTs: %s is \"%s\", "
			     "not \"%s\"",
			     path, v->field, v->after, v->before);
	free(v);
	for (size_t i = 0; i < after->n && rc == 0; i++) {
		same_host |= strcmp(after->runs[i].host, again->runs[0].host) == 0;
		if (run_label_same(&after->runs[i], &again->runs[0]))
			rc = err_set(e, -EINVAL,
				     "--retest %s: this run (%s) is one of the RESULTs; another "
				     "one is needed",
				     path, again->runs[0].id);
	}
	if (rc == 0 && !same_host)
		rc = err_set(e, -EINVAL, "--retest %s is of host \"%s\", the RESULTs of \"%s\"",
			     path, again->runs[0].host, after->runs[0].host);
	return rc;
}

/* What the verdict is about: the run's name, host and machine, and none of its figures. */
static void take_over(struct result *about, struct result *run)
{
	about->run = run->run;
	about->host = run->host;
	about->machine = run->machine;
	run->run = (struct run_info){ .id = "" };
	run->host = NULL;
	run->machine = (struct machine){ .live = false };
	json_decref(about->run.options); /* what was asked of the run was judged with it */
	about->run.options = NULL;
	about->run.complete = true;
}

/* Reads the runs; `about` gets run, host and topology of the last. */
static int read_runs(struct runs *r, struct result *about, char *const *paths, int n, bool pool,
		     struct err *e)
{
	int rc = 0;

	for (int i = 0; i < n && rc == 0; i++) {
		struct result run;

		result_init(&run);
		rc = result_read(&run, paths[i], e);
		if (rc == 0 && runs_add(r, &run) < 0)
			rc = err_set(e, -ENOMEM, "out of memory");
		if (rc == 0)
			rc = check_run(r, &run, paths[i], pool, e);
		if (rc == 0 && about && i == n - 1)
			take_over(about, &run);
		result_release(&run);
	}
	return rc;
}

static int write_result(const struct result *res, const struct own *own, struct err *e)
{
	struct render_options look =
		render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));
	const struct format comparison = { .name = "text", .write = render_comparison };
	const struct format *f =
		strcmp(own->format, "text") == 0 ? &comparison : format_find(own->format);
	int rc;

	if (!f)
		return err_set(e, -EINVAL, "no format '%s'; see --help of `numabench report`",
			       own->format);
	if (own->output && strcmp(own->output, "-") != 0)
		return render_file(f, res, NULL, own->output, e);
	errno = 0;
	rc = f->write(res, &look, stdout);
	if (rc == 0 && fflush(stdout) != 0)
		rc = errno ? -errno : -EIO;
	return rc < 0 ? err_set(e, rc, "standard output: %s", strerror(-rc)) : 0;
}

static int judge_all(const struct own *own, const struct operands *rest, struct result *res,
		     struct err *e)
{
	struct comparison c = { .before = NULL };
	struct baseline before;
	struct runs after, again;
	int rc;

	baseline_init(&before);
	runs_init(&after);
	runs_init(&again);
	rc = baseline_read(&before, own->baseline, e);
	if (rc == 0)
		rc = read_runs(&after, res, rest->v, rest->n, own->pool, e);
	if (rc == 0 && own->retest)
		rc = read_runs(&again, NULL, (char *const[]){ (char *)(uintptr_t)own->retest }, 1,
			       false, e);
	if (rc == 0 && own->retest)
		rc = check_retest(&after, &again, own->retest, e);
	if (rc == 0) {
		rc = compare(&c, &before.runs, &after, own->ratios);
		if (rc == 0)
			rc = comparison_retests(&c, &again);
		comparison_settle(&c);
		if (rc == 0)
			rc = comparison_find(&c, res, own->baseline);
		if (rc == 0)
			rc = judge(res);
		if (rc < 0)
			err_set(e, rc, "out of memory");
	}
	comparison_release(&c);
	baseline_release(&before);
	runs_release(&after);
	runs_release(&again);
	return rc;
}

static int compare_files(const struct own *own, const struct operands *rest, struct err *e)
{
	struct result res;
	int rc, code;

	if (!own->baseline)
		return err_set(e, -EINVAL, "--baseline FILE is needed");
	if (!rest->n)
		return err_set(e, -EINVAL, "no RESULT given; see --help");
	result_init(&res);
	rc = judge_all(own, rest, &res, e);
	if (rc == 0)
		rc = write_result(&res, own, e);
	code = verdict_exit_code(&res.verdict, own->strict);
	if (rc == 0 && code == 3 && own->on_unknown >= 0) {
		code = own->on_unknown;
		fprintf(stderr, "%s: UNKNOWN is taken for %s, as --on-unknown asks\n", command.name,
			on_unknown_words[code]);
	}
	result_release(&res);
	return rc < 0 ? rc : code;
}

int main(int argc, char **argv)
{
	struct own own = { .format = "text", .on_unknown = -1 };
	void *const contexts[] = { &own };
	struct operands rest;
	struct err e = { "" };
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc > 0)
		return 0;
	if (rc == 0)
		rc = compare_files(&own, &rest, &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", command.name, e.text);
	return rc < 0 ? EXIT_NO_VERDICT : rc;
}
