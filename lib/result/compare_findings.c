/* compare_findings.c - what came of a comparison in words, and as findings. See compare.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/compare.h"
#include "result/field.h"
#include "result/statistics.h"

static bool is_rate(const struct record *r)
{
	return strcmp(r->unit, "B/s") == 0;
}

/* With four digits, for some per cent are to be seen in it. */
static void put_seconds(char *buf, size_t size, double v)
{
	static const struct {
		double least;
		const char *name;
	} units[] = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 0, "ns" } };
	size_t i = 0;

	while (v < units[i].least)
		i++;
	snprintf(buf, size, "%.4g %s", v / (units[i].least > 0 ? units[i].least : 1e-9),
		 units[i].name);
}

/* "25.3 GB/s", "98.21 ns"; of ratios "0.613". */
static char *figure(char *buf, size_t size, const struct runs_cell *c, double v)
{
	if (c->against != AGAINST_NOTHING)
		snprintf(buf, size, "%.3f", v);
	else if (is_rate(&c->rec))
		snprintf(buf, size, "%.4g GB/s", v * 1e-9);
	else
		put_seconds(buf, size, v);
	return buf;
}

char *compared_id(const struct compared *cell, char *buf, size_t size)
{
	const struct record *r = &(cell->before ? cell->before : cell->after)->rec;
	/* What every cell of a test has goes without saying. */
	bool usual = strcmp(r->metric, "bandwidth") == 0 || strcmp(r->metric, "latency") == 0;

	snprintf(buf, size, "history.%s%s%s%s%s%s%s", r->test, usual ? "" : ".",
		 usual ? "" : r->metric, record_has(r, "direction") ? "." : "",
		 record_has(r, "direction") ? direction_name(r->direction) : "",
		 record_has(r, "memory") ? "." : "",
		 record_has(r, "memory") ? memory_kind_name(r->memory) : "");
	return buf;
}

char *compared_place(const struct compared *cell, char *buf, size_t size)
{
	const struct record *r = &(cell->before ? cell->before : cell->after)->rec;
	const struct {
		const char *word, *field;
		int number;
		bool needless;
	} parts[] = {
		{ "node", "cpu_node", r->cpu_node, false },
		{ "memory of node", "mem_node", r->mem_node,
		  record_has(r, "cpu_node") && r->cpu_node == r->mem_node },
		{ "GPU", "gpu", r->gpu, false },
		{ "GPU", "peer", r->peer, false },
	};
	size_t used = 0;

	snprintf(buf, size, "%s", r->test);
	for (size_t i = 0; i < sizeof parts / sizeof *parts && used < size; i++)
		if (record_has(r, parts[i].field) && !parts[i].needless)
			used += (size_t)snprintf(buf + used, size - used, "%s%s %d",
						 used ? ", " : "", parts[i].word, parts[i].number);
	return buf;
}

/* "lacks 12 %", "takes 8 % longer"; of the better ones "gained 5 %", "takes 5 % less". */
static void put_change(char *buf, size_t size, const struct trial *t)
{
	double by = 100 * fabs(t->worse);

	if (t->higher)
		snprintf(buf, size, "%s %.1f %%", t->worse > 0 ? "lacks" : "gained", by);
	else
		snprintf(buf, size, "takes %.1f %% %s", by, t->worse > 0 ? "longer" : "less");
}

/* Why a cell that is worse is not claimed to be. */
static void put_needs(char *buf, size_t size, const struct trial *t)
{
	if (isnan(t->spread))
		snprintf(buf, size, "a baseline of %zu %s has no spread: %d are needed", t->n,
			 t->n == 1 ? "run" : "runs", TRIAL_RUNS_SPREAD);
	else if (t->m == 1 && t->n < TRIAL_RUNS_BASELINE)
		snprintf(buf, size,
			 "one run against %zu cannot tell: %d runs are needed, or a baseline of %d",
			 t->n, TRIAL_RUNS_CANDIDATE, TRIAL_RUNS_BASELINE);
	else if (t->m == 1)
		snprintf(buf, size,
			 "one run cannot tell where those of the baseline spread by %.1f %%: %d "
			 "are needed",
			 100 * t->spread, TRIAL_RUNS_CANDIDATE);
	else
		snprintf(buf, size,
			 "%zu runs against %zu can show nothing: %d against %d are needed", t->m,
			 t->n, TRIAL_RUNS_CANDIDATE, TRIAL_RUNS_BASELINE);
}

