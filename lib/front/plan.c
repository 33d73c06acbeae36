/* plan.c - what a run is to do, before it does anything: the machine, what was asked for, the
 * run's name. See run.h. */
#include <errno.h>
#include <string.h>

#include "front/run.h"
#include "util/json.h"
#include "util/now.h"

/* A page: below it there is nothing to place. */
enum { SIZE_LEAST = 4096 };

double run_elapsed(const struct run *r)
{
	return seconds_now() - r->began;
}

int run_look(struct run *r, struct err *e)
{
	const struct child_order order = { .program = "topology",
					   .deadline_s = 60,
					   .stop = r->stop };

	return collect_machine(&r->res, &order, e);
}

static int check_request(struct run *r, struct err *e)
{
	const struct request *ask = &r->ask;
	struct idset nodes, skipped;
	int rc;

	rc = ask->quick && ask->thorough
		     ? err_set(e, -EINVAL, "--quick and --thorough exclude each other")
		     : tests_parse(ask->only, ask->quick, &r->rows, e);
	if (rc == 0 && ask->skip) {
		rc = tests_parse(ask->skip, false, &skipped, e);
		r->rows = idset_minus(&r->rows, &skipped);
	}
	if (rc == 0 && idset_empty(&r->rows))
		return err_set(e, -EINVAL, "--only and --skip leave no test");
	if (rc == 0)
		rc = machine_parse_nodes(&r->res.machine, ask->nodes ? ask->nodes : "", &nodes, e);
	if (rc < 0)
		return -EINVAL; /* a node that is not there cannot be; a GPU could */
	if (ask->size && ask->size < SIZE_LEAST)
		return err_set(e, -EINVAL, "--size: at least %d bytes are needed", SIZE_LEAST);
	return machine_parse_gpus(&r->res.machine, ask->gpus ? ask->gpus : "", &r->gpus, e);
}

int run_plan(struct run *r, struct err *e)
{
	int rc = run_look(r, e);

	return rc == 0 ? check_request(r, e) : rc;
}

void run_identify(struct run *r, int argc, char **argv)
{
	struct run_info *run = &r->res.run;
	time_t now = time(NULL);
	struct tm utc;
	char stamp[20];

	gmtime_r(&now, &utc);
	strftime(run->started, sizeof run->started, "%Y-%m-%dT%H:%M:%SZ", &utc);
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
	snprintf(run->id, sizeof run->id, "%.40s-%s", r->host, stamp);
	snprintf(run->version, sizeof run->version, "%s", NB_VERSION);
	run->seed = r->ask.seed ? (uint64_t)r->ask.seed : (uint64_t)now;
	run->command = json_array();
	for (int i = 0; i < argc; i++)
		json_array_append_new(run->command, json_text(argv[i]));
	run->options = json_object();
	if (r->ask.require_gpus >= 0)
		json_object_set_new(run->options, "require_gpus",
				    json_integer(r->ask.require_gpus));
	json_object_set_new(run->options, "pace", json_string(request_pace(&r->ask).name));
	json_object_set_new(run->options, "busy", json_boolean(r->ask.busy));
	if (r->rules)
		json_object_set(run->options, "rules", r->rules);
}

void run_print_plan(const struct run *r, FILE *out)
{
	const struct pace pace = request_pace(&r->ask);
	char name[160];

	if (r->ask.json && strcmp(r->ask.json, "-") == 0) {
		result_print(&r->res, out);
		return;
	}
	fprintf(out, "%s: %zu cells, %.0f s at the most\n", pace.name, r->res.nrecords,
		pace.budget_s);
	for (size_t i = 0; i < r->res.nrecords; i++)
		fprintf(out, "  %-14s %s\n", r->res.records[i].test,
			record_name(&r->res.records[i], name, sizeof name));
}
