/* findings.c - what is wrong, in which order, and what of it is the same. See walk.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/walk.h"
#include "result/explains.h"
#include "result/judge.h"
#include "util/units.h"

struct telling {
	const struct result *res;
	size_t *order; /* of findings, the worst first */
	size_t n;
	bool *told; /* per finding */
	struct told_finding *v;
	size_t nv;
};

const char *finding_word(const struct finding *f)
{
	return strcmp(f->status, "fail") == 0      ? "FAIL"
	       : strcmp(f->status, "unknown") == 0 ? "unknown"
						   : "warn";
}

/* ---- the worst first ---- */

/* -1: nothing is wrong. */
static int rank_of_status(const struct finding *f)
{
	static const char *const statuses[] = { "warn", "unknown", "fail" };

	for (int i = 0; i < 3; i++)
		if (strcmp(f->status, statuses[i]) == 0)
			return i;
	return -1;
}

static const char *text_of(const struct finding *f, const char *key)
{
	return json_string_value(json_object_get(f->more, key));
}

/* How bad it is to leave it, by what check_harm_name says; what does not tell comes last. */
static int harm_of(const struct finding *f)
{
	static const char *const harms[] = { "percent", "factor", "stall", "failure" };
	const char *harm = text_of(f, "harm");

	for (int i = 0; harm && i < 4; i++)
		if (strcmp(harm, harms[i]) == 0)
			return i + 1;
	return 0;
}

bool finding_is_serious(const struct finding *f)
{
	return harm_of(f) > 1;
}

char *warnings_text(size_t n, size_t serious, char *buf, size_t size)
{
	if (serious && serious < n)
		snprintf(buf, size, "%zu warnings, %zu of them serious", n, serious);
	else
		snprintf(buf, size, "%zu %swarning%s", n, serious ? "serious " : "", plural(n));
	return buf;
}

static bool is_worse(const struct finding *a, const struct finding *b)
{
	int x = rank_of_status(a), y = rank_of_status(b);

	return x != y ? x > y : harm_of(a) > harm_of(b);
}

size_t findings_order(const struct result *res, size_t *order)
{
	size_t n = 0;

	for (size_t i = 0; i < res->nfindings; i++) {
		const struct finding *f = &res->findings[i];
		size_t at = n;

		if (rank_of_status(f) < 0)
			continue;
		for (; at > 0 && is_worse(f, &res->findings[order[at - 1]]); at--)
			order[at] = order[at - 1];
		order[at] = i;
		n++;
	}
	return n;
}

/* ---- what is the same ---- */

bool finding_shares(const struct finding *a, const struct finding *b, const char *key)
{
	const json_t *x = json_object_get(a->more, key), *y = json_object_get(b->more, key);

	return x && y ? json_equal(x, y) : x == y;
}

/* Found of several things in the same words: told once. */
static bool alike(const struct finding *a, const struct finding *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->status, b->status) == 0 &&
	       strcmp(a->observed, b->observed) == 0 && strcmp(a->expected, b->expected) == 0 &&
	       strcmp(a->fix, b->fix) == 0 && finding_shares(a, b, "remedy") &&
	       finding_shares(a, b, "title");
}

/* Several of one kind may be about one and the same thing. */
static bool subject_told(const struct telling *p, size_t first, size_t i)
{
	const struct finding *f = p->res->findings;

	for (size_t k = first; k < i; k++)
		if (strcmp(f[k].subject, f[i].subject) == 0 && alike(&f[k], &f[first]))
			return true;
	return false;
}

/* The subjects of all that is like finding `first`, which are then told. */
static void gather_subjects(const struct telling *p, size_t first, char *text, size_t size)
{
	enum { NAMED = 4 };
	const struct finding *f = p->res->findings;
	size_t n = 0, used = 0;

	for (size_t i = first; i < p->res->nfindings; i++) {
		if (!alike(&f[i], &f[first]))
			continue;
		p->told[i] = true;
		if (subject_told(p, first, i))
			continue;
		if (++n <= NAMED && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
						 n > 1 ? ", " : "", f[i].subject);
	}
	if (n > NAMED && used < size)
		snprintf(text + used, size - used, " and %zu more", n - NAMED);
}

/* How many records all that is like finding `first` bears on. */
static size_t explained(const struct telling *p, size_t first)
{
	const struct result *res = p->res;
	size_t n = 0;

	for (size_t i = 0; i < res->nrecords; i++) {
		bool any = false;

		for (size_t j = first; j < res->nfindings && !any; j++)
			any = alike(&res->findings[j], &res->findings[first]) &&
			      finding_explains(res, &res->findings[j], &res->records[i]);
		n += any;
	}
	return n;
}

static void tell_one(struct telling *p, size_t i)
{
	struct told_finding *f = &p->v[p->nv++];

	f->finding = &p->res->findings[i];
	f->cells = explained(p, i);
	gather_subjects(p, i, f->subjects, sizeof f->subjects);
	if (finding_is_judged(f->finding)) /* its sentence begins with it */
		f->subjects[0] = '\0';
}

/* All of one check, title and status one after another, from place `at` of the order on. */
static void tell_check(struct telling *p, size_t at)
{
	const struct finding *first = &p->res->findings[p->order[at]], *before = NULL;

	for (; at < p->n; at++) {
		const struct finding *f = &p->res->findings[p->order[at]];

		if (p->told[p->order[at]] || strcmp(f->id, first->id) != 0 ||
		    strcmp(f->status, first->status) != 0 || !finding_shares(f, first, "title"))
			continue;
		tell_one(p, p->order[at]);
		p->v[p->nv - 1].before = before;
		p->v[p->nv - 1].again = before != NULL;
		before = f;
	}
	p->v[p->nv - 1].last = true;
}

