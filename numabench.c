/* numabench.c - the front door: reads options, plans, runs the executables one
 * after another, collects, judges, prints. It measures nothing itself and never
 * starts CUDA. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/front.h"
#include "front/request.h"
#include "render/render.h"
#include "result/judge.h"
#include "result/recommend.h"
#include "util/json.h"
#include "util/options.h"

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

/* ---- what was asked for ---- */

static const struct opt *const option_tables[] = { request_option_table, NULL };
static const struct command command = {
	.name = "numabench",
	.summary = "measure and mend the way between CPUs, memory and GPUs",
	.usage = "[OPTION]... | COMMAND [OPTION]...",
	.about = "Without options: the machine, every GPU's declared binding, and what to try "
		 "next.\n\n"
		 "Commands: topology, check, report, bind (they look); mem-bandwidth, mem-latency, "
		 "gpu-bandwidth, gpu-latency, gpu-peer (they measure). Each has its own --help.",
	.options = option_tables,
};

/* A page: below it there is nothing to place. */
enum { SIZE_LEAST = 4096 };

/* ---- one run ---- */

struct front {
	struct request ask;
	struct surroundings around;
	struct result res;
	struct idset rows;        /* of tests[] */
	struct idset gpus;        /* asked for */
	struct idset closed_gpus; /* hung in an earlier test */
	struct progress progress;
	struct render_options look;
	struct timespec began;
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

static double elapsed(const struct front *f)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)(t.tv_sec - f->began.tv_sec) + (double)(t.tv_nsec - f->began.tv_nsec) * 1e-9;
}

/* Finds the machine through a child: a driver that hangs takes only that one. */
static int look_at_machine(struct front *f, struct err *e)
{
	const struct child_order order = { .program = "topology",
					   .deadline_s = 60,
					   .stop = &stop_signal };

	return collect_machine(&f->res, &order, e);
}

/* What cannot be is refused before anything is measured. */
static int check_request(struct front *f, struct err *e)
{
	const struct request *ask = &f->ask;
	struct idset nodes, skipped;
	int rc;

	rc = ask->quick && ask->thorough
		     ? err_set(e, -EINVAL, "--quick and --thorough exclude each other")
		     : tests_parse(ask->only, ask->quick, &f->rows, e);
	if (rc == 0 && ask->skip) {
		rc = tests_parse(ask->skip, false, &skipped, e);
		f->rows = idset_minus(&f->rows, &skipped);
	}
	if (rc == 0 && idset_empty(&f->rows))
		return err_set(e, -EINVAL, "--only and --skip leave no test");
	if (rc == 0)
		rc = machine_parse_nodes(&f->res.machine, ask->nodes ? ask->nodes : "", &nodes, e);
	if (rc < 0)
		return -EINVAL; /* a node that is not there cannot be; a GPU could */
	if (ask->size && ask->size < SIZE_LEAST)
		return err_set(e, -EINVAL, "--size: at least %d bytes are needed", SIZE_LEAST);
	return machine_parse_gpus(&f->res.machine, ask->gpus ? ask->gpus : "", &f->gpus, e);
}

static void identify_run(struct front *f, int argc, char **argv)
{
	struct run_info *run = &f->res.run;
	time_t now = time(NULL);
	struct tm utc;
	char stamp[20];

	gmtime_r(&now, &utc);
	strftime(run->started, sizeof run->started, "%Y-%m-%dT%H:%M:%SZ", &utc);
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
	snprintf(run->id, sizeof run->id, "%.40s-%s", f->around.host, stamp);
	snprintf(run->version, sizeof run->version, "%s", NB_VERSION);
	run->seed = f->ask.seed ? (uint64_t)f->ask.seed : (uint64_t)now;
	run->command = json_array();
	for (int i = 0; i < argc; i++)
		json_array_append_new(run->command, json_text(argv[i]));
	run->options = json_object();
	if (f->ask.require_gpus >= 0)
		json_object_set_new(run->options, "require_gpus",
				    json_integer(f->ask.require_gpus));
	json_object_set_new(run->options, "pace", json_string(request_pace(&f->ask).name));
	json_object_set_new(run->options, "busy", json_boolean(f->ask.busy));
}

