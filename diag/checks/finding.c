/* finding.c - from what a check says to an element of "checks". */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "util/json.h"

const char *check_harm_name(enum check_harm h)
{
	static const char *const names[] = { [HARM_PERCENT] = "percent",
					     [HARM_FACTOR] = "factor",
					     [HARM_STALL] = "stall",
					     [HARM_FAILURE] = "failure" };

	return names[h];
}

const char *check_scope_text(enum check_scope s)
{
	static const char *const texts[] = {
		[OF_LIMITS] = "this process, its limits and its control group; a job has its own: "
			      "run numabench check inside it",
		[OF_BINDING] = "this process; for a job run numabench check inside it, or look at "
			       "it from outside with --pid",
	};

	return s < sizeof texts / sizeof *texts ? texts[s] : NULL;
}

/* ---- values ---- */

static void set_value(struct values *v, const char *name, const char *fmt, va_list args)
{
	size_t i = 0;

	while (i < v->n && strcmp(v->v[i].name, name) != 0)
		i++;
	if (i >= sizeof v->v / sizeof *v->v)
		abort(); /* a check with so many has to be split */
	v->n += i == v->n;
	snprintf(v->v[i].name, sizeof v->v[i].name, "%s", name);
	vsnprintf(v->v[i].text, sizeof v->v[i].text, fmt, args);
}

void value(struct checking *c, const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_value(&c->values, name, fmt, args);
	va_end(args);
}

/* The value of the name at "{name}"; NULL: it has none, or is no name. */
static const char *value_at(const struct values *v, const char *brace, size_t length)
{
	for (size_t i = 0; i < v->n; i++)
		if (strlen(v->v[i].name) == length && strncmp(v->v[i].name, brace + 1, length) == 0)
			return v->v[i].text;
	return NULL;
}

void values_fill(const struct values *v, const char *text, bool capitals, char *buf, size_t size)
{
	size_t n = 0;

	while (*text && n + 1 < size) {
		size_t length = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz");
		bool name = *text == '{' && length && text[length + 1] == '}';
		const char *with = name ? value_at(v, text, length) : NULL;

		if (with) {
			n += (size_t)snprintf(buf + n, size - n, "%s", with);
			text += length + 2;
		} else if (name && capitals) {
			for (size_t i = 1; i <= length && n + 1 < size; i++)
				buf[n++] = (char)toupper(text[i]);
			text += length + 2;
		} else {
			buf[n++] = *text++;
		}
	}
	buf[n < size ? n : size - 1] = '\0';
}

/* ---- steps ---- */

enum { STEP_ROOM = 3000 };

static json_t *step_json(const struct values *v, const struct step *s, bool capitals)
{
	const char *const texts[][2] = { { "text", s->say }, { "command", s->run } };
	json_t *o = json_object();
	char text[STEP_ROOM];
	int bad = !o;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!texts[i][1])
			continue;
		values_fill(v, texts[i][1], capitals, text, sizeof text);
		bad |= json_put(o, texts[i][0], json_text(text));
	}
	return json_or_null(o, bad);
}

json_t *values_steps(const struct values *v, const struct step *steps, bool capitals)
{
	json_t *list = json_array();
	int bad = !list;

	for (size_t i = 0; i < STEPS && (steps[i].say || steps[i].run); i++)
		bad |= json_array_append_new(list, step_json(v, &steps[i], capitals));
	return json_or_null(list, bad);
}

void steps_line(const json_t *steps, char *buf, size_t size)
{
	const json_t *o;
	size_t i, used = 0;

	buf[0] = '\0';
	json_array_foreach(steps, i, o)
	{
		const char *say = json_string_value(json_object_get(o, "text"));
		const char *run = json_string_value(json_object_get(o, "command"));
		size_t needs = (used ? 2 : 0) + (say ? strlen(say) : 0) + (run ? strlen(run) : 0) +
			       (say && run ? 2 : 0);

		if (used + needs + 2 > size && used)
			return; /* nor those after it: what comes first is to be done first */
		if (used + needs + 2 > size)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s%s%s", used ? "; " : "",
					 say ? say : "", say && run ? ": " : "", run ? run : "");
	}
}

/* ---- findings ---- */

static const char on_host[] =
	"this is a virtual machine: what follows is for its host, where numabench check sees the "
	"real parts (whether it matters at all, numabench --all measures in here)";

