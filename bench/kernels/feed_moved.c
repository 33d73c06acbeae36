/* feed_moved.c - one experiment: a process feeds its GPU from the node where it and its buffers
 * are, is moved to another, its pages are sent after it, and all goes back. It has buffers of every
 * kind of memory, for what it has besides is moved once with all of them. */
#include <errno.h>
#include <stdio.h>

#include "kernels/feed_tell.h"
#include "kernels/feed_visit.h"
#include "measure/clock.h"

/* What is done for a phase. */
static const struct step {
	enum phase phase;
	bool there, follow; /* on the other node; and the pages, too */
} steps[] = {
	{ .phase = PHASE_BEFORE },
	{ .phase = PHASE_SETTLED, .there = true },
	{ .phase = PHASE_FOLLOWED, .there = true, .follow = true },
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

enum { KINDS = MEM_MAPPED + 1 };

/* The buffers of one kind of memory. */
struct kept_buffers {
	bool there;
	struct pages_found last; /* where they were when last looked for */
};

struct experiment {
	struct worker *w;
	struct feed_site *site;
	struct feed_kept *kept;
	struct member *m;
	size_t n, *at;             /* the member that is at work */
	const struct record *like; /* where from, where to */
	int to_mem;
	struct kept_buffers of[KINDS];
	bool moved; /* the pages were sent on */
	char refused[sizeof(((struct feed_answer *)0)->refused)];
};

static struct feed_order order_of(const struct experiment *x, enum memory_kind memory, bool there)
{
	return (struct feed_order){
		.memory = memory,
		.node = x->like->mem_node,
		.bind = true,
		.cpus = *feed_cpus(x->w, there ? x->like->to_node : x->like->cpu_node),
	};
}

static enum memory_kind memory_of(const struct experiment *x, size_t i)
{
	return x->m[i].cell->rec.memory;
}

/* The process where there is none yet. */
static int ensure_process(struct experiment *x, enum memory_kind memory, struct err *e)
{
	const struct idset *home = feed_cpus(x->w, x->like->cpu_node);
	const struct feed_birth birth = feed_birth_of(x->w, x->site, home, NULL);
	struct feed_order o = order_of(x, memory, false);
	struct feed_answer a;
	int rc;

	if (x->kept->p)
		return 0;
	o.warm_s = FEED_WARM_S;
	rc = feed_process_start(&x->kept->p, &birth, e);
	if (rc == 0)
		rc = feed_process_do(x->kept->p, &o, &a, e);
	return rc;
}

/* Fresh buffers, nobody else's pages are to be tried when these are moved; what this machine has
 * not is skipped. A new process's first ones take longer than all that follow. */
static int prepare(struct experiment *x, struct err *e)
{
	struct instant began = clock_now();
	bool first = !x->kept->p;
	struct feed_answer a;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < x->n; i++) {
		struct kept_buffers *b = &x->of[memory_of(x, i)];
		struct feed_order o = order_of(x, memory_of(x, i), false);

		*x->at = i;
		if (b->there)
			continue;
		rc = ensure_process(x, o.memory, e);
		if (rc == 0)
			rc = feed_process_do(x->kept->p, &o, &a, e);
		b->there = rc == 0;
		if (rc == -ENOTSUP)
			rc = feed_skip_all(&x->m[i], 1, e);
	}
	if (first)
		x->w->aside_s += clock_span(began, clock_now());
	return rc;
}

/* Its driver's memory cannot have moved; the rest should have. */
static int tell_followed(const struct experiment *x, struct record *r, struct feed_answer *a,
			 struct feed_expect *expect)
{
	int rc;

	a->before = x->of[r->memory].last;
	rc = feed_tell_moved(r, a, x->to_mem);
	if (r->memory == MEM_PAGEABLE || r->moved > 0.5)
		expect->mem_node = x->to_mem;
	return rc;
}

/* The first one of those that follow sends on all that the process has. */
static int make_step(struct experiment *x, const struct step *s, struct member *m, struct err *e)
{
	struct record *r = &m->cell->rec;
	struct feed_order o = order_of(x, r->memory, s->there);
	struct feed_expect expect = { .threads = true,
				      .pages = true,
				      .cpu_node = s->there ? r->to_node : r->cpu_node,
				      .mem_node = r->mem_node };
	struct feed_answer a;
	int rc;

	o.move = s->follow && !x->moved;
	o.from = r->mem_node;
	o.to = x->to_mem;
	o.warm_s = FEED_SETTLE_S;
	o.seconds = x->w->options->quick ? FEED_BRIEF_S : FEED_STEADY_S;
	o.least = FEED_PASSES;
	rc = feed_process_do(x->kept->p, &o, &a, e);
	if (rc < 0)
		return rc;
	m->placed = true;
	if (o.move) {
		x->moved = true;
		snprintf(x->refused, sizeof(x->refused), "%s", a.refused);
	}
	if (s->follow && x->refused[0]) {
		record_status(r, STATUS_SKIPPED, "%s", x->refused);
		return 0;
	}
	m->value = feed_rate(&a.run, r->bytes);
	if (s->follow)
		rc = tell_followed(x, r, &a, &expect);
	x->of[r->memory].last = a.after;
	return rc < 0 ? rc : feed_tell(r, &a, &expect);
}

static int make_steps(struct experiment *x, struct err *e)
{
	int rc = 0;

	for (size_t s = 0; s < STEPS; s++)
		for (size_t i = 0; rc == 0 && i < x->n; i++) {
			if (x->m[i].cell->rec.phase != steps[s].phase ||
			    !x->of[memory_of(x, i)].there)
				continue;
			*x->at = i;
			rc = make_step(x, &steps[s], &x->m[i], e);
		}
	return rc;
}

/* The buffers go, then what followed of the process's own comes back with those that are left. */
static int go_back(struct experiment *x, struct err *e)
{
	bool back = x->moved && !x->refused[0] && x->to_mem != x->like->mem_node;
	struct feed_answer a;
	int rc = 0, last = 0;

	while (last < KINDS && !x->of[last].there)
		last++;
	for (int k = KINDS - 1; rc == 0 && k >= last; k--) {
		struct feed_order o = order_of(x, (enum memory_kind)k, false);

		if (!x->of[k].there)
			continue;
		o.move = back && k == last;
		o.from = x->to_mem;
		o.to = x->like->mem_node;
		o.drop = true;
		rc = feed_process_do(x->kept->p, &o, &a, e);
	}
	return rc;
}

int feed_visit_moved(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	struct experiment x = { .w = w, .site = m[0].buffers, .m = m, .n = n, .at = at };
	const struct gpu *g = machine_gpu(w->machine, x.site->gpu);
	const struct node *there;
	int rc;

	*at = 0;
	x.like = &m[0].cell->rec;
	x.kept = feed_kept_of(w, x.site->gpu);
	if (!x.kept)
		return err_set(e, -ENOMEM, "out of memory");
	there = machine_memory_for(w->machine, x.like->to_node);
	x.to_mem = there ? there->id : x.like->mem_node;
	meeting_at(w->meeting, w->party, x.site->gpu);
	rc = prepare(&x, e);
	if (rc == 0)
		rc = make_steps(&x, e);
	if (rc == 0)
		rc = go_back(&x, e);
	/* A GPU that takes one process at a time is left to others. */
	if (rc < 0 || (g && g->exclusive.is && g->exclusive.value)) {
		feed_process_end(x.kept->p);
		x.kept->p = NULL;
	}
	return rc == -ENOTSUP ? feed_skip_all(m, n, e) : rc;
}
