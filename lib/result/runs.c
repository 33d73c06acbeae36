#include "result/runs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/field.h"
#include "result/value.h"

static const struct runs_unit units[] = {
	{ "B/s", "bytes per second", BETTER_HIGHER, 1e5, 1e15 },
	{ "s", "seconds", BETTER_LOWER, 1e-11, 1e4 },
};

const struct runs_unit *runs_unit_of(const struct record *r)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].unit, r->unit) == 0)
			return &units[i];
	return NULL;
}

bool runs_is_figure(const struct runs_unit *u, double v)
{
	return v >= u->low && v <= u->high; /* NaN is not */
}

bool run_label_same(const struct run_label *a, const struct run_label *b)
{
	return a->id[0] && strcmp(a->id, b->id) == 0 && strcmp(a->started, b->started) == 0;
}

void runs_init(struct runs *r)
{
	*r = (struct runs){ 0 };
}

void runs_release(struct runs *r)
{
	for (size_t i = 0; i < r->ncells; i++) {
		record_release(&r->cells[i].rec);
		free(r->cells[i].medians);
		free(r->cells[i].retests);
	}
	free(r->cells);
	free(r->runs);
	free(r->troubles);
	json_decref(r->identity);
	json_decref(r->conditions);
	runs_init(r);
}

/* What makes a cell the one it is, and what its figures are. */
static int copy_identity(struct record *to, const struct record *from)
{
	const uint64_t besides = record_fields("unit", "better", "path", NULL);
	int rc = 0;

	record_init(to);
	for (size_t i = 0; i < nfields && rc == 0; i++) {
		if (!(from->has >> i & 1) || !(fields[i].identifies || besides >> i & 1))
			continue;
		rc = value_copy(&fields[i], to, from);
		if (rc == 0)
			to->has |= (uint64_t)1 << i;
	}
	return rc;
}

static double *figures(size_t n)
{
	double *v = malloc((n + 1) * sizeof *v);

	for (size_t i = 0; v && i < n; i++)
		v[i] = NAN;
	return v;
}

struct runs_cell *runs_new_cell(struct runs *r, const struct record *rec, enum against against)
{
	struct runs_cell *c;

	if ((r->ncells & (r->ncells - 1)) == 0) { /* grows at powers of two only */
		c = realloc(r->cells, (r->ncells ? 2 * r->ncells : 1) * sizeof *c);
		if (!c)
			return NULL;
		r->cells = c;
	}
	c = &r->cells[r->ncells];
	*c = (struct runs_cell){ .against = against,
				 .medians = figures(r->n),
				 .retests = figures(r->n) };
	if (!c->medians || !c->retests || copy_identity(&c->rec, rec) < 0) {
		record_release(&c->rec);
		free(c->medians);
		free(c->retests);
		return NULL;
	}
	r->ncells++;
	return c;
}

static struct runs_cell *find(const struct runs *r, const struct record *rec, enum against against,
			      size_t *from)
{
	for (size_t i = 0; i < r->ncells; i++) {
		size_t at = (*from + i) % r->ncells;
		struct runs_cell *c = &r->cells[at];

		/* The quick way for most of some thousands. */
		if (c->against != against || strcmp(c->rec.metric, rec->metric) != 0 ||
		    !record_same_cell(&c->rec, rec))
			continue;
		*from = at + 1;
		return c;
	}
	return NULL;
}

struct runs_cell *runs_find(const struct runs *r, const struct runs_cell *c, size_t *from)
{
	return find(r, &c->rec, c->against, from);
}

static size_t pick(const double *from, size_t n, double *v)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(from[i]))
			v[k++] = from[i];
	return k;
}

size_t runs_medians(const struct runs *r, const struct runs_cell *c, double *v)
{
	return pick(c->medians, r->n, v);
}

size_t runs_retests(const struct runs *r, const struct runs_cell *c, double *v)
{
	return pick(c->retests, r->n, v);
}

/* Room for one more run in every cell. */
static int lengthen(struct runs *r)
{
	struct run_label *runs = realloc(r->runs, (r->n + 1) * sizeof *runs);

	if (!runs)
		return -ENOMEM;
	r->runs = runs;
	for (size_t i = 0; i < r->ncells; i++) {
		double **both[] = { &r->cells[i].medians, &r->cells[i].retests };

		for (size_t k = 0; k < 2; k++) {
			double *more = realloc(*both[k], (r->n + 2) * sizeof *more);

			if (!more)
				return -ENOMEM;
			more[r->n] = NAN;
			*both[k] = more;
		}
	}
	r->runs[r->n++] = (struct run_label){ .id = "" };
	return 0;
}