static void put_retest(char *buf, size_t size, const struct compared *v)
{
	char text[40];

	if (isnan(v->retest))
		snprintf(buf, size, "; not retested");
	else
		snprintf(buf, size, "; a retest %s: %s",
			 v->outcome == CELL_CLEARED ? "did not show it" : "shows it, too",
			 figure(text, sizeof text, v->before, v->retest));
}

char *compared_text(const struct compared *v, char *buf, size_t size)
{
	const struct trial *t = &v->trial;
	char name[200], change[40], now[40], base[40], needs[160] = "", again[80] = "";

	runs_cell_name(v->before ? v->before : v->after, name, sizeof name);
	if (v->outcome == CELL_MISSING || v->outcome == CELL_LEFT_OUT || v->outcome == CELL_NEW) {
		snprintf(buf, size, "%s: %s%s%.150s", name,
			 v->outcome == CELL_NEW       ? "not in the baseline"
			 : compared_fails(v)          ? "data arrived"
			 : v->outcome == CELL_MISSING ? "planned and not measured"
						      : "left out",
			 !*v->why            ? ""
			 : compared_fails(v) ? " "
					     : ": ",
			 v->why);
		return buf;
	}
	put_change(change, sizeof change, t);
	figure(now, sizeof now, v->before, t->now);
	figure(base, sizeof base, v->before, t->base);
	if (v->outcome == CELL_UNSURE)
		put_needs(needs, sizeof needs, t);
	else if (!isnan(t->threshold))
		snprintf(needs, sizeof needs, "%.1f %% is allowed", 100 * t->threshold);
	if (v->outcome != CELL_SAME && v->outcome != CELL_BETTER)
		put_retest(again, sizeof again, v);
	snprintf(buf, size, "%s %s: %s, %s in the baseline (%s)%s", name, change, now, base, needs,
		 again);
	return buf;
}

/* ---- findings ---- */

static const enum judged_status statuses[CELL_OUTCOMES] = {
	[CELL_SAME] = JUDGED_PASS,         [CELL_SLOWER] = JUDGED_FAIL,
	[CELL_SUSPECTED] = JUDGED_UNKNOWN, [CELL_CLEARED] = JUDGED_PASS,
	[CELL_UNSURE] = JUDGED_UNKNOWN,    [CELL_BETTER] = JUDGED_PASS,
	[CELL_MISSING] = JUDGED_UNKNOWN,   [CELL_LEFT_OUT] = JUDGED_PASS,
	[CELL_NEW] = JUDGED_PASS,
};

static const char *const fixes[CELL_OUTCOMES] = {
	[CELL_SLOWER] =
		"see what changed since the baseline: the conditions named beside it, links, "
		"clocks, neighbours, firmware; where the change is wanted, make a new baseline",
	[CELL_SUSPECTED] =
		"measure it again in a fresh process: numabench --all --baseline FILE does, "
		"numabench compare --retest RESULT takes another run",
	[CELL_UNSURE] =
		"compare five runs with a baseline of ten: numabench compare --baseline FILE "
		"RESULT RESULT RESULT RESULT RESULT",
	[CELL_BETTER] =
		"where it is here to stay, make a new baseline: numabench baseline RESULT... -o "
		"FILE",
	[CELL_MISSING] = "see why it was not measured",
};

static struct judged about(enum judged_status status, const char *id, const char *subject,
			   const char *source)
{
	struct judged j = {
		.reference = REFERENCE_HISTORY, .status = status, .observed = NAN, .expected = NAN
	};

	snprintf(j.id, sizeof j.id, "%s", id);
	snprintf(j.subject, sizeof j.subject, "%s", subject);
	snprintf(j.source, sizeof j.source, "%s", source);
	return j;
}

/* The figure at which it would not have been told of. */
static double limit_of(const struct trial *t)
{
	double share = isnan(t->threshold) ? t->floor : t->threshold;

	return t->base * (t->higher ? 1 - share : 1 + share);
}

static int find_cell(const struct compared *v, struct result *res, const char *source)
{
	char id[64], place[64];
	struct judged j = about(compared_fails(v) ? JUDGED_FAIL : statuses[v->outcome],
				compared_id(v, id, sizeof id),
				compared_place(v, place, sizeof place), source);

	j.record = &(v->before ? v->before : v->after)->rec;
	if (v->trial.m) {
		j.observed = v->trial.now;
		j.expected = limit_of(&v->trial);
		snprintf(j.unit, sizeof j.unit, "%s",
			 v->before->against == AGAINST_NOTHING ? v->before->rec.unit : "1");
	}
	compared_text(v, j.text, sizeof j.text);
	if (v->outcome == CELL_MISSING && compared_fails(v))
		snprintf(j.fix, sizeof j.fix,
			 "trust no result of it; the run's own report tells what to look at");
	else if (fixes[v->outcome])
		snprintf(j.fix, sizeof j.fix, "%s", fixes[v->outcome]);
	return judged_add(res, &j);
}

