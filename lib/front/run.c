/* run.c - the tests of a run, one after another, each in a process of its own. See run.h. */
#include "front/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool can_run(const struct run *r, size_t row)
{
	return idset_has(&r->rows, (int)row) &&
	       test_has_work(&tests[row], &r->res.machine, r->ask.quick);
}

/* The test's share of the budget that is left; a test that has nothing to
 * measure needs none. */
static double share_of(const struct run *r, size_t row)
{
	const struct idset gpus = idset_minus(&r->gpus, &r->closed_gpus);
	const size_t ngpus = idset_count(&gpus);
	double left = request_pace(&r->ask).budget_s - run_elapsed(r), share = 0, weights = 0;

	for (size_t i = row; i < ntests; i++)
		if (can_run(r, i))
			weights += test_weight(&tests[i], &r->res.machine, ngpus, r->ask.thorough);
	if (can_run(r, row) && weights > 0)
		share = left * test_weight(&tests[row], &r->res.machine, ngpus, r->ask.thorough) /
			weights;
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

/* A GPU that hung is closed to later tests : nothing may wait for it again. */
static void close_hung_gpus(struct run *r, size_t first)
{
	for (size_t i = first; i < r->res.nrecords; i++) {
		const struct record *rec = &r->res.records[i];

		if (hung(rec))
			idset_add(&r->closed_gpus, rec->gpu);
	}
}

static int skip_closed_gpus(struct run *r, const struct test *t)
{
	int rc = 0;

	for (int g = -1; rc == 0 && (g = idset_next(&r->closed_gpus, g)) >= 0;) {
		struct record rec;

		record_init(&rec);
		snprintf(rec.test, sizeof rec.test, "%s", t->name);
		rec.gpu = g;
		record_set(&rec, "test", "gpu", NULL);
		record_status(&rec, STATUS_SKIPPED, "GPU %d hung in an earlier test", g);
		rc = result_add(&r->res, &rec);
		record_release(&rec);
	}
	return rc;
}

/* A test's command line, and room for what it is made of. */
struct arguments {
	const char *v[24];
	char budget[32], size[32], seed[32], gpus[4096];
};

static void fill_arguments(struct arguments *a, const struct run *r, double budget_s,
			   const struct idset *gpus, const char *cell)
{
	const struct request *ask = &r->ask;
	size_t n = 0;

	snprintf(a->budget, sizeof a->budget, "--budget=%.3f", budget_s);
	snprintf(a->seed, sizeof a->seed, "--seed=%llu", (unsigned long long)r->res.run.seed);
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
	if (cell)
		a->v[n++] = "--cell", a->v[n++] = cell;
	if (gpus) {
		idset_format(gpus, a->gpus, sizeof a->gpus);
		a->v[n++] = "--gpus", a->v[n++] = a->gpus;
	}
	a->v[n] = NULL;
}

/* Whether a process of ours did not end by itself: what it used nobody counts as ours. */
static bool was_killed(const struct result *res, size_t first)
{
	for (size_t i = first; i < res->nrecords; i++)
		if (res->records[i].status == STATUS_TIMEOUT ||
		    res->records[i].status == STATUS_CRASHED)
			return true;
	return false;
}

static void note_load(struct run *r)
{
	json_t *load = load_json(&r->load);

	if (load && !r->res.run.more)
		r->res.run.more = json_object();
	if (load)
		json_object_set_new(r->res.run.more, "load", load);
}

/* One test, or one cell of it, from `from` seconds of the run on; what it reports goes to `to`. */
static int run_bench(struct run *r, size_t row, double budget, const char *cell, struct result *to,
		     struct err *e)
{
	const struct test *t = &tests[row];
	double whole = request_pace(&r->ask).budget_s, from = run_elapsed(r) / whole;
	struct idset gpus = idset_minus(&r->gpus, &r->closed_gpus);
	bool gpus_too = t->needs_gpu || t->takes_gpus;
	bool choose = gpus_too && (r->ask.gpus || !idset_empty(&r->closed_gpus));
	struct arguments args;

	if (choose && idset_empty(&gpus))
		return 0;
	fill_arguments(&args, r, budget, choose ? &gpus : NULL, cell);
	const struct child_order order = {
		.program = t->name,
		.args = args.v,
		/* A session keeps its budget but for the six rounds it owes; a driver may take
		 * half a minute to start, and every GPU may hang for as long. */
		.deadline_s =
			3 * budget + 20 + (gpus_too ? 30 * (double)(1 + r->res.machine.ngpus) : 0),
		.stop = r->stop,
		.progress = cell ? NULL : &r->progress,
		.share_from = from,
		.share_to = from + budget / whole,
		.left_after_s = whole - run_elapsed(r) - budget,
		.quiet = r->ask.quiet || cell,
		.log = stderr,
	};

	struct load_reading before = load_begin(&r->res.machine);
	size_t first = to->nrecords;
	int rc = collect_records(to, &order, e);

	if (!was_killed(to, first))
		load_end(&r->load, &before, &r->res.machine);
	note_load(r);
	return rc;
}

static int run_test(struct run *r, size_t row, struct err *e)
{
	const struct test *t = &tests[row];
	size_t first = r->res.nrecords;
	bool gpus_too = t->needs_gpu || t->takes_gpus;
	int rc = gpus_too && !idset_empty(&r->closed_gpus) ? skip_closed_gpus(r, t) : 0;

	r->shares[row] = share_of(r, row);
	if (rc == 0)
		rc = run_bench(r, row, r->shares[row], NULL, &r->res, e);
	close_hung_gpus(r, first);
	return rc;
}

int run_again(struct run *r, const char *test, const char *cell, struct result *to, struct err *e)
{
	/* With the budget of then the same cells are planned. */
	for (size_t i = 0; i < ntests; i++)
		if (strcmp(tests[i].name, test) == 0)
			return run_bench(r, i, r->shares[i], cell, to, e);
	return err_set(e, -ENOENT, "no test '%s'", test);
}

int run_tests(struct run *r, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < ntests && rc == 0 && !*r->stop; i++)
		if (idset_has(&r->rows, (int)i))
			rc = run_test(r, i, e);
	progress_clear(&r->progress);
	return rc;
}

int run_check(struct run *r, const char *result, FILE *log, struct err *e)
{
	const struct check_order order = { .rules = r->ask.rules,
					   .gpus = r->ask.gpus,
					   .result = result,
					   .stop = r->stop,
					   .log = log };

	return collect_checks(&r->res, &order, e);
}
