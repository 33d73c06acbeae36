/* expect_json.c - expectation files, read. See expect.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/document.h"
#include "result/expect.h"
#include "result/value.h"
#include "result/words.h"
#include "util/units.h"

enum { MIB_MAX = 1 };
static const char what[] = "an expectation of numabench";

static const char *const where_words[] = {
	[EXPECT_OWN] = "own", [EXPECT_REMOTE] = "remote", [EXPECT_ANY] = "any", NULL
};

enum kind { KEY_TEXT, KEY_COUNT, KEY_SIZE, KEY_SET, KEY_LINK, KEY_LIMIT, KEY_WORD, KEY_BOOL };

/* A key of an object, and where it goes. */
struct key {
	const char *name;
	enum kind kind;
	size_t offset, size;
	const char *const *words; /* KEY_WORD */
};

#define KEY(s, k, m)                                                                               \
	.name = #m, .kind = k, .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)
#define KEY_AS(s, k, m, n)                                                                         \
	.name = n, .kind = k, .offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)

static const struct key machine_keys[] = {
	{ KEY(expect, KEY_TEXT, cpu) },
	{ KEY_AS(expect, KEY_COUNT, count_nodes, "nodes") },
	{ KEY_AS(expect, KEY_COUNT, count_gpus, "gpus") },
	{ .name = NULL },
};

static const struct key node_keys[] = {
	{ KEY(expect_nodes, KEY_SET, nodes) },
	{ KEY(expect_nodes, KEY_COUNT, cores) },
	{ KEY(expect_nodes, KEY_SIZE, memory) },
	{ .name = NULL },
};

static const struct key gpu_keys[] = {
	{ KEY(expect_gpus, KEY_SET, gpus) },    { KEY(expect_gpus, KEY_TEXT, name) },
	{ KEY(expect_gpus, KEY_SIZE, memory) }, { KEY(expect_gpus, KEY_LINK, link) },
	{ KEY(expect_gpus, KEY_COUNT, node) },  { .name = NULL },
};

static const struct key figure_keys[] = {
	{ KEY(expect_figure, KEY_TEXT, id) },
	{ KEY(expect_figure, KEY_TEXT, test) },
	{ KEY(expect_figure, KEY_TEXT, metric) },
	{ KEY(expect_figure, KEY_WORD, direction), .words = direction_words },
	{ KEY(expect_figure, KEY_WORD, memory), .words = memory_words },
	{ KEY(expect_figure, KEY_WORD, together), .words = together_words },
	{ KEY(expect_figure, KEY_WORD, where), .words = where_words },
	{ KEY(expect_figure, KEY_TEXT, path) },
	{ KEY_AS(expect_figure, KEY_BOOL, peer_access, "peer_access") },
	{ KEY(expect_figure, KEY_BOOL, sum) },
	{ KEY(expect_figure, KEY_SIZE, size) },
	{ KEY(expect_figure, KEY_SET, nodes) },
	{ KEY(expect_figure, KEY_SET, gpus) },
	{ KEY(expect_figure, KEY_LIMIT, at_least) },
	{ KEY(expect_figure, KEY_LIMIT, at_most) },
	{ .name = NULL },
};
#undef KEY
#undef KEY_AS

/* ---- values ---- */

static const char *text_of(const json_t *v, const char *wanted, struct err *e)
{
	const char *text = json_string_value(v);

	if (!text)
		err_set(e, -EINVAL, "%s is needed as text, this is %s", wanted, json_kind(v));
	else if (!text[0])
		err_set(e, -EINVAL, "%s is needed, this is empty", wanted);
	else if (strlen(text) != json_string_length(v))
		err_set(e, -EINVAL, "%s is needed, this has a NUL in it", wanted);
	else
		return text;
	return NULL;
}

/* "64 GiB" as "64GiB": a blank between number and unit is how people write it. */
static int without_blank(char *to, size_t size, const char *text, struct err *e)
{
	const char *blank = strchr(text, ' ');
	int used = blank ? snprintf(to, size, "%.*s%s", (int)(blank - text), text, blank + 1)
			 : snprintf(to, size, "%s", text);

	return used < (int)size ? 0 : err_set(e, -EINVAL, "too long for a figure");
}

