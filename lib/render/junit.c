/* junit.c - JUnit XML, as CI servers read it: a suite for the verdict, one for each family of
 * findings and one for each test; a case for each finding and each cell. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/formats.h"
#include "render/marks.h"
#include "result/judge.h"

/* What becomes of a case; the words are the elements'. */
enum outcome { PASSED, SKIPPED, FAILURE, ERROR, OUTCOMES };
static const char *const elements[] = {
	[PASSED] = "", [SKIPPED] = "skipped", [FAILURE] = "failure", [ERROR] = "error"
};

struct junit_case {
	const char *suite; /* of the result's own texts */
	char name[300];
	enum outcome outcome;
	const char *kind; /* the status, in our words */
	char text[700];
	double seconds; /* since the test began, of its last sample; NaN: none */
};

struct junit {
	const struct result *res;
	FILE *out;
	struct junit_case *cases;
	size_t n;
};

/* ---- cases ---- */

static enum outcome outcome_of_record(enum status s)
{
	switch (s) {
	case STATUS_OK:
		return PASSED;
	case STATUS_SKIPPED:
		return SKIPPED;
	case STATUS_CORRUPT:
		return FAILURE;
	default:
		return ERROR;
	}
}

static enum outcome outcome_of_finding(const char *status)
{
	if (strcmp(status, "fail") == 0)
		return FAILURE;
	if (strcmp(status, "unknown") == 0)
		return ERROR;
	return strcmp(status, "skip") == 0 ? SKIPPED : PASSED;
}

static void say_figures(const struct record *r, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "median %.6g %s", r->median, r->unit);

	if (record_has(r, "low") && record_has(r, "high") && used < size)
		used += (size_t)snprintf(text + used, size - used, ", 95 %% interval %.6g to %.6g",
					 r->low, r->high);
	if (used < size)
		snprintf(text + used, size - used, ", best %.6g, %zu samples", r->best,
			 r->samples.n);
}

static void add_record(struct junit *j, const struct record *r)
{
	struct junit_case *c = &j->cases[j->n++];

	*c = (struct junit_case){ .suite = r->test,
				  .outcome = outcome_of_record(r->status),
				  .kind = status_name(r->status),
				  .seconds = r->at.n ? r->at.v[r->at.n - 1] : NAN };
	record_name(r, c->name, sizeof c->name);
	if (r->status != STATUS_OK || !record_has_figure(r))
		snprintf(c->text, sizeof c->text, "%s", r->reason);
	else
		say_figures(r, c->text, sizeof c->text);
}

static void add_finding(struct junit *j, const struct finding *f)
{
	struct junit_case *c = &j->cases[j->n++];
	char line[500];
	size_t used;

	*c = (struct junit_case){ .suite = f->family,
				  .outcome = outcome_of_finding(f->status),
				  .kind = f->status,
				  .seconds = NAN };
	snprintf(c->name, sizeof c->name, "%s: %s", f->id, f->subject);
	used = (size_t)snprintf(
		c->text, sizeof c->text, "%s%s",
		strcmp(f->status, "warn") ? "" : "warning: ", finding_line(f, line, sizeof line));
	if (f->fix[0] && used < sizeof c->text)
		snprintf(c->text + used, sizeof c->text - used, "; to fix: %s", f->fix);
}

static void add_verdict(struct junit *j)
{
	struct junit_case *c = &j->cases[j->n++];
	const struct verdict *v = &j->res->verdict;

	*c = (struct junit_case){ .suite = "verdict",
				  .name = "verdict",
				  .outcome = v->status == VERDICT_FAIL      ? FAILURE
					     : v->status == VERDICT_UNKNOWN ? ERROR
									    : PASSED,
				  .kind = verdict_name(v->status),
				  .seconds = NAN };
	verdict_line(j->res, c->text, sizeof c->text);
}

static int by_suite_and_name(const void *x, const void *y)
{
	const struct junit_case *a = x, *b = y;
	int order = strcmp(a->suite, b->suite);

	return order ? order : strcmp(a->name, b->name);
}

/* Readers take cases of the same name for one: the second is "name (2)". Sorted. */
static void make_unique(struct junit *j)
{
	char first[sizeof j->cases->name] = "";
	size_t again = 1;

	for (size_t i = 0; i < j->n; i++) {
		struct junit_case *c = &j->cases[i];
		size_t n = strlen(c->name);

		if (i && strcmp(c->suite, j->cases[i - 1].suite) == 0 &&
		    strcmp(c->name, first) == 0) {
			n = n < sizeof c->name - 24 ? n : sizeof c->name - 24;
			snprintf(c->name + n, sizeof c->name - n, " (%zu)", ++again);
			continue;
		}
		memcpy(first, c->name, sizeof first);
		again = 1;
	}
}

