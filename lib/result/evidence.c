#include "result/evidence.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/recommend.h"
#include "result/statistics.h"

enum { PAIRS_MIN = 6, FRESH_MIN = 3 }; /* recommend.h */

/* ---- two cells ---- */

struct shot {
	double round, value, fresh;
	size_t order;
};

static int by_round(const void *a, const void *b)
{
	const struct shot *x = a, *y = b;

	if (x->round != y->round)
		return x->round > y->round ? 1 : -1;
	return (x->order > y->order) - (x->order < y->order);
}

static int by_fresh(const void *a, const void *b)
{
	const struct shot *x = a, *y = b;

	return (x->fresh > y->fresh) - (x->fresh < y->fresh);
}

/* A record's samples in order of round; NULL without any, or no memory. */
static struct shot *shots_of(const struct record *r)
{
	bool whole = r->round.n == r->samples.n && r->fresh.n == r->samples.n;
	struct shot *v = whole && r->samples.n ? calloc(r->samples.n, sizeof *v) : NULL;

	for (size_t i = 0; v && i < r->samples.n; i++)
		v[i] = (struct shot){ .round = r->round.v[i],
				      .value = r->samples.v[i],
				      .fresh = r->fresh.v[i],
				      .order = i };
	if (v)
		qsort(v, r->samples.n, sizeof *v, by_round);
	return v;
}

/* Moves the shots that have a partner in the same round to the front of both. */
static size_t pair_up(struct shot *a, size_t na, struct shot *b, size_t nb)
{
	size_t i = 0, j = 0, pairs = 0;

	while (i < na && j < nb) {
		if (a[i].round < b[j].round) {
			i++;
		} else if (b[j].round < a[i].round) {
			j++;
		} else {
			a[pairs] = a[i++];
			b[pairs++] = b[j++];
		}
	}
	return pairs;
}

static size_t distinct_fresh(struct shot *v, size_t n)
{
	size_t distinct = n > 0;

	qsort(v, n, sizeof *v, by_fresh);
	for (size_t i = 1; i < n; i++)
		distinct += v[i].fresh != v[i - 1].fresh;
	return distinct;
}

static enum matters matters_of(const struct ratio *r, size_t fresh)
{
	if (r->n < PAIRS_MIN || fresh < FRESH_MIN || !r->interval.exists)
		return MATTERS_UNDECIDED;
	if (r->interval.low > RECOMMEND_BAR)
		return MATTERS_YES;
	return r->interval.high < RECOMMEND_BAR && r->interval.low > 1 / RECOMMEND_BAR
		       ? MATTERS_NO
		       : MATTERS_UNDECIDED;
}

static struct ratio ratio_of(const struct shot *a, const struct shot *b, size_t n, bool higher)
{
	struct ratio r = paired_ratio(NULL, NULL, 0);
	double *x = calloc(n + 1, sizeof *x), *y = calloc(n + 1, sizeof *y);

	for (size_t i = 0; x && y && i < n; i++) {
		x[i] = a[i].value;
		y[i] = b[i].value;
	}
	if (x && y)
		r = higher ? paired_ratio(x, y, n) : paired_ratio(y, x, n);
	free(x);
	free(y);
	return r;
}

struct evidence cells_compare(const struct record *a, const struct record *b)
{
	struct shot *x = shots_of(a), *y = shots_of(b);
	size_t n = x && y ? pair_up(x, a->samples.n, y, b->samples.n) : 0, fresh = 0;
	struct ratio r = ratio_of(x, y, n, a->better == BETTER_HIGHER);
	struct evidence ev = {
		.has_direction = record_has(a, "direction"),
		.has_memory = record_has(a, "memory"),
		.has_together = record_has(a, "together"),
		.has_pages_asked = record_has(a, "pages_asked"),
		.direction = a->direction,
		.memory = a->memory,
		.together = a->together,
		.pages_asked = a->pages_asked,
		.bytes = record_has(a, "bytes") ? a->bytes : 0,
		.best = a->cpu_node,
		.other = b->cpu_node,
		.advantage = r.median,
		.low = r.interval.exists ? r.interval.low : NAN,
		.high = r.interval.exists ? r.interval.high : NAN,
	};

	if (n) { /* sorts anew: the pairs are no more */
		size_t fresh_a = distinct_fresh(x, n), fresh_b = distinct_fresh(y, n);

		fresh = fresh_a < fresh_b ? fresh_a : fresh_b;
	}
	ev.matters = matters_of(&r, fresh);
	snprintf(ev.test, sizeof ev.test, "%s", a->test);
	snprintf(ev.metric, sizeof ev.metric, "%s", a->metric);
	free(x);
	free(y);
	return ev;
}

