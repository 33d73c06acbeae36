/* print.c - what was found, for a person or a program. */
#include "print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/walk.h"
#include "util/units.h"
#include "util/wrap.h"

enum { WIDTH_LEAST = 40, USUAL_WIDTH = 80, INDENT = 2, NAMED_MOST = 16 };

/* What came of a check over all that it looked at: the worst of what was judged. */
enum outcome { CANNOT, NEEDS_A_RUN, PASSED, WARNED, FAILED, OUTCOMES };

struct page {
	const struct result *res;
	const struct print_options *o;
	FILE *out;
	int width;
	size_t n[OUTCOMES]; /* checks */
	size_t serious;     /* of those that warn */
};

static bool has(const struct finding *f, enum check_status s)
{
	return strcmp(f->status, check_status_name(s)) == 0;
}

static enum outcome outcome_of(const struct finding *f)
{
	return has(f, CHECK_FAIL)                   ? FAILED
	       : has(f, CHECK_WARN)                 ? WARNED
	       : has(f, CHECK_PASS)                 ? PASSED
	       : strstr(f->observed, "needs a run") ? NEEDS_A_RUN
						    : CANNOT;
}

/* That of the check whose first finding is f; findings of one check stand together. */
static enum outcome outcome_of_check(const struct result *res, size_t first)
{
	enum outcome worst = CANNOT;

	for (size_t i = first; i < res->nfindings; i++) {
		enum outcome o = outcome_of(&res->findings[i]);

		if (strcmp(res->findings[i].id, res->findings[first].id) != 0)
			break;
		worst = o > worst ? o : worst;
	}
	return worst;
}

static bool begins_check(const struct result *res, size_t i)
{
	return i == 0 || strcmp(res->findings[i].id, res->findings[i - 1].id) != 0;
}

/* The check whose first finding is this one. */
static bool is_serious(const struct result *res, size_t first)
{
	for (size_t i = first; i < res->nfindings; i++) {
		if (strcmp(res->findings[i].id, res->findings[first].id) != 0)
			break;
		if (has(&res->findings[i], CHECK_WARN) && finding_is_serious(&res->findings[i]))
			return true;
	}
	return false;
}

static void count_checks(struct page *p)
{
	for (size_t i = 0; i < p->res->nfindings; i++) {
		enum outcome o = begins_check(p->res, i) ? outcome_of_check(p->res, i) : OUTCOMES;

		if (o < OUTCOMES)
			p->n[o]++;
		p->serious += o == WARNED && is_serious(p->res, i);
	}
}

static void say(const struct page *p, int indent, const char *text)
{
	fprintf(p->out, "%*s", indent, "");
	wrap_print(p->out, text, p->width, indent, indent);
}

static size_t count_all(const struct page *p)
{
	size_t all = 0;

	for (size_t i = 0; i < OUTCOMES; i++)
		all += p->n[i];
	return all;
}

/* ---- above ---- */

/* The title of the worst; empty: nothing is wrong. */
static int worst_title(const struct page *p, char *text, size_t size)
{
	size_t *order = calloc(p->res->nfindings + 1, sizeof *order);

	text[0] = '\0';
	if (!order)
		return -ENOMEM;
	if (findings_order(p->res, order) > 0) {
		const struct finding *f = &p->res->findings[order[0]];
		const char *title = json_string_value(json_object_get(f->more, "title"));

		snprintf(text, size, "%s", title ? title : f->id);
	}
	free(order);
	return 0;
}

static int say_verdict(const struct page *p)
{
	size_t fails = p->n[FAILED], warns = p->n[WARNED], used;
	char text[1500], worst[1200], warnings[64];
	int rc = worst_title(p, worst, sizeof worst);

	if (rc < 0)
		return rc;
	if (!fails && !warns) {
		used = (size_t)snprintf(text, sizeof text,
					"PASS: nothing found; %zu of %zu checks could be judged",
					p->n[PASSED], count_all(p));
		if (p->n[NEEDS_A_RUN])
			snprintf(text + used, sizeof text - used, ", %zu more need%s a run",
				 p->n[NEEDS_A_RUN], p->n[NEEDS_A_RUN] == 1 ? "s" : "");
		say(p, 0, text);
		return 0;
	}
	used = (size_t)snprintf(text, sizeof text, "%s",
				fails || p->o->strict ? "FAIL: " : "PASS with ");
	if (fails)
		used += (size_t)snprintf(text + used, sizeof text - used, "%zu failure%s%s", fails,
					 plural(fails), warns ? " and " : "");
	if (warns)
		used += (size_t)snprintf(
			text + used, sizeof text - used, "%s",
			warnings_text(warns, fails ? 0 : p->serious, warnings, sizeof warnings));
	snprintf(text + used, sizeof text - used, "%s%s",
		 fails + warns > 1 ? ", the worst: " : ": ", worst);
	say(p, 0, text);
	return 0;
}

static void say_machine(const struct page *p)
{
	const struct look *l = p->o->at;
	const json_t *rest = json_object_get(l->m->host, "rest");
	const char *host = json_string_value(json_object_get(rest, "hostname"));
	char text[500], kind[100] = "a machine";

	if (l->guest)
		snprintf(kind, sizeof kind, "a virtual machine (%s)", l->hypervisor);
	else if (condition(l, "virtualisation"))
		snprintf(kind, sizeof kind, "bare metal");
	snprintf(text, sizeof text, "%s%s%s%s, %zu NUMA node%s, %zu GPU%s; numabench %s",
		 host ? host : "", host ? ": " : "", l->m->live || l->res ? "" : "recorded, ", kind,
		 l->m->nnodes, plural(l->m->nnodes), l->m->ngpus, plural(l->m->ngpus), NB_VERSION);
	say(p, 0, text);
	if (l->m->simulated)
		say(p, 0,
		    "SIMULATED: the GPUs come from the test simulator, not from "
		    "hardware.");
}

