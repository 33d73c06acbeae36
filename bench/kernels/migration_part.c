/* migration_part.c - the parts, and to which of them a call of the session goes. */
#include "kernels/migration_part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct migration_part *const parts[MIGRATION_ROWS] = {
	[MIGRATION_THREADS] = &migration_threads,
	[MIGRATION_PAGES] = &migration_pages,
	[MIGRATION_BALANCING] = &migration_balancing,
	[MIGRATION_FEED] = &migration_feed,
};

/* What --only calls them. */
static const char *const words[MIGRATION_ROWS] = {
	[MIGRATION_THREADS] = "threads",
	[MIGRATION_PAGES] = "pages",
	[MIGRATION_BALANCING] = "balancing",
	[MIGRATION_FEED] = "feed",
};

const char *migration_word(size_t i)
{
	return i < MIGRATION_ROWS ? words[i] : NULL;
}

/* The buffers of a site, and whose they are. */
struct owned {
	enum migration_row row;
	void *buffers;
};

/* What each part keeps in a worker's life. */
struct states {
	void *of[MIGRATION_ROWS];
};

/* Between these two a part finds its own state in the worker. */
static const struct migration_part *enter(struct worker *w, enum migration_row row)
{
	struct states *all = w->bench_state;

	w->bench_state = all->of[row];
	return parts[row];
}

static void leave(struct worker *w, enum migration_row row, struct states *all)
{
	all->of[row] = w->bench_state;
	w->bench_state = all;
}

/* The rows that a list names, as bits; all without one. */
static int choose(const char *list, unsigned *rows, struct err *e)
{
	*rows = list ? 0 : (1u << MIGRATION_ROWS) - 1;
	for (const char *p = list; p; p = *p ? p + 1 : NULL) {
		size_t n = strcspn(p, ","), row = 0;

		while (row < MIGRATION_ROWS &&
		       (strlen(words[row]) != n || strncmp(p, words[row], n) != 0))
			row++;
		if (row == MIGRATION_ROWS)
			return err_set(e, -EINVAL,
				       "no part '%.*s' of it: there are threads, pages, balancing "
				       "and feed",
				       (int)n, p);
		*rows |= 1u << row;
		p += n;
	}
	return 0;
}

int migration_plan(struct session *s, const struct migration_options *o, struct err *e)
{
	struct plan_cost cost = { 0 };
	unsigned chosen;
	int rc = choose(o->only, &chosen, e);

	for (size_t i = 0; i < MIGRATION_ROWS && rc == 0; i++)
		rc = chosen >> i & 1 ? parts[i]->plan(s, o, &cost, e) : 0;
	if (rc == 0)
		plan_cost_say(&cost, s, "migration");
	return rc;
}

static void end_first(struct session *s, const struct migration_options *o, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (parts[i] && parts[i]->end)
			parts[i]->end(s, o);
}

int migration_begin(struct session *s, const struct migration_options *o, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < MIGRATION_ROWS && rc == 0; i++) {
		rc = parts[i] && parts[i]->begin ? parts[i]->begin(s, o, e) : 0;
		if (rc < 0)
			end_first(s, o, i);
	}
	return rc;
}

void migration_end(struct session *s, const struct migration_options *o)
{
	end_first(s, o, MIGRATION_ROWS);
}

int migration_open(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct owned *b = calloc(1, sizeof(*b));
	struct states *all;
	int rc;

	if (!w->bench_state)
		w->bench_state = calloc(1, sizeof(struct states));
	all = w->bench_state;
	if (!b || !all) {
		free(b);
		return err_set(e, -ENOMEM, "out of memory");
	}
	b->row = MIGRATION_ROW(site->kind);
	rc = enter(w, b->row)->open(w, site, &b->buffers, e);
	leave(w, b->row, all);
	*buffers = b;
	if (rc < 0) {
		free(b);
		*buffers = NULL;
	}
	return rc;
}

int migration_sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	struct states *all = w->bench_state;
	struct owned *b = buffers;
	int rc = enter(w, b->row)->sample(w, b->buffers, c, value, e);

	leave(w, b->row, all);
	return rc;
}

/* The members of a group are one part's. */
int migration_together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	enum migration_row row = ((struct owned *)m[0].buffers)->row;
	struct states *all = w->bench_state;
	int rc;

	for (size_t i = 0; i < n; i++)
		m[i].buffers = ((struct owned *)m[i].buffers)->buffers;
	rc = enter(w, row)->together(w, m, n, at, e);
	leave(w, row, all);
	return rc;
}

int migration_prove(struct worker *w, void *buffers, struct placement *p)
{
	const struct owned *b = buffers;

	return parts[b->row]->prove(w, b->buffers, p);
}

void migration_last(struct worker *w, void *buffers, struct record *r)
{
	struct states *all = w->bench_state;
	struct owned *b = buffers;

	if (parts[b->row]->last)
		enter(w, b->row)->last(w, b->buffers, r);
	w->bench_state = all;
}

void migration_close(struct worker *w, void *buffers)
{
	struct states *all = w->bench_state;
	struct owned *b = buffers;

	enter(w, b->row)->close(w, b->buffers);
	leave(w, b->row, all);
	free(b);
}

void migration_stop(struct worker *w)
{
	struct states *all = w->bench_state;

	for (size_t i = 0; all && i < MIGRATION_ROWS; i++) {
		if (parts[i] && parts[i]->stop)
			enter(w, (enum migration_row)i)->stop(w);
		w->bench_state = all;
	}
	free(all);
	w->bench_state = NULL;
}

void migration_list(void (*line)(const char *text, void *to), void *to)
{
	for (size_t i = 0; i < MIGRATION_ROWS; i++)
		if (parts[i])
			parts[i]->list(line, to);
}

void migration_record(struct record *r, const struct migration_figure *f)
{
	record_init(r);
	snprintf(r->metric, sizeof(r->metric), "%s", f->metric);
	snprintf(r->unit, sizeof(r->unit), "%s", f->unit);
	r->better = f->better;
	record_set(r, "metric", "unit", "better", NULL);
}

/* ---- where from, where to ---- */

static bool other_node(const struct session *s, int from, int to, struct migration_move *m)
{
	const struct node *mem = machine_memory_for(session_machine(s), from);
	const struct node *there = machine_memory_for(session_machine(s), to);

	if (from == to || !mem || !there)
		return false;
	*m = (struct migration_move){
		.cpu_node = from, .mem_node = mem->id, .to_node = to, .to_mem = there->id
	};
	return true;
}

bool migration_pair(const struct session *s, size_t i, struct migration_move *m)
{
	struct idset cpu = machine_cpu_nodes(session_machine(s));

	cpu = idset_and(&cpu, session_nodes(s));
	for (int from = -1; (from = idset_next(&cpu, from)) >= 0;)
		for (int to = -1; (to = idset_next(&cpu, to)) >= 0;)
			if (other_node(s, from, to, m) && i-- == 0)
				return true;
	return false;
}

size_t migration_pairs(const struct session *s)
{
	size_t most = session_depth(s) == DEPTH_QUICK ? 1 : SIZE_MAX, n = 0;
	struct migration_move m;

	while (n < most && migration_pair(s, n, &m))
		n++;
	return n;
}

int migration_worth(const struct session *s, size_t pair)
{
	return pair == 0                            ? WORTH_FIRST_PAIR
	       : session_depth(s) == DEPTH_THOROUGH ? WORTH_AGAIN
						    : WORTH_MORE_PAIRS;
}