/* ---- kinds ---- */

static bool same_kind(const struct record *a, const struct record *b)
{
	return a->better == b->better &&
	       record_same_but(a, b, record_fields("cpu_node", "mem_node", NULL));
}

/* A cell that may speak for its node: a node's CPUs with the memory that serves them,
 * measured and found right, while no other GPU worked. The launch of a kernel has no
 * memory. */
static bool may_speak(const struct machine *m, const struct record *r, int gpu)
{
	static const char *const needed[] = { "metric", "better", "cpu_node", "gpu", "samples" };
	const struct node *memory;

	if (r->status != STATUS_OK || r->gpu != gpu)
		return false;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!record_has(r, needed[i]))
			return false;
	if ((strcmp(r->test, "gpu-bandwidth") != 0 && strcmp(r->test, "gpu-latency") != 0) ||
	    record_has(r, "peer") ||
	    (record_has(r, "together") && r->together != TOGETHER_BOTH_WAYS))
		return false;
	if (!record_has(r, "mem_node"))
		return machine_node(m, r->cpu_node) != NULL;
	memory = machine_memory_for(m, r->cpu_node);
	return machine_node(m, r->cpu_node) && memory && memory->id == r->mem_node;
}

static bool has_node(const struct kind *k, int node)
{
	for (size_t i = 0; i < k->ncells; i++)
		if (k->cells[i]->cpu_node == node)
			return true;
	return false;
}

/* Puts a record to its kind, which may be a new one. */
static int sort_in(struct kind **kinds, size_t *n, const struct record *r)
{
	struct kind *k = NULL;
	const struct record **cells;

	for (size_t i = 0; i < *n && !k; i++)
		if (same_kind((*kinds)[i].cells[0], r))
			k = &(*kinds)[i];
	if (!k) {
		struct kind *more = reallocarray(*kinds, *n + 1, sizeof *more);

		if (!more)
			return -ENOMEM;
		*kinds = more;
		k = &more[*n];
		*k = (struct kind){ .ncells = 0 };
	}
	if (has_node(k, r->cpu_node)) /* measured twice: the first stands */
		return 0;
	cells = reallocarray(k->cells, k->ncells + 1, sizeof *cells);
	if (!cells)
		return -ENOMEM;
	k->cells = cells;
	k->cells[k->ncells++] = r;
	*n += k == &(*kinds)[*n];
	return 0;
}

static bool is_main(const struct record *r)
{
	if (strcmp(r->unit, "s") == 0)
		return strcmp(r->metric, "host-latency") == 0 || strcmp(r->metric, "latency") == 0;
	return (r->memory == MEM_PINNED || r->memory == MEM_PAGEABLE) &&
	       !record_has(r, "pages_asked");
}

static void weigh(struct kind *k)
{
	k->main = is_main(k->cells[0]);
	for (size_t i = 1; i < k->ncells; i++)
		if (cells_compare(k->cells[i], k->cells[k->best]).advantage > 1)
			k->best = i;
	for (size_t i = 0; i < k->ncells; i++) {
		struct evidence ev;

		if (i == k->best)
			continue;
		ev = cells_compare(k->cells[k->best], k->cells[i]);
		if (ev.matters == MATTERS_YES)
			idset_add(&k->worse, ev.other);
		k->undecided = k->undecided || ev.matters == MATTERS_UNDECIDED;
	}
}

/* Of a series of sizes the largest speaks for a rate, the smallest for a time: one and the
 * same difference is not to be heard a dozen times, nor one size's noise to outvote it. */
static bool is_outdone(const struct kind *k, const struct kind *all, size_t n)
{
	const struct record *r = k->cells[0];

	for (size_t i = 0; i < n; i++) {
		const struct record *o = all[i].cells[0];

		if (all[i].ncells >= 2 && r->better == o->better && r->bytes != o->bytes &&
		    (r->better == BETTER_HIGHER) == (o->bytes > r->bytes) &&
		    record_same_but(r, o, record_fields("bytes", "cpu_node", "mem_node", NULL)))
			return true;
	}
	return false;
}

static bool is_silent(const struct kind *k, const struct kind *all, size_t n)
{
	return k->ncells < 2 || is_outdone(k, all, n);
}