/* ---- below ---- */

/* The ids of all checks with an outcome, or that root would see more of. */
static void gather(const struct page *p, enum outcome o, bool root, char *text, size_t size)
{
	const char *last = "";
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < p->res->nfindings && used < size; i++) {
		const struct finding *f = &p->res->findings[i];
		bool is = root ? json_is_true(json_object_get(f->more, "needs_root"))
			       : begins_check(p->res, i) && outcome_of_check(p->res, i) == o;

		if (!is || strcmp(last, f->id) == 0)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", f->id);
		last = f->id;
	}
}

static void say_counts(const struct page *p)
{
	static const struct {
		enum outcome outcome;
		const char *one, *many;
	} words[] = {
		{ FAILED, "fails", "fail" },
		{ WARNED, "warns", "warn" },
		{ PASSED, "passed", "passed" },
		{ NEEDS_A_RUN, "needs a run", "need a run" },
		{ CANNOT, "cannot be judged here", "cannot be judged here" },
	};
	const size_t all = count_all(p);
	size_t used = 0;
	char text[400], ids[2000], line[2200], of[40];

	snprintf(of, sizeof of, " of %zu check%s", all, plural(all));
	text[0] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t n = p->n[words[i].outcome];

		if (n)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu%s %s",
						 used ? ", " : "", n, used ? "" : of,
						 n == 1 ? words[i].one : words[i].many);
	}
	if (p->o->silenced)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "; %zu finding%s silenced by rules", p->o->silenced,
					 plural(p->o->silenced));
	snprintf(text + used, sizeof text - used, "%s",
		 p->o->verbose ? "." : " (--verbose lists them).");
	fputc('\n', p->out);
	say(p, 0, text);
	gather(p, NEEDS_A_RUN, false, ids, sizeof ids);
	snprintf(line, sizeof line, "need a run: %s", ids);
	if (ids[0])
		say(p, INDENT, line);
	gather(p, CANNOT, false, ids, sizeof ids);
	snprintf(line, sizeof line, "cannot be judged here: %s", ids);
	if (ids[0] && p->n[CANNOT] <= NAMED_MOST)
		say(p, INDENT, line);
	gather(p, CANNOT, true, ids, sizeof ids);
	snprintf(line, sizeof line, "root would see more (sudo numabench check): %s", ids);
	if (ids[0])
		say(p, INDENT, line);
}

/* Each finding with a status in a row, under a head. */
static int list_findings(const struct page *p, enum check_status s, const char *head)
{
	struct table *t = table_new();
	int rc;

	if (!t)
		return -ENOMEM;
	for (int i = 0; i < 3; i++)
		table_column(t, "", 'l');
	for (size_t i = 0; i < p->res->nfindings; i++) {
		const struct finding *f = &p->res->findings[i];

		if (!has(f, s))
			continue;
		table_cell(t, "%s", f->id);
		table_cell(t, "%s", f->subject);
		table_cell(t, "%s", f->observed);
	}
	fprintf(p->out, "\n%s\n", head);
	rc = table_print(t, p->out, p->width, INDENT);
	table_free(t);
	return rc;
}

static void say_next(const struct page *p)
{
	const struct look *l = p->o->at;
	char text[500];

	if (!l->m->live)
		return;
	fputc('\n', p->out);
	say(p, 0,
	    "A job that runs already: numabench check --pid PID tells where its threads run and "
	    "its "
	    "memory lies.");
	if (!p->n[NEEDS_A_RUN])
		return;
	snprintf(text, sizeof text,
		 "Next: %sjudge what needs a run, and measure what the nodes are worth here (two "
		 "minutes; the report has these findings, too):",
		 p->n[FAILED] || p->n[WARNED]
			 ? "fix what is above, and run numabench check again; then "
			 : "");
	say(p, 0, text);
	fprintf(p->out, "    numabench --all\n");
}

int checks_print(const struct result *res, const struct print_options *o, FILE *out)
{
	struct page p = { .res = res,
			  .o = o,
			  .out = out,
			  .width = o->look.width >= WIDTH_LEAST ? o->look.width : USUAL_WIDTH };
	int rc;

	count_checks(&p);
	rc = say_verdict(&p);
	say_machine(&p);
	if (rc == 0)
		rc = render_findings(res, &o->look, out);
	say_counts(&p);
	if (rc == 0 && o->verbose)
		rc = list_findings(&p, CHECK_PASS, "Passed");
	if (rc == 0 && o->verbose && count_findings(res, "skip"))
		rc = list_findings(&p, CHECK_SKIP, "Not judged");
	say_next(&p);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}

int checks_print_json(const struct result *res, FILE *out)
{
	json_t *whole = result_to_json(res);
	json_t *doc = json_pack("{s:O?}", "checks", json_object_get(whole, "checks"));
	int rc = doc ? json_dumpf(doc, out, JSON_INDENT(2)) : -1;

	json_decref(doc);
	json_decref(whole);
	if (rc < 0)
		return ferror(out) ? -EIO : -ENOMEM;
	fputc('\n', out);
	return 0;
}
