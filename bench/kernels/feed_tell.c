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

double feed_local_share(const struct feed_answer *a)
{
	const struct feed_seen *s = &a->run.seen;
	double share = 0;
	uint64_t all = 0;

	for (size_t i = 0; i < s->n; i++) {
		uint64_t there = pages_found_on(&a->after, s->on[i].node, &all);

		if (all > 0)
			share += (double)s->on[i].looks / s->looks * (double)there / (double)all;
	}
	return a->after.proof == PROOF_NONE || s->looks == 0 || all == 0 ? NAN : share;
}

/* ---- placement ---- */

static struct placement borrowed(const struct pages_found *p)
{
	return (struct placement){ .resident = (struct resident *)(uintptr_t)p->of,
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
	const struct page_moves m = page_moves_between(&a->before, &a->after, to);
	bool known = a->after.proof != PROOF_NONE;
	int bad = 0;

	if (known) {
		r->moved = m.share;
		record_set(r, "moved", NULL);
	}
	if (known && m.stayed > m.moved)
		bad = json_object_set_new(
			more(r), "remedy",
			json_string("these buffers stay behind for good: allocate them after the "
				    "process was bound, or create them anew once it has moved"));
	return bad | json_object_set_new(more(r), "page_moves", page_moves_json(&m)) ? -ENOMEM : 0;
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
