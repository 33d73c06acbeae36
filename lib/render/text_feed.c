/* text_feed.c - processes that feed GPUs: moved, bound in each way, under each memory policy. See
 * text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/derive.h"
#include "result/moves.h"
#include "result/recommend.h"
#include "result/statistics.h"

/* So many rows stand each for itself; beyond, those of one kind of memory are one. */
enum { MOVED_MOST = 12, GPUS_MOST = 2 };

static const char *const bound_labels[] = { [BOUND_NOT] = "unbound",
					    [BOUND_CPU] = "CPUs only",
					    [BOUND_MEMORY] = "memory only",
					    [BOUND_BOTH] = "both" };
enum { BINDINGS = sizeof bound_labels / sizeof *bound_labels };

static bool is_feed(const struct record *r)
{
	return move_is(r) && strcmp(r->metric, "feed-rate") == 0 && record_has_figure(r) &&
	       r->median > 0;
}

static const char *unsteady(struct text *t, const struct record *r)
{
	bool is = r->status == STATUS_UNSTABLE;

	t->marked_unstable = t->marked_unstable || is;
	return is ? "?" : "";
}

/* In GB/s; what is not finite is not there. */
static int put_gbs(struct table *table, double rate, const char *sign)
{
	return isfinite(rate)
		       ? table_cell(table, "%.*f%s", text_decimals(rate / 1e9), rate / 1e9, sign)
		       : table_cell(table, "%s", "");
}

static int put_rate(struct text *t, struct table *table, const struct record *r)
{
	return put_gbs(table, r ? r->median : NAN, r ? unsteady(t, r) : "");
}

static int put_share(struct table *table, double v)
{
	return isfinite(v) ? table_cell(table, "%.2f", v) : table_cell(table, "%s", "");
}

/* ---- a process that is moved ---- */

static bool is_before(const struct record *r)
{
	return is_feed(r) && record_has(r, "phase") && r->phase == PHASE_BEFORE &&
	       record_has(r, "gpu") && record_has(r, "memory");
}

/* Ratios of many: the median and its ends. */
static int put_ratios(struct table *table, double *v, size_t n)
{
	if (n == 0)
		return table_cell(table, "%s", "");
	sort_doubles(v, n);
	return v[n - 1] - v[0] < 0.005 ? table_cell(table, "%.2f", v[0])
				       : table_cell(table, "%.2f (%.2f-%.2f)",
						    quantile_sorted(v, n, 0.5), v[0], v[n - 1]);
}

static int put_moved(struct text *t, struct table *table, const struct record *before)
{
	const struct record *settled = move_phase(t->res, before, PHASE_SETTLED),
			    *followed = move_phase(t->res, before, PHASE_FOLLOWED);
	int rc = table_cell(table, "GPU %d, %d to %d, %s", before->gpu, before->cpu_node,
			    before->to_node, memory_kind_name(before->memory));

	if (rc == 0)
		rc = put_rate(t, table, before);
	for (int k = 0; k < 2 && rc == 0; k++) {
		const struct record *r = k ? followed : settled;

		rc = put_rate(t, table, r);
		if (rc == 0)
			rc = put_share(table, r ? move_kept(t->res, r) : NAN);
	}
	if (rc == 0)
		rc = followed && record_has(followed, "moved")
			     ? table_cell(table, "%.0f %%", 100 * followed->moved)
			     : table_cell(table, "%s", "");
	return rc;
}

/* All GPUs and pairs of nodes in one line for a kind of memory. */
static int put_kind(struct text *t, struct table *table, enum memory_kind memory, double *v)
{
	double least = INFINITY, most = -INFINITY;
	size_t n;
	int rc = 0;

	for (int k = 0; k < 2 && rc == 0; k++) {
		n = 0;
		for (size_t i = 0; i < t->res->nrecords; i++) {
			const struct record *r = &t->res->records[i], *then;

			if (!is_before(r) || r->memory != memory)
				continue;
			then = move_phase(t->res, r, k ? PHASE_FOLLOWED : PHASE_SETTLED);
			if (then)
				v[n++] = move_kept(t->res, then);
			if (then && record_has(then, "moved")) {
				least = fmin(least, then->moved);
				most = fmax(most, then->moved);
			}
		}
		if (k == 0 && n == 0)
			return 0;
		if (k == 0)
			rc = table_cell(table, "%s", memory_kind_name(memory));
		if (rc == 0)
			rc = put_ratios(table, v, n);
	}
	if (rc == 0 && most - least < 0.005)
		rc = table_cell(table, "%.0f %%", 100 * most);
	else if (rc == 0)
		rc = most >= least ? table_cell(table, "%.0f-%.0f %%", 100 * least, 100 * most)
				   : table_cell(table, "%s", "");
	return rc;
}

