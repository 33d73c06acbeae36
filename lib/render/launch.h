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
};

struct notation {
	const char *name, *summary;
	/* How sure it is that the tool takes it as it is meant. */
	enum { EXERCISED, VALIDATED, NOT_EXERCISED } tried;
	bool one; /* one process at a time: the writer is called for each binding */
	/* -ENOTSUP with e: this notation cannot say it (and what can). */
	int (*write)(FILE *out, const struct launch *l, struct err *e);
};
extern const struct notation notations[];
extern const size_t nnotations;
const struct notation *notation_find(const char *name); /* NULL: there is none */

/* Writes all of the launch. As notation.write; -EIO, -ENOMEM. */
int notation_write(const struct notation *t, FILE *out, const struct launch *l, struct err *e);

/* For writers: the command quoted for a shell, with a blank before each word. */
void launch_command(FILE *out, const struct launch *l, const char *example);

#endif