static void label(struct run_label *l, const struct result *res)
{
	const json_t *rest = json_object_get(res->host, "rest");
	const char *host = json_string_value(json_object_get(rest, "hostname"));

	snprintf(l->id, sizeof l->id, "%s", res->run.id);
	snprintf(l->started, sizeof l->started, "%s", res->run.started);
	snprintf(l->version, sizeof l->version, "%s", res->run.version);
	snprintf(l->host, sizeof l->host, "%.63s", host ? host : "");
}

static double retest_of(const struct record *rec)
{
	const json_t *v = json_object_get(json_object_get(rec->more, "retest"), "median");
	double median = json_is_number(v) ? json_number_value(v) : NAN;

	return median > 0 ? median : NAN;
}

bool runs_is_corrupt(const char *why)
{
	return strncmp(why, status_name(STATUS_CORRUPT), strlen(status_name(STATUS_CORRUPT))) == 0;
}

/* That data arrived corrupt in any of the runs stands, whatever came of the others. */
static void say_why(char *why, size_t size, const struct record *rec)
{
	if (runs_is_corrupt(why))
		return;
	snprintf(why, size, "%s%s%.280s", status_name(rec->status), rec->reason[0] ? ": " : "",
		 rec->reason);
}

static int add_trouble(struct runs *r, const struct record *rec)
{
	struct run_trouble *more = realloc(r->troubles, (r->ntroubles + 1) * sizeof *more);

	if (!more)
		return -ENOMEM;
	r->troubles = more;
	more += r->ntroubles++;
	*more = (struct run_trouble){ .test = "" };
	snprintf(more->test, sizeof more->test, "%s", rec->test);
	more->gpu = record_has(rec, "gpu") ? rec->gpu : -1;
	say_why(more->why, sizeof more->why, rec);
	return 0;
}

const char *runs_why_missing(const struct runs *r, const struct record *rec)
{
	for (size_t i = 0; i < r->ntroubles; i++) {
		const struct run_trouble *t = &r->troubles[i];

		if (strcmp(t->test, rec->test) == 0 &&
		    (t->gpu < 0 || (record_has(rec, "gpu") && rec->gpu == t->gpu)))
			return t->why;
	}
	return NULL;
}

static int add_record(struct runs *r, const struct record *rec, size_t *from)
{
	const struct runs_unit *unit = runs_unit_of(rec);
	bool figure = rec->status == STATUS_OK && record_has_figure(rec) && unit &&
		      unit->better == rec->better && runs_is_figure(unit, rec->median);
	bool corrupt = rec->status == STATUS_CORRUPT;
	struct runs_cell *c;

	if (!record_has(rec, "metric")) /* of a whole test */
		return rec->status == STATUS_OK ? 0 : add_trouble(r, rec);
	if (record_has(rec, "undersized") && rec->undersized && !corrupt) {
		r->undersized += r->n == 1;
		return 0;
	}
	if (rec->status == STATUS_OK && !figure)
		return 0; /* shares and counts are not compared */
	c = find(r, rec, AGAINST_NOTHING, from);
	if (!c) {
		c = runs_new_cell(r, rec, AGAINST_NOTHING);
		*from = r->ncells;
	}
	if (!c)
		return -ENOMEM;
	if (figure) {
		c->medians[r->n - 1] = rec->median;
		c->retests[r->n - 1] = retest_of(rec);
	} else {
		say_why(c->why, sizeof c->why, rec);
	}
	return 0;
}

int runs_add(struct runs *r, const struct result *res)
{
	size_t from = 0;
	int rc = lengthen(r);

	if (rc < 0)
		return rc;
	label(&r->runs[r->n - 1], res);
	if (r->n == 1) {
		r->simulated = res->run.simulated;
		r->identity = json_incref(json_object_get(res->host, "identity"));
		r->conditions = json_incref(json_object_get(res->host, "conditions"));
	}
	r->interrupted += !res->run.complete;
	for (size_t i = 1; i < r->n; i++)
		r->pooled |= strcmp(r->runs[i].host, r->runs[0].host) != 0;
	for (size_t i = 0; i < res->nrecords && rc == 0; i++)
		rc = add_record(r, &res->records[i], &from);
	return rc;
}

char *runs_cell_name(const struct runs_cell *c, char *buf, size_t size)
{
	static const char *const words[] = { [AGAINST_NOTHING] = "",
					     [AGAINST_NODES] = " to the median of other nodes",
					     [AGAINST_GPUS] = " to the median of other GPUs" };
	char name[200];

	snprintf(buf, size, "%s%s", record_name(&c->rec, name, sizeof name), words[c->against]);
	return buf;
}
