/* print.h - findings for a person or a program. */
#ifndef NB_DIAG_CHECKS_PRINT_H
#define NB_DIAG_CHECKS_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "check.h"
#include "render/render.h"

struct print_options {
	struct render_options look;
	bool verbose; /* what passed, one by one, too */
	size_t silenced;
	bool strict; /* of the first line's verdict */
};

/* Worst first; what passed in one line, what was skipped by its reason. 0 or -errno. */
int checks_print(const struct result *res, const struct print_options *o, FILE *out);
/* { "checks": [ .. ] } as in a result file. 0 or -errno. */
int checks_print_json(const struct result *res, FILE *out);

/* How many findings have a status. */
size_t count_status(const struct result *res, enum check_status s);

/* /dev/dri/renderD* with its PCI address, driver, GPU and node; json: as a list. 0 or -errno. */
int render_nodes_print(const struct sysroot *r, const struct machine *m, bool json,
		       const struct render_options *o, FILE *out);

/* explain.c: one check's page; what it costs here, where res is not NULL. */
void check_explain(const struct check *row, const struct result *res,
		   const struct render_options *o, FILE *out);
/* All of them: id, F where it may fail, title; or as a table in Markdown. */
void checks_list(bool markdown, const struct render_options *o, FILE *out);

#endif
