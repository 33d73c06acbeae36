/* machine_notes.h - what strikes the eye about a machine, in sentences. */
#ifndef NB_RENDER_MACHINE_NOTES_H
#define NB_RENDER_MACHINE_NOTES_H

#include <stdio.h>

#include "machine/machine.h"

/* What a counted word ends in. */
static inline const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Prints a heading and the notes, or nothing where there are none. 0 or -ENOMEM. */
int machine_notes(const struct machine *m, int width, FILE *out);

#endif
