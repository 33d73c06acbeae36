/* plots.c - see plots.h. A picture is a script and what the rows that it draws have in common. */
#include "render/plots.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/field.h"
#include "result/moves.h"
#include "result/timeline.h"

/* One row a kind of picture. */
struct kind {
	const char *script;
	bool (*takes)(const struct record *r);
	const char *inside[7]; /* identifying fields in which the rows of a picture may differ */
	const char *along[5];  /* in which the cells of a heat map, the points of a line do */
	size_t least;          /* so many of them, or there is nothing to see */
};

static bool of_gpu(const struct record *r)
{
	return record_has(r, "gpu") && !record_has(r, "peer") && !record_has(r, "together") &&
	       (record_has(r, "cpu_node") || record_has(r, "mem_node"));
}

static bool of_peers(const struct record *r)
{
	return record_has(r, "gpu") && record_has(r, "peer") && !record_has(r, "together");
}

static bool is_copy(const struct record *r)
{
	return of_gpu(r) && record_has(r, "memory") && record_has(r, "direction");
}

static bool is_memory_rate(const struct record *r)
{
	return text_is_memory_rate(r) && !move_is(r);
}

static bool is_memory_time(const struct record *r)
{
	return strcmp(r->test, "mem-latency") == 0 && strcmp(r->metric, "latency") == 0 &&
	       record_has(r, "cpu_node") && record_has(r, "mem_node");
}

static bool is_loaded(const struct record *r)
{
	return record_has(r, "load_step") && record_has(r, "injected");
}

static bool of_gpu_spread(const struct record *r)
{
	return of_gpu(r) && strcmp(r->unit, "s") == 0 && isfinite(text_quantile(r, "p50"));
}

static const struct kind kinds[] = {
	{ "matrix.gp",
	  of_gpu,
	  { "gpu", "cpu_node", "mem_node", "bytes", "threads" },
	  { "gpu", "cpu_node", "mem_node" },
	  2 },
	{ "matrix.gp",
	  of_peers,
	  { "gpu", "peer", "cpu_node", "mem_node", "bytes", "threads" },
	  { "gpu", "peer", "cpu_node", "mem_node" },
	  2 },
	{ "matrix.gp",
	  is_memory_rate,
	  { "cpu_node", "mem_node", "bytes", "threads" },
	  { "cpu_node", "mem_node" },
	  2 },
	{ "matrix.gp",
	  is_memory_time,
	  { "cpu_node", "mem_node", "bytes", "threads" },
	  { "cpu_node", "mem_node" },
	  2 },
	{ "sizes.gp",
	  is_copy,
	  { "gpu", "cpu_node", "mem_node", "bytes", "pages_asked", "threads" },
	  { "bytes" },
	  3 },
	{ "sizes.gp",
	  is_memory_time,
	  { "cpu_node", "mem_node", "bytes", "pages_asked", "threads" },
	  { "bytes" },
	  3 },
	{ "sizes.gp", is_memory_rate, { "metric", "bytes", "threads" }, { "bytes" }, 3 },
	{ "threads.gp",
	  is_memory_rate,
	  { "cpu_node", "mem_node", "bytes", "threads" },
	  { "threads" },
	  3 },
	{ "load.gp",
	  is_loaded,
	  { "cpu_node", "mem_node", "bytes", "threads", "load_step" },
	  { "load_step", "bytes", "threads" },
	  3 },
	{ "distribution.gp",
	  of_gpu_spread,
	  { "gpu", "cpu_node", "mem_node", "bytes", "threads" },
	  { NULL },
	  1 },
	{ "distribution.gp",
	  is_memory_time,
	  { "cpu_node", "mem_node", "bytes", "threads" },
	  { NULL },
	  1 },
};

static uint64_t bits_of(const char *const *names, size_t most)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < most && names[i]; i++)
		bits |= record_fields(names[i], NULL);
	return bits;
}

/* A field's value as the table has it; false where that is not one plain word: a list, or a text
 * that somebody made up. */