static int read_text(const struct key *k, void *to, const json_t *v, struct err *e)
{
	const char *text = text_of(v, "a name", e);

	if (!text)
		return -EINVAL;
	if (strlen(text) >= k->size)
		return err_set(e, -EINVAL, "at most %zu bytes", k->size - 1);
	snprintf(to, k->size, "%s", text);
	return 0;
}

static int read_count(struct known *to, const json_t *v, struct err *e)
{
	enum { MOST = 1 << 20 };

	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > MOST)
		return err_set(e, -EINVAL, "a whole number from 0 to %d is needed", MOST);
	*to = KNOWN(json_integer_value(v));
	return 0;
}

static int read_size(struct known *to, const json_t *v, struct err *e)
{
	const char *text = text_of(v, "a size such as \"512 GiB\"", e);
	uint64_t bytes;
	char tight[32];
	int rc = text ? without_blank(tight, sizeof tight, text, e) : -EINVAL;

	if (rc == 0)
		rc = parse_size(&bytes, tight, e);
	if (rc == 0)
		*to = KNOWN((long long)bytes);
	return rc;
}

static int read_set(struct idset *to, const json_t *v, struct err *e)
{
	const char *text = text_of(v, "a list such as \"0-3,7\"", e);

	return text ? idset_parse(to, text, e) : -EINVAL;
}

/* What the standard has: generations to 7, lanes to 32. */
static int read_link(struct expect_link *to, const json_t *v, struct err *e)
{
	const char *text = text_of(v, "a link such as \"Gen5 x16\"", e);
	char exact[24] = "";
	int gen, width;

	if (!text)
		return -EINVAL;
	if (sscanf(text, "Gen%1d x%2d", &gen, &width) == 2)
		snprintf(exact, sizeof exact, "Gen%d x%d", gen, width);
	if (strcmp(text, exact) != 0 || gen < 1 || gen > 7 || width < 1 || width > 32)
		return err_set(e, -EINVAL, "a link such as \"Gen5 x16\" is needed");
	*to = (struct expect_link){ true, gen, width };
	return 0;
}

static int read_limit(struct expect_limit *to, const json_t *v, struct err *e)
{
	static const char wanted[] = "a figure above 0 with its unit, such as \"50 GB/s\" or "
				     "\"140 ns\",";
	const char *text = text_of(v, wanted, e);
	char tight[32];
	int rc = text ? without_blank(tight, sizeof tight, text, e) : -EINVAL;

	if (rc < 0)
		return rc;
	snprintf(to->unit, sizeof to->unit, "%s", strstr(tight, "/s") ? "B/s" : "s");
	if (strcmp(to->unit, "B/s") == 0)
		rc = parse_rate(&to->value, tight, e);
	else /* a time without its unit is in seconds elsewhere, not here */
		rc = tight[strlen(tight) - 1] == 's' ? parse_seconds(&to->value, tight, e)
						     : -EINVAL;
	to->is = rc == 0;
	return rc == -EINVAL ? err_set(e, rc, "%s is needed, this is \"%.30s\"", wanted, text) : rc;
}

static int read_word(const struct key *k, int *to, const json_t *v, struct err *e)
{
	const char *text = json_string_value(v);
	char known[160] = "";
	size_t used = 0;

	for (int i = 0; k->words[i]; i++) {
		if (text && strcmp(text, k->words[i]) == 0) {
			*to = i;
			return 0;
		}
		if (used < sizeof known)
			used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
						 i ? ", " : "", k->words[i]);
	}
	return err_set(e, -EINVAL, "one of %s is needed", known);
}

static int read_bool(const struct key *k, void *to, const json_t *v, struct err *e)
{
	if (!json_is_boolean(v))
		return err_set(e, -EINVAL, "true or false is needed, this is %s", json_kind(v));
	if (k->size == sizeof(bool))
		*(bool *)to = json_is_true(v);
	else
		*(struct known *)to = KNOWN(json_is_true(v));
	return 0;
}

