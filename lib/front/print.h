/* print.h - the bindings of a launch in the language of another launcher (`bind --print`). */
#ifndef NB_FRONT_PRINT_H
#define NB_FRONT_PRINT_H

#include <stdio.h>

#include "front/choice.h"
#include "machine/machine.h"
#include "render/launch.h"

/* The notation that --print names. -EINVAL with e, which lists them. */
int print_notation(const struct notation **t, const char *name, struct err *e);

struct print_order {
	const struct notation *notation;
	const struct machine *m;
	const struct choice *choice;
	const char *gpus;          /* a list, or "all"; not looked at with `one` */
	const struct binding *one; /* a rank's, made already; NULL */
	const char *visible;       /* with `one`: as struct launch has it */
	struct binding_want want;  /* gpus and among are filled in */
	char *const *command;      /* may be empty */
	const char *from;          /* the result's file; NULL */
};

/* Writes them on out, and what else there is to know on `remarks`, lines that begin with `by`.
 * Cores are shared out as choice_among says, whichever GPUs are asked for.
 * As machine_parse_gpus, bindings_make and notation_write. */
int print_bindings(const struct print_order *o, FILE *out, FILE *remarks, const char *by,
		   struct err *e);

#endif