/* ---- the tests ---- */

static bool can_run(const struct front *f, size_t row)
{
	return idset_has(&f->rows, (int)row) && (!tests[row].needs_gpu || f->res.machine.ngpus > 0);
}

/* The test's share of the budget that is left; a test that has nothing to
 * measure needs none. */
static double share_of(const struct front *f, size_t row)
{
	const struct idset gpus = idset_minus(&f->gpus, &f->closed_gpus);
	const size_t ngpus = idset_count(&gpus);
	double left = request_pace(&f->ask).budget_s - elapsed(f), share = 0, weights = 0;

	for (size_t i = row; i < ntests; i++)
		if (can_run(f, i))
			weights += test_weight(&tests[i], &f->res.machine, ngpus);
	if (can_run(f, row) && weights > 0)
		share = left * test_weight(&tests[row], &f->res.machine, ngpus) / weights;
	return share < 1 ? 1 : share;
}

/* Of several GPUs measured at once the reason names the one that hung. */
static bool hung(const struct record *r)
{
	int gpu = -1;

	if (r->status != STATUS_TIMEOUT || !record_has(r, "gpu"))
		return false;
	return !record_has(r, "together") ||
	       (sscanf(r->reason, "GPU %d", &gpu) == 1 && gpu == r->gpu);
}

/* A GPU that hung is closed to later tests (design.md, section 3). */
static void close_hung_gpus(struct front *f, size_t first)
{
	for (size_t i = first; i < f->res.nrecords; i++) {
		const struct record *r = &f->res.records[i];

		if (hung(r))
			idset_add(&f->closed_gpus, r->gpu);
	}
}

static int skip_closed_gpus(struct front *f, const struct test *t)
{
	int rc = 0;

	for (int g = -1; rc == 0 && (g = idset_next(&f->closed_gpus, g)) >= 0;) {
		struct record r;

		record_init(&r);
		snprintf(r.test, sizeof r.test, "%s", t->name);
		r.gpu = g;
		record_set(&r, "test", "gpu", NULL);
		record_status(&r, STATUS_SKIPPED, "GPU %d hung in an earlier test", g);
		rc = result_add(&f->res, &r);
		record_release(&r);
	}
	return rc;
}

/* A test's command line, and room for what it is made of. */
struct arguments {
	const char *v[24];
	char budget[32], size[32], seed[32], gpus[4096];
};

static void fill_arguments(struct arguments *a, const struct front *f, double budget_s,
			   const struct idset *gpus)
{
	const struct request *ask = &f->ask;
	size_t n = 0;

	snprintf(a->budget, sizeof a->budget, "--budget=%.3f", budget_s);
	snprintf(a->seed, sizeof a->seed, "--seed=%llu", (unsigned long long)f->res.run.seed);
	a->v[n++] = a->budget;
	a->v[n++] = a->seed;
	a->v[n++] = "--rounds";
	a->v[n++] = request_pace(ask).rounds;
	if (ask->quick || ask->thorough)
		a->v[n++] = ask->quick ? "--quick" : "--thorough";
	if (ask->nodes)
		a->v[n++] = "--nodes", a->v[n++] = ask->nodes;
	if (ask->busy)
		a->v[n++] = "--busy";
	if (ask->dry_run)
		a->v[n++] = "--dry-run";
	if (ask->size) {
		snprintf(a->size, sizeof a->size, "--size=%llu", (unsigned long long)ask->size);
		a->v[n++] = a->size;
	}
	if (gpus) {
		idset_format(gpus, a->gpus, sizeof a->gpus);
		a->v[n++] = "--gpus", a->v[n++] = a->gpus;
	}
	a->v[n] = NULL;
}

