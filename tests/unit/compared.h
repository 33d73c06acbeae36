/* compared.h - runs of a planted machine, set against a baseline of it. */
#ifndef NB_TEST_COMPARED_H
#define NB_TEST_COMPARED_H

#include "history.h"
#include "result/baseline.h"
#include "result/compare.h"
#include <math.h>

enum { TEN = 10, FIVE = 5, GPUS = 3 };

/* Ten runs as they should be, five others, and what came of them. */
struct scene {
	struct result old[TEN], new[FIVE], out;
	int m;
	struct runs before, after;
	struct comparison c;
};

static void set_up(struct scene *s, int m)
{
	s->m = m;
	plant_runs(s->old, TEN, GPUS, 1);
	for (int i = 0; i < m; i++)
		plant_run(&s->new[i], 20 + i, GPUS, 1);
	plant_result(&s->out, 2, 4, GPUS);
	runs_init(&s->before);
	runs_init(&s->after);
}

static void slow_down(struct scene *s, size_t record, double to)
{
	for (int i = 0; i < s->m; i++)
		s->new[i].records[record].median *= to;
}

static void compare_all(struct scene *s, bool ratios)
{
	for (int i = 0; i < TEN; i++)
		assert_int_equal(runs_add(&s->before, &s->old[i]), 0);
	for (int i = 0; i < s->m; i++)
		assert_int_equal(runs_add(&s->after, &s->new[i]), 0);
	assert_int_equal(compare(&s->c, &s->before, &s->after, ratios), 0);
}

static void conclude(struct scene *s)
{
	comparison_settle(&s->c);
	assert_int_equal(comparison_find(&s->c, &s->out, "base.json"), 0);
	assert_int_equal(comparison_find(&s->c, &s->out, "base.json"), 0); /* twice is once */
	assert_int_equal(judge(&s->out), 0);
}

static void tear_down(struct scene *s)
{
	comparison_release(&s->c);
	runs_release(&s->before);
	runs_release(&s->after);
	release_runs(s->old, TEN);
	release_runs(s->new, s->m);
	result_release(&s->out);
}

static const struct finding *found(const struct scene *s, const char *id)
{
	for (size_t i = 0; i < s->out.nfindings; i++)
		if (strcmp(s->out.findings[i].id, id) == 0)
			return &s->out.findings[i];
	return NULL;
}

/* The finding says it, among other things. */
static void says(const struct scene *s, const char *id, const char *part)
{
	const struct finding *f = found(s, id);

	assert_non_null(f);
	if (!strstr(f->observed, part))
		assert_string_equal(f->observed, part);
}

static size_t count(const struct scene *s, const char *status)
{
	return count_findings(&s->out, status);
}

#endif
