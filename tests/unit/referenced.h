/* referenced.h - results whose figures are to be set against physics and each other. */
#ifndef NB_TEST_REFERENCED_H
#define NB_TEST_REFERENCED_H

#include "planted.h"
#include "result/judge_parts.h"
#include <math.h>

static const struct finding *found(const struct result *res, const char *id, const char *subject)
{
	for (size_t i = 0; i < res->nfindings; i++)
		if (strcmp(res->findings[i].id, id) == 0 &&
		    (!subject || strcmp(res->findings[i].subject, subject) == 0))
			return &res->findings[i];
	return NULL;
}

static void plant_links(struct result *res, int gen, int width, int mps)
{
	json_object_set_new(json_object_get(res->host, "conditions"), "virtualisation",
			    json_string("none"));
	for (size_t i = 0; i < res->machine.ngpus; i++) {
		struct gpu *g = &res->machine.gpus[i];

		g->max_gen = KNOWN(gen);
		g->max_width = KNOWN(width);
		g->mps = mps ? KNOWN(mps) : UNKNOWN("not readable");
		g->memory_bytes = KNOWN(80LL << 30);
	}
}

/* One way of a GPU from its own node, its link under load as it should be. */
static struct record *plant_copy(struct result *res, int gpu, int node, enum direction d,
				 double figure, double noise)
{
	const struct gpu *g = &res->machine.gpus[gpu];
	struct record *r = plant_record(res, (struct planted){ .test = "gpu-bandwidth",
							       .direction = d,
							       .gpu = gpu,
							       .node = node,
							       .rounds = 6,
							       .openings = 3,
							       .figure = figure,
							       .noise = noise });

	r->more = json_pack("{s:{s:I, s:I}}", "link_during", "gen", g->max_gen.value, "width",
			    g->max_width.value);
	return r;
}

/* ---- physics ---- */

#endif