/* What a finding that warns or fails has beyond its texts. NULL: out of memory. */
static json_t *more_of(const struct checking *c, const char *subject)
{
	const struct check *row = c->row;
	const struct step *steps = c->steps[0].say || c->steps[0].run ? c->steps : row->mend;
	const char *lasts = row->lasts;
	const struct step *verify = c->verify ? c->verify : &row->verify;
	const char *scope = check_scope_text(row->scope);
	json_t *o = json_object(), *list = values_steps(&c->values, steps, false);
	char text[STEP_ROOM];
	int bad = !o || !list;

	if (row->physical && c->l->guest)
		bad |= json_array_insert_new(list, 0, json_pack("{s:s}", "text", on_host));
	values_fill(&c->values, row->fault, false, text, sizeof text);
	bad |= json_put(o, "title", json_text(text)) |
	       json_put(o, "harm",
			json_string(check_harm_name(c->has_harm ? c->harm : row->harm))) |
	       json_put(o, "cost", json_string(row->cost)) | json_put(o, "remedy", list) |
	       json_put(o, "verify", step_json(&c->values, verify, false));
	if (check_cost_here(row, c->l->res, subject, text, sizeof text))
		bad |= json_put(o, "cost_here", json_text(text));
	if (lasts)
		bad |= json_put(o, "lasts", json_string(lasts));
	if (scope)
		bad |= json_put(o, "scope", json_string(scope));
	return json_or_null(o, bad);
}

/* The same in a line, for those who read no list. */
static void fix_in_a_line(const struct checking *c, const json_t *more, char *fix, size_t size)
{
	json_t *steps = json_copy(json_object_get(more, "remedy"));
	size_t used = 0;

	if (c->row->physical && c->l->guest) {
		used = (size_t)snprintf(fix, size, "on the host: ");
		json_array_remove(steps, 0);
	}
	steps_line(steps, fix + used, size - used);
	json_decref(steps);
}

static void forget_words(struct checking *c)
{
	c->values.n = 0;
	c->expected[0] = '\0';
	memset(c->steps, 0, sizeof c->steps);
	c->verify = NULL;
	c->has_harm = c->root = false;
}

void found(struct checking *c, enum check_status s, const char *subject, const char *fmt, ...)
{
	struct finding f = { .id = "" };
	bool wrong = s == CHECK_WARN || s == CHECK_FAIL;
	va_list args;
	int rc;

	if (s == CHECK_FAIL && c->row->guest_warns && c->l->guest)
		s = CHECK_WARN;
	if (!(c->row->tells & 1U << s))
		abort();
	va_start(args, fmt);
	vsnprintf(f.observed, sizeof f.observed, fmt, args);
	va_end(args);
	snprintf(f.id, sizeof f.id, "%s", c->row->id);
	snprintf(f.family, sizeof f.family, "%s", c->family);
	snprintf(f.status, sizeof f.status, "%s", check_status_name(s));
	snprintf(f.subject, sizeof f.subject, "%s", subject);
	snprintf(f.expected, sizeof f.expected, "%s", c->expected[0] ? c->expected : c->row->good);
	check_source(c->row, f.source);
	snprintf(f.authority, sizeof f.authority, "%s", c->row->authority);
	if (wrong) {
		f.more = more_of(c, f.subject);
		fix_in_a_line(c, f.more, f.fix, sizeof f.fix);
	}
	if (c->root)
		f.more = json_pack("{s:b}", "needs_root", true);
	rc = (wrong || c->root) && !f.more ? -ENOMEM : result_find(c->out, &f);
	json_decref(f.more);
	if (rc < 0)
		c->rc = rc;
	forget_words(c);
}

void expect(struct checking *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->expected, sizeof c->expected, fmt, args);
	va_end(args);
}

void mend(struct checking *c, const char *say, const char *run)
{
	for (size_t i = 0; i < STEPS; i++)
		if (!c->steps[i].say && !c->steps[i].run) {
			c->steps[i] = (struct step){ say, run };
			return;
		}
	abort(); /* so many nobody follows */
}

void verify(struct checking *c, const struct step *step)
{
	c->verify = step;
}

void harm(struct checking *c, enum check_harm h)
{
	c->has_harm = true;
	c->harm = h;
}

void needs_root(struct checking *c)
{
	c->root = true;
}