static bool plain(const struct field *f, const struct record *r, char *buf, size_t size)
{
	json_t *v = field_get(f, r);
	bool good = true;

	buf[0] = '\0';
	if (json_is_string(v))
		snprintf(buf, size, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(buf, size, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(buf, size, "%s", json_is_true(v) ? "true" : "false");
	for (const char *c = buf; *c; c++)
		good = good && (isalnum((unsigned char)*c) || *c == '-' || *c == '_' || *c == '.');
	json_decref(v);
	return good && *buf;
}

/* What goes without saying is that it is a bandwidth; a number says nothing without its name. */
static void name_more(struct plot *p, const struct field *f, const char *value)
{
	size_t used = strlen(p->name);
	bool alone = f->type == FIELD_TEXT || f->type == FIELD_WORD;

	if (strcmp(f->key, "metric") == 0 && strcmp(value, "bandwidth") == 0)
		return;
	snprintf(p->name + used, sizeof p->name - used, "-%s%s%s", alone ? "" : f->key,
		 alone ? "" : "-", value);
	for (char *c = p->name + used; *c; c++)
		*c = *c == '_' ? '-' : *c;
}

/* The picture into which a record belongs; false where it cannot be said in plain words. */
static bool plot_of(struct plot *p, const struct kind *k, const struct record *r)
{
	const uint64_t inside = bits_of(k->inside, sizeof k->inside / sizeof *k->inside);
	const char *end = strchr(k->script, '.');

	*p = (struct plot){ .script = k->script };
	snprintf(p->name, sizeof p->name, "%.*s", (int)(end - k->script), k->script);
	for (size_t i = 0; i < nfields; i++) {
		char value[64];
		size_t used = strlen(p->want);

		if (!fields[i].identifies || !(r->has >> i & 1) || (inside >> i & 1))
			continue;
		if (!plain(&fields[i], r, value, sizeof value))
			return false;
		snprintf(p->want + used, sizeof p->want - used, "%s%s=%s", used ? " " : "",
			 fields[i].key, value);
		name_more(p, &fields[i], value);
	}
	return true;
}

static bool is_known(const struct plot *plots, size_t n, const struct plot *p)
{
	for (size_t i = 0; i < n; i++)
		if (plots[i].script == p->script && strcmp(plots[i].want, p->want) == 0)
			return true;
	return false;
}

static bool is_drawn(const struct kind *k, const struct record *r)
{
	return record_has_figure(r) && r->median > 0 && k->takes(r);
}

/* Whether enough stands in a row with it. */
static bool is_enough(const struct result *res, const struct kind *k, const struct record *r)
{
	const uint64_t along = bits_of(k->along, sizeof k->along / sizeof *k->along);
	size_t n = 0;

	for (size_t i = 0; n < k->least && i < res->nrecords; i++)
		n += strcmp(res->records[i].test, r->test) == 0 && is_drawn(k, &res->records[i]) &&
		     record_same_but(r, &res->records[i], along);
	return n >= k->least;
}

static int add(struct plot **plots, size_t *n, const struct plot *p)
{
	struct plot *more = realloc(*plots, (*n + 1) * sizeof *more);

	if (!more)
		return -ENOMEM;
	*plots = more;
	more[(*n)++] = *p;
	return 0;
}

static int add_kind(const struct result *res, const struct kind *k, struct plot **plots, size_t *n)
{
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		struct plot p;
		int rc;

		if (!is_drawn(k, r) || !plot_of(&p, k, r) || is_known(*plots, *n, &p) ||
		    !is_enough(res, k, r))
			continue;
		rc = add(plots, n, &p);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Something was counted in some window. */
static bool is_counted(const struct timeline *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->windows[i].rate > 0)
			return true;
	return false;
}

/* As timeline_csv.c counts them. */
static int add_timelines(const struct result *res, struct plot **plots, size_t *n)
{
	size_t number = 0;

	for (size_t i = 0; i < res->nrecords; i++) {
		struct plot p = { .script = "timeline.gp", .moves = true };
		struct timeline t;
		struct err ignored;
		int rc = timeline_load(&t, &res->records[i], &ignored);

		if (rc == -ENOENT || rc == -EINVAL)
			continue;
		if (rc < 0)
			return rc;
		snprintf(p.want, sizeof p.want, "%zu", number);
		snprintf(p.name, sizeof p.name, "timeline-%zu", number++);
		rc = is_counted(&t) ? add(plots, n, &p) : 0;
		timeline_release(&t);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int plots_plan(const struct result *res, struct plot **plots, size_t *n)
{
	int rc = 0;

	*plots = NULL;
	*n = 0;
	for (size_t i = 0; rc == 0 && i < sizeof kinds / sizeof *kinds; i++)
		rc = add_kind(res, &kinds[i], plots, n);
	if (rc == 0)
		rc = add_timelines(res, plots, n);
	return rc;
}
