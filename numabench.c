/* numabench.c - the front door: reads options, plans, runs the executables one
 * after another, collects, judges, prints. It measures nothing itself and never
 * starts CUDA. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/run.h"
#include "render/render.h"
#include "result/recommend.h"
#include "util/now.h"
#include "util/options.h"

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

/* ---- what was asked for ---- */

static const struct opt *const option_tables[] = { request_option_table, NULL };
static const struct note examples[] = {
	{ "", "the machine, every GPU's declared binding, and what to try next" },
	{ "--all --quick", "which node for which GPU, in less than a minute" },
	{ "--all --require-gpus 8 --baseline good.json --json result.json",
	  "in a pipeline: ends with 1 where a GPU is missing or something got slower" },
	{ "bind --gpu 4 -- python train.py",
	  "a command on the cores and the memory that feed GPU 4 best" },
	{ NULL, NULL },
};

static const struct note environment[] = {
	NOTE_VISIBLE,
	NOTE_NO_COLOR,
	NOTE_COLUMNS,
	{ "XDG_STATE_HOME, HOME, TMPDIR",
	  "where the results' folder is made when ./results cannot be written" },
	{ "XDG_RUNTIME_DIR", "where the lock lies when it can be made nowhere else" },
	{ NULL, NULL },
};

static const struct note files[] = {
	{ "results/<host>-<time>/result.json", "the result; `numabench report` shows it" },
	{ "results/<host>-<time>/report.txt", "what was printed" },
	{ "/run/lock/numabench.lock", "held while a run is under way; a second one ends with 3" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench",
	.summary = "measure and fix the path between CPUs, memory and GPUs",
	.usage = "[OPTION]... | COMMAND [OPTION]...",
	.about =
		"Without options: the machine, every GPU's declared binding, and what to try "
		"next.\n\n"
		"Commands: topology, check, report, baseline, compare, expect, bind, try (they "
		"look); "
		"mem-bandwidth, mem-latency, gpu-bandwidth, gpu-latency, gpu-peer, migration (they "
		"measure). Each has its own --help.",
	.options = option_tables,
	.examples = examples,
	.environment = environment,
	.files = files,
	.see = "numabench-topology(1), numabench-check(1), numabench-report(1), numabench-bind(1), "
	       "numabench-try(1), numabench-baseline(1), numabench-compare(1), "
	       "numabench-expect(1), numabench-mem-bandwidth(1), numabench-mem-latency(1), "
	       "numabench-gpu-bandwidth(1), numabench-gpu-latency(1), numabench-gpu-peer(1), "
	       "numabench-migration(1), numactl(8), nvidia-smi(1)",
};

/* ---- one run ---- */

struct front {
	struct run run;
	struct surroundings around;
	struct render_options look;
	bool printed; /* the report, or whatever was asked for */
	char folder[4096], result_path[4200];
};

static int complain(const struct err *e, int code)
{
	fprintf(stderr, "numabench: %s\n", e->text);
	return code;
}

/* A disk that is full, or a reader that is gone, shows only now. */
static int finish_stdout(struct err *e)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return complain((err_set(e, -EIO, "stdout: %s", strerror(errno ? errno : EIO)), e), 2);
}

/* ---- what comes of it ---- */

static int write_results(struct front *f, struct err *e)
{
	const char *json = f->run.ask.json;
	char report[4200];
	int rc = result_write(&f->run.res, f->result_path, e);

	snprintf(report, sizeof report, "%s/report.txt", f->folder);
	if (rc == 0)
		rc = render_file(format_find("text"), &f->run.res, f->result_path, report, e);
	if (rc == 0 && json && strcmp(json, "-") != 0)
		rc = result_write(&f->run.res, json, e);
	return rc;
}

static int print_results(struct front *f, struct err *e)
{
	bool json = f->run.ask.json && strcmp(f->run.ask.json, "-") == 0;
	const char *name = json ? "json" : f->run.ask.nagios ? "nagios" : "text";
	int rc = format_find(name)->write(&f->run.res, &f->look, stdout);

	if (rc == 0 && fflush(stdout) != 0)
		rc = -errno;
	f->printed = rc == 0;
	return rc < 0 ? err_set(e, rc, "stdout: %s", strerror(-rc)) : 0;
}

/* What watches reads standard output and Nagios's codes alone: all but a verdict is unknown. */
static int nagios_code(const struct front *f, int code, const struct err *e)
{
	if (!f->printed)
		printf("NUMABENCH UNKNOWN - %s\n", e->text[0] ? e->text : "it was stopped");
	return f->printed && code == run_exit_code(&f->run) ? code : 3;
}

/* Whoever asked for it is told so every time. */
static void tell_on_unknown(const struct front *f)
{
	const struct verdict *v = &f->run.res.verdict;

	if (verdict_exit_code(v, f->run.ask.strict) == 3 && f->run.ask.on_unknown >= 0 &&
	    !f->run.ask.nagios)
		fprintf(stderr, "numabench: UNKNOWN is taken for %s, as --on-unknown asks: %s\n",
			on_unknown_words[f->run.ask.on_unknown],
			v->nreasons ? v->reasons[0] : "no reason is given");
}

/* Above the folder, which is the last line for whoever reads it by a program. */
#define WHAT_TAKES_IT                                                                              \
	"numabench: the result is in this folder, which report, check, compare, baseline, expect " \
	"and bind --from take:\n"