/* ---- the document ---- */

static void put(const struct junit *j, const char *text)
{
	marks_print(j->out, text, marks_xml);
}

static void put_attribute(const struct junit *j, const char *name, const char *value)
{
	fprintf(j->out, " %s=\"", name);
	put(j, value);
	fputc('"', j->out);
}

static void put_case(const struct junit *j, const struct junit_case *c)
{
	char class[96];

	snprintf(class, sizeof class, "numabench.%.64s", c->suite);
	fputs("    <testcase", j->out);
	put_attribute(j, "classname", class);
	put_attribute(j, "name", c->name[0] ? c->name : "unnamed");
	fputs(">\n", j->out);
	if (c->outcome != PASSED) {
		fprintf(j->out, "      <%s", elements[c->outcome]);
		if (c->outcome != SKIPPED)
			put_attribute(j, "type", c->kind);
		put_attribute(j, "message", c->text);
		fputs(c->outcome == SKIPPED ? "/>\n" : ">", j->out);
		if (c->outcome != SKIPPED) {
			put(j, c->text);
			fprintf(j->out, "</%s>\n", elements[c->outcome]);
		}
	} else {
		fputs("      <system-out>", j->out);
		put(j, c->text);
		fputs("</system-out>\n", j->out);
	}
	fputs("    </testcase>\n", j->out);
}

/* What it was run on, for who reads the suite. */
static void put_properties(const struct junit *j)
{
	const struct run_info *run = &j->res->run;
	const char *const pairs[][2] = { { "run", run->id },
					 { "version", run->version },
					 { "simulated", run->simulated ? "true" : "false" } };

	fputs("    <properties>\n", j->out);
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		fputs("      <property", j->out);
		put_attribute(j, "name", pairs[i][0]);
		put_attribute(j, "value", pairs[i][1]);
		fputs("/>\n", j->out);
	}
	fputs("    </properties>\n", j->out);
}

/* "2026-11-21T01:28:06Z" without its zone, which the rules do not allow; anything else is left
 * out. */
static void put_timestamp(const struct junit *j)
{
	static const char like[] = "0000-00-00T00:00:00";
	const char *started = j->res->run.started;
	char stamp[sizeof like];

	for (size_t i = 0; i < sizeof like - 1; i++)
		if (like[i] == '0' ? started[i] < '0' || started[i] > '9' : started[i] != like[i])
			return;
	memcpy(stamp, started, sizeof stamp - 1);
	stamp[sizeof stamp - 1] = '\0';
	put_attribute(j, "timestamp", stamp);
}

static void put_suite(const struct junit *j, size_t from, size_t to)
{
	size_t counts[OUTCOMES] = { 0 };
	double seconds = 0;
	char name[96];

	for (size_t i = from; i < to; i++) {
		counts[j->cases[i].outcome]++;
		if (j->cases[i].seconds > seconds && j->cases[i].seconds < 1e9)
			seconds = j->cases[i].seconds;
	}
	snprintf(name, sizeof name, "numabench.%.64s", j->cases[from].suite);
	fputs("  <testsuite", j->out);
	put_attribute(j, "name", name);
	fprintf(j->out,
		" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"",
		to - from, counts[FAILURE], counts[ERROR], counts[SKIPPED], seconds);
	put_timestamp(j);
	fputs(">\n", j->out);
	put_properties(j);
	for (size_t i = from; i < to; i++)
		put_case(j, &j->cases[i]);
	fputs("  </testsuite>\n", j->out);
}

int format_junit(const struct result *r, const struct render_options *o, FILE *out)
{
	struct junit j = { .res = r,
			   .out = out,
			   .cases = calloc(r->nrecords + r->nfindings + 1, sizeof *j.cases) };

	(void)o;
	if (!j.cases)
		return -ENOMEM;
	add_verdict(&j);
	for (size_t i = 0; i < r->nfindings; i++)
		add_finding(&j, &r->findings[i]);
	for (size_t i = 0; i < r->nrecords; i++)
		add_record(&j, &r->records[i]);
	qsort(j.cases, j.n, sizeof *j.cases, by_suite_and_name);
	make_unique(&j);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
	for (size_t i = 0, from = 0; i < j.n; i++)
		if (i + 1 == j.n || strcmp(j.cases[i].suite, j.cases[i + 1].suite) != 0) {
			put_suite(&j, from, i + 1);
			from = i + 1;
		}
	fputs("</testsuites>\n", out);
	free(j.cases);
	return ferror(out) ? -EIO : 0;
}
