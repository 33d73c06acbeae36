#include "machine/dram.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CHANNEL_BYTES = 8, MEGA = 1000000 };

static bool has_dimms(const struct node *n)
{
	return n->kind == NODE_ORDINARY;
}

/* The channels of a package, or of all controllers that name none (-1); 0: there are none. */
static size_t channels_of(const struct dimms *d, long long package)
{
	size_t channels = 0;
	char name[32];

	snprintf(name, sizeof(name), "package %lld", package);
	for (size_t i = 0; i < d->n; i++) {
		bool named = strncmp(d->group[i].name, "package ", 8) == 0;

		if (package >= 0 ? strcmp(d->group[i].name, name) == 0 : !named)
			channels += d->group[i].channels;
	}
	return channels;
}

static size_t nodes_of(const struct machine *m, long long package)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nnodes; i++)
		n += has_dimms(&m->nodes[i]) &&
		     (package < 0 ||
		      (m->nodes[i].package.is && m->nodes[i].package.value == package));
	return n;
}

struct known dram_rate(const struct dimms *d, const struct machine *m, int id)
{
	const struct node *node = machine_node(m, id);
	long long package = -1;
	size_t channels, nodes;

	if (!node || !has_dimms(node))
		return UNKNOWN("a node without CPUs: its memory may be of any kind");
	if (!d->n)
		return UNKNOWN(d->why);
	if (!d->slowest.is)
		return UNKNOWN(d->slowest.why);
	if (node->package.is && channels_of(d, node->package.value))
		package = node->package.value;
	channels = channels_of(d, package);
	nodes = nodes_of(m, package);
	if (!channels || !nodes || channels % nodes)
		return UNKNOWN("the memory channels are not spread evenly over the nodes");
	return KNOWN(d->slowest.value * MEGA * CHANNEL_BYTES * (long long)(channels / nodes));
}
