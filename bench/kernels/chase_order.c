/* chase_order.c - where the order of a chase lies. */
#include <errno.h>
#include <stdlib.h>

#include "kernels/chase.h"
#include "place/memory.h"

int chase_order_draw(struct chase_order *o, size_t n, uint64_t seed, int node, struct team *team,
		     struct err *e)
{
	struct memory visit = { 0 };
	int rc;

	*o = (struct chase_order){ .n = n };
	if (n < 1 || n > UINT32_MAX)
		return err_set(e, -EINVAL, "a chase of %zu lines: 1 to 2^32 - 1 are possible", n);
	o->cursors = CHASE_CURSORS * team_size(team);
	if (o->cursors > n)
		o->cursors = n;
	o->start = calloc(o->cursors, sizeof(*o->start));
	o->memory = calloc(1, sizeof(*o->memory));
	rc = o->start && o->memory ? 0 : err_set(e, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = memory_map(o->memory, n * sizeof(uint32_t), node, PAGES_THP, e);
	if (rc == 0)
		rc = memory_map(&visit, n * sizeof(uint32_t), node, PAGES_THP, e);
	if (rc == 0) {
		o->next = o->memory->p;
		chase_order_fill(o, visit.p, seed, team);
	}
	memory_unmap(&visit);
	if (rc < 0)
		chase_order_release(o);
	return rc;
}

void chase_order_release(struct chase_order *o)
{
	if (o->memory)
		memory_unmap(o->memory);
	free(o->memory);
	free(o->start);
	*o = (struct chase_order){ 0 };
}
