#include "kernels/feed_tell.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "place/memory.h"
#include "place/move.h"

double feed_rate(const struct feed_run *r, size_t bytes)
{
	return r->seconds > 0 ? (double)bytes * r->passes / r->seconds : NAN;
}

static uint64_t all_pages(const struct feed_pages *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->n; i++)
		sum += p->on[i].pages;
	return sum;
}

double feed_local_share(const struct feed_answer *a)
{
	const struct feed_seen *s = &a->run.seen;
	double all = (double)all_pages(&a->after), share = 0;

	if (a->after.proof == PROOF_NONE || all <= 0 || s->looks == 0)
		return NAN;
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < a->after.n; k++)
			if (a->after.on[k].node == s->on[i].node)
				share += (double)s->on[i].looks / s->looks *
					 (double)a->after.on[k].pages / all;
	return share;
}

/* ---- placement ---- */

static struct placement borrowed(const struct feed_pages *p)
{
	return (struct placement){ .resident = (struct resident *)(uintptr_t)p->on,
				   .nresident = p->n,
				   .proof = p->proof };
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int place(struct record *r, const struct feed_answer *a, const struct feed_expect *x)
{
	struct placement found = borrowed(&a->after);
	const struct feed_seen *s = &a->run.seen;
	int nodes[FEED_NODES];

	for (size_t i = 0; i < s->n; i++)
		nodes[i] = s->on[i].node;
	qsort(nodes, s->n, sizeof(*nodes), by_number);
	found.requested = x->mem_node;
	if (x->spread)
		found.spread = *x->spread;
	found.slack = x->slack;
	found.ran_on = nodes;
	found.nran_on = s->n;
	placement_release(&r->placement);
	record_set(r, "placement", NULL);
	return placement_copy(&r->placement, &found);
}

/* By placement_judge, to which what is not to be judged looks as it should. */
static void judge(struct record *r, const struct feed_expect *x)
{
	struct placement found = r->placement;
	struct resident right = { .node = found.requested, .pages = 1 };

	if (!x->threads)
		r->placement.nran_on = 0;
	if (!x->pages) {
		r->placement.spread.n = 0;
		r->placement.resident = &right;
		r->placement.nresident = 1;
		r->placement.proof = PROOF_MOVE_PAGES;
	}
	placement_judge(r, x->cpu_node);
	r->placement = found;
}

/* ---- the rest ---- */

static json_t *more(struct record *r)
{
	if (!r->more)
		r->more = json_object();
	return r->more;
}

static int tell_steps(struct record *r, const struct feed_run *run)
{
	json_t *before = json_object_get(r->more, "steps"), *now = json_object();
	double n = json_number_value(json_object_get(before, "passes")), all = n + run->passes;
	int bad = 0;

	for (int i = 0; all > 0 && i < FEED_STEPS; i++) {
		const char *name = feed_step_name((enum feed_step)i);
		double sum = n * json_number_value(json_object_get(before, name));

		bad |= json_object_set_new(now, name, json_real((sum + run->step[i]) / all));
	}
	bad |= json_object_set_new(now, "passes", json_integer((json_int_t)all));
	return bad | json_object_set_new(more(r), "steps", now) ? -ENOMEM : 0;
}

int feed_tell(struct record *r, const struct feed_answer *a, const struct feed_expect *x)
{
	int rc = place(r, a, x);

	if (rc == 0)
		rc = tell_steps(r, &a->run);
	if (rc == 0 && a->stand_in)
		rc = json_object_set_new(more(r), "stand_in",
					 json_string(memory_kind_name(MEM_REGISTERED)));
	if (rc < 0)
		return -ENOMEM;
	r->verified = !a->run.wrong;
	record_set(r, "verified", NULL);
	judge(r, x);
	if (!a->run.wrong)
		return 0;
	r->direction = DIR_BIDIRECTIONAL; /* no word of the record's: the one that did it is told */
	pattern_report(r, a->run.way, &a->run.where);
	return 0;
}

int feed_tell_moved(struct record *r, const struct feed_answer *a, int to)
{
	const struct placement before = borrowed(&a->before), after = borrowed(&a->after);
	const struct page_moves m = page_moves_between(&before, &after, to);
	json_t *moves = json_pack("{s:I, s:I, s:I}", "asked", (json_int_t)m.asked, "moved",
				  (json_int_t)m.moved, "stayed", (json_int_t)m.stayed);
	int bad = 0;

	if (after.proof != PROOF_NONE) {
		r->moved = m.share;
		record_set(r, "moved", NULL);
	}
	if (after.proof != PROOF_NONE && m.stayed > m.moved)
		bad = json_object_set_new(
			more(r), "remedy",
			json_string("these buffers stay behind for good: allocate them after the "
				    "process was bound, or create them anew once it has moved"));
	return bad | json_object_set_new(more(r), "page_moves", moves) ? -ENOMEM : 0;
}

int feed_tell_process(struct record *r, const struct feed_answer *a)
{
	double local = feed_local_share(a);
	json_t *runs = json_object_get(r->more, "runs"),
	       *one = json_pack("{s:f, s:i, s:i}", "rate", feed_rate(&a->run, r->bytes), "moves",
				(int)a->run.seen.moves, "node_moves", (int)a->run.seen.node_moves);
	int bad = 0;

	if (!runs) {
		runs = json_array();
		bad |= json_object_set_new(more(r), "runs", runs);
	}
	if (isfinite(local))
		bad |= json_object_set_new(one, "local_share", json_real(local));
	return bad | json_array_append_new(runs, one) ? -ENOMEM : 0;
}
