/* text.h - the parts of the text report, and what they share. */
#ifndef NB_RENDER_TEXT_H
#define NB_RENDER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "render/render.h"

enum { TEXT_WIDTH = 80 };

/* A report being written. */
struct text {
	const struct result *res;
	const struct render_options *o;
	FILE *out;
	int width;
	/* Signs that stand beside figures; text_legend explains those in use. */
	bool marked_best, marked_unstable, marked_undersized;
};

/* What a person reads a unit in: bytes per second as GB/s of 10^9; seconds in
 * the unit that suits `typical`. */
struct text_unit {
	const char *name;
	double factor; /* value / factor is what is printed */
};
struct text_unit text_unit_for(const char *unit, double typical);
/* Digits after the point where the largest printed figure is `most`. */
int text_decimals(double most);

/* One word of at most five letters for a status, so that 8 GPUs fit side by side. */
const char *text_status_word(enum status s);

/* What is measured, without where: "pinned h2d", "pinned h2d latency, 4 KiB". Returns buf. */
char *text_what(const struct record *r, bool with_bytes, char *buf, size_t size);

/* An empty line, and a heading. */
void text_heading(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Running text, wrapped. */
void text_say(struct text *t, int indent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One matrix: rows are memory nodes, columns GPUs or CPU nodes. */
struct matrix {
	const struct record *like; /* a record of those to show */
	bool columns_are_gpus;
	bool by_bytes; /* records of another size belong to another matrix */
	bool declared; /* begins with a row of the GPUs' declared nodes */
};
bool matrix_takes(const struct matrix *m, const struct record *r);
/* Prints nothing when no cell has a figure. 0 or -ENOMEM. */
int matrix_print(struct text *t, const struct matrix *m);
void text_legend(struct text *t);

/* The sections. Each prints nothing where there is nothing to say. 0 or -ENOMEM. */
int text_gpu_matrices(struct text *t);
void text_binding(struct text *t); /* one line: whether binding matters here */
int text_recommendations(struct text *t);
int text_commands(struct text *t);
int text_memory(struct text *t);
int text_findings(struct text *t);
/* Cells without a figure and unstable ones, folded by equal test, status and reason. */
int text_folded(struct text *t, const struct record *r, size_t n);

#endif
