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

void record_unset(struct record *r, ...)
{
	const char *field;
	va_list names;

	va_start(names, r);
	while ((field = va_arg(names, const char *)))
		r->has &= ~bit(field);
	va_end(names);
}

uint64_t record_fields(const char *field, ...)
{
	uint64_t set = 0;
	va_list names;

	va_start(names, field);
	for (; field; field = va_arg(names, const char *))
		set |= bit(field);
	va_end(names);
	return set;
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

bool record_same_but(const struct record *a, const struct record *b, uint64_t fields_apart)
{
	uint64_t differ = a->has ^ b->has;

	for (size_t i = 0; i < nfields; i++) {
		if (!fields[i].identifies || fields_apart >> i & 1)
			continue;
		if (differ >> i & 1)
			return false;
		if (a->has >> i & 1 && !value_same(&fields[i], a, b))
			return false;
	}
	return true;
}

bool record_same_cell(const struct record *a, const struct record *b)
{
	return record_same_but(a, b, 0);
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