/* The first is of words, and so is one headed "bound". */
static int columns(struct table *table, const char *const *heads, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = table_column(table, heads[i], i && strcmp(heads[i], "bound") != 0 ? 'r' : 'l');
	return rc;
}

/* What to do about buffers that could not follow, and whether it matters. */
static void say_stayed(struct text *t)
{
	bool stayed = false, decided = true;
	double worst = INFINITY;

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];
		struct move_effect x;

		if (!is_feed(r) || !record_has(r, "phase") || r->phase != PHASE_FOLLOWED ||
		    !record_has(r, "moved") || r->moved > 0.5)
			continue;
		stayed = true;
		x = move_effect(t->res, r);
		decided = decided && x.decided;
		worst = x.sign < 0 && x.kept < worst ? x.kept : worst;
	}
	if (!stayed)
		return;
	if (isfinite(worst))
		text_say(t, 2,
			 "pinned and registered buffers stayed behind, and leave down to %.2f of "
			 "the rate: allocate them after the process is bound, or free and create "
			 "them anew once it has moved; the migration of pages cannot help them",
			 worst);
	else
		text_say(
			t, 2,
			"pinned and registered buffers stayed behind, as they always do; %s. Where "
			"it costs, allocate them after the process is bound, or create them anew "
			"once it has moved",
			decided ? "here that costs nothing that matters"
				: "whether that costs anything here is undecided");
}

static int print_moved(struct text *t)
{
	static const char *const heads[] = { "",          "before", "moved",     "of it",
					     "pages too", "of it",  "pages went" };
	static const char *const folded[] = { "of the rate before", "moved", "pages too",
					      "pages went" };
	double *v = calloc(t->res->nrecords + 1, sizeof *v);
	struct table *table = table_new();
	size_t n = 0;
	int rc = v && table ? 0 : -ENOMEM;

	for (size_t i = 0; i < t->res->nrecords; i++)
		n += is_before(&t->res->records[i]);
	if (rc == 0)
		rc = n > MOVED_MOST ? columns(table, folded, sizeof folded / sizeof *folded)
				    : columns(table, heads, sizeof heads / sizeof *heads);
	for (size_t i = 0; rc == 0 && n <= MOVED_MOST && i < t->res->nrecords; i++)
		if (is_before(&t->res->records[i]))
			rc = put_moved(t, table, &t->res->records[i]);
	for (int m = MEM_PINNED; rc == 0 && n > MOVED_MOST && m <= MEM_MAPPED; m++)
		rc = put_kind(t, table, (enum memory_kind)m, v);
	if (rc == 0 && n) {
		text_heading(t, "when a process that feeds a GPU is moved%s",
			     n > MOVED_MOST ? "" : ", GB/s");
		rc = text_table(t, table);
		say_stayed(t);
	}
	table_free(table);
	free(v);
	return rc;
}

/* ---- the four bindings ---- */

static bool is_bound(const struct record *r)
{
	return is_feed(r) && record_has(r, "binding") && !record_has(r, "together");
}

static const struct record *bound_record(const struct text *t, int gpu, enum bound binding,
					 bool competing)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (is_bound(r) && r->gpu == gpu && r->binding == binding &&
		    r->competing == competing)
			return r;
	}
	return NULL;
}

/* Of a number of all processes that ran, this quantile; NaN where none has it. */
static double of_runs(const struct record *r, const char *key, double quantile)
{
	const json_t *runs = json_object_get(r->more, "runs"), *run, *v;
	double *all = calloc(json_array_size(runs) + 1, sizeof *all), found = NAN;
	size_t i, n = 0;

	json_array_foreach(runs, i, run)
	{
		v = json_object_get(run, key);
		if (all && json_is_number(v))
			all[n++] = json_number_value(v);
	}
	if (n > 0) {
		sort_doubles(all, n);
		found = quantile_sorted(all, n, quantile);
	}
	free(all);
	return found;
}

