/* collect.c - runs a child and takes over what it reports, whatever becomes of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front/front.h"
#include "util/child.h"

/* A driver may take half a minute to answer. */
#define CHECK_DEADLINE_S 60.0

struct collector {
	struct result *res;
	const struct child_order *order;
	struct record *planned;
	size_t nplanned;
	size_t first;      /* the child's first record in res */
	char rubbish[120]; /* the first line that made no sense */
	int rc;
};

static void add_record(struct collector *c, const json_t *o)
{
	struct record r;
	struct err e = { "" };

	record_init(&r);
	if (record_from_json(&r, o, &e) < 0)
		snprintf(c->rubbish, sizeof c->rubbish, "%.110s", e.text);
	else if (result_add(c->res, &r) < 0)
		c->rc = -ENOMEM;
	record_release(&r);
}

static void add_planned(struct collector *c, const json_t *o)
{
	struct record *more = realloc(c->planned, (c->nplanned + 1) * sizeof *more);

	if (!more) {
		c->rc = -ENOMEM;
		return;
	}
	c->planned = more;
	record_init(&more[c->nplanned]);
	if (record_from_json(&more[c->nplanned], o, NULL) == 0)
		c->nplanned++;
	else
		record_release(&more[c->nplanned]);
}

/* Kept for the case that the record itself never comes. */
static void add_sample(struct collector *c, const json_t *o)
{
	json_int_t cell = json_integer_value(json_object_get(o, "cell"));

	if (cell < 0 || (size_t)cell >= c->nplanned)
		return;
	if (record_sample(&c->planned[cell], json_number_value(json_object_get(o, "value")),
			  json_number_value(json_object_get(o, "at")),
			  (int)json_number_value(json_object_get(o, "round")),
			  (int)json_number_value(json_object_get(o, "fresh"))) < 0)
		c->rc = -ENOMEM;
}

static void show_progress(const struct collector *c, const json_t *o)
{
	const struct child_order *d = c->order;
	double share = json_number_value(json_object_get(o, "share"));
	double left = json_number_value(json_object_get(o, "left_s"));
	const char *what = json_string_value(json_object_get(o, "what"));
	char text[160];

	if (!d->progress)
		return;
	snprintf(text, sizeof text, "%s  %s", d->program, what ? what : "");
	progress_show(d->progress, d->share_from + share * (d->share_to - d->share_from),
		      left + d->left_after_s, text);
}

static void show_note(const struct collector *c, const char *text)
{
	if (!c->order->log || c->order->quiet || !text)
		return;
	if (c->order->progress)
		progress_clear(c->order->progress);
	fprintf(c->order->log, "%s\n", text);
}

static void on_line(char *text, size_t length, void *to)
{
	struct collector *c = to;
	json_t *o = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL), *v;
	size_t i;
	json_t *item;

	if ((v = json_object_get(o, "records"))) {
		json_array_foreach(v, i, item) add_record(c, item);
	} else if ((v = json_object_get(o, "planned"))) {
		add_planned(c, v);
	} else if ((v = json_object_get(o, "sample"))) {
		add_sample(c, v);
	} else if ((v = json_object_get(o, "progress"))) {
		show_progress(c, v);
	} else if ((v = json_object_get(o, "note"))) {
		show_note(c, json_string_value(v));
	} else if (!c->rubbish[0]) {
		snprintf(c->rubbish, sizeof c->rubbish, "%.110s", length ? text : "an empty line");
		for (char *p = c->rubbish; *p; p++)
			if (*p < ' ' || *p > '~')
				*p = '?';
	}
	json_decref(o);
}

/* How the child ended, as a record's status; false when nothing was wrong. */
static bool verdict_on_child(const struct collector *c, const struct child_result *r,
			     enum status *status, char *why, size_t size)
{
	char how[120];

