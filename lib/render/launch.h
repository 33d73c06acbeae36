/* launch.h - a binding in the language of every launcher (`numabench bind --print`).
 *
 * A notation is a row: how it is named, what it is, and a function that writes it. What comes out
 * can be pasted: one line of a shell, or a piece of a configuration file whose first line, a
 * comment, says which file.
 */
#ifndef NB_RENDER_LAUNCH_H
#define NB_RENDER_LAUNCH_H

#include <stdio.h>

#include "result/binding.h"

struct launch {
	const struct machine *machine;
	const struct binding *bindings; /* one for each process, in order of GPU */
	size_t n;
	char *const *command; /* NULL-terminated; may be empty: then an example stands for it */
	/* What the bindings were made from (bindings_make). */
	const struct recommendation *recommended;
	size_t nrecommended;
	const struct result *measured; /* NULL: nothing was */
	const char *from;              /* its file; NULL */
	struct binding_want want;
	/* For CUDA_VISIBLE_DEVICES of the one process; empty: whoever starts it has chosen its GPU;
	 * NULL: each process is to see its binding's GPU alone. */
	const char *visible;
};

/* How sure it is that a tool takes a notation as it is meant: our tests let it bind, or a
 * checker of its format has seen it, or it was written by its documentation alone. */
enum tried { EXERCISED, VALIDATED, NOT_EXERCISED };

struct notation {
	const char *name, *summary;
	enum tried tried;
	bool one;               /* one process at a time: the writer is called for each binding */
	const char *leaves_out; /* what the tool cannot bind; NULL: it binds cores and memory */
	/* -ENOTSUP with e: this notation cannot say it (and what can). */
	int (*write)(FILE *out, const struct launch *l, struct err *e);
};
extern const struct notation notations[];
extern const size_t nnotations;
const struct notation *notation_find(const char *name); /* NULL: there is none */
const char *notation_word(size_t i); /* the names, for an option; NULL behind the last */
/* "exercised", "validated", "not exercised" */
const char *tried_name(enum tried t);

/* Writes all of the launch. As notation.write; -EIO, -ENOMEM. */
int notation_write(const struct notation *t, FILE *out, const struct launch *l, struct err *e);
/* A line for each notation: name, how it was tried, summary. */
void notations_list(FILE *out);

/* What a person should know of the bindings that is not in them, a line each behind `prefix`: what
 * the tool leaves out, where memory does not fit, where binding does not matter. */
void launch_remarks(FILE *out, const struct notation *t, const struct launch *l,
		    const char *prefix);

#endif