static double median_run(const struct record *r, const char *key)
{
	return of_runs(r, key, 0.5);
}

/* A median of counts, or a share as per cent. */
static int put_number(struct table *table, double v, const char *unit)
{
	return isfinite(v) ? table_cell(table, "%.*f%s", v < 9.5 && fabs(v - nearbyint(v)) > 0.05,
					v, unit)
			   : table_cell(table, "%s", "");
}

static int put_bound(struct text *t, struct table *table, const struct record *r,
		     const struct record *unbound, bool first)
{
	int rc = table_cell(table, "%s", !first ? "" : r->competing ? "others at work" : "quiet");

	if (rc == 0)
		rc = table_cell(table, "%s", bound_labels[r->binding]);
	if (rc == 0)
		rc = put_rate(t, table, r);
	if (rc == 0)
		rc = put_share(table, unbound ? r->median / unbound->median : NAN);
	if (rc == 0)
		rc = put_share(table, unbound ? of_runs(r, "rate", 0) / unbound->median : NAN);
	if (rc == 0)
		rc = put_number(table, median_run(r, "moves"), "");
	if (rc == 0)
		rc = put_number(table, median_run(r, "node_moves"), "");
	return rc < 0 ? rc : put_number(table, nearbyint(100 * median_run(r, "local_share")), " %");
}

static int print_gpu_bindings(struct text *t, int gpu)
{
	static const char *const heads[] = { "",      "bound", "GB/s",    "x unbound",
					     "worst", "moves", "of node", "local" };
	struct table *table = table_new();
	int rc = table ? columns(table, heads, sizeof heads / sizeof *heads) : -ENOMEM;

	for (int load = 0; load < 2; load++) {
		const struct record *unbound = bound_record(t, gpu, BOUND_NOT, load);
		bool first = true;

		for (int b = BOUND_NOT; rc == 0 && b < BINDINGS; b++) {
			const struct record *r = bound_record(t, gpu, (enum bound)b, load);

			if (!r)
				continue;
			rc = put_bound(t, table, r, unbound, first);
			first = false;
		}
	}
	if (rc == 0) {
		text_heading(t, "the four bindings of a process that feeds GPU %d", gpu);
		rc = text_table(t, table);
	}
	table_free(table);
	return rc;
}

/* Of many GPUs, each binding against unbound on the same GPU. */
static int put_binding(struct text *t, struct table *table, enum bound binding, double *v)
{
	int rc = table_cell(table, "%s", bound_labels[binding]);

	for (int load = 0; rc == 0 && load < 2; load++) {
		size_t n = 0;

		for (size_t i = 0; i < t->res->nrecords; i++) {
			const struct record *r = &t->res->records[i], *unbound;

			if (!is_bound(r) || r->binding != binding || r->competing != (load == 1))
				continue;
			unbound = bound_record(t, r->gpu, BOUND_NOT, load);
			if (unbound)
				v[n++] = r->median / unbound->median;
		}
		rc = put_ratios(table, v, n);
	}
	return rc;
}

static int print_all_bindings(struct text *t, size_t gpus)
{
	static const char *const heads[] = { "bound", "quiet", "others at work" };
	double *v = calloc(t->res->nrecords + 1, sizeof *v);
	struct table *table = table_new();
	int rc = v && table ? columns(table, heads, sizeof heads / sizeof *heads) : -ENOMEM;

	for (int b = BOUND_NOT; rc == 0 && b < BINDINGS; b++)
		rc = put_binding(t, table, (enum bound)b, v);
	if (rc == 0) {
		text_heading(t,
			     "the four bindings of a process that feeds a GPU, as times unbound: "
			     "the median of %zu GPUs, least and most",
			     gpus);
		rc = text_table(t, table);
	}
	table_free(table);
	free(v);
	return rc;
}

static void say_bindings(struct text *t)
{
	text_say(t, 2,
		 "worst: the slowest of the fresh processes, against the median of the unbound; "
		 "moves: seen on another CPU, of node: on another node; local: pages where it ran");
}

