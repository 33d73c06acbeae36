/* print.h - findings for a person or a program. */
#ifndef NB_DIAG_CHECKS_PRINT_H
#define NB_DIAG_CHECKS_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "check.h"
#include "render/render.h"

struct print_options {
	struct render_options look;
	const struct look *at; /* what was looked at */
	bool verbose;          /* what passed and what was skipped, one by one, too */
	size_t silenced;
	bool strict; /* of the first line's verdict */
};

/* The verdict and what was looked at, each in a line; what is wrong, worst first; how many checks
 * passed, need a run, or cannot be judged here; what to do next. 0 or -errno. */
int checks_print(const struct result *res, const struct print_options *o, FILE *out);
/* { "checks": [ .. ] } as in a result file. 0 or -errno. */
int checks_print_json(const struct result *res, FILE *out);

/* render_nodes.c. /dev/dri/renderD* with its PCI address, driver, GPU and node; json: as a list. 0
 * or -errno. */
int render_nodes_print(const struct sysroot *r, const struct machine *m, bool json,
		       const struct render_options *o, FILE *out);

/* explain.c: one check's page, with what it finds here; what it costs here, where there is a
 * result. -ENOMEM. */
int check_explain(const struct check *row, const struct look *look, const struct render_options *o,
		  FILE *out);
/* All of them: id, F where it may fail, title; or as a table in Markdown. */
void checks_list(bool markdown, const struct render_options *o, FILE *out);

#endif