static int read_value(const struct key *k, void *base, const json_t *v, struct err *e)
{
	void *to = (char *)base + k->offset;

	switch (k->kind) {
	case KEY_TEXT:
		return read_text(k, to, v, e);
	case KEY_COUNT:
		return read_count(to, v, e);
	case KEY_SIZE:
		return read_size(to, v, e);
	case KEY_SET:
		return read_set(to, v, e);
	case KEY_LINK:
		return read_link(to, v, e);
	case KEY_LIMIT:
		return read_limit(to, v, e);
	case KEY_WORD:
		return read_word(k, to, v, e);
	default:
		return read_bool(k, to, v, e);
	}
}

/* ---- objects ---- */

static int no_such_key(const char *key, const struct key *keys, struct err *e)
{
	char known[300] = "";
	size_t used = 0;

	for (const struct key *k = keys; k->name && used < sizeof known; k++)
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
					 used ? ", " : "", k->name);
	return err_set(e, -EINVAL, "%.40s: no such key; there are %s", key, known);
}

static int read_object(const struct key *keys, void *base, const json_t *o, struct err *e)
{
	const char *name;
	json_t *v;

	if (!json_is_object(o))
		return err_set(e, -EINVAL, "an object is needed, this is %s", json_kind(o));
	json_object_foreach((json_t *)(uintptr_t)o, name, v)
	{
		const struct key *k = keys;
		int rc;

		while (k->name && strcmp(k->name, name) != 0)
			k++;
		rc = k->name ? read_value(k, base, v, e) : no_such_key(name, keys, e);
		if (rc < 0)
			return k->name ? err_within(e, rc, "%s", name) : rc;
	}
	return 0;
}

struct expect_figure expect_figure_default(void)
{
	return (struct expect_figure){ .direction = -1, .memory = -1, .together = -1 };
}

static bool is_latency(const char *metric)
{
	size_t n = strlen(metric), end = strlen("latency");

	return n >= end && strcmp(metric + n - end, "latency") == 0;
}

