/* chase_orders.h - the orders of all the lengths that a worker has chased, kept for its life: each
 * is dear to draw. */
#ifndef NB_KERNELS_CHASE_ORDERS_H
#define NB_KERNELS_CHASE_ORDERS_H

#include "kernels/chase.h"

struct chase_orders; /* a list; NULL is an empty one */

/* The order of n lines, drawn where there is none yet. It stays where it is until the list is
 * freed. As chase_order_draw. */
int chase_orders_get(struct chase_orders **all, const struct chase_order **o, size_t n,
		     uint64_t seed, int node, struct team *team, struct err *e);
void chase_orders_free(struct chase_orders *all);

/* What a chase of so many bytes takes with its order, and with what is needed while that is
 * drawn. */
uint64_t chase_orders_bytes(uint64_t bytes);
/* The same for buffers, as parts of one, for working_set: room for whole huge pages, too. */
#define CHASE_WITH_ORDER 1.125

#endif
