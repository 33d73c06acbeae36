/* prometheus.c - what a monitoring system graphs and alerts on, for the textfile collector of
 * Prometheus's node_exporter. See formats.h; results/README.md has the series and alerts on them.
 *
 * The text exposition format, version 0.0.4: base units in the names, a HELP and a TYPE for each,
 * no time stamps (one makes the collector drop the file), no series twice (promtool lets them pass,
 * the collector drops the file). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "render/formats.h"
#include "render/marks.h"
#include "render/text.h"
#include "render/tracked.h"
#include "result/judge.h"

static const struct mark escapes[] = { { '\\', "\\\\" }, { '"', "\\\"" }, { 0, NULL } };

/* A metric being written. Series are kept until its end, as keys of an object in order, so that
 * none comes twice: counts add up, of anything else the first stays. */
struct metric {
	const struct result *res;
	const struct tracked *cells;
	size_t ncells;
	const struct family *family;
	json_t *series;
};

/* Exactly one of `say` and `of_cell`. */
struct family {
	const char *name, *help;
	int (*say)(struct metric *m);
	double (*of_cell)(const struct record *r);
	bool counts;
};

struct label {
	const char *name, *value;
};

/* ---- one sample ---- */

static void put_labels(FILE *out, const struct label *l)
{
	for (; l->name; l++) {
		if (!l->value[0])
			continue; /* an empty label is none */
		fprintf(out, ",%s=\"", l->name);
		marks_print_letters(out, l->value, escapes);
		fputc('"', out);
	}
}

static int add_to(struct metric *m, const char *labels, double value)
{
	const json_t *there = json_object_get(m->series, labels);

	if (there && !m->family->counts)
		return 0;
	if (there)
		value += json_real_value(there);
	return json_object_set_new_nocheck(m->series, labels, json_real(value)) ? -ENOMEM : 0;
}

/* Labels end with one without a name. What is not known is no sample. */
static int add(struct metric *m, const struct label *labels, double value)
{
	const struct label simulated[] = { { "simulated", m->res->run.simulated ? "true" : "" },
					   { NULL, NULL } };
	char *text = NULL;
	size_t length = 0;
	FILE *out;
	int rc = -ENOMEM;

	if (!isfinite(value))
		return 0;
	out = open_memstream(&text, &length);
	if (!out)
		return -ENOMEM;
	put_labels(out, labels);
	put_labels(out, simulated);
	if (fclose(out) == 0)
		rc = add_to(m, text, value);
	free(text);
	return rc;
}

static int add_one(struct metric *m, const char *name, const char *value, double v)
{
	return add(m, (const struct label[]){ { name, value }, { NULL, NULL } }, v);
}

static int add_plain(struct metric *m, double v)
{
	return add(m, (const struct label[]){ { NULL, NULL } }, v);
}

/* ---- the run ---- */

static int say_info(struct metric *m)
{
	return add_one(m, "version", m->res->run.version, 1);
}

/* "2026-11-21T01:28:06Z"; nothing where it is none. */
static int say_time(struct metric *m)
{
	struct tm at = { .tm_year = 0 };
	const char *end = strptime(m->res->run.started, "%Y-%m-%dT%H:%M:%SZ", &at);

	return end && !*end ? add_plain(m, (double)timegm(&at)) : 0;
}

static int say_seconds(struct metric *m)
{
	return add_plain(m, m->res->run.seconds);
}

static int say_complete(struct metric *m)
{
	return add_plain(m, m->res->run.complete);
}

static int say_verdict(struct metric *m)
{
	int rc = 0;

	for (enum verdict_status s = VERDICT_PASS; s <= VERDICT_UNKNOWN && rc == 0; s++)
		rc = add_one(m, "status", verdict_name(s), m->res->verdict.status == s);
	return rc;
}

static int say_counts(struct metric *m)
{
	static const char *const statuses[] = { "pass", "warn", "fail", "unknown", "skip" };
	int rc = 0;

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses && rc == 0; i++)
		rc = add_one(m, "status", statuses[i], (double)count_findings(m->res, statuses[i]));
	return rc;
}

