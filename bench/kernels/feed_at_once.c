/* feed_at_once.c - one process for every GPU: they begin together, and go on until all have what
 * counts. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "kernels/feed_tell.h"
#include "kernels/feed_visit.h"

/* Milliseconds between two looks at who has what counts. */
enum { LOOK_MS = 1 };

struct crew {
	struct worker *w;
	struct member *m;
	size_t n;
	struct feed_process **p; /* of each member */
};

static struct feed_site *site_of(const struct crew *c, size_t i)
{
	return c->m[i].buffers;
}

static bool bound(const struct member *m)
{
	return m->cell->rec.binding == BOUND_BOTH;
}

static int start(struct crew *c, size_t i, struct err *e)
{
	const struct record *r = &c->m[i].cell->rec;
	const struct policy home = { .which = MEMPOLICY_BIND, .node = r->mem_node };
	const struct feed_birth birth = feed_birth_of(
		c->w, site_of(c, i),
		bound(&c->m[i]) ? feed_cpus(c->w, r->cpu_node) : &c->w->machine->allowed_cpus,
		bound(&c->m[i]) ? &home : NULL);
	struct feed_order o = feed_order_of(r);
	int rc = feed_process_start(&c->p[i], &birth, e);

	o.seconds = 0; /* warm, and ready */
	return rc < 0 ? rc : feed_process_send(c->p[i], &o, e);
}

static int wait_for(struct crew *c, size_t i, struct feed_answer *a, struct err *e)
{
	meeting_at(c->w->meeting, c->w->party, site_of(c, i)->gpu);
	return feed_process_wait(c->p[i], a, e);
}

/* Until all processes, those of other workers too, have what counts. */
static void wait_for_all(struct crew *c)
{
	size_t reached = 0;

	while (reached < c->n && !meeting_broken(c->w->meeting)) {
		poll(NULL, 0, LOOK_MS);
		for (reached = 0; reached < c->n && feed_process_reached(c->p[reached]);)
			reached++;
	}
	meeting_reached(c->w->meeting);
	while (!meeting_all_reached(c->w->meeting))
		poll(NULL, 0, LOOK_MS);
	for (size_t i = 0; i < c->n; i++)
		feed_process_enough(c->p[i]);
}

static int go(struct crew *c, size_t *at, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		struct feed_order o = feed_order_of(&c->m[i].cell->rec);

		o.warm_s = 0;
		o.together = true;
		*at = i;
		rc = feed_process_send(c->p[i], &o, e);
	}
	return rc;
}

static int tell(struct crew *c, size_t i, const struct feed_answer *a)
{
	struct record *r = &c->m[i].cell->rec;
	const struct feed_expect expect = { .threads = bound(&c->m[i]),
					    .pages = bound(&c->m[i]),
					    .cpu_node = r->cpu_node,
					    .mem_node = r->mem_node };
	int rc = feed_tell(r, a, &expect);

	c->m[i].placed = true;
	c->m[i].value = feed_rate(&a->run, r->bytes);
	return rc < 0 ? rc : feed_tell_process(r, a);
}

static int measure(struct crew *c, size_t *at, struct err *e)
{
	struct feed_answer a;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		*at = i;
		rc = start(c, i, e);
	}
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		*at = i;
		rc = wait_for(c, i, &a, e);
	}
	if (rc == 0) {
		*at = c->n;
		rc = meeting_arrive(c->w->meeting);
		if (rc < 0)
			return err_set(e, rc, "broken off: another process of this sample failed");
		rc = go(c, at, e);
	}
	if (rc == 0)
		wait_for_all(c);
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		*at = i;
		rc = wait_for(c, i, &a, e);
		if (rc == 0)
			rc = tell(c, i, &a);
	}
	return rc;
}

int feed_visit_at_once(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	struct crew c = { .w = w, .m = m, .n = n, .p = calloc(n + 1, sizeof(*c.p)) };
	int rc;

	*at = n;
	rc = c.p ? measure(&c, at, e) : err_set(e, -ENOMEM, "out of memory");
	if (rc < 0)
		meeting_break(w->meeting);
	for (size_t i = 0; c.p && i < n; i++)
		feed_process_end(c.p[i]);
	free(c.p);
	return rc == -ENOTSUP ? feed_skip_all(m, n, e) : rc;
}