int kinds_of_gpu(const struct result *res, int gpu, struct kind **kinds, size_t *n,
		 struct idset *measured)
{
	size_t kept = 0;
	bool *silent;
	int rc = 0;

	*kinds = NULL;
	*n = 0;
	*measured = (struct idset){ 0 };
	for (size_t i = 0; i < res->nrecords && rc == 0; i++) {
		if (!may_speak(&res->machine, &res->records[i], gpu))
			continue;
		idset_add(measured, res->records[i].cpu_node);
		rc = sort_in(kinds, n, &res->records[i]);
	}
	silent = calloc(*n + 1, sizeof *silent);
	for (size_t i = 0; silent && i < *n; i++)
		silent[i] = is_silent(&(*kinds)[i], *kinds, *n);
	for (size_t i = 0; i < *n; i++) {
		struct kind *k = &(*kinds)[i];

		if (!silent || silent[i]) {
			free(k->cells);
			continue;
		}
		weigh(k);
		(*kinds)[kept++] = *k;
	}
	*n = kept;
	rc = silent ? rc : -ENOMEM;
	free(silent);
	return rc;
}

void kinds_free(struct kind *kinds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(kinds[i].cells);
	free(kinds);
}

/* ---- evidence ---- */

int kind_testify(const struct kind *k, int node, struct recommendation *r)
{
	struct evidence *more = reallocarray(r->evidence, r->nevidence + k->ncells, sizeof *more);
	size_t from = k->best;

	if (!more)
		return -ENOMEM;
	r->evidence = more;
	for (size_t i = 0; i < k->ncells; i++)
		if (k->cells[i]->cpu_node == node && !idset_has(&k->worse, node))
			from = i;
	for (size_t i = 0; i < k->ncells; i++)
		if (i != from)
			more[r->nevidence++] = cells_compare(k->cells[from], k->cells[i]);
	return 0;
}

static int rank(const struct evidence *ev, int node)
{
	return ev->matters != MATTERS_YES ? 0 : ev->best == node ? 2 : 1;
}

/* So much it is at the least; what has no interval comes after all that has one. */
static double certain(const struct evidence *ev)
{
	const double last = 1e-6;

	return isfinite(ev->low) ? ev->low : isfinite(ev->advantage) ? last * ev->advantage : 0;
}

static bool stronger(const struct evidence *a, const struct evidence *b, int node)
{
	if (rank(a, node) != rank(b, node))
		return rank(a, node) > rank(b, node);
	return certain(a) > certain(b);
}

/* Which of them goes first: of those as strong as the strongest, within what makes no difference,
 * the first. */
static size_t leader(const struct evidence *v, size_t n, int node)
{
	size_t top = 0, first = 0;

	for (size_t i = 1; i < n; i++)
		if (stronger(&v[i], &v[top], node))
			top = i;
	while (first < top && (rank(&v[first], node) != rank(&v[top], node) ||
			       !(certain(&v[first]) * RECOMMEND_BAR >= certain(&v[top]))))
		first++;
	return first;
}

/* v[from] before v[to], and what was between them one further. */
static void bring_forward(struct evidence *v, size_t from, size_t to)
{
	struct evidence t = v[from];

	memmove(&v[to + 1], &v[to], (from - to) * sizeof *v);
	v[to] = t;
}

void evidence_sort(struct evidence *v, size_t n, int node)
{
	if (!n)
		return;
	bring_forward(v, leader(v, n, node), 0);
	for (size_t i = 2; i < n; i++) { /* by insertion: equals stay in the order of the records */
		size_t to = i;

		while (to > 1 && stronger(&v[i], &v[to - 1], node))
			to--;
		bring_forward(v, i, to);
	}
}

char *evidence_name(const struct evidence *ev, char *buf, size_t size)
{
	const struct {
		bool is;
		const char *field;
	} parts[] = {
		{ true, "metric" },
		{ ev->has_direction, "direction" },
		{ ev->has_memory, "memory" },
		{ ev->has_together, "together" },
		{ ev->has_pages_asked, "pages_asked" },
		{ ev->bytes > 0, "bytes" },
	};
	struct record like;

	record_init(&like);
	memcpy(like.metric, ev->metric, sizeof like.metric);
	like.direction = ev->direction;
	like.memory = ev->memory;
	like.together = ev->together;
	like.pages_asked = ev->pages_asked;
	like.bytes = ev->bytes;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].is)
			record_set(&like, parts[i].field, NULL);
	record_what(&like, buf, size);
	record_release(&like);
	return buf;
}
