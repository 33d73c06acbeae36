/* try.c - `numabench try`: whether binding helps this very command. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/choice.h"
#include "front/run.h"
#include "machine/probe.h"
#include "place/trials.h"
#include "render/render.h"
#include "result/judge.h"
#include "result/recommend.h"
#include "result/trial.h"
#include "util/now.h"
#include "util/options.h"
#include "util/units.h"

enum { RUNS = 3, RUNS_MOST = 1000, DEADLINE_S = 3600 };

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

static const char *const better_words[] = { "higher", "lower", NULL };

struct try_command {
	const char *gpu, *from, *metric, *output, *log;
	int runs, better, seed;
	double deadline_s;
	bool no_warm_up, quiet;
};

#define AT(member) .offset = offsetof(struct try_command, member)
static const struct opt try_options[] = {
	{ .kind = OPT_TEXT,
	  .name = "gpu",
	  .arg = "GPU",
	  .help = "number (nvidia-smi's), PCI address or UUID; the command sees it alone",
	  AT(gpu) },
	{ .kind = OPT_INT,
	  .name = "runs",
	  .arg = "N",
	  .help = "how often each of the four ways is run (3, the fewest that tell); more tell "
		  "smaller differences",
	  AT(runs),
	  .low = 1,
	  .high = RUNS_MOST },
	{ .kind = OPT_TEXT,
	  .name = "metric",
	  .arg = "REGEX",
	  .help = "an extended regular expression with one group, for the figure in what the "
		  "command says, as 'throughput: ([0-9.]+)'; the last match counts. Without it the "
		  "time that the command takes",
	  AT(metric) },
	{ .kind = OPT_CHOICE,
	  .name = "better",
	  .arg = "WORD",
	  .choices = better_words,
	  .help = "of that figure: higher (the default) or lower",
	  AT(better) },
	{ .kind = OPT_TEXT,
	  .name = "from",
	  .arg = "RESULT",
	  .help = "bind as a run on this machine measured it; without it as firmware and driver "
		  "declare",
	  AT(from) },
	{ .kind = OPT_SECONDS,
	  .name = "deadline",
	  .arg = "TIME",
	  .help = "a run that takes longer is ended, and reported (1 hour)",
	  AT(deadline_s) },
	{ .kind = OPT_TEXT,
	  .name = "output",
	  .letter = 'o',
	  .arg = "FILE",
	  .help = "write the records there, a result file as any other",
	  AT(output) },
	{ .kind = OPT_TEXT,
	  .name = "log",
	  .arg = "FILE",
	  .help = "where all goes that the command says; else a new file in $TMPDIR",
	  AT(log) },
	{ .kind = OPT_FLAG,
	  .name = "no-warm-up",
	  .help = "count the first run, too: else one more comes before all others, for files that "
		  "are read from disk only then",
	  AT(no_warm_up) },
	{ .kind = OPT_INT,
	  .name = "seed",
	  .arg = "N",
	  .help = "of the random order",
	  AT(seed),
	  .low = 1,
	  .high = 2147483647 },
	{ .kind = OPT_FLAG, .name = "quiet", .help = "no line for each run", AT(quiet) },
	{ .kind = OPT_END },
};
#undef AT

static const struct note examples[] = {
	{ "--gpu 0 -- python train.py --steps 50", "by how long it runs" },
	{ "--gpu 0 --metric \"([0-9.]+) img/s\" --runs 5 -- python train.py",
	  "by a figure that it prints" },
	{ NULL, NULL },
};

static const struct note environment[] = {
	{ "CUDA_VISIBLE_DEVICES", "which GPUs there are; the command gets the one GPU" },
	NOTE_NO_COLOR,
	{ "TMPDIR", "where the log of the command is made" },
	{ NULL, NULL },
};

static const struct note ends[] = {
	{ "0", "all runs ended well, whatever binding brings" },
	{ "125", "an error of its own, wrong usage included; a run past its deadline or without "
		 "its figure" },
	{ "126", "the command was found and could not be executed" },
	{ "127", "the command was not found" },
	{ "otherwise", "as the first run that failed did; 128+n where signal n ended it, or try" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench try",
	.summary = "whether binding helps a command of yours, and by how much",
	.usage = "--gpu GPU [OPTION]... -- COMMAND [ARGUMENT]...",
	.about =
		"Runs the command unbound, bound to the CPUs that feed the GPU best, to the memory "
		"there, and to both, as `numabench bind` does; in random order, every way --runs "
		"times, without input. What a run leaves behind is ended.\n\n"
		"\"bind: yes, +35 %\" where the 95 % interval of the gain lies above 3 %; \"no\" "
		"where it is as clearly a loss; else \"no difference\", with the interval. A run "
		"that fails, hangs or does not say its figure is reported, and never averaged.\n\n"
		"Ends with 0; where a run failed, as that run did (128 and the signal where one "
		"ended "
		"it; 127 not found, 126 not executable); 125 for a run past its deadline or "
		"without a "
		"figure, and for an error of its own.",
	.options = (const struct opt *const[]){ try_options, NULL },
	.stop_at_operand = true,
	.ends = ends,
	.examples = examples,
	.environment = environment,
	.see = "numabench-bind(1), numabench-report(1), numactl(8)",
};

/* All that a trial has. */
struct trying {
	const struct try_command *own;
	char *const *ours; /* our environment before the probe's */
	char **env, **bound_env;
	struct result res;
	struct choice choice;
	struct binding b;
	struct trial_order order;
	struct record records[TRIAL_WAYS];
	struct trial_failure failure;
	struct sysroot root;
	regex_t metric;
	char visible[64], log[4096];
};

