/* moved_records.h - records of what was moved, put together by hand, and what the report says of
 * them. */
#ifndef NB_TESTS_MOVED_RECORDS_H
#define NB_TESTS_MOVED_RECORDS_H

#include <math.h>

#include "contains.h"
#include "planted.h"

#include "render/text.h"
#include "result/derive.h"
#include "result/moves.h"

enum { SAMPLES = 12, CORES = 4 };

struct bed {
	struct result res;
	char *text;
	size_t size;
};

static inline void setup(struct bed *b, size_t nodes, size_t gpus)
{
	*b = (struct bed){ 0 };
	result_init(&b->res);
	plant_machine(&b->res.machine, nodes, CORES, gpus);
}

static inline void teardown(struct bed *b)
{
	free(b->text);
	result_release(&b->res);
}

/* A record of `figure`, with one per mille of noise; its fields are for the caller. */
static inline struct record *add(struct bed *b, const char *metric, const char *unit, double figure)
{
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof r.test, "migration");
	snprintf(r.metric, sizeof r.metric, "%s", metric);
	snprintf(r.unit, sizeof r.unit, "%s", unit);
	r.better = strcmp(unit, "B/s") == 0 ? BETTER_HIGHER : BETTER_LOWER;
	record_set(&r, "test", "metric", "unit", "better", NULL);
	for (int i = 0; i < SAMPLES; i++)
		record_sample(&r, figure * (1 + 1e-3 * (i - 5.5) / 6), i, i, i / 4);
	record_summarise(&r);
	assert_int_equal(result_add(&b->res, &r), 0);
	return &b->res.records[b->res.nrecords - 1];
}

static inline struct record *from_to(struct record *r, int from, int to)
{
	r->cpu_node = r->mem_node = from;
	r->to_node = to;
	record_set(r, "cpu_node", "mem_node", "to_node", NULL);
	return r;
}

static inline struct record *in_phase(struct record *r, enum phase p)
{
	r->phase = p;
	record_set(r, "phase", NULL);
	return r;
}

static inline struct record *sized(struct record *r, uint64_t bytes, int threads)
{
	r->bytes = bytes;
	r->threads = threads;
	record_set(r, "bytes", "threads", NULL);
	return r;
}

static inline struct record *of_pages(struct record *r, enum page_kind p)
{
	r->pages = r->pages_asked = p;
	record_set(r, "pages", "pages_asked", NULL);
	return r;
}

static inline void print(struct bed *b)
{
	const struct render_options o = { .width = 80 };
	struct text t = { .res = &b->res, .o = &o, .width = 80 };

	assert_int_equal(derive(&b->res), 0);
	free(b->text);
	t.out = open_memstream(&b->text, &b->size);
	assert_non_null(t.out);
	assert_int_equal(text_migration(&t), 0);
	text_legend(&t);
	fclose(t.out);
	for (const char *line = b->text, *end; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (end - line > 80)
			fail_msg("wider than 80 columns: %.*s\n%s", (int)(end - line), line,
				 b->text);
	}
}

static inline void has(struct bed *b, const char *part)
{
	if (!contains(b->text, part))
		fail_msg("not there: \"%s\" in\n%s", part, b->text);
}

static inline void lacks(struct bed *b, const char *part)
{
	if (contains(b->text, part))
		fail_msg("should not be there: \"%s\" in\n%s", part, b->text);
}

static inline void show(const struct bed *b)
{
	if (getenv("SHOW"))
		puts(b->text);
}

#endif
