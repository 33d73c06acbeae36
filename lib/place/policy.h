/* policy.h - memory policies, as programs and administrators choose them (set_mempolicy(2),
 * numactl), given to one mapping. */
#ifndef NB_PLACE_POLICY_H
#define NB_PLACE_POLICY_H

#include <stddef.h>

#include "machine/sysroot.h"
#include "result/record.h"
#include "util/err.h"
#include "util/idset.h"

struct policy {
	enum mempolicy which;
	int node;             /* default, bind, preferred: where pages are to lie */
	struct spread spread; /* the interleaving ones: over which nodes */
};

/* Whether it spreads pages over several nodes. */
bool policy_spreads(enum mempolicy which);

/* The spread of an interleaving policy over nodes with memory: equal parts, or with the weights
 * that the kernel has for them (sys/kernel/mm/mempolicy/weighted_interleave, Linux 6.9 and later;
 * 1 each where it has none). -E2BIG for more than SPREAD_MOST nodes, with e. */
int policy_spread(struct spread *s, enum mempolicy which, const struct idset *nodes,
		  const struct sysroot *root, struct err *e);

/* Gives a fresh mapping to the kernel under a policy. Default leaves it as it is: first touch
 * places the pages. -ENOTSUP with e where the kernel does not know the policy or refuses it here;
 * -EINVAL with e for a node that does not exist or is not allowed. */
int policy_apply(const struct policy *p, void *start, size_t bytes, struct err *e);
/* The same for all memory without a policy of its own that the calling thread, and what it forks
 * or starts later, touches first; default takes an earlier one away. */
int policy_apply_thread(const struct policy *p, struct err *e);

/* What mbind and set_mempolicy want to be told of nodes: the mask and its length in bits (the
 * kernel takes one off it). */
const unsigned long *policy_mask(const struct idset *nodes);
enum { POLICY_MASK_BITS = IDSET_MAX + 1 };
/* An errno of theirs that is no error of the caller's: the call is refused here. */
bool policy_refused(int error);

#endif
