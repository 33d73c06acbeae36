/* text_axes.c - threads on one node, memory on another: does the threads' node matter? See
 * text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/recommend.h"

/* Of one GPU, by itself, with threads and memory. */
static bool has_axes(const struct record *r)
{
	return record_has(r, "gpu") && record_has(r, "cpu_node") && record_has(r, "mem_node") &&
	       !record_has(r, "peer") &&
	       (!record_has(r, "together") || r->together == TOGETHER_BOTH_WAYS);
}

/* The cell with the same memory and GPU, driven from near. */
static const struct record *near_of(const struct text *t, const struct record *far)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (r->gpu == far->gpu && r->mem_node == far->mem_node && r != far &&
		    text_is_near(&t->res->machine, r) && text_same_kind(far, r) &&
		    record_has_figure(r))
			return r;
	}
	return NULL;
}

/* How the far cells of a kind stand to the near ones. */
struct span {
	size_t far;  /* far cells with a figure */
	bool proven; /* each has a near one and an interval */
	double most; /* the largest difference that any interval allows, 0.01: 1 % */
};

static struct span span_of(const struct text *t, const struct record *like)
{
	struct span s = { .proven = true };

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i], *near;
		struct evidence ev;

		if (!text_same_kind(like, r) || text_is_near(&t->res->machine, r) ||
		    !record_has_figure(r))
			continue;
		s.far++;
		near = near_of(t, r);
		if (!near) {
			s.proven = false;
			continue;
		}
		ev = cells_compare(near, r);
		s.proven = s.proven && ev.matters != MATTERS_YES && isfinite(ev.low) &&
			   isfinite(ev.high);
		s.most = fmax(s.most, fmax(fabs(ev.low - 1), fabs(ev.high - 1)));
	}
	return s;
}

/* "pinned h2d (<= 0.4 %)" onto the list. */
static void list(char *names, size_t size, const struct record *like, double most)
{
	size_t used = strlen(names);
	char what[160];

	record_what(like, what, sizeof what);
	snprintf(names + used, size - used, "%s%s (<= %.1f %%)", used ? ", " : "", what,
		 100 * most);
}

int text_axes(struct text *t)
{
	const struct record **likes;
	char alike[1024] = "";
	size_t n;
	int rc = text_kinds(t, has_axes, &likes, &n);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct span s = span_of(t, likes[i]);

		if (s.far && s.proven && s.most <= RECOMMEND_BAR - 1)
			list(alike, sizeof alike, likes[i], s.most);
		if (!s.far || (s.proven && s.most <= RECOMMEND_BAR - 1))
			likes[i] = NULL; /* needs no matrix */
	}
	if (rc == 0 && alike[0]) {
		text_heading(t, "threads on another node than the memory");
		text_say(t, 2, "the node of the threads makes no difference: %s", alike);
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct matrix m = { .like = likes[i], .columns_are_gpus = true };

		if (likes[i])
			rc = matrix_print(t, &m);
	}
	free(likes);
	return rc;
}
