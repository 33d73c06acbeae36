/* expect_make.c - an expectation, from a machine that is known to be good. See expect.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/derive.h"
#include "result/expect.h"
#include "result/judge_cells.h"
#include "result/words.h"
#include "util/json.h"
#include "util/units.h"

struct making {
	const struct result *res;
	double margin;
	json_t *figures;
	bool bad;
};

/* The same text as a pattern of fnmatch(3). */
static json_t *pattern_of(const char *text)
{
	char p[2 * EXPECT_TEXT];
	size_t n = 0;

	for (; *text && n < sizeof p - 2; text++) {
		if (strchr("[*?\\", *text))
			p[n++] = '\\';
		p[n++] = *text;
	}
	p[n] = '\0';
	/* What is too long to be read back is cut, and the rest may be anything. */
	if (n >= EXPECT_TEXT)
		memcpy(p + EXPECT_TEXT - 2, "*", 2);
	return json_text(p);
}

/* ---- figures ---- */

/* Three digits, to the side that is easier to meet: "51.4 GB/s", "139 ns". */
static json_t *limit_text(double v, bool rate)
{
	static const struct {
		double factor;
		const char *name;
	} times[] = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 1e-9, "ns" } };
	const char *name = "GB/s";
	double shown = v / 1e9, step;
	char text[48];
	size_t i = 0;

	while (!rate && i < 3 && v < times[i].factor)
		i++;
	if (!rate) {
		shown = v / times[i].factor;
		name = times[i].name;
	}
	step = pow(10, floor(log10(shown)) - 2);
	shown = (rate ? floor(shown / step + 1e-9) : ceil(shown / step - 1e-9)) * step;
	snprintf(text, sizeof text, "%.*f %s", step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9),
		 shown, name);
	return json_string(text);
}

/* Of the figures that a row speaks of: the one that is met worst, and best. NaN without. */
static void ends_of(const struct making *m, const struct expect_figure *f, double *worst,
		    double *best)
{
	*worst = *best = NAN;
	for (size_t i = 0; i < m->res->nrecords; i++) {
		const struct record *r = &m->res->records[i];
		bool low = r->better == BETTER_LOWER;

		if (!expect_is_there(f, m->res, r))
			continue;
		*worst = low ? fmax(*worst, r->median) : fmin(*worst, r->median);
		*best = low ? fmin(*best, r->median) : fmax(*best, r->median);
	}
}

/* "64 MiB"; to the byte where that would not be exact. */
static json_t *size_text(uint64_t bytes)
{
	char text[32];
	int step = 0;

	while (step < 3 && bytes % 1024 == 0) {
		bytes /= 1024;
		step++;
	}
	snprintf(text, sizeof text, "%llu %s", (unsigned long long)bytes,
		 (const char *const[]){ "B", "KiB", "MiB", "GiB" }[step]);
	return json_string(text);
}

static int put_words(json_t *o, const struct expect_figure *f)
{
	int bad = 0;

	if (f->direction >= 0)
		bad |= json_put(o, "direction", json_string(direction_words[f->direction]));
	if (f->memory >= 0)
		bad |= json_put(o, "memory", json_string(memory_words[f->memory]));
	if (f->together >= 0)
		bad |= json_put(o, "together", json_string(together_words[f->together]));
	if (f->sum)
		bad |= json_put(o, "sum", json_true());
	if (f->path[0])
		bad |= json_put(o, "path", json_text(f->path));
	if (f->peer_access.is)
		bad |= json_put(o, "peer_access", json_boolean(f->peer_access.value));
	if (f->size.is)
		bad |= json_put(o, "size", size_text((uint64_t)f->size.value));
	if (f->where == EXPECT_REMOTE)
		bad |= json_put(o, "where", json_string("remote"));
	return bad;
}

static void put_row(struct making *m, const struct expect_figure *f, bool rate)
{
	json_t *o = json_object();
	double worst, best;
	int bad;

	ends_of(m, f, &worst, &best);
	bad = json_put(o, "id", json_text(f->id)) | json_put(o, "test", json_text(f->test)) |
	      json_put(o, "metric", json_text(f->metric)) | put_words(o, f);
	if (!idset_empty(&f->gpus))
		bad |= json_put(o, "gpus", json_idset(&f->gpus));
	if (!idset_empty(&f->nodes))
		bad |= json_put(o, "nodes", json_idset(&f->nodes));
	if (rate)
		bad |= json_put(o, "at_least", limit_text(worst * (1 - m->margin), true));
	else
		bad |= json_put(o, "at_most", limit_text(worst * (1 + 2 * m->margin), false));
	o = json_or_null(o, bad);
	m->bad = m->bad || !o || json_array_append_new(m->figures, o) < 0;
}