static int compile(struct trying *t, struct err *e)
{
	char why[200];
	int rc;

	if (!t->own->metric)
		return 0;
	rc = regcomp(&t->metric, t->own->metric, REG_EXTENDED);
	if (rc) {
		regerror(rc, &t->metric, why, sizeof why);
		return err_set(e, -EINVAL, "option '--metric %.100s': %s", t->own->metric, why);
	}
	t->order.metric = &t->metric;
	if (t->metric.re_nsub)
		return 0;
	return err_set(e, -EINVAL,
		       "option '--metric %.100s': no group; the figure goes in parentheses",
		       t->own->metric);
}

static int take_gpu(struct trying *t, struct err *e)
{
	const struct binding_want want = { .memory = BINDING_BIND };
	struct machine *m = &t->res.machine;
	struct idset gpus;
	int rc = machine_parse_gpus(m, t->own->gpu, &gpus, e);

	if (rc == 0 && idset_count(&gpus) != 1)
		rc = err_set(e, -EINVAL, "option '--gpu %.40s': one GPU at a time", t->own->gpu);
	if (rc == 0)
		rc = choice_open(&t->choice, m, t->own->from, e);
	if (rc == 0)
		rc = choice_one(&t->b, &t->choice, m, idset_next(&gpus, -1), &want, e);
	if (rc == 0 && t->b.gpu->uuid[0])
		snprintf(t->visible, sizeof t->visible, "%s", t->b.gpu->uuid);
	else if (rc == 0)
		snprintf(t->visible, sizeof t->visible, "%d", t->b.gpu->index);
	return rc;
}

static int open_log(struct trying *t, struct err *e)
{
	const char *tmp = getenv("TMPDIR");

	if (t->own->log) {
		snprintf(t->log, sizeof t->log, "%s", t->own->log);
		t->order.log = open(t->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	} else {
		snprintf(t->log, sizeof t->log, "%s/numabench-try-XXXXXX",
			 tmp && tmp[0] ? tmp : "/tmp");
		t->order.log = mkostemp(t->log, O_CLOEXEC);
	}
	return t->order.log < 0 ? err_set(e, -errno, "%.300s: %s", t->log, strerror(errno)) : 0;
}

/* The four ways: GPU variables alike, OpenMP's threads as `bind` has them where CPUs are bound. */
static int make_ways(struct trying *t, struct err *e)
{
	size_t threads = cores_of(&t->res.machine, &t->b.cpus);

	t->env = launch_environment(t->ours, t->visible, 0);
	t->bound_env = launch_environment(t->ours, t->visible, threads);
	if (!t->env || !t->bound_env)
		return err_set(e, -ENOMEM, "out of memory");
	for (int i = 0; i < TRIAL_WAYS; i++) {
		struct trial_way *way = &t->order.way[i];
		bool cpu = i == BOUND_CPU || i == BOUND_BOTH;
		bool memory = i == BOUND_MEMORY || i == BOUND_BOTH;

		way->env = cpu ? t->bound_env : t->env;
		if (cpu)
			way->place.cpus = t->b.cpus;
		if (memory && t->b.memory == BINDING_NONE)
			way->left_out = t->b.note;
		if (!memory)
			continue;
		way->place.memory = MEMPOLICY_BIND;
		way->place.nodes = t->b.memory_nodes;
	}
	return 0;
}

static void begin_records(struct trying *t)
{
	bool time = !t->own->metric;

	for (int i = 0; i < TRIAL_WAYS; i++) {
		struct record *r = &t->records[i];

		record_init(r);
		snprintf(r->test, sizeof r->test, TRIAL_TEST);
		snprintf(r->metric, sizeof r->metric, "%s", time ? TRIAL_TIME : "figure");
		snprintf(r->unit, sizeof r->unit, "%s", time ? "s" : "1");
		r->better = time || t->own->better == 1 ? BETTER_LOWER : BETTER_HIGHER;
		r->gpu = t->b.gpu->index;
		r->binding = (enum bound)i;
		record_set(r, "test", "metric", "unit", "better", "gpu", "binding", "status", NULL);
	}
}

static void tell(int done, int all, enum bound way, void *arg)
{
	const struct trying *t = arg;

	if (!t->own->quiet)
		fprintf(stderr, "%s: run %d of %d: %s%s\n", command.name, done + 1, all,
			trial_way_name(way), done == 0 && t->order.warm_up ? ", to warm up" : "");
}

/* ---- what comes of it ---- */

static int identify(struct trying *t, int argc, char **argv)
{
	struct run run = { .ask = request_default() };
	char host[64] = "", to[96];

	gethostname(host, sizeof host - 1);
	run.host = host[0] ? host : "localhost";
	run.ask.seed = t->own->seed;
	result_init(&run.res);
	run_identify(&run, argc, argv);
	t->res.run = run.res.run;
	t->res.run.simulated = t->res.machine.simulated;
	json_object_clear(t->res.run.options);
	json_object_set_new(t->res.run.options, "runs", json_integer(t->own->runs));
	json_object_set_new(t->res.run.options, TRIAL_TO,
			    json_string(binding_origin(&t->b, to, sizeof to)));
	if (t->own->metric)
		json_object_set_new(t->res.run.options, "metric", json_string(t->own->metric));
	return t->res.run.command && t->res.run.options ? 0 : -ENOMEM;
}

static int conclude(struct trying *t, struct err *e)
{
	struct render_options look =
		render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));
	int rc = 0;

	for (int i = 0; i < TRIAL_WAYS && rc == 0; i++)
		rc = result_add(&t->res, &t->records[i]);
	t->res.run.complete = !stop_signal;
	if (rc == 0)
		rc = recommend(&t->res);
	if (rc == 0)
		rc = judge(&t->res);
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	rc = render_trial(&t->res, &look, stdout);
	if (rc == 0 && fflush(stdout) != 0)
		rc = -errno;
	if (rc < 0)
		return err_set(e, rc, "standard output: %s", strerror(-rc));
	return t->own->output ? result_write(&t->res, t->own->output, e) : 0;
}

