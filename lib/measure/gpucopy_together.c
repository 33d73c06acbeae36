/* gpucopy_together.c - transfers of several sites, or both ways of one, at once. */
#include <errno.h>
#include <stdlib.h>

#include "measure/gpucopy.h"

/* A member with both directions has two trains. */
struct leg {
	struct gpucopy *copy;
	size_t member;
	enum gpu_direction way;
};

static size_t plan_legs(struct leg *legs, const struct member *m, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		for (int way = GPU_H2D; way <= GPU_D2H; way++) {
			enum direction d = (enum direction)m[i].cell->variant;

			if (d == DIR_BIDIRECTIONAL || d == (way == GPU_H2D ? DIR_H2D : DIR_D2H))
				legs[used++] =
					(struct leg){ m[i].buffers, i, (enum gpu_direction)way };
		}
	return used;
}

static int prepare(struct worker *w, struct train *trains, const struct leg *legs, size_t n,
		   const struct member *m, size_t *at, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		size_t bytes = m[legs[i].member].cell->rec.bytes;

		*at = legs[i].member;
		meeting_at(w->meeting, w->party, legs[i].copy->seat->gpu);
		trains[i] = gpucopy_train(legs[i].copy, legs[i].way, bytes);
		rc = gpucopy_prepare(legs[i].copy, m[legs[i].member].cell, legs[i].way, e);
	}
	return rc;
}

static int verify(struct worker *w, const struct leg *legs, size_t n, struct member *m, size_t *at,
		  struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++) /* all of them while their links are still in use */
		gpuset_note(w, legs[i].copy->seat->gpu, &m[legs[i].member].cell->rec);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct record *r = &m[legs[i].member].cell->rec;
		bool right = !record_has(r, "verified") || r->verified;

		*at = legs[i].member;
		meeting_at(w->meeting, w->party, legs[i].copy->seat->gpu);
		rc = gpucopy_verify(legs[i].copy, m[legs[i].member].cell, legs[i].way, e);
		r->verified = r->verified && right;
	}
	return rc;
}

int gpucopy_together(struct worker *w, struct member *m, size_t n, unsigned quota, size_t *at,
		     struct err *e)
{
	struct train *trains = calloc(2 * n, sizeof *trains);
	struct leg *legs = calloc(2 * n, sizeof *legs);
	size_t nlegs = 0, bad = n;
	int rc = trains && legs ? 0 : err_set(e, -ENOMEM, "out of memory");

	*at = n;
	if (rc == 0) {
		nlegs = plan_legs(legs, m, n);
		rc = prepare(w, trains, legs, nlegs, m, at, e);
	}
	if (rc < 0)
		meeting_break(w->meeting);
	else
		rc = trains_together(trains, nlegs, gpuset_station(w), quota, &bad, e);
	if (rc < 0 && bad < nlegs)
		*at = legs[bad].member;
	for (size_t i = 0; rc == 0 && i < n; i++)
		m[i].value = 0;
	for (size_t i = 0; rc == 0 && i < nlegs; i++)
		m[legs[i].member].value += trains[i].rate;
	if (rc == 0)
		rc = verify(w, legs, nlegs, m, at, e);
	free(trains);
	free(legs);
	return rc;
}