/* One row where GPUs, or nodes, are within the margin of each other; else one for each. */
static void put_rows(struct making *m, const struct expect_figure *f, const struct record *like)
{
	const struct machine *machine = &m->res->machine;
	bool rate = like->better == BETTER_HIGHER, gpus = record_has(like, "gpu"),
	     one = record_has(like, "peer") || f->sum || f->where != EXPECT_OWN;
	double worst, best;
	size_t n = gpus ? machine->ngpus : machine->nnodes;

	ends_of(m, f, &worst, &best);
	if (one || fabs(1 - best / worst) <= m->margin) {
		put_row(m, f, rate);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct expect_figure each = *f;
		int number = gpus ? machine->gpus[i].index : machine->nodes[i].id;

		idset_add(gpus ? &each.gpus : &each.nodes, number);
		ends_of(m, &each, &worst, &best);
		snprintf(each.id, sizeof each.id, "%.70s.%s%d", f->id, gpus ? "gpu" : "node",
			 number);
		if (isfinite(worst))
			put_row(m, &each, rate);
	}
}

/* Of those that differ in size alone: of copies the usual one or the largest, of delays the
 * smallest. */
static bool is_usual_size(const struct result *res, const struct record *r)
{
	bool rate = r->better == BETTER_HIGHER;

	if (!record_has(r, "bytes") || !record_has(r, "gpu") || r->bytes == RECORD_USUAL_COPY)
		return true;
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *o = &res->records[i];

		if (strcmp(o->metric, r->metric) == 0 && record_has(o, "bytes") &&
		    o->direction == r->direction && cell_is_sound(o) &&
		    (rate ? o->bytes > r->bytes || o->bytes == RECORD_USUAL_COPY
			  : o->bytes < r->bytes) &&
		    record_same_but(o, r, record_fields("bytes", NULL)))
			return false;
	}
	return true;
}

/* What of a record a floor is worth having for: CPU memory, copies, delays; what was measured at
 * once as its sum. */
static bool is_worth(const struct result *res, const struct record *r)
{
	bool joint = record_has(r, "together");

	return (strncmp(r->test, "mem-", 4) == 0 || strncmp(r->test, "gpu-", 4) == 0) &&
	       cell_is_sound(r) && (!joint || joint_is_sum(r)) &&
	       (strcmp(r->unit, "B/s") == 0 || strcmp(r->unit, "s") == 0) && is_usual_size(res, r);
}

static struct expect_figure row_of(const struct record *r, int where)
{
	struct expect_figure f = expect_figure_default();
	bool copy = record_has(r, "direction") && record_has(r, "bytes");

	snprintf(f.test, sizeof f.test, "%s", r->test);
	snprintf(f.metric, sizeof f.metric, "%s", r->metric);
	f.direction = record_has(r, "direction") ? (int)r->direction : -1;
	f.memory = record_has(r, "memory") ? (int)r->memory : -1;
	f.together = record_has(r, "together") ? (int)r->together : -1;
	f.sum = joint_is_sum(r) && !record_has(r, "gpu");
	f.where = where;
	if (record_has(r, "peer") && record_has(r, "path"))
		snprintf(f.path, sizeof f.path, "%s", r->path);
	if (record_has(r, "peer_access"))
		f.peer_access = KNOWN(r->peer_access);
	if (copy)
		f.size = KNOWN((long long)r->bytes);
	expect_id(&f, f.id, sizeof f.id);
	if (f.peer_access.is && !f.peer_access.value)
		snprintf(f.id + strlen(f.id), sizeof f.id - strlen(f.id), ".no-access");
	return f;
}

static bool is_told(const struct making *m, const struct expect_figure *f)
{
	size_t i, n = strlen(f->id);
	const json_t *row;

	json_array_foreach(m->figures, i, row)
	{
		const char *id = json_string_value(json_object_get(row, "id"));

		/* Or in parts: ".gpu0". */
		if (id && strncmp(id, f->id, n) == 0 &&
		    (!id[n] || strncmp(id + n, ".gpu", 4) == 0 || strncmp(id + n, ".node", 5) == 0))
			return true;
	}
	return false;
}