static int run_test(struct front *f, size_t row, struct err *e)
{
	const struct test *t = &tests[row];
	double budget = share_of(f, row), whole = request_pace(&f->ask).budget_s;
	double from = elapsed(f) / whole;
	struct idset gpus = idset_minus(&f->gpus, &f->closed_gpus);
	bool choose = t->needs_gpu && (f->ask.gpus || !idset_empty(&f->closed_gpus));
	size_t first = f->res.nrecords;
	struct arguments args;
	int rc = choose ? skip_closed_gpus(f, t) : 0;

	if (rc < 0 || (choose && idset_empty(&gpus)))
		return rc;
	fill_arguments(&args, f, budget, choose ? &gpus : NULL);
	const struct child_order order = {
		.program = t->name,
		.args = args.v,
		/* A session keeps its budget but for the six rounds it owes; a driver may take
		 * half a minute to start, and every GPU may hang for as long. */
		.deadline_s = 3 * budget + 20 +
			      (t->needs_gpu ? 30 * (double)(1 + f->res.machine.ngpus) : 0),
		.stop = &stop_signal,
		.progress = &f->progress,
		.share_from = from,
		.share_to = from + budget / whole,
		.left_after_s = whole - elapsed(f) - budget,
		.quiet = f->ask.quiet,
		.log = stderr,
	};

	rc = collect_records(&f->res, &order, e);
	close_hung_gpus(f, first);
	return rc;
}

static int run_tests(struct front *f, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < ntests && rc == 0 && !stop_signal; i++)
		if (idset_has(&f->rows, (int)i))
			rc = run_test(f, i, e);
	progress_clear(&f->progress);
	return rc;
}

/* Before anything is measured, what fails on stderr; again with what was read under load. */
static int check_machine(struct front *f, const char *result, struct err *e)
{
	const struct check_order order = { .rules = f->ask.rules,
					   .gpus = f->ask.gpus,
					   .result = result,
					   .stop = &stop_signal,
					   .log = result || f->ask.quiet ? NULL : stderr };

	return collect_checks(&f->res, &order, e);
}

/* ---- what comes of it ---- */

static int write_results(struct front *f, struct err *e)
{
	const char *json = f->ask.json;
	char report[4200];
	int rc = result_write(&f->res, f->result_path, e);

	snprintf(report, sizeof report, "%s/report.txt", f->folder);
	if (rc == 0)
		rc = render_file(format_find("text"), &f->res, f->result_path, report, e);
	if (rc == 0 && json && strcmp(json, "-") != 0)
		rc = result_write(&f->res, json, e);
	return rc;
}

static int print_results(struct front *f, struct err *e)
{
	bool json = f->ask.json && strcmp(f->ask.json, "-") == 0;
	int rc = format_find(json ? "json" : "text")->write(&f->res, &f->look, stdout);

	if (rc == 0 && fflush(stdout) != 0)
		rc = -errno;
	return rc < 0 ? err_set(e, rc, "stdout: %s", strerror(-rc)) : 0;
}

static int exit_code(const struct front *f)
{
	return stop_signal ? 128 + stop_signal : verdict_exit_code(&f->res.verdict, f->ask.strict);
}

/* Judges what there is, writes it, prints it. */
static int conclude(struct front *f, struct err *e)
{
	int rc;

	snprintf(f->result_path, sizeof f->result_path, "%s/result.json", f->folder);
	f->look.source = f->result_path;
	f->res.run.seconds = elapsed(f);
	f->res.run.complete = !stop_signal;
	rc = recommend(&f->res);
	/* A disk that does not take it is told of below. */
	if (rc == 0 && !stop_signal && result_write(&f->res, f->result_path, e) == 0 &&
	    check_machine(f, f->result_path, e) < 0)
		complain(e, 2);
	if (rc == 0)
		rc = judge(&f->res);
	if (rc < 0)
		return complain((err_set(e, rc, "out of memory"), e), 2);
	rc = write_results(f, e);
	if (rc < 0)
		complain(e, 2);
	if (print_results(f, e) < 0)
		rc = (complain(e, 2), -EIO);
	if (access(f->result_path, F_OK) == 0)
		fprintf(stderr, "%s\n", f->folder);
	return rc < 0 && !stop_signal ? 2 : exit_code(f);
}