static int run_all(struct trying *t, int argc, char **argv, struct err *e)
{
	double began;
	int rc = identify(t, argc, argv);

	if (rc < 0)
		return err_set(e, rc, "out of memory");
	begin_records(t);
	t->order.seed = t->res.run.seed;
	began = seconds_now();
	rc = trials_run(&t->order, t->records, &t->failure, e);
	t->res.run.seconds = seconds_now() - began;
	if (rc == 0)
		rc = conclude(t, e);
	for (int i = 0; i < TRIAL_WAYS; i++)
		record_release(&t->records[i]);
	return rc;
}

static int exit_code(const struct trying *t)
{
	if (t->failure.is)
		fprintf(stderr, "%s: run %d (%s): %s; its output is in %s\n", command.name,
			t->failure.run, trial_way_name(t->failure.way), t->failure.why, t->log);
	else
		fprintf(stderr, "%s: output of the runs: %s\n", command.name, t->log);
	return stop_signal ? 128 + stop_signal : t->failure.is ? t->failure.code : 0;
}

static int prepare(struct trying *t, const struct operands *rest, struct err *e)
{
	struct probe_spec spec = probe_spec_default();
	int rc = 0;

	if (!t->own->gpu)
		rc = err_set(e, -EINVAL, "which GPU? --gpu GPU; see --help");
	else if (!rest->n)
		rc = err_set(e, -EINVAL, "which command? --gpu GPU -- COMMAND; see --help");
	else if (t->own->better >= 0 && !t->own->metric)
		rc = err_set(e, -EINVAL, "--better goes with --metric: less time is better");
	if (rc == 0)
		rc = compile(t, e);
	if (rc == 0 && t->own->output)
		rc = file_prove(t->own->output, e);
	if (rc == 0)
		rc = machine_probe(&t->res.machine, &spec, e);
	if (rc == 0)
		rc = take_gpu(t, e);
	if (rc == 0)
		rc = make_ways(t, e);
	if (rc == 0)
		rc = sysroot_open_live(&t->root, e);
	return rc < 0 ? rc : open_log(t, e);
}

int main(int argc, char **argv)
{
	struct try_command own = { .runs = RUNS, .better = -1, .deadline_s = DEADLINE_S };
	void *const contexts[] = { &own };
	struct sigaction stop = { .sa_handler = on_signal };
	struct trying t = { .own = &own };
	struct operands rest;
	struct err e = { "" };
	char **ours;
	int rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);

	if (rc > 0)
		return 0;
	ours = environment_copy(environ);
	if (rc == 0 && !ours)
		rc = err_set(&e, -ENOMEM, "out of memory");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < 3; i++)
		sigaction((const int[]){ SIGINT, SIGTERM, SIGHUP }[i], &stop, NULL);
	result_init(&t.res);
	result_init(&t.choice.res);
	t.ours = ours;
	t.order = (struct trial_order){ .argv = rest.v,
					.rounds = own.runs,
					.deadline_s = own.deadline_s,
					.stop = &stop_signal,
					.warm_up = !own.no_warm_up,
					.root = &t.root,
					.tell = tell,
					.arg = &t };
	if (rc == 0)
		rc = prepare(&t, &rest, &e);
	if (rc == 0)
		rc = run_all(&t, argc, argv, &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", command.name, e.text);
	rc = rc < 0 ? LAUNCH_OWN : exit_code(&t);
	if (t.order.metric)
		regfree(&t.metric);
	free(t.env);
	free(t.bound_env);
	free(ours);
	choice_close(&t.choice);
	result_release(&t.res);
	return rc;
}
