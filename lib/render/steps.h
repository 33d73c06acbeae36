/* steps.h - what is to be done, for a person: words within the width of the page, and each command
 * in a line of its own, whole, so that it can be pasted. */
#ifndef NB_RENDER_STEPS_H
#define NB_RENDER_STEPS_H

#include <jansson.h>
#include <stdio.h>

/* Columns. */
struct step_place {
	int width; /* of the page; commands may be longer */
	int at;    /* where the cursor stands, behind a label */
	int text;  /* where further lines begin */
};

/* Prints steps (a list of { "text", "command" }, either of which may be missing), each behind a
 * dash where there are several, and ends with a newline. Control characters, which a result from
 * elsewhere may hold, become "?". */
void steps_print(FILE *out, const json_t *steps, const struct step_place *p);

#endif
