/* text_parts.c - words and units that the sections of the report share. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"

struct text_unit text_unit_for(const char *unit, double typical)
{
	static const struct text_unit seconds[] = {
		{ "s", 1 },
		{ "ms", 1e-3 },
		{ "us", 1e-6 },
		{ "ns", 1e-9 },
	};
	size_t i = 0;

	if (strcmp(unit, "B/s") == 0)
		return (struct text_unit){ "GB/s", 1e9 };
	if (strcmp(unit, "s") != 0)
		return (struct text_unit){ unit, 1 };
	while (i < 3 && !(fabs(typical) >= seconds[i].factor))
		i++;
	return seconds[i];
}

/* Below this all is 0. */
#define TINY 1e-5

int text_decimals(double most)
{
	if (most > 0 && most < 0.0995) /* two digits that say something */
		return most < TINY ? 6 : 1 - (int)floor(log10(most));
	return most < 9.995 ? 2 : most < 999.95 ? 1 : 0;
}

const char *text_status_word(enum status s)
{
	static const char *const words[] = {
		[STATUS_OK] = "none",         [STATUS_SKIPPED] = "skip",
		[STATUS_MISPLACED] = "mispl", [STATUS_UNPROVEN] = "unprv",
		[STATUS_UNSTABLE] = "none",   [STATUS_FAILED] = "fail",
		[STATUS_TIMEOUT] = "t/out",   [STATUS_CRASHED] = "crash",
		[STATUS_CORRUPT] = "CORR",
	};

	return words[s];
}

char *text_from(const struct record *r, char *buf, size_t size)
{
	static const char *const words[] = { [TOGETHER_BOTH_WAYS] = "",
					     [TOGETHER_OWN_NODES] = "own nodes",
					     [TOGETHER_ONE_NODE] = "one node",
					     [TOGETHER_CROSSED] = "other nodes" };

	if (r->together == TOGETHER_ONE_NODE && record_has(r, "mem_node"))
		snprintf(buf, size, "node %d", r->mem_node);
	else
		snprintf(buf, size, "%s", words[r->together]);
	return buf;
}

char *text_place(const struct record *r, char *buf, size_t size)
{
	if (r->cpu_node == r->mem_node)
		snprintf(buf, size, "node %d", r->mem_node);
	else
		snprintf(buf, size, "node %d, CPUs of %d", r->mem_node, r->cpu_node);
	return buf;
}

static bool has_to_be_told(const struct record *r)
{
	return r->status != STATUS_OK || !record_has_figure(r);
}

/* All records like r[first], in one paragraph: named where they are few. */
static void say_fold(struct text *t, const struct record *r, size_t n, size_t first)
{
	enum { NAMED = 4 };
	char names[640] = "", name[160], where[680] = "";
	size_t count = 0, used = 0;

	for (size_t i = first; i < n; i++) {
		if (!has_to_be_told(&r[i]) || !record_same_outcome(&r[i], &r[first]))
			continue;
		if (++count <= NAMED && used < sizeof names)
			used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
						 count > 1 ? "; " : "",
						 record_name(&r[i], name, sizeof name));
	}
	if (count <= NAMED && used)
		snprintf(where, sizeof where, " (%s)", names);
	text_say(t, 2, "%s: %zu %s %s%s: %s", r[first].test, count, count == 1 ? "cell" : "cells",
		 status_name(r[first].status), where,
		 r[first].reason[0]             ? r[first].reason
		 : r[first].status == STATUS_OK ? "without samples"
						: "no reason given");
}

int text_folded(struct text *t, const struct record *r, size_t n)
{
	bool *told = calloc(n + 1, sizeof *told);
	bool any = false;

	if (!told)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (told[i] || !has_to_be_told(&r[i]))
			continue;
		if (!any)
			text_heading(t, "Not measured, or with care");
		any = true;
		for (size_t j = i; j < n; j++)
			told[j] = told[j] ||
				  (has_to_be_told(&r[j]) && record_same_outcome(&r[j], &r[i]));
		say_fold(t, r, n, i);
	}
	free(told);
	return 0;
}

int text_not_measured(struct text *t)
{
	return text_folded(t, t->res->records, t->res->nrecords);
}
