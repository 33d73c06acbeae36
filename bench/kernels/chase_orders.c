#include "kernels/chase_orders.h"

#include <errno.h>
#include <stdlib.h>

struct chase_orders {
	struct chase_orders *next;
	struct chase_order order;
};

int chase_orders_get(struct chase_orders **all, const struct chase_order **o, size_t n,
		     uint64_t seed, int node, struct team *team, struct err *e)
{
	struct chase_orders *i = *all;
	int rc;

	while (i && i->order.n != n)
		i = i->next;
	if (!i) {
		i = calloc(1, sizeof(*i));
		rc = i ? chase_order_draw(&i->order, n, seed, node, team, e)
		       : err_set(e, -ENOMEM, "out of memory");
		if (rc < 0) {
			free(i);
			return rc;
		}
		i->next = *all;
		*all = i;
	}
	*o = &i->order;
	return 0;
}

void chase_orders_free(struct chase_orders *all)
{
	while (all) {
		struct chase_orders *next = all->next;

		chase_order_release(&all->order);
		free(all);
		all = next;
	}
}

uint64_t chase_orders_bytes(uint64_t bytes)
{
	const uint64_t huge = 2 << 20, lines = bytes / sizeof(struct chase_line);
	uint64_t table = (lines * sizeof(uint32_t) + huge - 1) / huge * huge;

	return (bytes + huge - 1) / huge * huge + 2 * table;
}