	child_describe(r, how, sizeof how);
	if (r->end == CHILD_TIMEOUT || r->end == CHILD_ABANDONED)
		*status = STATUS_TIMEOUT;
	else if (r->end == CHILD_STOPPED)
		*status = STATUS_SKIPPED;
	else if (r->end == CHILD_SIGNALLED)
		*status = STATUS_CRASHED;
	else
		*status = STATUS_FAILED;
	if (c->rubbish[0]) {
		*status = STATUS_FAILED;
		snprintf(why, size, "%s printed what is no record: \"%s\"", c->order->program,
			 c->rubbish);
		return true;
	}
	if (r->end == CHILD_EXITED && c->res->nrecords == c->first) {
		snprintf(why, size, "%s reported nothing (%s)", c->order->program, how);
		return true;
	}
	snprintf(why, size, "%s: %s", c->order->program, how);
	/* One that was told to stop and handed over what it had did well. */
	if (r->end == CHILD_STOPPED)
		return c->res->nrecords == c->first;
	return r->end != CHILD_EXITED || r->code == 2 || r->code > 3;
}

static bool reported(const struct collector *c, const struct record *planned)
{
	for (size_t i = c->first; i < c->res->nrecords; i++)
		if (record_same_cell(&c->res->records[i], planned))
			return true;
	return false;
}

static int add_missing(struct collector *c, const struct child_result *r)
{
	enum status status;
	char why[300];
	bool bad = verdict_on_child(c, r, &status, why, sizeof why);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->nplanned; i++) {
		if (reported(c, &c->planned[i]))
			continue;
		record_status(&c->planned[i], status, "%s", why);
		record_summarise(&c->planned[i]);
		rc = result_add(c->res, &c->planned[i]);
		bad = false;
	}
	/* What is wrong must stand somewhere, also where no cell is missing. */
	if (rc == 0 && bad) {
		struct record one;

		record_init(&one);
		snprintf(one.test, sizeof one.test, "%s", c->order->program);
		record_set(&one, "test", NULL);
		record_status(&one, status, "%s", why);
		rc = result_add(c->res, &one);
		record_release(&one);
	}
	return rc;
}

static int run(const struct child_order *d, void (*line)(char *, size_t, void *), void *to,
	       struct child_result *r, struct err *e)
{
	char *env[] = { (char[]){ "CUDA_DEVICE_ORDER=PCI_BUS_ID" }, NULL };
	char path[4200];
	const char *argv[40] = { path, "--json" };
	size_t n = 2;
	int rc = program_path(path, sizeof path, d->program, e);

	for (const char *const *a = d->args; a && *a && n < 39; a++)
		argv[n++] = *a;
	const struct child_spec spec = {
		.argv = (char *const *)argv,
		.env = env,
		.deadline_s = d->deadline_s,
		.stop = d->stop,
		.line = line,
		.to = to,
	};

	return rc < 0 ? rc : child_run(&spec, r, e);
}

int collect_records(struct result *res, const struct child_order *order, struct err *e)
{
	struct collector c = { .res = res, .order = order, .first = res->nrecords };
	struct child_result r;
	int rc = run(order, on_line, &c, &r, e);

	if (rc == 0)
		rc = c.rc;
	if (rc == 0)
		rc = add_missing(&c, &r);
	for (size_t i = 0; i < c.nplanned; i++)
		record_release(&c.planned[i]);
	free(c.planned);
	return rc == -ENOMEM ? err_set(e, rc, "out of memory") : rc;
}

struct text {
	char *v;
	size_t n;
};

static void keep_line(char *text, size_t length, void *to)
{
	struct text *t = to;
	char *more = realloc(t->v, t->n + length + 1);

	if (!more)
		return;
	memcpy(more + t->n, text, length);
	more[t->n + length] = '\n';
	t->v = more;
	t->n += length + 1;
}

