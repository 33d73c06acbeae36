#include "result/baseline.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/differences.h"

void baseline_init(struct baseline *b)
{
	*b = (struct baseline){ .made = "" };
	runs_init(&b->runs);
}

void baseline_release(struct baseline *b)
{
	runs_release(&b->runs);
	free(b->dropped);
	baseline_init(b);
}

static const json_t *part(const struct result *r, const char *key)
{
	return json_object_get(r->host, key);
}

static const char *host_of(const struct result *r)
{
	const char *name = json_string_value(json_object_get(part(r, "rest"), "hostname"));

	return name ? name : "";
}

/* What runs of one baseline have in common; each says how b differs from a, or nothing. */
static bool differ_in(const struct result *a, const struct result *b, const char *key, char *why,
		      size_t size)
{
	struct difference *v = NULL;
	size_t n = 0;

	if (json_equal(part(a, key), part(b, key)) ||
	    differences(part(a, key), part(b, key), &v, &n) < 0 || !n) {
		free(v);
		return false;
	}
	snprintf(why, size, "%s: %s is \"%.70s\" here and \"%.70s\" in most runs",
		 strcmp(key, "identity") == 0 ? "another machine" : "other conditions", v->field,
		 v->after, v->before);
	free(v);
	return true;
}

static bool differs(const struct result *a, const struct result *b, bool pool, char *why,
		    size_t size)
{
	if (a->run.simulated != b->run.simulated) {
		snprintf(why, size, "it is %s, most runs are not",
			 b->run.simulated ? "simulated" : "real");
		return true;
	}
	if (differ_in(a, b, "identity", why, size) || differ_in(a, b, "conditions", why, size))
		return true;
	if (pool || strcmp(host_of(a), host_of(b)) == 0)
		return false;
	snprintf(why, size,
		 "another machine: its host is \"%.60s\", most are of \"%.60s\"; --pool joins "
		 "equal machines",
		 host_of(b), host_of(a));
	return true;
}

/* What makes a run by itself no part of any baseline. */
static bool is_unfit(const struct result *runs, size_t i, char *why, size_t size)
{
	const struct result *r = &runs[i];

	for (size_t k = 0; k < i; k++)
		if (strcmp(runs[k].run.id, r->run.id) == 0 &&
		    strcmp(runs[k].run.started, r->run.started) == 0) {
			snprintf(why, size, "the same run was given before");
			return true;
		}
	if (!r->run.complete)
		snprintf(why, size, "it was interrupted");
	for (size_t k = 0; k < r->nrecords && r->run.complete; k++)
		if (r->records[k].status == STATUS_CORRUPT) {
			snprintf(why, size, "data arrived corrupt in it");
			return true;
		}
	return !r->run.complete;
}

/* The run that most others agree with. */
static size_t typical(const struct result *runs, size_t n, const bool *unfit, bool pool)
{
	size_t best = 0, most = 0;
	char why[300];

	for (size_t i = 0; i < n; i++) {
		size_t agree = 0;

		for (size_t k = 0; k < n && !unfit[i]; k++)
			agree += !unfit[k] && !differs(&runs[i], &runs[k], pool, why, sizeof why);
		if (agree > most) {
			most = agree;
			best = i;
		}
	}
	return best;
}

static int drop(struct baseline *b, const struct result *r, const char *why)
{
	struct dropped *more = realloc(b->dropped, (b->ndropped + 1) * sizeof *more);

	if (!more)
		return -ENOMEM;
	b->dropped = more;
	snprintf(more[b->ndropped].run, sizeof more->run, "%s", r->run.id);
	snprintf(more[b->ndropped++].why, sizeof more->why, "%s", why);
	return 0;
}

/* Cells that no run has a figure of are no history. */
static void forget_empty(struct runs *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->ncells; i++) {
		bool any = false;

		for (size_t k = 0; k < r->n; k++)
			any |= !isnan(r->cells[i].medians[k]);
		if (any) {
			r->cells[kept++] = r->cells[i];
			continue;
		}
		record_release(&r->cells[i].rec);
		free(r->cells[i].medians);
		free(r->cells[i].retests);
	}
	r->ncells = kept;
}

int baseline_make(struct baseline *b, const struct result *runs, size_t n, bool pool,
		  const char *made, struct err *e)
{
	bool *unfit = calloc(n + 1, sizeof *unfit);
	char why[300] = "";
	size_t like;
	int rc = unfit ? 0 : -ENOMEM;

	snprintf(b->made, sizeof b->made, "%s", made);
	for (size_t i = 0; i < n && rc == 0; i++) {
		unfit[i] = is_unfit(runs, i, why, sizeof why);
		rc = unfit[i] ? drop(b, &runs[i], why) : 0;
	}
	like = rc == 0 ? typical(runs, n, unfit, pool) : 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (unfit[i])
			continue;
		rc = differs(&runs[like], &runs[i], pool, why, sizeof why)
			     ? drop(b, &runs[i], why)
			     : runs_add(&b->runs, &runs[i]);
	}
	free(unfit);
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	forget_empty(&b->runs);
	if (!b->runs.n)
		return err_set(e, -EINVAL, "no run can be used: %s: %s", b->dropped[0].run,
			       b->dropped[0].why);
	if (!b->runs.ncells)
		return err_set(e, -EINVAL, "no run has a figure that can be compared%s",
			       b->runs.undersized ? ": the working sets are under four times the "
						    "caches (--size)"
						  : "");
	return 0;
}
