/* text_try.c - a command that was run in each of four ways (`numabench try`). */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/recommend.h"
#include "result/trial.h"
#include "util/units.h"

enum { WAYS = BOUND_BOTH + 1 };

static bool is_time(const struct record *r)
{
	return strcmp(r->metric, TRIAL_TIME) == 0;
}

static int put_figure(struct table *table, const struct record *r)
{
	char text[32];

	if (!record_has_figure(r) || !r->samples.n)
		return table_cell(table, "%s", text_status_word(r->status));
	return is_time(r) ? table_cell(table, "%s", format_seconds(text, sizeof text, r->median))
			  : table_cell(table, "%.4g", r->median);
}

/* How often it ran well, and how it compares with the unbound. */
static int put_effect(struct table *table, const struct record *r, const struct record *unbound)
{
	struct trial_effect x = trial_compare(r, unbound);
	int rc;

	if (r == unbound || !isfinite(x.gain))
		rc = table_cell(table, "%s", "");
	else
		rc = table_cell(table, "%.3f", x.gain);
	if (rc < 0)
		return rc;
	if (r == unbound || !isfinite(x.low))
		return table_cell(table, "%s", "");
	return table_cell(table, "%.3f .. %.3f", x.low, x.high);
}

static int print_table(struct text *t, int gpu, const struct record *unbound)
{
	const char *const heads[] = { "bound", is_time(unbound) ? "time" : "figure", "x unbound",
				      "95 % interval", "runs" };
	struct table *table = table_new();
	int rc = table ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < sizeof heads / sizeof *heads; i++)
		rc = table_column(table, heads[i], i ? 'r' : 'l');
	for (size_t way = 0; rc == 0 && way < WAYS; way++) {
		const struct record *r = trial_record(t->res, gpu, (enum bound)way);

		if (!r)
			continue;
		rc = table_cell(table, "%s", trial_way_name((enum bound)way));
		if (rc == 0)
			rc = put_figure(table, r);
		if (rc == 0)
			rc = put_effect(table, r, unbound);
		if (rc == 0)
			rc = table_cell(table, "%zu", r->samples.n);
	}
	if (rc == 0)
		rc = text_table(t, table);
	table_free(table);
	return rc;
}

static void say_reasons(struct text *t, int gpu)
{
	for (size_t way = 0; way < WAYS; way++) {
		const struct record *r = trial_record(t->res, gpu, (enum bound)way);

		if (r && r->reason[0])
			text_say(t, 2, "%s: %s", trial_way_name((enum bound)way), r->reason);
	}
}

static int print_trial(struct text *t, int gpu)
{
	const struct record *unbound = trial_record(t->res, gpu, BOUND_NOT);
	const struct record *bound = trial_bound(t->res, gpu);
	struct trial_effect x;
	const char *to;
	char verdict[120];
	int rc;

	if (!unbound)
		return 0;
	text_heading(t, "a command, bound in four ways for GPU %d", gpu);
	to = json_string_value(json_object_get(t->res->run.options, TRIAL_TO));
	if (to)
		text_say(t, 2, "Bound to %s.", to);
	rc = print_table(t, gpu, unbound);
	if (rc < 0)
		return rc;
	say_reasons(t, gpu);
	if (!record_has_figure(unbound) || !bound || !record_has_figure(bound)) {
		text_say(t, 2, "bind: not known, for %s has no figure",
			 trial_way_name(record_has_figure(unbound) && bound ? bound->binding
									    : BOUND_NOT));
		return 0;
	}
	x = trial_compare(bound, unbound);
	text_say(t, 2, "bind: %s", trial_verdict(&x, verdict, sizeof verdict));
	if (x.says == TRIAL_NO_DIFFERENCE && (x.high > RECOMMEND_BAR || x.low < 1 / RECOMMEND_BAR))
		text_say(t, 2,
			 "so much may yet hide in how the runs differ among themselves: more of "
			 "them "
			 "(--runs) tell smaller differences");
	return 0;
}

int text_try(struct text *t)
{
	struct idset gpus = { { 0 } };
	int rc = 0;

	for (size_t i = 0; i < t->res->nrecords; i++)
		if (strcmp(t->res->records[i].test, TRIAL_TEST) == 0 &&
		    record_has(&t->res->records[i], "gpu"))
			idset_add(&gpus, t->res->records[i].gpu);
	for (int g = -1; rc == 0 && (g = idset_next(&gpus, g)) >= 0;)
		rc = print_trial(t, g);
	return rc;
}

int render_trial(const struct result *res, const struct render_options *o, FILE *out)
{
	struct text t = {
		.res = res,
		.o = o,
		.out = out,
		.width = o->width >= 40 ? o->width : TEXT_WIDTH,
	};
	int rc = text_try(&t);

	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
