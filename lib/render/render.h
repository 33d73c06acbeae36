/* render.h - from a result to what a person or a program reads. One file a
 * format, one row a format in render.c. Nothing here measures or judges. */
#ifndef NB_RENDER_RENDER_H
#define NB_RENDER_RENDER_H

#include <stdbool.h>
#include <stdio.h>

#include "result/result.h"

struct render_options {
	int width;          /* columns; 80 when unknown */
	bool colour;        /* only for a terminal; NO_COLOR is the caller's to honour */
	const char *source; /* where the result lies, for lines to paste; NULL: not known */
	const char *remark; /* what else is to be said, a sentence; NULL: nothing */
	bool hwloc_standard; /* hwloc: its own Bandwidth and Latency, too, not only ours */
};

/* What a descriptor can show: a terminal's width (`columns`, the variable COLUMNS,
 * where the terminal does not know it) and colour unless NO_COLOR is set; 80
 * columns and no colour for anything else. The two texts may be NULL. */
struct render_options render_options_for(int fd, const char *columns, const char *no_colour);

struct format {
	const char *name, *help;
	int (*write)(const struct result *r, const struct render_options *o,
		     FILE *out); /* 0 or -errno */
	/* Several results as one, side by side; NULL: it shows one alone. */
	int (*write_several)(const struct result *const *r, size_t n,
			     const struct render_options *o, FILE *out);
};
extern const struct format formats[]; /* ended by a row without a name */
const struct format *format_find(const char *name);
/* For an option: the names, NULL behind the last; and what each is. */
const char *format_word(size_t i);
const char *format_help(size_t i);

/* Writes a result in a format to a file: whole, or not at all. `source` is where
 * the result itself lies, or NULL. -ENOSPC .. with e. */
int render_file(const struct format *f, const struct result *r, const char *source,
		const char *path, struct err *e);

/* The machine alone: nodes, cores, memory, distances, GPUs and what hangs
 * where; used by `topology` and the front door. */
int render_machine(const struct machine *m, const struct render_options *o, FILE *out);

/* What fails, is unknown or warns, in this order, and of these the worst first; what was found of
 * several things in the same words once, and on how many of the result's records it bears. Commands
 * stand in lines of their own, however long. 0 or -errno. */
int render_findings(const struct result *res, const struct render_options *o, FILE *out);
/* That order: indices of res->findings, as many as are returned; order has room for nfindings. */
size_t findings_order(const struct result *res, size_t *order);

/* What came of a comparison with a baseline: verdict, and the findings of the history. 0 or
 * -errno. */
int render_comparison(const struct result *res, const struct render_options *o, FILE *out);

/* What came of a command that was run in four ways (result/trial.h). 0 or -errno. */
int render_trial(const struct result *res, const struct render_options *o, FILE *out);

/* Records alone, as a bench prints them: one table for each test, and one for what was measured
 * at once; a row for each cell with its median, 95 % interval, best (or where there is such, its
 * share of the link, of the same alone, its 99 % quantile), samples and status; reasons beneath.
 * Of moves the report's section instead (text.h, text_migration).
 * 0 or -errno. */
int render_records(const struct record *r, size_t n, const struct render_options *o, FILE *out);

#endif
