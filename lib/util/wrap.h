/* wrap.h - running text within the width of a terminal. */
#ifndef NB_UTIL_WRAP_H
#define NB_UTIL_WRAP_H

#include <stdio.h>

/* Prints text broken at blanks, so that no line is longer than width, and ends
 * it with a newline. The cursor stands in column `at`; further lines begin in
 * column `indent`. A newline in the text begins a new line. A word that no
 * line can hold is broken where the line ends. Control characters, which a
 * result file from elsewhere may hold, become "?". */
void wrap_print(FILE *out, const char *text, int width, int at, int indent);

#endif