/* The plan, cell by cell, or as the records that it would make. */
static int dry_run(struct front *f, struct err *e)
{
	char name[160];

	if (run_tests(f, e) < 0)
		return complain(e, 2);
	if (f->ask.json && strcmp(f->ask.json, "-") == 0) {
		result_print(&f->res, stdout);
		return finish_stdout(e);
	}
	printf("%s: %zu cells, %.0f s at the most\n", request_pace(&f->ask).name, f->res.nrecords,
	       request_pace(&f->ask).budget_s);
	for (size_t i = 0; i < f->res.nrecords; i++)
		printf("  %-14s %s\n", f->res.records[i].test,
		       record_name(&f->res.records[i], name, sizeof name));
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

	rc = look_at_machine(f, e);
	if (rc == 0)
		rc = check_request(f, e);
	if (rc < 0)
		return stop_signal ? 128 + stop_signal : complain(e, rc == -ENODEV ? 3 : 2);
	identify_run(f, argc, argv);
	if (f->ask.dry_run)
		return dry_run(f, e);
	snprintf(holder, sizeof holder, "pid %d, since %s", (int)getpid(), f->res.run.started);
	if (run_lock(&f->around, holder, e) == -EBUSY)
		return complain(e, 3);
	rc = folder_make(f->folder, sizeof f->folder, f->ask.output, f->res.run.id, &f->around, e);
	if (rc == 0 && f->ask.json && strcmp(f->ask.json, "-") != 0)
		rc = file_prove(f->ask.json, e);
	if (rc < 0)
		return complain(e, 2);
	rc = check_machine(f, NULL, e);
	if (rc == 0)
		rc = run_tests(f, e);
	if (rc < 0)
		complain(e, 2);
	int code = conclude(f, e);

	return rc < 0 ? 2 : code;
}

/* ---- without --all ---- */

static int overview(struct front *f, struct err *e)
{
	struct recommendation *all;
	size_t n;
	char line[1024];

	if (look_at_machine(f, e) < 0 || render_machine(&f->res.machine, &f->look, stdout) < 0 ||
	    recommend_declared(&f->res.machine, &all, &n) < 0)
		return complain(e, 2);
	if (n)
		printf("\nDeclared bindings (nothing was measured):\n");
	for (size_t i = 0; i < n; i++)
		printf("  GPU %d: %s\n", all[i].gpu,
		       all[i].has_node ? recommendation_numactl(&all[i], line, sizeof line)
				       : all[i].why);
	recommendations_free(all, n);
	printf("\nWhat to try next:\n"
	       "  numabench --all --quick     measure this machine in under a minute\n"
	       "  numabench topology          the machine in more detail\n");
	printf(n ? "  numabench bind --gpu 0 -- COMMAND     run COMMAND where GPU 0 is fed best\n"
		 : "  numabench mem-bandwidth     memory bandwidth, node by node\n");
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
	f->around = (struct surroundings){
		.host = host,
		.xdg_state_home = getenv("XDG_STATE_HOME"),
		.home = getenv("HOME"),
		.tmpdir = getenv("TMPDIR"),
		.xdg_runtime_dir = getenv("XDG_RUNTIME_DIR"),
	};
	f->look = render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));
	f->progress = progress_to(stderr, f->ask.quiet);
}

int main(int argc, char **argv)
{
	struct front f = { .ask = request_default() };
	void *const contexts[] = { &f.ask };
	struct sigaction stop = { .sa_handler = on_signal };
	struct operands rest;
	struct err e = { "" };
	char host[64];
	int rc;

	if (argc > 1 && argv[1][0] != '-')
		return become(argv + 1, &e);
	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc == 0 && argc > 1 && !f.ask.all && !f.ask.list)
		rc = err_set(&e, -EINVAL, "'%s' goes with --all; see --help", argv[1]);
	if (rc < 0)
		return complain(&e, 2);
	if (rc > 0)
		return 0;
	if (f.ask.list)
		return list_tests(&e);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a full disk is an error code, not a death */
	for (size_t i = 0; i < 3; i++)
		sigaction((const int[]){ SIGINT, SIGTERM, SIGHUP }[i], &stop, NULL);
	clock_gettime(CLOCK_MONOTONIC, &f.began);
	read_surroundings(&f, host, sizeof host);
	result_init(&f.res);
	rc = f.ask.all ? measure_all(&f, argc, argv, &e) : overview(&f, &e);
	result_release(&f.res);
	return rc;
}
