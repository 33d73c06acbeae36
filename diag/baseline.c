/* baseline.c - `numabench baseline`: what a machine is like, from several runs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "result/baseline.h"
#include "result/regress.h"
#include "util/options.h"

enum { EXIT_NO_VERDICT = 2 };

struct own {
	const char *output;
	bool pool;
};

static const struct opt own_options[] = {
	{ .kind = OPT_TEXT,
	  .name = "output",
	  .letter = 'o',
	  .arg = "FILE",
	  .help = "write the baseline there; - is standard output",
	  .offset = offsetof(struct own, output) },
	{ .kind = OPT_FLAG,
	  .name = "pool",
	  .help = "join runs of several equal machines; without it those of another host are "
		  "dropped",
	  .offset = offsetof(struct own, pool) },
	{ .kind = OPT_END },
};

static const struct note examples[] = {
	{ "results/node17-* --output good.json", "of runs of one machine" },
	{ "--pool results/node1?-* --output fleet.json", "of several equal ones" },
	{ NULL, NULL },
};

static const struct note ends[] = {
	{ "0", "it was written, weak or not" },
	{ "2", "wrong usage, unreadable or invalid input, an I/O or internal error" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench baseline",
	.summary = "join runs of a machine into a baseline to compare later runs with",
	.usage = "RESULT... --output FILE",
	.about = "RESULT is the folder of a run, or its result.json, each of a process of its own: "
		 "ten or more, "
		 "fewer make a weak baseline. Kept are the median of every cell in every run, the "
		 "machine's identity and its conditions. A run that violates what the others agree "
		 "on is dropped, and that is said; so are cells that are undersized.\n\n"
		 "`numabench compare --baseline FILE RESULT...` and `numabench --all --baseline "
		 "FILE` "
		 "judge by it.",
	.options = (const struct opt *const[]){ own_options, NULL },
	.takes_operands = true,
	.ends = ends,
	.examples = examples,
	.see = "numabench-compare(1)",
};

static int read_runs(struct result *runs, const struct operands *rest, struct err *e)
{
	for (int i = 0; i < rest->n; i++) {
		int rc = result_read(&runs[i], rest->v[i], e);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A line for each thing that a person should know of it. */
static void tell(const struct baseline *b, const char *output)
{
	const struct runs *r = &b->runs;

	for (size_t i = 0; i < b->ndropped; i++)
		fprintf(stderr, "dropped: %s: %s\n", b->dropped[i].run, b->dropped[i].why);
	if (r->undersized)
		fprintf(stderr,
			"left out: %zu cells whose working set is under four times the caches\n",
			r->undersized);
	if (r->n < TRIAL_RUNS_BASELINE)
		fprintf(stderr, "weak: %zu %s, %d or more are recommended\n", r->n,
			r->n == 1 ? "run" : "runs", TRIAL_RUNS_BASELINE);
	fprintf(stderr, "%s: %zu cells of %zu %s\n", output, r->ncells, r->n,
		r->n == 1 ? "run" : "runs");
}

static int write_baseline(const struct baseline *b, const char *path, struct err *e)
{
	int rc;

	if (strcmp(path, "-") != 0)
		return baseline_write(b, path, e);
	errno = 0;
	rc = baseline_print(b, stdout);
	if (rc == 0 && fflush(stdout) != 0)
		rc = errno ? -errno : -EIO;
	return rc < 0 ? err_set(e, rc, "standard output: %s", strerror(-rc)) : 0;
}

static int baseline(const struct own *own, const struct operands *rest, struct err *e)
{
	struct baseline b;
	struct result *runs;
	time_t now = time(NULL);
	struct tm utc;
	char made[32];
	int rc;

	if (!rest->n)
		return err_set(e, -EINVAL, "no RESULT given; see --help");
	if (!own->output)
		return err_set(e, -EINVAL, "--output FILE is needed; - is standard output");
	runs = calloc((size_t)rest->n, sizeof *runs);
	if (!runs)
		return err_set(e, -ENOMEM, "out of memory");
	for (int i = 0; i < rest->n; i++)
		result_init(&runs[i]);
	baseline_init(&b);
	strftime(made, sizeof made, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	rc = read_runs(runs, rest, e);
	if (rc == 0)
		rc = baseline_make(&b, runs, (size_t)rest->n, own->pool, made, e);
	if (rc == 0)
		rc = write_baseline(&b, own->output, e);
	if (rc == 0)
		tell(&b, own->output);
	baseline_release(&b);
	for (int i = 0; i < rest->n; i++)
		result_release(&runs[i]);
	free(runs);
	return rc;
}

int main(int argc, char **argv)
{
	struct own own = { .output = NULL };
	void *const contexts[] = { &own };
	struct operands rest;
	struct err e = { "" };
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc == 0)
		rc = baseline(&own, &rest, &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", command.name, e.text);
	return rc < 0 ? EXIT_NO_VERDICT : 0;
}
