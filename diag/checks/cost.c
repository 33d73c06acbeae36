/* cost.c - what it costs here to leave a thing as it is, from a result's figures. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "result/moves.h"
#include "result/physics.h"
#include "util/units.h"

/* What it is asked of: one GPU, or none in particular (-1). */
struct asked {
	const struct result *res;
	int gpu;
};

static bool asks_for(const struct asked *a, int gpu)
{
	return a->gpu < 0 || a->gpu == gpu;
}

/* The GPU for which the right node is worth most. */
static void cost_of_node(const struct asked *a, char *text, size_t size)
{
	const struct result *res = a->res;
	const struct recommendation *most = NULL;

	for (size_t i = 0; i < res->nrecommendations; i++) {
		const struct recommendation *r = &res->recommendations[i];

		if (r->measured && isfinite(r->advantage) && asks_for(a, r->gpu) &&
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
static void cost_of_link(const struct asked *a, char *text, size_t size)
{
	const struct result *res = a->res;
	double least = 2, now, able;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		double share = link_share(res, r, &now, &able);

		if (!(share < least) || !asks_for(a, r->gpu))
			continue;
		least = share;
		if (share < 0.999)
			snprintf(text, size,
				 "The link of GPU %d can carry %.1f GB/s as it runs under load, "
				 "%.1f "
				 "GB/s at its ability.",
				 r->gpu, now / 1e9, able / 1e9);
		else
			snprintf(text, size, "Nothing: %s carries what it can, %.1f GB/s.",
				 a->gpu < 0 ? "every link" : "its link", now / 1e9);
	}
}

/* The best figure of CPU memory on its own node, and the worst on another, of one metric. */
static void cost_of_memory(const struct asked *a, char *text, size_t size)
{
	const struct result *res = a->res;
	const struct record *near = NULL, *far = NULL;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		/* What may show caches says nothing of memory. */
		if (strcmp(r->test, "mem-latency") != 0 || !record_has_figure(r) ||
		    (record_has(r, "undersized") && r->undersized) || !record_has(r, "cpu_node") ||
		    !record_has(r, "mem_node"))
			continue;
		if (r->cpu_node == r->mem_node && (!near || r->median < near->median))
			near = r;
		if (r->cpu_node != r->mem_node && (!far || r->median > far->median))
			far = r;
	}
	if (near && far)
		snprintf(
			text, size,
			"Memory of node %d answers its own cores in %.0f ns, that of node %d those "
			"of node %d in %.0f ns.",
			near->mem_node, near->median * 1e9, far->mem_node, far->cpu_node,
			far->median * 1e9);
}

/* The pair of nodes for which balancing took longest; where it was not watched, how far the memory
 * is that it would bring near. */
static void cost_of_balancing(const struct asked *a, char *text, size_t size)
{
	const struct result *res = a->res;
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
		cost_of_memory(a, text, size);
	}
}

bool check_cost_here(const struct check *row, const struct result *res, const char *subject,
		     char *text, size_t size)
{
	static void (*const tell[])(const struct asked *a, char *text, size_t size) = {
		[COST_NODE] = cost_of_node,
		[COST_LINK] = cost_of_link,
		[COST_MEMORY] = cost_of_memory,
		[COST_BALANCING] = cost_of_balancing,
	};

	struct asked a = { .res = res, .gpu = -1 };

	if (subject && sscanf(subject, "GPU %d", &a.gpu) != 1)
		a.gpu = -1;
	text[0] = '\0';
	if (res && row->measured != COST_UNTOLD)
		tell[row->measured](&a, text, size);
	return text[0];
}
