/* timeline.c - windows in and out of a record's more. timeline_settle.c looks at what they say. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "result/timeline.h"
#include "util/json.h"

void timeline_init(struct timeline *t)
{
	*t = (struct timeline){ .call = NAN, .returned = NAN };
}

void timeline_release(struct timeline *t)
{
	free(t->windows);
	timeline_init(t);
}

struct window *timeline_add(struct timeline *t, double start, double seconds, double rate)
{
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 64;
		struct window *more = realloc(t->windows, room * sizeof *more);

		if (!more)
			return NULL;
		t->windows = more;
		t->room = room;
	}
	t->windows[t->n] =
		(struct window){ .start = start, .seconds = seconds, .rate = rate, .share = NAN };
	return &t->windows[t->n++];
}

static bool within(const struct window *w, double instant)
{
	return isfinite(instant) && w->start < instant && instant < w->start + w->seconds;
}

void timeline_mark(struct timeline *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct window *w = &t->windows[i];

		w->straddles = w->straddles || within(w, 0) || within(w, t->returned);
	}
}

/* ---- as JSON ---- */

/* The members of a window that are numbers. A missing one that is not needed is NaN. */
static const struct member {
	const char *key;
	size_t offset;
	bool needed;
	bool may_be_null; /* not known, and yet there */
} members[] = {
	{ .key = "start", .offset = offsetof(struct window, start), .needed = true },
	{ .key = "seconds", .offset = offsetof(struct window, seconds), .needed = true },
	{ .key = "rate",
	  .offset = offsetof(struct window, rate),
	  .needed = true,
	  .may_be_null = true },
	{ .key = "share", .offset = offsetof(struct window, share) },
};
enum { MEMBERS = sizeof members / sizeof *members };

static int set_number(json_t *o, const struct member *m, double v)
{
	if (!m->needed && !isfinite(v))
		return 0;
	return json_object_set_new(o, m->key, isfinite(v) ? json_real(v) : json_null());
}

static json_t *window_to_json(const struct window *w)
{
	json_t *o = json_object();
	int bad = o == NULL;

	for (size_t i = 0; i < MEMBERS && !bad; i++)
		bad = set_number(o, &members[i],
				 *(const double *)((const char *)w + members[i].offset));
	if (!bad && w->has_node)
		bad = json_object_set_new(o, "cpu_node", json_integer(w->cpu_node));
	if (!bad && w->straddles)
		bad = json_object_set_new(o, "straddles", json_true());
	return json_or_null(o, bad);
}

static const struct {
	const char *key;
	size_t offset;
} instants[] = {
	{ "call", offsetof(struct timeline, call) },
	{ "returned", offsetof(struct timeline, returned) },
};

int timeline_store(struct record *r, const struct timeline *t)
{
	json_t *o = json_object(), *list = json_array();
	int bad = !o || !list;

	for (size_t i = 0; i < sizeof instants / sizeof *instants && !bad; i++) {
		const struct member m = { .key = instants[i].key };

		bad = set_number(o, &m, *(const double *)((const char *)t + instants[i].offset));
	}
	for (size_t i = 0; i < t->n && !bad; i++)
		bad = json_array_append_new(list, window_to_json(&t->windows[i]));
	if (!bad)
		bad = json_object_set(o, "windows", list);
	if (!bad && !r->more)
		bad = !(r->more = json_object());
	if (!bad)
		bad = json_object_set(r->more, "timeline", o);
	json_decref(list);
	json_decref(o);
	return bad ? -ENOMEM : 0;
}

static int read_number(const json_t *o, const struct member *m, double *to, const char *where,
		       struct err *e)
{
	const json_t *v = json_object_get(o, m->key);

	*to = NAN;
	if ((!v && !m->needed) || (json_is_null(v) && (m->may_be_null || !m->needed)))
		return 0;
	if (!json_is_number(v))
		return err_set(e, -EINVAL, "%s.%s: a number is needed", where, m->key);
	*to = json_number_value(v);
	return 0;
}

static int read_window(struct timeline *t, size_t i, const json_t *o, struct err *e)
{
	const json_t *node = json_object_get(o, "cpu_node");
	struct window *w = timeline_add(t, 0, 1, NAN);
	char where[48];
	int rc = 0;

	snprintf(where, sizeof where, "timeline.windows[%zu]", i);
	if (!w)
		return err_set(e, -ENOMEM, "%s: out of memory", where);
	if (!json_is_object(o))
		return err_set(e, -EINVAL, "%s: an object is needed", where);
	for (size_t k = 0; k < MEMBERS && rc == 0; k++)
		rc = read_number(o, &members[k], (double *)((char *)w + members[k].offset), where,
				 e);
	if (rc < 0)
		return rc;
	if (w->seconds <= 0)
		return err_set(e, -EINVAL, "%s.seconds: %g is not above 0", where, w->seconds);
	if (i && w->start < w[-1].start)
		return err_set(e, -EINVAL, "%s.start: before that of the window before it", where);
	if (node && !json_is_null(node)) {
		if (!json_is_integer(node) || json_integer_value(node) < 0 ||
		    json_integer_value(node) > INT32_MAX)
			return err_set(e, -EINVAL, "%s.cpu_node: a node's number is needed", where);
		w->has_node = true;
		w->cpu_node = (int)json_integer_value(node);
	}
	w->straddles = json_is_true(json_object_get(o, "straddles"));
	return 0;
}

int timeline_load(struct timeline *t, const struct record *r, struct err *e)
{
	const json_t *o = json_object_get(r->more, "timeline"),
		     *list = json_object_get(o, "windows"), *item;
	size_t i;
	int rc = 0;

	timeline_init(t);
	if (!o)
		return -ENOENT;
	if (!json_is_array(list))
		return err_set(e, -EINVAL, "timeline.windows: a list is needed");
	for (size_t k = 0; k < sizeof instants / sizeof *instants && rc == 0; k++) {
		const struct member m = { .key = instants[k].key };

		rc = read_number(o, &m, (double *)((char *)t + instants[k].offset), "timeline", e);
	}
	json_array_foreach(list, i, item)
	{
		rc = rc < 0 ? rc : read_window(t, i, item, e);
	}
	if (rc < 0)
		timeline_release(t);
	return rc;
}
