#include "result/record.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/field.h"
#include "result/statistics.h"
#include "result/value.h"
#include "util/units.h"

/* What the samples are and what is made of them: record_merge leaves it alone. */
static const char *const of_samples[] = { "samples", "at",   "round", "fresh", "median",
					  "low",     "high", "best",  "spread" };

/* The row's bit; a name that is not in the table is a programmer's error. */
static uint64_t bit(const char *field)
{
	int i = field_index(field);

	if (i < 0)
		abort();
	return (uint64_t)1 << i;
}

void record_init(struct record *r)
{
	*r = (struct record){ .status = STATUS_OK };
	record_set(r, "status", NULL);
}

void record_release(struct record *r)
{
	for (size_t i = 0; i < nfields; i++)
		value_release(&fields[i], r);
	json_decref(r->more);
	r->more = NULL;
	r->has = 0;
}

void record_set(struct record *r, ...)
{
	const char *field;
	va_list names;

	va_start(names, r);
	while ((field = va_arg(names, const char *)))
		r->has |= bit(field);
	va_end(names);
}

bool record_has(const struct record *r, const char *field)
{
	return r->has & bit(field);
}

void record_status(struct record *r, enum status s, const char *fmt, ...)
{
	char reason[sizeof r->reason]; /* fmt may print the reason that stands there */
	va_list args;

	va_start(args, fmt);
	if (vsnprintf(reason, sizeof reason, fmt, args) < 0)
		reason[0] = '\0';
	va_end(args);
	memcpy(r->reason, reason, sizeof reason);
	r->status = s;
	record_set(r, "status", NULL);
	if (reason[0])
		record_set(r, "reason", NULL);
	else
		r->has &= ~bit("reason");
}

int record_sample(struct record *r, double value, double at, int round, int fresh)
{
	const struct {
		struct series *s;
		double v;
	} new[] = {
		{ &r->samples, value }, { &r->at, at }, { &r->round, round }, { &r->fresh, fresh }
	};

	/* Room in all of them first: they stay alike when there is none. */
	for (size_t i = 0; i < sizeof new / sizeof *new; i++) {
		double *more = realloc(new[i].s->v, (new[i].s->n + 1) * sizeof *more);

		if (!more)
			return -ENOMEM;
		new[i].s->v = more;
	}
	for (size_t i = 0; i < sizeof new / sizeof *new; i++)
		new[i].s->v[new[i].s->n++] = new[i].v;
	record_set(r, "samples", "at", "round", "fresh", NULL);
	return 0;
}

static void set_figure(struct record *r, const char *field, double *to, double v)
{
	*to = v;
	if (isfinite(v))
		record_set(r, field, NULL);
	else
		r->has &= ~bit(field);
}

void record_summarise(struct record *r)
{
	const struct series *s = &r->samples;
	struct interval i = { false, NAN, NAN };
	double median = NAN, best = NAN, spread = NAN;
	size_t finite = 0;

	while (finite < s->n && isfinite(s->v[finite]))
		finite++;
	if (finite < s->n) {
		record_status(r, STATUS_FAILED, "sample %zu of %zu is not a finite number",
			      finite + 1, s->n);
	} else {
		median = median_of(s->v, s->n);
		i = median_interval(s->v, s->n);
		best = best_of(s->v, s->n, r->better == BETTER_HIGHER);
		spread = mad_of(s->v, s->n) / median;
	}
	set_figure(r, "median", &r->median, median);
	set_figure(r, "low", &r->low, i.low);
	set_figure(r, "high", &r->high, i.high);
	set_figure(r, "best", &r->best, best);
	set_figure(r, "spread", &r->spread, spread);
}

int record_merge(struct record *r, const struct record *part)
{
	uint64_t left = part->has;
	int rc = 0;

	for (size_t i = 0; i < sizeof of_samples / sizeof *of_samples; i++)
		left &= ~bit(of_samples[i]);
	for (size_t i = 0; i < nfields && rc == 0; i++) {
		if (!(left >> i & 1))
			continue;
		rc = value_copy(&fields[i], r, part);
		if (rc == 0)
			r->has |= (uint64_t)1 << i;
	}
	if (rc == 0 && part->more) {
		if (!r->more)
			r->more = json_object();
		rc = json_object_update(r->more, part->more) < 0 ? -ENOMEM : 0;
	}
	return rc;
}

bool record_same_cell(const struct record *a, const struct record *b)
{
	uint64_t differ = a->has ^ b->has;

	for (size_t i = 0; i < nfields; i++) {
		if (!fields[i].identifies)
			continue;
		if (differ >> i & 1)
			return false;
		if (a->has >> i & 1 && !value_same(&fields[i], a, b))
			return false;
	}
	return true;
}

bool record_has_figure(const struct record *r)
{
	return (r->status == STATUS_OK || r->status == STATUS_UNSTABLE) &&
	       record_has(r, "median") && isfinite(r->median);
}

bool record_same_outcome(const struct record *a, const struct record *b)
{
	return a->status == b->status && strcmp(a->test, b->test) == 0 &&
	       strcmp(a->reason, b->reason) == 0;
}

struct name {
	char *buf;
	size_t size, used;
};

__attribute__((format(printf, 3, 4))) static void add(struct name *n, const char *between,
						      const char *fmt, ...)
{
	char part[96];
	va_list args;
	int length;

	va_start(args, fmt);
	vsnprintf(part, sizeof part, fmt, args);
	va_end(args);
	if (n->used >= n->size)
		return;
	length =
		snprintf(n->buf + n->used, n->size - n->used, "%s%s", n->used ? between : "", part);
	n->used += length > 0 ? (size_t)length : 0;
}

char *record_name(const struct record *r, char *buf, size_t size)
{
	struct name n = { .buf = buf, .size = size };
	bool copy = record_has(r, "direction"), nodes = record_has(r, "cpu_node");
	char bytes[32];

	if (size)
		buf[0] = '\0';
	if (record_has(r, "memory"))
		add(&n, " ", "%s", memory_kind_name(r->memory));
	if (copy)
		add(&n, " ", "%s", direction_name(r->direction));
	/* A copy is one for its bandwidth unless said otherwise. */
	if (record_has(r, "metric") && !(copy && strcmp(r->metric, "bandwidth") == 0))
		add(&n, " ", "%s", r->metric);
	else if (!copy && !nodes)
		add(&n, " ", "%s", r->test);
	if (copy && record_has(r, "bytes") && strcmp(r->metric, "latency") == 0)
		add(&n, " ", "of %s", format_size(bytes, sizeof bytes, r->bytes));
	if (nodes && record_has(r, "mem_node") && r->cpu_node != r->mem_node)
		add(&n, ", ", "CPU node %d, memory node %d", r->cpu_node, r->mem_node);
	else if (nodes || record_has(r, "mem_node"))
		add(&n, ", ", "node %d", nodes ? r->cpu_node : r->mem_node);
	if (record_has(r, "gpu"))
		add(&n, ", ", "GPU %d", r->gpu);
	return buf;
}
