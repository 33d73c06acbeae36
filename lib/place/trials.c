#include "place/trials.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "result/trial.h"
#include "util/now.h"
#include "util/random.h"

/* How long to wait for what was killed to be gone. */
#define SWEEP_MOST_S 2.0

/* ---- one run ---- */

struct run {
	const struct trial_order *o;
	const struct trial_way *way;
	double figure; /* NaN: not said yet */
	char wrong[120];
};

static int begin(int out, void *arg)
{
	const struct run *run = arg;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), code = LAUNCH_OWN;
	struct err e = { "" };

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	/* As whoever starts programs has them, whatever our main ignores. */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (launch_bind(&run->way->place, &e) == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		code = launch_exec(run->o->argv, run->way->env, &e);
	}
	dprintf(out, "numabench try: %s\n", e.text);
	return code;
}

/* Nothing but the binding, to see whether the kernel takes it. */
static int only_bind(int out, void *arg)
{
	const struct trial_way *way = arg;

	(void)out;
	return launch_bind(&way->place, NULL) == -ENOTSUP;
}

static void take_figure(struct run *run, const char *line)
{
	regmatch_t match[2];
	char text[64], *end;
	int flags = 0;

	for (const char *at = line; regexec(run->o->metric, at, 2, match, flags) == 0;) {
		int length = (int)(match[1].rm_eo - match[1].rm_so);

		if (match[1].rm_so >= 0) {
			snprintf(text, sizeof text, "%.*s", length, at + match[1].rm_so);
			run->figure = strtod(text, &end);
			if (end == text || *end || !isfinite(run->figure) || run->figure <= 0) {
				run->figure = NAN;
				snprintf(run->wrong, sizeof run->wrong,
					 "--metric found '%.40s', which is no number above 0",
					 text);
			}
		}
		if (!match[0].rm_eo || !at[match[0].rm_eo - 1])
			break;
		at += match[0].rm_eo;
		flags = REG_NOTBOL;
	}
}

static void take_line(char *text, size_t length, void *arg)
{
	struct run *run = arg;

	if (run->o->metric)
		take_figure(run, text);
	text[length] = '\n'; /* where its end was */
	for (size_t at = 0; at <= length;) {
		ssize_t n = write(run->o->log, text + at, length + 1 - at);

		if (n < 0 && errno != EINTR)
			return; /* a full disk costs the log, not the trial */
		at += n > 0 ? (size_t)n : 0;
	}
}

/* ---- what a run leaves behind ---- */

/* The kernel's own list, where it was built with one (CONFIG_PROC_CHILDREN). */
static bool kill_listed(const struct sysroot *root)
{
	char list[65536];
	char *at = list, *end;
	int n = sysroot_text(root, list, sizeof list, "proc/self/task/%d/children", getpid());

	for (long pid; n > 0 && (pid = strtol(at, &end, 10)) > 0; at = end)
		kill((pid_t)pid, SIGKILL);
	return n >= 0;
}

/* Kills all children of this process. */
static void kill_children(const struct sysroot *root)
{
	DIR *d = kill_listed(root) ? NULL : sysroot_dir(root, "proc");
	struct dirent *de;
	char stat[512];
	const char *behind;
	int parent;

	while (d && (de = readdir(d)))
		if (isdigit((unsigned char)de->d_name[0]) &&
		    sysroot_text(root, stat, sizeof stat, "proc/%s/stat", de->d_name) > 0 &&
		    (behind = strrchr(stat, ')')) && sscanf(behind, ") %*c %d", &parent) == 1 &&
		    parent == getpid())
			kill(atoi(de->d_name), SIGKILL);
	if (d)
		closedir(d);
}

/* Until there are none: the children of one that was killed come to us. */
static void sweep(const struct sysroot *root)
{
	double until = seconds_now() + SWEEP_MOST_S;
	pid_t gone;

	while ((gone = waitpid(-1, NULL, WNOHANG)) >= 0 && seconds_now() < until) {
		if (gone)
			continue;
		kill_children(root);
		usleep(1000);
	}
}

/* ---- how it ended ---- */

static enum status status_of(const struct child_result *r)
{
	return r->end == CHILD_TIMEOUT || r->end == CHILD_ABANDONED ? STATUS_TIMEOUT
	       : r->end == CHILD_SIGNALLED                          ? STATUS_CRASHED
								    : STATUS_FAILED;
}

static int code_of(const struct child_result *r)
{
	return r->end == CHILD_EXITED && r->code ? r->code
	       : r->end == CHILD_SIGNALLED       ? 128 + r->code
						 : LAUNCH_OWN;
}

/* Why the run does not count; empty: it does. Returns buf. */
static const char *wrong_with(const struct run *run, const struct child_result *r, char *buf,
			      size_t size)
{
	buf[0] = '\0';
	if (r->end != CHILD_EXITED || r->code != 0)
		child_describe(r, buf, size);
	else if (run->o->metric && isnan(run->figure))
		snprintf(buf, size, "%s",
			 run->wrong[0] ? run->wrong : "--metric matches nothing that it said");
	return buf;
}

/* ---- all of them ---- */

