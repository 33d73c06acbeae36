/* chase_set.c - a buffer and its cycle. */
#include "kernels/chase_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "util/random.h"

int chase_set_open(struct chase_set **out, const struct chase_order *o, struct team *team,
		   const struct memory_want *want, uint64_t seed, struct err *e)
{
	struct chase_set *set = calloc(1, sizeof(*set));
	size_t turn = (size_t)((seed * RANDOM_STEP >> 32) % o->n);
	int rc;

	*out = NULL;
	if (!set)
		return err_set(e, -ENOMEM, "out of memory");
	rc = memory_place(&set->memory, o->n * sizeof(struct chase_line), want, e);
	if (rc < 0)
		goto out;
	chase_link(o, set->memory.p, turn, seed, team);
	if (!chase_prove(o, set->memory.p, turn, team)) {
		rc = err_set(
			e, -EIO,
			"node %d: the chase is not one cycle of %zu lines: memory did not keep "
			"what was written",
			want->node, o->n);
		goto out;
	}
	set->pages = memory_obtained(&set->memory);
	set->at = set->memory.p;
	*out = set;
	return 0;
out:
	chase_set_close(set);
	return rc;
}

void chase_set_close(struct chase_set *set)
{
	if (set)
		memory_unmap(&set->memory);
	free(set);
}

double chase_set_walk_here(struct chase_set *set, size_t loads)
{
	size_t whole = (loads + CHASE_UNROLL - 1) / CHASE_UNROLL * CHASE_UNROLL;
	struct instant began = clock_now();

	set->at = chase_walk(set->at, whole);
	return clock_span(began, clock_now()) / (double)whole;
}

struct walk {
	struct chase_set *set;
	size_t loads;
	double seconds;
};

static void walk_alone(void *arg, size_t rank, size_t size)
{
	struct walk *k = arg;

	(void)size;
	if (rank == 0)
		k->seconds = chase_set_walk_here(k->set, k->loads);
}

double chase_set_walk(struct chase_set *set, struct team *team, size_t loads)
{
	struct walk k = { .set = set, .loads = loads };

	team_run(team, walk_alone, &k);
	return k.seconds;
}

void chase_set_tell(const struct chase_set *set, struct record *r)
{
	snprintf(r->kernel, sizeof(r->kernel), "chase-random-64");
	r->pages = set->pages;
	r->threads = 1;
	r->verified = true;
	record_set(r, "kernel", "pages", "threads", "verified", NULL);
	memory_tell(&set->memory, r);
}