/* Takes over the findings of a whole document; -EINVAL with e where one is none. */
static int take_checks(struct result *res, const json_t *doc, struct err *e)
{
	const json_t *list = json_object_get(doc, "checks"), *v;
	struct result fresh;
	int rc = json_is_array(list) ? 0 : err_set(e, -EINVAL, "no list of checks");
	size_t i;

	result_init(&fresh);
	json_array_foreach(list, i, v) if (rc == 0) rc = result_find_json(&fresh, v, e);
	if (rc == 0)
		result_forget_findings(res);
	for (i = 0; i < fresh.nfindings && rc == 0; i++)
		rc = result_find(res, &fresh.findings[i]);
	result_release(&fresh);
	return rc;
}

/* How the child ended, where that was not well; such a record makes the verdict unknown. */
static int add_unchecked(struct result *res, enum status status, const char *why)
{
	struct record one;
	int rc;

	record_init(&one);
	snprintf(one.test, sizeof one.test, "check");
	record_set(&one, "test", NULL);
	record_status(&one, status, "the machine was not checked: %.200s", why);
	rc = result_add(res, &one);
	record_release(&one);
	return rc;
}

/* What came of it: its findings, or why there are none. */
static int take_ended(struct result *res, const struct child_result *r, const json_t *doc,
		      struct err *e)
{
	struct err why = { "" };
	char how[120];
	int rc;

	if (r->end == CHILD_STOPPED)
		return 0;
	if (r->end == CHILD_EXITED && r->code == 2) /* it said why */
		return err_set(e, -EIO, "the machine was not checked");
	child_describe(r, how, sizeof how);
	if (r->end != CHILD_EXITED || r->code > 1)
		return add_unchecked(res, r->end == CHILD_EXITED ? STATUS_FAILED : STATUS_CRASHED,
				     how);
	rc = take_checks(res, doc, &why);
	return rc == -EINVAL ? add_unchecked(res, STATUS_FAILED, why.text) : rc;
}

int collect_checks(struct result *res, const struct check_order *order, struct err *e)
{
	const char *args[6], **arg = args;
	const struct child_order child = { .program = "check",
					   .args = args,
					   .deadline_s = CHECK_DEADLINE_S,
					   .stop = order->stop };
	struct text text = { 0 };
	struct child_result r;
	json_t *doc;
	int rc;

	if (order->rules)
		*arg++ = "--rules", *arg++ = order->rules;
	if (order->gpus)
		*arg++ = "--gpus", *arg++ = order->gpus;
	*arg++ = order->result;
	*arg = NULL;
	rc = run(&child, keep_line, &text, &r, e);
	if (rc < 0)
		return rc;
	doc = text.n ? json_loadb(text.v, text.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	rc = take_ended(res, &r, doc, e);
	for (size_t i = 0; order->log && i < res->nfindings; i++)
		if (strcmp(res->findings[i].status, "fail") == 0)
			fprintf(order->log, "check: %s: %s: %s\n", res->findings[i].id,
				res->findings[i].subject, res->findings[i].observed);
	json_decref(doc);
	free(text.v);
	return rc == -ENOMEM ? err_set(e, rc, "out of memory") : rc;
}

int collect_machine(struct result *res, const struct child_order *order, struct err *e)
{
	struct text text = { 0 };
	struct child_result r;
	char how[120];
	json_t *doc = NULL;
	int rc = run(order, keep_line, &text, &r, e);

	if (rc == 0 && text.n)
		doc = json_loadb(text.v, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (rc == 0 && (r.end != CHILD_EXITED || r.code != 0 || !doc))
		rc = err_set(e, -EIO, "the machine cannot be looked at: %s: %s", order->program,
			     child_describe(&r, how, sizeof how));
	if (rc == 0)
		rc = machine_from_json(&res->machine, json_object_get(doc, "topology"), e);
	if (rc == 0) {
		res->host = json_incref(json_object_get(doc, "host"));
		res->run.simulated = res->machine.simulated;
	}
	json_decref(doc);
	free(text.v);
	return rc;
}