static int print_bindings(struct text *t)
{
	struct idset gpus = { 0 };
	int rc = 0;

	for (size_t i = 0; i < t->res->nrecords; i++)
		if (is_bound(&t->res->records[i]) && record_has(&t->res->records[i], "gpu"))
			idset_add(&gpus, t->res->records[i].gpu);
	if (idset_empty(&gpus))
		return 0;
	if (idset_count(&gpus) > GPUS_MOST)
		return print_all_bindings(t, idset_count(&gpus));
	for (int g = -1; rc == 0 && (g = idset_next(&gpus, g)) >= 0;)
		rc = print_gpu_bindings(t, g);
	if (rc == 0)
		say_bindings(t);
	return rc;
}

/* ---- one process for every GPU ---- */

static bool is_bound_sum(const struct record *r)
{
	return is_feed(r) && record_has(r, "binding") && record_has(r, "gpus");
}

static int put_sum(struct text *t, struct table *table, const struct record *sum)
{
	double least = INFINITY, most = -INFINITY, base = NAN;
	int rc = table_cell(table, "%s", bound_labels[sum->binding]);

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (is_feed(r) && joint_has_part(sum, r)) {
			least = fmin(least, r->median);
			most = fmax(most, r->median);
		}
		if (is_bound_sum(r) && r->binding == BOUND_NOT &&
		    record_same_but(r, sum, record_fields("binding", NULL)))
			base = r->median;
	}
	if (rc == 0)
		rc = put_rate(t, table, sum);
	if (rc == 0)
		rc = put_share(table, sum->median / base);
	if (rc == 0)
		rc = put_gbs(table, sum->median / (double)sum->gpus.n, "");
	if (rc == 0)
		rc = put_gbs(table, least, "");
	return rc < 0 ? rc : put_gbs(table, most, "");
}

static int print_at_once(struct text *t)
{
	static const char *const heads[] = { "bound", "all, GB/s", "x unbound",
					     "each",  "slowest",   "fastest" };
	struct table *table = table_new();
	size_t gpus = 0;
	int rc = table ? columns(table, heads, sizeof heads / sizeof *heads) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (!is_bound_sum(r))
			continue;
		gpus = r->gpus.n;
		rc = put_sum(t, table, r);
	}
	if (rc == 0 && gpus) {
		text_heading(t, "one process for every GPU, %zu at once", gpus);
		rc = text_table(t, table);
	}
	table_free(table);
	return rc;
}

/* ---- memory policies ---- */

static bool is_policy(const struct record *r)
{
	return move_is(r) && strcmp(r->metric, "feed-rate") == 0 && record_has(r, "policy") &&
	       record_has(r, "gpu");
}

static int print_policies(struct text *t)
{
	struct idset gpus = { 0 }, policies = { 0 };
	struct sheet sheet = { 0 };
	struct sheet_style style;
	int rc, i = 0;

	for (size_t k = 0; k < t->res->nrecords; k++)
		if (is_policy(&t->res->records[k])) {
			idset_add(&gpus, t->res->records[k].gpu);
			idset_add(&policies, (int)t->res->records[k].policy);
		}
	rc = sheet_make(&sheet, idset_count(&policies), idset_count(&gpus));
	for (int p = -1; rc == 0 && (p = idset_next(&policies, p)) >= 0; i++) {
		int column = 0;

		snprintf(sheet.labels[i], SHEET_TEXT, "%s", policy_name((enum mempolicy)p));
		for (int g = -1; (g = idset_next(&gpus, g)) >= 0; column++) {
			snprintf(sheet.heads[column], SHEET_TEXT, "GPU %d ", g);
			for (size_t k = 0; k < t->res->nrecords; k++) {
				const struct record *r = &t->res->records[k];

				if (is_policy(r) && r->gpu == g && (int)r->policy == p)
					sheet.cells[(size_t)i * sheet.ncolumns + (size_t)column] =
						r;
			}
		}
	}
	if (rc == 0 && sheet_style(&sheet, &style)) {
		text_heading(t, "a process that feeds a GPU, by memory policy, GB/s");
		sheet.ends = true;
		rc = sheet_print(t, &sheet, &style);
	}
	sheet_release(&sheet);
	return rc;
}

int text_feed(struct text *t)
{
	static int (*const parts[])(struct text *) = { print_moved, print_bindings, print_at_once,
						       print_policies };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++)
		rc = parts[i](t);
	return rc;
}
