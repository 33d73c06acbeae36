/* feed_moved.c - one experiment: a process feeds its GPU from the node where it and its buffers
 * are, is moved to another, its pages are sent after it, and all goes back. */
#include <errno.h>

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

struct experiment {
	struct worker *w;
	struct feed_site *site;
	const struct record *like; /* where from, where to, in what memory */
	int to_mem;
};

static struct feed_order order_of(const struct experiment *x, bool there)
{
	return (struct feed_order){
		.memory = x->like->memory,
		.node = x->like->mem_node,
		.bind = true,
		.cpus = *feed_cpus(x->w, there ? x->like->to_node : x->like->cpu_node),
	};
}

/* The process where there is none yet, and fresh buffers: nobody else's pages are to be tried when
 * these are moved. */
static int prepare(const struct experiment *x, struct err *e)
{
	const struct idset *home = feed_cpus(x->w, x->like->cpu_node);
	const struct feed_birth birth = feed_birth_of(x->w, x->site, home, NULL);
	struct feed_order o = order_of(x, false);
	struct instant began = clock_now();
	bool first = !x->site->p;
	struct feed_answer a;
	int rc = 0;

	o.warm_s = first ? FEED_WARM_S : 0;
	if (first)
		rc = feed_process_start(&x->site->p, &birth, e);
	if (rc == 0)
		rc = feed_process_do(x->site->p, &o, &a, e);
	if (first)
		x->w->aside_s += clock_span(began, clock_now());
	return rc;
}

/* Its driver's memory cannot have moved; the rest should have. */
static int tell_followed(const struct experiment *x, struct record *r, const struct feed_answer *a,
			 struct feed_expect *expect)
{
	int rc = feed_tell_moved(r, a, x->to_mem);

	if (r->memory == MEM_PAGEABLE || r->moved > 0.5)
		expect->mem_node = x->to_mem;
	return rc;
}

static int make_step(const struct experiment *x, const struct step *s, struct member *m,
		     struct err *e)
{
	struct feed_order o = order_of(x, s->there);
	struct record *r = &m->cell->rec;
	struct feed_expect expect = { .threads = true,
				      .pages = true,
				      .cpu_node = s->there ? r->to_node : r->cpu_node,
				      .mem_node = r->mem_node };
	struct feed_answer a;
	int rc;

	o.move = s->follow;
	o.from = r->mem_node;
	o.to = x->to_mem;
	o.warm_s = FEED_SETTLE_S;
	o.seconds = FEED_STEADY_S;
	o.least = FEED_PASSES;
	rc = feed_process_do(x->site->p, &o, &a, e);
	if (rc < 0)
		return rc;
	m->placed = true;
	if (a.refused[0]) {
		record_status(r, STATUS_SKIPPED, "%s", a.refused);
		return 0;
	}
	m->value = feed_rate(&a.run, r->bytes);
	if (s->follow)
		rc = tell_followed(x, r, &a, &expect);
	return rc < 0 ? rc : feed_tell(r, &a, &expect);
}

/* With what followed of the process's own: its buffers are gone then. */
static int go_back(const struct experiment *x, struct err *e)
{
	struct feed_order o = order_of(x, false);
	struct feed_answer a;

	o.move = x->to_mem != x->like->mem_node;
	o.from = x->to_mem;
	o.to = x->like->mem_node;
	o.drop = true;
	return feed_process_do(x->site->p, &o, &a, e);
}

static struct member *member_of(struct member *m, size_t n, enum phase phase)
{
	for (size_t i = 0; i < n; i++)
		if (m[i].cell->rec.phase == phase)
			return &m[i];
	return NULL;
}

int feed_visit_moved(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	const struct node *there;
	struct experiment x = { .w = w, .site = m[0].buffers, .like = &m[0].cell->rec };
	const struct gpu *g = machine_gpu(w->machine, x.site->gpu);
	int rc;

	*at = 0;
	there = machine_memory_for(w->machine, x.like->to_node);
	x.to_mem = there ? there->id : x.like->mem_node;
	meeting_at(w->meeting, w->party, x.site->gpu);
	rc = prepare(&x, e);
	for (size_t i = 0; rc == 0 && i < STEPS; i++) {
		struct member *one = member_of(m, n, steps[i].phase);

		rc = one ? make_step(&x, &steps[i], one, e) : 0;
	}
	if (rc == 0)
		rc = go_back(&x, e);
	/* A GPU that takes one process at a time is left to others. */
	if (rc < 0 || (g && g->exclusive.is && g->exclusive.value)) {
		feed_process_end(x.site->p);
		x.site->p = NULL;
	}
	return rc == -ENOTSUP ? feed_skip_all(m, n, e) : rc;
}
