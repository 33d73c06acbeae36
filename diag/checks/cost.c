/* cost.c - what it costs here to leave a thing as it is, from a result's figures. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "result/moves.h"
#include "result/physics.h"
#include "util/units.h"

/* The GPU for which the right node is worth most. */
static void cost_of_node(const struct result *res, char *text, size_t size)
{
	const struct recommendation *most = NULL;

	for (size_t i = 0; i < res->nrecommendations; i++) {
		const struct recommendation *r = &res->recommendations[i];

		if (r->measured && isfinite(r->advantage) &&
		    (!most || r->advantage > most->advantage))
			most = r;
	}
	if (most)
		snprintf(text, size,
			 "The best node feeds GPU %d %.3g times as fast as the worst one (%.200s).",
			 most->gpu, most->advantage, most->why);
}

/* What the link of a record could carry as it ran, over what it could at its ability; both too. */
static double link_share(const struct result *res, const struct record *r, double *now,
			 double *able)
{
	const json_t *link = json_object_get(r->more, "link_during");
	const struct gpu *g = record_has(r, "gpu") ? machine_gpu(&res->machine, r->gpu) : NULL;
	int mps = g && g->mps.is ? (int)g->mps.value : 0;

	if (!link || !g || !g->max_gen.is || !g->max_width.is)
		return NAN;
	*now = pcie_ceiling((int)json_integer_value(json_object_get(link, "gen")),
			    (int)json_integer_value(json_object_get(link, "width")), mps, DIR_D2H);
	*able = pcie_ceiling((int)g->max_gen.value, (int)g->max_width.value, mps, DIR_D2H);
	return *now / *able;
}

/* The link that is farthest below its ability. */
static void cost_of_link(const struct result *res, char *text, size_t size)
{
	double least = 2, now, able;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		double share = link_share(res, r, &now, &able);

		if (!(share < least))
			continue;
		least = share;
		if (share < 0.999)
			snprintf(text, size,
				 "The link of GPU %d can carry %.1f GB/s as it runs under load, "
				 "%.1f "
				 "GB/s at its ability.",
				 r->gpu, now / 1e9, able / 1e9);
		else
			snprintf(text, size, "Nothing: every link carries what it can, %.1f GB/s.",
				 now / 1e9);
	}
}

/* The best figure of CPU memory on its own node, and the worst on another, of one metric. */
static void cost_of_memory(const struct result *res, char *text, size_t size)
{
	const struct record *near = NULL, *far = NULL;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (strcmp(r->test, "mem-latency") != 0 || !record_has_figure(r) ||
		    !record_has(r, "cpu_node") || !record_has(r, "mem_node"))
			continue;
		if (r->cpu_node == r->mem_node && (!near || r->median < near->median))
			near = r;
		if (r->cpu_node != r->mem_node && (!far || r->median > far->median))
			far = r;
	}
	if (near && far)
		snprintf(text, size,
			 "Memory of node %d takes %.0f ns from its own cores, that of node %d %.0f "
			 "ns from node %d.",
			 near->mem_node, near->median * 1e9, far->mem_node, far->median * 1e9,
			 far->cpu_node);
}

/* The pair of nodes for which balancing took longest; where it was not watched, how far the memory
 * is that it would bring near. */
static void cost_of_balancing(const struct result *res, char *text, size_t size)
{
	const struct record *most = NULL;
	char took[32];

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (move_is(r) && strcmp(r->metric, "balancing-time") == 0 &&
		    record_has_figure(r) && (!most || r->median > most->median))
			most = r;
	}
	if (most) {
		const json_t *seen = json_object_get(most->more, "balancing");
		const json_t *faults = json_object_get(seen, "numa_hint_faults");
		size_t used = (size_t)snprintf(
			text, size,
			"The pages of a process that was moved from node %d to node %d took %s to "
			"come after it",
			most->mem_node, most->to_node,
			format_seconds(took, sizeof took, most->median));

		if (json_is_integer(faults))
			used += (size_t)snprintf(text + used, size - used,
						 ", with %" JSON_INTEGER_FORMAT " page faults",
						 json_integer_value(faults));
		snprintf(text + used, size - used, ".");
	} else {
		cost_of_memory(res, text, size);
	}
}

bool check_cost_here(const struct check *row, const struct result *res, char *text, size_t size)
{
	static void (*const tell[])(const struct result *res, char *text, size_t size) = {
		[COST_NODE] = cost_of_node,
		[COST_LINK] = cost_of_link,
		[COST_MEMORY] = cost_of_memory,
		[COST_BALANCING] = cost_of_balancing,
	};

	text[0] = '\0';
	if (res && row->measured != COST_UNTOLD)
		tell[row->measured](res, text, size);
	return text[0];
}