/* Those that somebody should look at. */
static int say_findings(struct metric *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->res->nfindings && rc == 0; i++) {
		const struct finding *f = &m->res->findings[i];
		const struct label labels[] = { { "id", f->id },
						{ "family", f->family },
						{ "subject", f->subject },
						{ "status", f->status },
						{ NULL, NULL } };

		if (strcmp(f->status, "pass") != 0 && strcmp(f->status, "skip") != 0)
			rc = add(m, labels, 1);
	}
	return rc;
}

/* Zeros too: an alert on "corrupt" needs a series that is there before. */
static int say_cells(struct metric *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->res->nrecords && rc == 0; i++)
		for (enum status s = STATUS_OK; s <= STATUS_CORRUPT && rc == 0; s++) {
			const struct record *r = &m->res->records[i];
			const struct label labels[] = { { "test", r->test },
							{ "status", status_name(s) },
							{ NULL, NULL } };

			rc = add(m, labels, r->status == s);
		}
	return rc;
}

/* ---- GPUs ---- */

static int say_gpus(struct metric *m)
{
	return add_plain(m, (double)m->res->machine.ngpus);
}

static int say_gpus_measured(struct metric *m)
{
	return add_plain(m, (double)result_gpus_measured(m->res));
}

static int say_gpu_info(struct metric *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->res->machine.ngpus && rc == 0; i++) {
		const struct gpu *g = &m->res->machine.gpus[i];
		char index[16];
		const struct label labels[] = { { "gpu", index },
						{ "uuid", g->uuid },
						{ "pci", g->pci },
						{ "name", g->name },
						{ NULL, NULL } };

		snprintf(index, sizeof index, "%d", g->index);
		rc = add(m, labels, 1);
	}
	return rc;
}

static int say_declared(struct metric *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->res->machine.ngpus && rc == 0; i++) {
		const struct gpu *g = &m->res->machine.gpus[i];
		struct known node = gpu_declared_node(&m->res->machine, g);
		char index[16];

		snprintf(index, sizeof index, "%d", g->index);
		rc = add_one(m, "gpu", index, node.is ? (double)node.value : NAN);
	}
	return rc;
}

static int say_best(struct metric *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->res->nrecommendations && rc == 0; i++) {
		const struct recommendation *b = &m->res->recommendations[i];
		char index[16];

		snprintf(index, sizeof index, "%d", b->gpu);
		if (b->measured && b->has_node)
			rc = add_one(m, "gpu", index, b->node);
	}
	return rc;
}

static int say_advantage(struct metric *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->res->nrecommendations && rc == 0; i++) {
		const struct recommendation *b = &m->res->recommendations[i];
		char index[16];

		snprintf(index, sizeof index, "%d", b->gpu);
		if (b->measured && b->has_node)
			rc = add_one(m, "gpu", index, b->advantage);
	}
	return rc;
}

/* ---- cells ---- */

static bool is_latency(const struct record *r)
{
	return strstr(r->metric, "latency") != NULL;
}

static double bandwidth_of(const struct record *r)
{
	return strcmp(r->unit, "B/s") == 0 ? r->median : NAN;
}

static double latency_of(const struct record *r)
{
	return strcmp(r->unit, "s") == 0 && is_latency(r) ? r->median : NAN;
}

static double latency_p99_of(const struct record *r)
{
	return strcmp(r->unit, "s") == 0 && is_latency(r) ? text_quantile(r, "p99") : NAN;
}

static double duration_of(const struct record *r)
{
	return strcmp(r->unit, "s") == 0 && !is_latency(r) ? r->median : NAN;
}

static double share_of_ceiling(const struct record *r)
{
	return record_has(r, "ceiling_capable") && r->ceiling_capable > 0
		       ? bandwidth_of(r) / r->ceiling_capable
		       : NAN;
}

static double moved_of(const struct record *r)
{
	return record_has(r, "moved") ? r->moved : NAN;
}

static int say_cell(struct metric *m, const struct record *r, double v)
{
	char values[64][TRACKED_LABEL];
	struct label labels[65] = { { NULL, NULL } };
	size_t n = 0;

	for (size_t i = 0; i < nfields; i++)
		if (tracked_by(&fields[i])) {
			labels[n].name = fields[i].key;
			labels[n].value = tracked_label(&fields[i], r, values[n]);
			n++;
		}
	labels[n].name = NULL;
	return add(m, labels, v);
}