/* Judges what there is, writes it, prints it. */
static int conclude(struct front *f, struct err *e)
{
	int rc;

	snprintf(f->result_path, sizeof f->result_path, "%s/" RESULT_FILE, f->folder);
	f->look.source = f->result_path;
	f->run.res.run.seconds = run_elapsed(&f->run);
	f->run.res.run.complete = !stop_signal;
	rc = recommend(&f->run.res);
	/* A disk that does not take it is told of below. */
	if (rc == 0 && !stop_signal && result_write(&f->run.res, f->result_path, e) == 0 &&
	    run_check(&f->run, f->result_path, NULL, e) < 0)
		complain(e, 2);
	rc = rc < 0 ? err_set(e, rc, "out of memory") : run_judge(&f->run, e);
	if (rc < 0)
		return complain(e, 2);
	rc = write_results(f, e);
	if (rc < 0)
		complain(e, 2);
	if (print_results(f, e) < 0)
		rc = (complain(e, 2), -EIO);
	tell_on_unknown(f);
	if (access(f->result_path, F_OK) == 0)
		fprintf(stderr, "%s%s\n", f->run.ask.quiet ? "" : WHAT_TAKES_IT, f->folder);
	return rc < 0 && !stop_signal ? 2 : run_exit_code(&f->run);
}

static int dry_run(struct front *f, struct err *e)
{
	if (run_tests(&f->run, e) < 0)
		return complain(e, 2);
	run_print_plan(&f->run, stdout);
	return stop_signal ? 128 + stop_signal : finish_stdout(e);
}

static int list_tests(struct err *e)
{
	for (size_t i = 0; i < ntests; i++)
		printf("%-14s %s\n", tests[i].name, tests[i].summary);
	return finish_stdout(e);
}

static int measure_all(struct front *f, int argc, char **argv, struct err *e)
{
	char holder[120];
	int rc;

	rc = run_read_references(&f->run, e);
	if (rc == 0)
		rc = run_plan(&f->run, e);
	if (rc < 0)
		return stop_signal ? 128 + stop_signal : complain(e, rc == -ENODEV ? 3 : 2);
	run_identify(&f->run, argc, argv);
	if (f->run.ask.dry_run)
		return dry_run(f, e);
	snprintf(holder, sizeof holder, "pid %d, since %s", (int)getpid(), f->run.res.run.started);
	if (run_lock(&f->around, holder, e) == -EBUSY)
		return complain(e, 3);
	rc = folder_make(f->folder, sizeof f->folder, f->run.ask.output, f->run.res.run.id,
			 &f->around, e);
	if (rc == 0 && f->run.ask.json && strcmp(f->run.ask.json, "-") != 0)
		rc = file_prove(f->run.ask.json, e);
	if (rc < 0)
		return complain(e, 2);
	rc = run_check(&f->run, NULL, f->run.ask.quiet ? NULL : stderr, e);
	if (rc == 0)
		rc = run_tests(&f->run, e);
	if (rc == 0 && !stop_signal)
		rc = run_compare(&f->run, f->run.ask.quiet ? NULL : stderr, e);
	if (rc < 0)
		complain(e, 2);
	int code = conclude(f, e);

	return rc < 0 ? 2 : code;
}

/* ---- without --all ---- */

static int overview(struct front *f, struct err *e)
{
	if (run_look(&f->run, e) < 0 || run_print_overview(&f->run, &f->look, stdout, e) < 0)
		return complain(e, 2);
	return finish_stdout(e);
}

/* `numabench topology ..`: becomes that program. */
static int become(char **argv, struct err *e)
{
	char path[4200];

	if (strchr(argv[0], '/') || program_path(path, sizeof path, argv[0], e) < 0)
		return complain((err_set(e, -ENOENT, "no command '%s'; see --help", argv[0]), e),
				2);
	execv(path, argv);
	return complain((err_set(e, -errno, "%s: %s", path, strerror(errno)), e), 2);
}

static void read_surroundings(struct front *f, char *host, size_t size)
{
	if (gethostname(host, size) < 0 || !host[0])
		snprintf(host, size, "localhost");
	host[size - 1] = '\0';
	f->run.host = host;
	f->around = (struct surroundings){
		.host = host,
		.xdg_state_home = getenv("XDG_STATE_HOME"),
		.home = getenv("HOME"),
		.tmpdir = getenv("TMPDIR"),
		.xdg_runtime_dir = getenv("XDG_RUNTIME_DIR"),
	};
	f->look = render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));
	f->run.progress = progress_to(stderr, f->run.ask.quiet);
}

int main(int argc, char **argv)
{
	struct front f = { .run = { .ask = request_default(), .stop = &stop_signal } };
	void *const contexts[] = { &f.run.ask };
	struct sigaction stop = { .sa_handler = on_signal };
	struct operands rest;
	struct err e = { "" };
	char host[64];
	int rc;

	if (argc > 1 && argv[1][0] != '-')
		return become(argv + 1, &e);
	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc == 0 && argc > 1 && !f.run.ask.all && !f.run.ask.list)
		rc = err_set(&e, -EINVAL, "'%s' goes with --all; see --help", argv[1]);
	if (rc < 0)
		return f.run.ask.nagios ? nagios_code(&f, complain(&e, 2), &e) : complain(&e, 2);
	if (rc > 0)
		return 0;
	if (f.run.ask.list)
		return list_tests(&e);
	if (f.run.ask.all) /* who reads along may go, and the results are written all the same */
		signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a full disk is an error code, not a death */
	for (size_t i = 0; i < 3; i++)
		sigaction((const int[]){ SIGINT, SIGTERM, SIGHUP }[i], &stop, NULL);
	f.run.began = seconds_now();
	read_surroundings(&f, host, sizeof host);
	result_init(&f.run.res);
	rc = f.run.ask.all ? measure_all(&f, argc, argv, &e) : overview(&f, &e);
	if (f.run.ask.nagios && !f.run.ask.dry_run)
		rc = nagios_code(&f, rc, &e);
	run_release(&f.run);
	return rc;
}