struct trials {
	const struct trial_order *o;
	struct record *records;
	struct trial_failure *failure;
	int done, all;
	double began;
	uint64_t random;
	bool off[TRIAL_WAYS]; /* no more runs */
};

static bool stopped(const struct trials *t)
{
	return t->o->stop && *t->o->stop;
}

static void fail(struct trials *t, enum bound way, const struct child_result *end, const char *why)
{
	if (!t->failure->is) {
		*t->failure = (struct trial_failure){
			.is = true, .way = way, .run = t->done, .code = code_of(end)
		};
		snprintf(t->failure->why, sizeof t->failure->why, "%s", why);
	}
	record_status(&t->records[way], status_of(end), "run %d: %s", t->done, why);
	t->off[way] = true;
}

/* Runs it once; round -1 counts nowhere. -errno with e for an error of our own. */
static int run_once(struct trials *t, enum bound way, int round, struct err *e)
{
	struct run run = { .o = t->o, .way = &t->o->way[way], .figure = NAN };
	const struct child_spec child = { .run = begin,
					  .arg = &run,
					  .deadline_s = t->o->deadline_s,
					  .stop = t->o->stop,
					  .line = take_line,
					  .to = &run };
	struct child_result end;
	char why[300];
	double at = seconds_now() - t->began;
	int rc;

	if (t->o->tell)
		t->o->tell(t->done, t->all, way, t->o->arg);
	t->done++;
	dprintf(t->o->log, "== run %d of %d: %s%s\n", t->done, t->all, trial_way_name(way),
		round < 0 ? ", to warm up" : "");
	rc = child_run(&child, &end, e);
	sweep(t->o->root);
	if (rc < 0 || end.end == CHILD_STOPPED)
		return rc;
	dprintf(t->o->log, "== run %d: %.6f s, %s\n", t->done, end.seconds,
		child_describe(&end, why, sizeof why));
	if (wrong_with(&run, &end, why, sizeof why)[0])
		fail(t, way, &end, why);
	else if (round >= 0)
		rc = record_sample(&t->records[way], t->o->metric ? run.figure : end.seconds, at,
				   round, round);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

/* Every way once, in random order (Fisher and Yates's shuffle). */
static int run_round(struct trials *t, int round, struct err *e)
{
	enum bound order[TRIAL_WAYS];
	int rc = 0;

	for (size_t i = 0; i < TRIAL_WAYS; i++)
		order[i] = (enum bound)i;
	for (size_t i = TRIAL_WAYS - 1; i > 0; i--) {
		size_t k = random_next(&t->random) % (i + 1);
		enum bound way = order[i];

		order[i] = order[k];
		order[k] = way;
	}
	for (size_t i = 0; i < TRIAL_WAYS && rc == 0; i++)
		if (!t->off[order[i]] && !t->off[BOUND_NOT] && !stopped(t))
			rc = run_once(t, order[i], round, e);
	return rc;
}

/* Ways that cannot be taken here are skipped. Returns how many are left; -errno with e. */
static int choose_ways(struct trials *t, struct err *e)
{
	int left = 0;

	for (size_t i = 0; i < TRIAL_WAYS; i++) {
		struct trial_way way = t->o->way[i];
		const struct child_spec child = { .run = only_bind,
						  .arg = &way,
						  .deadline_s = t->o->deadline_s };
		struct child_result end = { .code = 0 };
		int rc = 0;

		if (way.place.memory != MEMPOLICY_DEFAULT && !way.left_out)
			rc = child_run(&child, &end, e);
		if (rc < 0)
			return rc;
		if (end.code)
			way.left_out = "the kernel refuses memory policies here";
		if (way.left_out)
			record_status(&t->records[i], STATUS_SKIPPED, "%s", way.left_out);
		t->off[i] = way.left_out != NULL;
		left += !t->off[i];
	}
	return left;
}

/* What came of the ways that were to be run. */
static void conclude(struct trials *t)
{
	for (size_t i = 0; i < TRIAL_WAYS; i++) {
		struct record *r = &t->records[i];

		if (!t->off[i] && !r->samples.n)
			record_status(r, STATUS_SKIPPED, "left out: %s",
				      stopped(t) ? "stopped before it was run"
						 : "the command failed unbound");
		if (r->samples.n)
			record_summarise(r);
	}
}

int trials_run(const struct trial_order *o, struct record records[TRIAL_WAYS],
	       struct trial_failure *failure, struct err *e)
{
	struct trials t = { .o = o,
			    .records = records,
			    .failure = failure,
			    .random = o->seed,
			    .began = seconds_now() };
	int ways, rc = 0;

	*failure = (struct trial_failure){ .is = false };
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ways = choose_ways(&t, e);
	if (ways < 0)
		return ways;
	t.all = ways * o->rounds + o->warm_up;
	if (o->warm_up)
		rc = run_once(&t, BOUND_NOT, -1, e);
	for (int i = 0; i < o->rounds && rc == 0 && !stopped(&t) && !t.off[BOUND_NOT]; i++)
		rc = run_round(&t, i, e);
	if (rc == 0)
		conclude(&t);
	return rc;
}