/* One line for each field of identity or conditions that differs. */
static int find_differences(struct result *res, const struct difference *v, size_t n, bool identity,
			    const char *source)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct judged j = about(identity ? JUDGED_UNKNOWN : JUDGED_PASS,
					identity ? "history.identity" : "history.conditions",
					v[i].field, source);

		snprintf(j.text, sizeof j.text, "%s%s is \"%.80s\", in the baseline \"%.80s\"%s",
			 identity ? "not comparable: " : "changed: ", v[i].field, v[i].after,
			 v[i].before, identity ? "" : "; compared all the same");
		if (identity)
			snprintf(j.fix, sizeof j.fix, "%s",
				 "compare with a baseline of this very machine, or of its equals");
		rc = judged_add(res, &j);
	}
	return rc;
}

/* Nothing in common: where a cell differs in the test's own parameters alone, that is why. */
static int find_parameters(const struct comparison *c, struct result *res, const char *source)
{
	static const char *const parameters[] = { "bytes", "threads", "pages_asked" };
	const uint64_t apart = record_fields("bytes", "threads", "pages_asked", NULL);
	const struct record *a = NULL, *b = NULL;
	struct difference *v = NULL;
	json_t *before = json_object(), *after = json_object();
	size_t n = 0;
	int rc = 0, bad = 0;

	for (size_t i = 0; i < c->ncells && !b; i++)
		for (size_t k = 0; k < c->ncells && !b && c->cells[i].outcome == CELL_LEFT_OUT;
		     k++) {
			a = &c->cells[i].before->rec;
			if (c->cells[k].outcome == CELL_NEW &&
			    record_same_but(a, &c->cells[k].after->rec, apart))
				b = &c->cells[k].after->rec;
		}
	for (size_t i = 0; b && i < sizeof parameters / sizeof *parameters; i++) {
		const struct field *f = &fields[field_index(parameters[i])];
		json_t *x = field_get(f, a), *y = field_get(f, b);

		bad |= x && json_object_set_new(before, f->key, x) < 0;
		bad |= y && json_object_set_new(after, f->key, y) < 0;
	}
	rc = bad ? -ENOMEM : differences(before, after, &v, &n);
	if (rc == 0 && n)
		rc = find_differences(res, v, n, true, source);
	free(v);
	json_decref(before);
	json_decref(after);
	return rc;
}

/* Why cells that were compared could not have failed. */
static void put_unclaimed(const struct comparison *c, char *buf, size_t size)
{
	double *spreads = calloc(c->ncells + 1, sizeof *spreads), usual;
	size_t k = 0;

	for (size_t i = 0; spreads && i < c->ncells; i++)
		if (c->cells[i].trial.m && !isnan(c->cells[i].trial.spread))
			spreads[k++] = c->cells[i].trial.spread;
	usual = spreads ? median_of(spreads, k) : NAN;
	free(spreads);
	if (c->after->n > 1)
		snprintf(buf, size, "; it takes %d runs against %d to fail one",
			 TRIAL_RUNS_CANDIDATE, TRIAL_RUNS_BASELINE);
	else if (c->before->n < TRIAL_RUNS_BASELINE)
		snprintf(buf, size, "; one run can fail against a baseline of %d alone",
			 TRIAL_RUNS_BASELINE);
	else
		snprintf(buf, size,
			 "; one run can fail only where those of the baseline spread by %.0f %% at "
			 "most, and half of these cells by %.1f %% or more",
			 100 * TRIAL_ONE_SPREAD, 100 * usual);
}

