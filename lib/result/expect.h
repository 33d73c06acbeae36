/* expect.h - what was ordered, and whether this machine is it.
 *
 * A file of JSON, "schema": "numabench-expect/1", in units as people write them:
 * results/expect-schema.json describes it, results/expect/ has examples.
 */
#ifndef NB_RESULT_EXPECT_H
#define NB_RESULT_EXPECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "result/result.h"
#include "util/err.h"
#include "util/idset.h"
#include "util/known.h"

#define EXPECT_SCHEMA "numabench-expect/1"

enum { EXPECT_TEXT = 96, EXPECT_ROWS = 1024 };

/* A floor or a ceiling: "50 GB/s", "140 ns". */
struct expect_limit {
	bool is;
	double value;
	char unit[8]; /* "B/s" or "s" */
};

/* PCI Express: "Gen5 x16". */
struct expect_link {
	bool is;
	int gen, width;
};

struct expect_nodes {        /* of "nodes" */
	struct idset nodes;  /* empty: all */
	struct known cores;  /* physical cores of each, exactly */
	struct known memory; /* bytes of each, at least, but for the 6 % that firmware and kernel
				keep */
};

struct expect_gpus {            /* of "gpus" */
	struct idset gpus;      /* empty: all */
	char name[EXPECT_TEXT]; /* a pattern of fnmatch(3); empty: any */
	struct known memory, node;
	struct expect_link link; /* at least: under load, and in ability where that is true */
};

enum expect_where { EXPECT_OWN, EXPECT_REMOTE, EXPECT_ANY };

struct expect_figure {        /* of "figures" */
	char id[EXPECT_TEXT]; /* of its findings, after "expect."; never empty once read */
	char test[32], metric[32], path[8]; /* empty: any */
	int direction, memory, together;    /* of their enums; -1: not asked */
	int where;
	struct known peer_access;
	bool sum;                 /* the sum over several GPUs or nodes, not each of them */
	struct known size;        /* bytes of one copy */
	struct idset nodes, gpus; /* empty: all */
	struct expect_limit at_least, at_most;
};

struct expect {
	char about[300], cpu[EXPECT_TEXT]; /* cpu: a pattern */
	char source[120];                  /* "--expect FILE": where it was read */
	struct known count_nodes, count_gpus;
	struct expect_nodes *nodes; /* owned, as are the others */
	struct expect_gpus *gpus;
	struct expect_figure *figures;
	size_t nnodes, ngpus, nfigures;
};

/* Reads a file ("-": standard input; at most 1 MiB). -EINVAL with path, place
 * ("figures[2].at_least") and reason in e for what is no such file: cut off, another schema,
 * unknown keys, a limit without its unit, or below 0, or with the unit of something else; -EFBIG;
 * -ENOENT and so on; -ENOMEM. x is to be released whatever comes of it. */
int expect_read(struct expect *x, const char *path, struct err *e);
int expect_from_json(struct expect *x, const json_t *doc, struct err *e); /* without the path */
void expect_release(struct expect *x);                                    /* leaves an empty one */

/* Sets a judged result against it: renews its findings of REFERENCE_EXPECTATION ("expect.gpus",
 * "expect.gpu-link", "expect.<id of a figure>" ..), one for each GPU or node that falls short, one
 * for each row that is met. A figure of which nothing was measured is unknown. judge() again
 * afterwards makes the verdict. -ENOMEM. */
int expect_judge(const struct expect *x, struct result *res);

/* What a machine known to be good gives to be expected of its like, as a new document: its counts
 * and parts, and floors and ceilings of what it measured, `margin` (0.05) worse than it
 * did, latencies twice that. NULL: out of memory. */
json_t *expect_make(const struct result *res, double margin);
/* What can be expected of a GPU's link, once it was read under load: its ability; where the link is
 * virtual (a guest), or ran better than the ability that it states, what it ran as. NULL; else why
 * nothing can, and link->is is false. */
const char *expect_link_of(struct expect_link *link, const struct result *res, const struct gpu *g);
/* Rows on a line each: the `lines` of document_print and document_write (document.h). */
enum { EXPECT_LINES = 2 };

/* ---- for lib/result/expect_*.c ---- */

/* The record is one of those that a row speaks of, wherever and on whatever GPU. */
bool expect_is_of(const struct expect_figure *f, const struct result *res, const struct record *r);
/* ... and it was measured where the row asks for. */
bool expect_is_there(const struct expect_figure *f, const struct result *res,
		     const struct record *r);
/* "gpu-bandwidth.h2d.pinned"; returns buf. */
char *expect_id(const struct expect_figure *f, char *buf, size_t size);
struct expect_figure expect_figure_default(void);

#endif