/* What only the whole of a row can tell. */
static int check_figure(struct expect_figure *f, struct err *e)
{
	const struct expect_limit *limits[] = { &f->at_least, &f->at_most };
	const char *unit = is_latency(f->metric)            ? "s"
			   : strcmp(f->metric, "bandwidth") ? ""
							    : "B/s";

	if (!f->test[0] || !f->metric[0])
		return err_set(e, -EINVAL, "%s: missing", f->test[0] ? "metric" : "test");
	if (!f->at_least.is && !f->at_most.is)
		return err_set(e, -EINVAL, "at_least or at_most is needed");
	for (size_t i = 0; i < 2; i++)
		if (limits[i]->is && unit[0] && strcmp(limits[i]->unit, unit) != 0)
			return err_set(e, -EINVAL, "%s: %s is in %s, not in %s",
				       i ? "at_most" : "at_least", f->metric,
				       unit[0] == 's' ? "seconds (ns, us, ms)" : "GB/s",
				       unit[0] == 's' ? "GB/s" : "seconds");
	if (f->at_least.is && f->at_most.is &&
	    (strcmp(f->at_least.unit, f->at_most.unit) != 0 ||
	     f->at_least.value > f->at_most.value))
		return err_set(e, -EINVAL, "at_least is more than at_most");
	if (f->id[strspn(f->id,
			 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		return err_set(e, -EINVAL, "id: letters, digits, dots and dashes are needed");
	if (!f->id[0])
		expect_id(f, f->id, sizeof f->id);
	return 0;
}

static int read_figure(void *row, const json_t *v, struct err *e)
{
	struct expect_figure *f = row;
	int rc;

	*f = expect_figure_default();
	rc = read_object(figure_keys, f, v, e);
	return rc == 0 ? check_figure(f, e) : rc;
}

static int read_gpus(void *row, const json_t *v, struct err *e)
{
	return read_object(gpu_keys, row, v, e);
}

static int read_nodes(void *row, const json_t *v, struct err *e)
{
	return read_object(node_keys, row, v, e);
}

/* A list of rows; *rows gets them, also those before one that is refused. */
static int read_rows(const json_t *doc, const char *name, void **rows, size_t size, size_t *n,
		     int (*read)(void *row, const json_t *v, struct err *e), struct err *e)
{
	const json_t *list = json_object_get(doc, name);
	int rc = 0;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return err_set(e, -EINVAL, "%s: a list is needed, this is %s", name,
			       json_kind(list));
	if (json_array_size(list) > EXPECT_ROWS)
		return err_set(e, -EINVAL, "%s: at most %d rows", name, EXPECT_ROWS);
	*rows = calloc(json_array_size(list) + 1, size);
	if (!*rows)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
		rc = read((char *)*rows + i * size, json_array_get(list, i), e);
		if (rc < 0)
			err_within(e, rc, "%s[%zu]", name, i);
		*n = i + 1;
	}
	return rc;
}

static int check_top(const json_t *doc, struct err *e)
{
	static const char *const known[] = { "schema", "about", "made_from", "machine",
					     "nodes",  "gpus",  "figures" };
	const char *name;
	json_t *v;
	int rc = document_check(doc, EXPECT_SCHEMA, what, e);

	if (rc < 0)
		return rc;
	json_object_foreach((json_t *)(uintptr_t)doc, name, v)
	{
		size_t i = 0;

		while (i < sizeof known / sizeof *known && strcmp(known[i], name) != 0)
			i++;
		if (i == sizeof known / sizeof *known)
			return err_set(e, -EINVAL,
				       "%.40s: no such key; there are about, made_from, machine, "
				       "nodes, gpus, figures",
				       name);
	}
	return 0;
}

int expect_from_json(struct expect *x, const json_t *doc, struct err *e)
{
	static const struct key about = { .name = "about",
					  .offset = offsetof(struct expect, about),
					  .size = sizeof x->about };
	const json_t *text, *machine;
	int rc;

	*x = (struct expect){ .nodes = NULL };
	rc = check_top(doc, e);
	text = json_object_get(doc, "about");
	machine = json_object_get(doc, "machine");
	if (rc == 0 && text && (rc = read_value(&about, x, text, e)) < 0)
		err_within(e, rc, "about");
	if (rc == 0 && machine && (rc = read_object(machine_keys, x, machine, e)) < 0)
		err_within(e, rc, "machine");
	if (rc == 0) {
		void *rows = NULL;

		rc = read_rows(doc, "nodes", &rows, sizeof *x->nodes, &x->nnodes, read_nodes, e);
		x->nodes = rows;
	}
	if (rc == 0) {
		void *rows = NULL;

		rc = read_rows(doc, "gpus", &rows, sizeof *x->gpus, &x->ngpus, read_gpus, e);
		x->gpus = rows;
	}
	if (rc == 0) {
		void *rows = NULL;

		rc = read_rows(doc, "figures", &rows, sizeof *x->figures, &x->nfigures, read_figure,
			       e);
		x->figures = rows;
	}
	if (rc == 0 && !machine && !x->nnodes && !x->ngpus && !x->nfigures)
		rc = err_set(e, -EINVAL,
			     "nothing is expected; machine, nodes, gpus or figures are needed");
	return rc == -ERANGE ? -EINVAL : rc;
}

int expect_read(struct expect *x, const char *path, struct err *e)
{
	json_t *doc = NULL;
	int rc;

	*x = (struct expect){ .nodes = NULL };
	rc = document_read(&doc, path, MIB_MAX, what, e);
	if (rc < 0)
		return rc;
	rc = expect_from_json(x, doc, e);
	snprintf(x->source, sizeof x->source, "--expect %s", document_name(path));
	json_decref(doc);
	return rc < 0 ? err_within(e, rc, "%s", document_name(path)) : 0;
}

void expect_release(struct expect *x)
{
	free(x->nodes);
	free(x->gpus);
	free(x->figures);
	*x = (struct expect){ .nodes = NULL };
}