static int say_figures(struct metric *m, double (*value)(const struct record *))
{
	int rc = 0;

	for (size_t i = 0; i < m->ncells && rc == 0; i++) {
		const struct record *r = m->cells[i].r;
		double v = tracked_value(r) ? value(r) : NAN;

		if (isfinite(v))
			rc = say_cell(m, r, v);
	}
	return rc;
}

/* ---- all of them ---- */

static const struct family families[] = {
	{ .name = "info", .help = "The program that measured.", .say = say_info },
	{ .name = "run_timestamp_seconds",
	  .help = "When the run began, in seconds since 1970.",
	  .say = say_time },
	{ .name = "run_duration_seconds", .help = "How long the run took.", .say = say_seconds },
	{ .name = "run_complete",
	  .help = "1 if the run came to its end, 0 if it was interrupted.",
	  .say = say_complete },
	{ .name = "verdict",
	  .help = "1 for the verdict of the run, 0 for the others.",
	  .say = say_verdict },
	{ .name = "findings", .help = "How many findings have this status.", .say = say_counts },
	{ .name = "finding",
	  .help = "How often this was found that warns, fails or is unknown.",
	  .say = say_findings,
	  .counts = true },
	{ .name = "cells",
	  .help = "How many cells of a test ended so; only ok is a result.",
	  .say = say_cells,
	  .counts = true },
	{ .name = "gpus", .help = "How many GPUs the machine has.", .say = say_gpus },
	{ .name = "gpus_measured",
	  .help = "How many of them were measured.",
	  .say = say_gpus_measured },
	{ .name = "gpu_info", .help = "Which GPU a number means.", .say = say_gpu_info },
	{ .name = "gpu_declared_node",
	  .help = "NUMA node that firmware or driver declares for a GPU.",
	  .say = say_declared },
	{ .name = "gpu_best_node",
	  .help = "NUMA node that was measured to be the best for a GPU.",
	  .say = say_best },
	{ .name = "gpu_best_node_advantage_ratio",
	  .help = "How many times better that node is than another, where it matters most.",
	  .say = say_advantage },
	{ .name = "bandwidth_bytes_per_second",
	  .help = "Median bandwidth of a cell.",
	  .of_cell = bandwidth_of },
	{ .name = "bandwidth_ceiling_ratio",
	  .help = "Share of what the link or the memory could carry that it came to.",
	  .of_cell = share_of_ceiling },
	{ .name = "latency_seconds", .help = "Median latency of a cell.", .of_cell = latency_of },
	{ .name = "latency_p99_seconds",
	  .help = "The 99 % quantile of it over single operations.",
	  .of_cell = latency_p99_of },
	{ .name = "duration_seconds",
	  .help = "Median of what else is timed: transients, calls, commands.",
	  .of_cell = duration_of },
	{ .name = "pages_moved_ratio",
	  .help = "Share of the pages that arrived where they were moved to.",
	  .of_cell = moved_of },
	{ .name = NULL },
};

/* Nothing where there is no sample. */
static void put_metric(FILE *out, const struct family *f, json_t *series)
{
	const char *labels;
	json_t *value;

	if (json_object_size(series))
		fprintf(out, "# HELP numabench_%s %s\n# TYPE numabench_%s gauge\n", f->name,
			f->help, f->name);
	json_object_foreach(series, labels, value)
	{
		fprintf(out, "numabench_%s", f->name);
		if (*labels) /* from behind its first comma */
			fprintf(out, "{%s}", labels + 1);
		fprintf(out, " %.17g\n", json_real_value(value));
	}
}

int format_prometheus(const struct result *r, const struct render_options *o, FILE *out)
{
	struct metric m = { .res = r };
	struct tracked *cells;
	int rc = tracked_find(r, &cells, &m.ncells);

	(void)o;
	m.cells = cells;
	for (const struct family *f = families; rc == 0 && f->name; f++) {
		m.family = f;
		m.series = json_object();
		if (!m.series)
			rc = -ENOMEM;
		else
			rc = f->say ? f->say(&m) : say_figures(&m, f->of_cell);
		if (rc == 0)
			put_metric(out, f, m.series);
		json_decref(m.series);
	}
	tracked_release(cells, m.ncells);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
