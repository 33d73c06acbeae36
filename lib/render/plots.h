/* plots.h - which pictures a result is worth, for the scripts of scripts/gnuplot. */
#ifndef NB_RENDER_PLOTS_H
#define NB_RENDER_PLOTS_H

#include <stddef.h>

#include "result/result.h"

struct plot {
	const char *script; /* "matrix.gp" */
	bool moves;         /* drawn from time lines (timeline-csv), not from cells (csv) */
	char name[160];     /* of its file, without an ending: letters, digits, - and . alone */
	char want[400];     /* the script's third argument: "test=gpu-bandwidth direction=h2d" */
};

/* In the order of the report. *plots is the caller's to free. 0 or -ENOMEM. */
int plots_plan(const struct result *res, struct plot **plots, size_t *n);

#endif