static void make_figures(struct making *m)
{
	for (int where = EXPECT_OWN; where <= EXPECT_REMOTE; where++) {
		for (size_t i = 0; i < m->res->nrecords && !m->bad; i++) {
			const struct record *r = &m->res->records[i];
			struct expect_figure f;

			if (!is_worth(m->res, r))
				continue;
			f = row_of(r, where);
			if (!is_told(m, &f) && expect_is_there(&f, m->res, r) &&
			    (where == EXPECT_OWN || record_has(r, "mem_node")) &&
			    json_array_size(m->figures) < EXPECT_ROWS - IDSET_MAX / 64)
				put_rows(m, &f, r);
		}
	}
}

/* ---- parts ---- */

static json_t *node_row(const struct node *n)
{
	json_t *o = json_object();
	char text[32];
	int bad = json_put(o, "cores", json_integer((json_int_t)n->ncores));

	if (n->memory_bytes.is && n->memory_bytes.value >= 1 << 20) {
		snprintf(text, sizeof text, "%lld MiB", n->memory_bytes.value >> 20);
		bad |= json_put(o, "memory", json_string(text));
	}
	return json_or_null(o, bad);
}

static json_t *gpu_row(const struct result *res, const struct gpu *g)
{
	const struct known home = gpu_declared_node(&res->machine, g);
	json_t *o = json_object();
	struct expect_link link;
	char text[32];
	int bad = 0;

	if (g->name[0])
		bad |= json_put(o, "name", pattern_of(g->name));
	if (g->memory_bytes.is && g->memory_bytes.value >= 1 << 20) {
		snprintf(text, sizeof text, "%lld MiB", g->memory_bytes.value >> 20);
		bad |= json_put(o, "memory", json_string(text));
	}
	if (!expect_link_of(&link, res, g)) {
		snprintf(text, sizeof text, "Gen%d x%d", link.gen, link.width);
		bad |= json_put(o, "link", json_string(text));
	}
	if (home.is && home.value >= 0)
		bad |= json_put(o, "node", json_integer(home.value));
	return json_or_null(o, bad);
}

/* Adds the row; where there is an equal one, its number joins that one's set. */
static int fold_row(json_t *list, const char *key, json_t *row, int number)
{
	struct idset set = { { 0 } };
	size_t i;
	json_t *other;

	if (!row)
		return -1;
	json_array_foreach(list, i, other)
	{
		json_t *but = json_copy(other);

		json_object_del(but, key);
		if (json_equal(but, row)) {
			idset_parse(&set, json_string_value(json_object_get(other, key)), NULL);
			json_decref(row);
			row = json_incref(other);
			json_decref(but);
			break;
		}
		json_decref(but);
	}
	idset_add(&set, number);
	if (json_object_get(row, key)) {
		int bad = json_put(row, key, json_idset(&set));

		json_decref(row);
		return bad;
	}
	return json_put(row, key, json_idset(&set)) | json_array_append_new(list, row);
}

static json_t *machine_of(const struct result *res)
{
	const json_t *host = res->host ? res->host : res->machine.host;
	const char *cpu =
		json_string_value(json_object_get(json_object_get(host, "identity"), "cpu"));
	json_t *o = json_object();
	size_t gpus = 0;
	int bad = cpu && cpu[0] ? json_put(o, "cpu", pattern_of(cpu)) : 0;

	for (size_t i = 0; i < res->machine.ngpus; i++)
		gpus += res->machine.gpus[i].state == GPU_USABLE;
	bad |= json_put(o, "nodes", json_integer((json_int_t)res->machine.nnodes));
	bad |= json_put(o, "gpus", json_integer((json_int_t)gpus));
	return json_or_null(o, bad);
}

json_t *expect_make(const struct result *res, double margin)
{
	struct making m = { .res = res, .margin = margin, .figures = json_array() };
	json_t *o = json_object(), *nodes = json_array(), *gpus = json_array();
	int bad = json_put(o, "schema", json_string(EXPECT_SCHEMA));

	if (res->run.simulated)
		bad |= json_put(o, "about", json_string("Of a simulated machine: no hardware."));
	bad |= json_put(o, "made_from", json_text(res->run.id));
	bad |= json_put(o, "machine", machine_of(res));
	for (size_t i = 0; i < res->machine.nnodes; i++)
		bad |= fold_row(nodes, "nodes", node_row(&res->machine.nodes[i]),
				res->machine.nodes[i].id);
	for (size_t i = 0; i < res->machine.ngpus; i++)
		if (res->machine.gpus[i].state == GPU_USABLE)
			bad |= fold_row(gpus, "gpus", gpu_row(res, &res->machine.gpus[i]),
					res->machine.gpus[i].index);
	make_figures(&m);
	bad |= json_put(o, "nodes", nodes) | json_put(o, "gpus", gpus) |
	       json_put(o, "figures", m.figures);
	return json_or_null(o, bad | m.bad);
}
