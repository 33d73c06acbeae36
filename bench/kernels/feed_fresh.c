/* feed_fresh.c - fresh processes in random order: of each binding, under each memory policy. */
#include <errno.h>

#include "kernels/feed_load.h"
#include "kernels/feed_tell.h"
#include "kernels/feed_visit.h"
#include "machine/sysroot.h"
#include "measure/clock.h"
#include "util/random.h"

enum { MEMBERS = 8 };
_Static_assert(MEMBERS > (int)BOUND_BOTH && MEMBERS > (int)MEMPOLICY_WEIGHTED, "all of a group");

static void shuffle(uint64_t *random, size_t *v, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)(random_next(random) % i), t = v[i - 1];

		v[i - 1] = v[j];
		v[j] = t;
	}
}

/* From its birth to its end. */
static int live(struct worker *w, struct feed_site *s, const struct idset *cpus,
		const struct policy *policy, const struct record *r, struct feed_answer *a,
		struct err *e)
{
	const struct feed_birth birth = feed_birth_of(w, s, cpus, policy);
	const struct feed_order o = feed_order_of(r);
	struct feed_process *p;
	int rc = feed_process_start(&p, &birth, e);

	if (rc < 0)
		return rc;
	rc = feed_process_do(p, &o, a, e);
	feed_process_end(p);
	return rc;
}

/* ---- bindings ---- */

static int one_binding(struct worker *w, struct feed_site *s, struct member *m, struct err *e)
{
	struct record *r = &m->cell->rec;
	const struct policy home = { .which = MEMPOLICY_BIND, .node = r->mem_node };
	const struct feed_expect expect = {
		.threads = r->binding == BOUND_CPU || r->binding == BOUND_BOTH,
		.pages = r->binding == BOUND_MEMORY || r->binding == BOUND_BOTH,
		.cpu_node = r->cpu_node,
		.mem_node = r->mem_node,
	};
	const struct idset *cpus =
		expect.threads ? feed_cpus(w, r->cpu_node) : &w->machine->allowed_cpus;
	struct feed_answer a;
	int rc = live(w, s, cpus, expect.pages ? &home : NULL, r, &a, e);

	m->placed = true;
	if (rc == -ENOTSUP)
		return feed_skip_all(m, 1, e);
	if (rc < 0)
		return rc;
	m->value += feed_rate(&a.run, r->bytes) / FEED_EACH;
	rc = feed_tell(r, &a, &expect);
	return rc < 0 ? rc : feed_tell_process(r, &a);
}

int feed_visit_bindings(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	struct feed_site *s = m[0].buffers;
	struct feed_load *load = NULL;
	size_t order[MEMBERS * FEED_EACH];
	int rc = 0;

	for (size_t i = 0; i < n * FEED_EACH; i++)
		order[i] = i % n;
	shuffle(&s->random, order, n * FEED_EACH);
	for (size_t i = 0; i < n; i++)
		m[i].value = 0;
	meeting_at(w->meeting, w->party, s->gpu);
	if (m[0].cell->rec.competing)
		rc = feed_load_start(&load, w->machine, e);
	for (size_t i = 0; rc == 0 && i < n * FEED_EACH; i++) {
		*at = order[i];
		rc = one_binding(w, s, &m[order[i]], e);
	}
	feed_load_stop(load);
	return rc;
}

/* ---- policies ---- */

static int policy_of(const struct worker *w, const struct record *r, struct policy *p,
		     struct err *e)
{
	struct idset nodes = machine_memory_nodes(w->machine);
	struct sysroot root;
	int rc;

	*p = (struct policy){ .which = r->policy, .node = r->mem_node };
	if (!policy_spreads(r->policy))
		return 0;
	rc = sysroot_open_live(&root, e);
	if (rc < 0)
		return rc;
	rc = policy_spread(&p->spread, r->policy, &nodes, &root, e);
	sysroot_close(&root);
	return rc == -E2BIG ? -ENOTSUP : rc;
}

/* Whose turn it is when a buffer begins is not known: one turn of each buffer. */
static uint64_t slack_of(const struct policy *p)
{
	unsigned most = 0;

	for (size_t i = 0; i < p->spread.n; i++)
		most = p->spread.of[i].weight > most ? p->spread.of[i].weight : most;
	return 2 * (uint64_t)most;
}

/* On the GPU's own CPUs: the memory alone differs. */
static int one_policy(struct worker *w, struct feed_site *s, struct member *m, struct err *e)
{
	struct record *r = &m->cell->rec;
	struct feed_expect expect = { .threads = true, .pages = true, .cpu_node = r->cpu_node };
	struct feed_answer a;
	struct policy policy;
	int rc = policy_of(w, r, &policy, e);

	m->placed = true;
	if (rc == 0)
		/* The default needs nobody's consent. */
		rc = live(w, s, feed_cpus(w, r->cpu_node),
			  r->policy == MEMPOLICY_DEFAULT ? NULL : &policy, r, &a, e);
	if (rc == -ENOTSUP)
		return feed_skip_all(m, 1, e);
	if (rc < 0)
		return rc;
	m->value = feed_rate(&a.run, r->bytes);
	expect.mem_node = policy.node;
	expect.spread = policy.spread.n ? &policy.spread : NULL;
	expect.slack = slack_of(&policy);
	return feed_tell(r, &a, &expect);
}

int feed_visit_policies(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	struct feed_site *s = m[0].buffers;
	size_t order[MEMBERS];
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	shuffle(&s->random, order, n);
	meeting_at(w->meeting, w->party, s->gpu);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		*at = order[i];
		rc = one_policy(w, s, &m[order[i]], e);
	}
	return rc;
}
