#include "place/policy.h"

#include <errno.h>
#include <numaif.h>
#include <string.h>

/* linux/mempolicy.h has it since 6.9; libnuma's header may be older than the kernel. */
#ifndef MPOL_WEIGHTED_INTERLEAVE
#define MPOL_WEIGHTED_INTERLEAVE 6
#endif

static const struct mode {
	int number;  /* mbind's */
	bool spread; /* over several nodes */
} modes[] = {
	[MEMPOLICY_DEFAULT] = { MPOL_DEFAULT, false },
	[MEMPOLICY_BIND] = { MPOL_BIND, false },
	[MEMPOLICY_PREFERRED] = { MPOL_PREFERRED, false },
	[MEMPOLICY_INTERLEAVE] = { MPOL_INTERLEAVE, true },
	[MEMPOLICY_WEIGHTED] = { MPOL_WEIGHTED_INTERLEAVE, true },
};

const unsigned long *policy_mask(const struct idset *nodes)
{
	return (const unsigned long *)nodes->word;
}

bool policy_refused(int error)
{
	return error == EPERM || error == ENOSYS || error == EACCES;
}

bool policy_spreads(enum mempolicy which)
{
	return modes[which].spread;
}

int policy_spread(struct spread *s, enum mempolicy which, const struct idset *nodes,
		  const struct sysroot *root, struct err *e)
{
	*s = (struct spread){ 0 };
	if (idset_count(nodes) > SPREAD_MOST)
		return err_set(e, -E2BIG, "memory of %zu nodes: over %d at most it is interleaved",
			       idset_count(nodes), SPREAD_MOST);
	for (int n = -1; (n = idset_next(nodes, n)) >= 0;) {
		struct known weight = { 0 };

		if (which == MEMPOLICY_WEIGHTED)
			weight = sysroot_number(
				root, "sys/kernel/mm/mempolicy/weighted_interleave/node%d", n);
		s->of[s->n++] = (struct node_weight){
			.node = n,
			.weight = weight.is && weight.value > 0 ? (unsigned)weight.value : 1,
		};
	}
	return 0;
}

static struct idset nodes_of(const struct policy *p)
{
	struct idset nodes = { { 0 } };

	if (!policy_spreads(p->which))
		idset_add(&nodes, p->node);
	for (size_t i = 0; i < p->spread.n; i++)
		idset_add(&nodes, p->spread.of[i].node);
	return nodes;
}

/* What an errno of mbind or set_mempolicy means. */
static int refuse(const struct policy *p, int error, struct err *e)
{
	if (policy_refused(error))
		return err_set(e, -ENOTSUP, "the kernel refuses memory policies here: %s",
			       strerror(error));
	if (error == EINVAL && p->which == MEMPOLICY_WEIGHTED)
		return err_set(e, -ENOTSUP,
			       "this kernel has no weighted interleave (6.9 and later have it)");
	return err_set(e, -error, "a memory policy is not taken: %s",
		       error == EINVAL ? "a node of it does not exist or is not allowed here"
				       : strerror(error));
}

int policy_apply(const struct policy *p, void *start, size_t bytes, struct err *e)
{
	struct idset nodes = nodes_of(p);

	if (p->which == MEMPOLICY_DEFAULT || mbind(start, bytes, modes[p->which].number,
						   policy_mask(&nodes), POLICY_MASK_BITS, 0) == 0)
		return 0;
	return refuse(p, errno, e);
}

int policy_apply_thread(const struct policy *p, struct err *e)
{
	struct idset nodes = nodes_of(p);
	bool none = p->which == MEMPOLICY_DEFAULT;

	if (set_mempolicy(modes[p->which].number, none ? NULL : policy_mask(&nodes),
			  none ? 0 : POLICY_MASK_BITS) == 0)
		return 0;
	return refuse(p, errno, e);
}
