/* machine_notes.h - what strikes the eye about a machine, in sentences. */
#ifndef NB_RENDER_MACHINE_NOTES_H
#define NB_RENDER_MACHINE_NOTES_H

#include <stdio.h>

#include "machine/machine.h"

/* Prints a heading and the notes, or nothing where there are none. 0 or -ENOMEM. */
int machine_notes(const struct machine *m, int width, FILE *out);

#endif