/* Runs that are no evidence of what they are to show: of the baseline itself, or cut short. */
static int find_runs(const struct comparison *c, struct result *res, const char *source)
{
	const struct run_label *base = c->before->runs, *run = c->after->runs;
	size_t own = 0, hosts = 0;
	struct judged j;
	int rc = 0;

	for (size_t i = 0; i < c->before->n; i++) {
		hosts += strcmp(base[i].host, run[0].host) == 0;
		for (size_t k = 0; k < c->after->n; k++)
			own += run_label_same(&base[i], &run[k]);
	}
	if (c->after->interrupted) {
		j = about(JUDGED_UNKNOWN, "history.interrupted", "runs", source);
		judged_say(&j, "%zu of %zu %s interrupted: what is missing may have been planned",
			   c->after->interrupted, c->after->n,
			   c->after->n == 1 ? "run was" : "runs were");
		snprintf(j.fix, sizeof j.fix, "compare runs that came to their end");
		rc = judged_add(res, &j);
	}
	if (rc == 0 && own) {
		j = about(JUDGED_WARN, "history.own-runs", "runs", source);
		judged_say(&j, "%zu of %zu %s of the baseline itself: no evidence of a change", own,
			   c->after->n, c->after->n == 1 ? "run is" : "runs are");
		snprintf(j.fix, sizeof j.fix, "compare runs that the baseline was not made of");
		rc = judged_add(res, &j);
	}
	if (rc == 0 && !hosts && c->before->n && run[0].host[0]) {
		j = about(JUDGED_PASS, "history.host", "host", source);
		judged_say(&j,
			   "another host: \"%s\", in the baseline \"%s\"; compared all the same, "
			   "for they are equal",
			   run[0].host, base[0].host);
		rc = judged_add(res, &j);
	}
	return rc;
}

/* What was compared with what, and what could not be claimed. */
static int find_summary(const struct comparison *c, struct result *res, const char *source)
{
	static const char *const words[] = { "not in the candidate's plan", "not in the baseline" };
	static const char *const kinds[] = { "history.left-out", "history.new" };
	const size_t counts[] = { c->count[CELL_LEFT_OUT], c->count[CELL_NEW] };
	bool weak = c->before->n < TRIAL_RUNS_BASELINE;
	struct judged j = about(c->claimable ? JUDGED_PASS : JUDGED_UNKNOWN, "history.cells",
				"baseline", source);
	char unclaimed[200] = "";
	int rc;

	if (c->claimable < c->judged)
		put_unclaimed(c, unclaimed, sizeof unclaimed);
	judged_say(
		&j,
		"%zu %s of %zu %s %s compared with %zu %s of the baseline; %zu could have failed%s",
		c->judged, c->judged == 1 ? "cell" : "cells", c->after->n,
		c->after->n == 1 ? "run" : "runs", c->judged == 1 ? "was" : "were", c->before->n,
		c->before->n == 1 ? "run" : "runs", c->claimable, unclaimed);
	if (!c->claimable)
		snprintf(j.fix, sizeof j.fix, "%s",
			 c->judged ? fixes[CELL_UNSURE]
				   : "compare runs that measured what those of the baseline did");
	rc = judged_add(res, &j);
	if (rc == 0 && weak) {
		j = about(JUDGED_WARN, "history.weak", "baseline", source);
		snprintf(j.text, sizeof j.text,
			 "the baseline is weak: it is of %zu %s, %d are recommended", c->before->n,
			 c->before->n == 1 ? "run" : "runs", TRIAL_RUNS_BASELINE);
		rc = judged_add(res, &j);
	}
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		if (!counts[i])
			continue;
		j = about(JUDGED_PASS, kinds[i], "plan", source);
		snprintf(j.text, sizeof j.text, "%zu %s %s, and not judged", counts[i],
			 counts[i] == 1 ? "cell is" : "cells are", words[i]);
		rc = judged_add(res, &j);
	}
	return rc;
}

int comparison_find(const struct comparison *c, struct result *res, const char *source)
{
	int rc;

	judged_forget(res, REFERENCE_HISTORY);
	rc = find_differences(res, c->identity, c->nidentity, true, source);
	if (rc == 0 && !c->nidentity)
		rc = find_differences(res, c->conditions, c->nconditions, false, source);
	if (rc == 0 && !c->nidentity && !c->judged)
		rc = find_parameters(c, res, source);
	if (rc == 0 && !c->nidentity)
		rc = find_summary(c, res, source);
	if (rc == 0 && !c->nidentity)
		rc = find_runs(c, res, source);
	for (size_t i = 0; i < c->ncells && rc == 0; i++) {
		enum cell_outcome o = c->cells[i].outcome;

		/* Where one of several gets worse, the ratios of the others get better. */
		if (o != CELL_SAME && o != CELL_LEFT_OUT && o != CELL_NEW &&
		    !(o == CELL_BETTER && c->of_ratios))
			rc = find_cell(&c->cells[i], res, source);
	}
	return rc;
}
