/* text.h - what the report says, part by part, and what these share. walk.h has them in order. */
#ifndef NB_RENDER_TEXT_H
#define NB_RENDER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "render/render.h"

enum { TEXT_WIDTH = 80 };

struct voice; /* walk.h: how a format says things */
struct table;

/* A report being written. */
struct text {
	const struct result *res;
	const struct render_options *o;
	FILE *out;
	int width;
	/* Signs that stand beside figures; text_legend explains those in use. */
	bool marked_best, marked_unstable, marked_undersized, marked_folded;
	bool told_links;           /* link_sentence was there */
	const struct voice *voice; /* NULL: text's own */
	void *own;                 /* the voice's */
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

/* How it came out, without a reason, in the same words in every format: "PASS with 2 warnings, 1 of
 * them serious, 8 of 8 GPUs measured", and ", 120 of 127 cells" where some have no figure; that it
 * is simulated stands before it. At most VERDICT_TEXT bytes. Returns buf. */
enum { VERDICT_TEXT = 256 };
char *text_verdict(const struct result *res, char *buf, size_t size);
/* "2 of 9 cells measured": those with a figure. Returns buf. */
char *text_cells(const struct result *res, char *buf, size_t size);
/* Its colour: a pass is no good one while a warning is serious. */
enum text_tone { TONE_GOOD, TONE_CARE, TONE_BAD, TONE_OPEN };
enum text_tone text_tone(const struct result *res);
/* "2 NUMA nodes, 96 cores, 1 TiB; 8 x NVIDIA H200". Returns buf. */
char *text_parts_of_machine(const struct machine *m, char *buf, size_t size);

/* One word of at most five letters for a status, so that 8 GPUs fit side by side. */
const char *text_status_word(enum status s);

/* Where all GPUs at once are fed from: "own nodes", "node 0", "other nodes". Returns buf. */
char *text_from(const struct record *r, char *buf, size_t size);

/* Memory and whose CPUs work: "node 0", "node 2, CPUs of 1". Returns buf. */
char *text_place(const struct record *r, char *buf, size_t size);

/* A sentence made bit by bit; what does not fit is cut off. Begins as { .used = 0 }. */
struct sentence {
	char text[1600];
	size_t used;
};
void sentence_add(struct sentence *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- saying it, in whatever format ---- */

void text_heading(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The first sentence of all: how it came out. */
void text_say_verdict(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Running text. */
void text_say(struct text *t, int indent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int text_table(struct text *t, const struct table *table); /* as table_print */
/* What is said of "GPU 0-3". */
void text_labelled(struct text *t, const char *label, const char *sentence);
/* A line to paste into a shell, and what it is for; at most COMMAND_TEXT bytes. */
void text_command(struct text *t, const char *line, const char *remark);
/* A node with a thousand CPUs that are not neighbours, and some. */
enum { COMMAND_TEXT = 8192 };
void text_gap(struct text *t); /* under the same heading something new begins */

/* ---- sheets (text_sheet.c) ----
 *
 * Figures of one unit: labelled rows, and columns that stand in blocks of their
 * own where not all fit side by side. */

enum { SHEET_TEXT = 48, SHEET_NOTE = 12 };

/* A row of words instead of figures; texts[column], NULL: there is no such row. */
struct sheet_note {
	char label[SHEET_TEXT];
	char (*texts)[SHEET_NOTE]; /* owned */
};

struct sheet {
	const char *corner; /* head of the labels */
	size_t nrows, ncolumns;
	char (*labels)[SHEET_TEXT];
	char (*heads)[SHEET_TEXT];
	const struct record **cells; /* nrows x ncolumns; NULL where nothing was tried */
	bool ends;                   /* the best and the worst of a column are marked */
	struct sheet_note above, below[2];
};

/* How all figures of a sheet are written. */
struct sheet_style {
	struct text_unit unit;
	int decimals;
	bool undersized; /* at least one is: the others leave its column blank; false: no signs */
};

int sheet_make(struct sheet *s, size_t nrows, size_t ncolumns); /* all empty; -ENOMEM */
int sheet_add_note(struct sheet *s, struct sheet_note *note, const char *label); /* -ENOMEM */
void sheet_release(struct sheet *s);
/* False when no cell has a figure. */
bool sheet_style(const struct sheet *s, struct sheet_style *style);
/* Columns whose figures are alike in every row (by less than RECOMMEND_BAR) share one, which has
 * those of the first of them and is headed "GPU 0-3", or, narrow, "0-3" beside a corner of "GPU":
 * where not all fit side by side. 1, 0: there are none alike, or -ENOMEM; *folded is to be released
 * in any case. */
int sheet_fold(const struct sheet *s, bool narrow, struct sheet *folded);
int sheet_print(struct text *t, const struct sheet *s, const struct sheet_style *style);

/* ---- matrices (text_matrix.c) ---- */

/* One matrix: rows are memory nodes (and CPU nodes), columns GPUs or CPU nodes. Records of a
 * GPU of another size, direction, company .. belong to another matrix. */
struct matrix {
	const struct record *like; /* a record of those to show */
	const struct machine
		*machine; /* of GPUs: near cells only, as text_is_near has it; or NULL */
	bool columns_are_gpus;
	bool declared; /* begins with a row of the GPUs' declared nodes */
};
bool matrix_takes(const struct matrix *m, const struct record *r);
/* Puts r where it belongs, unless what stands there stands for it better. */
void matrix_keep(const struct record **cell, const struct record *r);
/* Prints nothing when no cell has a figure. 0 or -ENOMEM. */
int matrix_print(struct text *t, const struct matrix *m);
/* A matrix of near cells for each kind of GPU record that `wanted` has, in the order of the
 * records, of its usual size. 0 or -ENOMEM. */
int matrices_print(struct text *t, bool (*wanted)(const struct record *r));

/* ---- cells of a GPU (text_cells.c) ---- */

/* A memory node driven from its own CPUs, or from those of the node that drives it. */
bool text_is_near(const struct machine *m, const struct record *r);
/* Over more bytes, or over as many by more threads. */
bool text_is_more(const struct record *a, const struct record *b);
/* The same thing measured, on whatever node and GPU. */
bool text_same_kind(const struct record *a, const struct record *b);
/* The size that most cells of like's series have; the first of those that are as frequent. */
uint64_t text_usual_bytes(const struct result *res, const struct record *like);
/* Of the kind of `like`: the GPU's near cell on its recommended (else its declared) node; where
 * there is none, on another. NULL without. */
const struct record *text_home_cell(const struct text *t, const struct record *like, int gpu);
/* The first record of every kind that `wanted` has and that has a figure: *likes is owned by
 * the caller. 0 or -ENOMEM. */
int text_kinds(const struct text *t, bool (*wanted)(const struct record *r),
	       const struct record ***likes, size_t *n);
/* A number of the record's quantiles, NaN where it has none. */
double text_quantile(const struct record *r, const char *name);

/* Share of the link in which each GPU's home cell of this kind ends: notes beneath a matrix
 * whose columns are `gpus`. 0 or -ENOMEM. */
int link_notes(const struct text *t, struct sheet *s, const struct record *like, const int *gpus);
/* What the links were under load, in a sentence (once in a report), where `like` is a kind that
 * has a share of them, or why it has none. */
void link_sentence(struct text *t, const struct record *like);

void text_legend(struct text *t);

/* The parts. Each says nothing where there is nothing to say. 0 or -ENOMEM. */
int text_answer(struct text *t);        /* how it came out, in a sentence or some */
int text_machine(struct text *t);       /* of which machine, by whom and when */
int text_say_simulated(struct text *t); /* that it is, once more at the end */
int text_basis(struct text *t);         /* what the signs mean, and how the figures came about */
int text_gpu_matrices(struct text *t);
int text_axes(struct text *t);     /* threads on one node, memory on another */
int text_together(struct text *t); /* all GPUs at once */
/* A table of the sums that `wanted` has of what was measured at once; `from` heads the column of
 * where it came from. Nothing where there are none. 0 or -ENOMEM. */
int text_sums(struct text *t, bool (*wanted)(const struct record *r), const char *heading,
	      const char *from);
int text_memory_kinds(struct text *t);
int text_sizes(struct text *t);
int text_latencies(struct text *t);
int text_times_by_size(struct text *t); /* part of the latencies */
int text_peers(struct text *t);
void text_binding(struct text *t);     /* whether binding matters here, and which GPU goes where */
int text_not_measured(struct text *t); /* text_folded of all records */
int text_recommendations(struct text *t);
/* What each recommendation rests on, with its strongest evidence: a labelled sentence for each GPU;
 * and whether text_recommendations leaves any of that out, for a table. */
void text_grounds(struct text *t);
bool text_has_grounds(const struct result *res);
int text_commands(struct text *t);
int text_memory(struct text *t);
int text_memory_matrix(struct text *t); /* part of it: between nodes */
/* A memory bandwidth: of CPU and memory node, and nothing else. */
bool text_is_memory_rate(const struct record *r);
/* How long one core waits for memory, or, of a small size, for a cache. */
bool text_is_memory_latency(const struct record *r);
/* That of a node's own memory, by its own cores or those that drive it. */
bool text_is_own_memory(const struct text *t, const struct record *r);
/* "fastest forms: triad-avx512-nt, read-avx2-blocks, .." after `by`, of the memory bandwidths among
 * these records; with nodes where their CPUs differ in it. Nothing where there are none. */
void text_forms(struct text *t, const char *by, const struct record *r, size_t n);
/* Of those which differ in bytes and threads alone: the one over most, by most. */
bool text_is_whole(const struct text *t, const struct record *r);
/* Parts of it: what follows the figures of whole nodes (text_memory_more.c). */
int text_curves(struct text *t);     /* over the number of threads, and where nodes saturate */
int text_contention(struct text *t); /* all nodes at once */
int text_policies(struct text *t);
int text_page_kinds(struct text *t);
int text_working_sets(struct text *t);
/* Part of text_memory: all that mem-latency measured, its matrix, too. */
int text_memory_latency(struct text *t);
int text_loaded(struct text *t); /* parts of it */
int text_cores(struct text *t);
int text_migration(struct text *t);
int text_move_pages(struct text *t); /* parts of it */
int text_move_cores(struct text *t);
int text_feed(struct text *t); /* processes that feed GPUs */
int text_try(struct text *t);  /* a command that was run in four ways */
int text_findings(struct text *t);
int text_history(struct text *t); /* a comparison with a baseline, but for what fails or warns */
/* Cells without a figure and unstable ones, folded by equal test, status and reason. */
int text_folded(struct text *t, const struct record *r, size_t n);

#endif