/* ---- what is said of it ---- */

/* What is no check of `numabench check` brings no title of its own: by what its id begins with. */
static const struct {
	const char *id, *wrong, *unknown;
} kinds[] = {
	{ "gpu.count", "Not the number of GPUs that was asked for", "The GPUs cannot be counted" },
	{ "run.cells", "Not all that was planned has a figure", "What was planned has no figure" },
	{ "run.corrupt", "Data did not arrive as sent", "Whether data arrive as sent is unknown" },
	{ "run.", "The run itself", "The run itself" },
	{ "expect.", "Not as ordered", "Ordered, and cannot be judged" },
	{ "history.", "Not as in the baseline", "Cannot be set against the baseline" },
	{ "peers.", "Slower than its equals", "Cannot be set against its equals" },
	{ "physics.", "Not what the hardware can carry", "Cannot be set against the hardware" },
};

/* NULL: it is of a check. */
static const char *title_of_kind(const struct finding *f)
{
	bool unknown = strcmp(f->status, "unknown") == 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strncmp(f->id, kinds[i].id, strlen(kinds[i].id)) == 0)
			return unknown ? kinds[i].unknown : kinds[i].wrong;
	return NULL;
}

/* The lines of a finding, and the texts of those that the finding itself has not. */
struct lines {
	struct told_line v[12];
	size_t n;
	char bears[64], read[320], more[120];
	json_t *verify; /* owned */
};

static void add_line(struct lines *l, const char *label, const char *text)
{
	if (text && text[0])
		l->v[l->n++] = (struct told_line){ .label = label, .text = text };
}

static void add_steps(struct lines *l, const char *label, const json_t *steps)
{
	if (json_array_size(steps))
		l->v[l->n++] = (struct told_line){ .label = label, .steps = steps };
}

/* What is to be done, and how to see that it is done. */
static void add_mend(struct lines *l, const struct finding *f)
{
	const json_t *remedy = json_object_get(f->more, "remedy");
	json_t *verify = json_object_get(f->more, "verify");

	if (json_array_size(remedy))
		add_steps(l, "To fix", remedy);
	else
		add_line(l, "To fix", f->fix);
	if (json_is_object(verify))
		l->verify = json_pack("[O]", verify);
	add_steps(l, "Verify", l->verify);
}

/* What holds for all of one id. */
static void add_tail(struct lines *l, const struct told_finding *told)
{
	const struct finding *f = told->finding;

	add_line(l, "Persists", text_of(f, "lasts"));
	add_line(l, "Scope", text_of(f, "scope"));
	if (f->source[0])
		snprintf(l->read, sizeof l->read, "%s%s%s", f->source,
			 f->authority[0] ? "; rests on: " : "", f->authority);
	add_line(l, "Source", l->read);
	if (told->title[0] && !title_of_kind(f)) /* a check, which explains itself */
		snprintf(l->more, sizeof l->more, "numabench check --explain %s", f->id);
	add_line(l, "More", l->more);
}

static void tell_with_lines(struct told_finding *told,
			    void (*tell)(const struct told_finding *f, void *to), void *to)
{
	const struct finding *f = told->finding, *before = told->before;
	const char *title = text_of(f, "title");
	struct lines l = { .n = 0 };
	size_t own;

	title = title ? title : title_of_kind(f);
	told->title = title ? title : "";
	if (!before || strcmp(f->expected, before->expected) != 0)
		add_line(&l, "Expected", f->expected);
	if (!before)
		add_line(&l, "Costs", text_of(f, "cost"));
	if (!before || !finding_shares(f, before, "cost_here"))
		add_line(&l, text_of(f, "cost") ? "Here" : "Costs", text_of(f, "cost_here"));
	if (!before || strcmp(f->fix, before->fix) != 0 || !finding_shares(f, before, "remedy"))
		add_mend(&l, f);
	if (told->cells)
		snprintf(l.bears, sizeof l.bears, "%zu cell%s of this run", told->cells,
			 plural(told->cells));
	add_line(&l, "Affects", l.bears);
	own = l.n;
	if (told->last)
		add_tail(&l, told);
	told->lines = l.v;
	told->nlines = l.n;
	told->ntail = l.n - own;
	tell(told, to);
	json_decref(l.verify);
}

int findings_tell(const struct result *res, void (*tell)(const struct told_finding *f, void *to),
		  void *to)
{
	struct telling p = { .res = res,
			     .order = calloc(res->nfindings + 1, sizeof(size_t)),
			     .told = calloc(res->nfindings + 1, sizeof(bool)),
			     .v = calloc(res->nfindings + 1, sizeof(struct told_finding)) };
	int rc = p.order && p.told && p.v ? 0 : -ENOMEM;

	p.n = rc == 0 ? findings_order(res, p.order) : 0;
	for (size_t i = 0; i < p.n; i++)
		if (!p.told[p.order[i]])
			tell_check(&p, i);
	for (size_t i = 0; i < p.nv; i++)
		tell_with_lines(&p.v[i], tell, to);
	free(p.order);
	free(p.told);
	free(p.v);
	return rc;
}
